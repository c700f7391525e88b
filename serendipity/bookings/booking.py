"""The booking itself: its row, what can go wrong with it, and how to read it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity.bookings.quotes import FREE_MINUTES, LATE_POINTS, share
from serendipity.db import Base, Key, PublicId
from serendipity.errors import Expired, NotFound, Refused
from serendipity.lieux import Lieu
from serendipity.rooms import Price, Room


class Series(Base):
    """What was booked at once for several days; each day is a booking of its own."""

    __tablename__ = "booking_series"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    made_at: Mapped[datetime]


class Booking(Base):
    __tablename__ = "booking"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    series_id: Mapped[int | None] = mapped_column(ForeignKey("booking_series.id"), index=True)
    booked_by_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    people: Mapped[int]
    held_at: Mapped[datetime]
    hold_expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    net_cents: Mapped[int]
    vat_cents: Mapped[int]
    vat_points: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3))
    payment: Mapped[str] = mapped_column(String(12), default="invoice")
    free_minutes: Mapped[int] = mapped_column(default=FREE_MINUTES)  # the rule as it was shown
    late_points: Mapped[int] = mapped_column(default=LATE_POINTS)
    sequence: Mapped[int] = mapped_column(default=0)  # counts changes, for calendars
    asked_at: Mapped[datetime | None]  # the lieu was asked for its yes
    approved_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]  # it began and nobody was there
    came_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]  # nobody came; what was left of it went to others

    __table_args__ = (
        Index("ix_booking_room_starts", "room_id", "starts_at"),
        Index("ix_booking_starts", "starts_at"),
        CheckConstraint("approved_at IS NULL OR asked_at IS NOT NULL", name="asked_first"),
        CheckConstraint("released_at IS NULL OR came_at IS NULL", name="came_or_released"),
        CheckConstraint("starts_at < ends_at", name="interval"),
        CheckConstraint("people >= 1", name="people"),
        CheckConstraint("net_cents >= 0 AND vat_cents >= 0", name="money"),
        CheckConstraint("vat_points BETWEEN 0 AND 10000", name="vat"),
        CheckConstraint("late_points BETWEEN 0 AND 10000 AND free_minutes >= 0", name="rule"),
    )

    @property
    def price(self) -> Price:
        return Price(self.net_cents, self.vat_cents)

    @property
    def free_until(self) -> datetime:
        """Until when cancelling and moving cost nothing."""
        return self.starts_at - timedelta(minutes=self.free_minutes)


class NeedsYes(Refused):
    """The lieu answers bookings of this room; ask it first. Facts: booking, room."""


class NotWaiting(Refused):
    """Nobody asks for a yes here, or not any more. Fact: booking."""


class HoldExpired(Expired):
    """The ten minutes are over, or the booking was let go. Fact: booking (its public id)."""


class TooManyHolds(Refused):
    """Facts: most."""


class AlreadyLonger(Refused):
    """A hold is made longer once. Facts: until."""


class NotYours(NotFound):
    """No such booking, or another organisation's: the two answer alike."""


class AlreadyStarted(Refused):
    """It has begun, or is over. Facts: booking, starts_at."""


class AlreadyCancelled(Refused):
    """Facts: booking, cancelled_at."""


class NotCancelled(Refused):
    """Only what was cancelled can be brought back. Fact: booking."""


class AlreadySettled(Refused):
    """Its money went back; book anew. Fact: booking."""


class TooLateToMove(Refused):
    """Moving is free as long as cancelling is; after that one may only cancel. Facts: booking,
    free_until."""


# --- reads ----------------------------------------------------------------------------------


def booking_of(session: Session, *, public_id: str, organisation_id: int) -> Booking:
    """A booking of this organisation.

    Raises
    ------
    NotYours
    """
    booking = session.scalar(
        select(Booking).where(
            Booking.public_id == public_id, Booking.organisation_id == organisation_id
        )
    )
    if booking is None:
        raise NotYours()
    return booking


def locked(session: Session, booking_ids: Iterable[int]) -> list[Booking]:
    """These bookings as they are now; whoever else wants to change one of them waits.

    They are locked in the order of their ids, so that no two who want several wait in a ring.
    """
    return list(
        session.scalars(
            select(Booking)
            .where(Booking.id.in_(set(booking_ids)))
            .order_by(Booking.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def bookings_of(
    session: Session, *, organisation_id: int, at: datetime
) -> list[tuple[Booking, Room, Lieu]]:
    """What the organisation has booked or still holds, and what is past; earliest first."""
    rows = session.execute(
        select(Booking, Room, Lieu)
        .join(Room, Room.id == Booking.room_id)
        .join(Lieu, Lieu.id == Room.lieu_id)
        .where(
            Booking.organisation_id == organisation_id,
            Booking.confirmed_at.is_not(None)
            | (Booking.cancelled_at.is_(None) & (Booking.hold_expires_at > at)),
        )
        .order_by(Booking.starts_at, Booking.id)
    )
    return [(booking, room, lieu) for booking, room, lieu in rows]


def is_held(booking: Booking, at: datetime) -> bool:
    """Whether it waits for its yes."""
    return is_open(booking) and booking.hold_expires_at > at


def is_open(booking: Booking) -> bool:
    """Whether it was neither booked nor let go, be its hold over or not."""
    return booking.confirmed_at is None and booking.cancelled_at is None


def is_booked(booking: Booking) -> bool:
    """Whether the room is the organisation's for that interval."""
    return (
        booking.confirmed_at is not None
        and booking.cancelled_at is None
        and booking.released_at is None
    )


def is_asked(booking: Booking, at: datetime) -> bool:
    """Whether it waits for the lieu's yes."""
    return booking.asked_at is not None and is_held(booking, at)


def cancelling_costs(booking: Booking, at: datetime) -> Price:
    """What would be due if the booking were cancelled at this instant."""
    if booking.confirmed_at is None or at < booking.free_until:
        return Price(0, 0)
    return share(booking.price, booking.late_points, booking.vat_points)


def due(booking: Booking) -> Price:
    """What the organisation owes for a booking as it stands."""
    if booking.confirmed_at is None:
        return Price(0, 0)
    if booking.cancelled_at is not None:
        return cancelling_costs(booking, booking.cancelled_at)
    return booking.price

"""Placing: the quarters of a booking, taken, kept and found; what its verbs are made of."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from serendipity import organisations, rooms, slots
from serendipity.bookings.booking import Booking, HoldExpired, NotYours
from serendipity.bookings.quotes import Quote, RoomTaken, alternatives

_LOCKED: Final = (
    select(Booking)
    .where(
        Booking.public_id == bindparam("public_id"),
        Booking.organisation_id == bindparam("organisation_id"),
    )
    .with_for_update()
    .execution_options(populate_existing=True)
)


def to_change(session: Session, public_id: str, organisation_id: int, member_id: int) -> Booking:
    """The booking, locked and read anew, for somebody who may change it."""
    whose = {"public_id": public_id, "organisation_id": organisation_id}
    booking = session.scalar(_LOCKED, whose)
    if booking is None:
        raise NotYours()
    organisations.refuse_unless_may(
        session, organisation_id=organisation_id, member_id=member_id, role="book"
    )
    return booking


def place(
    session: Session,
    *,
    quoted: Quote,
    organisation_id: int,
    member_id: int,
    held_until: datetime,
    at: datetime,
    series_id: int | None = None,
) -> Booking:
    """Write down a hold of what was quoted, with its quarters, or nothing: RoomTaken."""
    booking = Booking(
        room_id=quoted.room.id,
        organisation_id=organisation_id,
        series_id=series_id,
        booked_by_id=member_id,
        starts_at=quoted.starts_at,
        ends_at=quoted.ends_at,
        people=quoted.people,
        held_at=at,
        hold_expires_at=held_until,
        net_cents=quoted.price.net_cents,
        vat_cents=quoted.price.vat_cents,
        vat_points=quoted.room.vat_points,
        currency=quoted.lieu.currency,
    )
    with session.begin_nested():  # a refused hold leaves no row behind, whatever the caller does
        session.add(booking)
        session.flush()
        occupy(session, booking, quoted, held_until=booking.hold_expires_at, at=at)
    return booking


def occupy(
    session: Session, booking: Booking, quoted: Quote, *, held_until: datetime | None, at: datetime
) -> None:
    """Take the quarters of what was quoted, and of its buffer; else RoomTaken, with other ways."""
    try:
        slots.occupy(
            session,
            room_id=booking.room_id,
            booking_id=booking.id,
            wanted=rooms.slots_of(quoted.room, booking.starts_at, booking.ends_at),
            held_until=held_until,
            at=at,
        )
    except slots.SlotTaken as error:
        raise RoomTaken(
            room=quoted.room.slug,
            starts_at=quoted.starts_at,
            ends_at=quoted.ends_at,
            alternatives=alternatives(session, quoted=quoted, at=at),
        ) from error


def keep(session: Session, booking: Booking, *, held_until: datetime | None, at: datetime) -> None:
    """Keep what is held, until later or for good; else HoldExpired."""
    needed = len(slots.between(booking.starts_at, booking.ends_at))
    try:
        slots.keep(session, booking_id=booking.id, needed=needed, held_until=held_until, at=at)
    except slots.HoldGone as error:
        raise HoldExpired(booking=booking.public_id) from error

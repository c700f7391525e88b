"""The tables: how many seats a week has, how many a date has, and who keeps which number."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, BigKey, Key, PublicId

LIVE = "number IS NOT NULL"


class WeeklySeats(Base):
    """How many seats may be kept ahead in a moment of the week; without a row, none."""

    __tablename__ = "weekly_seats"

    lieu_id: Mapped[int] = mapped_column(
        ForeignKey("lieu.id", ondelete="CASCADE"), primary_key=True
    )
    weekday: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    starts: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    seats: Mapped[int]

    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6 AND starts BETWEEN 0 AND 1439", name="moment"),
        CheckConstraint("seats BETWEEN 1 AND 500", name="seats"),
    )


class SeatsOn(Base):
    """How many seats one moment of one date has: written when the first of them is kept.

    The weekly number may change; this one then follows, but not below what was promised.
    """

    __tablename__ = "seats_on"

    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    seats: Mapped[int]

    __table_args__ = (
        UniqueConstraint("lieu_id", "starts_at", "seats"),  # what a reservation points at
        CheckConstraint("seats BETWEEN 0 AND 500", name="seats"),
    )


class Reservation(Base):
    """A seat kept for a member. `number` is there as long as it is kept, and only then."""

    __tablename__ = "seat_reservation"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"))
    day: Mapped[date]  # on the lieu's wall
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    moment: Mapped[str] = mapped_column(String(80))
    seats: Mapped[int]  # of how many
    number: Mapped[int | None]
    kept_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    freed_at: Mapped[datetime | None]  # nobody came
    sequence: Mapped[int] = mapped_column(default=0)  # counts changes, for calendars

    __table_args__ = (
        # The n+1st finds no number: it is taken, or above how many there are, or there are not
        # that many. A cancelled or freed seat has no number, and NULLs do not collide.
        UniqueConstraint("lieu_id", "starts_at", "number"),
        ForeignKeyConstraint(
            ["lieu_id", "starts_at", "seats"],
            ["seats_on.lieu_id", "seats_on.starts_at", "seats_on.seats"],
            name="fk_seat_reservation_seats_on",
            onupdate="CASCADE",
        ),
        CheckConstraint("number BETWEEN 1 AND seats", name="number"),
        CheckConstraint(
            "(number IS NULL) = (cancelled_at IS NOT NULL OR freed_at IS NOT NULL)", name="kept"
        ),
        CheckConstraint("arrived_at IS NULL OR freed_at IS NULL", name="came"),
        CheckConstraint("starts_at < ends_at", name="interval"),
        Index(
            "uq_seat_reservation_member",
            "member_id",
            "starts_at",
            unique=True,
            sqlite_where=text(LIVE),
            postgresql_where=text(LIVE),
        ),
        Index("ix_seat_reservation_lieu_day", "lieu_id", "day"),
        Index("ix_seat_reservation_starts", "starts_at"),
    )

    @property
    def kept(self) -> bool:
        """Whether the seat still waits for its person, or has them."""
        return self.number is not None

"""Bookings: an organisation has a room for an interval.

Rules kept here: a room is never double-booked. A booking occupies slots of fifteen minutes,
counted in UTC since 1970; (room, slot) is the primary key of `booked_slot`, so two bookings may
touch but not overlap, on both databases, whoever writes. A hold occupies its slots for ten
minutes and is swept away inside the transaction of the next booking that wants them.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, BigKey, Key, PublicId


class Booking(Base):
    __tablename__ = "booking"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
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
    currency: Mapped[str] = mapped_column(String(3))
    payment: Mapped[str] = mapped_column(String(12), default="invoice")

    __table_args__ = (
        Index("ix_booking_room_starts", "room_id", "starts_at"),
        CheckConstraint("starts_at < ends_at", name="interval"),
        CheckConstraint("people >= 1", name="people"),
        CheckConstraint("net_cents >= 0 AND vat_cents >= 0", name="money"),
    )


class BookedSlot(Base):
    __tablename__ = "booked_slot"

    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"), primary_key=True)
    slot: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    booking_id: Mapped[int] = mapped_column(
        ForeignKey("booking.id", ondelete="CASCADE"), index=True
    )

"""The rows of payments: what was asked and came, for which bookings, and what goes back."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key, PublicId

WAITING: Final = "done_at IS NULL AND failed_at IS NULL"


class Payment(Base):
    """What was asked of somebody for one or more bookings, and whether it came."""

    __tablename__ = "payment"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    provider: Mapped[str] = mapped_column(String(12))
    cents: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    begun_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=1)
    expires_at: Mapped[datetime]
    session_id: Mapped[str | None] = mapped_column(String(120))
    url: Mapped[str] = mapped_column(Text, default="")
    paid_at: Mapped[datetime | None]
    paid_cents: Mapped[int] = mapped_column(default=0)
    receipt: Mapped[str] = mapped_column(String(120), default="")
    closed_at: Mapped[datetime | None]  # nobody can pay there any more

    __table_args__ = (
        UniqueConstraint("provider", "session_id"),
        CheckConstraint("cents > 0 AND paid_cents >= 0", name="money"),
        CheckConstraint("(paid_at IS NULL) = (paid_cents = 0)", name="paid"),
    )


class PaymentPart(Base):
    """The part of a payment that is for one booking. A booking is in one payment, once."""

    __tablename__ = "payment_part"

    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"), primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    cents: Mapped[int]
    paid_cents: Mapped[int] = mapped_column(default=0)

    __table_args__ = (CheckConstraint("cents >= 0 AND paid_cents >= 0", name="money"),)


class PaymentEvent(Base):
    """What a provider told us, so that it counts once."""

    __tablename__ = "payment_event"

    provider: Mapped[str] = mapped_column(String(12), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(160), primary_key=True)
    ending: Mapped[str] = mapped_column(String(16))
    received_at: Mapped[datetime]


class Refund(Base):
    """Money that goes back to the card it came from."""

    __tablename__ = "refund"

    id: Mapped[Key]
    public_id: Mapped[PublicId]  # the key under which the provider does it once
    booking_id: Mapped[int] = mapped_column(ForeignKey("payment_part.booking_id"))
    turn: Mapped[int]
    cents: Mapped[int]
    why: Mapped[str] = mapped_column(String(12))  # late (paid too late), changed (cancelled, moved)
    owed_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]  # a person has to look
    reference: Mapped[str] = mapped_column(String(120), default="")
    trouble: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        UniqueConstraint("booking_id", "turn"),
        CheckConstraint("cents > 0 AND turn >= 1", name="cents"),
        CheckConstraint("why IN ('changed', 'late')", name="why"),
        Index(
            "ix_refund_waiting",
            "next_try_at",
            sqlite_where=text(WAITING),
            postgresql_where=text(WAITING),
        ),
    )

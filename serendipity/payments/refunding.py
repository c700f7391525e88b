"""Refunding: what was paid and is not owed goes back, once.

Rules kept here: what goes back is what came in, less what the booking owes under the rule that was
shown; it never is more. It is owed in the transaction that makes it due, and done by a worker with
a key of its own, so that a crash between the two costs nothing and pays nobody twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import bookings, mail
from serendipity.bookings import Booking
from serendipity.db import Base, Key, PublicId
from serendipity.errors import NotFound
from serendipity.lieux import Lieu
from serendipity.organisations import Organisation
from serendipity.rooms import Room

if TYPE_CHECKING:
    from serendipity.payments.paying import Payment

CLAIM: Final = timedelta(minutes=2)
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=6)
WAITING: Final = "done_at IS NULL AND failed_at IS NULL"


class Refund(Base):
    """Money that goes back to the card it came from."""

    __tablename__ = "refund"

    id: Mapped[Key]
    public_id: Mapped[PublicId]  # the key under which the provider does it once
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"))
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
        UniqueConstraint("payment_id", "turn"),
        CheckConstraint("cents > 0 AND turn >= 1", name="cents"),
        CheckConstraint("why IN ('changed', 'late')", name="why"),
        Index(
            "ix_refund_waiting",
            "next_try_at",
            sqlite_where=text(WAITING),
            postgresql_where=text(WAITING),
        ),
    )


class NoSuchRefund(NotFound):
    """Fact: refund."""


def settle(session: Session, *, payment: Payment, booking: Booking, at: datetime) -> Refund | None:
    """Owe what was paid beyond what is due; the caller has locked the booking."""
    excess = kept_cents(session, payment=payment) - bookings.due(booking).gross_cents
    if excess <= 0:
        return None
    refund = Refund(
        payment_id=payment.id,
        turn=_turn(session, payment),
        cents=excess,
        why="changed" if booking.confirmed_at is not None else "late",
        owed_at=at,
        next_try_at=at,
    )
    session.add(refund)
    session.flush()
    _owe_letter(session, refund, booking, at=at)
    return refund


def kept_cents(session: Session, *, payment: Payment) -> int:
    """What came in and did not go back, nor is on its way."""
    back = session.scalar(select(func.sum(Refund.cents)).where(Refund.payment_id == payment.id))
    return payment.paid_cents - int(back or 0)


def _turn(session: Session, payment: Payment) -> int:
    """Unique with the payment: the guard against owing one refund twice."""
    counted = select(func.count()).select_from(Refund).where(Refund.payment_id == payment.id)
    return (session.scalar(counted) or 0) + 1


def _owe_letter(session: Session, refund: Refund, booking: Booking, *, at: datetime) -> None:
    organisation = session.get_one(Organisation, booking.organisation_id)
    room = session.get_one(Room, booking.room_id)
    lieu = session.get_one(Lieu, room.lieu_id)
    mail.owe(
        session,
        kind="refund",
        recipient=organisation.email,
        key=refund.public_id,
        facts={
            "why": refund.why,
            "organisation": organisation.public_id,
            "organisation_name": organisation.name,
            "booking": booking.public_id,
            "room": room.name,
            "cents": refund.cents,
            "currency": booking.currency,
        },
        language=organisation.language,
        at=at,
        lieu_id=lieu.id,
    )


# --- doing it -------------------------------------------------------------------------------


def refunds_wait(session: Session, *, at: datetime) -> bool:
    """Whether there is one to do; asked first, so that most beats write nothing."""
    return session.scalar(select(Refund.id).where(*_due(at)).limit(1)) is not None


def _due(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return Refund.done_at.is_(None), Refund.failed_at.is_(None), Refund.next_try_at <= at


def claim(session: Session, *, at: datetime, limit: int = 20) -> Sequence[Refund]:
    """Refunds whose turn it is, ours for two minutes."""
    ids = session.scalars(
        select(Refund.id)
        .where(*_due(at))
        .order_by(Refund.next_try_at, Refund.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    session.execute(
        update(Refund).where(Refund.id.in_(ids)).values(next_try_at=at + CLAIM),
        execution_options={"synchronize_session": False},
    )
    return session.scalars(
        select(Refund)
        .where(Refund.id.in_(ids))
        .order_by(Refund.id)
        .execution_options(populate_existing=True)
    ).all()


def done(session: Session, *, public_id: str, reference: str, at: datetime) -> Refund:
    """The provider gave it back; told twice, it is the same."""
    refund = _one(session, public_id)
    refund.done_at = refund.done_at or at
    refund.reference = reference
    session.flush()
    return refund


def try_again(session: Session, *, public_id: str, why: str, at: datetime) -> Refund:
    """The provider was away: later, and later each time."""
    refund = _one(session, public_id)
    refund.tries += 1
    refund.trouble = why
    refund.next_try_at = at + min(FIRST_WAIT * 2 ** min(refund.tries, 10), LONGEST_WAIT)
    session.flush()
    return refund


def failed(session: Session, *, public_id: str, why: str, at: datetime) -> Refund | None:
    """It will not be done like this: a person has to look. Of one that is not ours, nothing."""
    refund = session.scalar(select(Refund).where(Refund.public_id == public_id).with_for_update())
    if refund is not None:
        refund.failed_at, refund.done_at, refund.trouble = at, None, why
        session.flush()
    return refund


def _one(session: Session, public_id: str) -> Refund:
    refund = session.scalar(select(Refund).where(Refund.public_id == public_id).with_for_update())
    if refund is None:
        raise NoSuchRefund(refund=public_id)
    return refund

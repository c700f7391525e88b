"""Refunding: what was paid and is not owed goes back, once.

Rules kept here: what goes back is what came in, less what the booking owes under the rule that was
shown; it never is more. It is owed in the transaction that makes it due, and done by a worker with
a key of its own, so that a crash between the two costs nothing and pays nobody twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from serendipity import bookings, mail
from serendipity.bookings import Booking
from serendipity.errors import NotFound
from serendipity.lieux import Lieu
from serendipity.organisations import Organisation
from serendipity.payments.tables import Payment, PaymentPart, Refund
from serendipity.rooms import Room

CLAIM: Final = timedelta(minutes=2)
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=6)


class NoSuchRefund(NotFound):
    """Fact: refund."""


def settle(
    session: Session, *, payment: Payment, together: Sequence[Booking], at: datetime
) -> list[Refund]:
    """Owe what was paid beyond what is due, for each of these bookings of one payment; the caller
    has locked them."""
    found = (_owe(session, one, at=at) for one in together)
    owed = [refund for refund in found if refund is not None]
    for why in ("late", "changed"):
        of = [refund for refund in owed if refund.why == why]
        if of:
            _owe_letter(session, payment, of, at=at)
    return owed


def _owe(session: Session, booking: Booking, *, at: datetime) -> Refund | None:
    excess = kept_cents(session, booking_id=booking.id) - bookings.due(booking).gross_cents
    if excess <= 0:
        return None
    refund = Refund(
        booking_id=booking.id,
        turn=_turn(session, booking),
        cents=excess,
        why="changed" if booking.confirmed_at is not None else "late",
        owed_at=at,
        next_try_at=at,
    )
    session.add(refund)
    session.flush()
    return refund


def kept_cents(session: Session, *, booking_id: int) -> int:
    """What came in for a booking and did not go back, nor is on its way."""
    came = session.scalar(
        select(PaymentPart.paid_cents).where(PaymentPart.booking_id == booking_id)
    )
    back = session.scalar(select(func.sum(Refund.cents)).where(Refund.booking_id == booking_id))
    return int(came or 0) - int(back or 0)


def _turn(session: Session, booking: Booking) -> int:
    """Unique with the booking: the guard against owing one refund twice."""
    counted = select(func.count()).select_from(Refund).where(Refund.booking_id == booking.id)
    return (session.scalar(counted) or 0) + 1


def _owe_letter(
    session: Session, payment: Payment, refunds: Sequence[Refund], *, at: datetime
) -> None:
    """One letter for what goes back at one moment for one reason."""
    booking = session.get_one(Booking, refunds[0].booking_id)
    organisation = session.get_one(Organisation, booking.organisation_id)
    room = session.get_one(Room, booking.room_id)
    lieu = session.get_one(Lieu, room.lieu_id)
    cents = sum(refund.cents for refund in refunds)
    mail.owe(
        session,
        kind="refund",
        recipient=organisation.email,
        key=refunds[0].public_id,
        facts={
            "why": refunds[0].why,
            "whole": cents == payment.paid_cents,
            "organisation": organisation.public_id,
            "organisation_name": organisation.name,
            "booking": booking.public_id,
            "room": room.name,
            "cents": cents,
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

"""Paying: one payment for what is held together, paid once whatever is told how often.

The life of a payment, with what a crash between two steps costs:

    begin      (commit)   the hold lasts as long as paying may take
    provider.open         a page that nobody knows of
    opened     (commit)   the person is sent there
    received   (commit)   paid and booked; or paid, too late, and a refund is owed

A booking is paid alone, the days of a series together: each has its part of the payment. Whoever
changes both locks bookings first, in the order of their ids, and then the payment.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import bookings, many, organisations
from serendipity.bookings import Booking
from serendipity.errors import Refused
from serendipity.payments import refunding
from serendipity.payments.providers import Event, Opened
from serendipity.payments.tables import Payment, PaymentEvent, PaymentPart, Refund
from serendipity.rooms import Room

# Stripe keeps a page open for thirty minutes at least; one more, because its clock is not ours.
PAGE: Final = timedelta(minutes=31)
# The room is held a little longer than the page is open: the news of a payment takes a moment.
NEWS: Final = timedelta(minutes=2)


class NothingToPay(Refused):
    """The booking is free. Fact: booking."""


class PayingIsOver(Refused):
    """The page on which this could be paid is closed. Fact: booking."""


def begin(
    session: Session,
    *,
    public_id: str,
    organisation_id: int,
    member_id: int,
    provider: str,
    at: datetime,
) -> Payment:
    """A payment for what is held, at the price that was shown, and time to make it.

    With a day of a series all its days that are held are paid. Whoever asks again gets the same
    one. The hold is made longer once: paying is no way to keep a room for an afternoon.

    Raises
    ------
    bookings.NotYours, bookings.HoldExpired, organisations.RoleTooSmall
    NothingToPay, PayingIsOver
    """
    together = _held(session, public_id, organisation_id, member_id, at)
    payment = payment_of(session, booking_ids=[one.id for one in together])
    if payment is not None and payment.session_id:
        if payment.closed_at is not None or payment.expires_at <= at:
            raise PayingIsOver(booking=public_id)
        return payment
    if payment is None:
        payment = Payment(provider=provider, tries=0, begun_at=at, paid_cents=0)
        session.add(payment)
    payment.cents = bookings.price_of(together).gross_cents
    payment.currency = together[0].currency
    payment.tries += 1  # a new key for what the provider may have heard of in part
    payment.expires_at = at + PAGE
    session.flush()
    _share_out(session, payment, together)
    for booking in together:
        bookings.hold_until(session, booking=booking, until=at + PAGE + NEWS, at=at)
    return payment


def _share_out(session: Session, payment: Payment, together: Sequence[Booking]) -> None:
    """A part for each booking; what was let go since no page could be made has none any more."""
    session.execute(delete(PaymentPart).where(PaymentPart.payment_id == payment.id))
    session.add_all(
        PaymentPart(booking_id=one.id, payment_id=payment.id, cents=one.price.gross_cents)
        for one in together
    )
    session.flush()


def _held(
    session: Session, public_id: str, organisation_id: int, member_id: int, at: datetime
) -> list[Booking]:
    """What is to be paid: the booking, with the other days of its series; locked."""
    found = bookings.booking_of(session, public_id=public_id, organisation_id=organisation_id)
    organisations.refuse_unless_may(
        session, organisation_id=organisation_id, member_id=member_id, role="book"
    )
    together = bookings.held_with(session, found)
    if not together or not all(bookings.is_held(one, at) for one in together):
        raise bookings.HoldExpired(booking=public_id)
    if bookings.price_of(together).gross_cents == 0:
        raise NothingToPay(booking=public_id)
    return together


def opened(session: Session, *, payment_id: int, cents: int, page: Opened) -> Payment:
    """The provider has a page for it, on which so much is asked. The first one that was opened
    stays; not one for days of which some were let go meanwhile."""
    payment = session.get_one(Payment, payment_id, with_for_update=True, populate_existing=True)
    if payment.session_id is None and payment.cents == cents:
        payment.session_id, payment.url = page.session_id, page.url
        session.flush()
    return payment


_PARTS: Final = select(PaymentPart.payment_id).where(many.among(PaymentPart.booking_id, "ids"))
_PAYMENT_OF: Final = (
    select(Payment).where(Payment.id.in_(_PARTS)).execution_options(populate_existing=True)
)


def payment_of(session: Session, *, booking_ids: Collection[int]) -> Payment | None:
    """The payment for a booking, or for days of one series, if somebody began one."""
    return session.scalar(_PAYMENT_OF, {"ids": booking_ids})


def can_pay(payment: Payment | None, at: datetime) -> bool:
    """Whether the provider's page is open for it."""
    return (
        payment is not None
        and bool(payment.url)
        and payment.paid_at is None
        and payment.closed_at is None
        and payment.expires_at > at
    )


# --- what the provider tells ----------------------------------------------------------------


def received(session: Session, *, provider: str, event: Event, at: datetime) -> Payment | None:
    """Take note of what a provider told us; what was told before changes nothing."""
    if not _is_news(session, provider, event, at):
        return None
    if event.ending == "refund failed":
        refunding.failed(session, public_id=event.refund, why="the bank sent it back", at=at)
        return None
    payment_id = session.scalar(
        select(Payment.id).where(Payment.public_id == event.payment, Payment.provider == provider)
    )
    if payment_id is None or event.ending == "other":
        return None  # another installation's on the same account, or nothing that concerns us
    of = select(PaymentPart.booking_id).where(PaymentPart.payment_id == payment_id)
    together = bookings.locked(session, session.scalars(of))
    payment = session.get_one(Payment, payment_id, with_for_update=True, populate_existing=True)
    if event.ending == "paid":
        _paid(session, payment, together, event, at)
    elif payment.paid_at is None:
        payment.closed_at = payment.closed_at or at
    session.flush()
    return payment


def _is_news(session: Session, provider: str, event: Event, at: datetime) -> bool:
    try:
        with session.begin_nested():
            session.add(
                PaymentEvent(
                    provider=provider, event_id=event.id, ending=event.ending, received_at=at
                )
            )
    except IntegrityError:
        return False
    return True


def _paid(
    session: Session, payment: Payment, together: Sequence[Booking], event: Event, at: datetime
) -> None:
    if payment.paid_at is not None:
        return
    payment.paid_at = payment.closed_at = at
    payment.paid_cents, payment.receipt = event.cents, event.receipt
    session.flush()
    _note_parts(session, payment, together)
    if (event.cents, event.currency) == (payment.cents, payment.currency):
        booked = [one for one in together if _is_booked_now(session, one, at)]
        bookings.owe_confirmed(session, booked, at=at)
    refunding.settle(session, payment=payment, together=together, at=at)


def _note_parts(session: Session, payment: Payment, together: Sequence[Booking]) -> None:
    """What came is for each booking what was asked for it; another sum is the first one's, from
    where it goes back whole."""
    parts = update(PaymentPart).where(PaymentPart.payment_id == payment.id)
    if payment.paid_cents == payment.cents:
        session.execute(parts.values(paid_cents=PaymentPart.cents))
    else:
        first = PaymentPart.booking_id == together[0].id
        session.execute(parts.where(first).values(paid_cents=payment.paid_cents))


def _is_booked_now(session: Session, booking: Booking, at: datetime) -> bool:
    """Book it if it is still held; whether that was so."""
    if not bookings.is_open(booking):
        return False
    try:
        with session.begin_nested():
            bookings.confirm_paid(session, booking=booking, at=at)
    except bookings.HoldExpired:
        session.refresh(booking)
        return False
    return True


def kept_for(session: Session, *, booking_id: int) -> int:
    """What was paid for a booking by card and stays with the lieu, in cents."""
    return refunding.kept_cents(session, booking_id=booking_id)


@bookings.at_change
def _settle(session: Session, booking: Booking, at: datetime) -> None:
    """A booking that was paid and costs less now gives the rest back."""
    payment = payment_of(session, booking_ids=[booking.id])
    if payment is not None and payment.paid_at is not None:
        refunding.settle(session, payment=payment, together=[booking], at=at)


def to_look_after(session: Session, *, at: datetime, limit: int = 20) -> list[Payment]:
    """Payments whose page is of no use any more, or whose news is overdue: to be closed.

    A page for several days is of use as long as one of them waits for it; what is paid there for
    the others goes back.
    """
    waits = exists().where(
        PaymentPart.payment_id == Payment.id,
        PaymentPart.booking_id == Booking.id,
        Booking.cancelled_at.is_(None),
        Booking.confirmed_at.is_(None),
    )
    return list(
        session.scalars(
            select(Payment)
            .where(
                Payment.session_id.is_not(None),
                Payment.paid_at.is_(None),
                Payment.closed_at.is_(None),
                ~waits | (Payment.expires_at <= at),
            )
            .order_by(Payment.id)
            .limit(limit)
        )
    )


def receipt_of(session: Session, refund: Refund) -> str:
    """What the provider knows the payment of a refund by."""
    part = session.get_one(PaymentPart, refund.booking_id)
    return session.get_one(Payment, part.payment_id).receipt


def paid_for(session: Session, *, booking_ids: Collection[int]) -> int:
    """What came by card for these bookings, in cents."""
    came = select(func.sum(PaymentPart.paid_cents)).where(PaymentPart.booking_id.in_(booking_ids))
    return int(session.scalar(came) or 0)


def refunds_of(session: Session, *, booking_ids: Collection[int]) -> list[Refund]:
    """What went back of bookings, or is on its way; oldest first."""
    return list(
        session.scalars(
            select(Refund).where(Refund.booking_id.in_(booking_ids)).order_by(Refund.id)
        )
    )


def failed_refunds(session: Session, *, lieu_id: int) -> list[tuple[Refund, Booking]]:
    """Refunds of a lieu that a person has to look at, newest first."""
    rows = session.execute(
        select(Refund, Booking)
        .join(Booking, Booking.id == Refund.booking_id)
        .join(Room, Room.id == Booking.room_id)
        .where(Refund.failed_at.is_not(None), Room.lieu_id == lieu_id)
        .order_by(Refund.failed_at.desc())
    )
    return [(refund, booking) for refund, booking in rows]

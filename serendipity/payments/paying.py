"""Paying: one payment for a booking, opened, and paid once whatever is told how often.

The life of a payment, with what a crash between two steps costs:

    begin      (commit)   the hold lasts as long as paying may take
    provider.open         a page that nobody knows of
    opened     (commit)   the person is sent there
    received   (commit)   paid and booked; or paid, too late, and a refund is owed
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import bookings, organisations
from serendipity.bookings import Booking
from serendipity.db import Base, Key, PublicId
from serendipity.errors import Refused
from serendipity.payments import refunding
from serendipity.payments.providers import Event, Opened
from serendipity.rooms import Room

# Stripe keeps a page open for thirty minutes at least; one more, because its clock is not ours.
PAGE: Final = timedelta(minutes=31)
# The room is held a little longer than the page is open: the news of a payment takes a moment.
NEWS: Final = timedelta(minutes=2)


class Payment(Base):
    """What was asked of somebody for a booking, and whether it came."""

    __tablename__ = "payment"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"), unique=True)
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


class PaymentEvent(Base):
    """What a provider told us, so that it counts once."""

    __tablename__ = "payment_event"

    provider: Mapped[str] = mapped_column(String(12), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(160), primary_key=True)
    ending: Mapped[str] = mapped_column(String(16))
    received_at: Mapped[datetime]


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

    Whoever asks again gets the same one. The hold is made longer once: paying is no way to keep a
    room for an afternoon.

    Raises
    ------
    bookings.NotYours, bookings.HoldExpired, organisations.RoleTooSmall
    NothingToPay, PayingIsOver
    """
    booking = _held(session, public_id, organisation_id, member_id, at)
    payment = payment_of(session, booking_id=booking.id)
    if payment is not None and payment.session_id:
        if payment.closed_at is not None or payment.expires_at <= at:
            raise PayingIsOver(booking=public_id)
        return payment
    if payment is None:
        payment = Payment(booking_id=booking.id, provider=provider, tries=0, begun_at=at)
        session.add(payment)
    payment.cents, payment.currency = booking.price.gross_cents, booking.currency
    payment.tries += 1  # a new key for what the provider may have heard of in part
    payment.expires_at = at + PAGE
    bookings.hold_until(session, booking=booking, until=at + PAGE + NEWS, at=at)
    session.flush()
    return payment


def _held(
    session: Session, public_id: str, organisation_id: int, member_id: int, at: datetime
) -> Booking:
    found = bookings.booking_of(session, public_id=public_id, organisation_id=organisation_id)
    organisations.refuse_unless_may(
        session, organisation_id=organisation_id, member_id=member_id, role="book"
    )
    booking = locked(session, found.id)
    if not bookings.is_held(booking, at):
        raise bookings.HoldExpired(booking=public_id)
    if booking.price.gross_cents == 0:
        raise NothingToPay(booking=public_id)
    return booking


def locked(session: Session, booking_id: int) -> Booking:
    """The booking as it is now; whoever else wants to change it or its payment waits."""
    return session.get_one(Booking, booking_id, with_for_update=True, populate_existing=True)


def opened(session: Session, *, payment_id: int, page: Opened) -> Payment:
    """The provider has a page for it. The first one that was opened stays."""
    payment = session.get_one(Payment, payment_id, with_for_update=True, populate_existing=True)
    if payment.session_id is None:
        payment.session_id, payment.url = page.session_id, page.url
        session.flush()
    return payment


def payment_of(session: Session, *, booking_id: int) -> Payment | None:
    """The payment for a booking, if somebody began one."""
    return session.scalar(
        select(Payment)
        .where(Payment.booking_id == booking_id)
        .execution_options(populate_existing=True)
    )


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
    found = session.execute(
        select(Payment.id, Payment.booking_id).where(
            Payment.public_id == event.payment, Payment.provider == provider
        )
    ).one_or_none()
    if found is None or event.ending == "other":
        return None  # another installation's on the same account, or nothing that concerns us
    booking = locked(session, found.booking_id)  # always before its payment: no two wait in a ring
    payment = session.get_one(Payment, found.id, with_for_update=True, populate_existing=True)
    if event.ending == "paid":
        _paid(session, payment, booking, event, at)
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


def _paid(session: Session, payment: Payment, booking: Booking, event: Event, at: datetime) -> None:
    if payment.paid_at is not None:
        return
    payment.paid_at = payment.closed_at = at
    payment.paid_cents, payment.receipt = event.cents, event.receipt
    session.flush()
    if (event.cents, event.currency) == (payment.cents, payment.currency):
        try:
            with session.begin_nested():
                bookings.confirm_paid(session, booking=booking, at=at)
        except (bookings.HoldExpired, bookings.AlreadyCancelled):
            session.refresh(booking)
    refunding.settle(session, payment=payment, booking=booking, at=at)


def kept_for(session: Session, *, booking_id: int) -> int:
    """What was paid for a booking by card and stays with the lieu, in cents."""
    payment = payment_of(session, booking_id=booking_id)
    return refunding.kept_cents(session, payment=payment) if payment else 0


@bookings.at_change
def _settle(session: Session, booking: Booking, at: datetime) -> None:
    """A booking that was paid and costs less now gives the rest back."""
    payment = payment_of(session, booking_id=booking.id)
    if payment is not None and payment.paid_at is not None:
        session.refresh(payment, with_for_update=True)
        refunding.settle(session, payment=payment, booking=booking, at=at)


def to_look_after(session: Session, *, at: datetime, limit: int = 20) -> list[Payment]:
    """Payments whose page is of no use any more, or whose news is overdue: to be closed."""
    return list(
        session.scalars(
            select(Payment)
            .join(Booking, Booking.id == Payment.booking_id)
            .where(
                Payment.session_id.is_not(None),
                Payment.paid_at.is_(None),
                Payment.closed_at.is_(None),
                Booking.cancelled_at.is_not(None)
                | Booking.confirmed_at.is_not(None)
                | (Payment.expires_at <= at),
            )
            .order_by(Payment.id)
            .limit(limit)
        )
    )


def receipt_of(session: Session, refund: refunding.Refund) -> str:
    """What the provider knows the payment of a refund by."""
    return session.get_one(Payment, refund.payment_id).receipt


def refunds_of_booking(session: Session, *, booking_id: int) -> list[refunding.Refund]:
    """What went back of a booking, or is on its way; oldest first."""
    return list(
        session.scalars(
            select(refunding.Refund)
            .join(Payment, Payment.id == refunding.Refund.payment_id)
            .where(Payment.booking_id == booking_id)
            .order_by(refunding.Refund.id)
        )
    )


def failed_refunds(session: Session, *, lieu_id: int) -> list[tuple[refunding.Refund, Booking]]:
    """Refunds of a lieu that a person has to look at, newest first."""
    rows = session.execute(
        select(refunding.Refund, Booking)
        .join(Payment, Payment.id == refunding.Refund.payment_id)
        .join(Booking, Booking.id == Payment.booking_id)
        .join(Room, Room.id == Booking.room_id)
        .where(refunding.Refund.failed_at.is_not(None), Room.lieu_id == lieu_id)
        .order_by(refunding.Refund.failed_at.desc())
    )
    return [(refund, booking) for refund, booking in rows]

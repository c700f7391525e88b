"""Paying: begun once, paid once whatever is told how often, and paid back when it is not owed."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import bookings, invoices, organisations, payments
from serendipity.bookings import Booking
from serendipity.mail import Letter
from serendipity.organisations import OrganisationMember
from serendipity.payments import Payment, PaymentEvent, PaymentPart, Refund
from tests.conftest import NOON
from tests.invoices.deals import DAY, HOUR, MINUTE, TEN
from tests.payments.payers import Paying
from tests.rows import a_member, an_organisation

PRICE = 5760


@pytest.fixture
def paying(session: Session) -> Paying:
    return Paying(session)


# --- beginning ------------------------------------------------------------------------------


def test_paying_asks_for_the_price_that_was_shown_and_holds_the_room_meanwhile(
    paying: Paying,
) -> None:
    booking = paying.hold()
    payment = paying.begin(booking, at=NOON + 9 * MINUTE)
    assert (payment.cents, payment.currency) == (PRICE, "EUR")
    assert payment.expires_at - NOON - 9 * MINUTE >= timedelta(minutes=30)  # Stripe's least
    assert booking.hold_expires_at > payment.expires_at
    with pytest.raises(bookings.RoomTaken):
        paying.hold(at=NOON + 39 * MINUTE)


def test_who_asks_again_gets_the_same_page_and_no_more_time(paying: Paying) -> None:
    booking = paying.hold()
    payment = paying.open(booking)
    until = booking.hold_expires_at
    assert paying.begin(booking, at=NOON + 20 * MINUTE).id == payment.id
    assert booking.hold_expires_at == until
    with pytest.raises(payments.PayingIsOver):
        paying.begin(booking, at=NOON + 32 * MINUTE)
    with pytest.raises(bookings.HoldExpired):
        paying.begin(booking, at=NOON + 33 * MINUTE)


def test_a_page_that_could_not_be_made_is_asked_for_under_a_new_key(paying: Paying) -> None:
    booking = paying.hold()
    first = paying.begin(booking)
    key = (first.public_id, first.tries)
    again = paying.begin(booking, at=NOON + 5 * MINUTE)
    assert again.id == first.id
    assert (again.public_id, again.tries) == (key[0], key[1] + 1)


def test_what_is_free_or_no_longer_held_is_not_paid_for(session: Session) -> None:
    free = Paying(session, hour_cents=0, half_day_cents=0, day_cents=0)
    with pytest.raises(payments.NothingToPay):
        free.begin(free.hold())
    paying = Paying(session)
    for booking in (paying.book(), paying.hold(TEN + DAY, at=NOON - HOUR)):
        with pytest.raises(bookings.HoldExpired):
            paying.begin(booking)


@pytest.mark.parametrize("role", ["see", "book", "pay"])
def test_who_may_book_may_pay_by_card(paying: Paying, role: str) -> None:
    booking = paying.hold()
    other = a_member(paying.session)
    paying.session.add(
        OrganisationMember(
            organisation_id=paying.organisation.id, member_id=other.id, role=role, since=NOON
        )
    )
    paying.session.flush()
    paying.member = other
    if role == "see":
        with pytest.raises(organisations.RoleTooSmall):
            paying.begin(booking)
    else:
        assert paying.begin(booking).cents == PRICE


def test_a_foreign_booking_and_a_missing_one_answer_alike(paying: Paying) -> None:
    booking = paying.hold()
    other, member = an_organisation(paying.session)
    for public_id in (booking.public_id, "missing"):
        with pytest.raises(bookings.NotYours) as refused:
            payments.begin(
                paying.session,
                public_id=public_id,
                provider="stripe",
                at=NOON,
                organisation_id=other.id,
                member_id=member.id,
            )
        assert refused.value.facts == {}
    assert payments.payment_of(paying.session, booking_ids=[booking.id]) is None


# --- the news -------------------------------------------------------------------------------


def test_the_same_news_twice_pays_once(paying: Paying) -> None:
    booking = paying.hold()
    payment = paying.open(booking)
    for _ in range(2):
        paying.tell(payment, id="evt_once", at=NOON + MINUTE)
    assert (payment.paid_cents, booking.payment) == (PRICE, "card")
    letters = paying.session.scalars(select(Letter).where(Letter.kind == "booking")).all()
    assert len(letters) == 2  # who booked, and where invoices go
    assert paying.refunds() == []


def test_two_different_news_of_one_payment_pay_once(paying: Paying) -> None:
    booking, payment = paying.paid()
    paying.tell(payment, at=NOON + 2 * MINUTE)
    assert payment.paid_at == booking.confirmed_at == NOON + MINUTE
    assert paying.refunds() == []


@pytest.mark.parametrize("order", list(itertools.permutations(["paid", "unpaid", "other"])))
def test_in_whatever_order_it_is_told_it_is_paid(paying: Paying, order: tuple[str, ...]) -> None:
    booking = paying.hold()
    payment = paying.open(booking)
    for ending in order:
        paying.tell(payment, ending, at=NOON + MINUTE)
    assert bookings.is_booked(booking)
    assert payment.paid_cents == PRICE
    assert paying.refunds() == []


def test_what_was_paid_after_the_hold_ran_out_goes_back_whole(paying: Paying) -> None:
    booking = paying.hold()
    payment = paying.open(booking)
    paying.tell(payment, at=NOON + 40 * MINUTE)
    assert not bookings.is_booked(booking)
    assert paying.refunds() == [(PRICE, "late")]
    (letter,) = paying.session.scalars(select(Letter).where(Letter.kind == "refund"))
    assert letter.facts["cents"] == PRICE
    paying.tell(payment, at=NOON + 41 * MINUTE)
    assert paying.refunds() == [(PRICE, "late")]


def test_what_was_paid_for_a_room_that_somebody_else_has_by_now_goes_back(paying: Paying) -> None:
    booking = paying.hold()
    payment = paying.open(booking)
    later = NOON + 40 * MINUTE
    other = paying.book(at=later)
    paying.tell(payment, at=later)
    assert bookings.is_booked(other)
    assert not bookings.is_booked(booking)
    assert paying.refunds() == [(PRICE, "late")]


def test_what_was_paid_after_the_hold_was_let_go_goes_back(paying: Paying) -> None:
    booking = paying.hold()
    payment = paying.open(booking)
    paying.cancel(booking, at=NOON + MINUTE)
    paying.tell(payment, at=NOON + 2 * MINUTE)
    assert paying.refunds() == [(PRICE, "late")]


def test_what_was_booked_on_invoice_meanwhile_is_paid_and_not_twice(paying: Paying) -> None:
    booking = paying.hold()
    payment = paying.open(booking)
    bookings.confirm(paying.session, public_id=booking.public_id, at=NOON, **paying.who)
    paying.tell(payment, at=NOON + MINUTE)
    assert paying.refunds() == []
    (invoice,) = paying.settle(booking)
    assert invoices.is_paid(invoice)


@pytest.mark.parametrize("wrong", [{"cents": 1}, {"cents": 10**18}, {"currency": "HUF"}])
def test_another_sum_than_was_asked_books_nothing_and_goes_back(
    paying: Paying, wrong: dict[str, Any]
) -> None:
    booking = paying.hold()
    payment = paying.open(booking)
    paying.tell(payment, at=NOON + MINUTE, **wrong)
    assert not bookings.is_booked(booking)
    assert paying.refunds() == [(wrong.get("cents", PRICE), "late")]


def test_news_of_a_payment_that_is_not_ours_changes_nothing(paying: Paying) -> None:
    payment = paying.open(paying.hold())
    paying.tell(payment, payment="somebody-else's")
    assert payment.paid_at is None
    assert len(paying.session.scalars(select(PaymentEvent)).all()) == 1


# --- the rest goes back ---------------------------------------------------------------------


def test_what_is_cancelled_in_time_goes_back_whole(paying: Paying) -> None:
    booking, _ = paying.paid()
    paying.cancel(booking, at=TEN - 2 * DAY)
    assert paying.refunds() == [(PRICE, "changed")]


def test_what_is_cancelled_late_goes_back_less_what_the_rule_said(paying: Paying) -> None:
    booking, _ = paying.paid()
    paying.settle(booking)
    paying.cancel(booking, at=TEN - HOUR)
    assert paying.refunds() == [(PRICE - 2880, "changed")]
    _, late = paying.settle(booking, at=TEN - HOUR)
    assert (late.total.gross_cents, invoices.is_paid(late)) == (2880, True)


def move(paying: Paying, booking: Booking, hours: int) -> None:
    bookings.move(
        paying.session,
        public_id=booking.public_id,
        starts_at=TEN + DAY,
        ends_at=TEN + DAY + hours * HOUR,
        at=NOON + HOUR,
        **paying.who,
    )


def test_a_shorter_booking_gives_the_difference_back(paying: Paying) -> None:
    booking, _ = paying.paid()
    move(paying, booking, 1)
    assert paying.refunds() == [(2880, "changed")]


def test_a_longer_booking_is_invoiced_with_what_is_still_to_pay(paying: Paying) -> None:
    booking, _ = paying.paid()
    move(paying, booking, 3)
    assert paying.refunds() == []
    (invoice,) = paying.settle(booking)
    assert invoice.total.gross_cents == 8640
    assert invoice.content["paid_cents"] == PRICE
    assert not invoices.is_paid(invoice)


def test_never_more_goes_back_than_came(paying: Paying) -> None:
    booking, payment = paying.paid()
    move(paying, booking, 1)
    paying.cancel(booking, at=NOON + 2 * HOUR)
    paying.tell(payment, at=NOON + 3 * HOUR)
    assert paying.refunds() == [(2880, "changed"), (2880, "changed")]
    assert payments.kept_for(paying.session, booking_id=booking.id) == 0


def test_a_refund_is_claimed_done_and_tried_again(paying: Paying) -> None:
    booking, _ = paying.paid()
    paying.cancel(booking, at=NOON + HOUR)
    at = NOON + HOUR
    (refund,) = payments.claim(paying.session, at=at)
    assert payments.claim(paying.session, at=at) == []  # somebody is at it
    payments.try_again(paying.session, public_id=refund.public_id, why="away", at=at)
    assert not payments.refunds_wait(paying.session, at=at + MINUTE)
    assert payments.refunds_wait(paying.session, at=at + 3 * MINUTE)
    payments.done(paying.session, public_id=refund.public_id, reference="re_1", at=at)
    assert not payments.refunds_wait(paying.session, at=at + DAY)
    (kept,) = payments.refunds_of(paying.session, booking_ids=[booking.id])
    assert (kept.done_at, kept.reference, kept.tries) == (at, "re_1", 1)


def test_a_refund_that_the_bank_sent_back_is_shown_to_the_operator(paying: Paying) -> None:
    booking, payment = paying.paid()
    paying.cancel(booking, at=NOON + HOUR)
    (refund,) = payments.claim(paying.session, at=NOON + HOUR)
    payments.done(paying.session, public_id=refund.public_id, reference="re_1", at=NOON + HOUR)
    paying.tell(payment, "refund failed", refund=refund.public_id, at=NOON + 2 * HOUR)
    ((shown, of),) = payments.failed_refunds(paying.session, lieu_id=paying.lieu.id)
    assert (shown.id, of.id) == (refund.id, booking.id)
    paying.tell(payment, "refund failed", refund="not ours")  # changes nothing


# --- the schema -----------------------------------------------------------------------------


def row(of: Any) -> dict[str, Any]:
    return {column.key: getattr(of, column.key) for column in type(of).__table__.columns}


def cheats(paying: Paying) -> dict[str, Callable[[], Any]]:
    booking, payment = paying.paid()
    paying.cancel(booking, at=NOON + HOUR)
    refund = paying.session.scalars(select(Refund)).one()
    event = paying.session.scalars(select(PaymentEvent)).one()
    again = {"id": 999, "public_id": "x"}
    other = {**again, "session_id": "cs_other"}
    part = paying.session.scalars(select(PaymentPart)).one()
    held = paying.hold(TEN + DAY)
    return {
        "a booking in two payments": lambda: insert(PaymentPart).values(**row(part)),
        "a part of no payment": lambda: insert(PaymentPart).values(
            **{**row(part), "booking_id": held.id, "payment_id": 999}
        ),
        "a part of less than nothing": lambda: insert(PaymentPart).values(
            **{**row(part), "booking_id": held.id, "cents": -1}
        ),
        "two payments of one session": lambda: insert(Payment).values(**{**row(payment), **again}),
        "paid with nothing": lambda: insert(Payment).values(
            **{**row(payment), **other, "paid_cents": 0}
        ),
        "a negative price": lambda: insert(Payment).values(
            **{**row(payment), **other, "cents": -1}
        ),
        "the same news twice": lambda: insert(PaymentEvent).values(**row(event)),
        "the same refund twice": lambda: insert(Refund).values(**{**row(refund), **again}),
        "a refund of nothing": lambda: insert(Refund).values(
            **{**row(refund), **again, "turn": 2, "cents": 0}
        ),
    }


@pytest.mark.parametrize(
    "what",
    [
        "a booking in two payments",
        "a part of no payment",
        "a part of less than nothing",
        "two payments of one session",
        "paid with nothing",
        "a negative price",
        "the same news twice",
        "the same refund twice",
        "a refund of nothing",
    ],
)
def test_the_schema_refuses(paying: Paying, what: str) -> None:
    statement = cheats(paying)[what]()
    with pytest.raises(IntegrityError), paying.session.begin_nested():
        paying.session.execute(statement)


def test_pages_of_no_use_are_looked_after(paying: Paying) -> None:
    held = paying.open(paying.hold())
    let_go = paying.hold(TEN + DAY)
    closed = paying.open(let_go)
    paying.cancel(let_go, at=NOON + MINUTE)
    assert payments.to_look_after(paying.session, at=NOON + MINUTE) == [closed]
    assert payments.to_look_after(paying.session, at=held.expires_at) == [held, closed]
    for payment in (held, closed):
        paying.tell(payment, "unpaid", at=held.expires_at)
    assert payments.to_look_after(paying.session, at=held.expires_at) == []

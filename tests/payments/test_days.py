"""The days of a series are paid at once, and each gives back its own part."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serendipity import bookings, invoices, payments
from serendipity.bookings import Booking
from serendipity.mail import Letter
from serendipity.payments import Opened, PaymentPart, Refund
from tests.conftest import NOON
from tests.invoices.deals import DAY, HOUR, MINUTE
from tests.payments.payers import Paying

EACH = 5760


@pytest.fixture
def paying(session: Session) -> Paying:
    return Paying(session)


def letters(paying: Paying, kind: str) -> list[Letter]:
    return list(paying.session.scalars(select(Letter).where(Letter.kind == kind)))


def parts(paying: Paying) -> list[tuple[int, int]]:
    rows = paying.session.execute(
        select(PaymentPart.cents, PaymentPart.paid_cents).order_by(PaymentPart.booking_id)
    )
    return [(asked, paid) for asked, paid in rows]


def refunded(paying: Paying) -> dict[int, tuple[int, str]]:
    return {one.booking_id: (one.cents, one.why) for one in paying.session.scalars(select(Refund))}


# --- paying ---------------------------------------------------------------------------------


@pytest.mark.parametrize("pressed", [0, 2])
def test_who_pays_for_one_day_pays_for_all_that_are_held(paying: Paying, pressed: int) -> None:
    _, days = paying.hold_days()
    payment = paying.begin(days[pressed], at=NOON + 9 * MINUTE)
    assert (payment.cents, parts(paying)) == (3 * EACH, [(EACH, 0)] * 3)
    assert {day.hold_expires_at for day in days} == {payment.expires_at + payments.NEWS}
    assert {paying.begin(day, at=NOON + 9 * MINUTE).id for day in days} == {payment.id}


def test_a_paid_series_is_booked_whole_with_one_letter(paying: Paying) -> None:
    made, days, _ = paying.paid_days()
    assert {day.payment for day in days} == {"card"}
    assert parts(paying) == [(EACH, EACH)] * 3
    told = letters(paying, "booking")
    assert len(told) == 2  # who booked, and where invoices go
    assert {letter.facts["series"] for letter in told} == {made.public_id}
    assert [len(letter.facts["days"]) for letter in told] == [3, 3]


def test_each_day_has_an_invoice_that_says_it_is_paid(paying: Paying) -> None:
    _, days, _ = paying.paid_days()
    for day in days:
        (invoice,) = paying.settle(day)
        assert (invoice.total.gross_cents, invoices.is_paid(invoice)) == (EACH, True)


@pytest.mark.parametrize("order", [["paid", "unpaid", "paid"], ["unpaid", "other", "paid"]])
def test_in_whatever_order_it_is_told_the_days_are_paid_once(
    paying: Paying, order: list[str]
) -> None:
    _, days = paying.hold_days()
    payment = paying.open(days[0])
    for ending in order:
        paying.tell(payment, ending, at=NOON + MINUTE)
    paying.tell(payment, id="evt_same", at=NOON + MINUTE)
    paying.tell(payment, id="evt_same", at=NOON + MINUTE)
    assert all(bookings.is_booked(day) for day in days)
    assert (parts(paying), paying.refunds()) == ([(EACH, EACH)] * 3, [])
    assert len(letters(paying, "booking")) == 2


def test_days_that_were_paid_too_late_go_back_whole_with_one_letter(paying: Paying) -> None:
    _, days = paying.hold_days()
    payment = paying.open(days[0])
    late = NOON + 40 * MINUTE
    other = paying.book(days[1].starts_at, at=late)  # nothing is held any more
    for _ in range(2):
        paying.tell(payment, at=late)
    assert bookings.is_booked(other)
    assert not any(bookings.is_booked(day) for day in days)
    assert paying.refunds() == [(EACH, "late")] * 3
    (letter,) = letters(paying, "refund")
    assert (letter.facts["cents"], letter.facts["whole"]) == (3 * EACH, True)
    assert letters(paying, "booking")[0].facts["booking"] == other.public_id


def test_a_day_that_was_let_go_meanwhile_gives_its_part_back(paying: Paying) -> None:
    _, days = paying.hold_days()
    payment = paying.open(days[0])
    paying.cancel(days[1], at=NOON + MINUTE)
    paying.tell(payment, at=NOON + 2 * MINUTE)
    assert [bookings.is_booked(day) for day in days] == [True, False, True]
    assert refunded(paying) == {days[1].id: (EACH, "late")}
    (letter,) = letters(paying, "refund")
    assert (letter.facts["cents"], letter.facts["whole"]) == (EACH, False)


def test_a_day_that_was_booked_on_invoice_meanwhile_is_paid_and_not_twice(paying: Paying) -> None:
    _, days = paying.hold_days()
    payment = paying.open(days[0])
    bookings.confirm(paying.session, public_id=days[0].public_id, at=NOON, **paying.who)
    paying.tell(payment, at=NOON + MINUTE)
    assert all(bookings.is_booked(day) for day in days)
    assert paying.refunds() == []
    (invoice,) = paying.settle(days[0])
    assert invoices.is_paid(invoice)


@pytest.mark.parametrize("wrong", [{"cents": 1}, {"cents": 10**18}, {"currency": "HUF"}])
def test_another_sum_than_was_asked_books_no_day_and_goes_back(
    paying: Paying, wrong: dict[str, Any]
) -> None:
    _, days = paying.hold_days()
    payment = paying.open(days[0])
    paying.tell(payment, at=NOON + MINUTE, **wrong)
    assert not any(bookings.is_booked(day) for day in days)
    assert sum(cents for cents, _ in paying.refunds()) == wrong.get("cents", 3 * EACH)
    assert len(letters(paying, "refund")) == 1


# --- beginning again ------------------------------------------------------------------------


def test_a_page_that_could_not_be_made_is_asked_for_without_the_days_let_go_since(
    paying: Paying,
) -> None:
    _, days = paying.hold_days()
    first = paying.begin(days[0])
    asked = first.cents
    paying.cancel(days[0], at=NOON + MINUTE)
    again = paying.begin(days[1], at=NOON + 2 * MINUTE)
    assert (again.id, again.cents, again.tries) == (first.id, 2 * EACH, 2)
    old = Opened("cs_old", "https://checkout.example.org/old")
    payments.opened(paying.session, payment_id=again.id, cents=asked, page=old)
    assert again.session_id is None  # a page for three days, when two are held
    paying.tell(paying.open(days[1], at=NOON + 3 * MINUTE), at=NOON + 4 * MINUTE)
    assert [bookings.is_booked(day) for day in days] == [False, True, True]
    assert paying.refunds() == []


def test_days_that_ran_out_are_not_paid_for(paying: Paying) -> None:
    _, days = paying.hold_days()
    with pytest.raises(bookings.HoldExpired):
        paying.begin(days[0], at=NOON + 10 * MINUTE)
    assert parts(paying) == []
    payment = paying.open(days[0], at=NOON + 9 * MINUTE)
    with pytest.raises(payments.PayingIsOver):
        paying.begin(days[1], at=payment.expires_at)
    with pytest.raises(bookings.HoldExpired):
        paying.begin(days[1], at=payment.expires_at + payments.NEWS)


def test_days_that_cost_nothing_are_not_paid_for(session: Session) -> None:
    free = Paying(session, hour_cents=0, half_day_cents=0, day_cents=0)
    _, days = free.hold_days()
    with pytest.raises(payments.NothingToPay):
        free.begin(days[0])


def test_a_page_is_closed_when_no_day_waits_for_it_any_more(paying: Paying) -> None:
    _, days = paying.hold_days()
    payment = paying.open(days[0])
    for day in days:
        assert payments.to_look_after(paying.session, at=NOON) == []
        paying.cancel(day)
    assert payments.to_look_after(paying.session, at=NOON) == [payment]


# --- each day for itself --------------------------------------------------------------------


def move(paying: Paying, day: Booking, hours: int) -> None:
    bookings.move(
        paying.session,
        public_id=day.public_id,
        starts_at=day.starts_at + DAY,
        ends_at=day.starts_at + DAY + hours * HOUR,
        at=NOON + HOUR,
        **paying.who,
    )


def test_a_day_cancelled_in_time_gives_its_part_back_and_no_other_s(paying: Paying) -> None:
    _, days, _ = paying.paid_days()
    paying.cancel(days[1], at=NOON + HOUR)
    assert refunded(paying) == {days[1].id: (EACH, "changed")}
    assert [payments.kept_for(paying.session, booking_id=day.id) for day in days] == [EACH, 0, EACH]


def test_a_day_cancelled_late_gives_back_what_the_rule_said(paying: Paying) -> None:
    _, days, _ = paying.paid_days()
    paying.cancel(days[0], at=days[0].starts_at - HOUR)
    assert refunded(paying) == {days[0].id: (EACH - 2880, "changed")}


def test_a_shorter_day_gives_the_difference_back_whatever_a_longer_one_owes(
    paying: Paying,
) -> None:
    _, days, _ = paying.paid_days()
    move(paying, days[0], 3)
    move(paying, days[1], 1)
    assert refunded(paying) == {days[1].id: (2880, "changed")}
    (longer,) = paying.settle(days[0])
    assert (longer.total.gross_cents, longer.content["paid_cents"]) == (8640, EACH)


def test_all_days_that_are_cancelled_go_back_and_never_more_than_came(paying: Paying) -> None:
    made, days, payment = paying.paid_days()
    for _ in range(2):
        bookings.cancel_rest(paying.session, public_id=made.public_id, at=NOON + HOUR, **paying.who)
    paying.tell(payment, at=NOON + 2 * HOUR)
    assert refunded(paying) == {day.id: (EACH, "changed") for day in days}
    assert paying.session.scalar(select(func.sum(Refund.cents))) == payment.paid_cents
    receipts = {payments.receipt_of(paying.session, one) for one in _refunds(paying)}
    assert receipts == {payment.receipt}


def _refunds(paying: Paying) -> list[Refund]:
    return list(payments.claim(paying.session, at=NOON + HOUR))

"""Somebody who pays by card, and what a provider might tell of it, for the tests of payments."""

from __future__ import annotations

import itertools
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import select

from serendipity import bookings, payments
from serendipity.bookings import Booking, Series, Wanted
from serendipity.payments import Event, Opened, Payment, Refund
from tests.conftest import NOON
from tests.invoices.deals import MINUTE, TEN, Deals

_events = itertools.count(1)


class Paying(Deals):
    """A lieu that takes cards, and what a provider might tell."""

    def begin(self, booking: Booking, *, at: Any = NOON) -> Payment:
        return payments.begin(
            self.session, public_id=booking.public_id, provider="stripe", at=at, **self.who
        )

    def open(self, booking: Booking, *, at: Any = NOON) -> Payment:
        payment = self.begin(booking, at=at)
        page = Opened(f"cs_{payment.public_id}", "https://checkout.example.org/x")
        return payments.opened(self.session, payment_id=payment.id, cents=payment.cents, page=page)

    def tell(self, of: Payment, ending: Any = "paid", *, at: Any = NOON, **given: Any) -> None:
        facts: dict[str, Any] = {
            "id": f"evt_{next(_events)}",
            "payment": of.public_id,
            "session_id": of.session_id,
            "receipt": "pi_1",
            "cents": of.cents,
            "currency": "EUR",
        }
        event = Event(ending=ending, **{**facts, **given})
        payments.received(self.session, provider="stripe", event=event, at=at)

    def paid(self, start: Any = TEN) -> tuple[Booking, Payment]:
        booking = self.hold(start)
        payment = self.open(booking)
        self.tell(payment, at=NOON + MINUTE)
        assert bookings.is_booked(booking)
        return booking, payment

    def refunds(self) -> list[tuple[int, str]]:
        found = self.session.scalars(select(Refund).order_by(Refund.id))
        return [(refund.cents, refund.why) for refund in found]

    def hold_days(self, times: int = 3, *, at: Any = NOON) -> tuple[Series, list[Booking]]:
        """The same two hours on Mondays, held."""
        wanted = Wanted(
            room=self.room,
            first=date(2026, 3, 30),
            start=time(12),
            length=timedelta(hours=2),
            rhythm="weekly",
            times=times,
            people=4,
        )
        made = bookings.hold_series(self.session, wanted=wanted, skip=(), at=at, **self.who)
        return bookings.series_of(
            self.session, public_id=made.public_id, organisation_id=self.organisation.id
        )

    def paid_days(self, times: int = 3) -> tuple[Series, list[Booking], Payment]:
        made, days = self.hold_days(times)
        payment = self.open(days[0])
        self.tell(payment, at=NOON + MINUTE)
        assert all(bookings.is_booked(day) for day in days)
        return made, days, payment

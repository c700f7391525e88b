"""A lieu that sells, an organisation that buys, and what comes of it, for the tests of invoices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from serendipity import bookings, invoices, payments
from serendipity.bookings import Booking
from serendipity.invoices import Invoice, Line
from serendipity.payments import Event, Opened
from tests.conftest import NOON
from tests.rows import a_lieu, a_room, a_seller, an_organisation

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TEN = datetime.fromisoformat("2026-03-30T10:00:00+00:00")  # Monday, noon in Paris


class Deals:
    """One lieu with a room, one organisation with a booker; bookings and their invoices."""

    def __init__(self, session: Session, *, sells: bool = True, **room: Any) -> None:
        self.session = session
        self.lieu = a_lieu(session, name="La Navette")
        self.room = a_room(session, self.lieu, name="Jacquard", **room)
        self.organisation, self.member = an_organisation(
            session,
            name="Toits Communs",
            address="3 rue des Tuiles",
            postcode="69001",
            city="Lyon",
            country="FR",
        )
        if sells:
            a_seller(session, self.lieu)

    @property
    def who(self) -> dict[str, int]:
        return {"organisation_id": self.organisation.id, "member_id": self.member.id}

    def hold(self, start: datetime = TEN, *, at: datetime = NOON, **given: Any) -> Booking:
        facts = {"room": self.room, "people": 4, "ends_at": start + 2 * HOUR, **self.who, **given}
        return bookings.hold(self.session, starts_at=start, at=at, **facts)

    def book(self, start: datetime = TEN, *, at: datetime = NOON, **given: Any) -> Booking:
        held = self.hold(start, at=at, **given)
        return bookings.confirm(self.session, public_id=held.public_id, at=at, **self.who)

    def pay(self, booking: Booking, *, at: datetime = NOON) -> Booking:
        """Pay what is held by card, as the provider tells it."""
        payment = payments.begin(
            self.session, public_id=booking.public_id, provider="stripe", at=at, **self.who
        )
        page = Opened(f"cs_{payment.public_id}", "https://checkout.example.org/x")
        payments.opened(self.session, payment_id=payment.id, cents=payment.cents, page=page)
        event = Event(
            id=f"evt_{payment.public_id}",
            ending="paid",
            payment=payment.public_id,
            receipt="pi_1",
            cents=payment.cents,
            currency=payment.currency,
        )
        payments.received(self.session, provider="stripe", event=event, at=at)
        return booking

    def cancel(self, booking: Booking, *, at: datetime = NOON) -> None:
        bookings.cancel(self.session, public_id=booking.public_id, at=at, **self.who)

    def settle(self, booking: Booking, *, at: datetime = NOON) -> list[Invoice]:
        return invoices.settle(self.session, booking_id=booking.id, at=at)

    def invoice(self, start: datetime = TEN, *, at: datetime = NOON) -> Invoice:
        (invoice,) = self.settle(self.book(start, at=at), at=at)
        return invoice

    def invoice_of(self, lines: list[Line], **given: Any) -> Invoice:
        """An invoice of these lines, whatever the booking costs."""
        booking = self.book()
        deal = invoices.Deal(
            booking=booking,
            room=self.room,
            lieu=self.lieu,
            organisation=self.organisation,
            seller=self.session.get_one(invoices.Seller, self.lieu.id),
        )
        return invoices.issue(self.session, deal=deal, lines=lines, of={}, at=NOON, **given)

"""Stripe Checkout against a server that answers as Stripe does: open, pay, be told, give back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from serendipity import config, payments
from serendipity.app import create_app
from serendipity.bookings import Booking
from serendipity.db import database, write_transaction
from serendipity.errors import ConfigurationError
from serendipity.invoices import Invoice
from serendipity.jobs import scheduler
from serendipity.payments import Payment, PaymentEvent, Refund
from tests.conftest import Clock
from tests.pages import beside, token_of
from tests.rows import a_lieu, a_room, a_seller, an_organisation, signed_in
from tests.stripe_fake import SECRET_KEY, WEBHOOK_SECRET, FakeStripe, serve, signature

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ASKED = {"date": "2026-03-30", "people": "6", "length": "120", "access": "any", "start": "14:00"}
PRICE = 5760


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    fake, server = serve()
    yield fake
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(database_url: str, tmp_path: Any, stripe: FakeStripe) -> config.Settings:
    return config.load(
        {},
        instance=tmp_path / "instance",
        database_url=database_url,
        stripe_secret_key=SECRET_KEY,
        stripe_webhook_secret=WEBHOOK_SECRET,
        stripe_api=stripe.url,
    )


class Company:
    """A lieu that takes cards, and an organisation's browser."""

    def __init__(
        self, app: Flask, client: FlaskClient, held: Clock, session: Session, stripe: FakeStripe
    ) -> None:
        self.app, self.client, self.clock = app, client, held
        self.session, self.stripe = session, stripe
        with write_transaction(session):
            self.lieu = a_lieu(session, slug="la-navette", name="La Navette")
            a_room(session, self.lieu, slug="jacquard", name="Jacquard")
            a_seller(session, self.lieu)
            self.organisation, self.member = an_organisation(session, name="Toits Communs")
            session.flush()
            self.home = f"/organisations/{self.organisation.public_id}/"
        signed_in(client, self.member)

    def post(self, path: str, **typed: Any) -> TestResponse:
        return self.client.post(path, data={"csrf_token": token_of(self.client, "/"), **typed})

    def held(self, **typed: Any) -> str:
        said = {**ASKED, "organisation": self.organisation.public_id, **typed}
        answer = self.post("/lieux/la-navette/rooms/jacquard/hold", **said)
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def opened(self, **typed: Any) -> tuple[str, dict[str, Any]]:
        """A booking with a page at Stripe."""
        address = self.held(**typed)
        answer = self.post(f"{address}/pay")
        assert answer.status_code == 303, answer.text
        return address, list(self.stripe.sessions.values())[-1]

    def tell(self, payload: bytes, header: str | None = None) -> TestResponse:
        """News, as Stripe tells it: from outside, by nobody who is signed in."""
        return self.app.test_client().post(
            "/payments/stripe",
            data=payload,
            content_type="application/json",
            headers={"Stripe-Signature": signature(payload) if header is None else header},
        )

    def completed(self, session: dict[str, Any], **given: str) -> bytes:
        return self.stripe.news("checkout.session.completed", session, **given)

    def work(self) -> None:
        scheduler.run_once(self.app)
        self.fresh()

    def fresh(self) -> None:
        self.session.rollback()
        self.session.expire_all()

    def booking(self) -> Booking:
        self.fresh()
        return self.session.scalars(select(Booking).order_by(Booking.id.desc())).first()  # type: ignore[return-value]


@pytest.fixture
def company(
    app: Flask, client: FlaskClient, held_clock: Clock, stripe: FakeStripe
) -> Iterator[Company]:
    with beside(app) as session:
        yield Company(app, client, held_clock, session, stripe)


# --- the way through ------------------------------------------------------------------------


def test_from_a_hold_to_a_paid_booking_with_its_invoice(company: Company) -> None:
    address = company.held()
    page = company.client.get(address).text
    assert "Pay €57.60 by card" in page
    assert "Book for €57.60" in page
    company.post(f"{address}/pay")
    (session,) = company.stripe.sessions.values()
    assert (session["amount_total"], session["currency"]) == (PRICE, "eur")
    page = company.client.get(address).text
    assert f'href="{session["url"]}"' in page
    assert "The room is held until 13:33" in page
    assert company.clock.now + timedelta(minutes=33) == company.booking().hold_expires_at
    company.stripe.pay(session["id"])
    waiting = company.client.get(f"{address}?paid=1").text
    assert "We wait for the news of your payment." in waiting
    assert company.tell(company.completed(session)).status_code == 200
    assert "Booked" in company.client.get(f"{address}?paid=1").text
    company.work()
    page = company.client.get(address).text
    assert "Paid by card on Thursday" in page
    link = re.search(r'href="(/organisations/[^"]+\.pdf)"', page)
    assert link
    paper = company.client.get(link[1])
    assert paper.data.startswith(b"%PDF")
    assert paper.headers["Content-Disposition"].startswith('attachment; filename="N')
    xml = company.client.get(link[1].replace(".pdf", ".xml"))
    assert b"<ram:TotalPrepaidAmount>57.60" in xml.data
    listed = company.client.get(f"{company.home}invoices").text
    assert "Paid by card" in listed
    assert "€57.60" in listed


def test_a_price_that_a_form_says_is_not_read(company: Company) -> None:
    address = company.held()
    company.post(f"{address}/pay", cents="1", amount="-1", unit_amount="1", price=str(10**18))
    (session,) = company.stripe.sessions.values()
    assert session["amount_total"] == PRICE


def test_pressing_twice_makes_one_page(company: Company) -> None:
    address, _ = company.opened()
    assert company.post(f"{address}/pay").status_code == 303
    assert len(company.stripe.sessions) == 1


def test_what_is_cancelled_goes_back_to_the_card_by_itself(company: Company) -> None:
    address, session = company.opened()
    company.stripe.pay(session["id"])
    company.tell(company.completed(session))
    assert company.post(f"{address}/cancel").status_code == 303
    assert "€57.60 is on its way back to the card" in company.client.get(address).text
    company.work()
    assert company.stripe.back() == PRICE
    assert "€57.60 went back to the card" in company.client.get(address).text
    company.work()
    assert company.stripe.back() == PRICE
    # invoiced by nobody before it was cancelled: nothing was owed, and nothing is taken back
    assert company.session.scalars(select(Invoice)).all() == []


# --- several days ---------------------------------------------------------------------------


def held_days(company: Company) -> str:
    said = {**ASKED, "organisation": company.organisation.public_id}
    answer = company.post(
        "/lieux/la-navette/rooms/jacquard/series", **said, rhythm="weekly", times="3"
    )
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def test_the_days_of_a_series_are_paid_on_one_page(company: Company) -> None:
    address = held_days(company)
    page = company.client.get(address).text
    assert "Pay €172.80 by card" in page
    assert "Book all days for €172.80" in page
    assert company.post(f"{address}/pay").location == address
    (session,) = company.stripe.sessions.values()
    assert (session["amount_total"], session["name"]) == (
        3 * PRICE,
        "Jacquard, La Navette, 3 days",
    )
    assert session["success_url"].endswith(f"{address}?paid=1")
    assert f'href="{session["url"]}"' in company.client.get(address).text
    company.stripe.pay(session["id"])
    assert "We wait for the news" in company.client.get(f"{address}?paid=1").text
    for _ in range(2):
        assert company.tell(company.completed(session)).status_code == 200
    page = company.client.get(f"{address}?paid=1").text
    assert page.count("Booked") == 3
    assert re.search("Paid by card on Thursday[^:]*: €172.80", page)
    company.work()
    assert company.stripe.back() == 0
    assert len(company.session.scalars(select(Invoice)).all()) == 3


def test_one_day_of_a_paid_series_goes_back_alone(company: Company) -> None:
    address = held_days(company)
    company.post(f"{address}/pay", cents="1")
    (session,) = company.stripe.sessions.values()
    company.stripe.pay(session["id"])
    company.tell(company.completed(session))
    last = f"{company.home}bookings/{company.booking().public_id}"
    assert re.search("Paid by card on Thursday[^:]*: €57.60", company.client.get(last).text)
    company.post(f"{last}/cancel")
    company.work()
    assert company.stripe.back() == PRICE
    assert "€57.60 went back to the card" in company.client.get(address).text
    company.post(f"{address}/cancel")
    company.work()
    assert company.stripe.back() == 3 * PRICE


def test_days_that_are_paid_too_late_are_refunded_and_nothing_is_held(company: Company) -> None:
    address = held_days(company)
    company.post(f"{address}/pay")
    (session,) = company.stripe.sessions.values()
    company.stripe.pay(session["id"])
    company.clock.now += 40 * MINUTE
    company.tell(company.completed(session))
    company.work()
    assert company.stripe.back() == session["amount_total"]
    assert "No longer held" in company.client.get(address).text
    (letter,) = (company.app.config["SETTINGS"].instance / "mail").glob("*-refund-*.eml")
    assert "172.80" in letter.read_text()
    assert company.held()  # the same hours


def test_a_held_day_leads_to_the_page_where_all_are_paid(company: Company) -> None:
    address = held_days(company)
    day = company.client.get(f"{company.home}bookings/{company.booking().public_id}").text
    assert "by card" not in day
    assert f'href="{address}"' in day
    assert "Book all days together" in day


def test_a_series_that_is_not_held_any_more_is_not_paid_for(company: Company) -> None:
    address = held_days(company)
    company.clock.now += 11 * MINUTE
    answer = company.post(f"{address}/pay")
    assert answer.status_code == 410
    assert "The ten minutes are over." in answer.text
    assert company.stripe.sessions == {}
    assert company.post(f"{company.home}series/missing/pay").status_code == 404


# --- the news -------------------------------------------------------------------------------


def paid_once(company: Company) -> bool:
    company.fresh()
    payment = company.session.scalars(select(Payment)).one()
    return payment.paid_cents == PRICE and company.booking().confirmed_at is not None


def test_news_twice_late_and_reordered_is_paid_once(company: Company) -> None:
    _, session = company.opened()
    company.stripe.pay(session["id"])
    completed = company.completed(session, event_id="evt_1")
    expired = company.stripe.news("checkout.session.expired", session)
    company.clock.now += 32 * MINUTE  # late, but the room is still held
    for payload in (expired, completed, completed, company.completed(session), expired):
        assert company.tell(payload).status_code == 200
    assert paid_once(company)
    company.work()
    assert company.stripe.back() == 0
    assert len(company.session.scalars(select(PaymentEvent)).all()) == 3


def test_what_comes_after_the_hold_ran_out_is_refunded_automatically(company: Company) -> None:
    address, session = company.opened()
    company.stripe.pay(session["id"])
    company.clock.now += 40 * MINUTE
    assert company.tell(company.completed(session)).status_code == 200
    assert company.booking().confirmed_at is None
    company.work()
    assert company.stripe.back() == PRICE
    assert "€57.60 went back to the card" in company.client.get(address).text
    company.tell(company.completed(session))
    company.work()
    assert company.stripe.back() == PRICE
    assert list((company.app.config["SETTINGS"].instance / "mail").glob("*-refund-*.eml"))


def test_news_that_was_lost_is_found_when_the_page_is_closed(company: Company) -> None:
    _, session = company.opened()
    company.stripe.pay(session["id"])
    company.clock.now += 31 * MINUTE  # the page is over, the room still held for two minutes
    company.work()
    assert paid_once(company)


def test_a_page_is_closed_when_the_hold_is_let_go(company: Company) -> None:
    address, session = company.opened()
    company.post(f"{address}/cancel")
    company.work()
    assert company.stripe.sessions[session["id"]]["status"] == "expired"


@pytest.mark.parametrize(
    "forge",
    [
        lambda payload: "",
        lambda payload: "t=1,v1=00",
        lambda payload: "nonsense",
        lambda payload: signature(payload, secret="whsec_other"),
        lambda payload: signature(payload + b" "),
        lambda payload: signature(payload, age=3600),  # kept and played again
        lambda payload: signature(payload).replace("v1=", "v0="),
    ],
)
def test_forged_news_is_not_believed(company: Company, forge: Any) -> None:
    _, session = company.opened()
    payload = company.completed({**session, "payment_status": "paid", "status": "complete"})
    assert company.tell(payload, forge(payload)).status_code == 400
    assert company.booking().confirmed_at is None
    assert company.session.scalars(select(PaymentEvent)).all() == []


@pytest.mark.parametrize(
    "garbage",
    [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"id": 1}', json.dumps({"id": "e"}).encode()],
)
def test_garbage_is_refused_even_when_it_is_signed(company: Company, garbage: bytes) -> None:
    assert company.tell(garbage).status_code == 400


def test_news_that_is_too_long_is_not_read(company: Company) -> None:
    assert company.tell(b"{" + b" " * 70_000 + b"}").status_code == 413


def test_news_of_others_is_taken_and_changes_nothing(company: Company) -> None:
    _, session = company.opened()
    for kind, told in (
        ("customer.created", {"id": "cus_1"}),
        ("checkout.session.completed", {**session, "metadata": {}, "payment_status": "paid"}),
        ("checkout.session.completed", session),  # completed, and not yet paid
    ):
        assert company.tell(company.stripe.news(kind, told)).status_code == 200
    assert company.booking().confirmed_at is None


def test_without_keys_there_is_nobody_to_tell_and_no_card_to_pay_with(
    company: Company, database_url: str, tmp_path: Any
) -> None:
    address = company.held()
    settings = config.load({}, instance=tmp_path / "instance", database_url=database_url)
    plain = create_app(settings)
    browser = signed_in(plain.test_client(), company.member)
    assert "by card" not in browser.get(address).text
    assert plain.test_client().post("/payments/stripe", data=b"{}").status_code == 404
    said = {"csrf_token": token_of(browser, "/")}
    assert "Cards are not taken here." in browser.post(f"{address}/pay", data=said).text
    with plain.app_context():
        database.engine.dispose()


def test_a_key_without_its_secret_is_refused_at_start(tmp_path: Any) -> None:
    with pytest.raises(ConfigurationError, match="stripe_webhook_secret"):
        config.load({}, instance=tmp_path, stripe_secret_key="sk_test_x")


# --- when Stripe is away --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "words", "status"),
    [
        ([500], "The payment page cannot be reached just now.", 503),
        ([429], "The payment page cannot be reached just now.", 503),
        ([402], "No payment page could be made.", 409),
    ],
)
def test_nothing_is_charged_and_the_room_stays_held_when_no_page_is_made(
    company: Company, statuses: list[int], words: str, status: int
) -> None:
    address = company.held()
    company.stripe.fail_next = list(statuses)
    answer = company.post(f"{address}/pay")
    assert answer.status_code == status
    assert words in answer.text
    assert "Held for you" in answer.text
    assert company.stripe.sessions == {}
    company.stripe.fail_next = []
    assert company.post(f"{address}/confirm").status_code == 303  # on invoice instead


@pytest.mark.parametrize("hold", [Company.held, held_days])
def test_a_page_is_made_when_stripe_is_back(
    company: Company, hold: Callable[[Company], str]
) -> None:
    address = hold(company)
    company.stripe.fail_next = [500]
    assert "by card" in company.post(f"{address}/pay").text  # to be pressed again
    assert company.post(f"{address}/pay").status_code == 303
    assert len(company.stripe.sessions) == 1


def test_a_refund_is_asked_for_again_until_it_went_through_once(company: Company) -> None:
    address, session = company.opened()
    company.stripe.pay(session["id"])
    company.tell(company.completed(session))
    company.post(f"{address}/cancel")
    company.stripe.fail_next = [503]
    company.work()
    assert company.stripe.back() == 0
    refund = company.session.scalars(select(Refund)).one()
    assert (refund.tries, refund.done_at, refund.failed_at) == (1, None, None)
    company.clock.now += 5 * MINUTE
    company.work()
    assert company.stripe.back() == PRICE


def test_a_worker_that_died_after_asking_pays_nobody_twice(company: Company) -> None:
    address, session = company.opened()
    company.stripe.pay(session["id"])
    company.tell(company.completed(session))
    company.post(f"{address}/cancel")
    company.fresh()
    refund = company.session.scalars(select(Refund)).one()
    provider = payments.provider_of(company.app.config["SETTINGS"])
    assert provider
    paid = company.session.scalars(select(Payment)).one()
    provider.refund(receipt=paid.receipt, cents=refund.cents, key=refund.public_id)
    company.work()  # the next worker asks the same
    assert company.stripe.back() == PRICE
    company.fresh()
    assert company.session.scalars(select(Refund)).one().done_at is not None


def test_a_refund_that_stripe_refuses_waits_for_a_person(company: Company) -> None:
    address, session = company.opened()
    company.stripe.pay(session["id"])
    company.tell(company.completed(session))
    company.post(f"{address}/cancel")
    company.stripe.fail_next = [400]
    company.work()
    refund = company.session.scalars(select(Refund)).one()
    assert refund.failed_at is not None
    assert "could not go back to the card" in company.client.get(address).text
    with write_transaction(company.session):
        company.member.is_operator = True
    page = company.client.get("/operator/lieux/la-navette/billing").text
    assert "€57.60 could not go back to the card (api_error)" in page

"""A company pays by card: from the hold to the provider's page, the receipt, and money back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from serendipity import bookings, clock, organisations, slots
from serendipity.db import write_transaction
from serendipity.jobs import scheduler
from tests.browser.conftest import LiveServer
from tests.browser.test_company import sign_in
from tests.rows import a_lieu, a_member, a_room, a_seller
from tests.stripe_fake import SECRET_KEY, WEBHOOK_SECRET, FakeStripe, serve

Look = Callable[[Page, str], None]


@dataclass
class Shop:
    """The service, a Stripe beside it, and a booking that is held."""

    server: LiveServer
    stripe: FakeStripe
    home: str
    booking: str

    def work(self) -> None:
        scheduler.run_once(self.server.app)


@pytest.fixture
def shop(live_server: LiveServer) -> Iterator[Shop]:
    fake, beside = serve()
    app: Flask = live_server.app
    app.config["SETTINGS"] = replace(
        app.config["SETTINGS"],
        stripe_secret_key=SECRET_KEY,
        stripe_webhook_secret=WEBHOOK_SECRET,
        stripe_api=fake.url,
    )
    fake.tell = f"{live_server.url}/payments/stripe"
    with live_server.session() as session, write_transaction(session):
        home, booking = _held(session)
    yield Shop(live_server, fake, home, booking)
    beside.shutdown()
    beside.server_close()


def _held(session: Any) -> tuple[str, str]:
    at = clock.now()
    lieu = a_lieu(session, slug="la-navette", name="La Navette", city="Lyon")
    room = a_room(session, lieu, slug="jacquard", name="Jacquard")
    a_seller(session, lieu, prefix="NAVETTE")
    sofia = a_member(session, "Sofia Costa", email="sofia@toits.example.org", is_operator=True)
    session.flush()
    organisation = organisations.found(
        session,
        name="Coopérative Toits Communs",
        email="sofia@toits.example.org",
        address="3 rue des Tuiles",
        postcode="69001",
        city="Lyon",
        siret="73282932000074",
        by=sofia.id,
        at=at,
    )
    starts_at = slots.starts(slots.number(at)) + timedelta(days=2)
    held = bookings.hold(
        session,
        room=room,
        organisation_id=organisation.id,
        member_id=sofia.id,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        people=6,
        at=at,
    )
    home = f"/organisations/{organisation.public_id}"
    return home, f"{home}/bookings/{held.public_id}"


def signed_in(page: Page, shop: Shop) -> Page:
    page.goto(shop.server.url + shop.booking)
    sign_in(page, shop.server)
    return page


def test_a_room_is_paid_by_card_and_its_receipt_read(
    shop: Shop, desktop: Page, looked_at: Look
) -> None:
    page = signed_in(desktop, shop)
    expect(page.get_by_role("button", name="Pay €57.60 by card")).to_be_visible()
    looked_at(page, "paying-choice")
    page.get_by_role("button", name="Pay €57.60 by card").click()
    expect(page.get_by_role("link", name="Go to the payment page, €57.60")).to_be_visible()
    expect(page.get_by_text("The room is held until 1")).to_be_visible()
    looked_at(page, "paying-page")
    page.get_by_role("link", name="Go to the payment page, €57.60").click()
    expect(page).to_have_url(f"{shop.stripe.url}/pay/cs_test_1")
    page.get_by_role("button", name="Pay").click()
    # Back on our page, which looks again by itself until the news has come.
    expect(page.get_by_text("Booked", exact=True)).to_be_visible(timeout=15_000)
    shop.work()
    page.goto(shop.server.url + shop.booking)
    expect(page.get_by_text("Paid by card on")).to_be_visible()
    looked_at(page, "paying-receipts")
    with page.expect_download() as download:
        page.get_by_role("link", name="Invoice NAVETTE-2026-00001").click()
    assert download.value.suggested_filename == "NAVETTE-2026-00001.pdf"
    page.get_by_role("link", name="Invoices").click()
    expect(page.get_by_role("row", name="NAVETTE-2026-00001")).to_contain_text("Paid by card")
    looked_at(page, "paying-invoices")
    page.goto(shop.server.url + shop.booking)
    page.get_by_text("Cancel this booking").click()
    page.get_by_role("button", name="Cancel the booking").click()
    expect(page.get_by_text("€57.60 is on its way back to the card")).to_be_visible()
    shop.work()
    page.reload()
    expect(page.get_by_text("€57.60 went back to the card")).to_be_visible()
    expect(page.get_by_text("Credit note NAVETTE-2026-00002")).to_be_visible()
    assert shop.stripe.back() == 5760
    page.goto(f"{shop.server.url}/operator/lieux/la-navette/billing")
    expect(page.get_by_role("row", name="NAVETTE-2026-00002")).to_contain_text("Takes back")
    looked_at(page, "billing")
    page.goto(f"{shop.server.url}{shop.home}/facts")
    looked_at(page, "paying-facts")


def test_several_days_are_paid_at_once_and_one_is_given_back(
    shop: Shop, desktop: Page, looked_at: Look
) -> None:
    first = (clock.now() + timedelta(days=7)).date()
    asked = f"date={first}&start=14:00&length=120&people=6&access=any&rhythm=weekly&times=3"
    page = signed_in(desktop, shop)
    page.goto(f"{shop.server.url}/lieux/la-navette/rooms/jacquard/series?{asked}")
    page.get_by_role("button", name="Hold them for ten minutes").click()
    expect(page.get_by_role("button", name="Book all days for €172.80")).to_be_visible()
    looked_at(page, "paying-series-choice")
    days = page.url
    page.get_by_role("row").nth(1).get_by_role("link").click()
    page.get_by_role("link", name="Book all days together").click()
    page.get_by_role("button", name="Pay €172.80 by card").click()
    page.get_by_role("link", name="Go to the payment page, €172.80").click()
    expect(page.get_by_role("heading", name="Jacquard, La Navette, 3 days")).to_be_visible()
    page.get_by_role("button", name="Pay").click()
    expect(page.get_by_text("Booked", exact=True)).to_have_count(3, timeout=15_000)
    expect(page.get_by_text("Paid by card on")).to_contain_text("€172.80")
    looked_at(page, "paying-series-receipts")
    page.get_by_role("row").nth(2).get_by_role("link").click()
    page.get_by_text("Cancel this booking").click()
    page.get_by_role("button", name="Cancel the booking").click()
    expect(page.get_by_text("€57.60 is on its way back to the card")).to_be_visible()
    shop.work()
    page.goto(days)
    expect(page.get_by_text("€57.60 went back to the card")).to_be_visible()
    assert shop.stripe.back() == 5760


def test_paying_needs_no_scripts(shop: Shop, new_context: Callable[..., BrowserContext]) -> None:
    page = signed_in(new_context(java_script_enabled=False).new_page(), shop)
    page.get_by_role("button", name="Pay €57.60 by card").click()
    page.get_by_role("link", name="Go to the payment page, €57.60").click()
    page.get_by_role("button", name="Pay").click()
    expect(page.get_by_role("heading", name="Jacquard")).to_be_visible()
    page.goto(shop.server.url + shop.booking)
    expect(page.get_by_text("Booked", exact=True)).to_be_visible()


def test_who_goes_back_without_paying_still_has_the_room(shop: Shop, phone: Page) -> None:
    page = signed_in(phone, shop)
    page.get_by_role("button", name="Pay €57.60 by card").click()
    page.get_by_role("link", name="Go to the payment page, €57.60").click()
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_text("Held for you")).to_be_visible()
    page.get_by_role("button", name="On invoice instead").click()
    expect(page.get_by_text("Booked", exact=True)).to_be_visible()
    shop.work()
    assert shop.stripe.sessions["cs_test_1"]["status"] == "expired"  # nobody can pay it now

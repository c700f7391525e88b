"""A seat ahead on a phone: found on the lieu's page, kept, put into a calendar, let go."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from serendipity import clock, consent, lieux, seats
from serendipity.db import write_transaction
from serendipity.lieux import Span
from tests.browser.conftest import LiveServer, phone_signed_in
from tests.rows import a_lieu, a_member, on_shift

Look = Callable[[Page, str], None]


@pytest.fixture
def people(live_server: LiveServer) -> dict[str, int]:
    """La Navette with two seats on weekday mornings; Awa, and Kofi on shift."""
    at = clock.now()
    with live_server.session() as session, write_transaction(session):
        lieu = a_lieu(session, name="La Navette", slug="la-navette")
        spans = [Span(day, 540, 720, "Coworking") for day in range(5)]
        lieux.keep_moments(session, lieu=lieu, spans=[*spans, Span(3, 1080, 1200, "Repair café")])
        for day in range(5):
            seats.offer(session, lieu=lieu, weekday=day, starts=540, count=2, at=at)
        awa, kofi = a_member(session, "Awa Diallo"), a_member(session, "Kofi Mensah")
        consent.choose(
            session,
            member_id=awa.id,
            lieu_id=lieu.id,
            here_today=False,
            by_mail=False,
            other_lieux=False,
            at=at,
        )
        on_shift(session, lieu, kofi, at=at)
        return {"Awa": awa.id, "Kofi": kofi.id}


def test_a_seat_is_kept_and_let_go_by_keyboard(
    live_server: LiveServer,
    people: dict[str, int],
    new_context: Callable[..., BrowserContext],
    looked_at: Look,
) -> None:
    awa = phone_signed_in(live_server, new_context, people["Awa"])
    awa.goto(f"{live_server.url}/lieux/la-navette")
    awa.get_by_role("link", name="Keep a seat").click()
    expect(awa.get_by_text("2 seats free").first).to_be_visible()
    looked_at(awa, "seats-choose")
    awa.get_by_role("button", name="Friday 27 March").focus()
    awa.keyboard.press("Enter")
    expect(awa.get_by_text("Your seat is kept.")).to_be_visible()
    expect(awa.get_by_role("heading", name="Friday 27 March")).to_be_visible()
    looked_at(awa, "seats-mine")
    with awa.expect_download() as download:
        awa.get_by_role("link", name="Into my calendar").click()
    assert download.value.suggested_filename == "seat.ics"
    awa.goto(f"{live_server.url}/here")
    expect(awa.get_by_role("heading", name="Your seats")).to_be_visible()
    looked_at(awa, "seats-away")
    awa.get_by_role("button", name="Give it back").focus()
    awa.keyboard.press("Enter")
    expect(awa.get_by_text("No seat is kept for you.")).to_be_visible()


def test_the_concierge_says_how_many(
    live_server: LiveServer,
    people: dict[str, int],
    new_context: Callable[..., BrowserContext],
    looked_at: Look,
) -> None:
    with live_server.session() as session, write_transaction(session):
        lieu, at = lieux.lieu_named(session, "la-navette"), clock.now()
        friday = seats.ahead(session, lieu=lieu, at=at)[0].starts_at
        seats.reserve(session, member_id=people["Awa"], lieu=lieu, starts_at=friday, at=at)
    kofi = phone_signed_in(live_server, new_context, people["Kofi"])
    kofi.goto(f"{live_server.url}/concierge/la-navette/seats")
    expect(kofi.get_by_text("Awa Diallo")).to_be_visible()
    kofi.get_by_label("Thursday, Repair café").fill("a few")
    kofi.get_by_role("button", name="Keep the numbers").click()
    expect(kofi.get_by_role("alert")).to_contain_text("A whole number from 0 to 500.")
    looked_at(kofi, "seats-numbers")
    kofi.get_by_label("Thursday, Repair café").fill("3")
    kofi.get_by_role("button", name="Keep the numbers").click()
    expect(kofi.get_by_text("Seats that were promised stay promised.")).to_be_visible()
    expect(kofi.get_by_label("Thursday, Repair café")).to_have_value("3")

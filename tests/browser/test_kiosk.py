"""The screen at the door in a real browser: without a phone, without a line, left alone."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import func, select

from serendipity import clock, kept, kiosks, presence
from serendipity.arrivals import Declaration
from serendipity.db import write_transaction
from serendipity.kept import KeptCheckIn
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.web.language import STAYS
from tests.browser.conftest import (
    SCREENSHOTS,
    LiveServer,
    eventually,
    let_pass,
    pair,
    sideways,
    violations,
)

Look = Callable[[Page, str], None]
TABLET = {"width": 1280, "height": 800}


@pytest.fixture
def screen(new_context: Callable[..., BrowserContext], live_server: LiveServer, kiosk: str) -> Page:
    """A tablet at the door, paired, its worker ready to stand in for the line."""
    page = new_context(viewport=TABLET, has_touch=True).new_page()
    pair(page, live_server, kiosk)
    page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    assert eventually(lambda: device_key(live_server))
    return page


def device_key(live_server: LiveServer) -> str:
    with live_server.session() as session:
        return session.scalars(select(kiosks.Kiosk.device_key)).one()


def open_form(screen: Page) -> None:
    screen.get_by_role("link", name="No phone? Check in here").click()
    expect(screen.get_by_role("heading", name="Check in without a phone")).to_be_visible()


def typed(screen: Page, email: str = "awa@example.org", name: str = "Awa Diallo") -> None:
    screen.get_by_role("textbox", name="Your email").fill(email)
    screen.get_by_role("textbox", name="Your name").fill(name)
    screen.get_by_role("textbox", name="You can help with").fill("Illustration, screen printing")


def kept_now(screen: Page) -> int:
    return int(screen.evaluate("import('/static/js/kept.js').then((kept) => kept.waiting())"))


def test_when_a_person_is_gone_the_screen_speaks_the_language_of_its_lieu_again(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], kiosk: str
) -> None:
    screen = new_context(viewport=TABLET, has_touch=True).new_page()
    screen.clock.install()
    pair(screen, live_server, kiosk)
    screen.get_by_role("button", name="Français").click()
    expect(screen.locator("html")).to_have_attribute("lang", "fr")
    later = clock.now() - datetime.now(UTC) + STAYS
    clock.set_source(lambda: datetime.now(UTC) + later)
    screen.clock.fast_forward(16_000)  # the next code is fetched
    expect(screen.locator("html")).to_have_attribute("lang", "en")


def test_no_phone_then_the_letter_on_a_computer(
    live_server: LiveServer, screen: Page, desktop: Page, looked_at: Look
) -> None:
    open_form(screen)
    for name in ("Here today", "Introductions by mail", "Other lieux"):
        expect(screen.get_by_role("switch", name=name)).not_to_be_checked()
    looked_at(screen, "no-phone")
    screen.get_by_role("textbox", name="You can help with").fill("Illustration")
    screen.get_by_role("button", name="I’m here").click()
    expect(screen.get_by_role("alert").first).to_contain_text("not an email address")
    looked_at(screen, "no-phone-errors")
    typed(screen)
    screen.get_by_role("button", name="I’m here").click()
    expect(screen.get_by_text("A letter with a code is on its way")).to_be_visible()
    looked_at(screen, "kiosk-thanks")
    assert "diallo" not in screen.content().lower()
    with live_server.session() as session:
        letter = session.scalars(select(Letter)).one()
    desktop.goto(f"{live_server.url}/check-in/letter/{letter.facts['handle']}")
    expect(desktop.get_by_text("Illustration, screen printing")).to_be_visible()
    looked_at(desktop, "letter-page")
    desktop.get_by_role("textbox", name="Six digits").fill(letter.facts["code"])
    desktop.get_by_role("button", name="Enter").click()
    desktop.wait_for_url("**/here")
    with live_server.session() as session:
        awa = session.scalars(select(Member).where(Member.email == "awa@example.org")).one()
        stay = presence.of(session, member_id=awa.id, at=clock.now())
        assert stay is not None
        assert (stay.how_in, stay.confirmed_at is not None) == ("kiosk", True)
    desktop.goto(f"{live_server.url}/check-in/letter/{letter.facts['handle']}")
    expect(desktop.get_by_role("heading", name="This letter has done its work")).to_be_visible()
    looked_at(desktop, "letter-over")


def test_a_minute_without_a_touch_empties_the_page_and_says_so_before(
    screen: Page, looked_at: Look
) -> None:
    screen.clock.install()
    open_form(screen)
    typed(screen)
    let_pass(screen, 46_000)
    asks = screen.get_by_role("dialog", name="Still there?")
    expect(asks).to_be_visible()
    expect(asks).to_contain_text("14")
    looked_at(screen, "still-there")
    screen.get_by_role("button", name="I’m still here").click()
    expect(asks).to_be_hidden()
    let_pass(screen, 44_000)
    expect(screen.get_by_role("textbox", name="Your email")).to_have_value("awa@example.org")
    let_pass(screen, 17_000)
    screen.wait_for_url("**/kiosk/screen")
    screen.go_back()
    assert "awa@example.org" not in screen.content()
    open_again = screen.get_by_role("textbox", name="Your email")
    if open_again.count():
        expect(open_again).to_have_value("")


def test_the_keyboard_alone_checks_in_without_a_phone(
    live_server: LiveServer, screen: Page
) -> None:
    screen.get_by_role("link", name="No phone? Check in here").focus()
    screen.keyboard.press("Enter")
    screen.get_by_role("textbox", name="Your email").focus()
    for words in ("awa@example.org", "Awa Diallo", "Illustration", "pricing"):
        screen.keyboard.type(words)
        screen.keyboard.press("Tab")
    screen.keyboard.press("ArrowRight")
    for _ in range(4):
        screen.keyboard.press("Tab")
        if screen.evaluate("document.activeElement.role") == "switch":
            continue
    screen.keyboard.press("Enter")
    expect(screen.get_by_text("A letter with a code is on its way")).to_be_visible()
    with live_server.session() as session:
        assert session.scalars(select(Declaration.skills)).one() == ["Illustration"]


def test_without_scripts_the_kiosk_still_checks_in(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], kiosk: str
) -> None:
    page = new_context(viewport=TABLET, java_script_enabled=False).new_page()
    pair(page, live_server, kiosk)
    open_form(page)
    typed(page)
    page.get_by_role("button", name="I’m here").click()
    expect(page.get_by_text("A letter with a code is on its way")).to_be_visible()


def test_offline_says_so_survives_a_reload_keeps_and_sends_once(
    live_server: LiveServer, screen: Page
) -> None:
    context = screen.context
    screen.reload()  # so that the worker is in charge of the page
    context.set_offline(True)
    screen.reload()
    expect(screen.get_by_text("Offline. Check in here all the same")).to_be_visible()
    assert violations(screen) == []
    screen.screenshot(path=SCREENSHOTS / "kiosk-offline.png")
    open_form(screen)
    typed(screen)
    screen.get_by_role("button", name="I’m here").click()
    expect(screen.get_by_text("Your check-in is kept on this tablet.")).to_be_visible()
    expect(screen.get_by_text("Kept on this tablet and not sent yet: 1")).to_be_visible()
    screen.screenshot(path=SCREENSHOTS / "kiosk-offline-kept.png")
    stored = screen.evaluate(EVERYTHING)
    assert "awa" not in stored.lower()
    assert "illustration" not in stored.lower()
    context.set_offline(False)
    assert eventually(lambda: count(live_server, Declaration) == 1, within=30)
    assert eventually(lambda: kept_now(screen) == 0)
    with live_server.session() as session:
        said = session.scalars(select(Declaration)).one()
        assert (said.email, said.how_in) == ("awa@example.org", "kiosk")


EVERYTHING = """async () => {
  const asked = indexedDB.open("serendipity-kiosk");
  const db = await new Promise((yes) => (asked.onsuccess = () => yes(asked.result)));
  const all = db.transaction("events").objectStore("events").getAll();
  const events = await new Promise((yes) => (all.onsuccess = () => yes(all.result)));
  return JSON.stringify([events, { ...localStorage }, { ...sessionStorage }]);
}"""

KEEP = """async ([howMany, skews, until]) => {
  const kept = await import("/static/js/kept.js");
  const ahead = Number(localStorage.getItem("kiosk-ahead"));
  for (let n = 0; n < howMany; n++) {
    const words = { name: `P ${n}`, email: `p${n}@example.org`, skills: "", need: "", until,
      here_today: false, by_mail: false, other_lieux: false, language: "en" };
    await kept.keep(words, Math.round(Date.now() + ahead + skews[n % skews.length]));
  }
}"""

SEND = """async (events) => {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify(events);
  return await (await fetch("/kiosk/kept", { method: "POST", headers, body })).json();
}"""


def test_two_hundred_kept_offline_shuffled_and_sent_three_times_are_two_hundred(
    live_server: LiveServer, screen: Page
) -> None:
    chance = random.Random(20260326)
    skews = [chance.randint(-240_000, 240_000) for _ in range(200)]
    wrong = [-73 * 3_600_000, 360_000]
    screen.context.set_offline(True)
    screen.evaluate(KEEP, [200, skews, ""])
    screen.evaluate(KEEP, [50, wrong, ""])
    events: list[Any] = json.loads(screen.evaluate(EVERYTHING))[0]
    assert len(events) == 250
    screen.context.set_offline(False)
    became: dict[str, set[str]] = {}
    for _ in range(3):
        chance.shuffle(events)
        for first in range(0, len(events), 50):
            answers = screen.evaluate(SEND, events[first : first + 50])
            for event, outcome in answers.items():
                became.setdefault(event, set()).add(outcome)
    assert sorted(len(one) for one in became.values()) == [1] * 250
    assert count(live_server, Declaration) == 200
    assert eventually(lambda: kept_now(screen) == 0, within=90)  # and the screen sends them, too
    assert count(live_server, Declaration) == 200
    with live_server.session() as session:
        lieu_id = session.scalars(select(kiosks.Kiosk.lieu_id)).one()
        assert len(kept.waiting(session, lieu_id=lieu_id)) == 50


def count(live_server: LiveServer, noun: type) -> int:
    with live_server.session() as session:
        return session.scalar(select(func.count()).select_from(noun)) or 0


def test_a_screen_taken_away_while_offline_sends_nothing_any_more(
    live_server: LiveServer, screen: Page
) -> None:
    screen.context.set_offline(True)
    screen.evaluate(KEEP, [1, [0], ""])
    with live_server.session() as session, write_transaction(session):
        paired = session.scalars(select(kiosks.Kiosk)).one()
        kiosks.revoke(session, public_id=paired.public_id, lieu_id=paired.lieu_id, at=clock.now())
    screen.context.set_offline(False)
    expect(screen.get_by_role("heading", name="taken away")).to_be_visible(timeout=20_000)
    assert count(live_server, KeptCheckIn) == 0


def test_the_screen_fits_every_way_it_is_hung(live_server: LiveServer, screen: Page) -> None:
    for width, height in ((1280, 800), (800, 1280), (1920, 1080), (640, 400), (320, 640)):
        screen.set_viewport_size({"width": width, "height": height})
        assert sideways(screen) <= 0, (width, height)
        screen.screenshot(path=SCREENSHOTS / f"kiosk-{width}.png", full_page=True)
        for button in screen.locator(".gate .btn:visible, .gate .lang button").all():
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= 60, button.inner_text()
    assert violations(screen) == []

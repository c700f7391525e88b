"""A person at the door, with a phone: from the scan to being here, without typing an address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from serendipity import clock, kiosks, presence, skills
from serendipity.db import write_transaction
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.presence import Presence
from tests.browser.conftest import SCREENSHOTS, LiveServer, pair, phone_signed_in, violations
from tests.pages import mailed_code
from tests.rows import a_member, on_shift

Look = Callable[[Page, str], None]


def scanned_address(live_server: LiveServer) -> str:
    """What the kiosk's QR code says at this moment."""
    with live_server.session() as session:
        kiosk = session.scalars(select(kiosks.Kiosk)).one()
        secret = str(live_server.app.config["SECRET_KEY"])
        shown = kiosks.door_code(kiosk, secret=secret, at=clock.now())
    return f"{live_server.url}/door/{shown.code}"


def code_in_the_letter(live_server: LiveServer) -> str:
    with live_server.session() as session:
        return mailed_code(session)


def first_check_in(phone: Page, live_server: LiveServer) -> None:
    phone.goto(scanned_address(live_server))
    phone.get_by_role("textbox", name="Your name").fill("Awa Diallo")
    phone.get_by_role("textbox", name="Your email").fill("awa@example.org")
    phone.get_by_role("textbox", name="You can help with").fill("Illustration, screen printing")
    phone.get_by_role("textbox", name="What would help you today?").fill(
        "How to price a board game"
    )
    phone.get_by_role("switch", name="Here today").check()
    phone.get_by_role("button", name="I’m here").click()
    expect(phone.get_by_role("heading", name="One code, and you are in")).to_be_visible()
    phone.get_by_role("textbox", name="Six digits").fill(code_in_the_letter(live_server))
    phone.get_by_role("button", name="Enter").click()
    phone.wait_for_url("**/here")


def test_a_first_check_in_on_a_phone(
    live_server: LiveServer, desktop: Page, phone: Page, kiosk: str, looked_at: Look
) -> None:
    pair(desktop, live_server, kiosk)
    phone.goto(scanned_address(live_server))
    expect(phone.get_by_role("heading", name="Come in")).to_be_visible()
    expect(phone.get_by_text("4 people are here.")).to_be_visible()
    for name in ("Here today", "Introductions by mail", "Other lieux"):
        expect(phone.get_by_role("switch", name=name)).not_to_be_checked()
    looked_at(phone, "check-in-first")
    phone.get_by_role("textbox", name="Your email").fill("awa@")
    phone.get_by_role("textbox", name="You can help with").fill("Illustration, screen printing")
    phone.get_by_role("button", name="I’m here").click()
    expect(phone.get_by_role("alert")).to_contain_text("not an email address")
    looked_at(phone, "check-in-errors")
    phone.get_by_role("textbox", name="Your name").fill("Awa Diallo")
    phone.get_by_role("textbox", name="Your email").fill("awa@example.org")
    phone.get_by_role("textbox", name="What would help you today?").fill(
        "How to price a board game"
    )
    phone.get_by_role("button", name="I’m here").click()
    expect(phone.get_by_role("heading", name="One code, and you are in")).to_be_visible()
    looked_at(phone, "check-in-code")
    phone.get_by_role("textbox", name="Six digits").fill(code_in_the_letter(live_server))
    phone.get_by_role("button", name="Enter").click()
    phone.wait_for_url("**/here")
    with live_server.session() as session:
        awa = session.scalars(select(Member).where(Member.email == "awa@example.org")).one()
        stay = presence.of(session, member_id=awa.id, at=clock.now())
        assert stay is not None
        assert stay.confirmed_at is not None
        offered = skills.skills_of(session, [awa.id])[awa.id]
        assert [skill.words for skill in offered] == ["Illustration", "screen printing"]


def test_what_goes_wrong_is_said_and_nothing_typed_is_lost(
    live_server: LiveServer, desktop: Page, phone: Page, kiosk: str, looked_at: Look
) -> None:
    pair(desktop, live_server, kiosk)
    phone.goto(scanned_address(live_server))
    said = {
        "Your name": "Awa Diallo",
        "Your email": "awa@example",
        "What would help you today?": "How to price a board game",
    }
    for name, words in said.items():
        phone.get_by_role("textbox", name=name).fill(words)
    phone.get_by_role("textbox", name="You can help with").fill("x" * 10_000)
    phone.get_by_role("switch", name="Introductions by mail").check()
    phone.get_by_role("button", name="I’m here").click()
    alert = phone.get_by_role("alert")
    expect(alert).to_contain_text("not an email address")
    phone.get_by_role("textbox", name="Your email").fill("awa@example.org")
    phone.get_by_role("button", name="I’m here").click()
    expect(alert).to_contain_text("10000 characters, and 240 fit")
    looked_at(phone, "check-in-long-skill")
    for name, words in {**said, "Your email": "awa@example.org"}.items():
        expect(phone.get_by_role("textbox", name=name)).to_have_value(words)
    expect(phone.get_by_role("switch", name="Introductions by mail")).to_be_checked()
    phone.get_by_role("button", name="Remove x").click()
    phone.get_by_role("button", name="I’m here").click()
    expect(phone.get_by_role("heading", name="One code, and you are in")).to_be_visible()
    right = code_in_the_letter(live_server)
    for left in ("4 tries", "3 tries", "2 tries", "One try", "ask for a new one"):
        phone.get_by_role("textbox", name="Six digits").fill(f"{(int(right) + 1) % 10**6:06d}")
        phone.get_by_role("button", name="Enter").click()
        expect(alert.first).to_contain_text(left)
    looked_at(phone, "code-wrong-five-times")
    phone.get_by_role("button", name="Send a new code").click()
    expect(phone.get_by_text("A new code is on its way")).to_be_visible()
    phone.get_by_role("textbox", name="Six digits").fill(code_in_the_letter(live_server))
    phone.get_by_role("button", name="Enter").click()
    phone.wait_for_url("**/here")


def test_returning_takes_two_taps(
    live_server: LiveServer, desktop: Page, phone: Page, kiosk: str, looked_at: Look
) -> None:
    pair(desktop, live_server, kiosk)
    first_check_in(phone, live_server)
    with live_server.session() as session, write_transaction(session):
        awa = session.scalars(select(Member).where(Member.email == "awa@example.org")).one()
        presence.leave(session, member_id=awa.id, at=clock.now() + timedelta(seconds=1))
    phone.goto(scanned_address(live_server))  # the first tap: the phone's camera offers the address
    expect(phone.get_by_role("heading", name="Hello Awa Diallo")).to_be_visible()
    expect(phone.get_by_role("switch", name="Here today")).to_be_checked()
    expect(phone.get_by_role("textbox", name="What would help you today?")).to_have_value("")
    looked_at(phone, "check-in-returning")
    phone.get_by_role("button", name="I’m here").tap()
    phone.wait_for_url("**/here")
    with live_server.session() as session:
        awa = session.scalars(select(Member).where(Member.email == "awa@example.org")).one()
        stays = session.scalars(select(Presence).where(Presence.member_id == awa.id)).all()
        assert [stay.ended_at is None for stay in stays] == [False, True]
        assert len(skills.skills_of(session, [awa.id])[awa.id]) == 2


def test_the_check_in_works_with_the_keyboard_and_without_scripts(
    live_server: LiveServer, desktop: Page, new_context: Callable[..., BrowserContext], kiosk: str
) -> None:
    pair(desktop, live_server, kiosk)
    page = new_context(java_script_enabled=False).new_page()
    page.goto(scanned_address(live_server))
    page.get_by_role("textbox", name="Your name").focus()
    for words in ("Awa Diallo", "awa@example.org", "Illustration, screen printing", "pricing"):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="One code, and you are in")).to_be_visible()
    page.get_by_role("textbox", name="Six digits").focus()
    page.keyboard.type(code_in_the_letter(live_server))
    page.keyboard.press("Enter")
    page.wait_for_url("**/here")


def test_the_kiosk_rotates_its_code_and_an_old_one_is_refused(
    live_server: LiveServer, desktop: Page, phone: Page, kiosk: str, looked_at: Look
) -> None:
    pair(desktop, live_server, kiosk)
    expect(desktop.get_by_text("Sewing 4")).to_be_visible()
    old = scanned_address(live_server)
    digits = desktop.locator("p.code").inner_text()
    expect(desktop.locator("p.code")).not_to_have_text(digits, timeout=20_000)
    assert violations(desktop) == []
    desktop.screenshot(path=SCREENSHOTS / "kiosk-light.png")
    desktop.emulate_media(color_scheme="dark")
    assert violations(desktop) == []
    desktop.screenshot(path=SCREENSHOTS / "kiosk-dark.png")
    desktop.set_viewport_size({"width": 900, "height": 1440})
    desktop.screenshot(path=SCREENSHOTS / "kiosk-portrait-dark.png")
    source = clock._source
    clock.set_source(lambda: source() + timedelta(seconds=60))
    phone.goto(old)
    expect(phone.get_by_role("heading", name="This code has expired, scan again")).to_be_visible()
    looked_at(phone, "code-expired")


def test_a_revoked_kiosk_goes_dark_by_itself(
    live_server: LiveServer, desktop: Page, kiosk: str, looked_at: Look
) -> None:
    pair(desktop, live_server, kiosk)
    with live_server.session() as session, write_transaction(session):
        paired = session.scalars(select(kiosks.Kiosk)).one()
        kiosks.revoke(session, public_id=paired.public_id, lieu_id=paired.lieu_id, at=clock.now())
    expect(desktop.get_by_role("heading", name="taken away")).to_be_visible(timeout=20_000)
    looked_at(desktop, "kiosk-revoked")


PAGES = {
    "home": "/",
    "sign-in": "/sign-in",
    "no-pass": "/check-in",
    "cookies-off": "/check-in?scanned=1",
    "kiosk-pair": "/kiosk/",
    "code-foreign": "/door/v1.a.1.b",
}


@pytest.mark.usefixtures("kiosk")
@pytest.mark.parametrize("name", PAGES)
def test_pages_of_the_door_are_clean(
    live_server: LiveServer, phone: Page, looked_at: Look, name: str
) -> None:
    phone.goto(live_server.url + PAGES[name])
    looked_at(phone, name)


def test_the_poster_prints_on_one_sheet_and_is_replaced(
    live_server: LiveServer,
    new_context: Callable[..., BrowserContext],
    phone: Page,
    kiosk: str,
    looked_at: Look,
) -> None:
    with live_server.session() as session, write_transaction(session):
        lieu = session.scalars(select(Lieu)).one()
        bertille = a_member(session, "Bertille Gast")
        on_shift(session, lieu, bertille, at=clock.now())
        member_id, slug = bertille.id, lieu.slug
        secret = str(live_server.app.config["SECRET_KEY"])
        old = kiosks.poster_code(session, lieu=lieu, secret=secret)
    desk = phone_signed_in(live_server, new_context, member_id)
    desk.goto(f"{live_server.url}/concierge/{slug}/kiosks")
    looked_at(desk, "screens")
    desk.get_by_role("link", name="Print the poster").click()
    expect(desk.get_by_role("heading", name="La Navette")).to_be_visible()
    assert violations(desk) == []
    desk.screenshot(path=SCREENSHOTS / "poster.png")
    sheet = desk.pdf(format="A4", path=SCREENSHOTS / "poster.pdf")
    assert sheet.count(b"/Type /Page\n") == 1
    phone.goto(f"{live_server.url}/door/{old}")
    expect(phone.get_by_role("heading", name="Come in")).to_be_visible()
    desk.go_back()
    desk.get_by_role("button", name="Replace the poster").click()
    expect(desk.get_by_text("The posters that hang open nothing any more.")).to_be_visible()
    phone.goto(f"{live_server.url}/door/{old}")
    expect(phone.get_by_role("heading", name="This poster has been replaced")).to_be_visible()
    looked_at(phone, "poster-replaced")

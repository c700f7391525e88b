"""A passkey in Chromium with a virtual device: offered, made, used, renamed, removed, declined."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from serendipity import clock
from serendipity.db import write_transaction
from serendipity.passkeys import Passkey
from serendipity.presence import Presence
from tests.browser.conftest import LiveServer, phone_signed_in
from tests.rows import a_lieu, somebody_here

Look = Callable[[Page, str], None]


@pytest.fixture
def named(live_server: LiveServer) -> LiveServer:
    """The server under a name: browsers make no passkeys for a bare number."""
    url = live_server.url.replace("127.0.0.1", "localhost")
    settings = live_server.app.config["SETTINGS"]
    live_server.app.config["SETTINGS"] = dataclasses.replace(settings, public_url=url)
    return LiveServer(url, live_server.app)


@pytest.fixture
def awa(named: LiveServer) -> int:
    """Awa, here for the third time."""
    at = clock.now()
    with named.session() as session, write_transaction(session):
        lieu = a_lieu(session, name="La Navette")
        member = somebody_here(session, lieu, "Awa Diallo", at=at)
        for days in (2, 9):
            before = at - timedelta(days=days)
            session.add(
                Presence(
                    member_id=member.id,
                    lieu_id=lieu.id,
                    started_at=before,
                    until=before + timedelta(hours=2),
                    ended_at=before + timedelta(hours=2),
                    how_in="qr",
                    how_out="until",
                )
            )
        return member.id


def with_a_device(page: Page) -> None:
    """Chromium's own virtual authenticator: a phone's, which asks for its owner and says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def held(server: LiveServer) -> list[Passkey]:
    with server.session() as session:
        return list(session.scalars(select(Passkey)))


def test_a_passkey_is_offered_made_used_and_removed(
    named: LiveServer,
    awa: int,
    new_context: Callable[..., BrowserContext],
    looked_at: Look,
) -> None:
    page = phone_signed_in(named, new_context, awa)
    with_a_device(page)
    page.goto(f"{named.url}/here")
    expect(page.get_by_role("heading", name="Quicker next time?")).to_be_visible()
    looked_at(page, "passkey-offered")
    page.get_by_role("button", name="Make a passkey on this device").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Next time, a finger or a glance is enough")).to_be_visible()
    assert [one.name for one in held(named)] == ["My device"]
    page.get_by_role("textbox", name="Passkey").fill("Awa’s phone")
    page.get_by_role("button", name="Keep the name").click()
    expect(page.get_by_role("textbox", name="Passkey")).to_have_value("Awa’s phone")
    looked_at(page, "passkey-me")
    page.get_by_role("button", name="Sign out", exact=True).click()

    page.goto(f"{named.url}/sign-in?next=/me")
    looked_at(page, "passkey-sign-in")
    page.get_by_role("button", name="Use my passkey").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Awa Diallo")).to_be_visible()
    assert held(named)[0].used_at is not None
    page.goto(f"{named.url}/here")
    expect(page.get_by_role("heading", name="Quicker next time?")).to_have_count(0)

    page.goto(f"{named.url}/me")
    page.get_by_role("button", name="Remove Awa’s phone").click()
    expect(page.get_by_text("Removed here.")).to_be_visible()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.goto(f"{named.url}/sign-in")
    page.get_by_role("button", name="Use my passkey").click()
    expect(page.get_by_text("This passkey does not open this door.")).to_be_visible()
    expect(page.get_by_label("Your email")).to_be_visible()


def test_no_thank_you_is_heard_and_a_device_that_refuses_costs_nothing(
    named: LiveServer, awa: int, new_context: Callable[..., BrowserContext]
) -> None:
    page = phone_signed_in(named, new_context, awa)
    page.goto(f"{named.url}/here")
    page.evaluate("() => { navigator.credentials.create = () => Promise.reject(Error('no')) }")
    page.get_by_role("button", name="Make a passkey on this device").click()
    expect(page.get_by_text("No passkey was made.")).to_be_visible()
    page.get_by_role("button", name="No, thank you").click()
    expect(page.get_by_text("We will not ask again")).to_be_visible()
    expect(page.get_by_role("heading", name="Quicker next time?")).to_have_count(0)
    assert held(named) == []

"""The phone's pages at 200 %: as zoom (half as many pixels to lay out in) and as larger text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from serendipity import clock, lieux, seats
from serendipity.db import write_transaction
from serendipity.lieux import Span
from tests.browser.conftest import SCREENSHOTS, LiveServer, phone_signed_in, sideways, violations
from tests.rows import a_lieu
from tests.woven import skilled

PAGES = ("/here", "/me", "/seats", "/lieux/la-navette/seats", "/me/erase")


@pytest.fixture
def page(live_server: LiveServer, new_context: Callable[..., BrowserContext]) -> Page:
    """Awa's browser: she is here, and keeps a seat."""
    at = clock.now()
    with live_server.session() as session, write_transaction(session):
        lieu = a_lieu(session, name="La Navette", slug="la-navette")
        lieux.keep_moments(session, lieu=lieu, spans=[Span(4, 540, 720, "Coworking")])
        seats.offer(session, lieu=lieu, weekday=4, starts=540, count=2, at=at)
        awa = skilled(session, lieu, "Awa Diallo", can=["Illustration"], wants="Pricing", at=at)
        skilled(session, lieu, "Inès Morel", can=["Pricing strategy"], at=at)
        friday = seats.ahead(session, lieu=lieu, at=at)[0].starts_at
        seats.reserve(session, member_id=awa.id, lieu=lieu, starts_at=friday, at=at)
        member_id = awa.id
    return phone_signed_in(live_server, new_context, member_id)


def test_nothing_is_lost_at_twice_the_size(live_server: LiveServer, page: Page) -> None:
    wrong: list[str] = []
    for path in PAGES:
        page.set_viewport_size({"width": 640, "height": 450})  # 1280 by 900, zoomed to 200 %
        page.goto(live_server.url + path)
        wrong += [f"{path}, zoom: {one}" for one in violations(page)]
        if sideways(page) > 0:
            wrong.append(f"{path} scrolls sideways when zoomed")
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            if sideways(page) > 0:
                wrong.append(f"{path} scrolls sideways at {width} px with text twice as large")
        name = path.strip("/").replace("/", "-")
        page.screenshot(path=SCREENSHOTS / f"zoom-{name}.png", full_page=True)
    assert wrong == []

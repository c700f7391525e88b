"""Open pages in Chromium against the real processes: they follow the room by themselves."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from serendipity import clock, config, kiosks, presence, skillmap
from serendipity.members import Member
from serendipity.organisations import Organisation
from serendipity.skillmap.counts import SkillCount
from serendipity.skills import Concept, ConceptName
from tests.live.conftest import Service, running, service
from tests.rows import a_lieu, a_member, booked, on_shift, somebody_here
from tests.woven import skilled

FIXTURES = (running, service)
HOUR = timedelta(hours=1)
SOON = 5_000  # milliseconds: less than the ten seconds after which a page asks without a stream


@pytest.fixture(scope="module")
def installation(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> config.Settings:
    """On one database: what the streams say is tested on both in tests/live."""
    instance = tmp_path_factory.mktemp("live") / "instance"
    instance.mkdir()
    shutil.copy(migrated_file, instance / "serendipity.sqlite")
    return config.load({}, instance=instance)


def open_page(page: Page, service: Service, member: Member, path: str) -> None:
    """Open an address as this member, and wait for its stream to be there."""
    name, _, value = service.cookie(member)["Cookie"].partition("=")
    base = f"http://localhost:{service.port}"
    page.context.add_cookies([{"name": name, "value": value, "url": base}])
    with page.expect_request("**/live/**"):
        page.goto(base + path)


def test_who_hides_disappears_from_an_open_page_and_what_is_typed_stays(
    phone: Page, service: Service
) -> None:
    with service.writing() as session:
        lieu = a_lieu(session)
        awa = somebody_here(session, lieu, "Awa Diallo", at=clock.now())
        bo = somebody_here(session, lieu, "Bo Jansen", at=clock.now())
    open_page(phone, service, awa, "/here")
    expect(phone.get_by_text("Bo Jansen").first).to_be_visible()
    phone.get_by_label("What are you stuck on?").fill("My laser files come out mirr")
    with service.writing() as session:
        presence.hide(session, member_id=bo.id, at=clock.now())
    expect(phone.get_by_text("Bo Jansen")).to_have_count(0, timeout=SOON)
    expect(phone.get_by_label("What are you stuck on?")).to_be_focused()
    expect(phone.get_by_label("What are you stuck on?")).to_have_value(
        "My laser files come out mirr"
    )


def test_the_desk_shows_who_came_in_and_empties_with_the_shift(
    desktop: Page, service: Service, looked_at: Callable[[Page, str], None]
) -> None:
    with service.writing() as session:
        lieu = a_lieu(session)
        nour = a_member(session, "Nour Haddad")
        shift = on_shift(session, lieu, nour, at=clock.now())
    open_page(desktop, service, nour, f"/concierge/{lieu.slug}/")
    with service.writing() as session:
        somebody_here(session, lieu, "Bo Jansen", at=clock.now())
    expect(desktop.get_by_text("Bo Jansen").first).to_be_visible(timeout=SOON)
    looked_at(desktop, "live-desk")
    with service.writing() as session:
        session.merge(shift).ended_at = clock.now()
    expect(desktop.get_by_text("Bo Jansen")).to_have_count(0, timeout=SOON)


def test_a_size_that_changes_appears_on_an_open_map_and_what_is_typed_stays(
    desktop: Page, service: Service
) -> None:
    at = clock.now()
    with service.writing() as session:
        lieu = a_lieu(session)
        session.add(Concept(id="sewing", vocabulary="starter", labels={"en": "Sewing"}))
        session.flush()
        session.add(ConceptName(concept_id="sewing", language="en", words="sewing"))
        for number in range(3):
            skilled(
                session, lieu, f"Awa{number} Diallo", can=["sewing"], at=at - HOUR, here_today=True
            )
        skillmap.count(session, lieu_id=lieu.id, at=at)
        sofia, booking = booked(session, lieu, starts=at - HOUR, ends=at + HOUR)
        where = session.get_one(Organisation, booking.organisation_id).public_id
    open_page(desktop, service, sofia, f"/organisations/{where}/bookings/{booking.public_id}/map")
    expect(desktop.get_by_role("link", name="Sewing, 3 people or more")).to_be_visible()
    desktop.get_by_role("searchbox").fill("sew")
    with service.writing() as session:
        shown = session.get_one(SkillCount, (lieu.id, "skill", "sewing"))
        shown.people = 8
    now = desktop.get_by_role("link", name="Sewing, 8 people or more")
    expect(now).to_be_visible(timeout=SOON)
    expect(desktop.get_by_role("searchbox")).to_be_focused()
    expect(desktop.get_by_role("searchbox")).to_have_value("sew")


def test_the_screen_at_the_door_counts_along(desktop: Page, service: Service) -> None:
    with service.writing() as session:
        lieu = a_lieu(session)
        somebody_here(session, lieu, "Awa Diallo", at=clock.now())
        bo = somebody_here(session, lieu, "Bo Jansen", at=clock.now())
        code = kiosks.make_pairing(session, lieu_id=lieu.id, name="Door", at=clock.now())
        _, token = kiosks.pair(session, code=code, at=clock.now())
    base = f"http://localhost:{service.port}"
    desktop.context.add_cookies([{"name": "kiosk", "value": token, "url": base}])
    with desktop.expect_request("**/live/door"):
        desktop.goto(f"{base}/kiosk/screen")
    expect(desktop.locator(".big")).to_have_text("2")
    with service.writing() as session:
        presence.leave(session, member_id=bo.id, at=clock.now())
    expect(desktop.locator(".big")).to_have_text("1", timeout=SOON)

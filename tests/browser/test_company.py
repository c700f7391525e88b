"""A company's person at a desk: from a lieu's page to a room with the skills of the house."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from matching.text import normalised
from serendipity import bookings, calls, clock, skillmap, slots
from serendipity.calls import Call, CallAsked
from serendipity.db import write_transaction
from serendipity.lieux import Moment
from serendipity.members import Member
from serendipity.organisations import Organisation
from serendipity.presence import Presence
from serendipity.rooms import Room
from serendipity.skills import Concept, ConceptName, Family, MemberSkill
from tests.browser.conftest import LiveServer
from tests.pages import mailed_code
from tests.rows import a_lieu, a_member, a_room, somebody_here

Look = Callable[[Page, str], None]
MINUTE = timedelta(minutes=1)
FAMILIES: dict[str, dict[str, tuple[int, str]]] = {
    "accounting-and-tax": {"Bookkeeping": (4, "Comptabilité"), "Pricing": (3, "Prix")},
    "funding-and-grants": {"Grant writing": (3, "Demandes de subvention")},
    "law-and-contracts": {"Contracts": (2, "Contrats"), "Cooperative statutes": (2, "Statuts")},
    "graphic-design": {"Illustration": (4, "Illustration"), "Screen printing": (3, "Sérigraphie")},
    "facilitation-and-events": {"Facilitation": (5, "Animation"), "Plain language": (3, "FALC")},
    "languages": {"Dutch": (2, "Néerlandais"), "Polish": (2, "Polonais"), "Arabic": (2, "Arabe")},
    "web-and-software": {"Python": (4, "Python"), "Web accessibility": (3, "Accessibilité")},
    "woodwork": {"Carpentry": (5, "Menuiserie")},
    "metalwork-and-electronics": {"Soldering": (4, "Soudure")},
    "digital-fabrication": {"Laser cutting": (3, "Découpe laser"), "3D printing": (3, "3D")},
    "gardening-and-growing": {"Composting": (3, "Compostage"), "Seeds": (2, "Semences")},
}


@pytest.fixture
def house(live_server: LiveServer) -> LiveServer:
    """La Navette on a Thursday: rooms, moments, and two dozen people with their skills."""
    at = clock.now()
    with live_server.session() as session, write_transaction(session):
        lieu = a_lieu(
            session,
            slug="la-navette",
            name="La Navette",
            address="12 montée de la Soie",
            postcode="69004",
            city="Lyon",
        )
        for day in range(5):
            session.add(
                Moment(lieu_id=lieu.id, weekday=day, starts=540, ends=1020, name="Coworking")
            )
        for starts, ends, name in ((480, 540, "Bread"), (1020, 1080, "AMAP")):
            session.add(Moment(lieu_id=lieu.id, weekday=3, starts=starts, ends=ends, name=name))
        a_room(
            session,
            lieu,
            slug="jacquard",
            name="Jacquard",
            description="North light, whiteboard wall, screen.",
            step_free=True,
            access="door 93 cm",
        )
        a_room(
            session,
            lieu,
            slug="bobine",
            name="La Bobine",
            capacity=6,
            shape="round",
            description="Round table, one flight of stairs.",
            access="14 steps, no lift",
            hour_cents=1800,
        )
        a_room(
            session,
            lieu,
            slug="grande-salle",
            name="Grande Salle",
            capacity=30,
            shape="rows",
            description="Chairs in rows or in a circle, projector, hearing loop.",
            step_free=True,
            hour_cents=5500,
            half_day_cents=18000,
            day_cents=32000,
        )
        people = [
            somebody_here(session, lieu, f"Awa{number} Diallo", at=at) for number in range(24)
        ]
        turn = 0
        for family, concepts in FAMILIES.items():
            label = family.replace("-", " ").capitalize()
            session.add(Family(id=family, vocabulary="t", labels={"en": label}))
            for name, (number, french) in concepts.items():
                session.add(
                    Concept(
                        id=name, vocabulary="t", family=family, labels={"en": name, "fr": french}
                    )
                )
                session.flush()
                for language, words in (("en", name), ("fr", french)):
                    session.add(
                        ConceptName(concept_id=name, language=language, words=normalised(words))
                    )
                for _ in range(number):
                    session.add(
                        MemberSkill(
                            member_id=people[turn % 24].id,
                            words=name,
                            concept_id=name,
                            offered_at=at - timedelta(days=1),
                        )
                    )
                    turn += 1
        a_member(session, "Sofia Costa", email="sofia@toits.example.org")
    return live_server


def sign_in(page: Page, server: LiveServer) -> None:
    """From the sign-in page that the site leads to, with the code of the letter."""
    page.get_by_role("textbox", name="Your email").fill("sofia@toits.example.org")
    page.get_by_role("button", name="Send me the code").click()
    expect(page.get_by_role("textbox", name="Six digits")).to_be_visible()
    with server.session() as session:
        code = mailed_code(session)
    page.get_by_role("textbox", name="Six digits").fill(code)
    page.get_by_role("button", name="Enter").click()


def test_from_a_lieu_s_page_to_a_booked_room(
    house: LiveServer, desktop: Page, looked_at: Look
) -> None:
    page = desktop
    page.goto(f"{house.url}/lieux/la-navette")
    expect(page.get_by_text("now, until 17:00")).to_be_visible()
    looked_at(page, "company-lieu")
    page.get_by_role("link", name="Book a room").click()
    expect(page.get_by_role("heading", name="3 rooms for 4 people")).to_be_visible()
    tomorrow = (clock.now() + timedelta(days=1)).date().isoformat()
    page.get_by_label("Date").fill(tomorrow)
    page.get_by_label("People").fill("7")
    page.get_by_role("button", name="Show rooms").click()
    expect(page.get_by_role("heading", name="2 rooms for 7 people")).to_be_visible()
    page.get_by_role("group", name="Start times for Jacquard", exact=True).get_by_role(
        "button", name="14:00"
    ).click()
    expect(page.get_by_role("complementary").get_by_text("€57.60")).to_be_visible()
    looked_at(page, "company-rooms")
    page.get_by_role("link", name="Sign in and hold it").click()
    sign_in(page, house)
    page.get_by_role("link", name="Say who pays, then hold it").click()
    page.get_by_role("textbox", name="Name").fill("Toits Communs")
    page.get_by_role("textbox", name="SIRET").fill("7328293200007")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#field-siret-error")).to_contain_text("13 digits so far; one is missing")
    looked_at(page, "company-new")
    page.get_by_role("textbox", name="SIRET").fill("732 829 320 00074")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Hold it for ten minutes").click()
    expect(page.get_by_text("Held for you")).to_be_visible()
    counting = page.locator("[data-until]")
    expect(counting).to_have_text(re.compile(r"^9:\d\d$"))
    looked_at(page, "company-held")
    page.get_by_role("button", name="Book for €57.60").click()
    expect(page.get_by_text("Booked. A letter is on its way.")).to_be_visible()
    expect(page.get_by_text("The skill map opens at 13:45.")).to_be_visible()
    looked_at(page, "company-booked")
    page.get_by_role("link", name="Move", exact=True).click()
    looked_at(page, "company-move")
    page.get_by_role("group", name="Start times for Grande Salle", exact=True).get_by_role(
        "button", name="16:00"
    ).click()
    expect(page.get_by_role("heading", name="Grande Salle")).to_be_visible()
    page.get_by_role("link", name="Toits Communs").click()
    expect(page.get_by_role("row", name="Grande Salle")).to_contain_text("€132.00")
    looked_at(page, "company-organisation")
    page.get_by_role("link", name="Grande Salle").click()
    page.get_by_text("Cancel this booking").click()
    expect(page.get_by_text("Cancelling now costs nothing.")).to_be_visible()
    page.get_by_role("button", name="Cancel the booking").click()
    expect(page.get_by_text("€0.00 is due")).to_be_visible()


def booked_now(house: LiveServer) -> dict[str, Any]:
    """A booking of Jacquard that has begun, made by Sofia for her cooperative."""
    with house.session() as session, write_transaction(session):
        at = clock.now()
        sofia = session.scalars(select(Member).where(Member.name == "Sofia Costa")).one()
        from serendipity import organisations

        organisation: Organisation = organisations.found(
            session,
            name="Coopérative Toits Communs",
            email="sofia@toits.example.org",
            by=sofia.id,
            at=at,
        )
        room = session.scalars(select(Room).where(Room.slug == "jacquard")).one()
        starts_at = slots.starts(slots.number(at))
        who = {"organisation_id": organisation.id, "member_id": sofia.id, "at": starts_at}
        held = bookings.hold(
            session,
            room=room,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
            people=6,
            **who,
        )
        bookings.confirm(session, public_id=held.public_id, **who)
        return {
            "home": f"/organisations/{organisation.public_id}/",
            "path": f"/organisations/{organisation.public_id}/bookings/{held.public_id}",
        }


def test_the_room_shows_the_skills_of_the_house_and_asks_for_ten_minutes(
    house: LiveServer, desktop: Page, new_context: Callable[..., BrowserContext], looked_at: Look
) -> None:
    page, booked = desktop, booked_now(house)
    page.goto(f"{house.url}{booked['path']}")
    sign_in(page, house)
    page.get_by_role("link", name="See who could help you").click()
    expect(page.get_by_role("link", name="Bookkeeping, 3 people or more")).to_be_visible()
    expect(page.get_by_text("20 people or more at")).to_be_visible()
    expect(page.get_by_role("main")).not_to_contain_text("Diallo")
    # The list says the same as the map, and both merge what few people hold.
    with house.session() as session:
        seen = skillmap.skill_map(session, lieu_id=1, language="en", at=clock.now())
    assert (
        page.locator("a.g-node").count() == len(seen.tables) == page.locator("#list tr").count() - 1
    )
    expect(page.get_by_role("link", name="Languages, 3 people or more")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Dutch"))).to_have_count(0)
    looked_at(page, "company-map")
    page.get_by_label("Look for a skill, in any language").fill("soudu")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    expect(page.locator("#list")).to_contain_text("Soldering")
    page.get_by_role("link", name="Ask about Soldering").click()
    page.get_by_label("Your question, in a line").fill("Can this radio be saved?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Asked. You see a name here")).to_be_visible()
    expect(page.get_by_text("Soldering: Can this radio be saved?")).to_be_visible()
    with house.session() as session, write_transaction(session):
        call = session.scalars(select(Call)).one()
        call.concept_id = "Soldering"  # the worker reads the words; none runs here
        skill = session.scalars(
            select(MemberSkill).where(MemberSkill.concept_id == "Soldering")
        ).first()
        assert skill is not None
        stay = session.scalars(select(Presence).where(Presence.member_id == skill.member_id)).one()
        stay.place = "workbench, ground floor"
        session.add(CallAsked(call_id=call.id, member_id=skill.member_id, asked_at=clock.now()))
        helper = session.get_one(Member, skill.member_id).name.split()[0]
        member_id, asked = skill.member_id, call.public_id
    page.reload()
    expect(
        page.get_by_role("link", name="Soldering, 3 people or more, asked, waiting")
    ).to_be_visible()
    looked_at(page, "company-map-waiting")
    with house.session() as session, write_transaction(session):
        calls.accept(session, public_id=asked, member_id=member_id, at=clock.now())
    # Without a reload: the questions are looked at again every ten seconds.
    expect(page.get_by_role("heading", name=helper)).to_be_visible(timeout=15_000)
    expect(page.get_by_text("workbench, ground floor")).to_be_visible()
    page.reload()
    looked_at(page, "company-map-said")
    page.get_by_role("button", name="We met, it helped").click()
    expect(page.get_by_text("You said that you met. Thank you.")).to_be_visible()


def test_the_map_is_read_by_keyboard_and_without_scripts(
    house: LiveServer, new_context: Callable[..., BrowserContext]
) -> None:
    booked = booked_now(house)
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{house.url}{booked['path']}/map")
    sign_in(page, house)
    table = page.get_by_role("link", name="Soldering, 3 people or more")
    table.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#ask ~ form .chip, #ask + form .chip")).to_contain_text("Soldering")
    page.get_by_label("Look for a skill, in any language").fill("menuiserie")
    page.keyboard.press("Enter")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    expect(page.locator("#list")).to_contain_text("Carpentry")

"""Rooms, further on: series, the waiting list, the desk's yes, what an operator keeps, the frame
on another site, and what two say after their ten minutes."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from serendipity import bookings, calls, clock, encounters, photos, skillmap, together
from serendipity.bookings import Booking
from serendipity.db import write_transaction
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.rooms import Room
from tests.browser.conftest import LiveServer, phone_signed_in
from tests.browser.test_company import house
from tests.rows import a_member, an_organisation, on_shift

__all__ = ["house"]
Look = Callable[[Page, str], None]
Contexts = Callable[..., BrowserContext]
HOUR = timedelta(hours=1)


class House:
    """La Navette, an organisation of Sofia's, and whoever else has to do with its rooms."""

    def __init__(self, server: LiveServer, contexts: Contexts) -> None:
        self.server, self.contexts = server, contexts
        self.at = clock.now()
        with server.session() as session, write_transaction(session):
            sofia = session.scalars(select(Member).where(Member.name == "Sofia Costa")).one()
            self.lieu = session.scalars(select(Lieu)).one().id
            organisation, _ = an_organisation(session, sofia, name="Toits Communs")
            self.organisation, self.path = organisation.id, organisation.public_id
            self.sofia = sofia.id

    def tomorrow(self, hour: int, *, after: int = 0) -> datetime:
        """An hour of tomorrow on the lieu's own clock, or of so many days after."""
        day = clock.local_date(self.at, "Europe/Paris") + timedelta(days=1 + after)
        return clock.day_bounds(day, "Europe/Paris")[0] + hour * HOUR

    @property
    def soon(self) -> datetime:
        """The next quarter of an hour: the map of a room booked then is open now."""
        quarter = timedelta(minutes=15)
        return self.at + quarter - (self.at - self.tomorrow(0)) % quarter

    def page_of(self, member_id: int) -> Page:
        return phone_signed_in(self.server, self.contexts, member_id)

    def hold(self, session: Any, room: Room, starts_at: datetime, **who: int) -> Booking:
        payer = {"organisation_id": self.organisation, "member_id": self.sofia, **who}
        return bookings.hold(
            session,
            room=room,
            starts_at=starts_at,
            ends_at=starts_at + HOUR,
            people=4,
            at=self.at,
            **payer,
        )

    def confirm(self, session: Any, held: Booking, **who: int) -> Booking:
        payer = {"organisation_id": self.organisation, "member_id": self.sofia, **who}
        return bookings.confirm(session, public_id=held.public_id, at=self.at, **payer)


def room_named(session: Any, slug: str) -> Room:
    return session.scalars(select(Room).where(Room.slug == slug)).one()


@pytest.fixture
def rooms(house: LiveServer, new_context: Contexts) -> House:
    return House(house, new_context)


def a_photo() -> bytes:
    """A room as a child would paint it: a floor, a wall, a table."""
    picture = Image.new("RGB", (1500, 1000), "#d9cfbb")
    brush = ImageDraw.Draw(picture)
    brush.rectangle((0, 620, 1500, 1000), fill="#8a6f52")
    brush.rectangle((180, 120, 620, 460), fill="#a9c4d6")
    brush.ellipse((520, 560, 1240, 860), fill="#5b4a3a")
    file = io.BytesIO()
    picture.save(file, "JPEG")
    return file.getvalue()


def test_a_room_on_several_days_is_looked_through_before_it_is_held(
    rooms: House, looked_at: Look
) -> None:
    with rooms.server.session() as session, write_transaction(session):
        room = room_named(session, "jacquard")
        other, member = an_organisation(session, name="La Bobine")
        taken = {"organisation_id": other.id, "member_id": member.id}
        held = rooms.hold(session, room, rooms.tomorrow(14, after=7), **taken)
        rooms.confirm(session, held, **taken)
    page = rooms.page_of(rooms.sofia)
    page.goto(
        f"{rooms.server.url}/lieux/la-navette/rooms?date={rooms.tomorrow(14):%Y-%m-%d}"
        "&people=4&length=60&access=any"
    )
    page.get_by_role("group", name="Start times for Jacquard", exact=True).get_by_role(
        "button", name="14:00"
    ).click()
    page.get_by_role("link", name="On several days, at the same hours?").click()
    expect(page.get_by_role("heading", name="5 days")).to_be_visible()  # one of six is taken
    looked_at(page, "rooms-series-plan")
    expect(page.get_by_role("cell", name="Taken")).to_be_visible()
    page.get_by_label("Leave out the days that cannot be had").check()
    page.get_by_role("button", name="Hold them for ten minutes").click()
    page.wait_for_url("**/series/*")
    looked_at(page, "rooms-series-held")


def test_a_place_in_the_line_is_taken_and_seen(rooms: House, looked_at: Look) -> None:
    with rooms.server.session() as session, write_transaction(session):
        other, member = an_organisation(session, name="La Bobine")
        taken = {"organisation_id": other.id, "member_id": member.id}
        room = room_named(session, "jacquard")
        rooms.confirm(session, rooms.hold(session, room, rooms.tomorrow(14), **taken), **taken)
    page = rooms.page_of(rooms.sofia)
    page.goto(
        f"{rooms.server.url}/lieux/la-navette/rooms?date={rooms.tomorrow(14):%Y-%m-%d}"
        "&people=4&length=60&access=any"
    )
    line = page.locator("article", has_text="Jacquard").locator("details", has_text="Wait")
    line.locator("summary").click()
    looked_at(page, "rooms-wait")
    line.get_by_label("From").fill("14:00")
    line.get_by_role("button", name="Stand in line").click()
    expect(page.get_by_role("heading", name="You wait for")).to_be_visible()
    looked_at(page, "rooms-in-line")


def test_the_desk_says_yes_to_a_room(rooms: House, looked_at: Look) -> None:
    with rooms.server.session() as session, write_transaction(session):
        room, lieu = room_named(session, "jacquard"), session.get_one(Lieu, rooms.lieu)
        room.needs_yes = True
        held = rooms.hold(session, room, rooms.tomorrow(14))
        payer = {"organisation_id": rooms.organisation, "member_id": rooms.sofia}
        bookings.ask_for_yes(session, public_id=held.public_id, at=rooms.at, **payer)
        kofi = a_member(session, "Kofi Mensah")
        on_shift(session, lieu, kofi, at=rooms.at)
        today = room_named(session, "bobine")
        rooms.confirm(session, rooms.hold(session, today, rooms.soon))
        desk = kofi.id
    page = rooms.page_of(desk)
    page.goto(f"{rooms.server.url}/concierge/la-navette/rooms")
    expect(page.get_by_text("Toits Communs asks for Jacquard")).to_be_visible()
    looked_at(page, "rooms-desk")
    page.get_by_role("button", name="Yes, book it").click()
    expect(page.get_by_text("Booked. They have a letter.")).to_be_visible()


def test_an_operator_keeps_rooms_and_their_photos_and_all_see_them(
    rooms: House, desktop: Page, looked_at: Look
) -> None:
    with rooms.server.session() as session, write_transaction(session):
        for words in ("A round table by a window", "The same from the door", "Its ceiling"):
            photos.add(
                session,
                room=room_named(session, "jacquard"),
                data=a_photo(),
                said=words,
                at=rooms.at,
            )
        operator = a_member(session, "Camille Durand", is_operator=True).id
    page = rooms.page_of(operator)
    page.goto(f"{rooms.server.url}/operator/lieux/la-navette/rooms/")
    looked_at(page, "rooms-operator")
    page.goto(f"{rooms.server.url}/operator/lieux/la-navette/rooms/jacquard")
    looked_at(page, "rooms-operator-room")
    desktop.goto(f"{rooms.server.url}/embed/lieux/la-navette")
    looked_at(desktop, "rooms-embed")
    desktop.goto(f"{rooms.server.url}/lieux/la-navette/rooms")
    expect(desktop.get_by_role("img", name="A round table by a window")).to_be_visible()
    looked_at(desktop, "rooms-photos")


def test_after_ten_minutes_both_say_that_they_would_like_to_work_together(
    rooms: House, looked_at: Look
) -> None:
    with rooms.server.session() as session, write_transaction(session):
        held = rooms.hold(session, room_named(session, "jacquard"), rooms.soon)
        booking = rooms.confirm(session, held)
        path = f"/organisations/{rooms.path}/bookings/{booking.public_id}"
        helper = session.scalars(select(Member).where(Member.name == "Awa0 Diallo")).one()
        call = skillmap.ask(
            session,
            booking=booking,
            member_id=rooms.sofia,
            words="Bookkeeping: is nine euros fair?",
            language="en",
            at=rooms.at,
        )
        session.add(calls.CallAsked(call_id=call.id, member_id=helper.id, asked_at=rooms.at))
        session.flush()
        calls.accept(session, public_id=call.public_id, member_id=helper.id, at=rooms.at)
        met = session.scalars(select(encounters.Encounter)).one()
        encounters.confirm(
            session, public_id=met.public_id, member_id=helper.id, helped=False, at=rooms.at
        )
        awa, met_id = helper.id, met.public_id
    company, member = rooms.page_of(rooms.sofia), rooms.page_of(awa)
    company.goto(rooms.server.url + path)
    company.get_by_role("button", name="We met, it helped").click()
    expect(company.get_by_role("button", name="We’d like to work together")).to_be_visible()
    looked_at(company, "rooms-met")
    company.get_by_role("button", name="We’d like to work together").click()
    expect(company.get_by_role("button", name="Take it back")).to_be_visible()
    member.goto(f"{rooms.server.url}/here")
    looked_at(member, "rooms-here")
    member.get_by_role("link", name="Would you like to work together?").click()
    member.get_by_role("button", name="We’d like to work together").click()
    expect(member.get_by_role("link", name="sofia@toits.example.org")).to_be_visible()
    looked_at(member, "rooms-together")
    company.reload()
    looked_at(company, "rooms-together-company")
    with rooms.server.session() as session:
        met = session.scalars(select(encounters.Encounter)).one()
        assert (met.public_id, met.outcome) == (met_id, "work")
        assert session.get_one(together.Together, met.id).agreed_at is not None

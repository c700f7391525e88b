"""A company's person with a browser: find, hold, confirm, move, cancel, look at the map, ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from serendipity import calls, encounters, presence
from serendipity.bookings import Booking
from serendipity.calls import Call, CallAsked
from serendipity.db import write_transaction
from serendipity.lieux import Lieu, Moment, Opening
from serendipity.members import Member
from serendipity.organisations import Organisation, OrganisationMember
from serendipity.presence import Presence
from serendipity.skillmap import SkillCount
from serendipity.skills import Concept, ConceptName, Family, MemberSkill
from serendipity.slots import BookedSlot
from tests.conftest import NOON, Clock
from tests.pages import beside, mailed_code, rows, token_of
from tests.rows import a_lieu, a_member, a_room, an_organisation, signed_in, somebody_here

MINUTE = timedelta(minutes=1)
ASKED = {"date": "2026-03-27", "people": "6", "length": "120", "access": "any"}
ROOMS = "/lieux/la-navette/rooms"


class Company:
    """A lieu with rooms and people, an organisation, and its member's browser."""

    def __init__(self, app: Flask, client: FlaskClient, held: Clock, session: Session) -> None:
        self.app, self.client, self.clock, self.session = app, client, held, session
        with write_transaction(session):
            self.lieu: Lieu = a_lieu(session, slug="la-navette", name="La Navette")
            self.room = a_room(session, self.lieu, slug="jacquard", name="Jacquard", step_free=True)
            self.other = a_room(
                session, self.lieu, slug="bobine", name="La Bobine", capacity=30, access="14 steps"
            )
            organisation, member = an_organisation(session, name="Toits Communs")
            self.organisation: Organisation = organisation
            self.member: Member = member
            session.flush()
            self.home = f"/organisations/{organisation.public_id}/"
        signed_in(client, member)

    def token(self) -> str:
        return token_of(self.client, "/")

    def post(self, path: str, **typed: Any) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token(), **typed})

    def hold(self, start: str = "14:00", room: str = "jacquard", **typed: Any) -> TestResponse:
        said = {**ASKED, "start": start, "organisation": self.organisation.public_id, **typed}
        return self.post(f"{ROOMS}/{room}/hold", **said)

    def held(self, start: str = "14:00", **typed: Any) -> str:
        """Hold a room; the address of the booking."""
        answer = self.hold(start, **typed)
        assert answer.status_code == 303, answer.text
        return answer.location

    def book(self, start: str = "14:00", **typed: Any) -> str:
        address = self.held(start, **typed)
        assert self.post(f"{address}/confirm").status_code == 303
        return address

    def bookings(self) -> list[Booking]:
        self.session.rollback()
        self.session.expire_all()
        return list(self.session.scalars(select(Booking).order_by(Booking.id)))


@pytest.fixture
def company(app: Flask, client: FlaskClient, held_clock: Clock) -> Iterator[Company]:
    with beside(app) as session:
        yield Company(app, client, held_clock, session)


def plain(answer: TestResponse) -> str:
    """A page without its token."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", answer.text)


def nothing_is_held(company: Company) -> bool:
    company.session.rollback()
    return not company.session.scalars(select(BookedSlot)).all() and not company.bookings()


# --- finding --------------------------------------------------------------------------------


def test_anybody_finds_free_rooms_with_their_price(company: Company) -> None:
    page = company.app.test_client().get(ROOMS, query_string=ASKED).text
    assert "2 rooms for 6 people" in page
    assert "€48.00" in page
    assert "€57.60 incl. 20 % VAT, 2 hours" in page.replace("\xa0", " ")
    assert 'value="08:00"' in page
    assert 'value="18:15"' not in page  # until 20:15
    only = {**ASKED, "access": "step-free"}
    assert "La Bobine" not in company.client.get(ROOMS, query_string=only).text
    many = {**ASKED, "people": "31"}
    assert "No room here takes so many people." in company.client.get(ROOMS, query_string=many).text


def test_looking_for_rooms_writes_nothing(company: Company) -> None:
    before = rows(company.app)
    for given in ({}, ASKED, {**ASKED, "room": "jacquard", "start": "14:00"}):
        assert company.client.get(ROOMS, query_string=given).status_code == 200
    assert rows(company.app) == before


def test_a_choice_shows_price_and_rule_and_asks_who_one_is(company: Company) -> None:
    chosen = {**ASKED, "room": "jacquard", "start": "14:00"}
    stranger = company.app.test_client()
    page = stranger.get(ROOMS, query_string=chosen).text
    assert "€57.60" in page
    # 14:00 tomorrow is 25 hours away: an hour is left in which cancelling is free.
    assert "free until Thursday" in page
    assert "14:00." in page
    assert "After that, cancelling costs €28.80." in page
    assert "Sign in and hold it" in page
    back = re.search(r'href="(/sign-in\?next=[^"]+)"[^>]*>Sign in and hold it', page)
    assert back
    assert "room%3Djacquard" in back[1]
    with write_transaction(company.session):
        nobody = a_member(company.session)
    member = signed_in(company.app.test_client(), nobody)
    assert "Say who pays, then hold it" in member.get(ROOMS, query_string=chosen).text
    assert "Hold it for ten minutes" in company.client.get(ROOMS, query_string=chosen).text


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"people": "0"}, "From one person to ten thousand."),
        ({"people": "-1"}, "From one person to ten thousand."),
        ({"people": "1000000000000000000"}, "From one person to ten thousand."),
        ({"people": "many"}, "How many come? A number."),
        ({"date": "tomorrow"}, "This is not a date yet"),
        ({"date": "2026-02-29"}, "This is not a date yet"),
        ({"length": "-60"}, "Choose a length from the list."),
        ({"length": "50"}, "Choose a length from the list."),
    ],
)
def test_what_cannot_be_asked_for_is_said_beside_its_field(
    company: Company, asked: dict[str, str], words: str
) -> None:
    given = {**ASKED, **asked}
    answer = company.client.get(ROOMS, query_string=given)
    assert answer.status_code == 422
    assert words in answer.text
    assert company.hold(**asked).status_code == 422
    assert nothing_is_held(company)


@pytest.mark.parametrize(
    ("date", "start", "words"),
    [
        ("2026-03-26", "12:45", "That time has passed."),
        ("2026-03-27", "07:00", "The lieu is not open all that time."),
        ("2026-03-27", "19:00", "The lieu is not open all that time."),
        ("2026-03-27", "14:07", "on a quarter of an hour"),
        ("2026-03-27", "now", "This is not a time yet"),
        ("2026-03-27", "14:00:00", "This is not a time yet"),
        ("2026-03-27", "14:00-7", "This is not a time yet"),
        ("2026-03-27", "", "This is not a time yet"),
        ("2030-03-27", "14:00", "Nobody knows the hours so far ahead."),
        ("2026-03-29", "02:30", "there is no 02:30"),
    ],
)
def test_a_time_that_cannot_be_is_refused_in_words_and_nothing_is_held(
    company: Company, date: str, start: str, words: str
) -> None:
    answer = company.hold(start, date=date)
    assert answer.status_code == 422
    assert words in answer.text
    assert nothing_is_held(company)


def test_a_time_that_the_clock_shows_twice_is_asked_about(company: Company) -> None:
    with write_transaction(company.session):
        company.session.query(Opening).update({"opens": 0, "closes": 1440})
    night = {**ASKED, "date": "2026-10-25", "length": "15", "room": "jacquard"}
    page = company.client.get(ROOMS, query_string={**night, "start": "02:30"})
    assert page.status_code == 422
    assert "shows 02:30 twice. Which one?" in page.text
    assert 'value="02:30-0">02:30 CEST' in page.text
    assert 'value="02:30-1">02:30 CET' in page.text
    for fold in "01":
        company.held(f"02:30-{fold}", date="2026-10-25", length="15")
    first, second = company.bookings()
    assert second.starts_at - first.starts_at == timedelta(hours=1)


# --- holding and confirming -----------------------------------------------------------------


def test_a_hold_is_counted_down_and_confirmed_for_the_price_that_was_shown(
    company: Company,
) -> None:
    address = company.held()
    page = company.client.get(address).text
    assert "Held for you" in page
    assert ">10:00</span>" in page
    assert "Book for €57.60" in page
    company.clock.now += 9 * MINUTE
    assert ">1:00</span>" in company.client.get(address).text
    answer = company.client.post(
        f"{address}/confirm", data={"csrf_token": company.token()}, follow_redirects=True
    )
    assert "Booked. A letter is on its way." in answer.text
    assert "The skill map opens at 13:45." in answer.text
    assert company.client.get(company.home).text.count("Booked") == 1


def test_a_price_that_a_form_says_is_not_read(company: Company) -> None:
    address = company.held(price="1", net_cents="1", gross="0", vat_cents="0", vat_points="0")
    company.post(f"{address}/confirm", net_cents="1")
    (booking,) = company.bookings()
    assert (booking.net_cents, booking.vat_cents) == (4800, 960)


def test_who_comes_second_sees_what_else_is_free(company: Company) -> None:
    company.held()
    answer = company.hold()
    assert answer.status_code == 409
    assert "Somebody was quicker." in answer.text
    assert "Jacquard, 12:00" in answer.text
    assert "La Bobine, 14:00" in answer.text
    assert len(company.bookings()) == 1


def test_a_hold_that_ran_out_says_so(company: Company) -> None:
    address = company.held()
    company.clock.now += 10 * MINUTE
    page = company.client.get(address)
    assert "The ten minutes are over, and nothing was booked." in page.text
    answer = company.post(f"{address}/confirm")
    assert answer.status_code == 410
    assert "The ten minutes are over. Choose a time again." in answer.text


def test_more_time_is_given_once(company: Company) -> None:
    address = company.held()
    assert company.post(f"{address}/longer").status_code == 303
    assert ">20:00</span>" in company.client.get(address).text
    assert "More time" not in company.client.get(address).text
    assert company.post(f"{address}/longer").status_code == 409


@pytest.mark.parametrize("path", ["confirm", "cancel", "longer", "move"])
def test_changing_a_booking_needs_a_token(company: Company, path: str) -> None:
    address = company.held()
    assert company.client.post(f"{address}/{path}").status_code == 400
    assert company.client.get(f"{address}/{path}").status_code in (
        405,
        200,
    )  # a GET changes nothing
    (booking,) = company.bookings()
    assert (booking.confirmed_at, booking.cancelled_at, booking.sequence) == (None, None, 0)


def test_a_booking_for_somebody_elses_organisation_is_not_held(company: Company) -> None:
    with write_transaction(company.session):
        theirs, _ = an_organisation(company.session)
    for organisation in (theirs.public_id, "missing", ""):
        assert company.hold(organisation=organisation).status_code == 404
    assert nothing_is_held(company)


# --- moving and cancelling ------------------------------------------------------------------


def test_a_booking_is_moved_to_a_free_time(company: Company) -> None:
    address = company.book("16:00", date="2026-03-30")
    page = company.client.get(f"{address}/move").text
    assert 'value="16:30"' in page  # its own time counts as free
    moved = {**ASKED, "date": "2026-03-30", "room": "bobine", "start": "16:30", "length": "60"}
    assert company.post(f"{address}/move", **moved).status_code == 303
    (booking,) = company.bookings()
    assert (booking.room_id, booking.price.gross_cents, booking.sequence) == (
        company.other.id,
        2880,
        1,
    )
    answer = company.post(f"{address}/move", **{**moved, "start": "19:30"})
    assert answer.status_code == 422
    assert "The lieu is not open all that time." in answer.text
    assert company.post(f"{address}/move", **{**moved, "people": "x"}).status_code == 422
    assert company.post(f"{address}/move", **{**moved, "room": "x"}).status_code == 404


def test_cancelling_says_its_cost_first(company: Company) -> None:
    address = company.book()
    assert "Cancelling now costs nothing." in company.client.get(address).text
    company.clock.now += 2 * 60 * MINUTE
    page = company.client.get(address).text
    assert "Cancelling now costs €28.80." in page
    assert "/move" not in page
    company.post(f"{address}/cancel")
    page = company.client.get(address).text
    assert "€28.80 is due" in page
    assert "Cancelled" in company.client.get(company.home).text


def test_a_booking_goes_into_a_calendar_and_a_hold_does_not(company: Company) -> None:
    address = company.held()
    assert company.client.get(f"{address}.ics").status_code == 404
    company.post(f"{address}/confirm")
    answer = company.client.get(f"{address}.ics")
    assert answer.mimetype == "text/calendar"
    assert "DTSTART:20260327T130000Z\r\n" in answer.text
    assert "SUMMARY:Jacquard\\, La Navette\r\n" in answer.text
    company.post(f"{address}/cancel")
    text = company.client.get(f"{address}.ics").text
    assert "METHOD:CANCEL\r\n" in text
    assert "SEQUENCE:1\r\n" in text


# --- the organisation -----------------------------------------------------------------------


def test_an_organisation_is_founded_on_the_way_to_a_room(company: Company) -> None:
    with write_transaction(company.session):
        newcomer = a_member(company.session, "Léa Roux")
    client = signed_in(company.app.test_client(), newcomer)
    assert client.get("/organisations/").location == "/organisations/new"
    after = f"{ROOMS}?date=2026-03-27"
    token = token_of(client, "/organisations/new")
    typed = {"name": "Atelier Roux", "email": "lea@example.org", "language": "fr"}
    path = f"/organisations/new?next={after}"
    bad = client.post(path, data={"csrf_token": token, **typed, "siret": "7328293200007"})
    assert bad.status_code == 422
    assert "13 digits so far; one is missing." in bad.text
    assert 'value="Atelier Roux"' in bad.text
    bad = client.post(path, data={"csrf_token": token, **typed, "vat_number": "FR1"})
    assert "This is not a VAT number" in bad.text
    answer = client.post(path, data={"csrf_token": token, **typed, "siret": "73282932000074"})
    assert (answer.status_code, answer.location) == (303, after)
    assert "Atelier Roux" in client.get("/organisations/").text


def test_a_company_s_person_signs_up_with_a_code_and_nobody_learns_who_is_known(
    company: Company,
) -> None:
    after = f"{ROOMS}?date=2026-03-27"
    pages = []
    for email in ("new@example.org", company.member.email):
        client = company.app.test_client()
        path = f"/organisations/join?next={after}"
        said = {"csrf_token": token_of(client, path), "name": "Noor", "email": email}
        assert client.post(path, data=said).location == "/organisations/join/code"
        page = client.get("/organisations/join/code")
        pages.append(re.sub(r'value="[^"]*"', "", page.text).replace(email, "…"))
        token = token_of(client, "/organisations/join/code")
        wrong = client.post("/organisations/join/code", data={"csrf_token": token, "code": "none"})
        assert "This is not the code we sent." in wrong.text
        company.session.rollback()
        code = mailed_code(company.session)
        answer = client.post("/organisations/join/code", data={"csrf_token": token, "code": code})
        assert (answer.status_code, answer.location) == (303, after)
        assert client.get("/organisations/new").status_code == 200
    assert pages[0] == pages[1]
    known = company.session.get_one(Member, company.member.id)
    assert known.name == "Sofia Costa"


def test_colleagues_come_and_go(company: Company) -> None:
    typed = {"name": "Karim", "email": "karim@example.org", "role": "book"}
    assert company.post(f"{company.home}colleagues", **typed).status_code == 303
    page = company.client.get(company.home).text
    assert "karim@example.org" in page
    bad = company.post(f"{company.home}colleagues", **{**typed, "email": "karim"})
    assert bad.status_code == 422
    assert "This is not an email address yet." in bad.text
    company.session.rollback()
    karim = company.session.scalars(select(Member).where(Member.email == "karim@example.org")).one()
    path = f"{company.home}colleagues/{karim.public_id}/remove"
    assert company.post(path).status_code == 303
    assert "karim@example.org" not in company.client.get(company.home).text
    mine = f"{company.home}colleagues/{company.member.public_id}/remove"
    answer = company.post(mine)
    assert answer.status_code == 409
    assert "Somebody has to stay who can pay" in answer.text


def test_who_only_sees_is_shown_no_way_to_change_and_is_refused(company: Company) -> None:
    address = company.held()
    with write_transaction(company.session):
        guest = a_member(company.session)
        company.session.add(
            OrganisationMember(
                organisation_id=company.organisation.id,
                member_id=guest.id,
                role="see",
                since=NOON,
            )
        )
    client = signed_in(company.app.test_client(), guest)
    assert client.get(address).status_code == 200
    token = token_of(client, "/")
    for path in ("confirm", "cancel", "longer"):
        answer = client.post(f"{address}/{path}", data={"csrf_token": token})
        assert answer.status_code == 403
        assert "not change" in answer.text
    chosen = {**ASKED, "room": "jacquard", "start": "09:00"}
    assert "Say who pays" in client.get(ROOMS, query_string=chosen).text


def test_a_foreign_booking_answers_like_a_missing_one(company: Company) -> None:
    address = company.book()
    with write_transaction(company.session):
        theirs, stranger = an_organisation(company.session)
    client = signed_in(company.app.test_client(), stranger)
    own = f"/organisations/{theirs.public_id}/bookings/"
    booking = company.bookings()[0].public_id
    token = token_of(client, "/")
    for tail in ("", "/move", ".ics", "/map", "/map/floor", "/map/list", "/map/questions"):
        foreign = client.get(f"{own}{booking}{tail}")
        missing = client.get(f"{own}missing{tail}")
        assert foreign.status_code == missing.status_code == 404, tail
        assert plain(foreign).replace(booking, "missing") == plain(missing)
        assert client.get(f"{address}{tail}").status_code == 404
    for tail in ("/confirm", "/cancel", "/longer", "/move", "/map/questions"):
        data = {"csrf_token": token, **ASKED, "start": "15:00", "room": "jacquard"}
        assert client.post(f"{own}{booking}{tail}", data=data).status_code == 404
    assert company.bookings()[0].cancelled_at is None


# --- the map --------------------------------------------------------------------------------


@pytest.fixture
def house(company: Company) -> Company:
    """Five people who do bookkeeping and two who solder, and a booking that has begun."""
    session = company.session
    with write_transaction(session):
        for family, concept, names in (
            ("money", "bookkeeping", {"en": "Bookkeeping", "fr": "Comptabilité"}),
            ("metal", "soldering", {"en": "Soldering", "fr": "Soudure"}),
        ):
            session.add(Family(id=family, vocabulary="t", labels={"en": family.title()}))
            session.add(Concept(id=concept, vocabulary="t", family=family, labels=names))
            session.flush()
            session.add_all(
                ConceptName(concept_id=concept, language=language, words=name.lower())
                for language, name in names.items()
            )
        for number in range(7):
            somebody = somebody_here(session, company.lieu, f"Awa{number} Diallo")
            session.add(
                MemberSkill(
                    member_id=somebody.id,
                    words="x",
                    concept_id="bookkeeping" if number < 5 else "soldering",
                    offered_at=NOON - timedelta(days=1),
                )
            )
    return company


def map_of(company: Company) -> str:
    return company.book("13:00", date="2026-03-26", length="60") + "/map"


def test_the_map_shows_counts_and_no_name_and_the_list_says_the_same(house: Company) -> None:
    page = house.client.get(map_of(house)).text
    assert 'aria-label="Bookkeeping, 3 people or more"' in page
    assert page.count('class="seat"') == 3
    assert re.search(r'<th scope="row">Bookkeeping</th><td class="r num">3 or more</td>', page)
    assert "3 people or more at 13:00" in page
    assert "Soldering" not in page
    assert "Awa" not in page
    assert "Diallo" not in page


@pytest.mark.parametrize(
    ("words", "found"),
    [("compta", True), ("BOOKKEEPING", True), ("soudure", False), ("awa", False), ("", True)],
)
def test_the_list_is_filtered_in_any_language(house: Company, words: str, found: bool) -> None:
    address = map_of(house)
    for path in (f"{address}/list", address):
        page = house.client.get(path, query_string={"q": words}).text
        assert (re.search(r'<th scope="row">Bookkeeping', page) is not None) == found


def test_other_skills_stand_last_in_the_list(house: Company) -> None:
    address = map_of(house)
    house.client.get(address)
    with write_transaction(house.session) as session:
        session.add(SkillCount(lieu_id=house.lieu.id, kind="other", name="", people=3))
    listed = re.findall(r'<th scope="row">([^<]*)', house.client.get(f"{address}/list").text)
    assert len(listed) > 1
    assert (listed[-1], "Other skills" in listed[:-1]) == ("Other skills", False)


def test_looking_each_minute_tells_nothing_of_who_comes_and_goes(house: Company) -> None:
    address = map_of(house)
    before = house.client.get(f"{address}/floor").text
    with write_transaction(house.session):
        keeping_books = select(MemberSkill.member_id).where(MemberSkill.concept_id == "bookkeeping")
        for member_id in house.session.scalars(keeping_books.limit(2)).all():
            presence.leave(house.session, member_id=member_id, at=NOON + MINUTE)
    for _ in range(
        59
    ):  # two of five have gone: nothing is told, and the map says when it was taken
        house.clock.now += MINUTE
        assert house.client.get(f"{address}/floor").text == before


def test_the_map_opens_a_quarter_before_and_closes_at_the_end(house: Company) -> None:
    address = house.book("14:00", date="2026-03-26", length="60") + "/map"
    early = house.client.get(address)
    assert early.status_code == 409
    assert "The map is not open yet" in early.text
    assert house.client.get(f"{address}/floor").headers["HX-Refresh"] == "true"
    house.clock.now += 45 * MINUTE
    assert house.client.get(address).status_code == 200
    house.clock.now += 74 * MINUTE
    assert "one minute left" in house.client.get(address).text
    house.clock.now += MINUTE
    late = house.client.get(address)
    assert late.status_code == 409
    assert "The map has closed" in late.text
    for part in ("floor", "list", "questions"):
        answer = house.client.get(f"{address}/{part}")
        assert (answer.text, answer.headers["HX-Refresh"]) == ("", "true")
    assert house.post(f"{address}/questions", words="Anybody?").status_code == 409


def test_a_question_waits_and_a_yes_brings_a_first_name_and_a_place(house: Company) -> None:
    address = map_of(house)
    assert "about Bookkeeping" in house.client.get(address).text
    about = house.client.get(address, query_string={"about": "skill:bookkeeping"}).text
    assert 'name="about" value="skill:bookkeeping"' in about
    bad = house.post(f"{address}/questions", words="  ", about="skill:bookkeeping")
    assert bad.status_code == 422
    assert "Please fill this in." in bad.text
    answer = house.post(f"{address}/questions", words="Is 9 € fair?", about="skill:bookkeeping")
    assert answer.status_code == 303
    page = house.client.get(f"{address}/questions").text
    assert "Waiting" in page
    assert "Bookkeeping: Is 9 € fair?" in page
    with write_transaction(house.session):
        call = house.session.scalars(select(Call)).one()
        call.concept_id = "bookkeeping"  # as the worker reads it
        helper = house.session.scalars(select(Member).where(Member.name == "Awa0 Diallo")).one()
        stay = house.session.scalars(select(Presence).where(Presence.member_id == helper.id)).one()
        stay.place = "market table"
        house.session.add(CallAsked(call_id=call.id, member_id=helper.id, asked_at=NOON))
        house.session.flush()
    waiting = house.client.get(f"{address}/floor").text
    assert "Bookkeeping, 3 people or more, asked, waiting" in waiting
    assert "Awa" not in waiting
    assert "Awa" not in house.client.get(f"{address}/questions").text
    with write_transaction(house.session):
        calls.accept(
            house.session, public_id=call.public_id, member_id=helper.id, at=house.clock.now
        )
    page = house.client.get(f"{address}/questions").text
    assert "Awa0" in page
    assert "market table" in page
    assert "Diallo" not in page
    assert "Awa0 said yes" in house.client.get(f"{address}/floor").text
    met = house.post(f"{address}/questions/{call.public_id}/met", helped="yes")
    assert met.status_code == 303
    house.session.rollback()
    encounter = house.session.scalars(select(encounters.Encounter)).one()
    assert encounter.confirmed_by(house.member.id) == house.clock.now
    assert "You said that you met." in house.client.get(f"{address}/questions").text


def test_a_question_is_taken_back(house: Company) -> None:
    address = map_of(house)
    house.post(f"{address}/questions", words="Anybody?")
    house.session.rollback()
    call = house.session.scalars(select(Call)).one()
    assert house.post(f"{address}/questions/{call.public_id}/withdraw").status_code == 303
    assert "Waiting" not in house.client.get(f"{address}/questions").text
    assert house.post(f"{address}/questions/missing/withdraw").status_code == 404
    assert house.post(f"{address}/questions/missing/met").status_code == 404


# --- the lieu's own page --------------------------------------------------------------------


def test_a_lieu_tells_what_happens_when_and_counts_without_names(house: Company) -> None:
    with write_transaction(house.session):
        for day in range(5):
            house.session.add(
                Moment(lieu_id=house.lieu.id, weekday=day, starts=540, ends=1020, name="Coworking")
            )
        house.session.add(
            Moment(lieu_id=house.lieu.id, weekday=3, starts=1080, ends=1200, name="Repair café")
        )
    page = house.app.test_client().get("/lieux/la-navette").text
    assert "now, until 17:00" in page
    assert "Monday to Wednesday" in page
    assert "Repair café, 18:00 to 20:00" in page
    assert 'Bookkeeping <span class="n">3+</span>' in page
    assert "Soldering" not in page
    assert "Diallo" not in page
    assert "€24.00\u00a0/\u00a0h" in page
    assert house.client.get("/lieux/nowhere").status_code == 404

"""A pause until a day, a private note, and never meeting somebody seen in the room."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from serendipity import members, naming
from serendipity.lieux import Lieu
from serendipity.members import Member
from tests.pages import beside, rows, send
from tests.rows import a_member, on_shift, signed_in
from tests.web.test_coworker import House

pytestmark = pytest.mark.usefixtures("held_clock")


def paused_until(app: Flask, member_id: int) -> str:
    with beside(app) as session:
        until = session.get_one(Member, member_id).paused_until
        return until.isoformat() if until else ""


def test_a_pause_lasts_until_the_chosen_day_begins_at_the_lieu(app: Flask) -> None:
    house = House(app)
    send(house.awa, "/me/pause", "/me", until="2026-04-10")
    assert paused_until(app, house.awa_id) == "2026-04-09T22:00:00+00:00"
    assert "before Friday 10 April" in house.awa.get("/me").text


@pytest.mark.parametrize("day", ["2026-03-26", "2020-01-01", "2028-01-01", "9999-12-31", "soon"])
def test_a_day_that_is_past_or_far_pauses_nobody(app: Flask, day: str) -> None:
    house = House(app)
    answer = send(house.awa, "/me/pause", "/me", until=day)
    assert answer.status_code == 303
    assert "Choose a day after today and within a year." in house.awa.get("/me").text
    assert paused_until(app, house.awa_id) == ""


def a_concierge(house: House) -> FlaskClient:
    with house.rows() as session:
        member = a_member(session, "Kofi Mensah")
        on_shift(session, session.get_one(Lieu, house.lieu_id), member)
        member_id = member.id
    return house.browser(member_id)


def test_a_line_on_access_is_seen_by_the_concierge_only_if_chosen(app: Flask) -> None:
    house = House(app)
    kofi = a_concierge(house)
    with beside(app) as session:
        path = f"/concierge/{session.get_one(Lieu, house.lieu_id).slug}/people"
    for shared in ({}, {"for_concierge": "1"}):
        said = {"access_need": "a step-free way", **shared}
        send(house.awa, "/me/access-need", "/me", **said)
        assert 'value="a step-free way"' in house.awa.get("/me").text
        assert ("a step-free way" in kofi.get(path).text) is bool(shared)
        assert "a step-free way" not in house.karim.get("/here").text
    taken = house.awa.get("/me/export").get_json()["access_need"]
    assert [one["words"] for one in taken] == ["a step-free way"]


def test_never_meeting_somebody_from_the_room_is_silent_and_can_be_lifted(app: Flask) -> None:
    house = House(app)
    before = house.karim.get("/here").text
    with beside(app) as session:
        karim = session.get_one(Member, house.karim_id).public_id
    assert "Karim Benali" in house.awa.get("/here").text
    send(house.awa, "/here/never", "/here", member=karim)
    assert "Karim Benali" not in house.awa.get("/here").text
    # He is left with "somebody", as if she had left or hidden: his slip stays.
    assert "I’d like to meet" in before
    assert "I’d like to meet" in house.karim.get("/here").text
    with beside(app) as session:
        (block,) = naming.kept_apart(session, member_id=house.awa_id)
        assert block.name == ""
        assert members.blocked_by(session, member_id=house.karim_id) == []
    send(house.awa, "/me/apart", "/me", since=block.since.isoformat())
    assert "Karim Benali" in house.awa.get("/here").text


def test_whom_one_does_not_see_one_cannot_name(app: Flask) -> None:
    house = House(app, here_today=False)
    with beside(app) as session:
        karim = session.get_one(Member, house.karim_id).public_id
    before = rows(app)
    answers = [send(house.awa, "/here/never", "/me", member=one) for one in (karim, "nobody", "")]
    assert {one.status_code for one in answers} == {404}
    assert len({one.data.split(b"csrf")[0] for one in answers}) == 1
    assert rows(app) == before


def test_who_is_not_here_names_nobody(app: Flask) -> None:
    house = House(app)
    with house.rows() as session:
        stranger = a_member(session, "Stranger")
        member_id = stranger.id
        karim = session.scalars(select(Member.public_id).where(Member.id == house.karim_id)).one()
    with beside(app) as session:
        client = signed_in(app.test_client(), session.get_one(Member, member_id))
    assert send(client, "/here/never", "/me", member=karim).status_code == 409

"""How often a letter, and when to meet: the member's own choices, on pages."""

from __future__ import annotations

import html

import pytest
from flask import Flask
from flask.testing import FlaskClient

from serendipity import rhythms
from serendipity.db import write_transaction
from serendipity.rhythms import Rhythm
from tests.conftest import NOON
from tests.pages import beside, send
from tests.rows import a_lieu, a_member, signed_in
from tests.woven import an_introduction, skilled

pytestmark = pytest.mark.usefixtures("held_clock")


class House:
    """Awa and Inès, who both said yes to a letter; and Bo, who is in it no more than anybody."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        with beside(app) as given, write_transaction(given) as session:
            lieu = a_lieu(session, name="La Navette")
            people = [skilled(session, lieu, name) for name in ("Awa", "Inès")]
            offered = an_introduction(session, lieu, *people)
            offered.how = "mail"
            self.address = f"/introductions/{offered.public_id}"
            people.append(a_member(session, "Bo"))
            clients = [signed_in(app.test_client(), one) for one in people]
            self.awa_id = people[0].id
        self.awa, self.ines, self.bo = clients

    def agree(self) -> None:
        for client in (self.awa, self.ines):
            assert send(client, self.address, "/here", answer="yes").status_code == 303


@pytest.fixture
def house(app: Flask) -> House:
    return House(app)


def choose(client: FlaskClient, house: House, meet_at: str) -> int:
    return send(client, f"{house.address}/time", "/me", meet_at=meet_at).status_code


@pytest.mark.parametrize("every", ["weekly", "fortnightly", "monthly", "paused"])
def test_my_rhythm_is_mine_to_choose(house: House, every: str) -> None:
    assert send(house.awa, "/me/rhythm", "/me", every=every).status_code == 303
    assert f'value="{every}" selected' in house.awa.get("/me").text
    with beside(house.app) as session:
        assert rhythms.of(session, member_id=house.awa_id).every == every


def test_what_is_no_rhythm_changes_nothing(house: House) -> None:
    assert send(house.awa, "/me/rhythm", "/me", every="hourly").status_code == 422
    with beside(house.app) as session:
        assert session.get(Rhythm, house.awa_id) is None


def test_who_was_paused_for_silence_reads_why(app: Flask, house: House) -> None:
    with beside(app) as given, write_transaction(given) as session:
        rhythms.pause_for_silence(session, member_id=house.awa_id, at=NOON)
    assert "Three letters found no answer" in house.awa.get("/me").text


def test_a_time_is_chosen_after_two_yeses_and_read_by_both(house: House) -> None:
    assert "When to meet" not in house.awa.get(house.address).text
    house.agree()
    page = html.unescape(house.awa.get(house.address).text)
    assert "Friday 27 March at 12:30" in page
    assert choose(house.awa, house, "2026-03-27T11:30:00+00:00") == 303
    page = html.unescape(house.ines.get(house.address).text)
    assert "Friday 27 March at 12:30, at La Navette" in page
    answer = house.ines.get(f"{house.address}/meeting.ics")
    assert answer.mimetype == "text/calendar"
    assert "SUMMARY:Meeting Awa" in answer.text


@pytest.mark.parametrize(
    ("meet_at", "status"), [("never", 400), ("2026-03-27T03:00:00+00:00", 422), ("", 400)]
)
def test_a_time_that_was_not_proposed_is_refused(house: House, meet_at: str, status: int) -> None:
    house.agree()
    assert choose(house.awa, house, meet_at) == status


def test_a_stranger_and_a_missing_introduction_look_alike(house: House) -> None:
    house.agree()
    choose(house.awa, house, "2026-03-27T11:30:00+00:00")
    missing = "/introductions/none"
    for path in ("", "/meeting.ics"):
        answers = [house.bo.get(f"{address}{path}") for address in (house.address, missing)]
        assert [one.status_code for one in answers] == [404, 404]
    foreign = send(house.bo, f"{house.address}/time", "/me", meet_at="2026-03-27T11:30:00+00:00")
    absent = send(house.bo, f"{missing}/time", "/me", meet_at="2026-03-27T11:30:00+00:00")
    assert foreign.status_code == absent.status_code == 404


def test_before_a_time_was_chosen_there_is_no_file(house: House) -> None:
    house.agree()
    assert house.awa.get(f"{house.address}/meeting.ics").status_code == 404

"""The first set-up through a browser: three pages, once."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from serendipity import lieux, setup
from serendipity.db import write_transaction
from serendipity.lieux import Lieu, Span
from serendipity.members import Member
from tests.conftest import NOON
from tests.pages import fresh

YOU = {"language": "fr", "name": "Maud Perrin", "email": "maud@example.org"}
LIEU = {
    "lieu": "La Navette",
    "city": "Lyon",
    "timezone": "Europe/Paris",
    "seats": "24",
    "siret": "",
}


@pytest.fixture
def link(session: Session) -> str:
    with write_transaction(session) as db:
        return f"/set-up/{setup.make_token(db, at=NOON)}"


def a_week(starts: str = "09:00", ends: str = "18:00") -> MultiDict[str, Any]:
    form: MultiDict[str, Any] = MultiDict()
    for day in range(7):
        form.add("hours-weekday", day)
        form.add("hours-starts", starts if day < 5 else "")
        form.add("hours-ends", ends if day < 5 else "")
    return form


def test_three_pages_lead_to_an_operator_who_is_signed_in_and_a_lieu_that_is_open(
    client: FlaskClient, session: Session, link: str
) -> None:
    assert client.get(link).status_code == 200
    assert client.post(link, data=YOU).location == f"{link}/lieu"
    assert '<html lang="fr">' in client.get(f"{link}/lieu").text
    assert client.post(f"{link}/lieu", data=LIEU).location == f"{link}/hours"
    assert client.get(f"{link}/hours").status_code == 200
    assert client.post(f"{link}/hours", data=a_week()).location == "/operator/?welcome=1"
    assert client.get("/operator/?welcome=1").status_code == 200
    operator, lieu = fresh(session).query(Member).one(), fresh(session).query(Lieu).one()
    assert (operator.name, operator.is_operator, operator.language) == ("Maud Perrin", True, "fr")
    assert lieux.hours_of(fresh(session), lieu_id=lieu.id) == [
        Span(day, 540, 1080) for day in range(5)
    ]
    assert "La Navette" in client.get("/concierge/").text


def test_the_link_is_dead_after_use_for_everybody(
    app: Flask, client: FlaskClient, session: Session, link: str
) -> None:
    for path, data in (("", YOU), ("/lieu", LIEU), ("/hours", a_week())):
        client.post(link + path, data=data)
    stranger = app.test_client()
    for path in ("", "/lieu", "/hours"):
        assert stranger.get(link + path).status_code == 404
        assert stranger.post(link + path, data={**YOU, **LIEU}).status_code == 404
    assert fresh(session).query(Member).count() == 1


def test_a_wrong_link_looks_like_any_missing_page(client: FlaskClient, link: str) -> None:
    for path in ("", "/lieu", "/hours"):
        assert client.get(f"/set-up/wrong{path}").status_code == 404


@pytest.mark.parametrize(
    ("path", "bad", "says"),
    [
        ("", {"email": "maud"}, "This is not an email address yet."),
        ("", {"name": " "}, "Please fill this in."),
        ("/lieu", {"lieu": ""}, "Please fill this in."),
        ("/lieu", {"seats": "many"}, "A whole number from 0 to 10000."),
        ("/lieu", {"timezone": "Europe/Atlantis"}, "There is no such time zone."),
        ("/lieu", {"siret": "849 201 337 0001"}, "13 digits so far; a SIRET has 14."),
        ("/lieu", {"siret": "73282932000075"}, "These 14 digits do not add up."),
        ("/lieu", {"city": "x\0y"}, "characters in this that no screen can show"),
    ],
)
def test_what_cannot_be_right_is_said_beside_its_field_and_the_rest_stays(
    client: FlaskClient, link: str, path: str, bad: dict[str, str], says: str
) -> None:
    good = LIEU if path else YOU
    answer = client.post(link + path, data={**good, **bad})
    assert answer.status_code == 422
    assert says in answer.text
    kept = {name: value for name, value in good.items() if value and name not in bad}
    for value in kept.values():
        assert value in answer.text


def test_hours_that_overlap_are_asked_again_and_the_link_lives(
    client: FlaskClient, session: Session, link: str
) -> None:
    client.post(link, data=YOU | {"language": "en"})
    client.post(f"{link}/lieu", data=LIEU)
    week = a_week()
    week.setlist("hours-weekday", [0, 0, 1, 2, 3, 4, 5])
    answer = client.post(f"{link}/hours", data=week)
    assert answer.status_code == 422
    assert "Two of one day overlap." in answer.text
    assert fresh(session).query(Member).count() == 0
    assert client.post(f"{link}/hours", data=a_week()).status_code == 303


def test_the_last_page_first_leads_back_to_the_first(client: FlaskClient, link: str) -> None:
    assert client.get(f"{link}/hours").location == link
    assert client.post(f"{link}/hours", data=a_week()).location == link

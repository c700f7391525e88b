"""Seats ahead on the pages: keeping one, letting it go, its calendar file, how many there are."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from serendipity import seats
from serendipity.db import writing
from serendipity.lieux import Lieu
from serendipity.seats import Reservation
from tests.conftest import NOON, Clock
from tests.domain.test_seats import FRIDAY_NINE, a_lieu_with_seats
from tests.pages import beside, rows, send
from tests.rows import a_member, on_shift, signed_in

pytestmark = pytest.mark.usefixtures("held_clock")
NINE = str(int(FRIDAY_NINE.timestamp()))
PAGE = "/lieux/la-navette/seats"


@pytest.fixture
def browser(app: Flask) -> Callable[..., FlaskClient]:
    """A browser of a new member, at a lieu with one seat each weekday morning."""
    with app.app_context(), writing() as session:
        a_lieu_with_seats(session, 1, slug="la-navette", name="La Navette")

    def opened(**given: Any) -> FlaskClient:
        with app.app_context(), writing() as session:
            member = a_member(session, **given)
            if given.get("name") == "Concierge":
                lieu_id = session.scalars(select(seats.WeeklySeats.lieu_id)).first()
                on_shift(session, session.get_one(Lieu, lieu_id), member)
            session.flush()
            _ = member.public_id, member.session_epoch
            session.expunge_all()
        return signed_in(app.test_client(), member)

    return opened


def kept(app: Flask) -> Reservation:
    with beside(app) as session:
        return session.scalars(select(Reservation)).one()


def test_a_seat_is_kept_shown_and_let_go(app: Flask, browser: Callable[..., FlaskClient]) -> None:
    awa = browser()
    assert "one seat free" in awa.get(PAGE).text
    assert send(awa, PAGE, PAGE, starts_at=NINE).status_code == 303
    for page in ("/seats", "/here"):
        assert "Friday 27 March" in awa.get(page).text
        assert "Coworking, 09:00 to 12:00" in awa.get(page).text
    assert "Yours" in awa.get(PAGE).text
    cancel = f"/seats/{kept(app).public_id}/cancel"
    assert send(awa, cancel, "/seats").status_code == 303
    assert "Friday 27 March" not in awa.get("/seats").text
    assert kept(app).cancelled_at == NOON


def test_the_last_seat_gone_says_so_and_loses_nothing(
    app: Flask, browser: Callable[..., FlaskClient]
) -> None:
    awa, karim = browser(), browser()
    send(awa, PAGE, PAGE, starts_at=NINE)
    assert "no seat free" in karim.get(PAGE).text
    answer = send(karim, PAGE, PAGE, starts_at=NINE)
    assert answer.status_code == 409
    assert "The last seat was kept a moment ago." in answer.text
    assert "Friday 27 March" in answer.text


@pytest.mark.parametrize("given", ["", "x", "-5", "99999999999", "٣", "1774602001"])
def test_an_hour_that_is_no_moment_is_refused(
    app: Flask, browser: Callable[..., FlaskClient], given: str
) -> None:
    awa = browser()
    before = rows(app)
    answer = send(awa, PAGE, PAGE, starts_at=given)
    assert answer.status_code == 404
    assert "Choose another moment." in answer.text
    assert rows(app) == before


def test_a_strangers_seat_answers_like_a_missing_one(
    app: Flask, browser: Callable[..., FlaskClient]
) -> None:
    awa, karim = browser(), browser()
    send(awa, PAGE, PAGE, starts_at=NINE)
    public_id = kept(app).public_id
    theirs = send(karim, f"/seats/{public_id}/cancel", "/me")
    nobodys = send(karim, "/seats/nothing/cancel", "/me")
    assert theirs.status_code == nobodys.status_code == 404
    seen = [re.sub(r'(csrf_token" value=)"[^"]+"', r"\1", one.text) for one in (theirs, nobodys)]
    assert seen[0].replace(public_id, "nothing") == seen[1]
    assert karim.get(f"/seats/{public_id}/calendar.ics").status_code == 404
    assert kept(app).kept


def test_the_calendar_file_follows_the_seat(
    app: Flask, browser: Callable[..., FlaskClient]
) -> None:
    awa = browser()
    send(awa, PAGE, PAGE, starts_at=NINE)
    path = f"/seats/{kept(app).public_id}/calendar.ics"
    answer = awa.get(path)
    assert answer.mimetype == "text/calendar"
    assert "METHOD:PUBLISH" in answer.text
    assert "DTSTART:20260327T080000Z" in answer.text
    send(awa, path.replace("calendar.ics", "cancel"), "/seats")
    assert "METHOD:CANCEL" in awa.get(path).text


def test_a_seat_whose_person_came_cannot_be_let_go(
    app: Flask, browser: Callable[..., FlaskClient], held_clock: Clock
) -> None:
    awa = browser()
    send(awa, PAGE, PAGE, starts_at=NINE)
    path = f"/seats/{kept(app).public_id}/cancel"
    held_clock.now = FRIDAY_NINE + timedelta(hours=3)
    answer = send(awa, path, "/me")
    assert answer.status_code == 410
    assert "This seat cannot be given back any more" in answer.text


@pytest.mark.parametrize("who", ["Concierge", "Operator"])
def test_how_many_seats_is_said_moment_by_moment(
    app: Flask, browser: Callable[..., FlaskClient], who: str
) -> None:
    page = (
        "/concierge/la-navette/seats" if who == "Concierge" else "/operator/lieux/la-navette/seats"
    )
    someone = browser(name=who, is_operator=who == "Operator")
    answer = send(someone, page, page, **{"seats-4-540": "7", "seats-4-840": "2"})
    assert answer.status_code == 303
    shown = browser().get(PAGE).text
    assert "7 seats free" in shown
    assert "2 seats free" in shown
    wrong = send(someone, page, page, **{"seats-4-540": "many", "seats-4-840": "9"})
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.text
    assert "A whole number from 0 to 500." in wrong.text
    assert "9 seats free" not in browser().get(PAGE).text


def test_the_concierge_sees_who_is_expected_and_the_operator_does_not(
    app: Flask, browser: Callable[..., FlaskClient]
) -> None:
    send(browser(name="Awa Diallo"), PAGE, PAGE, starts_at=NINE)
    concierge, operator = browser(name="Concierge"), browser(is_operator=True)
    assert "Awa Diallo" in concierge.get("/concierge/la-navette/seats").text
    assert "Awa Diallo" not in operator.get("/operator/lieux/la-navette/seats").text


def test_the_lieus_page_offers_seats_only_where_there_are_some(
    app: Flask, browser: Callable[..., FlaskClient]
) -> None:
    awa = browser()
    assert "Keep a seat" in awa.get("/lieux/la-navette").text
    with app.app_context(), writing() as session:
        session.query(seats.WeeklySeats).delete()
    assert "Keep a seat" not in awa.get("/lieux/la-navette").text
    assert "No seats are kept ahead here." in awa.get(PAGE).text


def test_a_member_of_the_export_takes_their_seats_along(
    app: Flask, browser: Callable[..., FlaskClient]
) -> None:
    awa = browser()
    send(awa, PAGE, PAGE, starts_at=NINE)
    (mine,) = awa.get("/me/export").get_json()["seats"]
    assert mine["moment"] == "Coworking"

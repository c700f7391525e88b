"""Series, the waiting line and the lieu's yes, as a program meets them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from serendipity.bookings import Booking
from serendipity.rooms import Room
from tests.api.conftest import House, items
from tests.api.test_nouns import wanted
from tests.conftest import Clock
from tests.pages import beside

KEY = "5b0f6b3e-0d0b-4a4e-9f0a-3a5a2a2f9d11"
HOURS = {"first": "2026-03-27", "start": "14:00", "minutes": 120, "times": 3, "people": 4}
DAYS = ["2026-03-27", "2026-04-03", "2026-04-10"]


def series(**other: Any) -> dict[str, Any]:
    return {"lieu": "la-navette", "room": "jacquard", **HOURS, **other}


@pytest.fixture
def base(house: House) -> str:
    return f"/organisations/{house.organisation}"


# --- series ---------------------------------------------------------------------------------


def test_a_series_stays_at_its_hour_over_a_clock_change(api: Any, base: str) -> None:
    asked = "&".join(f"{name}={value}" for name, value in HOURS.items())
    planned = items(api("kiosk").get(f"/lieux/la-navette/rooms/jacquard/series?{asked}"))
    assert [one["day"] for one in planned] == DAYS
    assert [one["starts_at"][11:16] for one in planned] == ["13:00", "12:00", "12:00"]
    assert {one["price"]["net_cents"] for one in planned} == {4800}
    assert items(api("sofia").get(base + "/bookings")) == []  # a plan holds nothing


def test_a_series_is_held_confirmed_and_its_rest_let_go(
    api: Any, base: str, held_clock: Clock
) -> None:
    sofia = api("sofia")
    held = sofia.post(f"{base}/series", series(), key=KEY)
    assert held.status_code == 201, held.text
    assert [day["state"] for day in held.get_json()["days"]] == ["held"] * 3
    assert held.get_json()["price"]["net_cents"] == 3 * 4800
    one = f"{base}/series/{held.get_json()['id']}"
    booked = sofia.post(f"{one}/confirm").get_json()
    assert [day["state"] for day in booked["days"]] == ["booked"] * 3
    assert sofia.get(one).get_json() == booked
    held_clock.now += timedelta(days=7)
    rest = sofia.post(f"{one}/cancel").get_json()
    assert [day["state"] for day in rest["days"]] == ["booked", "cancelled", "cancelled"]
    assert rest["price"]["net_cents"] == 4800


def test_a_series_sent_again_under_its_key_is_one_series(app: Flask, api: Any, base: str) -> None:
    first = api("sofia").post(f"{base}/series", series(), key=KEY)
    again = api("sofia").post(f"{base}/series", series(), key=KEY)
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
    with beside(app) as session:
        assert len(session.scalars(select(Booking)).all()) == 3


def test_a_day_that_is_taken_refuses_the_series_unless_it_is_skipped(api: Any, base: str) -> None:
    taken = wanted() | {
        "starts_at": "2026-04-03T12:00:00Z",
        "ends_at": "2026-04-03T13:00:00Z",
    }
    assert api("sofia").post(f"{base}/bookings", taken).status_code == 201
    refused = api("sofia").post(f"{base}/series", series())
    assert refused.status_code == 409
    assert refused.get_json()["type"] == "urn:serendipity:problem:some-taken"
    assert [one["why"] for one in refused.get_json()["days"]] == [None, "room-taken", None]
    assert len(items(api("sofia").get(f"{base}/bookings"))) == 1  # all of them or none
    made = api("sofia").post(f"{base}/series", series(skip=["2026-04-03"]))
    assert [day["starts_at"][:10] for day in made.get_json()["days"]] == [DAYS[0], DAYS[2]]


@pytest.mark.parametrize(
    ("wrong", "status", "name"),
    [
        ({"times": 1}, 422, "not-readable"),
        ({"times": 53}, 422, "not-readable"),
        ({"start": "24:00"}, 422, "not-readable"),
        ({"start": "14:10"}, 409, "some-taken"),
        ({"rhythm": "hourly"}, 422, "no-such-rhythm"),
        ({"people": 9}, 409, "some-taken"),
        ({"first": "2026-03-25"}, 409, "some-taken"),
        ({"room": "nowhere"}, 404, "not-found"),
    ],
)
def test_a_series_that_cannot_be_is_refused_and_nothing_is_held(
    api: Any, base: str, wrong: dict[str, Any], status: int, name: str
) -> None:
    answer = api("sofia").post(f"{base}/series", series(**wrong))
    assert (answer.status_code, answer.get_json()["type"]) == (
        status,
        f"urn:serendipity:problem:{name}",
    )
    assert items(api("sofia").get(f"{base}/bookings")) == []


# --- waiting --------------------------------------------------------------------------------


def test_who_waits_holds_the_room_once_it_is_free(api: Any, house: House, base: str) -> None:
    sofia, away = api("sofia"), api("away")
    held = sofia.post(f"{base}/bookings", wanted()).get_json()["id"]
    other = f"/organisations/{items(away.get('/organisations'))[0]['id']}"
    stood = away.post(f"{other}/waits", wanted(), key=KEY)
    assert (stood.status_code, stood.get_json()["before"]) == (201, 0)
    assert away.post(f"{other}/waits", wanted()).get_json()["id"] == stood.get_json()["id"]
    assert items(away.get(f"{other}/waits")) == [stood.get_json()]
    sofia.post(f"{base}/bookings/{held}/cancel")
    assert items(away.get(f"{other}/waits")) == []
    offered = items(away.get(f"{other}/bookings"))
    assert [(one["room"], one["state"]) for one in offered] == [("jacquard", "held")]


def test_a_free_room_needs_no_line_and_a_line_can_be_left(api: Any, base: str) -> None:
    free = api("sofia").post(f"{base}/waits", wanted())
    assert (free.status_code, free.get_json()["type"]) == (
        409,
        "urn:serendipity:problem:room-is-free",
    )
    api("sofia").post(f"{base}/bookings", wanted())
    stood = api("sofia").post(f"{base}/waits", wanted()).get_json()["id"]
    for _ in range(2):
        left = api("sofia").post(f"{base}/waits/{stood}/leave")
        assert left.get_json() == {"id": stood}
    assert items(api("sofia").get(f"{base}/waits")) == []


# --- the lieu's yes -------------------------------------------------------------------------


@pytest.fixture
def asked(app: Flask, api: Any, base: str) -> str:
    """A booking of a room that the lieu answers for, asked for."""
    with beside(app) as session:
        session.scalars(select(Room).where(Room.slug == "jacquard")).one().needs_yes = True
        session.commit()
    held: str = api("sofia").post(f"{base}/bookings", wanted()).get_json()["id"]
    assert api("sofia").post(f"{base}/bookings/{held}/confirm").status_code == 409
    answer = api("sofia").post(f"{base}/bookings/{held}/ask", key=KEY).get_json()
    assert (answer["state"], answer["held_until"]) == ("asked", "2026-03-28T09:00:00Z")
    return held


@pytest.mark.parametrize(("verb", "state"), [("approve", "booked"), ("turn-down", "cancelled")])
def test_the_concierge_answers_what_is_asked(
    api: Any, base: str, asked: str, verb: str, state: str
) -> None:
    (waiting,) = items(api("concierge").get("/lieux/la-navette/bookings/asked"))
    assert (waiting["id"], waiting["room"], waiting["price"]["net_cents"]) == (
        asked,
        "jacquard",
        4800,
    )
    path = f"/lieux/la-navette/bookings/{asked}/{verb}"
    first = api("concierge").post(path, key=KEY)
    assert first.get_json() == {"id": asked, "booked": state == "booked"}
    assert api("concierge").post(path, key=KEY).data == first.data
    assert api("sofia").get(f"{base}/bookings/{asked}").get_json()["state"] == state
    assert items(api("concierge").get("/lieux/la-navette/bookings/asked")) == []


def test_nobody_else_answers_for_the_lieu(api: Any, asked: str) -> None:
    for who in ("sofia", "awa", "kiosk", "concierge-elsewhere"):
        assert api(who).get("/lieux/la-navette/bookings/asked").status_code == 404
        for verb in ("approve", "turn-down"):
            path = f"/lieux/la-navette/bookings/{asked}/{verb}"
            assert api(who).post(path).status_code == 404
    path = f"/lieux/elsewhere/bookings/{asked}/approve"
    assert api("concierge-elsewhere").post(path).status_code == 404


# --- what is not yours ----------------------------------------------------------------------


def test_series_and_lines_of_others_answer_as_what_is_not_there(api: Any, base: str) -> None:
    made = api("sofia").post(f"{base}/series", series()).get_json()["id"]
    api("sofia").post(f"{base}/series/{made}/confirm")
    api("sofia").post(f"{base}/bookings", wanted())
    stood = api("sofia").post(f"{base}/waits", wanted()).get_json()["id"]
    mine = f"/organisations/{items(api('away').get('/organisations'))[0]['id']}"
    for method, path, theirs in (
        ("get", "/series/{}", made),
        ("post", "/series/{}/confirm", made),
        ("post", "/series/{}/cancel", made),
        ("post", "/waits/{}/leave", stood),
    ):
        answers = [
            getattr(api("away"), method)(where + path.format(one))
            for where, one in ((mine, theirs), (mine, "nowhere"), (base, theirs))
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.data for answer in answers}) == 1

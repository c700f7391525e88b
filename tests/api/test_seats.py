"""Seats over the API: what is free ahead, keeping one, and letting it go."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from serendipity import lieux, seats
from serendipity.lieux import Span
from tests.api.conftest import items
from tests.conftest import NOON
from tests.pages import beside

NINE = "2026-03-27T08:00:00Z"


@pytest.fixture(autouse=True)
def one_seat(app: Flask, api: Any) -> None:
    """One seat on Friday morning at La Navette."""
    with beside(app) as session:
        lieu = lieux.lieu_named(session, "la-navette")
        lieux.keep_moments(session, lieu=lieu, spans=[Span(4, 540, 720, "Coworking")])
        seats.offer(session, lieu=lieu, weekday=4, starts=540, count=1, at=NOON)
        session.commit()


def test_a_seat_is_kept_once_and_let_go(api: Any) -> None:
    awa, path = api("awa"), "/lieux/la-navette/seats"
    first = items(awa.get(path))[0]
    assert (first["starts_at"], first["free"], first["mine"]) == (NINE, 1, None)
    made = awa.post(path, {"starts_at": NINE}, key="one")
    assert made.status_code == 201
    assert awa.post(path, {"starts_at": NINE}, key="one").get_json() == made.get_json()
    assert [one["id"] for one in items(awa.get("/seats"))] == [made.get_json()["id"]]
    assert items(awa.get(path))[0]["mine"] == made.get_json()["id"]
    gone = awa.post(f"/seats/{made.get_json()['id']}/cancel")
    assert gone.get_json()["kept"] is False
    assert items(awa.get("/seats")) == []


def test_refusals_say_which_rule(api: Any) -> None:
    path = "/lieux/la-navette/seats"
    mine = api("awa").post(path, {"starts_at": NINE}).get_json()["id"]
    full = api("ines").post(path, {"starts_at": NINE})
    assert (full.status_code, full.get_json()["type"].rpartition(":")[2]) == (409, "no-seat-left")
    late = api("ines").post(path, {"starts_at": "2026-03-27T08:30:00Z"})
    assert late.status_code == 404
    theirs, nobodys = (api("ines").post(f"/seats/{one}/cancel") for one in (mine, "nothing"))
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.get_json() == nobodys.get_json()
    assert api("kiosk").get("/seats").status_code == 403

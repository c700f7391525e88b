"""What is refused before any rule is asked, and that the field is named."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import House

ROOM = {
    "lieu": "la-navette",
    "room": "jacquard",
    "starts_at": "2026-03-27T09:00:00Z",
    "ends_at": "2026-03-27T11:00:00Z",
    "people": 4,
}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"net_cents": 1}, "net_cents"),
        ({"booked_by_id": 1}, "booked_by_id"),
        ({"people": "4"}, "people"),
        ({"people": True}, "people"),
        ({"people": 0}, "people"),
        ({"people": 2**63}, "people"),
        ({"people": -(2**63) - 1}, "people"),
        ({"people": 10**400}, "people"),
        ({"people": None}, "people"),
        ({"room": "jacq\0uard"}, "room"),
        ({"room": ""}, "room"),
        ({"room": "x" * 81}, "room"),
        ({"starts_at": "2026-03-27T09:00:00"}, "starts_at"),
        ({"starts_at": "tomorrow"}, "starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, "starts_at"),
        ({"ends_at": "9999-12-31T23:59:59-14:00"}, "ends_at"),
        ({"starts_at": 1}, "starts_at"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(
    api: Any, house: House, change: dict[str, Any], field: str
) -> None:
    answer = api("sofia").post(f"/organisations/{house.organisation}/bookings", {**ROOM, **change})
    assert answer.status_code == 422
    assert answer.get_json()["field"] == field
    assert answer.mimetype == "application/problem+json"


def test_a_missing_field_is_named(api: Any, house: House) -> None:
    without = {name: value for name, value in ROOM.items() if name != "people"}
    answer = api("sofia").post(f"/organisations/{house.organisation}/bookings", without)
    assert (answer.status_code, answer.get_json()["field"]) == (422, "people")


def test_a_field_inside_another_is_named_with_its_place(api: Any) -> None:
    given = {"lieu": "la-navette", "until": "2026-03-26T15:00:00Z", "choices": {"everything": 1}}
    answer = api("away").post("/check-ins", given)
    assert (answer.status_code, answer.get_json()["field"]) == (422, "choices.everything")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"words": "x"', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"words": "\xff"}', "application/json", 400),
        (b"[" * 50_000, "application/json", 422),
        (b"[]", "application/json", 422),
        (b'"words"', "application/json", 422),
        (b"", "application/json", 422),
        (b'{"words": "\\ud800"}', "application/json", 422),
        (b'{"words": "\\udfff half"}', "application/json", 422),
        (b'{"words": "\\u0000"}', "application/json", 422),
        (b'{"words": "   "}', "application/json", 422),
        (b"words=x", "application/x-www-form-urlencoded", 415),
        (b'{"words": "x"}', "text/plain", 415),
        (b'{"words": "' + b"x" * 70_000 + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_is_none_is_refused(api: Any, body: bytes, kind: str, status: int) -> None:
    answer = api("awa").raw("/needs", body, kind)
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert api("awa").get("/needs").get_json()["items"] == []


def test_both_halves_of_a_pair_are_one_character(api: Any) -> None:
    said = api("awa").raw("/needs", b'{"words": "a \\ud83e\\udea1 and thread"}')
    assert said.get_json()["words"] == "a \U0001faa1 and thread"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/lieux?limit=0", "limit"),
        ("/lieux?limit=101", "limit"),
        ("/lieux?limit=99999999999999999999", "limit"),
        ("/lieux?limit=x", "limit"),
        ("/lieux?page=2", "page"),
        ("/lieux?cursor=x", "cursor"),
        ("/lieux?cursor=WzFd", "cursor"),
        ("/lieux?cursor=%FF%00", "cursor"),
        ("/lieux?cursor=WzEsIjIiXQ", "cursor"),
        ("/lieux/la-navette/moments?day=0001-01-01", "day"),
        ("/lieux/la-navette/moments?day=9999-12-31", "day"),
        ("/lieux/la-navette/moments?day=2026-02-29", "day"),
        ("/lieux/la-navette/rooms/jacquard/slots", "day"),
        ("/lieux/la-navette/rooms/jacquard/slots?day=2026-03-27&minutes=20", "minutes"),
        ("/lieux/la-navette/rooms/jacquard/slots?day=2026-03-27&people=9", "people"),
    ],
)
def test_a_wrong_query_is_refused_by_its_name(api: Any, path: str, field: str) -> None:
    answer = api("kiosk").get(path)
    assert (answer.status_code, answer.get_json()["field"]) == (422, field)


@pytest.mark.parametrize("path", ["/lieux/la%00navette", "/introductions/%00", "/nowhere", "/"])
def test_an_address_that_names_nothing_is_a_404_like_all_others(api: Any, path: str) -> None:
    answer = api("awa").get(path)
    assert answer.status_code == 404
    assert answer.data == api("awa").get("/lieux/nowhere").data


def test_a_wrong_method_is_told_which_are_right(api: Any) -> None:
    answer = api("awa").client.delete("/api/v1/lieux")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD", "OPTIONS"}
    assert answer.mimetype == "application/problem+json"

"""Told by hand over the API, what came of it, and the house rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from serendipity import lieux, rules
from serendipity.members import Member
from serendipity.rules import Terms
from tests.api.conftest import House, items
from tests.conftest import NOON, Clock
from tests.pages import beside

DAY = timedelta(days=1)


def address(app: Flask, house: House, name: str) -> str:
    with beside(app) as session:
        return str(session.get_one(Member, house.members[name]).email)


def by_name(api: Any, who: str, name: str) -> dict[str, Any]:
    found = {one["name"]: one["id"] for one in items(api(who).get("/encounters/people"))}
    return {"member": found[name], "helped": True}


def test_two_who_tell_of_each_other_have_met(api: Any) -> None:
    assert api("awa").post("/encounters", by_name(api, "awa", "Bob Peeters")).get_json() == {
        "told": True
    }
    (waiting,) = items(api("bob").get("/encounters"))
    assert (waiting["name"], waiting["introduction"]) == ("Awa Diallo", None)
    assert items(api("awa").get("/encounters/lately")) == []
    api("bob").post("/encounters", {**by_name(api, "bob", "Awa Diallo"), "helped": False})
    (lived,) = items(api("awa").get("/encounters/lately"))
    assert (lived["name"], lived["outcome"], lived["may_be_taken_back"]) == (
        "Bob Peeters",
        "",
        True,
    )
    assert api("bob").get("/ledger").get_json()["months"][0]["given"] == 1


def test_sent_again_under_its_key_it_is_told_once(api: Any) -> None:
    told = {**by_name(api, "awa", "Bob Peeters"), "outcome": "idea"}
    answers = [api("awa").post("/encounters", told, key="one") for _ in range(2)]
    assert answers[0].data == answers[1].data
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert len(items(api("bob").get("/encounters"))) == 1


@pytest.mark.parametrize("whose", ["bob", "away", "awa", "nobody"])
def test_an_address_is_answered_alike_whoever_it_is_of(
    app: Flask, house: House, api: Any, whose: str
) -> None:
    email = "nobody@example.org" if whose == "nobody" else address(app, house, whose)
    answer = api("awa").post("/encounters", {"email": email, "helped": True})
    assert (answer.status_code, answer.get_json()) == (200, {"told": True})
    assert items(api("awa").get("/encounters")) == []  # nor is it in their own list


@pytest.mark.parametrize(
    ("said", "status", "kind"),
    [
        ({}, 422, "not-readable"),
        ({"member": "x", "email": "bob@example.org"}, 422, "not-readable"),
        ({"email": "bob@"}, 422, "bad-email"),
        ({"member": "somebody"}, 404, "not-found"),
        ({"email": "bob@example.org", "outcome": "love"}, 422, "not-readable"),
    ],
)
def test_what_cannot_be_told_is_refused(
    api: Any, said: dict[str, str], status: int, kind: str
) -> None:
    answer = api("awa").post("/encounters", {"helped": True, **said})
    assert answer.status_code == status
    assert answer.get_json()["type"].rpartition(":")[2] == kind


def test_who_was_nowhere_today_met_nobody_there(api: Any) -> None:
    assert items(api("away").get("/encounters/people")) == []
    answer = api("away").post("/encounters", {"email": "bob@example.org", "helped": True})
    assert answer.status_code == 409
    assert answer.get_json()["type"].endswith("not-here-today")


def met(api: Any) -> str:
    api("awa").post("/encounters", by_name(api, "awa", "Bob Peeters"))
    api("bob").post("/encounters", by_name(api, "bob", "Awa Diallo"))
    (lived,) = items(api("awa").get("/encounters/lately"))
    return str(lived["id"])


def test_what_came_of_it_is_said_by_each_for_themself(api: Any) -> None:
    path = f"/encounters/{met(api)}/came"
    assert api("awa").post(path, {"outcome": "work"}).get_json()["counts"] is True
    outcomes = {
        who: items(api(who).get("/encounters/lately"))[0]["outcome"] for who in ("awa", "bob")
    }
    assert outcomes == {"awa": "work", "bob": ""}
    assert api("awa").post(path, {"outcome": ""}).status_code == 422
    assert api("ines").post(path, {"outcome": "work"}).status_code == 404


def test_it_is_taken_back_within_a_week_and_not_after(api: Any, held_clock: Clock) -> None:
    path = f"/encounters/{met(api)}/take-back"
    held_clock.now += 8 * DAY
    assert api("awa").post(path).status_code == 410
    held_clock.now -= 2 * DAY
    assert api("ines").post(path).status_code == 404
    assert api("awa").post(path, key="back").get_json()["counts"] is False
    assert api("awa").post(path, key="back").status_code == 200
    assert items(api("bob").get("/encounters/lately")) == []
    assert api("bob").get("/ledger").get_json()["balance"] == 0


# --- house rules ----------------------------------------------------------------------------

PATH = "/lieux/la-navette/rules"


def write(app: Flask, stay_costs: int) -> None:
    with beside(app) as session:
        lieu = lieux.lieu_named(session, "la-navette")
        after = rules.in_force(session, lieu_id=lieu.id, at=NOON).version
        text = {"en": "Wash your cup.", "fr": "Lave ta tasse."}
        rules.write(
            session, lieu=lieu, terms=Terms(stay_costs), text=text, after=after, by=None, at=NOON
        )
        session.commit()


def test_house_rules_are_read_in_the_language_asked_for_and_accepted_once(
    app: Flask, api: Any
) -> None:
    before = api("awa").get(PATH).get_json()
    assert (before["version"], before["since"], before["accepted"]) == (0, None, True)
    write(app, stay_costs=2)
    now = api("awa").get(PATH, Accept_Language="fr").get_json()
    assert (now["version"], now["stay_costs"], now["text"]) == (1, 2, "Lave ta tasse.")
    assert now["accepted"] is False
    for _ in range(2):
        answer = api("awa").post(f"{PATH}/accept", {"version": 1})
        assert answer.get_json() == {
            "lieu": "la-navette",
            "version": 1,
            "at": "2026-03-26T12:00:00Z",
        }
    assert api("awa").get(PATH).get_json()["accepted"] is True
    assert api("ines").get(PATH).get_json()["accepted"] is False
    write(app, stay_costs=3)
    assert api("awa").get(PATH).get_json()["accepted"] is False


def test_only_a_version_that_there_is_and_only_a_member_accepts(app: Flask, api: Any) -> None:
    write(app, stay_costs=2)
    assert api("awa").post(f"{PATH}/accept", {"version": 2}).status_code == 404
    assert api("awa").post(f"{PATH}/accept", {"version": 0}).status_code == 422
    assert api("kiosk").post(f"{PATH}/accept", {"version": 1}).status_code == 403
    assert api("kiosk").get(PATH).get_json()["accepted"] is None
    for answer in (
        api("awa").get("/lieux/nowhere/rules"),
        api("awa").post("/lieux/nowhere/rules/accept", {"version": 1}),
    ):
        assert answer.status_code == 404

"""Whom a token acts for, and what is answered to everybody else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from serendipity import members, shifts, tokens
from serendipity.api import actors
from serendipity.api.endpoints import ENDPOINTS
from serendipity.api.presences import WithoutPhone
from serendipity.audit import AuditEntry
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.presence import Presence
from tests.api.conftest import House, items
from tests.conftest import NOON, Clock
from tests.pages import beside
from tests.rows import on_shift, signed_in


@pytest.mark.parametrize(
    "header", ["", "Basic awa:secret", "Bearer", "Bearer srd_nobody", "Bearer \x7f"]
)
def test_without_a_known_token_the_answer_is_401_and_says_how_to_come_in(
    app: Flask, house: House, header: str
) -> None:
    headers = {"Authorization": header} if header else {}
    answer = app.test_client().get("/api/v1/me", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["type"] == "urn:serendipity:problem:unauthorized"


def test_a_browser_that_is_signed_in_is_nobody_here(app: Flask, house: House) -> None:
    with beside(app) as session:
        awa = session.get_one(Member, house.members["awa"])
        client = signed_in(app.test_client(), awa)
    assert client.get("/api/v1/me").status_code == 401


def test_a_revoked_token_opens_nothing(app: Flask, house: House, api: Any) -> None:
    assert api("awa").get("/me").get_json()["name"] == "Awa Diallo"
    with beside(app) as session:
        token = tokens.token_shown(session, house.tokens["awa"])
        tokens.revoke(session, public_id=token.public_id, at=NOON)
        session.commit()
    assert api("awa").get("/me").status_code == 401


def test_the_token_of_somebody_who_was_forgotten_opens_nothing(
    app: Flask, house: House, api: Any
) -> None:
    with beside(app) as session:
        members.erase(session, member_id=house.members["awa"], at=NOON)
        session.commit()
    assert api("awa").get("/me").status_code == 401


@pytest.mark.parametrize(
    ("who", "role", "lieu"),
    [
        ("awa", "member", None),
        ("concierge", "concierge", "la-navette"),
        ("kiosk", "kiosk", "la-navette"),
        ("operator", "operator", None),
    ],
)
def test_a_token_says_whom_it_acts_for(api: Any, who: str, role: str, lieu: str | None) -> None:
    said = api(who).get("/me").get_json()
    assert (said["role"], said["lieu"]) == (role, lieu)


@pytest.mark.parametrize("who", ["concierge", "kiosk", "operator"])
@pytest.mark.parametrize("path", ["/needs", "/suggestions", "/ledger", "/check-ins", "/calls"])
def test_what_is_a_members_is_told_to_no_other_token(api: Any, who: str, path: str) -> None:
    answer = api(who).get(path)
    assert answer.status_code == 403
    assert answer.get_json()["needed"] == "member"


@pytest.mark.parametrize(
    "who", ["awa", "away", "sofia", "concierge-elsewhere", "kiosk", "operator"]
)
def test_who_is_here_is_told_to_the_concierge_only_and_others_find_no_lieu(
    api: Any, who: str
) -> None:
    foreign, missing = (api(who).get(f"/lieux/{slug}/presence") for slug in ("la-navette", "no"))
    assert foreign.status_code == missing.status_code == 404
    assert foreign.data == missing.data


def test_a_concierges_tool_sees_who_is_here_and_they_can_read_it_once(
    app: Flask, house: House, api: Any
) -> None:
    for _ in range(2):
        seen = api("concierge").get("/lieux/la-navette/presence").get_json()
    assert [one["name"] for one in seen["people"]] == ["Awa Diallo", "Inès Morel", "Bob Peeters"]
    assert seen["how_many"] == 3
    assert "@" not in str(seen)
    assert [entry.concerns_id for entry in _trail(app)] == [
        house.members[name] for name in ("awa", "ines", "bob")
    ]


def _trail(app: Flask) -> list[AuditEntry]:
    with beside(app) as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def test_a_member_sees_who_is_here_only_during_their_shift(
    app: Flask, house: House, api: Any, held_clock: Clock
) -> None:
    with beside(app) as session:
        navette = session.scalars(select(Lieu).where(Lieu.slug == "la-navette")).one()
        bob = session.get_one(Member, house.members["bob"])
        on_shift(session, navette, bob)
        session.commit()
    assert api("bob").get("/lieux/la-navette/presence").status_code == 200
    assert {entry.actor_id for entry in _trail(app)} == {house.members["bob"]}
    held_clock.now += shifts.LONGEST
    assert api("bob").get("/lieux/la-navette/presence").status_code == 404


def test_a_concierges_tool_checks_in_confirms_and_checks_out_and_leaves_traces(
    app: Flask, house: House, api: Any
) -> None:
    desk = api("concierge")
    newcomer = {"name": "Zoé Martin", "email": "zoe@example.org", "skills": ["soudure"]}
    made = desk.post("/lieux/la-navette/check-ins", newcomer)
    assert made.status_code == 201, made.text
    assert made.get_json()["declared"] is False
    stay = f"/lieux/la-navette/check-ins/{made.get_json()['id']}"
    assert desk.post(f"{stay}/confirm").status_code == 200
    assert desk.post(f"{stay}/end").get_json()["ended_at"] == "2026-03-26T12:00:00Z"
    assert [entry.what for entry in _trail(app)] == ["checked-in", "confirmed-stay", "checked-out"]


AT_A_DESK = {"approvals", "presences"}


@pytest.mark.parametrize("who", ["awa", "concierge-elsewhere"])
def test_every_endpoint_of_a_desk_is_as_unknown_as_that_of_a_lieu_that_never_was(
    app: Flask, house: House, api: Any, held_clock: Clock, who: str
) -> None:
    """Awa's shift is over; the tool stands elsewhere."""
    with beside(app) as session:
        navette = session.scalars(select(Lieu).where(Lieu.slug == "la-navette")).one()
        on_shift(session, navette, session.get_one(Member, house.members["awa"]))
        stay = session.scalars(select(Presence.public_id)).first()
        session.commit()
    assert api("awa").get("/lieux/la-navette/presence").status_code == 200  # the control
    held_clock.now += shifts.LONGEST
    newcomer = {"name": "Zoé Martin", "email": "zoe@example.org"}
    names = {"slug": "{}", "check_in": str(stay), "booking": "any"}
    asked = [one for one in ENDPOINTS if one.noun in AT_A_DESK]
    assert {one.noun for one in asked} == AT_A_DESK
    for one in asked:
        path = re.sub(r"<(\w+)>", lambda name: names[name[1]], one.rule)
        foreign, missing = (
            api(who).post(path.format(slug), newcomer if one.takes is WithoutPhone else {})
            if one.writes
            else api(who).get(path.format(slug))
            for slug in ("la-navette", "nowhere")
        )
        assert foreign.status_code == 404, path
        assert (foreign.data, foreign.headers) == (missing.data, missing.headers), path


def test_whoever_stands_at_a_desk_is_held_to_it() -> None:
    """The nouns that ask for a desk are those that are knocked at above."""
    folder = Path(actors.__file__).parent
    asking = {one.stem for one in folder.glob("*.py") if "desk(" in one.read_text("utf-8")}
    assert asking - {"actors"} == AT_A_DESK


def test_words_come_in_the_language_that_is_asked_for(api: Any) -> None:
    french = items(api("awa").get("/suggestions", Accept_Language="fr"))
    english = items(api("awa").get("/suggestions", Accept_Language="en"))
    assert english[0]["reasons"] != [] != french[0]["reasons"]
    assert "<b>" not in str(english)

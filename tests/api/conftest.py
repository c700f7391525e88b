"""A house to ask about: two lieux, people in one of them, a company, and everybody's token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serendipity import tokens
from serendipity.members import Member
from tests.conftest import NOON, Clock
from tests.pages import beside
from tests.rows import a_lieu, a_member, a_room, an_organisation, somebody_here
from tests.woven import an_introduction, helps


@dataclass
class Caller:
    """A client with a token; paths are below /api/v1."""

    client: FlaskClient
    token: str = ""

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get("/api/v1" + path, headers=self._headers(headers))

    def post(self, path: str, body: Any = None, *, key: str = "", **headers: str) -> TestResponse:
        said = self._headers(headers, key)
        return self.client.post("/api/v1" + path, json=body or {}, headers=said)

    def raw(self, path: str, body: bytes, kind: str = "application/json") -> TestResponse:
        said = self._headers({})
        return self.client.post("/api/v1" + path, data=body, content_type=kind, headers=said)

    def _headers(self, given: dict[str, str], key: str = "") -> dict[str, str]:
        said = {name.replace("_", "-"): value for name, value in given.items()}
        if self.token:
            said["Authorization"] = f"Bearer {self.token}"
        if key:
            said["Idempotency-Key"] = key
        return said


@dataclass(frozen=True)
class House:
    """Public ids and tokens, by the names of the people: awa, ines and bob are at La Navette."""

    tokens: dict[str, str]
    introduction: str
    organisation: str
    members: dict[str, int]


def items(answer: TestResponse) -> list[Any]:
    assert answer.status_code == 200, answer.text
    found = answer.get_json()["items"]
    assert isinstance(found, list)
    return found


@pytest.fixture
def house(app: Flask, held_clock: Clock) -> House:
    """La Navette with three people who may be seen, and elsewhere with nobody."""
    with beside(app) as session:
        navette = a_lieu(session, slug="la-navette", name="La Navette")
        elsewhere = a_lieu(session, slug="elsewhere", name="Elsewhere")
        a_room(session, navette, slug="jacquard", name="Jacquard")
        a_room(session, navette, slug="bobine", name="La Bobine", capacity=4)
        a_room(session, elsewhere, slug="spoel", name="Spoel")
        people = {
            name: somebody_here(session, navette, full)
            for name, full in (
                ("awa", "Awa Diallo"),
                ("ines", "Inès Morel"),
                ("bob", "Bob Peeters"),
            )
        }
        people["away"] = a_member(session, "Yan Away")
        organisation, people["sofia"] = an_organisation(session)
        an_organisation(session, people["away"])
        introduction = an_introduction(
            session,
            navette,
            people["awa"],
            people["ines"],
            reasons=[helps(people["ines"], people["awa"], "pricing")],
        )
        shown = {name: _token(session, [member]) for name, member in people.items()}
        for role, lieu in (
            ("concierge", navette),
            ("concierge-elsewhere", elsewhere),
            ("kiosk", navette),
        ):
            plain = role.partition("-")[0]
            shown[role] = tokens.create(session, role=plain, lieu_id=lieu.id, at=NOON)[1]
        shown["operator"] = tokens.create(session, role="operator", at=NOON)[1]
        session.commit()
        return House(
            shown,
            introduction.public_id,
            organisation.public_id,
            {name: member.id for name, member in people.items()},
        )


def _token(session: Any, whose: Sequence[Member]) -> str:
    return tokens.create(session, role="member", member_id=whose[0].id, at=NOON)[1]


@pytest.fixture
def api(app: Flask, house: House) -> Any:
    """`api("awa")` calls as Awa; `api()` without a token."""

    def caller(name: str = "") -> Caller:
        return Caller(app.test_client(), house.tokens[name] if name else "")

    return caller

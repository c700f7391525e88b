"""The pages of rules, ledger, telling and evidence: what they refuse, hide, and hand out."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from serendipity import encounters, evidence, ledger, presence, rules
from serendipity.audit import AuditEntry
from serendipity.encounters import Encounter
from tests.conftest import NOON, Clock
from tests.evidenced import came_so_far
from tests.rows import a_lieu, a_member, on_shift, signed_in, somebody_here

DAY = timedelta(days=1)


class House:
    """A lieu with Awa and Karim in it and Chloé on shift, each with a browser."""

    def __init__(self, app: Flask, session: Session) -> None:
        self.session = session
        self.lieu = a_lieu(session, slug="la-navette", name="La Navette", opened_at=NOON - 90 * DAY)
        self.people = {
            name: somebody_here(session, self.lieu, name) for name in ("Awa", "Karim", "Chloé")
        }
        on_shift(session, self.lieu, self.people["Chloé"])
        session.commit()
        self.awa, self.karim, self.chloe = (
            signed_in(app.test_client(), one) for one in self.people.values()
        )

    def now(self) -> Session:
        """The session, seeing what the browsers have just done."""
        self.session.rollback()
        return self.session

    def balance(self, name: str) -> int:
        key = self.people[name].id
        return ledger.balance_of(self.now(), member_id=key)

    def met(self) -> str:
        """Awa was helped by Karim, and both said so."""
        ids = [self.people[name].id for name in ("Awa", "Karim")]
        (met,) = encounters.set_up(self.session, lieu_id=self.lieu.id, member_ids=ids, at=NOON)
        for who in ids:
            encounters.confirm(
                self.session, public_id=met.public_id, member_id=who, helped=who == ids[0], at=NOON
            )
        self.session.commit()
        return met.public_id


@pytest.fixture
def house(app: Flask, session: Session) -> House:
    return House(app, session)


TERMS = {"after": "0", "stay_costs": "2", "shift": "2", "story": "1", "workshop": "2"} | {
    "promotion": "1",
    "text_en": "Wash your cup.",
}


# --- house rules ----------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["-1", "NaN", str(2**63), "101", "", "1.5", "<b>"])
def test_a_term_that_cannot_be_is_refused_beside_its_field_and_kept_as_typed(
    house: House, given: str
) -> None:
    page = house.chloe.post("/concierge/la-navette/rules", data=TERMS | {"stay_costs": given})
    assert page.status_code == 422
    assert "A whole number from 0 to 100." in page.text
    assert "Wash your cup." in page.text
    assert rules.versions(house.session, lieu_id=house.lieu.id) == []


def test_a_version_is_written_asked_for_and_accepted(house: House) -> None:
    assert "House rules, version" not in house.awa.get("/here").text
    written = house.chloe.post("/concierge/la-navette/rules", data=TERMS)
    assert (written.status_code, written.location) == (303, "/lieux/la-navette/rules")
    assert "House rules, version 1: a stay costs 2 answers." in house.awa.get("/here").text
    assert "2 answered questions" in house.awa.get("/lieux/la-navette").text
    answer = house.awa.post("/lieux/la-navette/rules", data={"version": "1", "next": "/here"})
    assert (answer.status_code, answer.location) == (303, "/here")
    assert "House rules, version" not in house.awa.get("/here").text
    again = house.chloe.post("/concierge/la-navette/rules", data=TERMS | {"stay_costs": "3"})
    assert again.status_code == 409
    assert "Somebody wrote version 1 since" in again.text


@pytest.mark.parametrize("version", ["0", "2", "-1", "x", str(2**63), ""])
def test_a_version_that_is_none_is_a_missing_page(house: House, version: str) -> None:
    house.chloe.post("/concierge/la-navette/rules", data=TERMS)
    answer = house.awa.post("/lieux/la-navette/rules", data={"version": version})
    assert answer.status_code == 404


# --- telling, what came, taking back --------------------------------------------------------


def without_token(answer: TestResponse) -> str:
    return re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text)


def told(answer: TestResponse) -> tuple[int, str | None, str]:
    return answer.status_code, answer.location, re.sub(r"\d+", "", str(answer.headers))


def test_an_address_is_answered_alike_whoever_it_is_of(house: House, app: Flask) -> None:
    away = a_member(house.session, "Away")
    house.session.commit()
    answers = []
    for email in (away.email, "nobody@example.org", house.people["Awa"].email):
        answer = house.awa.post("/here/met", data={"email": email, "helped": "1"})
        page = house.awa.get("/here")
        answers.append((answer.status_code, answer.location, without_token(page)))
    assert answers[0] == answers[1] == answers[2]
    assert [one.b_id for one in house.now().scalars(select(Encounter))] == [away.id]


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({}, 422),
        ({"email": "not an address"}, 422),
        ({"who": "unknown"}, 404),
        ({"email": "a@example.org", "outcome": "love"}, 422),
        ({"email": "a\0@example.org"}, 422),
    ],
)
def test_what_cannot_be_told_is_not_kept(house: House, typed: dict[str, str], status: int) -> None:
    assert house.awa.post("/here/met", data=typed).status_code == status
    assert house.now().scalars(select(Encounter)).all() == []


def test_whose_encounter_it_is_not_gets_a_missing_page(house: House) -> None:
    met = house.met()
    missing = house.chloe.get("/encounters/unknown")
    foreign = house.chloe.get(f"/encounters/{met}")
    assert missing.status_code == foreign.status_code == 404
    assert foreign.text.replace(met, "unknown") == missing.text
    for path in ("came", "back"):
        data = {"outcome": "work", "sure": "1"}
        assert house.chloe.post(f"/encounters/{met}/{path}", data=data).status_code == 404


def test_taking_back_asks_first_and_a_week_later_says_that_it_is_too_late(
    house: House, held_clock: Clock
) -> None:
    met = house.met()
    assert house.awa.post(f"/encounters/{met}/back").location == f"/encounters/{met}"
    held_clock.now += 8 * DAY
    late = house.awa.post(f"/encounters/{met}/back", data={"sure": "1"})
    assert late.status_code == 410
    assert "More than a week has gone by" in late.text
    held_clock.now -= 7 * DAY
    assert house.awa.post(f"/encounters/{met}/back", data={"sure": "1"}).status_code == 303
    assert house.balance("Karim") == 0


# --- one's ledger ---------------------------------------------------------------------------


def test_the_ledger_is_taken_away_as_a_table_and_for_machines(house: House) -> None:
    house.met()
    sheet = list(csv.DictReader(io.StringIO(house.karim.get("/me/ledger.csv").text)))
    machine = house.karim.get("/me/ledger.json").get_json()
    assert [(row["kind"], row["answers"], row["lieu"]) for row in sheet] == [
        ("answer", "1", "la-navette")
    ]
    assert [(row["returns"], row["answers"]) for row in machine] == [("informational", 1)]
    assert "Awa" not in house.karim.get("/me/ledger.csv").text
    assert house.karim.get("/me/ledger.xml").status_code == 404


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "1e3", str(2**63), "", "２", "1000001", "2"])
def test_only_what_one_has_is_given_on(house: House, amount: str) -> None:
    house.met()
    data = {"who": house.people["Awa"].public_id, "amount": amount, "key": "k"}
    assert house.karim.post("/me/ledger/give", data=data).status_code in (409, 422)
    assert house.balance("Karim") == 1


def test_two_taps_are_one_gift_and_a_stranger_gets_none(house: House) -> None:
    house.met()
    stranger = {"who": house.people["Chloé"].public_id, "amount": "1", "key": "k"}
    assert house.karim.post("/me/ledger/give", data=stranger).status_code == 422
    gift = {"who": house.people["Awa"].public_id, "amount": "1", "key": "k"}
    for _ in range(2):
        assert house.karim.post("/me/ledger/give", data=gift).status_code in (303, 409)
    assert house.balance("Awa") == 1


def test_who_brought_me_is_answered_alike(house: House) -> None:
    known = a_member(house.session, created_at=NOON - 9 * DAY)
    house.session.commit()
    answers = [
        told(house.awa.post("/me/ledger/brought", data={"email": email}))
        for email in ("nobody@example.org", known.email)
    ]
    assert answers[0][:2] == answers[1][:2] == (303, "/me/ledger")
    known_id = known.id
    assert ledger.balance_of(house.now(), member_id=known_id) == 1


# --- the lieu's ledger ----------------------------------------------------------------------


def test_who_is_named_to_the_concierge_can_read_it(house: House) -> None:
    for _ in range(2):
        assert house.chloe.get("/concierge/la-navette/ledger").status_code == 200
    listed = select(AuditEntry).where(AuditEntry.what == "seen-ledger")
    assert house.now().scalars(listed).all() == []  # nobody is named yet
    for day in range(1, 4):
        house.session.add(
            presence.Presence(
                member_id=house.people["Awa"].id,
                lieu_id=house.lieu.id,
                started_at=NOON - day * DAY,
                until=NOON - day * DAY + DAY / 24,
                ended_at=NOON - day * DAY + DAY / 24,
                how_in="qr",
                how_out="left",
                confirmed_at=NOON - day * DAY,
            )
        )
    house.session.commit()
    for _ in range(2):
        assert "Awa" in house.chloe.get("/concierge/la-navette/ledger").text
    seen = house.now().scalars(listed).all()
    assert [one.concerns_id for one in seen] == [house.people["Awa"].id]
    assert "give much or get little" in house.awa.get("/me").text


def test_a_workshop_is_thanked_for_once_a_day_and_never_by_its_giver(house: House) -> None:
    path = "/concierge/la-navette/ledger/workshop"
    data = {"who": house.people["Awa"].public_id}
    assert house.chloe.post(path, data=data).status_code == 303
    assert house.chloe.post(path, data=data).status_code == 409
    for nobody in ("unknown", house.people["Chloé"].public_id):
        assert house.chloe.post(path, data={"who": nobody}).status_code == 422
    assert house.balance("Awa") == 2


# --- evidence -------------------------------------------------------------------------------


def test_evidence_is_nobodys_page_until_the_lieu_shows_it(house: House, app: Flask) -> None:
    stranger = app.test_client()
    for suffix in ("", ".csv"):
        hidden = stranger.get(f"/lieux/la-navette/evidence{suffix}")
        missing = stranger.get(f"/lieux/nowhere/evidence{suffix}")
        assert hidden.status_code == missing.status_code == 404
        assert without_token(hidden).replace("la-navette", "nowhere") == without_token(missing)
    house.chloe.post("/concierge/la-navette/evidence", data={"public": "on"})
    assert stranger.get("/lieux/la-navette/evidence").status_code == 200
    house.chloe.post("/concierge/la-navette/evidence", data={"public": "off"})
    assert stranger.get("/lieux/la-navette/evidence").status_code == 404


def test_small_counts_are_on_no_page_and_in_no_sheet(house: House, app: Flask) -> None:
    past = NOON - 80 * DAY  # whole months that are over
    came_so_far(house.session, house.lieu, [3] * 3 + [0] * 19, since=past)
    evidence.show_to_everybody(house.session, lieu_id=house.lieu.id, by=None, at=NOON)
    house.people["Chloé"].is_operator = True
    house.session.commit()
    everybody = app.test_client()
    for client, path in (
        (everybody, "/lieux/la-navette/evidence"),
        (house.chloe, "/concierge/la-navette/evidence"),
        (house.chloe, "/operator/evidence"),
    ):
        assert client.get(path).status_code == 200
        rows = list(csv.DictReader(io.StringIO(client.get(f"{path}.csv").text)))
        counts = {row["figure"]: row["count"] for row in rows if row["arm"] == "all"}
        assert (counts["proposed"], counts["agreed"], counts["useful"]) == ("22", "", "")
        assert counts["ties"] == ""
    columns = list(csv.reader(io.StringIO(everybody.get("/evidence/columns.csv").text)))
    assert [row[0] for row in columns[1:]] == list(evidence.SHEET)

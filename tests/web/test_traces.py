"""Whoever a concierge sees can read it: each page that names somebody, and as what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import access_needs, audit, seats, stories
from serendipity.audit import AuditEntry
from serendipity.db import write_transaction
from serendipity.encounters import Encounter
from serendipity.lieux import Lieu, Moment
from serendipity.members import Member
from tests.conftest import NOON
from tests.pages import fresh
from tests.rows import a_lieu, a_member, on_shift, signed_in, somebody_here

DAY = timedelta(days=1)


class House:
    """A lieu, its concierge's browser, and Awa, who is somewhere else today."""

    def __init__(self, app: Flask, session: Session) -> None:
        self.app, self.session = app, session
        with write_transaction(session) as db:
            self.lieu: Lieu = a_lieu(db, slug="navette")
            concierge = a_member(db, "Bertille Gast")
            on_shift(db, self.lieu, concierge)
            self.awa: Member = a_member(db, "Awa Diallo")
            self.other: Member = a_member(db, "Inès Morel")
        self.desk: FlaskClient = signed_in(app.test_client(), concierge)

    def read_of(self, member: Member) -> list[str]:
        return [one.what for one in audit.concerning(fresh(self.session), member.id)]

    def met(self, **given: object) -> Encounter:
        a, b = sorted((self.awa.id, self.other.id))
        met = Encounter(lieu_id=self.lieu.id, a_id=a, b_id=b, said_at=NOON, **given)
        self.session.add(met)
        self.session.flush()
        return met


@pytest.fixture
def house(app: Flask, session: Session) -> House:
    return House(app, session)


def half(house: House) -> None:
    house.met(a_confirmed_at=NOON)


def outcome(house: House) -> None:
    house.met(a_confirmed_at=NOON, b_confirmed_at=NOON, outcome="work")


def story(house: House) -> None:
    stories.draft(
        house.session,
        lieu_id=house.lieu.id,
        author_id=house.other.id,
        title="The chair",
        body="It stands again, thanks to Awa.",
        named=[house.awa.id],
        at=NOON,
    )


def seat(house: House) -> None:
    db, lieu = house.session, house.lieu
    db.add(Moment(lieu_id=lieu.id, weekday=4, starts=9 * 60, ends=17 * 60, name="Coworking"))
    db.flush()
    seats.offer(db, lieu=lieu, weekday=4, starts=9 * 60, count=3, at=NOON)
    (ahead, *_) = seats.ahead(db, lieu=lieu, at=NOON, member_id=house.awa.id)
    seats.reserve(db, member_id=house.awa.id, lieu=lieu, starts_at=ahead.starts_at, at=NOON)


@pytest.mark.parametrize(
    ("prepare", "page", "deed"),
    [
        (half, "", "seen-settling"),
        (half, "live", "seen-settling"),
        (outcome, "", "seen-outcome"),
        (outcome, "stories", "seen-outcome"),
        (story, "stories/{story}", "seen-story"),
        (story, "stories/{story}/change", "seen-story"),
        (seat, "seats", "seen-expected"),
    ],
)
def test_whoever_a_page_names_can_read_once_that_they_were_seen(
    house: House, prepare: object, page: str, deed: str
) -> None:
    with write_transaction(house.session):
        prepare(house)  # type: ignore[operator]
    told = fresh(house.session).scalars(select(stories.Story.public_id)).first()
    for _ in range(2):
        answer = house.desk.get(f"/concierge/navette/{page.format(story=told)}")
        assert answer.status_code == 200
        assert "Awa Diallo" in answer.text
    assert house.read_of(house.awa) == [deed]


def test_who_lets_the_concierge_read_their_line_on_access_can_read_who_did(house: House) -> None:
    with write_transaction(house.session) as db:
        here = somebody_here(db, house.lieu, "Malik Ba")
        access_needs.note(
            db, member_id=here.id, words_said="a chair with arms", for_concierge=True, at=NOON
        )
    assert "a chair with arms" in house.desk.get("/concierge/navette/people").text
    assert sorted(house.read_of(here)) == ["seen-access-need", "seen-present"]
    client = signed_in(house.app.test_client(), here)
    assert "read your line on access" in client.get("/me").text


def test_every_deed_has_words_on_the_page_of_the_member_it_concerns(house: House) -> None:
    with write_transaction(house.session) as db:
        for deed in audit.DEEDS:
            db.add(AuditEntry(at=NOON, what=deed, concerns_id=house.awa.id, facts={}))
    page = signed_in(house.app.test_client(), house.awa).get("/me").text
    assert [deed for deed in audit.DEEDS if f" {deed}<" in page] == []

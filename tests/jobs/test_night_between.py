"""Nights of several lieux: members who share meet across them; and every zone has its own night."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import consent, needs, skills
from serendipity.config import Settings
from serendipity.db import reading, writing
from serendipity.introductions import Introduction
from serendipity.jobs import delivery, night, scheduler
from serendipity.jobs.delivery import Desk
from serendipity.jobs.post import FilePost
from serendipity.lieux import Lieu
from serendipity.mail import Letter
from serendipity.skills import Concept
from serendipity.suggestions import guests
from tests.conftest import NOON, Clock
from tests.rows import a_lieu, a_member

EVENING = NOON + timedelta(hours=7)
TODAY = date(2026, 3, 26)
DAY = timedelta(days=1)


@pytest.fixture
def in_app(app: Flask, held_clock: Clock) -> Iterator[Flask]:
    held_clock.now = EVENING
    with app.app_context():
        yield app


def a_person(
    session: Session, lieu: Lieu, *, can: str = "", wants: str = "", share: bool = True
) -> int:
    member = a_member(session, f"From {lieu.name}")
    consent.choose(
        session, member_id=member.id, lieu_id=lieu.id, here_today=True, by_mail=True,
        other_lieux=share, at=NOON,
    )  # fmt: skip
    if can:
        skills.offer(session, member_id=member.id, words=[can], language="en", at=NOON)
        (held,) = skills.skills_of(session, [member.id])[member.id]
        held.concept_id = can
    if wants:
        need = needs.say(
            session, member_id=member.id, lieu_id=lieu.id, presence_id=None, words=wants,
            language="en", at=NOON, expires_at=NOON + 30 * DAY,
        )  # fmt: skip
        need.concept_id = wants
    session.flush()
    return member.id


def two_lieux(*, host_shares: bool = True, guest_shares: bool = True) -> tuple[int, int]:
    """Alone in one lieu somebody needs what somebody alone in another offers."""
    with writing() as session:
        session.add(Concept(id="welding", vocabulary="few", labels={"en": "welding"}))
        here = a_lieu(session, slug="here", name="Here", opened_at=NOON - 30 * DAY)
        there = a_lieu(session, slug="there", name="There", opened_at=NOON - 30 * DAY)
        host = a_person(session, here, wants="welding", share=host_shares)
        return host, a_person(session, there, can="welding", share=guest_shares)


def run(slug: str) -> night.Night:
    return night.run(reading, lieu=slug, local_date=TODAY, at=EVENING)


def test_who_is_alone_at_home_meets_a_guest_who_can_help_and_only_once(
    in_app: Flask, settings: Settings
) -> None:
    host, guest = two_lieux()
    assert (run("here").letters, run("there").letters) == (2, 0)
    (offered,) = reading().scalars(select(Introduction))
    there = reading().scalars(select(Lieu.id).where(Lieu.slug == "there")).one()
    assert {side.member_id: side.guest_of_id for side in offered.sides} == {
        host: None,
        guest: there,
    }
    assert delivery.deliver_due(Desk(reading, FilePost(settings.instance / "m"), settings)) == {
        "sent": 2
    }
    words = [path.read_text() for path in (settings.instance / "m").iterdir()]
    assert sum("They belong to There" in one for one in words) == 1
    assert sum("They belong to Here" in one for one in words) == 1


@pytest.mark.parametrize("shares", [(True, False), (False, True), (False, False)])
def test_who_does_not_share_meets_nobody_from_elsewhere(
    in_app: Flask, shares: tuple[bool, bool]
) -> None:
    two_lieux(host_shares=shares[0], guest_shares=shares[1])
    assert run("here").letters + run("there").letters == 0


def test_in_a_network_too_large_to_look_through_in_a_night_everybody_who_fits_has_their_turn(
    in_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guests, "LOOKED_THROUGH", 1)
    host, first = two_lieux()
    with writing() as session:
        there = session.scalars(select(Lieu).where(Lieu.slug == "there")).one()
        fit = {first} | {a_person(session, there, can="welding", share=True) for _ in range(3)}
    met = set()
    for n in range(7):
        planned = night.run(
            reading, lieu="here", local_date=TODAY + n * DAY, at=EVENING, dry_run=True
        )
        met.update(one for idea in planned.ideas for one in idea.members)
    assert met == {host} | fit


@pytest.mark.parametrize("start", range(1, 7))
def test_those_who_share_elsewhere_are_looked_through_from_any_of_them_on(
    in_app: Flask, start: int
) -> None:
    _, guest = two_lieux(host_shares=False)
    with writing() as session:
        here, there = session.scalars(select(Lieu).order_by(Lieu.id))
        others = [a_person(session, there, share=share) for share in (True, False, True)]
        sharing = [guest, others[0], others[2]]
        since = guest - 3 + start
        in_order = sorted(sharing, key=lambda one: (one < since, one))
        for most in (0, 2, 9):
            found = consent.sharing_elsewhere(session, lieu_id=here.id, start=since, most=most)
            assert list(found.items()) == [(one, there.id) for one in in_order[:most]]
        assert consent.sharing_elsewhere(session, lieu_id=there.id, start=since, most=9) == {}


def test_who_stops_sharing_after_the_plan_gets_and_is_in_no_letter(
    in_app: Flask, settings: Settings
) -> None:
    _, guest = two_lieux()
    run("here")
    with writing() as session:
        (chosen,) = consent.chosen_by(session, member_id=guest)
        chosen.other_lieux = False
    ended = delivery.deliver_due(Desk(reading, FilePost(settings.instance / "m"), settings))
    assert ended == {"withdrawn": 2}


def test_a_member_who_wants_letters_at_two_lieux_gets_one(in_app: Flask) -> None:
    with writing() as session:
        places = [a_lieu(session, slug=slug, opened_at=NOON - 30 * DAY) for slug in ("one", "two")]
        for place in places:
            for _ in range(2):
                a_person(session, place, share=False)
        both = a_person(session, places[0], share=False)
        consent.choose(
            session, member_id=both, lieu_id=places[1].id, here_today=True, by_mail=True,
            other_lieux=False, at=NOON,
        )  # fmt: skip
    run("one")
    run("two")
    letters = Counter(reading().scalars(select(Letter.member_id)))
    assert set(letters.values()) == {1}


def test_an_odd_one_makes_a_trio(in_app: Flask) -> None:
    with writing() as session:
        lieu = a_lieu(session, slug="odd", opened_at=NOON - 30 * DAY)
        for _ in range(5):
            a_person(session, lieu)
    assert run("odd").letters == 5
    sizes = sorted(len(one.sides) for one in reading().scalars(select(Introduction)))
    assert sizes == [2, 3]


@pytest.mark.parametrize("change", [date(2026, 3, 29), date(2026, 10, 25)])
@pytest.mark.parametrize("hour", ["20:00", "02:30"])  # 02:30 is skipped in March, and twice there
def test_three_zones_have_one_night_a_local_date_through_a_clock_change_in_paris(
    in_app: Flask, settings: Settings, hour: str, change: date
) -> None:
    settings = dataclasses.replace(settings, night_at=hour)
    zones = {"paris": "Europe/Paris", "montreal": "America/Montreal", "noumea": "Pacific/Noumea"}
    with writing() as session:
        for slug, zone in zones.items():
            a_lieu(session, slug=slug, timezone=zone, opened_at=NOON - 90 * DAY)
    ran: Counter[tuple[str, date]] = Counter()
    start = datetime(change.year, change.month, change.day, tzinfo=UTC) - DAY
    for half_hour in range(3 * 48):
        at = start + half_hour * timedelta(minutes=30)
        for slug, day in scheduler.nights_due(reading(), settings, at=at):
            assert not night.run(reading, lieu=slug, local_date=day, at=at).already_run
            ran[slug, day] += 1
    assert set(ran.values()) == {1}
    assert all(ran[slug, change] == 1 for slug in zones)

"""The night: once per lieu and local date, whoever runs it, and no pair twice."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serendipity import consent, introductions, lieux, mail, members, needs, skills
from serendipity.config import Settings
from serendipity.db import database, reading, writing
from serendipity.introductions import Introduction
from serendipity.jobs import delivery, night, scheduler
from serendipity.jobs.delivery import Desk
from serendipity.jobs.post import FilePost
from serendipity.mail import Letter
from serendipity.runs import JobRun
from tests.conftest import NOON, Clock
from tests.rows import a_lieu, a_member

EVENING = NOON + timedelta(hours=7)
TODAY = date(2026, 3, 26)
DAY = timedelta(days=1)
WORDS = ("accounting", "bike repair", "laser cutting", "photography", "law", "welding", "baking")


@pytest.fixture
def in_app(app: Flask, held_clock: Clock) -> Iterator[Flask]:
    held_clock.now = EVENING
    with app.app_context():
        yield app


def a_lieu_with(people: int, slug: str = "navette") -> list[int]:
    """A lieu whose members want letters, offer something and need something."""
    ids = []
    with writing() as session:
        lieu = a_lieu(session, slug=slug, opened_at=NOON - 30 * DAY)
        for number in range(people):
            member = a_member(session, f"Person {number}", home_lieu_id=lieu.id)
            ids.append(member.id)
            consent.choose(
                session, member_id=member.id, lieu_id=lieu.id, here_today=True, by_mail=True,
                other_lieux=False, at=NOON,
            )  # fmt: skip
            words = WORDS[number % len(WORDS)]
            skills.offer(session, member_id=member.id, words=[words], language="en", at=NOON)
            needs.say(
                session, member_id=member.id, lieu_id=lieu.id, presence_id=None,
                words=WORDS[(number + 1) % len(WORDS)], language="en", at=NOON,
                expires_at=NOON + 365 * DAY,
            )  # fmt: skip
    return ids


def pairs() -> list[tuple[int, int]]:
    return [
        pair
        for one in reading().scalars(select(Introduction))
        for pair in combinations(sorted(side.member_id for side in one.sides), 2)
    ]


def run(day: date = TODAY, at: datetime = EVENING, slug: str = "navette") -> night.Night:
    return night.run(reading, lieu=slug, local_date=day, at=at)


def letters() -> int:
    return reading().scalar(select(func.count()).select_from(Letter)) or 0


def test_a_night_owes_a_letter_to_each_side_of_each_introduction(in_app: Flask) -> None:
    a_lieu_with(8)
    done = run()
    assert (done.people, done.introductions, done.letters) == (8, 4, 8)
    assert letters() == 8
    (kept,) = reading().scalars(select(JobRun))
    assert (kept.job, kept.local_date, kept.counts["letters"]) == ("night", TODAY, 8)
    assert kept.finished_at is not None


def test_the_same_night_again_does_nothing(in_app: Flask) -> None:
    a_lieu_with(8)
    run()
    before = (letters(), sorted(pairs()))
    assert run().already_run
    assert run(at=EVENING + timedelta(hours=3)).already_run
    assert (letters(), sorted(pairs())) == before


def test_nobody_gets_two_letters_in_a_week_and_no_pair_ever_meets_twice(in_app: Flask) -> None:
    a_lieu_with(8)
    counts = [run(TODAY + days * DAY, EVENING + days * DAY).letters for days in range(15)]
    assert counts == [8, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 8]
    found = pairs()
    assert len(found) == len(set(found)) == 12


def test_a_dry_run_keeps_nothing_and_tells_why(in_app: Flask) -> None:
    a_lieu_with(8)
    lines = list(night.told(in_app, "navette", TODAY, dry_run=True))
    assert "8 letters would be owed" in lines[0]
    assert any("can help with" in line for line in lines)
    assert letters() == 0
    assert reading().scalars(select(JobRun)).all() == []
    assert not run().already_run


def test_a_night_that_died_leaves_nothing_and_is_run_again(
    in_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_lieu_with(8)
    owe_all = mail.owe_all

    def dies(session: Session, letters: list[Any], *, at: datetime) -> int:
        owe_all(session, letters[:5], at=at)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mail, "owe_all", dies)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert (letters(), pairs(), reading().scalars(select(JobRun)).all()) == (0, [], [])
    assert run().letters == 8


def test_two_workers_at_the_same_night_run_it_once(in_app: Flask) -> None:
    a_lieu_with(8)
    both = threading.Barrier(2)
    done: list[night.Night] = []

    def work() -> None:
        with in_app.app_context():
            both.wait()
            done.append(run())
            database.session.remove()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(one.already_run for one in done) == [False, True]
    assert letters() == 8


def test_who_did_not_ask_for_letters_paused_or_proved_no_address_is_left_in_peace(
    in_app: Flask,
) -> None:
    ids = a_lieu_with(8)
    with writing() as session:
        lieu = lieux.lieu_named(session, "navette")
        consent.choose(
            session, member_id=ids[0], lieu_id=lieu.id, here_today=True, by_mail=False,
            other_lieux=False, at=NOON,
        )  # fmt: skip
        members.pause(session, member_id=ids[1], until=EVENING + DAY)
        members.member_named(session, ids[2]).email_confirmed_at = None
        members.block(session, blocker_id=ids[3], blocked_id=ids[4], at=NOON)
    run()
    met = {member for pair in pairs() for member in pair}
    assert met <= set(ids[3:])
    assert (ids[3], ids[4]) not in pairs()


def test_who_withdraws_between_plan_and_sending_is_in_no_letter(
    in_app: Flask, settings: Settings
) -> None:
    ids = a_lieu_with(2)
    run()
    with writing() as session:
        members.block(session, blocker_id=ids[0], blocked_id=ids[1], at=EVENING)
    desk = Desk(reading, FilePost(settings.instance / "mail"), settings)
    assert delivery.deliver_due(desk) == {"withdrawn": 2}


def test_the_letters_of_a_night_name_nobody_until_all_said_yes(
    in_app: Flask, settings: Settings, held_clock: Clock
) -> None:
    ids = a_lieu_with(2)
    with writing() as session:
        for member_id, name in zip(ids, ("Zenobia", "Quirin"), strict=True):
            members.member_named(session, member_id).name = name
    run()
    desk = Desk(reading, FilePost(settings.instance / "mail"), settings)
    assert delivery.deliver_due(desk) == {"sent": 2}
    for path in (settings.instance / "mail").iterdir():
        words = path.read_text()
        assert ("Zenobia" in words) != ("Quirin" in words)
    (offered,) = reading().scalars(select(Introduction.public_id))
    for member_id in ids:
        with writing() as session:
            introductions.say_yes(session, public_id=offered, member_id=member_id, at=EVENING)
    assert delivery.deliver_due(desk) == {"sent": 2}
    agreed = [path.read_text() for path in (settings.instance / "mail").glob("*-agreed-*")]
    assert len(agreed) == 2
    assert all("Zenobia" in words and "Quirin" in words for words in agreed)


# --- when it is due -------------------------------------------------------------------------


def due(settings: Settings, at: datetime) -> list[tuple[str, date]]:
    return scheduler.nights_due(reading(), settings, at=at)


@pytest.mark.parametrize(
    ("zone", "at_utc"),
    [
        ("Europe/Paris", datetime(2026, 3, 26, 19, 0, tzinfo=UTC)),
        ("America/Montreal", datetime(2026, 3, 27, 0, 0, tzinfo=UTC)),
        ("Pacific/Noumea", datetime(2026, 3, 26, 9, 0, tzinfo=UTC)),
    ],
)
def test_a_night_begins_by_the_clock_on_its_own_wall(
    in_app: Flask, settings: Settings, zone: str, at_utc: datetime
) -> None:
    with writing() as session:
        a_lieu(session, slug="navette", timezone=zone, opened_at=NOON - 30 * DAY)
        before = at_utc - timedelta(seconds=1)
        # the day before counts as run, so that only this one can be due
        session.add(JobRun(job="night", lieu_id=lieux.lieu_named(session, "navette").id,
                           local_date=TODAY - DAY, started_at=before))  # fmt: skip
    assert due(settings, before) == []
    assert due(settings, at_utc) == [("navette", TODAY)]


def test_a_worker_that_was_down_catches_up_one_night_and_lets_older_ones_go(
    in_app: Flask, settings: Settings
) -> None:
    a_lieu_with(2)
    assert due(settings, EVENING + timedelta(hours=11)) == [("navette", TODAY)]
    assert due(settings, EVENING + timedelta(hours=13)) == []
    assert due(settings, EVENING + 9 * DAY) == [("navette", TODAY + 9 * DAY)]


def test_a_lieu_that_opened_after_the_hour_begins_with_its_next_night(
    in_app: Flask, settings: Settings
) -> None:
    with writing() as session:
        a_lieu(session, slug="new", opened_at=EVENING + timedelta(minutes=1))
        a_lieu(session, slug="known-only", opened_at=None)
    assert due(settings, EVENING + timedelta(hours=1)) == []
    assert due(settings, EVENING + DAY) == [("new", TODAY + DAY)]


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
@pytest.mark.parametrize("hour", ["02:30", "20:00", "00:00"])
def test_the_nights_of_both_clock_changes_are_one_night_each(
    in_app: Flask, settings: Settings, held_clock: Clock, day: date, hour: str
) -> None:
    """Every quarter of an hour for three days, 02:30 being skipped or shown twice on the day."""
    a_lieu_with(2)
    settings = dataclasses.replace(settings, night_at=hour)
    ran = []
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - DAY
    for quarter in range(3 * 24 * 4):
        at = start + quarter * timedelta(minutes=15)
        for slug, local_date in due(settings, at):
            ran.append(local_date)
            assert not run(local_date, at, slug).already_run
    assert len(ran) == len(set(ran))
    assert day in ran
    assert {day - DAY, day, day + DAY} - set(ran) <= {day - DAY}  # before the first quarter

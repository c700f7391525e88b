"""Three months of presence, then counts that point at nobody; and silence that is heard."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import alarms, digests, needs, presence, retention, runs
from serendipity.lieux import Lieu
from serendipity.mail import Letter
from serendipity.needs import Need
from serendipity.presence import Presence
from serendipity.retention import PresenceCount
from serendipity.runs import JobRun
from tests.conftest import NOON
from tests.rows import a_lieu, a_member, on_shift, somebody_here

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


def a_stay(session: Session, lieu: Lieu, *, at: datetime = NOON) -> Presence:
    member = somebody_here(session, lieu, at=at)
    return presence.leave(session, member_id=member.id, at=at + HOUR)


def test_after_ninety_one_days_no_stay_is_left_but_its_hours_are(
    session: Session, lieu: Lieu
) -> None:
    for _ in range(2):
        stay = a_stay(session, lieu)
        needs.say(
            session, member_id=stay.member_id, lieu_id=lieu.id, presence_id=stay.id,
            words="pricing", language="en", at=NOON, expires_at=NOON + HOUR,
        )  # fmt: skip
    young = a_stay(session, lieu, at=NOON + 60 * DAY)
    assert retention.purge_due(session, at=NOON + 88 * DAY) == 0
    assert retention.purge_due(session, at=NOON + 90 * DAY) == 2
    assert session.scalars(select(Presence)).all() == [young]
    counted = session.execute(
        select(PresenceCount.hour, PresenceCount.people).order_by(PresenceCount.hour)
    )
    assert [tuple(row) for row in counted] == [(12, 2), (13, 2)]  # 12:00 to 14:00 in Paris
    assert retention.oldest_stay(session) == young.started_at


def test_a_lieu_is_purged_once_a_day_whoever_asks(session: Session, lieu: Lieu) -> None:
    for _ in range(3):
        retention.purge_due(session, at=NOON)
    assert [run.job for run in session.scalars(select(JobRun))] == ["retention"]
    retention.purge_due(session, at=NOON + DAY)
    assert len(session.scalars(select(JobRun)).all()) == 2


def test_counts_of_a_day_that_comes_in_two_parts_are_added(session: Session, lieu: Lieu) -> None:
    for n in range(2):
        a_stay(session, lieu)
        retention.purge(session, lieu=lieu, before=NOON + (90 + n) * DAY)
    assert set(session.scalars(select(PresenceCount.people))) == {2}


@pytest.mark.parametrize(
    "day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)]
)
def test_a_night_of_a_clock_change_is_counted_once_an_hour(
    session: Session, lieu: Lieu, day: datetime
) -> None:
    member = a_member(session)
    session.add(
        Presence(member_id=member.id, lieu_id=lieu.id, started_at=day - HOUR, until=day + 3 * HOUR,
                 ended_at=day + 3 * HOUR, how_in="qr", how_out="left")
    )  # fmt: skip
    session.flush()
    retention.purge(session, lieu=lieu, before=day + DAY)
    assert set(session.scalars(select(PresenceCount.people))) == {1}


def test_the_words_of_a_need_are_forgotten_a_day_after_and_the_need_is_not(
    session: Session, lieu: Lieu
) -> None:
    need = needs.say(
        session, member_id=a_member(session).id, lieu_id=lieu.id, presence_id=None,
        words="pricing", language="en", at=NOON, expires_at=NOON + HOUR,
    )  # fmt: skip
    assert retention.forget_needs(session, at=NOON + DAY) == 0
    assert retention.forget_needs(session, at=NOON + DAY + HOUR) == 1
    assert retention.forget_needs(session, at=NOON + 9 * DAY) == 0
    assert session.get_one(Need, need.id, populate_existing=True).words == ""


# --- alarms ---------------------------------------------------------------------------------


def ringing(session: Session, at: datetime, folder: Path | None = None) -> set[str]:
    return {one.what for one in alarms.alarms(session, backup_folder=folder, at=at)}


def all_is_well(session: Session, lieu: Lieu, at: datetime) -> None:
    for job in alarms.BEATS:
        runs.beat(session, job=job, done=1, host="here", at=at)
    for job in alarms.DAILY:
        run = runs.begin(session, job=job, lieu_id=lieu.id, local_date=at.date(), at=at)
        runs.finish(session, run=run, counts={}, at=at)
    session.flush()


def test_where_no_lieu_is_open_nobody_waits(session: Session) -> None:
    assert ringing(session, NOON + 99 * DAY) == set()


def test_silence_is_an_alarm(session: Session, lieu: Lieu) -> None:
    all_is_well(session, lieu, NOON)
    assert ringing(session, NOON + 10 * MINUTE) == set()
    assert ringing(session, NOON + 11 * MINUTE) == set(alarms.BEATS)
    assert ringing(session, NOON + 31 * HOUR) == {*alarms.BEATS, "night"}
    assert ringing(session, NOON + 51 * HOUR) == {*alarms.BEATS, "night", "retention"}


def test_a_worker_that_never_came_is_silent_too(session: Session, lieu: Lieu) -> None:
    assert ringing(session, NOON + 5 * MINUTE) == set()
    assert ringing(session, NOON + 3 * DAY) == {*alarms.BEATS, *alarms.DAILY}


def test_presence_that_was_not_purged_is_an_alarm(session: Session, lieu: Lieu) -> None:
    a_stay(session, lieu)
    all_is_well(session, lieu, NOON + 92 * DAY)
    assert ringing(session, NOON + 92 * DAY) == {"old presence"}


def test_a_backup_that_is_old_or_missing_is_an_alarm(
    session: Session, lieu: Lieu, tmp_path: Path
) -> None:
    all_is_well(session, lieu, NOON)
    assert ringing(session, NOON, tmp_path) == ringing(session, NOON, tmp_path / "no") == {"backup"}
    file = tmp_path / "all.backup"
    file.write_bytes(b"rows")
    os.utime(file, (NOON.timestamp(), NOON.timestamp()))
    assert ringing(session, NOON + MINUTE, tmp_path) == set()
    assert ringing(session, NOON + 3 * HOUR, tmp_path) - set(alarms.BEATS) == {"whole backup"}
    runs.beat(session, job=alarms.WHOLE_BACKUP, done=1, host="here", at=NOON - MINUTE)
    assert ringing(session, NOON + 3 * HOUR, tmp_path) - set(alarms.BEATS) == {"whole backup"}
    runs.beat(session, job=alarms.WHOLE_BACKUP, done=1, host="here", at=NOON + MINUTE)
    assert ringing(session, NOON + 3 * HOUR, tmp_path) - set(alarms.BEATS) == set()
    file.rename(tmp_path / ".draft")
    assert ringing(session, NOON + MINUTE, tmp_path) == {"backup"}


# --- the week -------------------------------------------------------------------------------

MONDAY = datetime(2026, 3, 30, 6, 0, tzinfo=UTC)  # 08:00 in Paris


def test_on_monday_morning_each_concierge_gets_the_week_once(session: Session, lieu: Lieu) -> None:
    people = [somebody_here(session, lieu) for _ in range(3)]
    on_shift(session, lieu, people[0])
    assert digests.owe_due(session, at=MONDAY - 2 * HOUR) == 0
    assert digests.owe_due(session, at=MONDAY) == 1
    assert digests.owe_due(session, at=MONDAY + HOUR) == 0
    letter = session.scalars(select(Letter).where(Letter.kind == "digest")).one()
    assert letter.member_id == people[0].id
    assert [list(one) for one in letter.facts["counts"]] == [["people", 3], ["newcomers", 3]]
    assert letter.facts["from_day"] == "2026-03-23"


def test_a_week_in_which_nothing_happened_is_not_written_about(
    session: Session, lieu: Lieu
) -> None:
    on_shift(session, lieu, a_member(session))
    assert digests.owe_due(session, at=MONDAY) == 0

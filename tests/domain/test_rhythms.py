"""How often a member wants a letter, kept by the verbs and by the schema."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import members, rhythms
from serendipity.db import engine_options, write_transaction
from serendipity.rhythms import LetterTurn, Rhythm
from tests.conftest import NOON
from tests.rows import a_member

DAY = timedelta(days=1)
THURSDAY = date(2026, 3, 26)


@pytest.mark.parametrize(("every", "days"), [("weekly", 7), ("fortnightly", 14), ("monthly", 28)])
def test_a_rhythm_counts_days_between_letters(session: Session, every: str, days: int) -> None:
    member = a_member(session)
    rhythms.choose(session, member_id=member.id, every=every, at=NOON)
    rhythms.take_turns(session, [member.id], day=THURSDAY)
    rests = [rhythms.resting(session, [member.id], day=THURSDAY + n * DAY) for n in range(30)]
    assert [bool(one) for one in rests] == [n < days for n in range(30)]


def test_nobody_chose_is_weekly_and_paused_is_never(session: Session) -> None:
    usual, paused = a_member(session), a_member(session)
    rhythms.choose(session, member_id=paused.id, every="paused", at=NOON)
    assert rhythms.of(session, member_id=usual.id).every == "weekly"
    assert rhythms.paused(session, [usual.id, paused.id]) == {paused.id}


def test_what_is_no_rhythm_is_refused(session: Session) -> None:
    with pytest.raises(rhythms.NoSuchRhythm):
        rhythms.choose(session, member_id=a_member(session).id, every="hourly", at=NOON)


def test_seven_days_apart_is_another_week_on_every_day_of_six_years() -> None:
    for n in range(6 * 366):
        one = date(2024, 1, 1) + n * DAY
        assert one.isocalendar()[:2] != (one + 7 * DAY).isocalendar()[:2]


def test_a_week_has_one_turn_whoever_asks_and_the_schema_says_so(session: Session) -> None:
    a, b = a_member(session).id, a_member(session).id
    assert rhythms.take_turns(session, [b, a], day=THURSDAY) == {a, b}
    assert rhythms.take_turns(session, [a], day=THURSDAY + 2 * DAY) == set()
    refused(session, LetterTurn(member_id=a, week=202613, local_date=THURSDAY))
    rhythms.give_back(session, [a], day=THURSDAY)
    assert rhythms.take_turns(session, [a, b], day=THURSDAY) == {a}


def refused(session: Session, row: Any) -> None:
    """The schema takes no such row, whatever the verbs say."""
    before = session.begin_nested()
    session.expunge_all()
    session.add(row)
    with pytest.raises(IntegrityError):
        session.flush()
    before.rollback()


def test_two_nights_at_once_share_the_turns_out(database_url: str) -> None:
    engine = _engine(database_url)
    with Session(engine) as session, write_transaction(session):
        ids = [a_member(session).id for _ in range(40)]
    got: list[set[int]] = []
    start = threading.Barrier(4)

    def night(wanted: list[int]) -> None:
        own = _engine(database_url)
        start.wait()
        with Session(own) as session, write_transaction(session):
            got.append(rhythms.take_turns(session, wanted, day=THURSDAY))
        own.dispose()

    nights = [threading.Thread(target=night, args=(ids[:: 1 if n % 2 else -1],)) for n in range(4)]
    for one in nights:
        one.start()
    for one in nights:
        one.join()
    assert sorted(member for some in got for member in some) == sorted(ids)
    engine.dispose()


def _engine(url: str) -> Engine:
    return create_engine(url, poolclass=NullPool, **engine_options(url))


def test_a_pause_for_silence_is_told_apart_and_ends_by_choosing(session: Session) -> None:
    member = a_member(session)
    assert rhythms.pause_for_silence(session, member_id=member.id, at=NOON).by_silence
    rhythms.choose(session, member_id=member.id, every="monthly", at=NOON)
    assert rhythms.of(session, member_id=member.id).by_silence is False
    other = a_member(session).id
    refused(session, Rhythm(member_id=other, every="weekly", by_silence=True, chosen_at=NOON))
    refused(session, Rhythm(member_id=other, every="hourly", chosen_at=NOON))


def test_turns_are_forgotten_in_time_and_with_the_member(session: Session) -> None:
    member = a_member(session)
    rhythms.take_turns(session, [member.id], day=THURSDAY)
    assert rhythms.forget(session, at=NOON + 100 * DAY) == 0
    assert rhythms.forget(session, at=NOON + 130 * DAY) == 1
    rhythms.take_turns(session, [member.id], day=THURSDAY)
    members.erase(session, member_id=member.id, at=NOON)
    assert session.scalars(select(LetterTurn)).all() == []

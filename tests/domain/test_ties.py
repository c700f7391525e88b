"""Ties grow with encounters, fade with time, and can be told from the encounters alone."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from matching import Person
from matching import Tie as Met
from matching.roster import Roster
from matching.settings import Settings
from matching.ties import TieGraph
from serendipity import ties
from serendipity.db import write_transaction
from serendipity.ties import Tie
from tests.conftest import NOON
from tests.rows import a_member
from tests.woven import at_once, engine_of

DAY = timedelta(days=1)


def test_a_tie_halves_its_trace_in_seventy_five_days_and_grows_by_each_encounter(
    session: Session,
) -> None:
    a, b = a_member(session).id, a_member(session).id
    tie = ties.strengthen(session, one_id=b, other_id=a, at=NOON)
    assert (tie.a_id, tie.b_id, tie.trace) == (a, b, 1.0)
    assert ties.strength(tie, at=NOON) == pytest.approx(0.632, abs=1e-3)
    assert ties.strength(tie, at=NOON + 75 * DAY) == pytest.approx(0.393, abs=1e-3)
    tie = ties.strengthen(session, one_id=a, other_id=b, at=NOON + 75 * DAY)
    assert tie.trace == pytest.approx(1.5)
    assert (tie.first_at, tie.last_at) == (NOON, NOON + 75 * DAY)


def test_the_strength_is_the_one_that_the_engine_works_with(session: Session) -> None:
    a, b = a_member(session).id, a_member(session).id
    days = [0, 10, 100, 101, 160]
    for day in days:
        tie = ties.strengthen(session, one_id=a, other_id=b, at=NOON + day * DAY)
    roster = Roster([Person(a), Person(b)])
    graph = TieGraph([Met(a, b, NOON + day * DAY) for day in days], roster, Settings())
    later = NOON + 200 * DAY
    assert ties.strength(tie, at=later) == pytest.approx(graph.strength(later.timestamp())[0])


def test_the_order_in_which_encounters_are_told_changes_nothing(session: Session) -> None:
    days = [0, 3, 40, 41, 90]
    traces = []
    for seed in range(4):
        random.Random(seed).shuffle(days)
        a, b = a_member(session).id, a_member(session).id
        for day in days:
            tie = ties.strengthen(session, one_id=a, other_id=b, at=NOON + day * DAY)
        traces.append((round(tie.trace, 9), tie.first_at, tie.last_at))
    assert len(set(traces)) == 1


def test_a_pair_has_one_spelling(session: Session) -> None:
    a, b = a_member(session).id, a_member(session).id
    with pytest.raises(ties.OnePerson):
        ties.strengthen(session, one_id=a, other_id=a, at=NOON)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(Tie(a_id=b, b_id=a, first_at=NOON, last_at=NOON))


def test_knowing_does_not_fade_and_acquaintance_does(session: Session) -> None:
    me, old, new = (a_member(session).id for _ in range(3))
    ties.strengthen(session, one_id=me, other_id=old, at=NOON - 600 * DAY)
    ties.strengthen(session, one_id=new, other_id=me, at=NOON)
    assert ties.known_pairs(session, [me, old, new]) == {(me, old), (me, new)}
    assert ties.acquaintances(session, member_id=me, at=NOON) == [new]


def test_ties_can_be_told_from_the_encounters_alone(session: Session) -> None:
    people = [a_member(session).id for _ in range(4)]
    meetings = [
        (people[0], people[1], NOON),
        (people[2], people[1], NOON + DAY),
        (people[1], people[0], NOON + 9 * DAY),
    ]
    for one, other, at in meetings:
        ties.strengthen(session, one_id=one, other_id=other, at=at)
    session.add(Tie(a_id=people[0], b_id=people[3], kind="said", first_at=NOON, last_at=NOON))
    session.flush()

    def rows() -> list[tuple[int, int, str, float]]:
        found = session.scalars(select(Tie).order_by(Tie.a_id, Tie.b_id))
        return [(t.a_id, t.b_id, t.kind, round(t.trace, 9)) for t in found]

    before = rows()
    session.scalars(select(Tie)).first().trace = 99.0  # type: ignore[union-attr]
    session.flush()
    assert ties.recompute(session, meetings) == 2
    assert rows() == before


def test_two_encounters_of_one_pair_at_once_both_count(database_url: str) -> None:
    engine = engine_of(database_url)
    with Session(engine) as session, write_transaction(session):
        a, b = a_member(session).id, a_member(session).id

    def meet() -> None:
        with Session(engine) as own, write_transaction(own):
            ties.strengthen(own, one_id=a, other_id=b, at=NOON)

    assert at_once([meet] * 8) == [None] * 8
    with Session(engine) as session:
        assert session.scalars(select(Tie.trace)).all() == [8.0]

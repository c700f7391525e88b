"""A lieu on trial draws each seat of each member into an arm; a lieu learns from its answers."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from serendipity import clock, introductions, suggestions
from serendipity.lieux import Lieu
from serendipity.suggestions import learning, trial
from tests.conftest import NOON
from tests.rows import a_lieu
from tests.woven import an_introduction, skilled

DAY = timedelta(days=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


def a_crowd(session: Session, lieu: Lieu, count: int) -> list[Any]:
    words = [f"skill number {n}" for n in range(count)]
    return [
        skilled(session, lieu, f"Person {n}", can=[words[n]], wants=words[(n + 1) % count])
        for n in range(count)
    ]


def planned(session: Session, lieu: Lieu, **given: Any) -> suggestions.Plan:
    return suggestions.plan(session, lieu=lieu, at=NOON, **given)


def test_seats_fall_into_the_arms_by_their_shares_and_twice_into_the_same() -> None:
    room = dict.fromkeys(range(3_000), 3)
    held = trial.seats("1/2026-03-26/day", room, 3)
    assert held == trial.seats("1/2026-03-26/day", room, 3)
    for arm, share in trial.ARMS.items():
        assert sum(held[arm].values()) / 9_000 == pytest.approx(share, abs=0.02)
    assert held != trial.seats("1/2026-03-27/day", room, 3)


def test_a_seat_keeps_its_arm_when_another_is_taken_or_the_others_change() -> None:
    def all_seats(room: dict[int, int]) -> Counter[str]:
        held = trial.seats("1/2026-03-26/day", room, 3)
        return Counter({arm: held[arm].get(7, 0) for arm in held})

    three, two = all_seats({7: 3, 8: 3}), all_seats({7: 2})
    assert (three - two).total() == 1
    assert all_seats({7: 3, 1: 1}) == three


def test_a_round_on_trial_mixes_arms_and_logs_each_with_its_chance(
    session: Session, lieu: Lieu
) -> None:
    lieu.policy = "trial"
    people = a_crowd(session, lieu, 12)
    found = planned(session, lieu)
    arms = {idea.arm: idea.propensity for idea in found.ideas}
    assert {"engine", "memory"} <= set(arms)
    assert arms.items() <= {*trial.ARMS.items(), (trial.OUTSIDE, 1.0)}
    pairs = [pair for idea in found.ideas for pair in idea.pairs()]
    assert len(pairs) == len(set(pairs))
    assert {one for idea in found.ideas for one in idea.members} == {p.id for p in people}
    assert max(Counter(m for idea in found.ideas for m in idea.members).values()) <= 3
    kept = suggestions.record(session, found, at=NOON)
    assert kept.policy == "trial"
    assert {one.arm: one.propensity for one in kept.suggestions}.items() <= arms.items()


def test_both_ends_of_a_pair_give_a_seat_of_its_arm(session: Session, lieu: Lieu) -> None:
    lieu.policy = "trial"
    people = a_crowd(session, lieu, 12)
    found = planned(session, lieu)
    where = f"{lieu.id}/{found.local_date.isoformat()}/day"
    held = trial.seats(where, {p.id: 3 for p in people}, 3)
    used = {arm: Counter[int]() for arm in trial.ARMS}
    for idea in found.ideas:
        if idea.arm in trial.ARMS and len(idea.members) == 2:
            used[idea.arm].update(idea.members)
    for arm, counts in used.items():
        assert all(counts[one] <= held[arm].get(one, 0) for one in counts)


def test_whom_their_own_seats_leave_alone_is_paired_outside_the_trial(
    session: Session, lieu: Lieu
) -> None:
    lieu.policy = "trial"
    a_crowd(session, lieu, 2)
    arms: Counter[str] = Counter()
    for day in range(40):
        found = suggestions.plan(
            session, lieu=lieu, at=NOON, day=clock.local_date(NOON, lieu.timezone) + day * DAY
        )
        (idea,) = found.ideas
        arms[idea.arm] += 1
        assert idea.propensity == trial.ARMS.get(idea.arm, 1.0)
    assert set(arms) <= {*trial.ARMS, trial.OUTSIDE}
    assert len(arms) > 1


def test_a_lieu_with_one_policy_says_so(session: Session, lieu: Lieu) -> None:
    a_crowd(session, lieu, 4)
    found = planned(session, lieu, policy="memory")
    assert {(idea.arm, idea.propensity) for idea in found.ideas} == {("memory", 1.0)}


def answered(session: Session, lieu: Lieu, *, days_ago: int, count: int) -> list[Any]:
    """Pairs of whom the first says no and the second yes."""
    at = NOON - days_ago * DAY
    shy = [skilled(session, lieu, f"Shy {n}", at=at) for n in range(4)]
    keen = [skilled(session, lieu, f"Keen {n}", at=at) for n in range(4)]
    for a, b in [(a, b) for a in shy for b in keen][:count]:
        made = an_introduction(session, lieu, a, b, at=at)
        introductions.say_yes(session, public_id=made.public_id, member_id=b.id, at=at)
        introductions.say_no(session, public_id=made.public_id, member_id=a.id, at=at)
    return [shy[0], keen[0]]


def learned(session: Session, lieu: Lieu) -> Any:
    return learning.willingness(session, lieu=lieu, day=clock.local_date(NOON, lieu.timezone))


def test_a_lieu_learns_from_the_answers_of_earlier_days(session: Session, lieu: Lieu) -> None:
    shy, keen = answered(session, lieu, days_ago=2, count=16)
    found = learned(session, lieu)
    assert found.chance(keen.id, 0) > 0.5 > found.chance(shy.id, 0)
    suggestions.plan(session, lieu=lieu, at=NOON)


@pytest.mark.parametrize(
    ("days_ago", "count"), [(0, 16), (2, 8), (400, 16)], ids=["today", "too few", "long ago"]
)
def test_what_is_of_today_too_little_or_long_ago_teaches_nothing(
    session: Session, lieu: Lieu, days_ago: int, count: int
) -> None:
    answered(session, lieu, days_ago=days_ago, count=count)
    assert learned(session, lieu) is None


def test_a_lieu_does_not_learn_from_another(session: Session, lieu: Lieu) -> None:
    answered(session, a_lieu(session), days_ago=2, count=16)
    assert learned(session, lieu) is None

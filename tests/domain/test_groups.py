"""Groups: found in the ties that are alive, among the people who come."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations

import pytest
from sqlalchemy.orm import Session

from serendipity import groups, members, ties
from serendipity.lieux import Lieu
from serendipity.members import Member
from tests.conftest import NOON
from tests.rows import a_lieu, somebody_here


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


def a_clique(session: Session, lieu: Lieu, name: str, size: int) -> list[Member]:
    people = [somebody_here(session, lieu, f"{name} {number}") for number in range(size)]
    for a, b in combinations(people, 2):
        ties.strengthen(session, one_id=a.id, other_id=b.id, at=NOON)
    return people


def found(session: Session, lieu: Lieu, people: list[Member]) -> list[int | None]:
    numbers = groups.groups_of(session, lieu_id=lieu.id, member_ids=[one.id for one in people])
    return [numbers.get(one.id) for one in people]


def test_those_who_know_each_other_are_a_group_the_largest_first(
    session: Session, lieu: Lieu
) -> None:
    small, large = a_clique(session, lieu, "Loom", 3), a_clique(session, lieu, "Sail", 5)
    assert groups.find(session, lieu=lieu, at=NOON) == 2
    assert found(session, lieu, large) == [1] * 5
    assert found(session, lieu, small) == [2] * 3


def test_two_are_no_group_and_a_faded_tie_holds_nobody(session: Session, lieu: Lieu) -> None:
    two, old = a_clique(session, lieu, "Pair", 2), a_clique(session, lieu, "Old", 4)
    years_on = NOON + timedelta(days=55)
    assert groups.find(session, lieu=lieu, at=years_on) == 1
    assert found(session, lieu, two) == [None, None]
    assert groups.find(session, lieu=lieu, at=NOON + timedelta(days=70)) == 0  # nobody came lately
    assert found(session, lieu, old) == [None] * 4


def test_they_are_found_once_a_day(session: Session, lieu: Lieu) -> None:
    a_clique(session, lieu, "Loom", 3)
    assert groups.find_due(session, at=NOON) == 1
    assert groups.find_due(session, at=NOON + timedelta(hours=3)) == 0
    assert groups.find_due(session, at=NOON + timedelta(days=1)) == 1


def test_two_groups_are_apart_until_somebody_of_one_knows_somebody_of_the_other() -> None:
    here = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3}
    assert groups.apart(here, {(1, 2)}) == [([1, 2], [3, 4])]  # one alone is no group that mixes
    assert groups.apart(here, {(2, 3)}) == []


def test_who_is_erased_is_in_no_group(session: Session, lieu: Lieu) -> None:
    people = a_clique(session, lieu, "Loom", 4)
    groups.find(session, lieu=lieu, at=NOON)
    members.erase(session, member_id=people[0].id, at=NOON)
    assert found(session, lieu, people) == [None, 1, 1, 1]

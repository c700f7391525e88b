"""Springs: a newcomer makes nobody jump, and who knows each other stands together."""

from __future__ import annotations

import math
import random
from statistics import mean

import pytest

from serendipity.web import springs
from serendipity.web.springs import Pair, settled

EDGE = (springs.HALF[0] * springs.WIDE, springs.HALF[1])


def a_room(count: int, seed: int) -> tuple[list[int], list[Pair]]:
    """People of four groups, half of whose pairs know each other, in the order they came."""
    chance = random.Random(seed)
    ids = chance.sample(range(1, 1000), count)
    pairs = [(a, b) for place, a in enumerate(ids) for b in ids[place + 1 :]]
    return ids, [(a, b) for a, b in pairs if a % 4 == b % 4 and chance.random() < 0.5]


@pytest.mark.parametrize("seed", range(3))
def test_who_comes_in_makes_nobody_jump(seed: int) -> None:
    ids, ties = a_room(30, seed)
    before = settled(ids[:1], ties)
    for count in range(2, 31):
        after = settled(ids[:count], ties)
        assert max(math.dist(before[one], after[one]) for one in before) <= (
            springs.GIVES * springs.WIDE + 0.1
        )
        before = after


def test_the_same_people_stand_where_they_stood() -> None:
    ids, ties = a_room(20, 1)
    first = settled(ids, ties)
    springs._settled.cache_clear()
    assert settled(ids, list(reversed(ties))) == first


@pytest.mark.parametrize("seed", range(3))
def test_who_knows_each_other_stands_together(seed: int) -> None:
    ids, ties = a_room(24, seed)
    at = settled(ids, ties)
    others = [(a, b) for a in ids for b in ids if a % 4 < b % 4]
    near, far = (mean(math.dist(at[a], at[b]) for a, b in some) for some in (ties, others))
    assert near < far / 2


@pytest.mark.parametrize("count", [0, 1, 2, 3, 40, 60])
def test_everybody_stands_on_the_paper_at_a_place_of_their_own(count: int) -> None:
    ids, ties = a_room(count, count)
    at = settled(ids, ties)
    assert list(at) == ids
    assert all(abs(x) <= EDGE[0] and abs(y) <= EDGE[1] for x, y in at.values())
    assert len(set(at.values())) == count


def test_of_ties_to_who_is_not_here_no_notice_is_taken() -> None:
    assert settled([1, 2], [(1, 7), (7, 9)]) == settled([1, 2], [])

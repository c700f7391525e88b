"""The floor of a skill map: tables stand apart, families together, always in the same places."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from matching import sources
from serendipity.skillmap import Table
from serendipity.web.company import floor
from serendipity.web.company.floor import RING, Spot


def tables(number: int, seed: int = 1) -> list[Table]:
    chance = random.Random(seed)
    found = []
    for index in range(number):
        family = chance.choice(RING)
        label = " ".join(["lorem", "ipsum", "dolor", "sit", "amet"][: chance.randint(1, 5)])
        people = min(3 + int(chance.expovariate(0.5)), 40)
        found.append(Table("skill", f"skill-{index}", label, family, family, people))
    return found


def boxes(spot: Spot) -> tuple[float, float, float, float]:
    reach = spot.radius + 13
    return spot.x - reach, spot.y - reach, spot.x + reach, spot.y + reach


def test_the_ring_holds_every_family_of_the_starter_vocabulary_once() -> None:
    assert sorted(RING) == sorted(sources.families())


@pytest.mark.parametrize("number", [1, 2, 3, 5, 12, 31, 80, 200])
@pytest.mark.parametrize("seed", range(3))
def test_no_table_stands_on_another_or_off_the_floor(number: int, seed: int) -> None:
    drawn = floor.floor(tables(number, seed))
    assert len(drawn.spots) == number
    for one, other in itertools.combinations(drawn.spots, 2):
        apart = math.dist((one.x, one.y), (other.x, other.y))
        assert apart >= one.radius + other.radius + 16, (one, other)
    for spot in drawn.spots:
        left, top, right, bottom = boxes(spot)
        assert left >= 0
        assert top >= 0
        assert right <= drawn.width
        assert bottom <= drawn.height
        assert len(spot.chairs) == min(spot.table.people, floor.MOST_CHAIRS)


@pytest.mark.parametrize("number", [1, 12, 31, 80])
def test_nothing_stands_where_the_room_has_its_plate(number: int) -> None:
    drawn = floor.floor(tables(number))
    x, y = drawn.plate
    for spot in drawn.spots:
        left, top, right, bottom = boxes(spot)
        assert right < x - 75 or left > x + 75 or bottom < y - 23 or top > y + 23


def test_the_same_tables_stand_in_the_same_places_whatever_their_order() -> None:
    given = tables(31)
    shuffled = random.Random(7).sample(given, len(given))
    assert floor.floor(given) == floor.floor(shuffled)


@pytest.mark.parametrize("number", [12, 31, 80, 200])
def test_the_floor_fits_the_place_the_page_has_for_it(number: int) -> None:
    drawn = floor.floor(tables(number))
    assert 1.1 <= drawn.width / drawn.height <= 2.0


def test_a_family_stands_on_one_rug_and_what_is_left_has_its_own() -> None:
    given = [*tables(20), Table("other", "", "", "", "", 4)]
    drawn = floor.floor(given)
    assert len(drawn.rugs) == len({table.family for table in given})


def test_long_labels_are_broken_near_their_middle() -> None:
    drawn = floor.floor(
        [
            Table("skill", "a", "Cooperative statutes and bylaws", RING[0], "", 3),
            Table("skill", "b", "Donaudampfschifffahrtsgesellschaft", RING[0], "", 3),
        ]
    )
    assert {spot.label for spot in drawn.spots} == {
        ("Cooperative", "statutes and bylaws"),
        ("Donaudampfschifffahrtsgesellschaft",),
    }


def test_an_empty_house_is_a_floor_with_a_plate() -> None:
    drawn = floor.floor([])
    assert (drawn.spots, drawn.rugs) == ((), ())
    assert drawn.width > 0 < drawn.height

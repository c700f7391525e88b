"""The floor of a skill map: tables stand apart, families together, always in the same places."""

from __future__ import annotations

import itertools
import math
import random
import statistics
from dataclasses import replace

import numpy as np
import pytest

from matching import plane, sources
from matching.vocabulary import Vocabulary
from serendipity.skillmap import Table
from serendipity.web.company import floor
from serendipity.web.company.floor import RING, Spot


def tables(number: int, seed: int = 1, *, placed: bool = False) -> list[Table]:
    chance = random.Random(seed)
    found = []
    for index in range(number):
        family = chance.choice(RING)
        label = " ".join(["lorem", "ipsum", "dolor", "sit", "amet"][: chance.randint(1, 5)])
        people = min(3 + int(chance.expovariate(0.5)), 40)
        place = (index * 37 % 101, index * 59 % 103) if placed and index % 7 else None
        found.append(Table("skill", f"skill-{index}", label, family, family, people, place))
    return found


def boxes(spot: Spot) -> tuple[float, float, float, float]:
    reach = spot.radius + 13
    return spot.x - reach, spot.y - reach, spot.x + reach, spot.y + reach


def test_the_ring_holds_every_family_of_the_starter_vocabulary_once() -> None:
    assert sorted(RING) == sorted(sources.families())


@pytest.mark.parametrize("number", [1, 2, 3, 5, 12, 31, 80, 200])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("placed", [False, True])
def test_no_table_stands_on_another_or_off_the_floor(number: int, seed: int, placed: bool) -> None:
    drawn = floor.floor(tables(number, seed, placed=placed))
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
@pytest.mark.parametrize("placed", [False, True])
def test_nothing_stands_where_the_room_has_its_plate(number: int, placed: bool) -> None:
    drawn = floor.floor(tables(number, placed=placed))
    x, y = drawn.plate
    for spot in drawn.spots:
        left, top, right, bottom = boxes(spot)
        assert right < x - 75 or left > x + 75 or bottom < y - 23 or top > y + 23


@pytest.mark.parametrize("placed", [False, True])
def test_the_same_tables_stand_in_the_same_places_whatever_their_order(placed: bool) -> None:
    given = tables(31, placed=placed)
    shuffled = random.Random(7).sample(given, len(given))
    assert floor.floor(given) == floor.floor(shuffled)


@pytest.mark.parametrize("number", [12, 31, 80, 200])
@pytest.mark.parametrize("placed", [False, True])
def test_the_floor_fits_the_place_the_page_has_for_it(number: int, placed: bool) -> None:
    drawn = floor.floor(tables(number, placed=placed))
    assert 1.1 <= drawn.width / drawn.height <= 2.0


def nearness(drawn: floor.Floor, vocabulary: Vocabulary) -> float:
    """How far apart related skills of different families stand, where 1 is how far any do."""
    names = [spot.table.name for spot in drawn.spots]
    rows = vocabulary.placed().centroid(np.array([vocabulary.position(name) for name in names]))
    families = np.array([spot.table.family for spot in drawn.spots])
    at = np.array([(spot.x / drawn.width, spot.y / drawn.height) for spot in drawn.spots])
    apart = np.linalg.norm(at[:, None] - at[None], axis=2)
    foreign = np.triu(families[:, None] != families[None])
    return float(apart[foreign & (rows @ rows.T > 0.6)].mean() / apart[foreign].mean())


@pytest.mark.parametrize("language", ["en", "fr", "nl"])
@pytest.mark.parametrize("number", [60, 150, 300])
def test_related_skills_of_different_families_stand_close_where_it_is_known_how_they_lie(
    starter: Vocabulary, places: dict[str, plane.Place], language: str, number: int
) -> None:
    near, ringed = [], []
    for seed in range(4):
        here = random.Random(seed).sample(list(starter), number)
        given = [
            Table("skill", one.id, one.label(language), one.family, "", 3, places[one.id])
            for one in here
        ]
        near.append(nearness(floor.floor(given), starter))
        ringed.append(nearness(floor.floor([replace(one, place=None) for one in given]), starter))
    assert statistics.mean(near) < 0.8
    assert statistics.mean(near) < statistics.mean(ringed) - 0.05


AKIN = [
    ("graphic-design", "illustration"),
    ("welding", "metalworking"),
    ("wood-carving", "wood-stoves"),  # and these are of two families
    ("carpentry", "plastering"),
    ("small-engine-repair", "motorcycle-repair"),
    ("power-tool-repair", "appliance-repair"),
    ("team-coordination", "team-building"),
]


@pytest.mark.parametrize("language", ["en", "fr", "nl"])
@pytest.mark.parametrize("pair", AKIN)
def test_of_all_tables_those_that_are_akin_are_near(
    starter: Vocabulary, places: dict[str, plane.Place], language: str, pair: tuple[str, str]
) -> None:
    others = random.Random(0).sample(sorted(places), 50)
    here = sorted({*others, *(one for two in AKIN for one in two)})
    drawn = floor.floor(
        [
            Table(
                "skill", one, starter[one].label(language), starter[one].family, "", 3, places[one]
            )
            for one in here
        ]
    )
    at = {spot.table.name: (spot.x, spot.y) for spot in drawn.spots}
    one, akin = pair
    mean = statistics.mean(math.dist(at[one], at[other]) for other in here if other != one)
    assert math.dist(at[one], at[akin]) < 0.7 * mean


def test_what_lies_nowhere_stands_last() -> None:
    known = [Table("skill", str(y), "x", RING[9 - y], "", 3, (0, y)) for y in range(9)]
    drawn = floor.floor([Table("skill", "new", "x", RING[0], "", 3), *known])
    assert [spot.table.name for spot in drawn.spots][-1] == "new"


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

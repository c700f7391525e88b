"""Claims about the plane on which concepts lie: what is akin lies close, always in one place."""

from __future__ import annotations

import math

import numpy as np
import pytest

from matching import plane
from matching.sources import Concept
from matching.vocabulary import Vocabulary


def test_every_concept_has_a_place_and_always_the_same(
    starter: Vocabulary, places: dict[str, plane.Place]
) -> None:
    assert set(places) == {concept.id for concept in starter}
    assert len(set(places.values())) > 0.9 * len(starter)
    assert plane.places(Vocabulary.load("starter")) == places


@pytest.mark.parametrize(
    ("one", "akin", "other"),
    [
        ("graphic-design", "illustration", "welding"),
        ("welding", "metalworking", "illustration"),
        ("metalworking", "wood-carving", "bookkeeping"),  # of two families
        ("power-tool-repair", "appliance-repair", "interviewing"),
        ("wood-stoves", "carpentry", "grant-budgets"),
        ("budgeting", "grant-budgets", "weaving"),
    ],
)
def test_what_is_akin_lies_closer_than_what_is_not(
    places: dict[str, plane.Place], one: str, akin: str, other: str
) -> None:
    assert math.dist(places[one], places[akin]) < math.dist(places[one], places[other]) / 2


def test_related_skills_of_different_families_lie_closer_than_unrelated_ones(
    starter: Vocabulary, places: dict[str, plane.Place]
) -> None:
    rows = starter.placed().centroid(np.arange(len(starter)))
    families = np.array([concept.family for concept in starter])
    at = np.array([places[concept.id] for concept in starter])
    apart = np.linalg.norm(at[:, None] - at[None], axis=2)
    foreign = np.triu(families[:, None] != families[None])
    related = foreign & (rows @ rows.T > 0.6)
    assert related.sum() > 500
    assert apart[related].mean() < 0.6 * apart[foreign].mean()


def test_a_vocabulary_of_one_lies_in_the_middle_and_one_of_none_nowhere() -> None:
    assert plane.places(Vocabulary([Concept("only", {"en": "juggling"})])) == {"only": (0, 0)}
    with pytest.raises(ValueError, match="at least one concept"):
        plane.places(Vocabulary([]))


def test_without_families_what_is_broader_binds() -> None:
    names = {"oven": "bread", "loaf": "bread", "saw": "wood", "plank": "wood"}
    found = plane.places(
        Vocabulary(Concept(one, {"en": one}, broader=(of,)) for one, of in names.items())
    )
    assert math.dist(found["oven"], found["loaf"]) < math.dist(found["oven"], found["saw"])
    assert math.dist(found["plank"], found["saw"]) < math.dist(found["plank"], found["loaf"])

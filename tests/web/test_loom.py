"""The loom: the same people give the same drawing, and everything stays on the paper."""

from __future__ import annotations

import math
import re

import pytest

from serendipity.web.loom import MOST, Loom, loom

PEOPLE = [(number, f"Name{number} Family{number}") for number in range(1, 13)]
TIES = {(1, 2), (2, 3), (1, 3), (7, 8), (8, 9), (7, 9)}
IDEAS = [(1, (1, 7)), (2, (2, 8)), (3, (3, 9)), (4, (4, 10))]


def drawn(count: int = 12) -> Loom:
    return loom(PEOPLE[:count], ties=TIES, met={(4, 5)}, ideas=IDEAS)


def test_the_same_people_give_the_same_drawing() -> None:
    assert drawn() == drawn()


def test_everybody_has_a_seat_of_their_own_and_a_name() -> None:
    seats = drawn().seats
    assert {seat.member_id for seat in seats} == {number for number, _ in PEOPLE}
    assert len({seat.at for seat in seats}) == len(PEOPLE)
    assert {seat.name for seat in seats} == {f"Name{number}" for number, _ in PEOPLE}


def test_people_who_know_each_other_sit_side_by_side_in_one_colour() -> None:
    seats = drawn().seats
    places = {seat.member_id: place for place, seat in enumerate(seats)}
    for group in ((1, 2, 3), (7, 8, 9)):
        taken = sorted(places[one] for one in group)
        assert taken[-1] - taken[0] == 2
        assert len({seat.kind for seat in seats if seat.member_id in group}) == 1
    assert {seat.kind for seat in seats if seat.member_id in (4, 5, 6)} == {"paper"}


def test_beads_do_not_hide_one_another() -> None:
    beads = [bridge.bead for bridge in drawn().bridges]
    assert len(beads) == len(IDEAS)
    assert all(math.dist(a, b) > 28 for a in beads for b in beads if a is not b)


def test_everything_stays_on_the_paper() -> None:
    found = drawn()
    paths = [
        *found.old,
        *found.met,
        *(path for one in found.bridges for path in (one.need, one.offer)),
    ]
    numbers = [float(one) for path in paths for one in re.findall(r"-?\d+(?:\.\d+)?", path)]
    assert all(30 <= number <= 670 for number in numbers)


def test_the_strands_begin_and_end_at_the_two_people() -> None:
    found = drawn()
    at = {seat.member_id: seat.at for seat in found.seats}
    for bridge, (_, pair) in zip(found.bridges, IDEAS, strict=True):
        for strand in (bridge.need, bridge.offer):
            points = [tuple(map(float, one.split())) for one in strand[1:].split("L")]
            assert (points[0], points[-1]) == (at[pair[0]], at[pair[1]])


def test_two_of_one_name_are_told_apart_by_an_initial() -> None:
    seats = loom([(1, "Noé Petit"), (2, "Noé Blanc"), (3, "Awa")], ties=(), met=(), ideas=()).seats
    assert {seat.name for seat in seats} == {"Noé P.", "Noé B.", "Awa"}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_people_are_drawn_too(count: int) -> None:
    assert len(drawn(count).seats) == count


def test_a_full_ring_keeps_who_is_in_an_idea_and_says_how_many_it_left_out() -> None:
    crowd = [(number, f"N{number}") for number in range(1, 201)]
    found = loom(crowd, ties={(1, 2)}, met=(), ideas=[(1, (199, 200))])
    assert len(found.seats) == MOST
    assert found.left_out == 160
    assert {1, 2, 199, 200} <= {seat.member_id for seat in found.seats}
    assert len(found.bridges) == 1


@pytest.mark.parametrize("name", ["", " ", "Élodie", "李 小龙"])
def test_any_name_can_stand_on_the_ring(name: str) -> None:
    (seat,) = loom([(1, name)], ties=(), met=(), ideas=()).seats
    assert seat.name

"""The loom: the same people give the same drawing, and everything stays on the paper."""

from __future__ import annotations

import math
import re

import pytest

from serendipity.web.loom import MOST, Loom, Seat, loom

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


def test_people_who_know_each_other_stand_together_in_one_colour() -> None:
    seats = {seat.member_id: seat for seat in drawn().seats}
    first, second = (1, 2, 3), (7, 8, 9)
    for group, others in ((first, second), (second, first)):
        for one in group:
            to = {other: math.dist(seats[one].at, seats[other].at) for other in seats}
            assert max(to[other] for other in group) < min(to[other] for other in others)
        assert len({seats[one].kind for one in group}) == 1
    assert {seats[one].kind for one in (4, 5, 6)} == {"paper"}


def test_what_is_met_and_what_is_an_idea_moves_nobody() -> None:
    places = [
        [seat.at for seat in loom(PEOPLE, ties=TIES | met, met=met, ideas=ideas).seats]
        for met, ideas in ((set(), []), ({(4, 5), (1, 12)}, IDEAS))
    ]
    assert places[0] == places[1]


def box(seat: Seat) -> tuple[float, float, float, float]:
    (x, y), wide = seat.label, 7.0 * len(seat.name)
    left = {"": x, "m": x - wide / 2, "e": x - wide}[seat.anchor]
    return left, y - 10, left + wide, y + 3


@pytest.mark.parametrize("count", [6, 12])
def test_no_name_hides_another_or_a_seat(count: int) -> None:
    seats = drawn(count).seats
    boxes = [(seat, *box(seat)) for seat in seats]
    for seat, left, top, right, bottom in boxes:
        for other, far_left, far_top, far_right, far_bottom in boxes:
            if seat is not other:
                aside = right <= far_left or far_right <= left
                assert aside or bottom <= far_top or far_bottom <= top
                x, y = other.at
                assert not (left < x < right and top < y < bottom)


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
    points = [
        tuple(map(float, one))
        for path in paths
        for one in re.findall(r"(-?\d+(?:\.\d+)?) (-?\d+(?:\.\d+)?)", path)
    ]
    assert all(-70 <= x <= 670 and 30 <= y <= 476 for x, y in points)
    for left, top, right, bottom in map(box, found.seats):
        assert (left >= -70, top >= 30, right <= 670, bottom <= 476) == (True,) * 4


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


def test_a_full_drawing_keeps_who_is_in_an_idea_and_says_how_many_it_left_out() -> None:
    crowd = [(number, f"N{number}") for number in range(1, 201)]
    found = loom(crowd, ties={(1, 2)}, met=(), ideas=[(1, (199, 200))])
    assert len(found.seats) == MOST
    assert found.left_out == 160
    assert {1, 2, 199, 200} <= {seat.member_id for seat in found.seats}
    assert len(found.bridges) == 1


@pytest.mark.parametrize("name", ["", " ", "Élodie", "李 小龙"])
def test_any_name_can_stand_in_the_drawing(name: str) -> None:
    (seat,) = loom([(1, name)], ties=(), met=(), ideas=()).seats
    assert seat.name

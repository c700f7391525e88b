"""The loom: today's weave as a drawing. People by springs, ties as threads, ideas as two strands.

Pure geometry in the units of one SVG; what it shows is also a list on the same page. People who
knew each other before today stand together (`springs`), so that what goes from one such knot to
another is what bridges. What is met today and what is an idea pulls nobody: it comes and goes with
every answer, and people should stay where one saw them.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from serendipity.web import springs
from serendipity.web.springs import Pair, Point

CENTRE: Point = (300.0, 250.0)
BEND = 0.1  # how far a thread leans to its side, as a share of its length
SWING = 7.0  # how far the two strands sway
MOST = 40  # names that still can be read; the list has everybody
KINDS = ("offer", "sunny", "moss")  # the largest group first
NOBODYS = "paper"  # who knows nobody here sits in no group
# Where a name may stand: to the right of the seat, to its left, below, above.
SIDES = ((13.0, 4.5, ""), (-13.0, 4.5, "e"), (0.0, 24.0, "m"), (0.0, -14.0, "m"))
LETTER = 7.4  # how wide a letter of a name is, about
PAPER = (-66.0, 34.0, 666.0, 472.0)  # the viewBox of the SVG, and a margin

Box = tuple[float, float, float, float]  # left, top, right, bottom
Label = tuple[Point, str, Box]


@dataclass(frozen=True)
class Seat:
    """Somebody in the drawing."""

    member_id: int
    name: str
    at: Point
    label: Point
    anchor: str  # "", "m" or "e"
    kind: str


@dataclass(frozen=True)
class Bridge:
    """An idea: its number in the list, its two strands, where its bead hangs."""

    number: int
    halo: str
    need: str
    offer: str
    bead: Point


@dataclass(frozen=True)
class Loom:
    seats: list[Seat]
    old: list[str]
    met: list[str]
    bridges: list[Bridge]
    left_out: int
    in_words: dict[str, list[tuple[str, list[str]]]]  # "old" and "met": a name and who it leads to


def loom(
    people: Sequence[tuple[int, str]],
    *,
    ties: Iterable[Pair],
    met: Iterable[Pair],
    ideas: Sequence[tuple[int, Pair]],
) -> Loom:
    """Lay the drawing out; the same people give the same drawing.

    Parameters
    ----------
    people : (id, name), in order of arrival
    ties, met : pairs of ids, among these people
    ideas : (number in the list, pair of ids)
    """
    ties, met = set(ties), set(met)
    shown = _shown([one for one, _ in people], [pair for _, pair in ideas], ties | met)
    groups = _groups(shown, ties)
    names = short_names(dict(people))
    sizes = Counter(groups.values())
    stands = springs.settled(shown, ties - met)
    at = {one: _rounded(CENTRE[0] + x, CENTRE[1] + y) for one, (x, y) in stands.items()}
    bridges = _bridges(at, ideas)
    labels = _labels(at, names, [bridge.bead for bridge in bridges])
    seats = [
        Seat(one, names[one], at[one], *labels[one], _kind(groups[one], sizes)) for one in shown
    ]
    drawn = {
        "old": [pair for pair in sorted(ties - met) if at.keys() >= set(pair)],
        "met": [pair for pair in sorted(met) if at.keys() >= set(pair)],
    }
    return Loom(
        seats,
        old=[_thread(at[a], at[b]) for a, b in drawn["old"]],
        met=[_thread(at[a], at[b]) for a, b in drawn["met"]],
        bridges=bridges,
        left_out=len(people) - len(shown),
        in_words={kind: _in_words(pairs, names) for kind, pairs in drawn.items()},
    )


def _in_words(pairs: Iterable[Pair], names: dict[int, str]) -> list[tuple[str, list[str]]]:
    """Each pair once, under the first of the two."""
    leads: defaultdict[int, list[str]] = defaultdict(list)
    for a, b in pairs:
        leads[a].append(names[b])
    return [(names[a], others) for a, others in leads.items()]


def _shown(ids: Sequence[int], ideas: Sequence[Pair], pairs: set[Pair]) -> list[int]:
    """When the paper is full: first who is in an idea, then who has most threads."""
    if len(ids) <= MOST:
        return list(ids)
    wanted = {one for pair in ideas for one in pair}
    threads = Counter(one for pair in pairs for one in pair)
    first = sorted(ids, key=lambda one: (one not in wanted, -threads[one], ids.index(one)))
    kept = set(first[:MOST])
    return [one for one in ids if one in kept]


def _groups(ids: Sequence[int], ties: set[Pair]) -> dict[int, int]:
    """Who sits with whom: each takes the group that most of their neighbours have, in turn.

    Label propagation, asynchronous and in a fixed order; few rounds settle a room of forty.
    """
    neighbours: defaultdict[int, list[int]] = defaultdict(list)
    for a, b in sorted(ties):
        if a in ids and b in ids:
            neighbours[a].append(b)
            neighbours[b].append(a)
    group = {one: place for place, one in enumerate(ids)}
    for _ in range(8):
        for one in ids:
            counts = Counter(group[other] for other in neighbours[one])
            if counts:
                group[one] = min(counts, key=lambda label: (-counts[label], label))
    sizes = Counter(group.values())
    ranks = sorted(sizes, key=lambda label: (-sizes[label], label))
    return {one: ranks.index(group[one]) for one in ids}


def short_names(names: dict[int, str]) -> dict[int, str]:
    """First names; with an initial where two share one."""
    first = {one: (name.split() or ["?"])[0] for one, name in names.items()}
    often = Counter(first.values())
    return {
        one: f"{first[one]} {name.split()[-1][0]}."
        if often[first[one]] > 1 and len(name.split()) > 1
        else first[one]
        for one, name in names.items()
    }


def _kind(group: int, sizes: Counter[int]) -> str:
    return KINDS[group % len(KINDS)] if sizes[group] > 1 else NOBODYS


def _labels(
    at: dict[int, Point], names: dict[int, str], beads: Sequence[Point]
) -> dict[int, tuple[Point, str]]:
    """Where each name stands, and how it is anchored: where it hides least, the first for choice.

    The upper ones choose first; in a full room some names touch, and the list says them all.
    """
    taken = [(x - 9, y - 9, x + 9, y + 9) for x, y in at.values()]
    taken += [(x - 13, y - 13, x + 13, y + 13) for x, y in beads]
    found = {}
    for one in sorted(at, key=lambda key: (at[key][1], key)):
        choices = [_label(at[one], names[one], *side) for side in SIDES]
        best = min(choices, key=lambda label: sum(_shared(label[2], box) for box in taken))
        taken.append(best[2])
        found[one] = best[:2]
    return found


def _label(at: Point, name: str, across: float, down: float, anchor: str) -> Label:
    """A name at this side of a seat, with the box that it takes; beside the paper nobody reads."""
    x, y = _rounded(at[0] + across, at[1] + down)
    wide = LETTER * len(name)
    left = x - wide * {"": 0.0, "m": 0.5, "e": 1.0}[anchor]
    return (x, y), anchor, (left, y - 11, left + wide, y + 3)


def _shared(a: Box, b: Box) -> float:
    """How much of each other two boxes hide; what stands beside the paper hides the more."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    beside = max(0.0, PAPER[0] - a[0], a[2] - PAPER[2], PAPER[1] - a[1], a[3] - PAPER[3])
    return max(0.0, wide) * max(0.0, high) + beside


def _turns(a: Point, b: Point) -> tuple[Point, Point]:
    """The two control points of the thread between two seats: it leans a little to its left."""
    (x, y), (wide, high) = a, (b[0] - a[0], b[1] - a[1])
    first, second = (
        (x + share * wide + BEND * high, y + share * high - BEND * wide) for share in (0.3, 0.7)
    )
    return first, second


def _thread(a: Point, b: Point) -> str:
    first, second = _turns(a, b)
    return (
        f"M{a[0]:g} {a[1]:g}C{first[0]:.0f} {first[1]:.0f} {second[0]:.0f} {second[1]:.0f} "
        f"{b[0]:g} {b[1]:g}"
    )


def _bridges(at: dict[int, Point], ideas: Sequence[tuple[int, Pair]]) -> list[Bridge]:
    bridges: list[Bridge] = []
    for number, (a, b) in ideas:
        if a in at and b in at:
            taken = [*at.values(), *(bridge.bead for bridge in bridges)]
            bead = _free_place(at[a], at[b], taken)
            bridges.append(
                Bridge(
                    number,
                    halo=_thread(at[a], at[b]),
                    need=_strand(at[a], at[b], SWING),
                    offer=_strand(at[a], at[b], -SWING),
                    bead=bead,
                )
            )
    return bridges


def _free_place(a: Point, b: Point, taken: Sequence[Point]) -> Point:
    """Where along the thread the bead hangs: the middle, or where nothing else is near."""
    places = [_along(a, b, share) for share in (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74)]
    free = [one for one in places if all(math.dist(one, other) > 28 for other in taken)]
    return _rounded(*(free or places)[0])


def _strand(a: Point, b: Point, swing: float) -> str:
    """One of the two strands: it sways around the thread, and meets it at both ends."""
    waves = max(1, round(math.dist(a, b) / 170))
    steps = 12 * waves
    points = []
    for step in range(steps + 1):
        share = step / steps
        (x, y), (before, after) = (
            _along(a, b, share),
            (
                _along(a, b, max(0.0, share - 0.01)),
                _along(a, b, min(1.0, share + 0.01)),
            ),
        )
        length = math.dist(before, after) or 1.0
        sway = swing * math.sin(2 * math.pi * waves * share) * math.sin(math.pi * share) ** 0.5
        points.append(
            f"{x - sway * (after[1] - before[1]) / length:.1f} "
            f"{y + sway * (after[0] - before[0]) / length:.1f}"
        )
    return "M" + "L".join(points)


def _along(a: Point, b: Point, share: float) -> Point:
    """The point at a share of the way along the thread (a cubic Bézier curve)."""
    first, second = _turns(a, b)
    rest = 1 - share
    weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
    corners = (a, first, second, b)
    return (
        sum(weight * corner[0] for weight, corner in zip(weights, corners, strict=True)),
        sum(weight * corner[1] for weight, corner in zip(weights, corners, strict=True)),
    )


def _rounded(x: float, y: float) -> Point:
    return round(x, 1), round(y, 1)

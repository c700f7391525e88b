"""The floor of a skill map: where its tables stand.

A table is a skill, a chair is a person. Tables of a family stand together on a rug. Where it is
known how near skills are to one another (`matching.plane`), rugs stand as their skills lie there,
and so do the tables of a rug, so that what is akin stands close by across families too. Where it is
not, families follow one ring, from software by way of words, money, people and tools to food and
care, which is read in rows like a ploughed field, there and back. The same tables always stand in
the same places, so that all who look see one house.

Nothing here knows people; it is given counts and returns coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from serendipity.skillmap import Table

# The families of the starter vocabulary, each beside those it is akin to.
RING = (
    "web-and-software",
    "data-and-ai",
    "devices-and-repair",
    "graphic-design",
    "photo-video-sound",
    "writing-and-translation",
    "communication-and-marketing",
    "sales-and-clients",
    "accounting-and-tax",
    "law-and-contracts",
    "funding-and-grants",
    "business-and-strategy",
    "people-and-hr",
    "cooperatives-and-associations",
    "facilitation-and-events",
    "project-management",
    "teaching-and-training",
    "languages",
    "woodwork",
    "metalwork-and-electronics",
    "digital-fabrication",
    "textile-and-craft",
    "building-and-renovation",
    "bikes-and-mobility",
    "gardening-and-growing",
    "cooking-and-food",
    "energy-and-environment",
    "health-and-wellbeing",
    "music-and-stage",
    "care-and-family",
    "local-life-and-territory",
    "research-and-innovation",
)
Place = tuple[float, float]
ASPECT = 1.5  # width to height of the place that the page has for it
LETTER = 7.6  # width of a letter of a label, on average
LINE = 16
LONGEST = 18  # letters of a label on one line
MOST_CHAIRS = 12  # drawn; the number in the table says the rest
RUG = 64  # how far a rug reaches beyond the middle of its tables
GAP = 30
STAGGER = 36  # neighbours stand a little higher or lower: a room, not a form


@dataclass(frozen=True)
class Spot:
    """A table at its place."""

    table: Table
    x: int
    y: int
    radius: int
    chairs: tuple[tuple[float, float], ...]
    label: tuple[str, ...]


@dataclass(frozen=True)
class Floor:
    """Everything that the drawing needs, in its own units."""

    width: int
    height: int
    rugs: tuple[str, ...]
    spots: tuple[Spot, ...]
    plate: tuple[int, int]  # the middle of the plate with the room's name


@dataclass
class Block:
    """A rug with its tables, or the room's own plate, before it has a place."""

    width: float
    height: float
    lies: Place | None = None
    at: list[tuple[Table, float, float]] = field(default_factory=list)


def floor(tables: Sequence[Table], *, plate_width: int = 190) -> Floor:
    """Put the tables of a map in their places."""
    blocks = [_rug(group) for group in _families(tables)]
    plate = Block(plate_width, 78, _middle([block.lies for block in blocks]))
    blocks.insert(len(blocks) // 2, plate)
    width, places = min(
        (_placed(blocks, width) for width in range(700, 4000, 100)), key=_distance_from_aspect
    )
    height = max(y + block.height for block, _, y in places)
    spots, rugs = [], []
    middle = (0, 0)
    for block, left, top in places:
        if block is plate:
            middle = (round(left + block.width / 2), round(top + block.height / 2))
            continue
        here = [_spot(table, left + x, top + y) for table, x, y in block.at]
        spots += here
        rugs.append(_hull([(spot.x, spot.y) for spot in here]))
    return Floor(round(width), round(height), tuple(rugs), tuple(spots), middle)


@lru_cache(maxsize=256)
def drawn(tables: tuple[Table, ...], plate_width: int) -> Floor:
    """`floor`, worked out once for all rooms that look at the same tables."""
    return floor(tables, plate_width=plate_width)


def _families(tables: Iterable[Table]) -> list[list[Table]]:
    """Tables by family, as they lie from top to bottom; those of which it is not known in the order
    of the ring, then families that it does not know either, then the rest."""
    order = {name: number for number, name in enumerate(RING)}
    groups: dict[str, list[Table]] = {}
    for table in tables:
        groups.setdefault(table.family, []).append(table)
    lies = {name: _middle([table.place for table in group]) for name, group in groups.items()}
    names = sorted(
        groups,
        key=lambda name: (name == "", *_down(lies[name]), order.get(name, len(RING)), name),
    )
    return [
        sorted(
            groups[name],
            key=lambda table: (*_down(table.place), -table.people, table.label, table.name),
        )
        for name in names
    ]


def _middle(places: Sequence[Place | None]) -> Place | None:
    """The middle of the places that are known."""
    known = [place for place in places if place is not None]
    if not known:
        return None
    return (sum(x for x, _ in known) / len(known), sum(y for _, y in known) / len(known))


def _down(place: Place | None) -> tuple[bool, float]:
    """To sort from top to bottom, what lies nowhere last."""
    return (place is None, place[1] if place else 0)


def _right(place: Place | None) -> tuple[bool, float]:
    """To sort from left to right, what lies nowhere last."""
    return (place is None, place[0] if place else 0)


def _rug(tables: Sequence[Table]) -> Block:
    """The tables of a family in rows, every second row set in a little."""
    per_row = max(1, math.ceil(math.sqrt(len(tables))))
    rows = [
        sorted(tables[start : start + per_row], key=lambda table: _right(table.place))
        for start in range(0, len(tables), per_row)
    ]
    width = max(sum(map(_width, row)) for row in rows) + (24 if len(rows) > 1 else 0)
    block = Block(max(width, 2 * RUG) + GAP, 0, _middle([table.place for table in tables]))
    top = GAP / 2
    for number, row in enumerate(rows):
        tallest = max(map(radius, row)) + 20
        left = (block.width - sum(map(_width, row))) / 2 + (12 if number % 2 else -12) * (
            len(rows) > 1
        )
        middle = top + max(tallest, RUG if number == 0 else 0)
        for place, table in enumerate(row):
            nudge = 10 if (place + number) % 2 else 0
            block.at.append((table, left + _width(table) / 2, middle + nudge))
            left += _width(table)
        lines = max(len(_lines(table.label)) for table in row)
        top = middle + max(tallest + LINE * lines + 14, RUG if number == len(rows) - 1 else 0)
    block.height = top + GAP / 2
    return block


def _placed(blocks: Sequence[Block], width: int) -> tuple[float, list[tuple[Block, float, float]]]:
    """Blocks in rows of at most this width."""
    rows: list[list[Block]] = [[]]
    for block in blocks:
        if rows[-1] and sum(one.width for one in rows[-1]) + block.width > width:
            rows.append([])
        rows[-1].append(block)
    widest = max(sum(block.width for block in row) for row in rows)
    places, top = [], 0.0
    for number, row in enumerate(rows):
        tallest = max(block.height for block in row) + STAGGER * (len(row) > 1)
        space = (widest - sum(block.width for block in row)) / (len(row) + 1)
        left = space
        for place, block in enumerate(_across(row, number)):
            slack = tallest - block.height
            places.append((block, left, top + slack * ((place + number) % 2)))
            left += block.width + space
        top += tallest
    return widest, places


def _across(row: Sequence[Block], number: int) -> Sequence[Block]:
    """A row from left to right: as its blocks lie, else there and back, row by row."""
    if all(block.lies is None for block in row):
        return row[::-1] if number % 2 else row
    return sorted(row, key=lambda block: _right(block.lies))


def _distance_from_aspect(placed: tuple[float, list[tuple[Block, float, float]]]) -> float:
    width, places = placed
    height = max(y + block.height for block, _, y in places)
    return abs(math.log(width / height / ASPECT))


def radius(table: Table) -> int:
    """More people, a bigger table, up to a point."""
    return 9 + 7 * min(table.people, 8)


def _width(table: Table) -> float:
    longest = max(map(len, _lines(table.label)))
    return max(2 * (radius(table) + 22), longest * LETTER + 14)


def _lines(label: str) -> tuple[str, ...]:
    """A label on one line or two, broken at the space nearest to its middle."""
    spaces = [place for place, letter in enumerate(label) if letter == " "]
    if len(label) <= LONGEST or not spaces:
        return (label,)
    middle = min(spaces, key=lambda place: abs(place - len(label) / 2))
    return (label[:middle], label[middle + 1 :])


def _spot(table: Table, x: float, y: float) -> Spot:
    reach = radius(table) + 8
    number = min(table.people, MOST_CHAIRS)
    chairs = tuple(
        (
            round(round(x) + reach * math.sin(2 * math.pi * chair / number), 1),
            round(round(y) - reach * math.cos(2 * math.pi * chair / number), 1),
        )
        for chair in range(number)
    )
    return Spot(table, round(x), round(y), radius(table), chairs, _lines(table.label))


def _hull(points: Sequence[tuple[int, int]]) -> str:
    """The path of a rug: the convex hull of its tables (the stroke makes it wide and round)."""
    corners = sorted(set(points))
    if len(corners) < 3:
        corners = [*corners, (corners[-1][0] + 1, corners[-1][1] + 1)]
        return "M" + "L".join(f"{x} {y}" for x, y in corners) + "Z"
    hull: list[tuple[int, int]] = []
    for turn in (corners, corners[::-1]):
        start = len(hull)
        for point in turn:
            while len(hull) >= start + 2 and _turns_right(hull[-2], hull[-1], point):
                hull.pop()
            hull.append(point)
        hull.pop()
    return "M" + "L".join(f"{x} {y}" for x, y in hull) + "Z"


def _turns_right(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) <= 0

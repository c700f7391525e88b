"""Springs: where people stand in a drawing, by forces. Who knows each other stands together.

Everybody pushes everybody away and whoever they know pulls them near (Fruchterman and Reingold,
"Graph drawing by force-directed placement", 1991). People come in one after the other, in the order
in which they arrived: a newcomer begins beside those they know, or at a place by the wall that only
their own number chooses, and from there all give way, each by `GIVES` at the most. So the drawing
of a moment begins with the drawing of the moment before, though nothing is kept, and somebody who
comes in makes nobody jump. The same people always give the same drawing.

In plain Python, because a web process carries no numpy: 24 people take 4 ms, 40 take 16.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

Point = tuple[float, float]
Pair = tuple[int, int]

WIDE = 1.5  # names are wider than high: what lies side by side is pushed apart the more
HALF: Point = (195.0, 178.0)  # of the paper, from its middle, in units before widening
STEPS = 4  # of all, for each who comes in
GIVES = 24.0  # how far somebody who is there already goes for a newcomer
TO_THE_MIDDLE = 1.3  # enough that few stand by the wall
GOLDEN = math.pi * (3 - math.sqrt(5))  # turns that never fall on one another


def settled(ids: Sequence[int], ties: Iterable[Pair]) -> dict[int, Point]:
    """Where each stands, from the middle of the paper, in order of arrival; two decimals.

    Parameters
    ----------
    ids : in order of arrival, each once
    ties : pairs of ids; of others is taken no notice
    """
    return dict(_settled(tuple(ids), tuple(sorted(ties))))


@lru_cache(maxsize=16)  # a page that refreshes itself asks again for what it has
def _settled(ids: tuple[int, ...], ties: tuple[Pair, ...]) -> tuple[tuple[int, Point], ...]:
    number = {one: place for place, one in enumerate(ids)}
    known: defaultdict[int, list[int]] = defaultdict(list)  # who came before, of each
    for a, b in ties:
        if a in number and b in number:
            first, second = sorted((number[a], number[b]))
            known[second].append(first)
    across: list[float] = []
    down: list[float] = []
    for place, one in enumerate(ids):
        x, y = _door(one, [(across[other], down[other]) for other in known[place]])
        across.append(x)
        down.append(y)
        many = Counter(one for b in range(place + 1) for a in known[b] for one in (a, b))
        # Who knows many is pulled less by each, or a group would be one heap of names.
        threads = [
            ((a, b), 1 / math.sqrt(min(many[a], many[b])))
            for b in range(place + 1)
            for a in known[b]
        ]
        for _ in range(STEPS):
            _give_way(across, down, threads)
    return tuple(
        (one, (round(x * WIDE, 2), round(y, 2)))
        for one, x, y in zip(ids, across, down, strict=True)
    )


def _door(one: int, known: Sequence[Point]) -> Point:
    """Where a newcomer begins: beside those they know, or by the wall."""
    turn = GOLDEN * one
    if not known:
        return HALF[0] * 0.8 * math.cos(turn), HALF[1] * 0.8 * math.sin(turn)
    x, y = (sum(values) / len(known) for values in zip(*known, strict=True))
    return x + 30 * math.cos(turn), y + 30 * math.sin(turn)


def _give_way(
    across: list[float], down: list[float], threads: Sequence[tuple[Pair, float]]
) -> None:
    """One step of everybody; the newcomer, who is the last, goes four times as far."""
    count = len(across)
    rest = 0.9 * math.sqrt(4 * HALF[0] * HALF[1] / count)  # how far apart two want to be
    pushed_x, pushed_y = _pushes(across, down, rest)
    for (a, b), strength in threads:
        x, y = across[a] - across[b], down[a] - down[b]
        pull = strength * math.hypot(x, y) / rest
        pushed_x[a] -= x * pull
        pushed_y[a] -= y * pull
        pushed_x[b] += x * pull
        pushed_y[b] += y * pull
    for one in range(count):
        x = pushed_x[one] - TO_THE_MIDDLE * across[one]
        y = pushed_y[one] - TO_THE_MIDDLE * down[one]
        most = GIVES / STEPS * (4 if one == count - 1 else 1)
        share = min(0.2, most / (math.hypot(x, y) or 1.0))
        across[one] = min(HALF[0], max(-HALF[0], across[one] + x * share))
        down[one] = min(HALF[1], max(-HALF[1], down[one] + y * share))


def _pushes(
    across: Sequence[float], down: Sequence[float], rest: float
) -> tuple[list[float], list[float]]:
    """What everybody else does to each. The one loop that costs: its sums are plain floats."""
    count, strength = len(across), rest * rest
    pushed_x, pushed_y = [0.0] * count, [0.0] * count
    for a in range(count):
        here_x, here_y, sum_x, sum_y = across[a], down[a], 0.0, 0.0
        for b in range(a):
            x, y = here_x - across[b], here_y - down[b]
            push = strength / (x * x + y * y + 1.0)
            x *= push
            y *= push
            sum_x += x
            sum_y += y
            pushed_x[b] -= x
            pushed_y[b] -= y
        pushed_x[a] += sum_x
        pushed_y[a] += sum_y
    return pushed_x, pushed_y

"""Exposure: over many needs, nobody who fits stays unseen.

The best helper of one need is often the best of the next, and a list of the best names the same
few people. Two rules spread it without asking anybody who does not fit:

* equals (to the third decimal) are drawn by a hash of need and person, so that of twenty people
  with one skill not the first five are named for every need;
* the last place of a need that is read (`SEAT`) goes to somebody whom no need names, where they
  are worth at least `NEARLY` of the one who stood there and that one is named elsewhere. Each
  need gives one place at most, and each person gets the need they fit best.

But for exact ties neither depends on the order of needs or people.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from matching.affinity import scatter
from matching.roster import Floats, Ints

# People read the first five names.
SEAT = 5
NEARLY = 0.75
# So many runners-up of each need are looked at.
BENCH = 50


def ranked(worth: Floats, free: Ints, key: str) -> Ints:
    """Return who of `free` is worth something, the best first; `key` decides among equals."""
    open_ = free[worth[free] > 0]
    luck = scatter(open_, zlib.crc32(key.encode("utf-8", "surrogatepass")))
    order: Ints = open_[np.lexsort((open_, luck, -np.round(worth[open_], 3)))]
    return order


def spread(worth: Sequence[Floats], orders: Sequence[Ints], top: int) -> list[list[int]]:
    """Return whom each need names.

    Parameters
    ----------
    worth : sequence of float64 (n,)
        For each need, what everybody is worth.
    orders : sequence of int64
        For each need, who is worth something, the best first.
    top : int
    """
    seat = min(top, SEAT) - 1
    named = [order[:top].tolist() for order in orders]
    read = np.bincount(
        np.array([p for names in named for p in names[: seat + 1]], dtype=np.int64),
        minlength=len(worth[0]) if worth else 0,
    )
    given: set[int] = set()
    for _, need, person in _newcomers(worth, orders, seat, read):
        there = named[need][seat] if len(named[need]) > seat else -1
        if read[person] or need in given or there < 0 or read[there] < 2:
            continue
        given.add(need)
        read[there] -= 1
        read[person] += 1
        named[need] = _seated(named[need], seat, person, top)
    return named


def _newcomers(
    worth: Sequence[Floats], orders: Sequence[Ints], seat: int, read: Ints
) -> list[tuple[float, int, int]]:
    """Return (-worth relative to the seat, need, person) of all who may take a place."""
    if len(orders) < 2 or seat < 1:
        return []  # one need alone names the best, and a single name is the best
    rows = []
    for need, order in enumerate(orders):
        bench = order[seat + 1 : seat + 1 + BENCH]
        bench = bench[read[bench] == 0]
        if len(bench):
            fit = worth[need][bench] / worth[need][order[seat]]
            near = fit >= NEARLY
            people = bench[near].tolist()
            rows += [(-f, need, p) for f, p in zip(fit[near].tolist(), people, strict=True)]
    return sorted(rows)


def _seated(names: list[int], seat: int, person: int, top: int) -> list[int]:
    """Put `person` on the seat; whoever sat there moves one place down."""
    rest = [name for name in names if name != person]
    return [*rest[:seat], person, *rest[seat:]][:top]

"""Circles: encounters of three to five, where a pair is not enough.

Two cases. Somebody was left over, because the number is odd or because the strangers they could
meet were taken: they join the pair that suits them best. And a need that concerns several: two
people whom nobody serves are better off joining those who put the same question to a helper.
Every pair inside a circle obeys the rules that hold for pairs.
"""

from __future__ import annotations

import numpy as np

from matching.acquaintance import Acquaintance
from matching.affinity import Affinity
from matching.ranking import Forbidden, apart
from matching.roster import Bools, Ints

LARGEST = 5
TRIO = 3
# From here on help is counted on, and below here a pair is of no use to either.
SERVED = 0.5
UNSERVED = 0.15
# Nearer than this to somebody in a circle, a pair is not dissolved for it: a circle of one's own
# department would cost an encounter outside it.
TOO_NEAR = 0.35


class Table:
    """Who sits with whom in this round.

    Attributes
    ----------
    groups : list of list of int
        Positions; the first two are the pair that the assignment chose.
    """

    def __init__(
        self,
        affinity: Affinity,
        known: Acquaintance,
        never: Forbidden,
        pairs: list[tuple[int, int]],
    ) -> None:
        self.affinity, self.known, self.never = affinity, known, never
        self.groups = [list(pair) for pair in pairs]
        self._together = set(pairs)

    def _open(self, person: int, others: Ints) -> Bools:
        mine = np.full(len(others), person)
        return self.never.allows(mine, others)

    def may_join(self, person: int, largest: int) -> list[int]:
        """Return the groups that have a place and nobody whom `person` may not meet."""
        sizes = np.array([len(group) for group in self.groups], dtype=np.int64)
        seated = np.array([m for group in self.groups for m in group], dtype=np.int64)
        open_ = self._open(person, seated)
        fits = np.bincount(np.repeat(np.arange(len(sizes)), sizes), open_, len(sizes)) == sizes
        fits &= sizes < largest
        return [g for g in np.flatnonzero(fits).tolist() if not self._met(person, self.groups[g])]

    def _met(self, person: int, group: list[int]) -> bool:
        """Two people sit together once a round, whatever their caps."""
        return any((min(person, m), max(person, m)) in self._together for m in group)

    def seat(self, person: int, group: int) -> None:
        """Let `person` join."""
        members = self.groups[group]
        self._together.update((min(person, m), max(person, m)) for m in members)
        members.append(person)

    def by_fit(self, person: int, groups: list[int], near: float = 1.0) -> list[int]:
        """Return `groups` with the one that suits `person` best first.

        What counts is help that flows either way, that the circles of the others are far from
        the person's own, and that the group is small. Groups with somebody nearer than `near`
        are left out.
        """
        if not groups or (len(groups) < 2 and near >= 1.0):
            return groups
        sizes = np.array([len(self.groups[g]) for g in groups], dtype=np.int64)
        others = np.array([m for g in groups for m in self.groups[g]], dtype=np.int64)
        mine = np.full(len(others), person)
        flow = self.affinity.between(mine, others)[1] + self.affinity.between(others, mine)[1]
        close = 1.0 - apart(self.affinity.roster, self.known, mine, others)
        place = np.repeat(np.arange(len(groups)), sizes)
        fit = np.bincount(place, flow) - 3.0 * np.bincount(place, close) - 0.01 * sizes
        nearest = np.maximum.reduceat(close, np.cumsum(sizes) - sizes)
        return [groups[k] for k in np.argsort(-fit, kind="stable") if nearest[k] <= near]


def seat_left_over(table: Table, left: list[int]) -> list[int]:
    """Seat each of `left` in a trio, or failing that in a circle; return who found no place."""
    alone = []
    for person in left:
        groups = table.may_join(person, TRIO) or table.may_join(person, LARGEST)
        if groups:
            table.seat(person, table.by_fit(person, groups)[0])
        else:
            alone.append(person)
    return alone


def gather_same_needs(table: Table) -> None:
    """Dissolve pairs that serve nobody when one of them can join a circle around their need.

    The other joins such a circle too, or else any pair: nobody is left alone for it.
    """
    a, b = (np.array([g[k] for g in table.groups], dtype=np.int64) for k in (0, 1))
    to_a, to_b = table.affinity.between(a, b)[1], table.affinity.between(b, a)[1]
    idle = np.flatnonzero(np.maximum(to_a, to_b) < UNSERVED).tolist()
    if not idle:
        return
    askers: dict[int, list[int]] = {}
    for receiver, giver, sure in ((a, b, to_a), (b, a, to_b)):
        for place in np.flatnonzero(sure >= SERVED).tolist():
            for need in _served_needs(table.affinity, int(receiver[place]), int(giver[place])):
                askers.setdefault(need, []).append(place)
    dissolved: set[int] = set()
    for place in idle:
        if len(table.groups[place]) == 2 and _moved(table, place, askers, dissolved | {place}):
            dissolved.add(place)
    table.groups = [group for place, group in enumerate(table.groups) if place not in dissolved]


def _served_needs(affinity: Affinity, receiver: int, giver: int) -> list[int]:
    """Return the need rows of `receiver` that `giver` serves."""
    rows = affinity.wants[affinity.wants_start[receiver] : affinity.wants_start[receiver + 1]]
    return [row for row in rows.tolist() if affinity.serves(row, giver) >= SERVED]


def _moved(table: Table, place: int, askers: dict[int, list[int]], gone: set[int]) -> bool:
    """Move both people of an unserved pair, at least one of them to a circle, or neither."""
    one, other = table.groups[place]
    first, second = _circles_for(table, one, askers), _circles_for(table, other, askers)
    if not first:
        one, other, first, second = other, one, second, first
    if not first:
        return False
    second = second or [g for g in table.may_join(other, TRIO) if g not in gone]
    for mine in table.by_fit(one, first, TOO_NEAR):
        for theirs in table.by_fit(other, second, TOO_NEAR):
            if mine != theirs or len(table.groups[mine]) + 2 <= LARGEST:
                table.seat(one, mine)
                table.seat(other, theirs)
                return True
    return False


def _circles_for(table: Table, person: int, askers: dict[int, list[int]]) -> list[int]:
    """Return the groups that ask what `person` asks and where everybody may meet them."""
    affinity = table.affinity
    rows = affinity.wants[affinity.wants_start[person] : affinity.wants_start[person + 1]]
    asking = {group for row in rows.tolist() for group in askers.get(row, ())}
    if not asking:
        return []
    return sorted(asking.intersection(table.may_join(person, LARGEST)))

"""Circles: encounters of three to five, where a pair is not enough.

Two cases. Somebody was left over, because the number is odd or because the strangers they could
meet were taken: they join the pair that suits them best. And a need that concerns several: two
people whom nobody serves are better off joining those who put the same question to a helper.
Every pair inside a circle obeys the rules that hold for pairs.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from matching.affinity import Affinity
from matching.ranking import allowed
from matching.roster import Bools, Floats, Ints

LARGEST = 5
TRIO = 3
# From here on help is counted on, and below here a pair is of no use to either.
SERVED = 0.5
UNSERVED = 0.15


class Table:
    """Who sits with whom in this round.

    Attributes
    ----------
    groups : list of list of int
        Positions; the first two are the pair that the assignment chose.
    """

    def __init__(self, affinity: Affinity, never: Ints, pairs: list[tuple[int, int]]) -> None:
        self.affinity, self.never = affinity, never
        self.groups = [list(pair) for pair in pairs]
        self._together = set(pairs)

    def _open(self, person: int, others: Ints) -> Bools:
        mine = np.full(len(others), person)
        return allowed(self.affinity.roster, self.never, mine, others)

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

    def suits(self, person: int, groups: list[int]) -> Floats:
        """Return how much help flows if `person` joins each of `groups`; small ones first."""
        sizes = np.array([len(self.groups[g]) for g in groups], dtype=np.int64)
        others = np.array([m for g in groups for m in self.groups[g]], dtype=np.int64)
        mine = np.full(len(others), person)
        flow = self.affinity.between(mine, others)[1] + self.affinity.between(others, mine)[1]
        return np.bincount(np.repeat(np.arange(len(groups)), sizes), flow) - 0.01 * sizes


def seat_left_over(table: Table, left: list[int]) -> list[int]:
    """Seat each of `left` in a trio, or failing that in a circle; return who found no place."""
    alone = []
    for person in left:
        groups = table.may_join(person, TRIO) or table.may_join(person, LARGEST)
        if groups:
            table.seat(person, groups[int(np.argmax(table.suits(person, groups)))])
        else:
            alone.append(person)
    return alone


def gather_same_needs(table: Table) -> None:
    """Dissolve pairs that serve nobody when both can join a circle around their need."""
    a, b = (np.array([g[k] for g in table.groups], dtype=np.int64) for k in (0, 1))
    to_a, to_b = table.affinity.between(a, b)[1], table.affinity.between(b, a)[1]
    pairs = np.array([len(g) == 2 for g in table.groups], dtype=np.bool_)
    idle = np.flatnonzero(pairs & (np.maximum(to_a, to_b) < UNSERVED)).tolist()
    if not idle:
        return
    askers: dict[int, list[int]] = {}
    for place in np.flatnonzero(pairs & (np.maximum(to_a, to_b) >= SERVED)).tolist():
        for receiver, giver, sure in ((a, b, to_a), (b, a, to_b)):
            if sure[place] >= SERVED:
                for need in _served_needs(table.affinity, int(receiver[place]), int(giver[place])):
                    askers.setdefault(need, []).append(place)
    dissolved = set()
    for place in idle:
        if _both_move(table, place, askers):
            dissolved.add(place)
    table.groups = [group for place, group in enumerate(table.groups) if place not in dissolved]


def _served_needs(affinity: Affinity, receiver: int, giver: int) -> list[int]:
    """Return the need rows of `receiver` that `giver` serves."""
    rows = affinity.wants[affinity.wants_start[receiver] : affinity.wants_start[receiver + 1]]
    return [row for row in rows.tolist() if affinity.serves(row, giver) >= SERVED]


def _both_move(table: Table, place: int, askers: dict[int, list[int]]) -> bool:
    """Move both people of an unserved pair, or neither."""
    one, other = table.groups[place]
    first, second = _circles_for(table, one, askers), _circles_for(table, other, askers)
    for mine in first:
        for theirs in second:
            room = LARGEST - len(table.groups[mine])
            if mine != theirs or room >= 2:
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


def encounters(members: list[int]) -> list[tuple[int, int]]:
    """Return the pairs inside a group, as history keeps them."""
    return [(min(pair), max(pair)) for pair in combinations(members, 2)]

"""Ties: who knows whom, since when and how well; and who was asked before.

A tie decays. With contacts of weight d at instants t_k, half-life h by kind,

    tau = sum over k of d_k * 2^(-(t - t_k) / h),      s = 1 - exp(-tau)

Knowing does not decay: two people who met, or whose co-presences add up to `known_from`, know
each other from that instant on. What lies after the instant asked about has not happened yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

import numpy as np

from matching.acquaintance import Acquaintance
from matching.errors import InvalidAsked, InvalidTie
from matching.people import Asked, Tie
from matching.roster import NOBODY, Floats, Ints, Roster, instant
from matching.settings import Settings

DAY = 86_400.0
KINDS = {"met": 0, "co_present": 1}


class Asking:
    """The history of askings as pairs: none is ever repeated.

    Attributes
    ----------
    keys : int64
        Sorted pair keys of all askings whose two people are known.
    unknown : set of ids
        People of the history who are not in the community any more.
    """

    def __init__(self, asked: Iterable[Asked], roster: Roster) -> None:
        rows = list(asked)
        place = roster.index.get
        for row in rows:
            if row.a == row.b:
                raise InvalidAsked(row.a, row.b, "it takes two people")
        a = np.array([place(row.a, NOBODY) for row in rows], dtype=np.int64)
        b = np.array([place(row.b, NOBODY) for row in rows], dtype=np.int64)
        at = np.array([instant(row.at, "an asking") for row in rows], dtype=np.float64)
        there = (a != NOBODY) & (b != NOBODY)
        self.a, self.b, self.at = a[there], b[there], at[there]
        self.keys = np.unique(roster.key(self.a, self.b))
        self.n = len(roster)

    def since(self, start: float, end: float) -> Ints:
        """Return how often each person was asked in [start, end)."""
        recent = (self.at >= start) & (self.at < end)
        both = np.concatenate([self.a[recent], self.b[recent]])
        return np.bincount(both, minlength=self.n).astype(np.int64)


class TieGraph:
    """All ties of a community, as pairs.

    Attributes
    ----------
    key : int64 (m,)
        Sorted keys of the pairs with at least one tie.
    known_since : float64 (m,)
        When the two came to know each other; infinity when they do not yet.

    Raises
    ------
    InvalidTie
        A weight that is not a number from 0 up, an unknown kind, one person tied to itself.
    NaiveInstant
    """

    def __init__(self, ties: Iterable[Tie], roster: Roster, settings: Settings) -> None:
        self.roster, self.settings = roster, settings
        a, b, at, kind, weight = self._columns(list(ties))
        there = (a != NOBODY) & (b != NOBODY)
        key = roster.key(a[there], b[there])
        at, kind, weight = at[there], kind[there], weight[there]
        # Ties of one pair add up in one order, whatever the order of the input.
        order = np.lexsort((weight, at, key))
        self._tie_key, self._at = key[order], at[order]
        self._kind, self._weight = kind[order], weight[order]
        new = np.concatenate([[True], self._tie_key[1:] != self._tie_key[:-1]])[: len(key)]
        self._first = np.flatnonzero(new)
        self.key = self._tie_key[self._first]
        self.known_since = self._known_since()

    def _columns(self, ties: list[Tie]) -> tuple[Ints, Ints, Floats, Ints, Floats]:
        place = self.roster.index.get
        n = len(ties)
        a = np.fromiter((place(tie.a, NOBODY) for tie in ties), np.int64, n)
        b = np.fromiter((place(tie.b, NOBODY) for tie in ties), np.int64, n)
        kind = np.fromiter((KINDS.get(tie.kind, -1) for tie in ties), np.int64, n)
        weight = np.array([tie.weight for tie in ties], dtype=np.float64).reshape(n)
        bad = (kind < 0) | ~np.isfinite(weight) | (weight < 0) | ((a == b) & (a != NOBODY))
        if bad.any():
            _refuse(ties[int(np.argmax(bad))])
        at = np.fromiter((instant(tie.at, "a tie") for tie in ties), np.float64, n)
        return a, b, at, kind, weight

    def _known_since(self) -> Floats:
        if not len(self.key):
            return np.zeros(0)
        enough = self.settings.known_from
        alone = np.where(self._kind == KINDS["met"], max(enough, 1.0), self._weight)
        total = np.cumsum(alone)
        counts = np.diff(np.append(self._first, len(total)))
        before = np.repeat(total[self._first] - alone[self._first], counts)
        when = np.where(total - before >= enough - 1e-9, self._at, np.inf)
        since: Floats = np.minimum.reduceat(when, self._first)
        return since

    def known(self, at: float) -> Ints:
        """Return the sorted keys of the pairs who know each other at `at`."""
        known: Ints = self.key[self.known_since <= at]
        return known

    def happened(self, at: float) -> int:
        """Return how many ties there were up to `at`."""
        return int(np.count_nonzero(self._at <= at))

    def strength(self, at: float, *, decayed_to: float | None = None) -> Floats:
        """Return s for every pair of `key`, 0 for what has not happened yet at `at`.

        Decay is counted up to `decayed_to`, by default `at` itself.
        """
        if not len(self.key):
            return np.zeros(0)
        half = np.array([self.settings.half_life_met, self.settings.half_life_co_present])
        age = ((at if decayed_to is None else decayed_to) - self._at) / DAY / half[self._kind]
        fresh = np.where(self._at <= at, self._weight * np.exp2(-np.maximum(age, 0)), 0.0)
        strength: Floats = -np.expm1(-np.add.reduceat(fresh, self._first))
        return strength

    def at(self, at: float, *, decayed_to: float | None = None) -> Acquaintance:
        """Return the acquaintances that are alive at `at`."""
        strength = self.strength(at, decayed_to=decayed_to)
        alive = strength >= self.settings.alive_from
        i, j = np.divmod(self.key[alive], max(len(self.roster), 1))
        return Acquaintance(len(self.roster), i, j, strength[alive], self.settings.landmarks)


def _refuse(tie: Tie) -> None:
    if tie.a == tie.b:
        raise InvalidTie(tie.a, tie.b, "it takes two people")
    if tie.kind not in KINDS:
        raise InvalidTie(tie.a, tie.b, f"kind is {tie.kind!r}, not met or co_present")
    problem = "a number" if not isfinite(tie.weight) else "0 or more"
    raise InvalidTie(tie.a, tie.b, f"weight is {tie.weight!r}, not {problem}")

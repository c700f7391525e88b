"""Ties: who knows whom, how well, and who stands between.

A tie decays. With contacts of weight d at instants t_k, half-life h by kind,

    tau = sum over k of d_k * 2^(-(t - t_k) / h),      s = 1 - exp(-tau)

Knowing does not decay: two people who met, or whose co-presences add up to `known_from`, know
each other from that instant on. What lies after the instant asked about has not happened yet.

Distances are measured from landmarks (Eppstein & Wang 2001) by a breadth-first search that
carries 64 landmarks in one machine word; with at most 64 people they are exact. A new tie
(i, j) makes every distance min(D, D_i + 1 + D_j), so its gain in harmonic closeness for its
two ends is the mean over landmarks v of

    max(0, 1/(1 + D_jv) - 1/D_iv) + max(0, 1/(1 + D_iv) - 1/D_jv)
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.errors import InvalidAsked, InvalidTie
from matching.people import Asked, Tie
from matching.roster import NOBODY, Bools, Floats, Ints, Roster, instant
from matching.settings import Settings

DAY = 86_400.0
KINDS = {"met": 0, "co_present": 1}
# Farther than this is as good as unreachable: 1/8 is less than the noise of 64 landmarks.
FAR = 8


def member(keys: Ints, wanted: Ints) -> Bools:
    """Return which of `wanted` are among the sorted `keys`."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=np.bool_)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found: Bools = keys[place] == wanted
    return found


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
        alive = self.key[self.strength(at, decayed_to=decayed_to) >= self.settings.alive_from]
        i, j = np.divmod(alive, max(len(self.roster), 1))
        return Acquaintance(len(self.roster), i, j, self.settings.landmarks)


def _refuse(tie: Tie) -> None:
    if tie.a == tie.b:
        raise InvalidTie(tie.a, tie.b, "it takes two people")
    if tie.kind not in KINDS:
        raise InvalidTie(tie.a, tie.b, f"kind is {tie.kind!r}, not met or co_present")
    problem = "a number" if not isfinite(tie.weight) else "0 or more"
    raise InvalidTie(tie.a, tie.b, f"weight is {tie.weight!r}, not {problem}")


class Acquaintance:
    """The graph of living ties at one instant.

    Attributes
    ----------
    start, neighbour : int64
        Neighbours of each person, ascending, in CSR form.
    """

    def __init__(self, n: int, i: Ints, j: Ints, landmarks: int = 64) -> None:
        self.n = n
        ends, others = np.concatenate([i, j]), np.concatenate([j, i])
        order = np.argsort(ends * max(n, 1) + others)
        self.neighbour = others[order]
        self.start = np.searchsorted(ends[order], np.arange(n + 1))
        self._landmarks = min(landmarks, 64)
        self._distances: npt.NDArray[np.uint8] | None = None
        self._bits: npt.NDArray[np.uint64] | None = None

    def neighbours(self, i: int) -> Ints:
        """Return whom person `i` knows, ascending."""
        mine: Ints = self.neighbour[self.start[i] : self.start[i + 1]]
        return mine

    def shared(self, i: Ints, j: Ints) -> Ints:
        """Return how many acquaintances each pair has in common.

        Up to 4,096 people by counting common bits of two rows, beyond that by merging lists.
        """
        if self.n <= 4096:
            bits = self._bit_rows()
            shared: Ints = np.bitwise_count(bits[i] & bits[j]).sum(axis=1, dtype=np.int64)
            return shared
        return self._shared_by_lookup(i, j)

    def _bit_rows(self) -> npt.NDArray[np.uint64]:
        if self._bits is None:
            rows = np.zeros((self.n, (self.n + 63) // 64), dtype=np.uint64)
            ends = np.repeat(np.arange(self.n), np.diff(self.start))
            bit = np.uint64(1) << (self.neighbour % 64).astype(np.uint64)
            np.bitwise_or.at(rows, (ends, self.neighbour // 64), bit)
            self._bits = rows
        return self._bits

    def _shared_by_lookup(self, i: Ints, j: Ints) -> Ints:
        """Look every neighbour of the one with fewer up among those of the other."""
        degree = np.diff(self.start)
        few = np.where(degree[i] <= degree[j], i, j)
        many = np.where(degree[i] <= degree[j], j, i)
        keys = np.repeat(np.arange(self.n), degree) * self.n + self.neighbour
        shared = np.zeros(len(i), dtype=np.int64)
        for block in range(0, len(i), 200_000):  # bounds the memory of a large night
            part = slice(block, block + 200_000)
            counts = degree[few[part]]
            pair = np.repeat(np.arange(len(counts)), counts)
            step = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            third = self.neighbour[np.repeat(self.start[few[part]], counts) + step]
            hit = member(keys, many[part][pair] * self.n + third)
            shared[part] = np.bincount(pair[hit], minlength=len(counts))
        return shared

    def distances(self) -> npt.NDArray[np.uint8]:
        """Return hops from every person to every landmark, (n, landmarks), FAR at most."""
        if self._distances is None:
            self._distances = self._search()
        return self._distances

    def _search(self) -> npt.NDArray[np.uint8]:
        picks = np.random.default_rng(0).permutation(self.n)[: self._landmarks]
        reached = np.zeros(self.n, dtype=np.uint64)
        reached[picks] = np.uint64(1) << np.arange(len(picks), dtype=np.uint64)
        hops = np.full((self.n, len(picks)), FAR, dtype=np.uint8)
        hops[picks, np.arange(len(picks))] = 0
        linked = np.flatnonzero(np.diff(self.start))
        for hop in range(1, FAR):
            if not len(linked):
                break
            seen = np.bitwise_or.reduceat(reached[self.neighbour], self.start[linked])
            fresh = seen & ~reached[linked]
            if not fresh.any():
                break
            reached[linked] |= fresh
            _mark(hops, linked, fresh, hop)
        return hops

    def gain(self, i: Ints, j: Ints) -> Floats:
        """Return the gain in harmonic closeness that a tie (i, j) gives its two ends."""
        hops = self.distances()
        if not hops.shape[1]:
            return np.zeros(len(i))
        flat = _GAINS.ravel()
        gains = np.empty(len(i))
        for block in range(0, len(i), 100_000):
            part = slice(block, block + 100_000)
            both = hops[i[part]] * np.uint8(FAR + 1) + hops[j[part]]
            gains[part] = flat[both].mean(axis=1)
        return gains


def _mark(hops: npt.NDArray[np.uint8], who: Ints, fresh: npt.NDArray[np.uint64], hop: int) -> None:
    """Write `hop` wherever a bit of `fresh` says that a landmark was first reached."""
    some = fresh != 0
    bits = np.unpackbits(
        fresh[some].astype("<u8").view(np.uint8).reshape(-1, 8), axis=1, bitorder="little"
    )[:, : hops.shape[1]]
    row, col = np.nonzero(bits)
    hops[who[some][row], col] = hop


def _gain_table() -> Any:
    """Return the gain of one landmark for each pair of distances."""
    inverse = np.array([np.inf, *(1 / d for d in range(1, FAR)), 0.0])
    through = np.array([1 / (1 + d) for d in range(FAR)] + [0.0])
    one_way = np.maximum(0.0, through[None, :] - inverse[:, None])
    return (one_way + one_way.T).astype(np.float32)


_GAINS = _gain_table()

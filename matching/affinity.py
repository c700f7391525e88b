"""Affinity: how much one person can help another.

Relevance of helper j to person i, with needs n of urgency u and skills s of level l:

    sum over n of  u_n * max over s of  sim(n, s) * l_s

where sim is 1 for the same concept or the same words, `same_family` for the same broader
concept, else the calibrated similarity of meaning, with a floor. The plain sum is what the
policy *memory* maximises. The policy *engine* uses the chance that at least one need is served,

    1 - product over n of (1 - u_n * max over s of sim(n, s) * l_s)

because an encounter that serves somebody once is the aim, and two half-served people are worth
more than one who is served twice (noisy-or; Pearl 1988). Both are sparse: people meet only
through posting lists "this need is held by these helpers".
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from matching.people import Need, Skill, as_need, as_skill
from matching.roster import Floats, Ints, Roster
from matching.settings import Settings
from matching.terms import Meaning, Terms, Vocabulary, similarity

# A certain match keeps a logarithm: 1 - 0.9995 stands for "surely".
SURE = 0.9995
# Up to so many entries of posting lists, who helps whom is worked out once and kept; for up to
# so many people as a table.
ENTRIES = 240_000
TABLE = 2_048


def ranges(counts: Ints) -> Ints:
    """Return 0..c-1 for every count c, one after the other.

    Examples
    --------
    >>> ranges(np.array([2, 0, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total, dtype=np.int64) - np.repeat(ends - counts, counts)


class Affinity:
    """The posting lists of a community and what they say about pairs.

    Attributes
    ----------
    needs, skills : Terms
    wants_start, wants : int64
        For each person, the rows of their needs.
    offered : (rows, holders, levels)
        Every skill of every person.
    posting_start, holder, value : arrays
        For each need row, who can serve it and how well (u * max sim * l), holders ascending.
    """

    def __init__(
        self,
        roster: Roster,
        *,
        settings: Settings,
        vocabulary: Vocabulary | None = None,
        meaning: Meaning | None = None,
    ) -> None:
        self.roster, self.settings = roster, settings
        self.vocabulary, self.meaning = vocabulary, meaning
        self.needs, self.skills = Terms(), Terms()
        said, self.offered = self._said(), self._offered()
        self.wants_start, self.wants = said
        self.similarity = similarity(
            self.needs.terms,
            self.skills.terms,
            settings=settings,
            vocabulary=vocabulary,
            meaning=meaning,
        )
        self.similarity.sort_indices()
        self.posting_start, self.holder, self.value = self._postings(*self.offered)
        rows = np.repeat(np.arange(len(self.needs.terms)), np.diff(self.posting_start))
        self.posting_key = rows * max(len(roster), 1) + self.holder

    def _said(self) -> tuple[Ints, Ints]:
        """Return each person's need rows, each row once a person."""
        lists = [
            sorted({self.needs.row(n, float(n.urgency)) for n in map(as_need, p.needs)})
            for p in self.roster.people
        ]
        start = np.cumsum([0, *map(len, lists)], dtype=np.int64)
        return start, np.array([row for rows in lists for row in rows], dtype=np.int64)

    def _offered(self) -> tuple[Ints, Ints, Floats]:
        """Return (skill row, holder, level) for every skill of every person."""
        triples = [
            (self.skills.row(s, 1.0), i, float(s.level))
            for i, p in enumerate(self.roster.people)
            for s in map(as_skill, p.skills)
        ]
        rows, holders, levels = zip(*triples, strict=True) if triples else ((), (), ())
        return (
            np.array(rows, dtype=np.int64),
            np.array(holders, dtype=np.int64),
            np.array(levels, dtype=np.float64),
        )

    def _postings(self, row: Ints, holder: Ints, level: Floats) -> tuple[Ints, Ints, Floats]:
        """Join similar terms with their holders; keep the best of each (need, holder)."""
        by_skill = np.argsort(row, kind="stable")
        start = np.searchsorted(row[by_skill], np.arange(len(self.skills.terms) + 1))
        near = self.similarity.tocoo()
        counts = np.diff(start)[near.col] if near.nnz else np.zeros(0, dtype=np.int64)
        entry = np.repeat(np.arange(near.nnz), counts)
        place = by_skill[np.repeat(start[near.col], counts) + ranges(counts)]
        urgency = np.array(self.needs.weights)[near.row[entry]] if near.nnz else level[:0]
        value = urgency * near.data[entry] * level[place]
        key = near.row[entry].astype(np.int64) * max(len(self.roster), 1) + holder[place]
        return self._best(key, value)

    def _best(self, key: Ints, value: Floats) -> tuple[Ints, Ints, Floats]:
        order = np.lexsort((-value, key))
        key, value = key[order], value[order]
        first = np.concatenate([[True], key[1:] != key[:-1]])[: len(key)] & (value > 0)
        key, value = key[first], value[first]
        need, held_by = np.divmod(key, max(len(self.roster), 1))
        start = np.searchsorted(need, np.arange(len(self.needs.terms) + 1))
        return start, held_by, value

    def helped(self, present: Ints, *, width: int, seed: int) -> tuple[Ints, Ints, Floats, Floats]:
        """Return who helps whom among `present`.

        Every need reads at most `width` entries of its posting list, from a place that differs
        from person to person, so that a popular skill spreads over all who have it and the cost
        stays linear in the number of people.

        Returns
        -------
        receiver, giver : int64 (m,)
        plain, sure : float64 (m,)
            The sum, and the chance that at least one need is served.
        """
        start, holder, value = self._postings_among(present)
        counts = (self.wants_start[1:] - self.wants_start[:-1])[present]
        receiver = np.repeat(present, counts)
        need = self.wants[np.repeat(self.wants_start[present], counts) + ranges(counts)]
        length = start[need + 1] - start[need]
        read = np.minimum(length, width)
        offset = np.where(length > width, scatter(receiver * 31 + need, seed) % _one(length), 0)
        step = np.repeat(offset, read) + ranges(read)
        place = np.repeat(start[need], read) + step % np.repeat(_one(length), read)
        return self._together(np.repeat(receiver, read), holder[place], value[place])

    def _postings_among(self, present: Ints) -> tuple[Ints, Ints, Floats]:
        """Return the posting lists without those who are away."""
        if len(present) == len(self.roster):
            return self.posting_start, self.holder, self.value
        here = np.zeros(len(self.roster), dtype=np.bool_)
        here[present] = True
        kept = here[self.holder]
        before = np.concatenate([[0], np.cumsum(kept)])
        return before[self.posting_start], self.holder[kept], self.value[kept]

    def _together(
        self, receiver: Ints, giver: Ints, value: Floats
    ) -> tuple[Ints, Ints, Floats, Floats]:
        """Sum over the needs of one receiver that the same giver serves."""
        other = receiver != giver
        n = max(len(self.roster), 1)
        key, value = (receiver * n + giver)[other], value[other]
        if not len(key):
            nothing = np.zeros(0, dtype=np.int64)
            return nothing, nothing, np.zeros(0), np.zeros(0)
        order = np.argsort(key)
        key, value = key[order], value[order]
        first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        plain = np.add.reduceat(value, first)
        sure = -np.expm1(np.add.reduceat(np.log1p(-SURE * value), first))
        receiver, giver = np.divmod(key[first], n)
        factor = self.shared_language(receiver, giver)
        return receiver, giver, plain * factor, sure * factor

    @cached_property
    def everyone(self) -> tuple[Ints, Ints, Floats, Floats] | None:
        """Who helps whom in the whole community, where the lists are short enough to keep."""
        present = np.arange(len(self.roster), dtype=np.int64)
        if self.entries(present) > ENTRIES:
            return None
        return self.helped(present, width=len(self.roster), seed=0)

    @cached_property
    def tables(self) -> npt.NDArray[np.float32] | None:
        """`everyone` as (plain, sure) tables, receiver by giver, for small communities."""
        if self.everyone is None or len(self.roster) > TABLE:
            return None
        receiver, giver, plain, sure = self.everyone
        tables = np.zeros((2, len(self.roster), len(self.roster)), dtype=np.float32)
        tables[:, receiver, giver] = plain, sure
        return tables

    def entries(self, present: Ints) -> int:
        """Return how many entries the posting lists of those present have for one another.

        Those who are away are counted too, so it is never too few.
        """
        length = np.diff(self.posting_start)
        counts = (self.wants_start[1:] - self.wants_start[:-1])[present]
        need = self.wants[np.repeat(self.wants_start[present], counts) + ranges(counts)]
        return int(length[need].sum())

    def serves(self, need_row: int, giver: int) -> float:
        """Return how well one person serves one need row."""
        start, end = self.posting_start[need_row], self.posting_start[need_row + 1]
        place = start + np.searchsorted(self.holder[start:end], giver)
        return float(self.value[place]) if place < end and self.holder[place] == giver else 0.0

    def worth(self, need: Need, skill: Skill) -> float:
        """Return u * sim * l of one need and one skill that the community holds."""
        row = self.needs.row(need, float(need.urgency))
        column = self.skills.row(skill, 1.0)
        start, end = self.similarity.indptr[row : row + 2]
        place = start + np.searchsorted(self.similarity.indices[start:end], column)
        if place == end or self.similarity.indices[place] != column:
            return 0.0
        return float(self.similarity.data[place]) * need.urgency * skill.level

    def between(self, receiver: Ints, giver: Ints) -> tuple[Floats, Floats]:
        """Return (plain, sure) help that each giver is to each receiver, pair by pair."""
        if self.tables is not None:
            place = receiver * len(self.roster) + giver
            plain, sure = (table.ravel().take(place) for table in self.tables)
            return plain.astype(np.float64), sure.astype(np.float64)
        counts = (self.wants_start[1:] - self.wants_start[:-1])[receiver]
        pair = np.repeat(np.arange(len(receiver)), counts)
        need = self.wants[np.repeat(self.wants_start[receiver], counts) + ranges(counts)]
        wanted = need * max(len(self.roster), 1) + giver[pair]
        value = looked_up(self.posting_key, self.value, wanted)
        plain = np.bincount(pair, value, minlength=len(receiver))
        sure = -np.expm1(np.bincount(pair, np.log1p(-SURE * value), minlength=len(receiver)))
        factor = self.shared_language(receiver, giver)
        return plain * factor, sure * factor

    def shared_language(self, i: Ints, j: Ints) -> Floats:
        """Return 1 where two people share a language or one is unknown, else the factor."""
        mine, theirs = self.roster.languages[i], self.roster.languages[j]
        apart = (mine != 0) & (theirs != 0) & (mine & theirs == 0)
        return np.where(apart, self.settings.no_shared_language, 1.0)


def looked_up(keys: Ints, values: Floats, wanted: Ints) -> Floats:
    """Return the value of each wanted key among the sorted `keys`, 0 where there is none."""
    if not len(keys):
        return np.zeros(len(wanted))
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0.0)


def _one(length: Ints) -> Ints:
    at_least: Ints = np.maximum(length, 1)
    return at_least


def scatter(key: Ints, seed: int) -> Ints:
    """Return a pseudo-random integer from 0 up for every key (splitmix64, Steele 2014).

    It depends on the key and the seed alone, so the order of the input changes nothing.
    """
    with np.errstate(over="ignore"):
        z = key.astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15 + 1) % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed: Ints = ((z ^ (z >> np.uint64(31))) >> np.uint64(2)).astype(np.int64)
    return mixed

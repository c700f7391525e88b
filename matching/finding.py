"""Finding: who can best help with one need.

A call is put to one person or a few, so the order matters more than the round does. A helper is
as good as their best skill: the same concept or words, the same family, or a similar meaning,
times the level. Where several are equal, the one who was named least often comes first, so that
not only the well known are asked.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.affinity import Affinity, Term, keys
from matching.people import Id, Need, as_need
from matching.roster import Floats, Ints

HOW = {"same": "same skill", "family": "same family", "meaning": "similar meaning"}


class Helper(NamedTuple):
    """One person who can help: the score orders one answer, `why` can be told.

    `why` holds "skill" (only if its owner lets it be shown) and "how".
    """

    id: Id
    score: float
    why: dict[str, str]


class Finder:
    """Skills of a community, indexed by what they say."""

    def __init__(self, affinity: Affinity) -> None:
        self.affinity = affinity
        rows, holders, levels = affinity.offered
        order = np.argsort(rows, kind="stable")
        self.holders, self.levels = holders[order], levels[order]
        self.start = np.searchsorted(rows[order], np.arange(len(affinity.skills.terms) + 1))
        self.same: dict[Hashable, list[int]] = {}
        self.family: dict[Hashable, list[int]] = {}
        for row, term in enumerate(affinity.skills.terms):
            same, family = keys(term, affinity.vocabulary)
            for index, found in ((self.same, same), (self.family, family)):
                for key in found:
                    index.setdefault(key, []).append(row)
        self._vectors: npt.NDArray[np.float32] | None = None

    def similar(self, need: Need) -> tuple[Floats, dict[int, str]]:
        """Return sim to every skill term, and how it came about where it is above nought."""
        affinity = self.affinity
        sim = np.zeros(len(affinity.skills.terms))
        how: dict[int, str] = {}
        term = Term(need.concept, affinity.needs.spelling(need.text), need.text)
        same, family = keys(term, affinity.vocabulary)
        if affinity.meaning is not None and len(sim):
            near = self._by_meaning(need.text)
            sim = np.where(near >= affinity.settings.meaning_floor, near, 0.0)
            how.update(dict.fromkeys(np.flatnonzero(sim).tolist(), HOW["meaning"]))
        if affinity.vocabulary is not None:
            for row in _rows(self.family, family):
                if affinity.settings.same_family > sim[row]:
                    sim[row], how[row] = affinity.settings.same_family, HOW["family"]
        for row in _rows(self.same, same):
            sim[row], how[row] = 1.0, HOW["same"]
        return sim, how

    def _by_meaning(self, text: str) -> Floats:
        meaning = self.affinity.meaning
        assert meaning is not None
        if self._vectors is None:
            self._vectors = meaning.vectors([term.text for term in self.affinity.skills.terms])
        cosine = self._vectors @ meaning.vectors([text])[0]
        return np.asarray(meaning.calibrated(cosine), dtype=np.float64)

    def helpers(self, need: Need | str, free: list[int], top: int) -> list[Helper]:
        """Return the best `top` helpers among the positions `free`."""
        asked = as_need(need)
        sim, how = self.similar(asked)
        best, by = self._best(sim, np.array(free, dtype=np.int64))
        people = self.affinity.roster.people
        ranked = sorted((-best[p], p) for p in free if best[p] > 0)[:top]
        return [
            Helper(people[p].id, float(-value), self._why(p, int(by[p]), how))
            for value, p in ranked
        ]

    def _best(self, sim: Floats, free: Ints) -> tuple[Floats, Ints]:
        """Return for every person the best sim * level and the skill row it comes from."""
        n = len(self.affinity.roster)
        row = np.repeat(np.arange(len(sim)), np.diff(self.start))
        value = sim[row] * self.levels
        order = np.lexsort((row, -value, self.holders))
        holder = self.holders[order]
        first = np.concatenate([[True], holder[1:] != holder[:-1]])[: len(holder)]
        best, by = np.zeros(n), np.zeros(n, dtype=np.int64)
        best[holder[first]] = value[order][first]
        by[holder[first]] = row[order][first]
        return best, by

    def _why(self, person: int, row: int, how: dict[int, str]) -> dict[str, str]:
        text = self.affinity.skills.terms[row].text
        said = [s for s in self.affinity.roster.people[person].skills if not isinstance(s, str)]
        hidden = any(s.text == text and not s.shown for s in said)
        return {"how": how[row]} if hidden else {"skill": text, "how": how[row]}


def _rows(index: dict[Hashable, list[int]], found: list[Hashable]) -> set[int]:
    return {row for key in found for row in index.get(key, ())}

"""Finding: who can best help with one need.

A call is put to one person or a few, so the order matters more than the round does. A skill
serves a need as far as it is the same concept or words, of the same family, or of similar meaning,
times its level. A need in whole sentences is also compared by its letters. Several skills that
serve it a little add up to

    (sum over skills of serves^3)^(1/3), at most 1

which lies between the best skill alone, which forgets experience, and the sum, which names the
same few people for every question. Skills told in sentences are weighed by `matching.sentences`;
whichever of the two says more counts. Where there are many needs, `matching.exposure` keeps an
eye on who is named at all.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching import exposure
from matching.affinity import Affinity
from matching.people import Id, Need
from matching.roster import Floats, Ints
from matching.sentences import Letters, Sentences, is_sentence
from matching.terms import Term, keys

HOW = {
    "same": "same skill",
    "family": "same family",
    "meaning": "similar meaning",
    "letters": "similar words",
}
POWER = 3
# Letters in common are worth less than meaning in common.
LETTERS = 0.5


class Helper(NamedTuple):
    """One person who can help: the score orders one answer, `why` can be told.

    `why` holds "skill" (only if its owner lets it be shown) and "how".
    """

    id: Id
    score: float
    why: dict[str, str]


class Found(NamedTuple):
    """What everybody is worth to one need, which skill row says so, and how."""

    worth: Floats
    by: Ints
    how: dict[int, str]


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
        self.sentences = Sentences(affinity)
        self._letters: Letters | None = None
        self._vectors: npt.NDArray[np.float32] | None = None

    def helpers(self, needs: list[Need], free: list[int], top: int) -> list[list[Helper]]:
        """Return for each need the best `top` helpers among the positions `free`."""
        open_ = np.array(free, dtype=np.int64)
        vectors = self._placed([need.text for need in needs])
        near, told = self._by_meaning(vectors), self.sentences.near(vectors)
        found = [self._worth(need, near[k], told[k]) for k, need in enumerate(needs)]
        worth = [one.worth for one in found]
        orders = [
            exposure.ranked(value, open_, need.text)
            for need, value in zip(needs, worth, strict=True)
        ]
        named = exposure.spread(worth, orders, top)
        return [
            [self._helper(p, one) for p in names] for names, one in zip(named, found, strict=True)
        ]

    def _helper(self, person: int, found: Found) -> Helper:
        id = self.affinity.roster.people[person].id
        why = self._why(person, int(found.by[person]), found.how)
        return Helper(id, float(found.worth[person]), why)

    def _worth(self, need: Need, near: Floats, told: Floats) -> Found:
        """Return what everybody is worth, by skills or by sentences, whichever says more."""
        sim, how = self._similar(need, near)
        best, by = self._best(sim)
        if len(self.sentences):
            worth, said = self.sentences.worth(need.text, told)
            more = worth > best
            best, by = np.where(more, worth, best), np.where(more, said, by)
            how |= {row: how.get(row, HOW["letters"]) for row in set(said[more].tolist())}
        return Found(best, by, how)

    def _placed(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Return the vectors of needs; rows without a column when there is no encoder."""
        if self.affinity.meaning is None or not self.affinity.skills.terms or not texts:
            return np.zeros((len(texts), 0), dtype=np.float32)
        return self.affinity.meaning.vectors(texts)

    def _by_meaning(self, vectors: npt.NDArray[np.float32]) -> Floats:
        """Return calibrated similarities, needs by skill terms; nought without an encoder."""
        meaning, terms = self.affinity.meaning, self.affinity.skills.terms
        if meaning is None or not vectors.shape[1]:
            return np.zeros((len(vectors), len(terms)))
        if self._vectors is None:
            self._vectors = meaning.vectors([term.text for term in terms])
        near = np.asarray(meaning.calibrated(vectors @ self._vectors.T), np.float64)
        near[~(near >= self.affinity.settings.meaning_floor)] = 0.0  # NaN goes too
        near[:, self.sentences.told] = 0.0  # those are weighed together
        return near

    def _by_letters(self, text: str) -> Floats:
        if self._letters is None:
            self._letters = Letters([term.text for term in self.affinity.skills.terms])
        return self._letters.alike(text)

    def _similar(self, need: Need, near: Floats) -> tuple[Floats, dict[int, str]]:
        """Return sim to every skill term, and how it came about where it is above nought."""
        affinity = self.affinity
        sim = near.copy()
        how = dict.fromkeys(np.flatnonzero(sim).tolist(), HOW["meaning"])
        if len(sim) > len(self.sentences) and is_sentence(need.text):
            alike = np.where(self.sentences.told, 0.0, LETTERS * self._by_letters(need.text))
            how.update(dict.fromkeys(np.flatnonzero(alike > sim).tolist(), HOW["letters"]))
            sim = np.maximum(sim, alike)
        term = Term(need.concept, affinity.needs.spelling(need.text), need.text)
        same, family = keys(term, affinity.vocabulary)
        if affinity.vocabulary is not None:
            for row in _rows(self.family, family):
                if affinity.settings.same_family > sim[row]:
                    sim[row], how[row] = affinity.settings.same_family, HOW["family"]
        for row in _rows(self.same, same):
            sim[row], how[row] = 1.0, HOW["same"]
        return sim, how

    def _best(self, sim: Floats) -> tuple[Floats, Ints]:
        """Return for every person how well they serve, and the skill row that does it best."""
        n = len(self.affinity.roster)
        row = np.repeat(np.arange(len(sim)), np.diff(self.start))
        value = sim[row] * self.levels
        total = np.bincount(self.holders, value**POWER, minlength=n) ** (1 / POWER)
        order = np.lexsort((row, -value, self.holders))
        holder = self.holders[order]
        first = np.concatenate([[True], holder[1:] != holder[:-1]])[: len(holder)]
        by = np.zeros(n, dtype=np.int64)
        by[holder[first]] = row[order][first]
        return np.minimum(total, 1.0), by

    def _why(self, person: int, row: int, how: dict[int, str]) -> dict[str, str]:
        words = self.affinity.skills.terms[row].text
        said = [s for s in self.affinity.roster.people[person].skills if not isinstance(s, str)]
        hidden = any(s.text == words and not s.shown for s in said)
        return {"how": how[row]} if hidden else {"skill": words, "how": how[row]}


def _rows(index: dict[Hashable, list[int]], found: list[Hashable]) -> set[int]:
    return {row for key in found for row in index.get(key, ())}

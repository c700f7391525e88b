"""Finding: who can best help with one need.

A call is put to one person or a few, so the order matters more than the round does. A skill
serves a need as far as it is the same concept or words, of the same family, or of similar meaning,
times its level. A question in whole sentences is also compared by its letters. Several skills
that serve it a little add up to

    (sum over skills of serves^3)^(1/3), at most 1

which lies between the best skill alone, which forgets experience, and the sum, which names the
same few people for every question.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matching import text
from matching.affinity import Affinity
from matching.people import Id, Need
from matching.roster import Floats, Ints
from matching.terms import Term, keys

HOW = {
    "same": "same skill",
    "family": "same family",
    "meaning": "similar meaning",
    "letters": "similar words",
}
POWER = 3
# From so many words on a need is a question in sentences; letters tell little about fewer.
SENTENCE = 6
# Letters in common are worth less than meaning in common.
LETTERS = 0.5


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
        self._letters: Letters | None = None
        self._vectors: npt.NDArray[np.float32] | None = None

    def helpers(self, needs: list[Need], free: list[int], top: int) -> list[list[Helper]]:
        """Return for each need the best `top` helpers among the positions `free`."""
        near = self._by_meaning([need.text for need in needs])
        return [self._helpers(need, near[k], free, top) for k, need in enumerate(needs)]

    def _helpers(self, need: Need, near: Floats, free: list[int], top: int) -> list[Helper]:
        sim, how = self._similar(need, near)
        best, by = self._best(sim)
        people = self.affinity.roster.people
        ranked = sorted((-best[p], p) for p in free if best[p] > 0)[:top]
        return [
            Helper(people[p].id, float(-value), self._why(p, int(by[p]), how))
            for value, p in ranked
        ]

    def _by_meaning(self, texts: list[str]) -> Floats:
        """Return calibrated similarities, needs by skill terms; nought without an encoder."""
        meaning, terms = self.affinity.meaning, self.affinity.skills.terms
        if meaning is None or not terms or not texts:
            return np.zeros((len(texts), len(terms)))
        if self._vectors is None:
            self._vectors = meaning.vectors([term.text for term in terms])
        near = np.asarray(meaning.calibrated(meaning.vectors(texts) @ self._vectors.T), np.float64)
        near[~(near >= self.affinity.settings.meaning_floor)] = 0.0  # NaN goes too
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
        if len(sim) and len(need.text.split()) >= SENTENCE:
            alike = LETTERS * self._by_letters(need.text)
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


class Letters:
    """Texts by their runs of three to five letters (TF-IDF), for comparing sentences."""

    def __init__(self, texts: list[str]) -> None:
        # Heavy, and only for questions in sentences.
        from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

        self._vectorizer: Any = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True
        )
        spelled = [text.normalised(raw) for raw in texts]
        try:
            self._rows: Any = self._vectorizer.fit_transform(spelled)
        except ValueError:  # not one letter in any text
            self._rows = None
        self._n = len(texts)

    def alike(self, raw: str) -> Floats:
        """Return the cosine of `raw` with every text."""
        if self._rows is None:
            return np.zeros(self._n)
        query = self._vectorizer.transform([text.normalised(raw)])
        cosine: Floats = (self._rows @ query.T).toarray().ravel()
        return cosine


def _rows(index: dict[Hashable, list[int]], found: list[Hashable]) -> set[int]:
    return {row for key in found for row in index.get(key, ())}

"""Sentences: skills that are told in whole sentences, as a rule questions somebody answered.

A community that exports who answered what gives its helpers long lists of questions and no
skills. One question says little about a person, all of them together a lot. With X_k how alike
the need and sentence k are,

    X_k = letters in common + meaning in common        (two cosines)
    Z_k = exp(-GAP (max X - X_k) / (max X - mean X))
    worth_j = sum over their k of Z_k / h_k^RARE / (1 + n_j)^BALANCE

where h_k is how many hold sentence k (what few answered says more about them) and n_j how many
sentences helper j has, without which the most active would be named for everything. Z looks at
how far a sentence stands out among those of this need, so that titles and long texts, which have
other cosines, are weighed alike. Many slightly alike sentences count too: who answers much is
likely to answer again.

The constants were picked on earlier parts of the public community of `benchmarks helpers`, over
seven ways to cut its texts; docs/benchmarks.md says how they do on the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matching import text
from matching.affinity import Affinity
from matching.roster import Bools, Floats, Ints
from matching.terms import Meaning, Term

# From so many words on a text is a sentence; letters tell little about fewer.
SENTENCE = 6
GAP = 1.25
RARE = 0.75
BALANCE = 0.6


def is_sentence(raw: str) -> bool:
    """Return whether a text has the words of a sentence."""
    return len(raw.split()) >= SENTENCE


def told(terms: Sequence[Term]) -> Bools:
    """Return which terms are told in sentences.

    Where most free texts of a community are sentences, its short ones are titles of the same
    kind, so that they count too.
    """
    free = np.array([term.concept is None for term in terms], dtype=np.bool_)
    long = np.array([is_sentence(term.text) for term in terms], dtype=np.bool_) & free
    return free if 2 * long.sum() > free.sum() else long


class Sentences:
    """What helpers tell in sentences, and what each is worth to a need.

    Attributes
    ----------
    told : bool (terms,)
        Which skill terms are sentences.
    """

    def __init__(self, affinity: Affinity) -> None:
        self.told = told(affinity.skills.terms)
        rows, holders, levels = affinity.offered
        mine = self.told[rows] if len(rows) else np.zeros(0, dtype=np.bool_)
        self.kept = np.flatnonzero(self.told)
        place = np.cumsum(self.told) - 1
        self._row, self._holder = place[rows[mine]], holders[mine]
        held = np.bincount(self._row, minlength=len(self.kept)).astype(np.float64)
        count = np.bincount(self._holder, minlength=len(affinity.roster))
        self._share = levels[mine] / held[self._row] ** RARE
        self._share /= (1.0 + count[self._holder]) ** BALANCE
        self._n = len(affinity.roster)
        self._texts = [affinity.skills.terms[row].text for row in self.kept.tolist()]
        self._letters = Letters(self._texts)
        self._meaning: Meaning | None = affinity.meaning
        self._vectors: npt.NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.kept)

    def near(self, vectors: npt.NDArray[np.float32]) -> Floats:
        """Return cosines of meaning, needs by sentences, none below nought."""
        if self._meaning is None or not len(self) or not vectors.shape[1]:
            return np.zeros((len(vectors), len(self)))
        if self._vectors is None:
            self._vectors = self._meaning.vectors(self._texts)
        cosines: Floats = np.maximum(np.nan_to_num(vectors @ self._vectors.T), 0.0).astype(
            np.float64
        )
        return cosines

    def worth(self, raw: str, near: Floats) -> tuple[Floats, Ints]:
        """Return for every person what their sentences are worth, 0 to 1, and the term that
        speaks most for it."""
        letters = self._letters.alike(raw)
        alike = letters + near
        top = float(alike.max(initial=0.0))
        by = np.zeros(self._n, dtype=np.int64)
        if top <= 0.0:
            return np.zeros(self._n), by
        stands = np.exp(-GAP * (top - alike) / max(top - float(alike.mean()), 1e-9))
        total = np.bincount(self._holder, stands[self._row] * self._share, minlength=self._n)
        order = np.lexsort((self._row, -alike[self._row], self._holder))
        holder = self._holder[order]
        first = np.concatenate([[True], holder[1:] != holder[:-1]])[: len(holder)]
        by[holder[first]] = self.kept[self._row[order][first]]
        # The most alike sentence says how sure all of this is; within one need it orders nobody.
        sure = min(top / (1.0 if self._meaning is None else 2.0), 1.0)
        worth: Floats = sure * total / (1.0 + total)
        return worth, by


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

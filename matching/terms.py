"""Terms: what needs and skills say, without who says it, and how near two of them are.

Two terms are the same when they share a concept or their plain words. They are of one family
when their concepts share a broader one, or one is the other's. Otherwise an encoder may tell how
likely they mean the same, across languages.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matching import text
from matching.people import Need, Skill
from matching.settings import Settings


class Meaning(Protocol):
    """What affinity asks of an encoder; `matching.meaning` has one."""

    def vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return unit rows, one a text."""

    def calibrated(self, cosine: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the chance, 0 to 1, that two texts with this cosine mean the same."""


class Vocabulary(Protocol):
    """What affinity asks of a vocabulary; `matching.vocabulary` has one."""

    def broader(self, concept_id: str) -> Sequence[str] | str | None:
        """Return the id or ids of the nearest broader concepts; KeyError for an unknown id."""


@dataclass(frozen=True, slots=True)
class Term:
    """What a need or a skill says, without who says it."""

    concept: Hashable | None
    words: str
    text: str


class Terms:
    """Terms seen once each, and the normalised spelling of every text seen."""

    def __init__(self) -> None:
        self.rows: dict[tuple[Hashable | None, str, float], int] = {}
        self.terms: list[Term] = []
        self.weights: list[float] = []
        self._spelling: dict[str, str] = {}

    def row(self, said: Need | Skill, weight: float) -> int:
        """Return the row of what was said, with this weight."""
        words = self.spelling(said.text)
        key = (said.concept, words, weight)
        if key not in self.rows:
            self.rows[key] = len(self.terms)
            self.terms.append(Term(said.concept, words, said.text))
            self.weights.append(weight)
        return self.rows[key]

    def spelling(self, raw: str) -> str:
        """Return the plain spelling of `raw`, worked out once."""
        if raw not in self._spelling:
            self._spelling[raw] = text.normalised(raw)
        return self._spelling[raw]


def keys(term: Term, vocabulary: Vocabulary | None) -> tuple[list[Hashable], list[Hashable]]:
    """Return (keys that mean the same, keys that mean the same family)."""
    same: list[Hashable] = [("words", term.words)] if term.words else []
    family: list[Hashable] = []
    if term.concept is not None:
        same.append(("concept", term.concept))
        family.append(term.concept)
        family.extend(_broader(vocabulary, str(term.concept)))
    return same, family


def _broader(vocabulary: Vocabulary | None, concept: str) -> Sequence[str]:
    """Return the broader concepts; none for a concept that the vocabulary does not know."""
    if vocabulary is None:
        return ()
    try:
        found = vocabulary.broader(concept)
    except KeyError:
        return ()
    return (found,) if isinstance(found, str) else found or ()


def _sharing(needs: list[list[Hashable]], skills: list[list[Hashable]]) -> Any:
    """Return the sparse 0/1 matrix of needs and skills that share a key."""
    columns: dict[Hashable, int] = {}
    for found in (*needs, *skills):
        for key in found:
            columns.setdefault(key, len(columns))

    def incidence(lists: list[list[Hashable]]) -> Any:
        rows = [row for row, found in enumerate(lists) for _ in found]
        cols = [columns[key] for found in lists for key in found]
        shape = (len(lists), max(len(columns), 1))
        return sparse.csr_matrix((np.ones(len(rows)), (rows, cols)), shape=shape)

    shared = (incidence(needs) @ incidence(skills).T).tocsr()
    shared.data[:] = 1.0
    return shared


def similarity(
    needs: list[Term],
    skills: list[Term],
    *,
    settings: Settings,
    vocabulary: Vocabulary | None = None,
    meaning: Meaning | None = None,
) -> Any:
    """Return sim(n, s) as a sparse matrix, need terms by skill terms.

    Examples
    --------
    >>> said = [Term("c1", "comptable", "comptable")], [Term("c1", "accountant", "accountant")]
    >>> similarity(*said, settings=Settings()).toarray().tolist()
    [[1.0]]
    """
    need_keys = [keys(term, vocabulary) for term in needs]
    skill_keys = [keys(term, vocabulary) for term in skills]
    same = _sharing([k[0] for k in need_keys], [k[0] for k in skill_keys])
    if vocabulary is not None:
        family = _sharing([k[1] for k in need_keys], [k[1] for k in skill_keys])
        same = same.maximum(family * settings.same_family)
    if meaning is not None and needs and skills:
        same = same.maximum(_by_meaning(needs, skills, meaning, settings.meaning_floor))
    return same.tocsr()


def _by_meaning(needs: list[Term], skills: list[Term], meaning: Meaning, floor: float) -> Any:
    """Return calibrated similarities of meaning from `floor` up, in blocks of rows."""
    texts = sorted({term.text for term in (*needs, *skills)})
    place = {text: row for row, text in enumerate(texts)}
    vectors = meaning.vectors(texts)
    left = vectors[[place[term.text] for term in needs]]
    right = vectors[[place[term.text] for term in skills]].T
    blocks = []
    for start in range(0, len(needs), 512):
        near = np.asarray(meaning.calibrated(left[start : start + 512] @ right), dtype=np.float64)
        near[~(near >= floor)] = 0.0  # a comparison that also drops NaN
        blocks.append(sparse.csr_matrix(near))
    return sparse.vstack(blocks).tocsr()

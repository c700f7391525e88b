"""Index: every label of a vocabulary, placed once, so that reading a phrase costs one encoding.

A row is one label, alternative or description of a concept. Rows are ordered by concept, so the
best row of each concept is one `maximum.reduceat`. Vectors are kept as int8 with a scale for each
row: a quarter of float32, and cosines change by less than .005.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching import encoder, lexical
from matching.sources import Concept
from matching.storage import Arrays
from matching.text import LANGUAGES, words

# Changes when the arrays of an older file can no longer be read.
FORMAT: Final = 2
LABEL, ALTERNATIVE, ABOUT = range(3)
_BLOCK: Final = 8192


@dataclass(frozen=True)
class Index:
    """The rows of a vocabulary and their three placings.

    Attributes
    ----------
    concept : ndarray of shape (rows,), int32
        Position of the row's concept; ascending.
    language : ndarray of shape (rows,), int8
        Position in `matching.text.LANGUAGES`.
    kind : ndarray of shape (rows,), int8
        LABEL, ALTERNATIVE or ABOUT.
    starts : ndarray of shape (concepts,), int64
        First row of each concept.
    vectors, scales : ndarray of shape (rows, 512), int8; (rows,), float32
        Row vector = vectors * scales.
    centroids, centroid_scales : ndarray of shape (concepts, 512), int8; (concepts,), float32
        Unit sum of all that is said of a concept; see `centroids_of`.
    name_words : ndarray of shape (concepts,), float32
        log(1 + mean number of words of the labels).
    chars, words : Postings
    """

    concept: NDArray[np.int32]
    language: NDArray[np.int8]
    kind: NDArray[np.int8]
    starts: NDArray[np.int64]
    vectors: NDArray[np.int8]
    scales: NDArray[np.float32]
    centroids: NDArray[np.int8]
    centroid_scales: NDArray[np.float32]
    name_words: NDArray[np.float32]
    chars: lexical.Postings
    words: lexical.Postings

    def cosines(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the encoder cosine of each query with each row.

        Parameters
        ----------
        queries : ndarray of shape (n, 512)

        Returns
        -------
        ndarray of shape (n, rows), float32
        """
        return _products(queries, self.vectors, self.scales)

    def centroid_cosines(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the cosine of each query with each concept's centroid, (n, concepts)."""
        return _products(queries, self.centroids, self.centroid_scales)

    def centroid(self, positions: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the centroids of some concepts, shape (n, 512)."""
        return self.centroids[positions] * self.centroid_scales[positions][:, None]

    def best(
        self,
        scores: NDArray[np.floating],
        among: NDArray[np.bool_],
        otherwise: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Return for each concept the best score of its rows `among` those of interest.

        A concept without such a row gets its value of `otherwise`, or 0.
        """
        best = np.maximum.reduceat(np.where(among, scores, _NOTHING), self.starts)
        found: NDArray[np.float32] = np.where(
            best > _NOTHING, best, np.float32(0) if otherwise is None else otherwise
        )
        return found

    def best_rows(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return for each concept its best score over its rows (last axis)."""
        best: NDArray[np.float32] = np.maximum.reduceat(scores, self.starts, axis=-1)
        return best


_NOTHING: Final = np.float32(-9)


def _products(
    queries: NDArray[np.float32], rows: NDArray[np.int8], scales: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Multiply in blocks that fit the processor's cache: int8 widens there, not in memory."""
    found = np.empty((len(queries), len(scales)), dtype=np.float32)
    for start in range(0, len(scales), _BLOCK):
        span = slice(start, start + _BLOCK)
        found[:, span] = queries @ rows[span].astype(np.float32).T
    found *= scales
    return found


def built(concepts: Sequence[Concept], progress: encoder.Progress | None = None) -> Index:
    """Place every row of `concepts`; about 2,000 rows a second.

    Raises
    ------
    ValueError
        When there is no concept.
    """
    if not concepts:
        raise ValueError("a vocabulary needs at least one concept")
    rows = [(i, *row) for i, concept in enumerate(concepts) for row in _rows_of(concept)]
    owners = np.array([row[0] for row in rows], dtype=np.int32)
    texts = [row[3] for row in rows]
    spoken = [(LANGUAGES[row[1]],) for row in rows]
    kinds = np.array([row[2] for row in rows], dtype=np.int8)
    languages = np.array([row[1] for row in rows], dtype=np.int8)
    exact = encoder.shared().vectors(texts, progress)
    vectors, scales = quantised(exact)
    centroids, centroid_scales = quantised(centroids_of(exact, owners, kinds, languages))
    names = ["" if row[2] == ABOUT else row[3] for row in rows]
    return Index(
        concept=owners,
        language=languages,
        kind=kinds,
        starts=np.searchsorted(owners, np.arange(len(concepts))).astype(np.int64),
        vectors=vectors,
        scales=scales,
        centroids=centroids,
        centroid_scales=centroid_scales,
        name_words=np.array([_name_words(c) for c in concepts], dtype=np.float32),
        chars=lexical.postings(lexical.char_counts(names)),
        words=lexical.postings(lexical.word_counts(texts, spoken)),
    )


def _rows_of(concept: Concept) -> Iterator[tuple[int, int, str]]:
    for kind, by_language in (
        (LABEL, {lang: (label,) for lang, label in concept.labels.items()}),
        (ALTERNATIVE, concept.alternatives),
        (ABOUT, {lang: (text,) for lang, text in concept.about.items()}),
    ):
        for lang, texts in by_language.items():
            yield from ((LANGUAGES.index(lang), kind, t) for t in texts if lang in LANGUAGES)


def _name_words(concept: Concept) -> float:
    lengths = [len(words(label)) for label in concept.labels.values()]
    return float(np.log1p(np.mean(lengths))) if lengths else 0.0


# How much each kind of row weighs in a centroid. A language weighs the same however many
# alternatives it has.
_WEIGHT: Final = {LABEL: 1.0, ALTERNATIVE: 0.6, ABOUT: 0.7}


def centroids_of(
    vectors: NDArray[np.float32],
    owners: NDArray[np.int32],
    kinds: NDArray[np.int8],
    languages: NDArray[np.int8],
) -> NDArray[np.float32]:
    """Return the unit weighted sum of the rows of each concept, shape (concepts, 512)."""
    group = (owners.astype(np.int64) * len(LANGUAGES) + languages) * len(_WEIGHT) + kinds
    _, at, size = np.unique(group, return_inverse=True, return_counts=True)
    weights = np.array([_WEIGHT[k] for k in range(len(_WEIGHT))])[kinds] / size[at]
    starts = np.searchsorted(owners, np.arange(int(owners[-1]) + 1))
    sums = np.add.reduceat(vectors * weights[:, None].astype(np.float32), starts)
    found: NDArray[np.float32] = sums / np.maximum(
        np.linalg.norm(sums, axis=1, keepdims=True), np.float32(1e-9)
    )
    return found


def quantised(
    vectors: NDArray[np.float32],
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return int8 rows and the scale of each row.

    Examples
    --------
    >>> import numpy as np
    >>> rows, scales = quantised(np.array([[0.6, -0.8]], dtype=np.float32))
    >>> rows.tolist(), bool(abs(rows[0, 0] * scales[0] - 0.6) < 0.004)
    ([[95, -127]], True)
    """
    scales = np.abs(vectors).max(axis=1, initial=0) / 127
    safe = np.where(scales > 0, scales, 1)[:, None]
    return np.rint(vectors / safe).astype(np.int8), scales.astype(np.float32)


_OWN: Final = (
    "concept",
    "language",
    "kind",
    "starts",
    "vectors",
    "scales",
    "centroids",
    "centroid_scales",
    "name_words",
)
_HELD: Final = ("indptr", "rows", "weights", "idf", "lengths")


def as_arrays(index: Index) -> Arrays:
    """Return the arrays of `index` for `matching.storage.write`."""
    arrays: Arrays = {name: getattr(index, name) for name in _OWN}
    for signal, held in (("chars", index.chars), ("words", index.words)):
        arrays |= {f"{signal}_{n}": getattr(held, n) for n in _HELD}
    return arrays | {"format": np.array(FORMAT)}


def from_arrays(arrays: Arrays) -> Index:
    """Return the index that `as_arrays` took apart.

    Raises
    ------
    KeyError
        When an array is missing.
    """

    def held(signal: str) -> lexical.Postings:
        parts = {n: arrays[f"{signal}_{n}"] for n in _HELD}
        return lexical.Postings(**parts, n=len(arrays["concept"]))

    return Index(**{n: arrays[n] for n in _OWN}, chars=held("chars"), words=held("words"))

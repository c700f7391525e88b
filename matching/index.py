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
from matching.text import LANGUAGES

# Changes when the arrays of an older file can no longer be read.
FORMAT: Final = 1
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
    chars, words : Postings
    """

    concept: NDArray[np.int32]
    language: NDArray[np.int8]
    kind: NDArray[np.int8]
    starts: NDArray[np.int64]
    vectors: NDArray[np.int8]
    scales: NDArray[np.float32]
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

        found = np.empty((len(queries), len(self.scales)), dtype=np.float32)
        for start in range(0, len(self.scales), _BLOCK):
            span = slice(start, start + _BLOCK)
            found[:, span] = queries @ self.vectors[span].astype(np.float32).T
        found *= self.scales
        return found

    def best_rows(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return for each concept its best score over its rows (last axis)."""

        best: NDArray[np.float32] = np.maximum.reduceat(scores, self.starts, axis=-1)
        return best


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
    vectors, scales = quantised(encoder.shared().vectors(texts, progress))
    return Index(
        concept=owners,
        language=np.array([row[1] for row in rows], dtype=np.int8),
        kind=np.array([row[2] for row in rows], dtype=np.int8),
        starts=np.searchsorted(owners, np.arange(len(concepts))).astype(np.int64),
        vectors=vectors,
        scales=scales,
        chars=lexical.postings(lexical.char_counts(texts)),
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


def as_arrays(index: Index) -> Arrays:
    """Return the arrays of `index` for `matching.storage.write`."""

    own = ("concept", "language", "kind", "starts", "vectors", "scales")
    arrays: Arrays = {name: getattr(index, name) for name in own}
    for signal, held in (("chars", index.chars), ("words", index.words)):
        arrays |= {f"{signal}_{n}": getattr(held, n) for n in ("indptr", "rows", "weights", "idf")}
    return arrays | {"format": np.array(FORMAT)}


def from_arrays(arrays: Arrays) -> Index:
    """Return the index that `as_arrays` took apart.

    Raises
    ------
    KeyError
        When an array is missing.
    """

    def held(signal: str) -> lexical.Postings:
        parts = {n: arrays[f"{signal}_{n}"] for n in ("indptr", "rows", "weights", "idf")}
        return lexical.Postings(**parts, n=len(arrays["concept"]))

    own = ("concept", "language", "kind", "starts", "vectors", "scales")
    return Index(**{n: arrays[n] for n in own}, chars=held("chars"), words=held("words"))

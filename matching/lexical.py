"""Lexical: how alike two texts are letter by letter and word by word, whatever they mean.

Names of tools, brands and misspellings are where an encoder is weakest: *Odoo*, *Shopify*,
*compatbilité*. Two sparse signals help there, both as TF-IDF cosines: groups of three to five
letters, and stemmed words. Features are hashed, so that an index is a few arrays and needs no
dictionary, and a text that was never seen is placed by the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, Literal

import numpy as np
import snowballstemmer
from numpy.typing import NDArray
from scipy import sparse

from matching.text import normalised, words

Signal = Literal["chars", "words"]

_CHAR_FEATURES: Final = 1 << 18
_WORD_FEATURES: Final = 1 << 18
_STEMMERS: Final = {"en": "english", "fr": "french", "nl": "dutch"}

# Words that say nothing about a skill, in plain spelling, over the three languages together:
# a short list, because TF-IDF does the rest.
_EMPTY: Final = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "by",
        "de",
        "des",
        "du",
        "d",
        "en",
        "et",
        "for",
        "from",
        "het",
        "in",
        "is",
        "l",
        "la",
        "le",
        "les",
        "of",
        "on",
        "or",
        "ou",
        "s",
        "the",
        "to",
        "un",
        "une",
        "van",
        "voor",
        "met",
        "op",
        "te",
        "au",
        "aux",
    ]
)


@lru_cache(maxsize=200_000)
def _stem(word: str, language: str) -> str:
    return _stemmer(language).stemWord(word) if len(word) > 3 else word


@cache
def _stemmer(language: str) -> Any:
    return snowballstemmer.stemmer(_STEMMERS[language])


def stems(text: str, languages: Sequence[str]) -> list[str]:
    """Return the stems of `text`, in each of `languages`, without empty words.

    Examples
    --------
    >>> stems("réparations de portes", ["fr"])
    ['repar', 'port']
    """
    kept = [w for w in words(text) if w not in _EMPTY]
    return list(dict.fromkeys(_stem(w, lang) for w in kept for lang in languages))


@dataclass(frozen=True)
class Postings:
    """An inverted index: for each feature, the rows that hold it, with unit TF-IDF weights.

    Attributes
    ----------
    indptr, rows : ndarray of int64, int32
        Feature f holds ``rows[indptr[f]:indptr[f + 1]]``.
    weights : ndarray of float32
        TF-IDF weight of the feature in the row; each row has unit length over all features.
    idf : ndarray of shape (features,), float32
        ``log((1 + n) / (1 + df)) + 1``, scikit-learn's smoothed form.
    lengths : ndarray of shape (n,), float32
        Length of each row before it became a unit.
    n : int
        Number of rows.
    """

    indptr: NDArray[np.int64]
    rows: NDArray[np.int32]
    weights: NDArray[np.float32]
    idf: NDArray[np.float32]
    lengths: NDArray[np.float32]
    n: int

    def cosines(self, query: tuple[NDArray[np.int32], NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the cosine of `query` with every row, shape (n,); see `placed`."""
        found = np.zeros(self.n, dtype=np.float32)
        for feature, weight in zip(*query, strict=True):
            span = slice(self.indptr[feature], self.indptr[feature + 1])
            found[self.rows[span]] += weight * self.weights[span]
        return found

    def length(self, query: tuple[NDArray[np.int32], NDArray[np.float32]]) -> float:
        """Return the length of a placed query before it became a unit."""
        features, _ = query
        return float(np.linalg.norm(self.idf[features]))

    def placed(self, counts: Any) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the features and unit weights of one row of counts (CSR, 1 × features)."""
        weights = counts.data.astype(np.float32) * self.idf[counts.indices]
        length = float(np.sqrt(weights @ weights))
        return counts.indices, weights / length if length else weights


def postings(counts: Any) -> Postings:
    """Invert a count matrix (CSR, rows × features) into unit TF-IDF `Postings`."""
    n, features = counts.shape
    frequency = np.bincount(counts.indices, minlength=features)
    idf = (np.log((1 + n) / (1 + frequency)) + 1).astype(np.float32)
    weighted = counts.astype(np.float32)
    weighted.data *= idf[weighted.indices]
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1))).ravel()
    length[length == 0] = 1
    weighted = sparse.diags_array(1 / length).dot(weighted).tocsc()
    return Postings(
        indptr=weighted.indptr.astype(np.int64),
        rows=weighted.indices.astype(np.int32),
        weights=weighted.data.astype(np.float32),
        idf=idf,
        lengths=length.astype(np.float32),
        n=n,
    )


def char_counts(texts: Iterable[str]) -> Any:
    """Count the groups of 3 to 5 letters of each plain text: CSR, n × 2^18."""
    return _counter("chars").transform([normalised(t) for t in texts])


def word_counts(texts: Iterable[str], languages: Iterable[Sequence[str]]) -> Any:
    """Count the stems of each text in its languages: CSR, n × 2^18."""
    pairs = zip(texts, languages, strict=True)
    return _counter("words").transform([stems(text, langs) for text, langs in pairs])


@cache
def _counter(signal: Signal) -> Any:
    # a second to import: only for the first reading
    from sklearn.feature_extraction.text import HashingVectorizer  # noqa: PLC0415

    shared: dict[str, Any] = {"norm": None, "alternate_sign": False, "lowercase": False}
    if signal == "chars":
        return HashingVectorizer(
            analyzer="char_wb", ngram_range=(3, 5), n_features=_CHAR_FEATURES, **shared
        )
    return HashingVectorizer(analyzer=_as_given, n_features=_WORD_FEATURES, **shared)


def _as_given(tokens: list[str]) -> list[str]:
    return tokens

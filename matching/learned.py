"""Learned: the small weights that ``scripts/train-reader`` finds and this library reads with.

Three things are learned, all small: a linear map that turns the vector of a phrase towards the
vectors of the concepts it names; a network with one hidden layer that orders candidates by their
evidence; a logistic curve that turns its score into a probability. The file is checked in, and
the script makes it again from public data and the starter vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# The evidence for a candidate, in the order of the columns. The features mean the same in any
# vocabulary: cosines, shares, gaps to the best, never an id or a position.
FEATURES: Final = (
    "raw centroid",  # cosine of the phrase with the middle of all that is said of the concept
    "centroid",  # the same, phrase turned
    "raw name",  # with the nearest label or alternative
    "name",
    "own name",  # nearest name in the language of the phrase
    "other name",  # nearest name in the other languages
    "about",  # description
    "letters",  # TF-IDF cosines with the nearest name
    "own letters",
    "stems",
    "own stems",
    "stems covered",  # share of the phrase's stems that one name holds
    "name covered",  # share of a name's stems that the phrase holds
    "about covered",  # share of the phrase's stems that the description holds
    "alias",  # nearest alias, turned
    "raw alias",
    "alias letters",
    "alias vote",  # share of the votes of the near aliases
    "alias nearby",  # the same votes, counted for concepts of a near meaning
    "alias count",
    "exact name",
    "gap centroid",  # to the best candidate
    "gap name",
    "gap letters",
    "gap stems",
    "phrase words",
    "name words",
    "has aliases",
)
FILE: Final = Path(__file__).parent / "learned.npz"

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Learned:
    """The weights of the reader; f features, h hidden units, r the rank of the map.

    Attributes
    ----------
    left, right : ndarray of shape (512, r), (r, 512)
        A vector v turns into the unit row of ``v + v @ left @ right``.
    centre, spread : ndarray of shape (f,)
        Mean and deviation of each feature, for scaling.
    hidden, hidden_bias : ndarray of shape (f, h), (h,)
    out, skip : ndarray of shape (h,), (f,)
        score = relu(x @ hidden + hidden_bias) @ out + x @ skip.
    chance : ndarray of shape (5,)
        Logistic weights of `proofs`.
    """

    left: Floats
    right: Floats
    centre: Floats
    spread: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    skip: Floats
    chance: Floats

    def turned(self, vectors: Floats) -> Floats:
        """Return unit rows turned towards what phrases name; a zero row stays zero."""
        moved = vectors + (vectors @ self.left) @ self.right
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        return np.asarray(moved / np.where(length > 0, length, 1), dtype=np.float32)

    def scores(self, features: Floats) -> Floats:
        """Return the score of each candidate, shape (n,), from features (n, f)."""
        x = (features - self.centre) / self.spread
        lit = np.maximum(x @ self.hidden + self.hidden_bias, 0)
        return np.asarray(lit @ self.out + x @ self.skip, dtype=np.float32)

    def chances(self, scores: Floats, features: Floats) -> Floats:
        """Return the probability of each candidate of one phrase, shape (n,)."""
        told = np.clip(proofs(scores, features) @ self.chance, -30, 30)
        found: Floats = 1 / (1 + np.exp(-told))
        return found


def proofs(scores: Floats, features: Floats) -> Floats:
    """Return what the probability is made of, shape (n, 5).

    The columns are 1, the log share of the candidate among all of the phrase, its lead over the
    best other one, and how near the nearest name of any candidate is, in meaning and in spelling.
    The first three say which candidate, and keep the order of the scores; the last two say
    whether any.
    """
    best = scores.max()
    share = scores - best - np.log(np.exp(scores - best).sum())
    second = np.partition(scores, -2)[-2] if len(scores) > 1 else best
    lead = np.clip(scores - np.where(scores == best, second, best), -6, 6)
    name = np.full_like(scores, features[:, FEATURES.index("name")].max())
    spelling = np.full_like(scores, features[:, FEATURES.index("letters")].max())
    columns = [np.ones_like(scores), share, lead, name, spelling]
    found: Floats = np.stack(columns, axis=1).astype(np.float32)
    return found


NAMES: Final = tuple(f.name for f in fields(Learned))


def write(weights: Learned, path: Path = FILE) -> None:
    """Write `weights` in half precision: the file stays small enough to check in."""
    arrays: dict[str, Any] = {n: getattr(weights, n).astype(np.float16) for n in NAMES}
    np.savez_compressed(path, allow_pickle=False, **arrays)


def loaded(path: Path = FILE) -> Learned:
    """Return the weights of `path`, widened to float32."""
    with np.load(path) as held:
        return Learned(**{name: held[name].astype(np.float32) for name in NAMES})


@cache
def shared() -> Learned:
    """Return the weights that the project ships."""
    return loaded()

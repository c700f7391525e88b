"""Training: how the weights of `matching.learned` are found, from phrases whose concept is known.

Three fits, in this order. Each is small, seeded and plain numpy, so that anybody can run them
again on their own confirmations.

1. `turn`: a linear map T = I + A that takes the vector q of a phrase towards the centroids c of
   its concepts. It minimises, over all concepts k,

       − mean_t log softmax_k(τ · cos(qT, c_k))[t]  +  decay · ‖A‖²

   and is then cut to its strongest directions.
2. `ranking`: a network with one hidden layer over the evidence of the candidates, by the same
   loss over each phrase's candidates (ListNet, Cao et al., ICML 2007).
3. `chance`: a logistic curve from the score to the probability that a candidate is right
   (Platt, 1999), so that a phrase that names nothing known gets low probabilities.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matching import encoder

Floats = NDArray[np.float32]
Positions = NDArray[np.intp]

_SHARPNESS: Final = 20.0


@dataclass
class _Adam:
    """Adam (Kingma and Ba, 2015) on one array."""

    value: NDArray[Any]
    rate: float
    decay: float = 0.0

    def __post_init__(self) -> None:
        self._start = self.value.copy()
        self._mean, self._square, self._step = (
            np.zeros_like(self.value),
            np.zeros_like(self.value),
            0,
        )

    def follow(self, gradient: NDArray[Any]) -> None:
        """Take one step; the value decays towards where it started."""
        self._step += 1
        self._mean = 0.9 * self._mean + 0.1 * gradient
        self._square = 0.999 * self._square + 0.001 * gradient**2
        mean = self._mean / (1 - 0.9**self._step)
        square = self._square / (1 - 0.999**self._step)
        move = mean / (np.sqrt(square) + 1e-8) + self.decay * (self.value - self._start)
        self.value = (self.value - self.rate * move).astype(self.value.dtype)


def _batches(n: int, size: int, random: np.random.Generator) -> Iterator[Positions]:
    order = random.permutation(n)
    for start in range(0, n, size):
        yield order[start : start + size]


# --- the turn -----------------------------------------------------------------------------


def turn(
    queries: Floats,
    targets: Sequence[Positions],
    centroids: Floats,
    *,
    rank: int = 192,
    epochs: int = 4,
    rivals: int = 2500,
    rate: float = 1e-3,
    decay: float = 0.02,
    random_state: int = 0,
) -> tuple[Floats, Floats]:
    """Fit the map of phrases towards their concepts.

    Parameters
    ----------
    queries : ndarray of shape (n, d), float32
        Unit rows.
    targets : sequence of n arrays of positions in `centroids`
    centroids : ndarray of shape (k, d), float32
        Unit rows.
    rank : int
        Directions kept; at most d.
    rivals : int
        Concepts drawn for each batch to stand for all others: a fifth of the cost of all
        14,000, and no worse.

    Returns
    -------
    left, right : ndarray of shape (d, rank), (rank, d)
        The map is v + v @ left @ right.
    """
    with encoder.one_thread():
        moved = _turn(
            queries, targets, centroids, epochs=epochs, rivals=rivals, rate=rate, decay=decay,
            random_state=random_state,
        )  # fmt: skip
        left, strength, right = np.linalg.svd(moved)
    root = np.sqrt(strength[:rank])
    return (
        (left[:, :rank] * root).astype(np.float32),
        (root[:, None] * right[:rank]).astype(np.float32),
    )


def _turn(
    queries: Floats,
    targets: Sequence[Positions],
    centroids: Floats,
    *,
    epochs: int,
    rivals: int,
    rate: float,
    decay: float,
    random_state: int,
) -> Floats:
    """Return A, the map less what stays the same."""
    random = np.random.default_rng(random_state)
    same = np.eye(queries.shape[1], dtype=np.float32)
    adam = _Adam(same.copy(), rate, decay)
    for epoch in range(epochs):
        adam.rate = rate * (1 - epoch / epochs)
        for batch in _batches(len(queries), 256, random):
            wanted = [targets[i] for i in batch]
            drawn = random.integers(0, len(centroids), rivals)
            among = np.unique(np.concatenate([drawn, *wanted]))
            found = [np.searchsorted(among, t) for t in wanted]
            adam.follow(_turn_gradient(adam.value, queries[batch], found, centroids[among]))
    moved: Floats = adam.value - same
    return moved


def _turn_gradient(
    turned: Floats, queries: Floats, targets: Sequence[Positions], centroids: Floats
) -> Floats:
    moved = queries @ turned
    length = np.linalg.norm(moved, axis=1, keepdims=True) + np.float32(1e-9)
    unit = moved / length
    gradient = _softmax(np.float32(_SHARPNESS) * (unit @ centroids.T))
    for row, wanted in zip(gradient, targets, strict=True):
        row[wanted] -= np.float32(1 / len(wanted))
    gradient *= np.float32(_SHARPNESS / len(queries))
    pulled = gradient @ centroids
    pulled -= (pulled * unit).sum(axis=1, keepdims=True) * unit
    found: Floats = queries.T @ (pulled / length)
    return found


def _softmax(scores: Floats) -> Floats:
    scores = scores - scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


# --- the ranking --------------------------------------------------------------------------


@dataclass(frozen=True)
class Lesson:
    """One phrase with its candidates.

    Attributes
    ----------
    features : ndarray of shape (k, f), float32
    right : ndarray of shape (k,), bool
        Which candidates the phrase names; none when the answer is not among them.
    weight : float
    """

    features: Floats
    right: NDArray[np.bool_]
    weight: float = 1.0


def ranking(
    lessons: Sequence[Lesson],
    *,
    hidden: int = 24,
    epochs: int = 12,
    rate: float = 3e-3,
    decay: float = 1e-3,
    random_state: int = 0,
) -> dict[str, Floats]:
    """Fit the network that orders candidates.

    Returns
    -------
    dict
        ``centre, spread, hidden, hidden_bias, out, skip`` of `matching.learned.Learned`.
    """
    with encoder.one_thread():
        return _ranking(
            lessons,
            hidden=hidden,
            epochs=epochs,
            rate=rate,
            decay=decay,
            random_state=random_state,
        )


def _ranking(
    lessons: Sequence[Lesson],
    *,
    hidden: int,
    epochs: int,
    rate: float,
    decay: float,
    random_state: int,
) -> dict[str, Floats]:
    random = np.random.default_rng(random_state)
    rows = np.concatenate([lesson.features for lesson in lessons])
    centre, spread = rows.mean(axis=0), rows.std(axis=0) + np.float32(1e-3)
    useful = [lesson for lesson in lessons if lesson.right.any()]
    f = rows.shape[1]
    adams = {
        "hidden": _Adam(random.normal(0, f**-0.5, (f, hidden)).astype(np.float32), rate, decay),
        "hidden_bias": _Adam(np.zeros(hidden, dtype=np.float32), rate),
        "out": _Adam(random.normal(0, 0.1, hidden).astype(np.float32), rate, decay),
        "skip": _Adam(np.zeros(f, dtype=np.float32), rate, decay),
    }
    for epoch in range(epochs):
        for adam in adams.values():
            adam.rate = rate * (1 - epoch / epochs) + rate * 0.05
        for batch in _batches(len(useful), 64, random):
            _rank_step(adams, [useful[i] for i in batch], centre, spread)
    return {"centre": centre, "spread": spread, **_values(adams)}


def _values(adams: dict[str, _Adam]) -> dict[str, Floats]:
    return {name: adam.value for name, adam in adams.items()}


def _rank_step(
    adams: dict[str, _Adam], lessons: Sequence[Lesson], centre: Floats, spread: Floats
) -> None:
    x = (np.concatenate([lesson.features for lesson in lessons]) - centre) / spread
    lit = x @ adams["hidden"].value + adams["hidden_bias"].value
    held = np.maximum(lit, 0)
    scores = held @ adams["out"].value + x @ adams["skip"].value
    pull = np.empty_like(scores)
    start = 0
    for lesson in lessons:
        span = slice(start, start + len(lesson.right))
        pull[span] = _softmax(scores[span]) - lesson.right / lesson.right.sum()
        pull[span] *= lesson.weight / len(lessons)
        start = span.stop
    back = np.outer(pull, adams["out"].value) * (lit > 0)
    adams["hidden"].follow(x.T @ back)
    adams["hidden_bias"].follow(back.sum(axis=0))
    adams["out"].follow(held.T @ pull)
    adams["skip"].follow(x.T @ pull)


# --- the chance ---------------------------------------------------------------------------


def chance(
    proofs: Floats, right: NDArray[np.bool_], weights: Floats, *, ridge: float = 1e-3
) -> Floats:
    """Fit the logistic curve of a candidate's probability by Newton's method.

    Parameters
    ----------
    proofs : ndarray of shape (n, p)
        See `matching.learned.proofs`; the first column is 1.
    right : ndarray of shape (n,), bool
    weights : ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (p,), float32
    """
    x, y, w = proofs.astype(np.float64), right.astype(np.float64), weights.astype(np.float64)
    found = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ found, -30, 30)))
        slope = x.T @ (w * (y - p)) - ridge * found
        curve = (x * (w * p * (1 - p))[:, None]).T @ x + ridge * np.eye(x.shape[1])
        step = np.linalg.solve(curve, slope)
        found += step
        if np.abs(step).max() < 1e-8:
            break
    return found.astype(np.float32)

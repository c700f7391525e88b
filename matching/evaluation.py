"""Evaluation: how sure a figure is.

Every claim of this project about quality is a difference measured on the same cases twice, so
its interval is paired: cases are drawn again with replacement and both sides keep the same draw
(Efron & Tibshirani 1993, ch. 13). Shares of yes and no get Wilson's interval (1927), widened by
the design effect when answers come in clusters such as one lieu's morning (Kish 1965).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from matching.roster import Floats

# The 97.5th percentile of the normal distribution: intervals are at 95 %.
Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval at 95 % and the number of cases behind it."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] (n={self.n})"


def mean(values: Floats) -> float:
    """Return the mean, nought of nothing."""
    return float(values.mean()) if len(values) else 0.0


def paired(
    ours: Sequence[float],
    theirs: Sequence[float],
    statistic: Callable[[Floats, Floats], float],
    *,
    draws: int = 2000,
    random_state: int = 0,
) -> Estimate:
    """Return `statistic(ours, theirs)` with a percentile interval over resampled cases.

    Raises
    ------
    ValueError
        When the two sides do not have one figure for each case.

    Examples
    --------
    >>> found = paired([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], ratio)
    >>> found.value, found.low, found.high
    (2.0, 2.0, 2.0)
    """
    if len(ours) != len(theirs) or not len(ours):
        raise ValueError(f"{len(ours)} and {len(theirs)} figures are not pairs of one case each")
    a, b = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    rng = np.random.default_rng(random_state)
    picks = rng.integers(0, len(a), (draws, len(a)))
    drawn = np.array([statistic(a[pick], b[pick]) for pick in picks])
    low, high = np.quantile(drawn, [0.025, 0.975], method="inverted_cdf")
    return Estimate(statistic(a, b), float(low), float(high), len(a))


def difference(ours: Floats, theirs: Floats) -> float:
    """Return the difference of the means."""
    return mean(ours) - mean(theirs)


def ratio(ours: Floats, theirs: Floats) -> float:
    """Return the ratio of the means; infinity over nothing."""
    below = mean(theirs)
    return mean(ours) / below if below else float("inf")


def share(yes: Sequence[int], asked: Sequence[int]) -> Estimate:
    """Return a share with Wilson's interval over clusters.

    Parameters
    ----------
    yes, asked : sequences of int
        Successes and trials of each cluster.

    Examples
    --------
    >>> print(share([8], [10]))
    0.800 [0.490, 0.943] (n=10)
    """
    successes, trials = np.asarray(yes, dtype=np.float64), np.asarray(asked, dtype=np.float64)
    n = float(trials.sum())
    if n == 0:
        return Estimate(0.0, 0.0, 1.0, 0)
    p = float(successes.sum()) / n
    effective = n / design_effect(successes, trials)
    centre = (p + Z**2 / (2 * effective)) / (1 + Z**2 / effective)
    spread = sqrt(p * (1 - p) / effective + Z**2 / (4 * effective**2))
    half = Z / (1 + Z**2 / effective) * spread
    return Estimate(p, max(0.0, centre - half), min(1.0, centre + half), int(n))


def design_effect(successes: Floats, trials: Floats) -> float:
    """Return how much less a clustered answer tells than an independent one; at least 1.

    The variance of the ratio estimator over clusters, divided by that of independent answers.
    """
    clusters, n = int((trials > 0).sum()), float(trials.sum())
    p = float(successes.sum()) / n if n else 0.0
    if clusters < 2 or p in {0.0, 1.0}:
        return 1.0
    residual = float(((successes - p * trials) ** 2).sum()) * clusters / (clusters - 1)
    return max(1.0, residual / n**2 / (p * (1 - p) / n))


def difference_of_shares(ours: Estimate, theirs: Estimate) -> Estimate:
    """Return the difference of two independent shares with Newcombe's interval (1998)."""
    value = ours.value - theirs.value
    below = sqrt((ours.value - ours.low) ** 2 + (theirs.high - theirs.value) ** 2)
    above = sqrt((ours.high - ours.value) ** 2 + (theirs.value - theirs.low) ** 2)
    low, high = max(-1.0, value - below), min(1.0, value + above)
    return Estimate(value, low, high, min(ours.n, theirs.n))


def auc(scores: Sequence[float], truth: Sequence[bool]) -> float:
    """Return the chance that a true case scores above a false one, ties counted half.

    Examples
    --------
    >>> auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True])
    0.75
    """
    values, yes = np.asarray(scores, dtype=np.float64), np.asarray(truth, dtype=np.bool_)
    positives, negatives = int(yes.sum()), int((~yes).sum())
    if not positives or not negatives:
        raise ValueError("both true and false cases are needed")
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[yes].sum() - positives * (positives + 1) / 2) / (positives * negatives))

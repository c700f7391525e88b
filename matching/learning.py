"""Learning: what a lieu's own answers say about whom to suggest to whom.

Two layers. *Effects*: some people say yes more often than others, and some are said yes to more
often; each gets a Beta posterior around the average, so that one answer moves little and many
move much (the social relations model, Kenny & La Voie 1984, in its simplest form). The chance
that both agree is the product of the two one-sided chances; to rank, their harmonic mean does
best (Neve & Palomares 2019).

*Weights*: a Bayesian logistic regression whose prior is the weights set by hand. With no answers
it says what the hand says; with many it says what the answers say; between, it moves as far as
the evidence carries (Laplace approximation, MacKay 1992). Suggestions are shown by chance within
the trial, so each answer carries the propensity with which it was shown and is weighed by its
inverse, clipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
import numpy.typing as npt

from matching.errors import InvalidSetting
from matching.people import Id
from matching.ranking import Pairs
from matching.roster import Floats, Roster

# A propensity below this is treated as this: one lucky answer must not outweigh a month.
LEAST_PROPENSITY = 0.05


@dataclass(frozen=True, slots=True)
class Answer:
    """`person` was asked whether to meet `partner` and said yes or no."""

    person: Id
    partner: Id
    yes: bool


class Effects:
    """Who says yes, and who is said yes to.

    Parameters
    ----------
    answers : iterable of Answer
    strength : float
        How many answers the average is worth for somebody of whom nothing is known.

    Examples
    --------
    >>> keen = [Answer("ada", other, True) for other in "bcdefg"]
    >>> shy = [Answer("zoe", other, False) for other in "bcdefg"]
    >>> learned = Effects(keen + shy)
    >>> learned.chance("ada", "b") > 0.5 > learned.chance("zoe", "b")
    True
    """

    def __init__(self, answers: Iterable[Answer], *, strength: float = 4.0) -> None:
        if not isfinite(strength) or strength <= 0:
            raise InvalidSetting("strength", f"{strength!r} is not above 0")
        rows = list(answers)
        # One yes and one no more than were seen: nobody's average is 0 or 1.
        self.average = (sum(row.yes for row in rows) + 1) / (len(rows) + 2)
        self.strength = strength
        self._said = _counted((row.person, row.yes) for row in rows)
        self._heard = _counted((row.partner, row.yes) for row in rows)

    def actor(self, id: Id, *, without: bool | None = None) -> float:
        """Return how far the log odds of what a person says lie from the average.

        `without` leaves one answer of theirs out: what else they say must foretell it.
        """
        return self._odds(self._said.get(id, (0, 0)), without)

    def partner(self, id: Id, *, without: bool | None = None) -> float:
        """Return the same for what is said to a person."""
        return self._odds(self._heard.get(id, (0, 0)), without)

    def _odds(self, counts: tuple[int, int], without: bool | None) -> float:
        yes, n = counts
        if without is not None:
            yes, n = yes - without, n - 1
        prior = self.average * self.strength
        return logit((yes + prior) / (n + self.strength)) - logit(self.average)

    def chance(self, person: Id, partner: Id) -> float:
        """Return the chance that `person` says yes to `partner`."""
        odds = self.actor(person) + self.partner(partner)
        return float(logistic(logit(self.average) + odds))

    def both(self, a: Id, b: Id) -> float:
        """Return the chance that both say yes."""
        return self.chance(a, b) * self.chance(b, a)

    def rank(self, a: Id, b: Id) -> float:
        """Return the harmonic mean of the two chances: what to sort pairs by."""
        one, other = self.chance(a, b), self.chance(b, a)
        return 2 * one * other / (one + other)

    def __call__(self, roster: Roster, pairs: Pairs) -> Floats:
        """Return, for candidate pairs, the chance that both agree relative to the average.

        This is what `Community(chance=…)` takes.
        """
        ids = [person.id for person in roster.people]
        actor = np.array([self.actor(id) for id in ids])
        partner = np.array([self.partner(id) for id in ids])
        base = logit(self.average)
        one = logistic(base + actor[pairs.i] + partner[pairs.j])
        other = logistic(base + actor[pairs.j] + partner[pairs.i])
        relative: Floats = one * other / self.average**2
        return relative


def _counted(said: Iterable[tuple[Id, bool]]) -> dict[Id, tuple[int, int]]:
    """Return (how many yes, how many answers) for each person."""
    counts: dict[Id, tuple[int, int]] = {}
    for id, yes in said:
        had, n = counts.get(id, (0, 0))
        counts[id] = had + yes, n + 1
    return counts


class Weights:
    """A logistic model of "yes" whose prior is the weights set by hand.

    Parameters
    ----------
    names : sequence of str
        The features, in order; an intercept is a feature that is always 1.
    prior : sequence of float
        Weights by hand, in log odds.
    certainty : float or sequence of float
        Inverse variance of the prior: how many units of evidence each weight is worth.

    Attributes
    ----------
    mean : float64 (k,)
    covariance : float64 (k, k)
    """

    def __init__(
        self,
        names: Sequence[str],
        prior: npt.ArrayLike,
        certainty: npt.ArrayLike = 10.0,
    ) -> None:
        self.names = tuple(names)
        self.mean = np.asarray(prior, dtype=np.float64)
        precision = np.broadcast_to(np.asarray(certainty, dtype=np.float64), self.mean.shape)
        if len(self.names) != len(self.mean) or not np.isfinite(self.mean).all():
            raise InvalidSetting("prior", "one finite weight for each feature is needed")
        if not (precision > 0).all():
            raise InvalidSetting("certainty", "must be above 0")
        self.covariance = np.diag(1.0 / precision)

    def learned(
        self,
        features: npt.ArrayLike,
        yes: npt.ArrayLike,
        propensity: npt.ArrayLike | None = None,
    ) -> Weights:
        """Return the weights after these answers; this one stays as it is.

        Parameters
        ----------
        features : (m, k)
        yes : (m,) of bool
        propensity : (m,), optional
            The chance with which each suggestion was shown; weights are its inverse, scaled to a
            mean of one so that they do not make evidence out of nothing.
        """
        x = np.asarray(features, dtype=np.float64).reshape(-1, len(self.mean))
        y = np.asarray(yes, dtype=np.float64)
        weight = _inverse(propensity, len(y))
        if len(x) != len(y) or len(weight) != len(y) or not np.isfinite(x).all():
            raise InvalidSetting("features", "one finite row for each answer is needed")
        precision: Floats = np.linalg.inv(self.covariance).astype(np.float64)
        after = Weights(self.names, self.mean)
        after.mean = _peak(x, y, weight, self.mean, precision)
        p = logistic(x @ after.mean)
        known = precision + (x.T * (weight * p * (1 - p))) @ x
        after.covariance = np.linalg.inv(known).astype(np.float64)
        return after

    def chance(self, features: npt.ArrayLike) -> Floats:
        """Return the chance of a yes, averaged over what is not known of the weights.

        MacKay's approximation: the log odds shrink by 1 / sqrt(1 + pi v / 8) for variance v.
        """
        x = np.asarray(features, dtype=np.float64).reshape(-1, len(self.mean))
        variance = np.einsum("mk,kl,ml->m", x, self.covariance, x)
        return logistic(x @ self.mean / np.sqrt(1 + np.pi * variance / 8))

    def intervals(self) -> dict[str, tuple[float, float, float]]:
        """Return (weight, low, high) at 95 % for each feature."""
        spread = 1.959963984540054 * np.sqrt(np.diag(self.covariance))
        rows = zip(self.names, self.mean.tolist(), spread.tolist(), strict=True)
        return {name: (m, m - s, m + s) for name, m, s in rows}


def _peak(x: Floats, y: Floats, weight: Floats, prior: Floats, precision: Floats) -> Floats:
    """Return the most likely weights by Newton's method with halving; it always ends."""

    def loss(w: Floats) -> float:
        odds = x @ w
        off = w - prior
        return float(weight @ (np.logaddexp(0.0, odds) - y * odds) + 0.5 * off @ precision @ off)

    w = prior.copy()
    for _ in range(50):
        p = logistic(x @ w)
        gradient = x.T @ (weight * (p - y)) + precision @ (w - prior)
        step = np.linalg.solve(precision + (x.T * (weight * p * (1 - p))) @ x, gradient)
        size = 1.0
        while loss(w - size * step) > loss(w) and size > 1e-6:
            size /= 2
        w = w - size * step
        if np.abs(size * step).max() < 1e-9:
            break
    return w


def _inverse(propensity: npt.ArrayLike | None, n: int) -> Floats:
    if propensity is None or not n:
        return np.ones(n)
    shown = np.asarray(propensity, dtype=np.float64)
    if not ((shown > 0) & (shown <= 1)).all():
        raise InvalidSetting("propensity", "must be above 0 and at most 1")
    weight: Floats = 1.0 / np.maximum(shown, LEAST_PROPENSITY)
    scaled: Floats = weight / weight.mean()
    return scaled


def logit(p: float) -> float:
    """Return the log odds of a share strictly between 0 and 1."""
    return float(np.log(p / (1 - p)))


def logistic(odds: npt.ArrayLike) -> Floats:
    """Return the share with these log odds."""
    value: Floats = 1.0 / (1.0 + np.exp(-np.clip(np.asarray(odds, dtype=np.float64), -500, 500)))
    return value

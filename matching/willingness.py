"""Willingness: the learned chance that two people both agree to meet.

The log odds that a person says yes to a partner are

    w0 + w1 actor(person) + w2 partner(partner) + w3 served + w4 serving

with the actor and partner effects of `matching.learning.Effects` and how well each serves the
other, 0 to 1, as it was when they were asked. The weights are a Bayesian logistic regression whose
prior is set by hand; an answer counts by the inverse of the chance with which it was shown. The
effects of an answer leave this answer out, or it would foretell itself.

A round multiplies what a pair is worth by the chance of two yeses relative to the average, held
between `LEAST` and `MOST`: who says no often is asked a little later, never not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.learning import Answer, Effects, Weights, logistic, logit
from matching.people import Id
from matching.ranking import Pairs
from matching.roster import Floats, Roster

NAMES = ("always", "says yes", "is said yes to", "is served", "serves")
# By hand: being helped speaks for a yes, helping a little, and effects count as they are.
HAND = (1.0, 1.0, 0.7, 0.2)
CERTAINTY = 20.0
# The intercept belongs to the lieu: a handful of answers may move it.
CERTAINTY_ALWAYS = 2.0
LEAST, MOST = 0.5, 2.0
# Below so many answers there is nothing to learn from.
ENOUGH = 30


@dataclass(frozen=True, slots=True)
class Said:
    """`person` said yes or no to `partner`.

    `served` is how well the partner serves the person, `serving` the other way round, both as
    they were when the two were asked; `propensity` the chance with which this was shown.
    """

    person: Id
    partner: Id
    yes: bool
    served: float = 0.0
    serving: float = 0.0
    propensity: float = 1.0


class Willingness:
    """What the answers of a lieu say about who agrees to meet whom.

    Parameters
    ----------
    said : sequence of Said

    Examples
    --------
    >>> rows = [Said(k % 7, 7 + k % 5, k % 3 > 0, served=float(k % 3 > 0)) for k in range(60)]
    >>> learned = Willingness(rows)
    >>> learned.chance("new", "here", served=1.0) > learned.chance("new", "here", served=0.0)
    True
    """

    def __init__(self, said: Sequence[Said]) -> None:
        self.effects = Effects([Answer(row.person, row.partner, row.yes) for row in said])
        base = logit(self.effects.average) - HAND[2] * _mean([row.served for row in said])
        certainty = (CERTAINTY_ALWAYS, *[CERTAINTY] * len(HAND))
        hand = Weights(NAMES, (base, *HAND), certainty)
        self.weights = hand.learned(
            [self._before(row) for row in said],
            [row.yes for row in said],
            [row.propensity for row in said],
        )

    def _before(self, row: Said) -> list[float]:
        """Return the features of an answer as if it had not been given."""
        actor = self.effects.actor(row.person, without=row.yes)
        partner = self.effects.partner(row.partner, without=row.yes)
        return [1.0, actor, partner, row.served, row.serving]

    def chance(
        self, person: Id, partner: Id, *, served: float = 0.0, serving: float = 0.0
    ) -> float:
        """Return the chance that `person` says yes to `partner`."""
        effects = self.effects.actor(person), self.effects.partner(partner)
        return float(self.weights.chance([[1.0, *effects, served, serving]])[0])

    def __call__(self, roster: Roster, pairs: Pairs) -> Floats:
        """Return, for candidate pairs, the chance of two yeses relative to the average of all."""
        if not len(pairs):
            return np.zeros(0)
        actor = np.array([self.effects.actor(person.id) for person in roster.people])
        partner = np.array([self.effects.partner(person.id) for person in roster.people])
        w = self.weights.mean
        helps = (pairs.sure_i, pairs.sure_j)
        one = w[0] + w[1] * actor[pairs.i] + w[2] * partner[pairs.j] + w[3:5] @ np.stack(helps)
        other = w[0] + w[1] * actor[pairs.j] + w[2] * partner[pairs.i]
        other += w[3:5] @ np.stack(helps[::-1])
        both = logistic(one) * logistic(other)
        relative: Floats = np.clip(both / max(float(both.mean()), 1e-9), LEAST, MOST)
        return relative


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(len(values), 1)

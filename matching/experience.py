"""Experience: who has answered questions like this one, lately.

Where a community keeps who helped with what, that says more than a list of skills. For a question
q at an instant t, helper j is worth

    sum over their answers k of  2^(-(t - t_k)/h) * alike(q, q_k)   /   (1 + n_j)^balance

with n_j their answers, aged the same way: recent experience with similar questions, without which
the most active would answer everything. Whoever was named in vain many times is named a little
less, (1 + named)^-spread.

Of the people named, the last place is kept for somebody who could help and was seldom named: a
community that only ever asks the same few has no others to ask when they leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from matching.errors import InvalidSetting
from matching.people import Id
from matching.roster import Bools, Floats, Ints, instant
from matching.sentences import Letters
from matching.ties import DAY

# How strongly the place that is kept prefers who was seldom named.
SELDOM = 3.0
# Seldom named means less than this share of the average of all.
RARE = 0.1


@dataclass(frozen=True, slots=True)
class Helped:
    """Somebody answered a question."""

    helper: Id
    question: str
    at: datetime


class Experience:
    """Who answered what, and when.

    Parameters
    ----------
    record : iterable of Helped
    half_life : float
        Days in which an answer loses half of what it tells.
    balance : float
        0 favours the active, 1 only looks at how similar their questions were.
    spread : float
        How much it counts against somebody to have been named before.
    kept : int
        Places of an answer kept for those seldom named.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> day = datetime(2026, 5, 4, tzinfo=UTC)
    >>> known = Experience([Helped("ada", "how do I register for VAT", day)])
    >>> known.helpers("do I have to register for VAT", day)
    ['ada']
    """

    def __init__(
        self,
        record: Iterable[Helped],
        *,
        half_life: float = 7.0,
        balance: float = 0.5,
        spread: float = 0.2,
        kept: int = 1,
    ) -> None:
        if not half_life > 0:
            raise InvalidSetting("half_life", f"{half_life!r} is not above 0")
        rows = sorted(record, key=lambda row: (row.at, str(row.helper), row.question))
        self.half_life, self.balance, self.spread, self.kept = half_life, balance, spread, kept
        self.people: list[Id] = sorted({row.helper for row in rows}, key=str)
        place = {id: k for k, id in enumerate(self.people)}
        questions = {row.question: 0 for row in rows}
        self._question = {question: k for k, question in enumerate(questions)}
        self._who = np.array([place[row.helper] for row in rows], dtype=np.int64)
        self._what = np.array([self._question[row.question] for row in rows], dtype=np.int64)
        self._when = np.array([instant(row.at, "an answer") for row in rows], dtype=np.float64)
        self._letters = Letters(list(self._question)) if rows else None
        self._place = place
        self.named = np.zeros(len(self.people), dtype=np.int64)

    def helpers(
        self,
        question: str,
        at: datetime,
        *,
        top: int = 5,
        free: Iterable[Id] | None = None,
        exclude: Iterable[Id] = (),
    ) -> list[Id]:
        """Return whom to ask, the best first, and remember that they were named.

        Parameters
        ----------
        free : iterable of ids, optional
            Who can be asked now; everybody with a record by default.
        exclude : iterable of ids
            The person who asks, as a rule.
        """
        now = instant(at)
        open_ = self._open(free, exclude)
        recent, ever = self._worth(question, now)
        ranked = _order(recent * (1.0 + self.named) ** -self.spread, open_)
        usual = self.named.sum() / max(len(self.named), 1)
        rare = open_ & (self.named < RARE * usual + 1e-9)
        seldom = _order((ever + 1e-9) * (1.0 + self.named) ** -SELDOM, rare)
        new = [k for k in seldom if k not in ranked[:top]][: self.kept if top > 1 else 0]
        chosen = [*ranked[: top - len(new)], *new]
        self.named[chosen] += 1
        return [self.people[k] for k in chosen]

    def _open(self, free: Iterable[Id] | None, exclude: Iterable[Id]) -> Bools:
        open_ = np.ones(len(self.people), dtype=np.bool_)
        if free is not None:
            open_[:] = False
            open_[[self._place[id] for id in free if id in self._place]] = True
        open_[[self._place[id] for id in exclude if id in self._place]] = False
        return open_

    def _worth(self, question: str, now: float) -> tuple[Floats, Floats]:
        """Return what everyone is worth by recent experience, and by all of it."""
        if self._letters is None:
            return np.zeros(0), np.zeros(0)
        alike = self._letters.alike(question)[self._what] + 1e-6
        past = self._when < now
        fresh = np.where(past, np.exp2(-np.maximum(now - self._when, 0) / DAY / self.half_life), 0)
        return self._sum(alike, fresh), self._sum(alike, past.astype(np.float64))

    def _sum(self, alike: Floats, weight: Floats) -> Floats:
        n = len(self.people)
        similar = np.bincount(self._who, weight * alike, minlength=n)
        active = np.bincount(self._who, weight, minlength=n)
        worth: Floats = similar / (1.0 + active) ** self.balance
        return worth


def _order(worth: Floats, open_: Bools) -> list[int]:
    """Return places by worth, the best first, without those who are not open or worth nothing."""
    order: Ints = np.argsort(-worth, kind="stable")
    return [k for k in order.tolist() if open_[k] and worth[k] > 0]


def recall(named: Sequence[Id], helped: set[Id]) -> float:
    """Return which share of those who helped was named."""
    return len(helped.intersection(named)) / len(helped) if helped else 0.0

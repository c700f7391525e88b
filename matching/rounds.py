"""Rounds: what the engine proposes at one instant, and what it tells about those it could not.

A suggestion is an idea, no more: it becomes an introduction when the service offers it. Its
score orders suggestions inside one round and is never shown. Reasons are worked out when they
are first read, because most of a large round is never read.

Why somebody is left out: `paused`, `gone` (left before the instant), `cap` (wants no more, or
was asked often enough this week), `resting` (was asked a moment ago), `alone` (nobody else is
here), `nobody_new` (everyone here is known, was suggested before or is excluded; which of these
is not told), `no_place` (the strangers who are here are all taken).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from matching.people import Id, Policy
from matching.reasons import Reason


class LeftOut(NamedTuple):
    """One person without a suggestion, and why."""

    id: Id
    why: str


@dataclass(frozen=True)
class Suggestion:
    """Two people, or a circle of three to five, who should meet.

    Attributes
    ----------
    members : tuple of ids
    score : float
        What the policy says this is worth; comparable inside one round.
    serves : mapping
        For every member, from 0 to 1, the chance that somebody here serves one of their needs.
    reasons : tuple of Reason
    """

    members: tuple[Id, ...]
    score: float
    serves: Mapping[Id, float]
    explain: Callable[[], tuple[Reason, ...]] = field(repr=False, compare=False)

    @property
    def a(self) -> Id:
        """The first of the pair that the circle grew from."""
        return self.members[0]

    @property
    def b(self) -> Id:
        """The second of the pair that the circle grew from."""
        return self.members[1]

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """Why, the strongest reason first."""
        return self.explain()


@dataclass(frozen=True)
class Round:
    """Suggestions for everyone present.

    Attributes
    ----------
    suggestions : tuple of Suggestion
        The best first.
    weight, bound : float
        Weight of the pairs chosen, and what no choice among the candidates exceeds;
        `weight / bound` certifies the round.
    left_out : tuple of LeftOut
        Everyone present who is in no suggestion. Nobody is missing from both.
    """

    suggestions: tuple[Suggestion, ...]
    weight: float
    bound: float
    left_out: tuple[LeftOut, ...]
    policy: Policy = Policy.ENGINE

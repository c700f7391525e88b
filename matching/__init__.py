"""Matching: finds the encounters that are useful and unlikely.

A library without a database, a clock or a network: people, ties and what was asked before go
in, suggestions with their reasons come out. See `python -m matching --help` for the same over
files, and docs/matching.md for a walk through it.

    >>> from matching import Person, Skill
    >>> Person("ada", skills=(Skill("bookkeeping"),)).id
    'ada'

Names are loaded when first used, so that a web process can import this package, and even
build its inputs, without importing numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matching.community import Community
    from matching.errors import MatchingError
    from matching.finding import Helper
    from matching.people import Asked, Need, Person, Policy, Skill, Tie
    from matching.reasons import Reason
    from matching.rounds import LeftOut, Round, Suggestion
    from matching.settings import Settings

_WHERE = {
    "Asked": "people",
    "Community": "community",
    "Helper": "finding",
    "LeftOut": "rounds",
    "MatchingError": "errors",
    "Need": "people",
    "Person": "people",
    "Policy": "people",
    "Reason": "reasons",
    "Round": "rounds",
    "Settings": "settings",
    "Skill": "people",
    "Suggestion": "rounds",
    "Tie": "people",
}

__all__ = [
    "Asked",
    "Community",
    "Helper",
    "LeftOut",
    "MatchingError",
    "Need",
    "Person",
    "Policy",
    "Reason",
    "Round",
    "Settings",
    "Skill",
    "Suggestion",
    "Tie",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'matching' has no attribute {name!r}")
    value = getattr(import_module(f"matching.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

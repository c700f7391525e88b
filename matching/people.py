"""People: who can be suggested to whom, and what each of them said.

The inputs of the library are frozen. An id is an opaque hashable, a string or an integer as a
rule; nothing here reads meaning into it. What a person did not say costs nothing: no language,
no organisation, no leaving time are all "unknown", never "none".

Rules kept here: visibility and the wish to show a text are off and on by the person's own
word (`Person.visible`, `Skill.shown`, `Need.shown`); a cap of nought means "not today".
"""

from __future__ import annotations

import enum
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime

Id = Hashable


class Policy(enum.Enum):
    """How a round chooses: the arms of the trial."""

    ENGINE = "engine"
    MEMORY = "memory"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Skill:
    """What a person can help with.

    Attributes
    ----------
    text : str
        In the person's own words.
    concept : hashable, optional
        The id of a concept of a vocabulary, when one was confirmed.
    level : float
        From 0 (a beginner) to 1.
    shown : bool
        May this text be shown to the other side as a reason?
    """

    text: str
    concept: Hashable | None = None
    level: float = 1.0
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Need:
    """What would help a person today; the same facts as a skill, with an urgency from 0 to 1."""

    text: str
    concept: Hashable | None = None
    urgency: float = 1.0
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """One person, as the engine needs to know them.

    Attributes
    ----------
    id : hashable
    skills, needs : tuple of Skill and of Need; a bare string is read as its text
    languages : tuple of str
        Codes such as "fr"; empty when unknown.
    organisation : hashable, optional
        Company, department or group.
    cap : int
        The most suggestions this person takes in one round.
    weekly : int, optional
        The most askings in any seven days, counted from the history.
    until : datetime, optional
        When the person leaves, with a time zone.
    paused : bool
        Wants no suggestion now.
    blocked : frozenset of ids
        Never with these; it holds in both directions and is never told.
    avoids_own_organisation : bool
        Never with a colleague.
    visible : bool or frozenset of ids
        To whom this person may be named as a shared acquaintance: nobody (the default),
        everybody, or some.
    received : float, optional
        Fresh help received per presence, from 0 to 1. Without it the engine counts earlier
        askings whose partner could serve one of the needs.
    """

    id: Id
    skills: tuple[Skill | str, ...] = ()
    needs: tuple[Need | str, ...] = ()
    languages: tuple[str, ...] = ()
    organisation: Hashable | None = None
    cap: int = 1
    weekly: int | None = None
    until: datetime | None = None
    paused: bool = False
    blocked: frozenset[Id] = frozenset()
    avoids_own_organisation: bool = False
    visible: bool | frozenset[Id] = False
    received: float | None = None


@dataclass(frozen=True, slots=True)
class Tie:
    """Two people were together once.

    `kind` is "met" (an encounter that both confirmed: they know each other from then on) or
    "co_present". The weight of a co-presence is how much of an acquaintance it makes: 1 for a
    face-to-face contact; a lieu that records "both in the same room" passes a small fraction,
    because two regulars who never spoke should still be introduced.
    """

    a: Id
    b: Id
    at: datetime
    kind: str = "met"
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Two people were suggested to each other once, whatever they answered."""

    a: Id
    b: Id
    at: datetime


def as_skill(value: Skill | str) -> Skill:
    """Return `value` as a skill; a bare string is its text."""
    return Skill(value) if isinstance(value, str) else value


def as_need(value: Need | str) -> Need:
    """Return `value` as a need; a bare string is its text."""
    return Need(value) if isinstance(value, str) else value

"""Thinking: ask the engine about a lieu; nothing is written."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

import matching
from serendipity import clock
from serendipity.lieux import Lieu
from serendipity.suggestions import gathering, learning, trial
from serendipity.suggestions import guests as guests_room
from serendipity.suggestions.gathering import Gathered
from serendipity.suggestions.ideas import Suggestion

Chance = Callable[[Any, Any], Any]  # as `matching.Community` takes it

PER_PERSON: Final = {"day": 3, "night": 1}
BY_LETTER: Final = timedelta(hours=48)  # how long a letter waits for its answers
TOGETHER: Final = 1.25  # how much likelier; enough to decide among equals, not to outweigh help


@dataclass(frozen=True)
class Idea:
    """What the engine proposes to some members, with all that is kept of it."""

    members: tuple[int, ...]
    score: float
    serves: Mapping[int, float]
    reasons: list[dict[str, Any]]
    expires_at: datetime
    arm: str = "engine"
    propensity: float = 1.0  # how likely its seats were to be of this arm

    @property
    def is_wild(self) -> bool:
        return any(reason["code"] == "wild_card" for reason in self.reasons)

    def is_between(self, guests: Collection[int]) -> bool:
        """Whether it brings people of two lieux together."""
        return any(one in guests for one in self.members)

    def pairs(self) -> list[tuple[int, int]]:
        return list(combinations(sorted(self.members), 2))


@dataclass(frozen=True)
class Plan:
    """A round that was thought and not yet written."""

    lieu_id: int
    kind: str
    seed: int
    arm: str  # or "trial": then each idea has its own
    per_person: int
    people: int
    weight: float
    bound: float
    left_out: Counter[str]
    ideas: list[Idea]
    local_date: date
    without: frozenset[int] = frozenset()  # who was ready, had their turn, and got nothing
    guests: Mapping[int, int] = field(default_factory=dict)  # from other lieux → which


def plan(
    session: Session,
    *,
    lieu: Lieu,
    at: datetime,
    kind: str = "day",
    seed: int = 0,
    meaning: Any = None,
    vocabulary: Any = None,
    policy: str | None = None,
    limit_per_person: int | None = None,
    day: date | None = None,
) -> Plan:
    """Look at the lieu and think; nothing is written.

    Parameters
    ----------
    kind : "day" (those present) or "night" (those who want letters)
    meaning, vocabulary : optional
        As `matching.Community` takes them; without a vocabulary the kept concepts are asked.
    policy : "engine", "memory" or "random", optional
        Else the lieu's own, which may be "trial": then each seat of each member is drawn into an
        arm, and each idea says which and how likely that was.
    day : date, optional
        The local date whose night this is, when it is caught up on the next day.
    """
    day = day or clock.local_date(at, lieu.timezone)
    per_person = PER_PERSON[kind] if limit_per_person is None else limit_per_person
    found = gathering.gathered(session, lieu=lieu, kind=kind, at=at, per_person=per_person, day=day)
    arm = policy or lieu.policy
    willing = learning.willingness(session, lieu=lieu, day=day)
    community = community_of(found, meaning, vocabulary, willing)
    parts = trial.parts(
        community,
        found,
        lieu=lieu,
        policy=arm,
        kind=kind,
        day=day,
        at=at,
        seed=seed,
        per_person=per_person,
    )
    had_wild = had_wild_card(session, lieu, kind, at)
    ideas = _with_few_wild_cards(
        [
            replace(idea_of(one, found, kind, at), arm=part.arm, propensity=part.propensity)
            for part in parts
            for one in part.round.suggestions
        ],
        set(had_wild),
    )
    why = trial.why_left_out(parts)
    # Their wild card went to somebody else first, or their seats met nobody: pair them up.
    alone = sorted(trial.may_be_paired(found, arm, why) - _people(ideas) - had_wild)
    if alone:
        rest = trial.rest(community, alone, policy=arm, at=at, seed=seed, made=parts)
        ideas += [
            replace(idea_of(one, found, kind, at), arm=rest.arm) for one in rest.round.suggestions
        ]
        why |= {int(str(out.id)): out.why for out in rest.round.left_out}
    guests: dict[int, int] = {}
    if kind == "night":
        more, guests = _between(
            session,
            lieu=lieu,
            found=found,
            served=_people(ideas),
            meaning=meaning,
            vocabulary=vocabulary,
            at=at,
            day=day,
        )
        ideas += [replace(one, arm=trial.outside(arm)) for one in more]
    without = set(found.ready) - _people(ideas)
    return Plan(
        lieu_id=lieu.id,
        kind=kind,
        seed=seed,
        arm=arm,
        per_person=per_person,
        people=len(found.ready),
        weight=float(sum(part.round.weight for part in parts)),
        bound=float(sum(part.round.bound for part in parts)),
        left_out=found.away + Counter(why.get(one, "wild_card") for one in without),
        ideas=ideas,
        local_date=day,
        without=frozenset(one for one in without if why.get(one) != "cap"),
        guests=guests,
    )


def _between(
    session: Session,
    *,
    lieu: Lieu,
    found: Gathered,
    served: set[int],
    meaning: Any,
    vocabulary: Any,
    at: datetime,
    day: date,
) -> tuple[list[Idea], dict[int, int]]:
    """Ideas for those whom nobody here fitted, with members of other lieux who share too."""
    free = {person.id for person in found.people if person.cap and person.id not in served}
    alone = {one: ready for one, ready in found.ready.items() if one in free}
    if not alone:
        return [], {}
    told, guests = guests_room.invited(session, lieu=lieu, alone=alone, at=at, day=day)
    if told is None:
        return [], {}
    thought = community_of(told, meaning, vocabulary).suggest(at=at, present=list(told.ready))
    ideas = [idea_of(one, told, "night", at) for one in thought.suggestions]
    return [one for one in ideas if not one.is_wild and one.is_between(guests)], guests


def _people(ideas: Sequence[Idea]) -> set[int]:
    return {member for idea in ideas for member in idea.members}


def _with_few_wild_cards(ideas: Sequence[Idea], had_wild: set[int]) -> list[Idea]:
    """The ideas without the second wild card of anybody: chance is a spice."""
    kept = []
    for idea in ideas:
        if not idea.is_wild:
            kept.append(idea)
        elif not had_wild.intersection(idea.members):
            had_wild.update(idea.members)
            kept.append(idea)
    return kept


def community_of(
    found: Gathered, meaning: Any, vocabulary: Any, willing: Chance | None = None
) -> matching.Community:
    together = _rather_together(found.expected) if found.expected else None
    return matching.Community(
        found.people,
        found.ties,
        found.asked,
        meaning=meaning,
        vocabulary=vocabulary or found.broader,
        chance=_times(together, willing),
    )


def _times(*chances: Chance | None) -> Chance | None:
    """All that is known about who agrees, multiplied; nothing of nothing."""
    known = [one for one in chances if one is not None]
    if not known:
        return None

    def chance(roster: Any, pairs: Any) -> Any:
        return math.prod(one(roster, pairs) for one in known)

    return chance


def _rather_together(expected: Collection[int]) -> Chance:
    """Two who will both be there tomorrow are likelier to meet than two who will not."""

    def chance(roster: Any, pairs: Any) -> Any:
        import numpy as np  # noqa: PLC0415 (web processes plan no rounds)

        there = np.array([person.id in expected for person in roster.people])
        return np.where(there[pairs.i] & there[pairs.j], TOGETHER, 1.0)

    return chance


def idea_of(one: matching.Suggestion, found: Gathered, kind: str, at: datetime) -> Idea:
    ids = tuple(int(str(member)) for member in one.members)
    leaving = [until for key in ids if (until := found.ready[key].until) is not None]
    return Idea(
        members=ids,
        score=float(one.score),
        serves={key: min(1.0, max(0.0, float(one.serves.get(key, 0.0)))) for key in ids},
        reasons=[_reason(reason, found) for reason in one.reasons],
        expires_at=min(leaving) if kind == "day" else at + BY_LETTER,
    )


def _reason(reason: matching.Reason, found: Gathered) -> dict[str, Any]:
    """A reason as it is kept: plain values, and the concepts behind the words it quotes."""
    facts = {name: _plain(value) for name, value in reason.facts.items()}
    for what, owner in (("need", "receiver"), ("skill", "giver")):
        concept = found.concepts.get((facts.get(owner, 0), what, facts.get(what, "")))
        if concept is not None:
            facts[f"{what}_concept"] = concept
    return {"code": reason.code, "facts": facts}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple | frozenset) else value


def had_wild_card(session: Session, lieu: Lieu, kind: str, at: datetime) -> set[int]:
    """Who got a wild card today already; at night a letter may well be one."""
    if kind == "night":
        return set()
    today, _ = clock.day_bounds(clock.local_date(at, lieu.timezone), lieu.timezone)
    rows = session.scalars(
        select(Suggestion).where(Suggestion.lieu_id == lieu.id, Suggestion.at >= today)
    )
    return {
        one.member_id
        for suggestion in rows
        if any(reason["code"] == "wild_card" for reason in suggestion.reasons)
        for one in suggestion.members
    }

"""Thinking: ask the engine about a lieu; nothing is written."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

import matching
from serendipity import clock
from serendipity.lieux import Lieu
from serendipity.suggestions import gathering
from serendipity.suggestions import guests as guests_room
from serendipity.suggestions.gathering import Gathered
from serendipity.suggestions.ideas import Suggestion

PER_PERSON: Final = {"day": 3, "night": 1}
BY_LETTER: Final = timedelta(hours=48)  # how long a letter waits for its answers
TOGETHER: Final = 1.25  # how much likelier; enough to decide among equals, not to outweigh help
ARMS: Final = {"engine": 0.45, "memory": 0.45, "random": 0.1}  # of the trial, when a lieu runs it


@dataclass(frozen=True)
class Idea:
    """What the engine proposes to some members, with all that is kept of it."""

    members: tuple[int, ...]
    score: float
    serves: Mapping[int, float]
    reasons: list[dict[str, Any]]
    expires_at: datetime

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
    arm: str
    propensity: float
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
        Else the lieu's own, which may be "trial": then chance chooses and says how likely it was.
    day : date, optional
        The local date whose night this is, when it is caught up on the next day.
    """
    day = day or clock.local_date(at, lieu.timezone)
    per_person = PER_PERSON[kind] if limit_per_person is None else limit_per_person
    found = gathering.gathered(session, lieu=lieu, kind=kind, at=at, per_person=per_person, day=day)
    arm, propensity = _arm(policy or lieu.policy, seed, lieu.id)
    community = community_of(found, meaning, vocabulary)
    thought = community.suggest(present=list(found.ready), at=at, policy=arm, random_state=seed)
    had_wild = had_wild_card(session, lieu, kind, at)
    ideas = _with_few_wild_cards(
        [idea_of(one, found, kind, at) for one in thought.suggestions], set(had_wild)
    )
    why = {int(str(out.id)): out.why for out in thought.left_out}
    alone = sorted(set(found.ready) - _people(ideas) - set(why) - had_wild)
    if alone:  # their wild card went to somebody else first: pair them among themselves
        rest = community.suggest(present=alone, at=at, policy=arm, random_state=seed, per_person=1)
        ideas += [idea_of(one, found, kind, at) for one in rest.suggestions]
        why |= {int(str(out.id)): out.why for out in rest.left_out}
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
        ideas += more
    without = set(found.ready) - _people(ideas)
    return Plan(
        lieu_id=lieu.id,
        kind=kind,
        seed=seed,
        arm=arm,
        propensity=propensity,
        per_person=per_person,
        people=len(found.ready),
        weight=float(thought.weight),
        bound=float(thought.bound),
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
    if not guests:
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


def community_of(found: Gathered, meaning: Any, vocabulary: Any) -> matching.Community:
    return matching.Community(
        found.people,
        found.ties,
        found.asked,
        meaning=meaning,
        vocabulary=vocabulary or found.broader,
        chance=_rather_together(found.expected) if found.expected else None,
    )


def _rather_together(expected: Collection[int]) -> Callable[[Any, Any, Any], Any]:
    """Two who will both be there tomorrow are likelier to meet than two who will not."""

    def chance(roster: Any, i: Any, j: Any) -> Any:
        import numpy as np  # noqa: PLC0415 (web processes plan no rounds)

        there = np.array([person.id in expected for person in roster.people])
        return np.where(there[i] & there[j], TOGETHER, 1.0)

    return chance


def _arm(policy: str, seed: int, lieu_id: int) -> tuple[str, float]:
    """The arm of this round, and how likely it was to be this one."""
    if policy != "trial":
        return policy, 1.0
    chance = random.Random(f"{seed}:{lieu_id}")
    arm = chance.choices(list(ARMS), weights=list(ARMS.values()))[0]
    return arm, ARMS[arm]


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

"""Rounds: ask the engine, keep what it says, offer it.

A round is two steps with a pause that may be long between them: `plan` reads and thinks, `record`
writes. A worker puts them in two transactions, so that nobody waits for the engine in front of
SQLite's one writer; `record` therefore looks again at everything that may have changed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

import matching
from serendipity import clock, introductions, members
from serendipity.lieux import Lieu
from serendipity.suggestions import gathering
from serendipity.suggestions.gathering import Gathered
from serendipity.suggestions.ideas import Round, SuggestedPair, Suggestion, SuggestionMember

PER_PERSON: Final = {"day": 3, "night": 1}
BY_LETTER: Final = timedelta(days=7)  # how long a letter waits for its answers
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


def run_round(
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
) -> Round:
    """Plan a round and keep it, in one transaction."""
    planned = plan(
        session,
        lieu=lieu,
        at=at,
        kind=kind,
        seed=seed,
        meaning=meaning,
        vocabulary=vocabulary,
        policy=policy,
        limit_per_person=limit_per_person,
    )
    return record(session, planned, at=at)


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
) -> Plan:
    """Look at the lieu and think; nothing is written.

    Parameters
    ----------
    kind : "day" (those present) or "night" (those who want letters)
    meaning, vocabulary : optional
        As `matching.Community` takes them; without a vocabulary the kept concepts are asked.
    policy : "engine", "memory" or "random", optional
        Else the lieu's own, which may be "trial": then chance chooses and says how likely it was.
    """
    per_person = PER_PERSON[kind] if limit_per_person is None else limit_per_person
    found = gathering.gathered(session, lieu=lieu, kind=kind, at=at, per_person=per_person)
    arm, propensity = _arm(policy or lieu.policy, seed, lieu.id)
    community = _community(found, meaning, vocabulary)
    thought = community.suggest(present=list(found.ready), at=at, policy=arm, random_state=seed)
    had_wild = _had_wild_card(session, lieu, kind, at)
    ideas = _with_few_wild_cards(
        [_idea(one, found, kind, at) for one in thought.suggestions], set(had_wild)
    )
    why = {int(str(out.id)): out.why for out in thought.left_out}
    alone = sorted(set(found.ready) - _people(ideas) - set(why) - had_wild)
    if alone:  # their wild card went to somebody else first: pair them among themselves
        rest = community.suggest(present=alone, at=at, policy=arm, random_state=seed, per_person=1)
        ideas += [_idea(one, found, kind, at) for one in rest.suggestions]
        why |= {int(str(out.id)): out.why for out in rest.left_out}
    without = Counter(why.get(one, "wild_card") for one in set(found.ready) - _people(ideas))
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
        left_out=found.away + without,
        ideas=ideas,
    )


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


def _community(found: Gathered, meaning: Any, vocabulary: Any) -> matching.Community:
    return matching.Community(
        found.people,
        found.ties,
        found.asked,
        meaning=meaning,
        vocabulary=vocabulary or found.broader,
    )


def _arm(policy: str, seed: int, lieu_id: int) -> tuple[str, float]:
    """The arm of this round, and how likely it was to be this one."""
    if policy != "trial":
        return policy, 1.0
    chance = random.Random(f"{seed}:{lieu_id}")
    arm = chance.choices(list(ARMS), weights=list(ARMS.values()))[0]
    return arm, ARMS[arm]


def _idea(one: matching.Suggestion, found: Gathered, kind: str, at: datetime) -> Idea:
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


def record(session: Session, planned: Plan, *, at: datetime) -> Round:
    """Keep what was planned, as far as it is still true, and offer it to the people in it."""
    lieu = session.scalars(
        # One round of a lieu at a time; rows that point to the lieu may still be written.
        select(Lieu).where(Lieu.id == planned.lieu_id).with_for_update(key_share=True)
    ).one()
    kept = Round(
        lieu_id=lieu.id,
        kind=planned.kind,
        at=at,
        local_date=clock.local_date(at, lieu.timezone),
        policy=planned.arm,
        seed=planned.seed,
        people=planned.people,
        weight=planned.weight,
        bound=planned.bound,
        left_out={},
    )
    session.add(kept)
    session.flush()
    dropped = _keep(session, planned, kept, lieu, at)
    kept.left_out = dict(planned.left_out + dropped)
    session.flush()
    return kept


def _keep(session: Session, planned: Plan, kept: Round, lieu: Lieu, at: datetime) -> Counter[str]:
    """Write the ideas that are still good; who is left without any by that, and why."""
    desk = _Desk(session, planned, lieu, at)
    for idea in sorted(planned.ideas, key=lambda one: (-one.score, one.members)):
        why = desk.why_not(idea)
        if why or not _write(session, idea, planned, kept, at):
            desk.drop(idea, why or "changed")
        else:
            desk.take(idea)
    return desk.left_without()


class _Desk:
    """What `record` knows while it goes through the ideas, one after the other."""

    def __init__(self, session: Session, planned: Plan, lieu: Lieu, at: datetime) -> None:
        ids = {member for idea in planned.ideas for member in idea.members}
        self.per_person = planned.per_person
        self.ready, _ = gathering.who(session, lieu=lieu, kind=planned.kind, at=at)
        self.open = (
            introductions.how_many_open(session, member_ids=ids, lieu_id=lieu.id, at=at)
            if planned.kind == "day"
            else dict.fromkeys(ids, 0)
        )
        self.blocked = members.blocked_pairs(session, ids)
        self.had_wild = _had_wild_card(session, lieu, planned.kind, at)
        self.served: set[int] = set()
        self.dropped: dict[int, str] = {}

    def why_not(self, idea: Idea) -> str:
        if any(member not in self.ready for member in idea.members):
            return "changed"
        if self.blocked.intersection(idea.pairs()):
            return "changed"
        if any(self.open[member] >= self.per_person for member in idea.members):
            return "cap"
        if idea.is_wild and self.had_wild.intersection(idea.members):
            return "wild_card"  # one a day, also when two rounds were planned at once
        return ""

    def take(self, idea: Idea) -> None:
        self.served.update(idea.members)
        for member in idea.members:
            self.open[member] += 1
        if idea.is_wild:
            self.had_wild.update(idea.members)

    def drop(self, idea: Idea, why: str) -> None:
        self.dropped |= dict.fromkeys(idea.members, why)

    def left_without(self) -> Counter[str]:
        return Counter(why for who, why in self.dropped.items() if who not in self.served)


def _had_wild_card(session: Session, lieu: Lieu, kind: str, at: datetime) -> set[int]:
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


def _write(session: Session, idea: Idea, planned: Plan, kept: Round, at: datetime) -> bool:
    """Keep one suggestion and offer it; False if another round was quicker with a pair of it."""
    suggestion = Suggestion(
        round_id=kept.id,
        lieu_id=kept.lieu_id,
        at=at,
        expires_at=idea.expires_at,
        score=idea.score,
        arm=planned.arm,
        propensity=planned.propensity,
        reasons=idea.reasons,
        members=[SuggestionMember(member_id=one, serves=idea.serves[one]) for one in idea.members],
    )
    try:
        with session.begin_nested():
            session.add(suggestion)
            session.flush()
            session.add_all(_pairs(idea.pairs(), suggestion, at))
    except IntegrityError:
        return False
    introductions.offer(
        session,
        suggestion=suggestion,
        how="here" if planned.kind == "day" else "mail",
        at=at,
        expires_at=suggestion.expires_at,
    )
    return True


def _pairs(
    pairs: Sequence[tuple[int, int]], suggestion: Suggestion, at: datetime
) -> list[SuggestedPair]:
    return [SuggestedPair(a_id=a, b_id=b, suggestion_id=suggestion.id, at=at) for a, b in pairs]


def arrival(
    session: Session,
    *,
    member_id: int,
    lieu: Lieu,
    at: datetime,
    meaning: Any = None,
    vocabulary: Any = None,
) -> list[Suggestion]:
    """Suggestions for one newcomer, without asking the whole room again."""
    per_person = PER_PERSON["day"]
    found = gathering.gathered(session, lieu=lieu, kind="day", at=at, per_person=per_person)
    if member_id not in found.ready:
        return []
    thought = _community(found, meaning, vocabulary).arrival(
        member_id, list(found.ready), at, top=per_person
    )
    weight = sum(float(one.score) for one in thought)
    planned = Plan(
        lieu_id=lieu.id,
        kind="day",
        seed=0,
        arm="engine",
        propensity=1.0,
        per_person=per_person,
        people=len(found.ready),
        weight=weight,
        bound=weight,
        left_out=Counter(),
        ideas=[_idea(one, found, "day", at) for one in thought],
    )
    return list(record(session, planned, at=at).suggestions)

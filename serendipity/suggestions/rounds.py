"""Rounds: ask the engine, keep what it says, offer it.

A round is two steps with a pause that may be long between them: `plan` reads and thinks, `record`
writes. A worker puts them in two transactions, so that nobody waits for the engine in front of
SQLite's one writer; `record` therefore looks again at everything that may have changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from serendipity import clock
from serendipity.lieux import Lieu
from serendipity.suggestions import gathering, thinking, trial
from serendipity.suggestions.ideas import Round, Suggestion
from serendipity.suggestions.recording import record
from serendipity.suggestions.thinking import Idea, Plan, plan

__all__ = ["Idea", "Plan", "arrival", "by_hand", "plan", "record", "run_round"]


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


def by_hand(
    session: Session, *, lieu_id: int, member_ids: Sequence[int], at: datetime, expires_at: datetime
) -> Suggestion | None:
    """An idea of the concierge's, kept and offered like the engine's; None if a rule forbids it."""
    idea = Idea(
        members=tuple(sorted(member_ids)),
        score=0.0,
        serves=dict.fromkeys(member_ids, 0.0),
        reasons=[{"code": "by_hand", "facts": {}}],
        expires_at=expires_at,
        arm="concierge",  # no arm of the trial: it is no evidence for any of them
    )
    zone = session.get_one(Lieu, lieu_id).timezone
    planned = Plan(
        lieu_id=lieu_id,
        local_date=clock.local_date(at, zone),
        kind="day",
        seed=0,
        arm="concierge",
        per_person=thinking.PER_PERSON["day"] + 1,  # the concierge sees whether it is too many
        people=len(member_ids),
        weight=0.0,
        bound=0.0,
        left_out=Counter(),
        ideas=[idea],
    )
    return next(iter(record(session, planned, at=at).suggestions), None)


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
    per_person = thinking.PER_PERSON["day"]
    found = gathering.gathered(session, lieu=lieu, kind="day", at=at, per_person=per_person)
    if member_id not in found.ready:
        return []
    thought = thinking.community_of(found, meaning, vocabulary).arrival(
        member_id, list(found.ready), at, top=per_person
    )
    weight = sum(float(one.score) for one in thought)
    planned = Plan(
        lieu_id=lieu.id,
        kind="day",
        seed=0,
        arm="engine",
        per_person=per_person,
        people=len(found.ready),
        weight=weight,
        bound=weight,
        left_out=Counter(),
        ideas=[
            replace(thinking.idea_of(one, found, "day", at), arm=trial.outside(lieu.policy))
            for one in thought
        ],
        local_date=clock.local_date(at, lieu.timezone),
    )
    return list(record(session, planned, at=at).suggestions)

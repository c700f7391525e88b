"""Real rows for what the engine makes: a suggestion between people, without running the engine."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.suggestions import Round, Suggestion, SuggestionMember
from tests.conftest import NOON


def a_suggestion(
    session: Session,
    lieu: Lieu,
    *people: Member,
    at: datetime = NOON,
    reasons: list[Any] | None = None,
    score: float = 1.0,
) -> Suggestion:
    """These should meet, for eight hours from `at`: the second can help the first."""
    receiver, giver = people[0], people[1]
    round_ = Round(
        lieu_id=lieu.id,
        kind="day",
        at=at,
        local_date=at.date(),
        policy="engine",
        seed=1,
        people=len(people),
        weight=score,
        bound=score,
        left_out={},
    )
    session.add(round_)
    session.flush()
    facts = {"giver": giver.id, "receiver": receiver.id, "need": "pricing", "skill": "pricing"}
    suggestion = Suggestion(
        round_id=round_.id,
        lieu_id=lieu.id,
        at=at,
        expires_at=at + timedelta(hours=8),
        score=score,
        arm="engine",
        propensity=1.0,
        reasons=reasons or [{"code": "helps_with", "facts": facts}],
    )
    session.add(suggestion)
    session.flush()
    session.add_all(
        SuggestionMember(suggestion_id=suggestion.id, member_id=one.id, serves=0.5)
        for one in people
    )
    session.flush()
    return suggestion

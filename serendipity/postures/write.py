"""Write: what came of encounters. A story is asked for in person; here is whom to ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, select
from sqlalchemy.orm import Session, aliased

from serendipity.encounters import Encounter
from serendipity.lieux import Lieu
from serendipity.members import Member

RECENT = timedelta(days=60)
MOST = 5


@dataclass(frozen=True)
class Outcome:
    """An encounter that both confirmed, and what they say came of it."""

    a: Member
    b: Member
    at: datetime
    outcome: str


def outcomes(session: Session, *, lieu: Lieu, at: datetime) -> list[Outcome]:
    """Encounters of late with something to tell, the newest first."""
    a, b = aliased(Member), aliased(Member)
    true_at = case(
        (Encounter.a_confirmed_at > Encounter.b_confirmed_at, Encounter.a_confirmed_at),
        else_=Encounter.b_confirmed_at,
    )
    rows = session.execute(
        select(a, b, true_at, Encounter.outcome)
        .join(a, a.id == Encounter.a_id)
        .join(b, b.id == Encounter.b_id)
        .where(
            Encounter.lieu_id == lieu.id,
            Encounter.a_confirmed_at.is_not(None),
            Encounter.b_confirmed_at.is_not(None),
            Encounter.outcome.not_in(("", "nothing")),
            true_at >= at - RECENT,
            a.erased_at.is_(None),
            b.erased_at.is_(None),
        )
        .order_by(true_at.desc(), Encounter.id.desc())
        .limit(MOST)
    )
    return [Outcome(first, second, when, outcome) for first, second, when, outcome in rows]

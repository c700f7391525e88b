"""Rows for evidence: introductions of the past that came so far and no further."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import combinations

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import encounters, introductions
from serendipity.encounters import Encounter
from serendipity.lieux import Lieu
from serendipity.members import Member
from tests.rows import a_member
from tests.woven import an_introduction


def people_of(session: Session, count: int) -> list[Member]:
    return [a_member(session, f"Somebody {number}") for number in range(count)]


def came_so_far(
    session: Session,
    lieu: Lieu,
    steps: Sequence[int],
    *,
    since: datetime,
    arm: str = "engine",
    chance: float = 1.0,
) -> None:
    """One introduction a step, one a day from `since`: 0 proposed, 1 agreed, 2 met, 3 useful."""
    people = people_of(session, 2 + int((2 * len(steps)) ** 0.5))
    pairs = combinations(people, 2)
    for number, step in enumerate(steps):
        _one(
            session, lieu, next(pairs), step, at=since + timedelta(days=number), trial=(arm, chance)
        )


def _one(
    session: Session,
    lieu: Lieu,
    pair: tuple[Member, Member],
    step: int,
    *,
    at: datetime,
    trial: tuple[str, float],
) -> None:
    offered = an_introduction(session, lieu, *pair, at=at)
    offered.suggestion.arm, offered.suggestion.propensity = trial
    if step == 0:
        introductions.say_no(session, public_id=offered.public_id, member_id=pair[0].id, at=at)
        return
    for who in pair:
        introductions.say_yes(session, public_id=offered.public_id, member_id=who.id, at=at)
    met = session.scalars(select(Encounter).where(Encounter.introduction_id == offered.id)).one()
    if step == 1:
        encounters.deny(session, public_id=met.public_id, member_id=pair[0].id, at=at)
        return
    for who in pair:
        encounters.confirm(
            session,
            public_id=met.public_id,
            member_id=who.id,
            helped=step == 3 and who is pair[0],
            at=at,
        )

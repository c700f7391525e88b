"""Naming: whom a member may see by name at a lieu before anybody said yes.

Rules kept here: both are checked in there, both agreed to be seen today, neither is hidden, and
no block stands between them. Who is absent, hidden or blocking is simply not in the answer, so
the three cannot be told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from serendipity import consent, encounters, members
from serendipity.encounters import Encounter
from serendipity.members import Block, Member
from serendipity.presence import Presence


def nameable(session: Session, *, member_id: int, lieu_id: int, at: datetime) -> set[int]:
    """Members who may be named to this one; nobody to one who is not seen themself."""
    seen = consent.seen_by_all(session, lieu_id=lieu_id, at=at)
    if member_id not in seen:
        return set()
    blocked = members.blocked_pairs(session, seen)
    return {
        other
        for other in seen - {member_id}
        if (min(member_id, other), max(member_id, other)) not in blocked
    }


def named(
    session: Session, *, member_id: int, lieu_id: int, at: datetime
) -> dict[int, tuple[Member, Presence]]:
    """The same members with their stay, in the order of their names."""
    ids = nameable(session, member_id=member_id, lieu_id=lieu_id, at=at)
    rows = session.execute(
        select(Member, Presence)
        .join(Presence, Presence.member_id == Member.id)
        .where(Member.id.in_(ids), Presence.lieu_id == lieu_id, Presence.ended_at.is_(None))
        .order_by(Member.name, Member.id)
    )
    return {member.id: (member, stay) for member, stay in rows}


@dataclass(frozen=True)
class Apart:
    """A block of one's own: since when, and of whom, if one ever learned their name."""

    since: datetime
    name: str


def kept_apart(session: Session, *, member_id: int) -> list[Apart]:
    """Whom this member never wants to meet, the newest first.

    "Never" can be said of somebody who was not named; the list must not tell their name later.
    """
    rows = session.execute(
        select(Block, Member)
        .join(Member, Member.id == Block.blocked_id)
        .where(Block.blocker_id == member_id)
        .order_by(Block.at.desc(), Block.blocked_id)
    ).all()
    met = _learned(session, member_id)
    return [Apart(block.at, other.name if other.id in met else "") for block, other in rows]


def _learned(session: Session, member_id: int) -> set[int]:
    """Whose name this member learned: both had agreed to meet, or the other said they met."""
    rows = session.execute(
        select(Encounter.a_id, Encounter.b_id).where(encounters.known_to(member_id))
    )
    return {end for pair in rows for end in pair} - {member_id}


def lift(session: Session, *, member_id: int, since: datetime) -> int:
    """Lift one's own block of that instant; how many were lifted."""
    lifted = session.scalars(
        delete(Block)
        .where(Block.blocker_id == member_id, Block.at == since)
        .returning(Block.blocked_id)
    ).all()
    return len(lifted)

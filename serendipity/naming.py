"""Naming: whom a member may see by name at a lieu before anybody said yes.

Rules kept here: both are checked in there, both agreed to be seen today, neither is hidden, and
no block stands between them. Who is absent, hidden or blocking is simply not in the answer, so
the three cannot be told apart.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import consent, members
from serendipity.members import Member
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

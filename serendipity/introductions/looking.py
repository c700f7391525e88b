"""Looking: what a member may know of their introductions, and the one way out for names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from serendipity import members
from serendipity.introductions.sides import Introduction, NoSuchIntroduction, NotAgreed, Side
from serendipity.members import Member
from serendipity.presence import Presence


@dataclass(frozen=True)
class Person:
    """One of the others, once all said yes. Where they sit, only while they can be seen here."""

    member: Member
    place: str
    until: datetime | None


@dataclass(frozen=True)
class Revealed:
    """What two yeses buy: names, places, and the reasons to begin with."""

    introduction: Introduction
    people: list[Person]
    reasons: list[Any]


def own_introduction(session: Session, *, public_id: str, member_id: int) -> Introduction:
    """An introduction that this member is in, whatever became of it.

    Raises
    ------
    NoSuchIntroduction
    """
    found: Introduction | None = session.scalar(own_select(public_id, member_id))
    if found is None:
        raise NoSuchIntroduction()
    return found


def own_select(public_id: str, member_id: int) -> Select[Introduction]:
    return (
        select(Introduction)
        .join(Side, Side.introduction_id == Introduction.id)
        .where(Introduction.public_id == public_id, Side.member_id == member_id)
    )


def open_for(
    session: Session, *, member_id: int, at: datetime, lieu_id: int | None = None
) -> list[Introduction]:
    """What this member may answer, or waits for, or has agreed and not lived yet.

    What a concierge put forward comes first, then the oldest.

    It depends on the member's own answers and on the clock, never on somebody else's answer
    before all said yes.
    """
    mine = _current(member_id, at, lieu_id).where(Side.no_at.is_(None))
    first = Introduction.put_forward_at.is_(None)  # false, which is less than true, if it was
    return list(session.scalars(mine.order_by(first, Introduction.offered_at, Introduction.id)))


def refused_lately(
    session: Session, *, member_id: int, at: datetime, lieu_id: int
) -> list[Introduction]:
    """One's own noes that may still be undone: for the one who said them only."""
    mine = _current(member_id, at, lieu_id).where(Side.no_at.is_not(None))
    return list(session.scalars(mine.order_by(Side.no_at.desc(), Introduction.id)))


def _current(member_id: int, at: datetime, lieu_id: int | None) -> Select[Introduction]:
    found = (
        select(Introduction)
        .join(Side, Side.introduction_id == Introduction.id)
        .where(
            Side.member_id == member_id,
            Introduction.withdrawn_at.is_(None),
            Introduction.expires_at > at,
        )
    )
    return found if lieu_id is None else found.where(Introduction.lieu_id == lieu_id)


def how_many_open(
    session: Session, *, member_ids: Collection[int], lieu_id: int, at: datetime
) -> dict[int, int]:
    """Member → how many introductions they have before them at this lieu, agreed ones apart."""
    counts = dict.fromkeys(member_ids, 0)
    rows = session.scalars(
        select(Introduction).where(
            Introduction.lieu_id == lieu_id,
            Introduction.withdrawn_at.is_(None),
            Introduction.expires_at > at,
        )
    )
    for side in (side for one in rows if not one.agreed for side in one.sides):
        if side.member_id in counts and side.no_at is None:
            counts[side.member_id] += 1
    return counts


def revealed(session: Session, *, introduction: Introduction, member_id: int) -> Revealed:
    """Who the others are and where they sit: the one way out for names.

    Raises
    ------
    NotAgreed
        Somebody has not said yes; or the member is not in it.
    """
    ids = [side.member_id for side in introduction.sides]
    if member_id not in ids or not introduction.agreed:
        raise NotAgreed()
    people = whereabouts(
        session,
        introduction.others(member_id),
        lieu_id=introduction.lieu_id,
        member_id=member_id,
    )
    return Revealed(introduction, people, list(introduction.suggestion.reasons))


def whereabouts(
    session: Session, others: Sequence[int], *, lieu_id: int, member_id: int
) -> list[Person]:
    """These people as they are told to one who may know them: only after their own yes.

    Where they sit and until when is told while they are at this lieu and not hidden; a block
    made later on reads like having left.
    """
    stays = _stays(session, others, lieu_id=lieu_id, member_id=member_id)
    people = session.scalars(
        select(Member)
        .where(Member.id.in_(others), Member.erased_at.is_(None))
        .order_by(Member.name, Member.id)
    )
    return [
        Person(one, stay.place if stay else "", stay.until if stay else None)
        for one in people
        for stay in [stays.get(one.id)]
    ]


def _stays(
    session: Session, others: Sequence[int], *, lieu_id: int, member_id: int
) -> dict[int, Presence]:
    blocked = members.blocked_pairs(session, [member_id, *others])
    rows = session.scalars(
        select(Presence).where(
            Presence.member_id.in_(others),
            Presence.lieu_id == lieu_id,
            Presence.ended_at.is_(None),
            Presence.hidden_at.is_(None),
        )
    )
    return {
        stay.member_id: stay
        for stay in rows
        if (min(member_id, stay.member_id), max(member_id, stay.member_id)) not in blocked
    }


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    """What was open with somebody who is forgotten is taken back."""
    of_theirs = select(Side.introduction_id).where(Side.member_id == member.id)
    session.execute(
        update(Introduction)
        .where(Introduction.id.in_(of_theirs), Introduction.withdrawn_at.is_(None))
        .values(withdrawn_at=at)
    )

"""Telling: "we met by the coffee machine", an encounter that nobody suggested.

Whoever was at a lieu today says whom they met there: one of those they may see by name now, one
whom they met before, or an address that they type. The other says so too, or not; it counts then,
as every encounter does.

Rules kept here: nobody is listed who could not be seen by name anyway; an address that is nobody's
and one that is somebody's are answered alike, and so are those who block; a pair is told once a
day, and told by both it is confirmed by both; nobody tells more than twenty a day.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from serendipity import clock, limits, members, naming
from serendipity.encounters import Encounter
from serendipity.encounters.meeting import keep_one
from serendipity.encounters.saying import check_outcome, say_so
from serendipity.errors import Refused
from serendipity.lieux import Lieu
from serendipity.members import Block, Member
from serendipity.presence import Presence

MOST_A_DAY: Final = 20


class NotHereToday(Refused):
    """One tells whom one met at a lieu on a day on which one was there."""


def here_today(session: Session, *, member_id: int, at: datetime) -> Lieu:
    """The lieu where this member is, or last was today.

    Raises
    ------
    NotHereToday
    """
    row = session.execute(
        select(Presence, Lieu)
        .join(Lieu, Lieu.id == Presence.lieu_id)
        .where(Presence.member_id == member_id)
        .order_by(Presence.started_at.desc(), Presence.id.desc())
        .limit(1)
    ).first()
    if row is None:
        raise NotHereToday()
    stay, lieu = row
    last = min(stay.ended_at or at, stay.until, at)
    if clock.local_date(last, lieu.timezone) != clock.local_date(at, lieu.timezone):
        raise NotHereToday()
    return lieu


def whom(session: Session, *, member_id: int, at: datetime) -> list[Member]:
    """Whom this member may choose from, by name: seen here now, or met before. NotHereToday."""
    lieu = here_today(session, member_id=member_id, at=at)
    here = naming.nameable(session, member_id=member_id, lieu_id=lieu.id, at=at)
    wanted = (here | _met_before(session, member_id)) - {member_id}
    people = select(Member).where(Member.id.in_(wanted), Member.erased_at.is_(None))
    return list(session.scalars(people.order_by(Member.name, Member.id)))


def _met_before(session: Session, member_id: int) -> set[int]:
    """Both said so once, so the names are known; one's own blocks are one's own to know."""
    rows = session.execute(
        select(Encounter.a_id, Encounter.b_id).where(
            or_(Encounter.a_id == member_id, Encounter.b_id == member_id),
            Encounter.a_confirmed_at.is_not(None),
            Encounter.b_confirmed_at.is_not(None),
            Encounter.denied_at.is_(None),
        )
    )
    mine = session.scalars(select(Block.blocked_id).where(Block.blocker_id == member_id))
    return {end for pair in rows for end in pair} - set(mine)


def tell(
    session: Session,
    *,
    member_id: int,
    other_public_id: str,
    helped: bool,
    at: datetime,
    outcome: str = "",
) -> Encounter:
    """Say that one met somebody of the list, and whether they helped.

    Raises
    ------
    NotHereToday, members.NoSuchMember, encounters.NoSuchOutcome, limits.TooOften
    """
    check_outcome(outcome)
    lieu = here_today(session, member_id=member_id, at=at)
    _spend(session, member_id, at=at)
    for other in whom(session, member_id=member_id, at=at):
        if other.public_id == other_public_id:
            met = _kept(session, lieu, member_id, other, blind=False, at=at)
            return say_so(session, met, member_id=member_id, helped=helped, outcome=outcome, at=at)
    raise members.NoSuchMember()


def tell_by_address(
    session: Session,
    *,
    member_id: int,
    email: str,
    helped: bool,
    at: datetime,
    outcome: str = "",
) -> None:
    """Say that one met whoever has this address: they are asked, if there is such a member.

    It returns nothing, because there is nothing that the teller may learn.

    Raises
    ------
    NotHereToday, members.BadEmail, encounters.NoSuchOutcome, limits.TooOften
    """
    check_outcome(outcome)
    address = members.plain_email(email)
    lieu = here_today(session, member_id=member_id, at=at)
    _spend(session, member_id, at=at)
    other = members.member_with_email(session, address)
    if other is None or other.id == member_id:
        return
    met = _kept(session, lieu, member_id, other, blind=True, at=at)
    say_so(session, met, member_id=member_id, helped=helped, outcome=outcome, at=at)


def _spend(session: Session, member_id: int, *, at: datetime) -> None:
    day = timedelta(days=1)
    limits.spend(session, "tell", str(member_id), most=MOST_A_DAY, within=day, at=at)


def _kept(
    session: Session, lieu: Lieu, member_id: int, other: Member, *, blind: bool, at: datetime
) -> Encounter:
    """Today's encounter of the two, new or told before by either, locked."""
    kept = keep_one(
        session,
        Encounter(
            lieu_id=lieu.id,
            a_id=min(member_id, other.id),
            b_id=max(member_id, other.id),
            told_by_id=member_id,
            told_on=clock.local_date(at, lieu.timezone),
            blind=blind,
            said_at=at,
        ),
    )
    session.refresh(kept, with_for_update=True)
    if kept.told_by_id == member_id and not blind:
        kept.blind = False  # typed at first, and seen by name since
    return kept

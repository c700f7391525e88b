"""Guests: at night, members of other lieux who can help those whom nobody at home fitted.

Only members who share with other lieux, on both sides, and only where somebody can help: chance
introduces people who live under one roof. A guest is never paired with another guest here; their
own lieux do that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from serendipity import consent, introductions, many, needs, phrases, presence, rhythms
from serendipity.consent import Consent
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.needs import Need
from serendipity.phrases import Phrase
from serendipity.skills import MemberSkill
from serendipity.suggestions import gathering
from serendipity.suggestions.gathering import Gathered, Ready

MOST: Final = 100  # guests that one lieu looks at in one night
LOOKED_THROUGH: Final = 2_000  # members among whom they are found; a night costs no more for more


def invited(
    session: Session, *, lieu: Lieu, alone: Mapping[int, Ready], at: datetime, day: date
) -> tuple[Gathered | None, dict[int, int]]:
    """Those alone who share, with guests who could help them or be helped; guest → their lieu."""
    sharing = consent.sharing(session, alone, lieu_id=lieu.id)
    if not sharing:
        return None, {}
    hosts = {one: alone[one] for one in sorted(sharing)}
    wanted = phrases.needed(session, hosts, lieu_id=lieu.id, at=at)
    homes = _found(session, lieu, hosts, wanted, at=at, day=day)
    fit = free(session, homes, at=at, day=day)
    some = [one for one in homes if one in fit][:MOST]
    guests = {one: homes[one] for one in some}
    if not guests:
        return None, {}
    ready = hosts | {one: fit[one] for one in guests}
    for lieu_id in set(guests.values()):
        of_there = [one for one, home in guests.items() if home == lieu_id]
        wanted += phrases.needed(session, of_there, lieu_id=lieu_id, at=at)
    told = gathering.told(
        session,
        ready,
        dict.fromkeys(ready, 1),
        wanted,
        seen=frozenset(),  # nobody is named to somebody from elsewhere
    )
    sides = (frozenset(hosts), frozenset(guests))
    told.people = [_apart(person, sides) for person in told.people]
    return told, guests


def _apart(person: Any, sides: tuple[frozenset[int], frozenset[int]]) -> Any:
    """Hosts meet guests, and nobody of their own side."""
    own = next((side for side in sides if person.id in side), frozenset())
    return replace(person, blocked=person.blocked | (own - {person.id}))


def _found(
    session: Session,
    lieu: Lieu,
    hosts: Collection[int],
    wanted: Iterable[Phrase],
    *,
    at: datetime,
    day: date,
) -> dict[int, int]:
    """Members elsewhere who offer what is needed here or need what is offered here → which lieu."""
    needed = {one.concept_id for one in wanted if one.concept_id}
    offered = {one.concept_id for one in phrases.offered(session, hosts) if one.concept_id}
    if not needed | offered:
        return {}
    here = consent.by_mail_at(session, lieu_id=lieu.id)
    others = {
        one: home for one, home in _looked_through(session, lieu, day).items() if one not in here
    }
    helps = select(MemberSkill.member_id).where(
        many.among(MemberSkill.member_id, others),
        many.among(MemberSkill.concept_id, needed),
        MemberSkill.withdrawn_at.is_(None),
    )
    asks = select(Need.member_id, Need.lieu_id).where(
        many.among(Need.member_id, others),
        many.among(Need.concept_id, offered),
        *needs.is_open(at),
    )
    fit = set(session.scalars(helps))
    fit |= {one for one, home in session.execute(asks) if others[one] == home}
    found = [one for one in others if one in fit]  # as they are looked through tonight
    return {one: others[one] for one in found[: 3 * MOST]}


def _looked_through(session: Session, lieu: Lieu, day: date) -> dict[int, int]:
    """Those who share elsewhere; of a large network others each night, and others for each lieu."""
    last = session.scalar(select(func.max(Consent.member_id))) or 0
    start = (day.toordinal() + lieu.id) * LOOKED_THROUGH % (last + 1)
    return consent.sharing_elsewhere(session, lieu_id=lieu.id, start=start, most=LOOKED_THROUGH)


def free(
    session: Session, homes: Mapping[int, int], *, at: datetime, day: date
) -> dict[int, Ready]:
    """Which of these guests may be introduced this night, asked again before it is written."""
    if not homes:
        return {}
    quiet = (
        rhythms.paused(session, homes)
        | rhythms.resting(session, homes, day=day)
        | introductions.silent(session, homes, at=at)
        | presence.hidden(session, homes, at=at)
    )
    rows = session.execute(
        select(Member.id, Member.languages, Consent.lieu_id)
        .join(Consent, Consent.member_id == Member.id)
        .where(
            many.among(Member.id, set(homes) - quiet),
            Member.email.is_not(None),
            Member.email_confirmed_at.is_not(None),
            or_(Member.paused_until.is_(None), Member.paused_until <= at),
            Consent.by_mail,
            Consent.other_lieux,
        )
    )
    return {
        one: Ready(tuple(languages), None)
        for one, languages, lieu_id in rows
        if homes[one] == lieu_id
    }

"""Gathering: what the engine is told about the people of a lieu, and about nobody else.

Those who may be suggested now are `ready`; their acquaintances come along as names without
skills, so that "you both know" can be seen, and are never suggested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from matching import Asked, Person
from matching import Need as Wanted
from matching import Skill as Offered
from matching import Tie as Met
from serendipity import (
    clock,
    consent,
    introductions,
    many,
    members,
    needs,
    phrases,
    presence,
    rhythms,
    seats,
    skills,
    ties,
)
from serendipity.consent import Consent
from serendipity.db import look_up
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.phrases import Phrase
from serendipity.presence import Presence
from serendipity.suggestions.ideas import SuggestedPair


class Ready(NamedTuple):
    """What a member speaks who may be suggested now, until when they are here (none: by letter)."""

    languages: tuple[str, ...]
    until: datetime | None


_Wanted = needs.Need | Phrase  # by day and by night


@dataclass
class Gathered:
    """Everything a `matching.Community` is built from."""

    people: list[Person]
    ready: dict[int, Ready]
    ties: list[Met]
    asked: list[Asked]
    broader: Broader
    concepts: dict[tuple[int, str, str], str]  # (member, need or skill, words) → concept
    away: Counter[str] = field(default_factory=Counter)  # why → how many
    expected: frozenset[int] = frozenset()  # who reserved a seat for tomorrow


@dataclass(frozen=True)
class Broader:
    """The broader concept of each concept, as `matching` asks a vocabulary."""

    parents: dict[str, str]

    def broader(self, concept_id: str) -> str | None:
        return self.parents.get(concept_id)


def who(
    session: Session, *, lieu: Lieu, kind: str, at: datetime
) -> tuple[dict[int, Ready], Counter[str]]:
    """Who may be suggested now, and how many may not, by why."""
    rows = _present(session, lieu, at) if kind == "day" else _by_letter(session, lieu)
    ready: dict[int, Ready] = {}
    away: Counter[str] = Counter()
    quiet = _quiet(session, [member.id for member, _ in rows], at) if kind == "night" else {}
    for member, stay in rows:
        why = _why_not(member, stay, at) or quiet.get(member.id, "")
        if why:
            away[why] += 1
        else:
            ready[member.id] = Ready(tuple(member.languages), stay.until if stay else None)
    return ready, away


def _present(session: Session, lieu: Lieu, at: datetime) -> list[tuple[Any, Presence | None]]:
    rows = session.execute(
        select(Member, Presence)
        .join(Presence, Presence.member_id == Member.id)
        .where(Presence.lieu_id == lieu.id, Presence.ended_at.is_(None), Presence.until > at)
    )
    return [(member, stay) for member, stay in rows]


_BY_LETTER: Final = (
    select(Member.id, Member.languages, Member.paused_until, Member.email_confirmed_at)
    .join(Consent, Consent.member_id == Member.id)
    .where(Consent.lieu_id == bindparam("lieu_id"), Consent.by_mail, Member.email.is_not(None))
)


def _by_letter(session: Session, lieu: Lieu) -> list[tuple[Any, Presence | None]]:
    """What is asked of a member, and no more: there are thousands."""
    return [(member, None) for member in look_up(session, _BY_LETTER, lieu_id=lieu.id)]


def _quiet(session: Session, ids: Collection[int], at: datetime) -> dict[int, str]:
    """Who of those who want letters wants none now: hidden today, paused, silent for too long."""
    return (
        dict.fromkeys(introductions.silent(session, ids, at=at), "silent")
        | dict.fromkeys(rhythms.paused(session, ids), "paused")
        | dict.fromkeys(presence.hidden(session, ids, at=at), "hidden")
    )


def _why_not(member: Any, stay: Presence | None, at: datetime) -> str:
    """Why this member is left in peace now; nothing if they are not."""
    reasons = {
        "paused": member.paused_until is not None and member.paused_until > at,
        "unconfirmed": stay is None and member.email_confirmed_at is None,
        "declared": stay is not None and stay.confirmed_at is None,
        "hidden": stay is not None and stay.hidden_at is not None,
        "focus": stay is not None and stay.focus_until is not None and stay.focus_until > at,
    }
    return next((why for why, applies in reasons.items() if applies), "")


def gathered(
    session: Session,
    *,
    lieu: Lieu,
    kind: str,
    at: datetime,
    per_person: int,
    day: date | None = None,
) -> Gathered:
    """What the engine needs for a round of this lieu; `day`: the local date of a night."""
    ready, away = who(session, lieu=lieu, kind=kind, at=at)
    if kind == "day":
        open_ones = introductions.how_many_open(session, member_ids=ready, lieu_id=lieu.id, at=at)
        room = {one: max(0, per_person - count) for one, count in open_ones.items()}
        wanted: Iterable[_Wanted] = needs.open_needs(session, lieu_id=lieu.id, at=at)
    else:
        day = day or clock.local_date(at, lieu.timezone)
        resting = rhythms.resting(session, ready, day=day)
        room = {one: 0 if one in resting else per_person for one in ready}
        wanted = phrases.needed(session, ready, lieu_id=lieu.id, at=at)
    seen = consent.seen_by_all(session, lieu_id=lieu.id, at=at)
    found = told(session, ready, room, wanted, seen=frozenset(seen))
    found.away = away
    if day is not None:
        tomorrow = seats.expected(session, lieu_id=lieu.id, day=day + timedelta(days=1))
        found.expected = frozenset(tomorrow.intersection(ready))
    return found


def told(
    session: Session,
    ready: dict[int, Ready],
    room: Mapping[int, int],
    wanted: Iterable[_Wanted],
    *,
    seen: frozenset[int],
) -> Gathered:
    """These people as the engine is told of them.

    Parameters
    ----------
    room : how many suggestions each of them may take
    wanted : their open needs
    seen : who may be named as a shared acquaintance
    """
    known = ties.met(session, ready)
    others = {end for tie in known for end in tie[:2]} - set(ready)
    blocked = _blocked(session, ready)
    said = _said(session, ready, wanted)
    people = [
        _person(
            key, one, cap=room[key], blocked=blocked.get(key, frozenset()), seen=seen, said=said
        )
        for key, one in ready.items()
    ]
    people += [
        Person(other, blocked=blocked.get(other, frozenset()), visible=_visible(other, seen))
        for other in others
    ]
    return Gathered(
        people=people,
        ready=ready,
        ties=[Met(a, b, last_at, "met", trace) for a, b, last_at, trace in known],
        asked=[Asked(*pair) for pair in remembered(session, ready)],
        broader=broader_of(session, said.concepts.values()),
        concepts=said.concepts,
    )


@dataclass(frozen=True)
class _Said:
    skills: dict[int, tuple[Offered, ...]]
    needs: dict[int, tuple[Wanted, ...]]
    concepts: dict[tuple[int, str, str], str]


def _said(session: Session, ready: Collection[int], needed: Iterable[_Wanted]) -> _Said:
    """Skills and open needs, in the words of those who said them."""
    concepts: dict[tuple[int, str, str], str] = {}
    offered: dict[int, tuple[Offered, ...]] = {}
    wanted: dict[int, tuple[Wanted, ...]] = {}
    for skill in phrases.offered(session, ready):
        offered.setdefault(skill.member_id, ())
        offered[skill.member_id] += (Offered(skill.words, skill.concept_id),)
        if skill.concept_id:
            concepts[skill.member_id, "skill", skill.words] = skill.concept_id
    for need in needed:
        if need.member_id in ready:
            wanted.setdefault(need.member_id, ())
            wanted[need.member_id] += (Wanted(need.words, need.concept_id),)
            if need.concept_id:
                concepts[need.member_id, "need", need.words] = need.concept_id
    return _Said(offered, wanted, concepts)


def _person(
    key: int, one: Ready, *, cap: int, blocked: frozenset[int], seen: frozenset[int], said: _Said
) -> Person:
    return Person(
        key,
        skills=said.skills.get(key, ()),
        needs=said.needs.get(key, ()),
        languages=one.languages,
        cap=cap,
        until=one.until,
        blocked=blocked,
        visible=_visible(key, seen),
    )


def _visible(member_id: int, seen: frozenset[Any]) -> bool | frozenset[Any]:
    """To whom this member may be named as a shared acquaintance: who hides sees no names."""
    return seen if member_id in seen else False


def _blocked(session: Session, ids: Iterable[int]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    for a, b in members.blocks_of(session, ids):
        found.setdefault(a, set()).add(b)
    return {one: frozenset(others) for one, others in found.items()}


_REMEMBERED: Final = select(SuggestedPair.a_id, SuggestedPair.b_id, SuggestedPair.at).where(
    many.among(SuggestedPair.a_id, "ids"), many.among(SuggestedPair.b_id, "ids")
)


def remembered(session: Session, ids: Collection[int]) -> Sequence[tuple[int, int, datetime]]:
    """Pairs (a, b) with a < b among these that were suggested before, and when."""
    return look_up(session, _REMEMBERED, ids=ids)


_BROADER: Final = select(skills.Concept.id, skills.Concept.broader_id).where(
    many.among(skills.Concept.id, "ids"), skills.Concept.broader_id.is_not(None)
)


def broader_of(session: Session, concept_ids: Iterable[str | None]) -> Broader:
    """What the kept concepts say about which is broader than which."""
    rows = look_up(session, _BROADER, ids={key for key in concept_ids if key})
    return Broader({key: str(broader) for key, broader in rows})

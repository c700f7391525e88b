"""Gathering: what the engine is told about the people of a lieu, and about nobody else.

Those who may be suggested now are `ready`; their acquaintances come along as names without
skills, so that "you both know" can be seen, and are never suggested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from matching import Asked, Person
from matching import Need as Wanted
from matching import Skill as Offered
from matching import Tie as Met
from serendipity import consent, introductions, members, needs, skills, ties
from serendipity.consent import Consent
from serendipity.introductions import Introduction, Side
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.presence import Presence
from serendipity.suggestions.ideas import SuggestedPair

BETWEEN_LETTERS: Final = timedelta(days=7)


@dataclass(frozen=True)
class Ready:
    """A member who may be suggested now, and until when they are here (none: by letter)."""

    member: Member
    until: datetime | None


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
    for member, stay in rows:
        why = _why_not(member, stay, at)
        if why:
            away[why] += 1
        else:
            ready[member.id] = Ready(member, stay.until if stay else None)
    return ready, away


def _present(session: Session, lieu: Lieu, at: datetime) -> list[tuple[Member, Presence | None]]:
    rows = session.execute(
        select(Member, Presence)
        .join(Presence, Presence.member_id == Member.id)
        .where(Presence.lieu_id == lieu.id, Presence.ended_at.is_(None), Presence.until > at)
    )
    return [(member, stay) for member, stay in rows]


def _by_letter(session: Session, lieu: Lieu) -> list[tuple[Member, Presence | None]]:
    found = session.scalars(
        select(Member)
        .join(Consent, Consent.member_id == Member.id)
        .where(Consent.lieu_id == lieu.id, Consent.by_mail, Member.email.is_not(None))
    )
    return [(member, None) for member in found]


def _why_not(member: Member, stay: Presence | None, at: datetime) -> str:
    """Why this member is left in peace now; nothing if they are not."""
    reasons = {
        "paused": member.paused_until is not None and member.paused_until > at,
        "unconfirmed": stay is None and member.email_confirmed_at is None,
        "declared": stay is not None and stay.confirmed_at is None,
        "hidden": stay is not None and stay.hidden_at is not None,
        "focus": stay is not None and stay.focus_until is not None and stay.focus_until > at,
    }
    return next((why for why, applies in reasons.items() if applies), "")


def gathered(session: Session, *, lieu: Lieu, kind: str, at: datetime, per_person: int) -> Gathered:
    """What the engine needs for a round of this lieu."""
    ready, away = who(session, lieu=lieu, kind=kind, at=at)
    room = _room(session, ready, lieu=lieu, kind=kind, at=at, per_person=per_person)
    known = ties.ties_of(session, ready)
    others = {end for tie in known for end in (tie.a_id, tie.b_id)} - set(ready)
    blocked = _blocked(session, [*ready, *others])
    seen = consent.seen_by_all(session, lieu_id=lieu.id, at=at)
    said = _said(session, lieu, ready, at)
    people = [
        _person(one, room[one.member.id], blocked.get(one.member.id, frozenset()), seen, said)
        for one in ready.values()
    ]
    people += [
        Person(other, blocked=blocked.get(other, frozenset()), visible=_visible(other, seen))
        for other in others
    ]
    return Gathered(
        people=people,
        ready=ready,
        ties=[Met(tie.a_id, tie.b_id, tie.last_at, "met", tie.trace) for tie in known],
        asked=_asked(session, ready),
        broader=broader_of(session, said.concepts.values()),
        concepts=said.concepts,
        away=away,
    )


def _room(
    session: Session,
    ready: Collection[int],
    *,
    lieu: Lieu,
    kind: str,
    at: datetime,
    per_person: int,
) -> dict[int, int]:
    """How many more each may take: three before one's eyes, or one letter a week."""
    if kind == "day":
        open_ones = introductions.how_many_open(session, member_ids=ready, lieu_id=lieu.id, at=at)
        return {one: max(0, per_person - count) for one, count in open_ones.items()}
    had = set(
        session.scalars(
            select(Side.member_id)
            .join(Introduction, Introduction.id == Side.introduction_id)
            .where(Introduction.how == "mail", Introduction.offered_at > at - BETWEEN_LETTERS)
        )
    )
    return {one: 0 if one in had else per_person for one in ready}


@dataclass(frozen=True)
class _Said:
    skills: dict[int, tuple[Offered, ...]]
    needs: dict[int, tuple[Wanted, ...]]
    concepts: dict[tuple[int, str, str], str]


def _said(session: Session, lieu: Lieu, ready: Collection[int], at: datetime) -> _Said:
    """Skills and open needs, in the words of those who said them."""
    concepts: dict[tuple[int, str, str], str] = {}
    offered: dict[int, tuple[Offered, ...]] = {}
    wanted: dict[int, tuple[Wanted, ...]] = {}
    for member_id, held in skills.skills_of(session, ready).items():
        offered[member_id] = tuple(Offered(one.words, one.concept_id) for one in held)
        concepts |= {(member_id, "skill", s.words): s.concept_id for s in held if s.concept_id}
    for need in needs.open_needs(session, lieu_id=lieu.id, at=at):
        if need.member_id in ready:
            wanted.setdefault(need.member_id, ())
            wanted[need.member_id] += (Wanted(need.words, need.concept_id),)
            if need.concept_id:
                concepts[need.member_id, "need", need.words] = need.concept_id
    return _Said(offered, wanted, concepts)


def _person(one: Ready, cap: int, blocked: frozenset[int], seen: set[int], said: _Said) -> Person:
    key = one.member.id
    return Person(
        key,
        skills=said.skills.get(key, ()),
        needs=said.needs.get(key, ()),
        languages=tuple(one.member.languages),
        cap=cap,
        until=one.until,
        blocked=blocked,
        visible=_visible(key, seen),
    )


def _visible(member_id: int, seen: set[int]) -> bool | frozenset[Any]:
    """To whom this member may be named as a shared acquaintance: who hides sees no names."""
    return frozenset(seen) if member_id in seen else False


def _blocked(session: Session, ids: Iterable[int]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    for a, b in members.blocked_pairs(session, ids):
        found.setdefault(a, set()).add(b)
    return {one: frozenset(others) for one, others in found.items()}


def _asked(session: Session, ready: Collection[int]) -> list[Asked]:
    rows = session.scalars(
        select(SuggestedPair).where(
            SuggestedPair.a_id.in_(list(ready)), SuggestedPair.b_id.in_(list(ready))
        )
    )
    return [Asked(pair.a_id, pair.b_id, pair.at) for pair in rows]


def broader_of(session: Session, concept_ids: Iterable[str | None]) -> Broader:
    """What the kept concepts say about which is broader than which."""
    rows = session.execute(
        select(skills.Concept.id, skills.Concept.broader_id).where(
            skills.Concept.id.in_({key for key in concept_ids if key}),
            skills.Concept.broader_id.is_not(None),
        )
    )
    return Broader({key: str(broader) for key, broader in rows})

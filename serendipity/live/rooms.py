"""Rooms: what is going on at a lieu and before each member there, looked up for all in one go.

A look takes a few queries however many people follow: two hundred phones in one lieu cost as much
as one. What it keeps of each member is what their own page would show, and nothing else.

Rules kept here: what a member is told to look at again does not depend on anything that they may
not see; another's answer counts only when all have said yes.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from serendipity import consent, many, members, needs, presence, skills
from serendipity.calls import TURN, Call, CallAsked
from serendipity.encounters import ASKED_FOR, Encounter
from serendipity.introductions import Introduction, Side
from serendipity.presence import Presence
from serendipity.skills import MemberSkill
from serendipity.suggestions import Round

AT_LEAST = 3  # as on the screen at the door: fewer people are not a crowd to be hidden in
Facts = tuple[Any, ...]


@dataclass
class Room:
    """What is going on at one lieu: looked up when it is first asked for, once."""

    session: Session
    lieu_id: int
    at: datetime

    @cached_property
    def how_many(self) -> int:
        return presence.how_many(self.session, lieu_id=self.lieu_id, at=self.at)

    @cached_property
    def seen(self) -> set[int]:
        """Who agreed to be seen here and is not hidden."""
        return consent.seen_by_all(self.session, lieu_id=self.lieu_id, at=self.at)

    @cached_property
    def sitting(self) -> dict[int, Facts]:
        """Who is there and not hidden, with where they sit: told after two yeses only."""
        stays = self.session.execute(
            select(Presence.member_id, Presence.place, Presence.until).where(
                Presence.lieu_id == self.lieu_id,
                Presence.ended_at.is_(None),
                Presence.until > self.at,
                Presence.hidden_at.is_(None),
            )
        )
        return {row[0]: tuple(row) for row in stays}

    @cached_property
    def shown(self) -> dict[int, Facts]:
        """Who may be named there: where they sit, what they offer."""
        offered: dict[int, list[int]] = defaultdict(list)
        for member_id, skill_id in self.session.execute(
            select(MemberSkill.member_id, MemberSkill.id)
            .where(
                many.among(MemberSkill.member_id, self.seen),
                MemberSkill.withdrawn_at.is_(None),
            )
            .order_by(MemberSkill.id)
        ):
            offered[member_id].append(skill_id)
        return {
            one: (self.sitting[one], tuple(offered[one]))
            for one in sorted(self.seen)
            if one in self.sitting
        }

    @cached_property
    def blocked(self) -> set[tuple[int, int]]:
        return members.blocked_pairs(self.session, self.sitting)

    @cached_property
    def door(self) -> Facts:
        """What the screen at the door shows: skills that enough of those seen hold, and needs."""
        concepts, families = skills.held(self.session, self.seen, at_least=AT_LEAST)
        wanted = needs.open_needs(self.session, lieu_id=self.lieu_id, at=self.at)
        chips = sorted((concepts + families).items())
        return chips, [one.id for one in wanted if one.member_id in self.seen]

    @cached_property
    def looked_at(self) -> datetime | None:
        """When the engine last looked."""
        return self.session.scalar(
            select(func.max(Round.at)).where(Round.lieu_id == self.lieu_id, Round.kind == "day")
        )

    @cached_property
    def everybody(self) -> str:
        """Those who may be named, as one number: worked out once for a full room."""
        return hashlib.blake2b(repr(self.shown).encode(), digest_size=9).hexdigest()

    @cached_property
    def _blocking(self) -> set[int]:
        return {one for pair in self.blocked for one in pair}

    def others(self, member_id: int) -> Any:
        """Whom this member sees by name, and what of them: nobody, to one who is not seen."""
        if member_id not in self.seen:
            return ()
        if member_id not in self._blocking:
            return self.everybody
        return [
            (one, facts) for one, facts in self.shown.items() if not self.are_apart(one, member_id)
        ]

    def are_apart(self, one: int, other: int) -> bool:
        return (min(one, other), max(one, other)) in self.blocked

    def whereabouts(self, member_id: int, others: Collection[int]) -> list[Facts]:
        """Where these sit, for one who may know them."""
        return [
            self.sitting[one]
            for one in sorted(others)
            if one in self.sitting and not self.are_apart(one, member_id)
        ]


@dataclass
class Mine:
    """What is before one member."""

    stay: Presence | None = None
    introductions: list[tuple[Facts, int, list[int]]] = field(default_factory=list)
    calls: list[Facts] = field(default_factory=list)
    encounters: list[Facts] = field(default_factory=list)


def before(session: Session, member_ids: Collection[int], *, at: datetime) -> dict[int, Mine]:
    """Look at what is before each of these members."""
    found = {member_id: Mine() for member_id in member_ids}
    if not found:
        return found
    for stay in session.scalars(
        select(Presence).where(
            many.among(Presence.member_id, found),
            Presence.ended_at.is_(None),
            Presence.until > at,
        )
    ):
        found[stay.member_id].stay = stay
    _introductions(session, found, at)
    _calls(session, found, at)
    _encounters(session, found, at)
    return found


def _introductions(session: Session, found: dict[int, Mine], at: datetime) -> None:
    """One's own answer, and whether all said yes: never another's answer by itself."""
    of_theirs = select(Side.introduction_id).where(many.among(Side.member_id, found))
    rows = session.execute(
        select(
            Introduction.id,
            Introduction.lieu_id,
            Introduction.put_forward_at,
            Side.member_id,
            Side.yes_at,
            Side.no_at,
        )
        .join(Side, Side.introduction_id == Introduction.id)
        .where(
            Introduction.id.in_(of_theirs),
            Introduction.withdrawn_at.is_(None),
            Introduction.expires_at > at,
        )
        .order_by(Introduction.id, Side.member_id)
    ).all()
    sides: dict[tuple[int, int, Any], list[tuple[int, Any, Any]]] = defaultdict(list)
    for key, lieu_id, forward_at, member_id, yes_at, no_at in rows:
        sides[key, lieu_id, forward_at].append((member_id, yes_at, no_at))
    for (key, lieu_id, forward_at), some in sides.items():
        agreed = all(yes_at is not None for _, yes_at, _ in some)
        ids = [member_id for member_id, _, _ in some]
        for member_id, yes_at, no_at in some:
            if member_id in found:
                others = [one for one in ids if one != member_id] if agreed else []
                facts = (key, forward_at, yes_at, no_at, agreed)
                found[member_id].introductions.append((facts, lieu_id, others))


def _calls(session: Session, found: dict[int, Mine], at: datetime) -> None:
    open_now = (Call.withdrawn_at.is_(None), Call.expires_at > at)
    asked = session.execute(
        select(CallAsked.member_id, Call.id)
        .join(Call, Call.id == CallAsked.call_id)
        .where(
            many.among(CallAsked.member_id, found),
            CallAsked.yes_at.is_(None),
            CallAsked.no_at.is_(None),
            CallAsked.passed_at.is_(None),
            CallAsked.asked_at > at - TURN,
            *open_now,
        )
        .order_by(Call.id)
    )
    for member_id, key in asked:
        found[member_id].calls.append(("asked", key))
    mine = session.execute(
        select(Call.member_id, Call.id, CallAsked.member_id)
        .outerjoin(CallAsked, (CallAsked.call_id == Call.id) & CallAsked.yes_at.is_not(None))
        .where(many.among(Call.member_id, found), *open_now)
        .order_by(Call.id)
    )
    for asker_id, key, helper_id in mine:
        if asker_id is not None:
            found[asker_id].calls.append(("mine", key, helper_id))


def _encounters(session: Session, found: dict[int, Mine], at: datetime) -> None:
    """What waits for a word: one's own word, and never whether the other has said theirs."""
    rows = session.scalars(
        select(Encounter)
        .where(
            or_(
                many.among(Encounter.a_id, found),
                many.among(Encounter.b_id, found),
            ),
            Encounter.denied_at.is_(None),
            Encounter.said_at > at - ASKED_FOR,
            or_(Encounter.a_confirmed_at.is_(None), Encounter.b_confirmed_at.is_(None)),
        )
        .order_by(Encounter.id)
    )
    for one in rows:
        for member_id in (one.a_id, one.b_id):
            if member_id in found:
                said = one.confirmed_by(member_id) is not None
                found[member_id].encounters.append((one.id, said))

"""Watch: who is here until when and where; who is new, back, alone, waiting or not to be disturbed.

Rules kept here: a concierge sees the names of everybody present at the lieu of their shift, and no
addresses; who did not agree to be seen by others is marked discreet; a stay of another lieu is as
unknown as one that never was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serendipity import arrivals, audit, clock, consent, hours, kept, members, needs, presence
from serendipity.encounters import Encounter
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.presence import NoSuchPresence, Presence
from serendipity.shifts import Shift
from serendipity.ties import Tie

Pair = tuple[int, int]
Sign = Literal["declared", "new", "alone", "back", "waiting", "focus", "here"]

AWAY_LONG = timedelta(weeks=5)
ALONE_AFTER = timedelta(minutes=45)  # somebody who just sat down is not alone yet
WAITS_AFTER = timedelta(minutes=20)
FIRST_VISITS = 2


@dataclass(frozen=True)
class Here:
    """Somebody present, with what a concierge should know before walking up to them."""

    presence: Presence
    member: Member
    at: datetime
    visits: int  # this one included
    away: timedelta  # since the stay before this one
    knows_somebody: bool
    met_today: bool
    need: needs.Need | None
    discreet: bool

    @property
    def in_focus(self) -> bool:
        return self.presence.focus_until is not None and self.presence.focus_until > self.at

    @property
    def alone(self) -> bool:
        """Met nobody today and knows nobody here, and not only just arrived."""
        new_here = self.presence.started_at + ALONE_AFTER > self.at
        return not (self.knows_somebody or self.met_today or new_here)

    @property
    def sign(self) -> Sign:
        """The one thing to know first."""
        signs: dict[Sign, bool] = {
            "declared": self.presence.confirmed_at is None,
            "focus": self.in_focus,
            "new": self.visits <= FIRST_VISITS,
            "alone": self.alone,
            "back": self.away >= AWAY_LONG,
            "waiting": self.need is not None and self.need.said_at + WAITS_AFTER <= self.at,
        }
        return next((sign for sign, true in signs.items() if true), "here")


@dataclass(frozen=True)
class Gathering:
    """Those present and what lies between them; pairs are (smaller id, larger id)."""

    people: list[Here]
    ties: set[Pair]
    met_today: set[Pair]

    def calling_for_attention(self) -> list[Here]:
        """Those with a sign, in the order in which a concierge would go to them."""
        order = ("new", "alone", "back", "waiting", "focus")
        return sorted(
            (one for one in self.people if one.sign in order),
            key=lambda one: order.index(one.sign),
        )


def gathering(session: Session, *, lieu: Lieu, at: datetime) -> Gathering:
    """Everybody here, in order of arrival; a fixed number of queries for any number of people."""
    rows = presence.who_is_here(session, lieu_id=lieu.id, at=at)
    ids = [member.id for _, member in rows]
    met = _met_today(session, ids, lieu=lieu, at=at)
    ties = _ties_among(session, ids)
    before = _stays_before(session, ids, lieu_id=lieu.id)
    wanted = {need.member_id: need for need in needs.open_needs(session, lieu_id=lieu.id, at=at)}
    seen = consent.seen_by_all(session, lieu_id=lieu.id, at=at)
    known = {one for pair in ties for one in pair}
    met_today = {one for pair in met for one in pair}
    people = [
        Here(
            stay,
            member,
            at=at,
            visits=before.count(member.id) + 1,
            away=before.gap(member.id, stay.started_at),
            knows_somebody=member.id in known,
            met_today=member.id in met_today,
            need=wanted.get(member.id),
            discreet=member.id not in seen,
        )
        for stay, member in rows
    ]
    return Gathering(people, ties, met)


def _ties_among(session: Session, ids: Sequence[int]) -> set[Pair]:
    rows = session.execute(select(Tie.a_id, Tie.b_id).where(Tie.a_id.in_(ids), Tie.b_id.in_(ids)))
    return {(a, b) for a, b in rows}


def _met_today(session: Session, ids: Sequence[int], *, lieu: Lieu, at: datetime) -> set[Pair]:
    """Pairs whose encounter became true today: both said so, and the second of them today."""
    midnight, _ = clock.day_bounds(clock.local_date(at, lieu.timezone), lieu.timezone)
    rows = session.execute(
        select(Encounter.a_id, Encounter.b_id).where(
            Encounter.lieu_id == lieu.id,
            Encounter.a_id.in_(ids),
            Encounter.b_id.in_(ids),
            Encounter.a_confirmed_at.is_not(None),
            Encounter.b_confirmed_at.is_not(None),
            (Encounter.a_confirmed_at >= midnight) | (Encounter.b_confirmed_at >= midnight),
        )
    )
    return {(a, b) for a, b in rows}


@dataclass(frozen=True)
class _Before:
    """Member id → how many stays here are over, and when the last of them ended."""

    stays: dict[int, tuple[int, datetime]]

    def count(self, member_id: int) -> int:
        return self.stays[member_id][0] if member_id in self.stays else 0

    def gap(self, member_id: int, until: datetime) -> timedelta:
        return until - self.stays[member_id][1] if member_id in self.stays else timedelta(0)


def _stays_before(session: Session, ids: Sequence[int], *, lieu_id: int) -> _Before:
    rows = session.execute(
        select(Presence.member_id, func.count(), func.max(Presence.ended_at))
        .where(
            Presence.lieu_id == lieu_id,
            Presence.member_id.in_(ids),
            Presence.ended_at.is_not(None),
        )
        .group_by(Presence.member_id)
    )
    return _Before({member_id: (count, last) for member_id, count, last in rows if last})


def confirm_stay(session: Session, *, shift: Shift, public_id: str, at: datetime) -> Presence:
    """The person is really here: the concierge sees them.

    Raises
    ------
    presence.NoSuchPresence
        No open stay with this id at the lieu of the shift.
    """
    stay = presence.confirm(session, presence_id=_stay(session, shift, public_id).id, at=at)
    _trace(session, shift, "confirmed-stay", stay, at=at)
    return stay


def vouch(session: Session, *, shift: Shift, public_id: str, at: datetime) -> Presence:
    """The person who only declared, without a code, is really here.

    Raises
    ------
    arrivals.NoSuchDeclaration
        None with this id at the lieu of the shift.
    """
    stay = arrivals.vouch(session, public_id=public_id, lieu_id=shift.lieu_id, at=at)
    _trace(session, shift, "confirmed-stay", stay, at=at)
    return stay


def vouch_kept(session: Session, *, shift: Shift, public_id: str, at: datetime) -> Presence:
    """The person whose check-in a kiosk kept, and whom the concierge sees, is really here.

    Raises
    ------
    kept.NoSuchKeptCheckIn
        None with this id at the lieu of the shift.
    """
    stay = kept.vouch(session, public_id=public_id, lieu_id=shift.lieu_id, at=at)
    _trace(session, shift, "confirmed-stay", stay, at=at)
    return stay


def note_kept(session: Session, *, shift: Shift, public_id: str, at: datetime) -> None:
    """A check-in that a kiosk kept needs nothing more.

    Raises
    ------
    kept.NoSuchKeptCheckIn
        None with this id at the lieu of the shift.
    """
    kept.settle(session, public_id=public_id, lieu_id=shift.lieu_id, at=at)


def check_in(
    session: Session,
    *,
    shift: Shift,
    name: str,
    email: str,
    skills: Sequence[str],
    need: str,
    language: str,
    at: datetime,
    until: datetime | None = None,
) -> tuple[Presence, bool]:
    """Check in somebody without a phone, until closing time unless said; whether they were known.

    Seeing a person proves no address: whoever was a member before gets the stay, and nothing
    typed here touches what they said of themselves.

    Raises
    ------
    members.BadEmail, words.*, skills.TooManySkills, presence.BadUntil
        Nothing was recorded.
    """
    lieu = session.get_one(Lieu, shift.lieu_id)
    known = members.member_with_email(session, members.plain_email(email))
    stay = arrivals.arrive(
        session,
        lieu=lieu,
        member=known,
        email=email,
        name=name,
        skills=None if known else skills,
        need="" if known else need,
        until=until or hours.closing(session, lieu=lieu, at=at),
        how_in="concierge",
        language=language,
        at=at,
        confirmed=True,
    )
    _trace(session, shift, "checked-in", stay, at=at)
    return stay, known is not None


def check_out(session: Session, *, shift: Shift, public_id: str, at: datetime) -> Presence:
    """End the stay of somebody who left without saying so.

    Raises
    ------
    presence.NoSuchPresence
        No open stay with this id at the lieu of the shift.
    """
    stay = _stay(session, shift, public_id)
    presence.leave(session, member_id=stay.member_id, at=at, how_out="concierge")
    _trace(session, shift, "checked-out", stay, at=at)
    return stay


def _stay(session: Session, shift: Shift, public_id: str) -> Presence:
    stay = session.scalar(
        select(Presence).where(
            Presence.public_id == public_id,
            Presence.lieu_id == shift.lieu_id,
            Presence.ended_at.is_(None),
        )
    )
    if stay is None:
        raise NoSuchPresence()
    return stay


def _trace(session: Session, shift: Shift, what: str, stay: Presence, *, at: datetime) -> None:
    audit.record(
        session,
        actor_id=shift.member_id,
        what=what,
        concerns_id=stay.member_id,
        lieu_id=shift.lieu_id,
        facts={"presence": stay.public_id},
        at=at,
    )

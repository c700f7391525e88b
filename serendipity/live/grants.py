"""A grant: who may follow what, as the web process decided it, and whether that still holds.

The web process answers a request for a stream as it answers any other, and writes down what it
allowed. The live process asks for every event whether it would be allowed again: a session that
was ended, a stay, a shift or a booking that is over, a screen that was taken away.

Rules kept here: a grant is checked anew before each event; what no longer holds ends, and is not
told why.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from serendipity import many, skillmap
from serendipity.bookings import Booking
from serendipity.db import look_up
from serendipity.kiosks import Kiosk
from serendipity.members import Member
from serendipity.organisations import OrganisationMember
from serendipity.presence import Presence
from serendipity.shifts import Shift

# lieu: what its public page tells; house: what its screen at the door tells as well, for who is
# there; me: what is on my own page; desk: the concierge's; booking: the map of a booked room.
What = Literal["lieu", "house", "me", "desk", "booking"]


class Topic(NamedTuple):
    """What is followed. Two streams with one topic are told the same."""

    what: What
    id: int  # of a lieu, a member or a booking
    language: str


class Grant(NamedTuple):
    """Somebody may follow a topic."""

    what: What
    id: int
    language: str
    member_id: int | None = None
    epoch: int = 0  # of the member's session
    kiosk_id: int | None = None

    @property
    def topic(self) -> Topic:
        return Topic(self.what, self.id, self.language)


def from_json(said: dict[str, object]) -> Grant:
    return Grant(**said)  # type: ignore[arg-type]


Holds = Callable[[Session, "list[Grant]", datetime], "set[Grant]"]


def holding(session: Session, grants: Collection[Grant], *, at: datetime) -> set[Grant]:
    """Those of these grants that would be given again now; a few queries, however many they are."""
    kinds: dict[What, list[Grant]] = defaultdict(list)
    sessions = _sessions(session, {one.member_id for one in grants if one.member_id})
    for one in grants:
        if one.member_id is None or sessions.get(one.member_id) == one.epoch:
            kinds[one.what].append(one)
    held: set[Grant] = set()
    for what, some in kinds.items():
        held |= RULES[what](session, some, at)
    return held


def _sessions(session: Session, member_ids: set[int]) -> dict[int, int]:
    """Member → the epoch in which a session of theirs counts; nobody who was erased."""
    wanted = many.among(Member.id, member_ids)
    epochs = select(Member.id, Member.session_epoch).where(wanted, Member.erased_at.is_(None))
    return dict(look_up(session, epochs))


def _always(_session: Session, grants: list[Grant], _at: datetime) -> set[Grant]:
    """What anybody may see, and one's own page."""
    return set(grants)


def _in_the_house(session: Session, grants: list[Grant], at: datetime) -> set[Grant]:
    """Who is checked in there or has the shift; and the screens at its door."""
    lieu_ids = {one.id for one in grants}
    there = _checked_in(session, lieu_ids, at)
    held = {one for one in grants if (one.member_id, one.id) in there}
    others = [one for one in grants if one not in held]
    screens = {one.id for one in others if one.kiosk_id is not None}
    hung = _hung(session, screens) if screens else set()
    return (
        held
        | {one for one in others if (one.kiosk_id, one.id) in hung}
        | _at_the_desk(session, [one for one in others if one.member_id is not None], at)
    )


Pairs = set[tuple[int | None, int]]  # somebody and a lieu


def _checked_in(session: Session, lieu_ids: set[int], at: datetime) -> Pairs:
    return _pairs(
        session,
        select(Presence.member_id, Presence.lieu_id).where(
            Presence.lieu_id.in_(lieu_ids), Presence.ended_at.is_(None), Presence.until > at
        ),
    )


def _hung(session: Session, lieu_ids: set[int]) -> Pairs:
    return _pairs(
        session,
        select(Kiosk.id, Kiosk.lieu_id).where(
            Kiosk.lieu_id.in_(lieu_ids), Kiosk.token_hash.is_not(None), Kiosk.revoked_at.is_(None)
        ),
    )


def _on_shift(session: Session, lieu_ids: set[int], at: datetime) -> Pairs:
    return _pairs(
        session,
        select(Shift.member_id, Shift.lieu_id).where(
            Shift.lieu_id.in_(lieu_ids),
            Shift.ended_at.is_(None),
            Shift.started_at <= at,
            Shift.until > at,
        ),
    )


def _pairs(session: Session, asked: Select[int, int]) -> Pairs:
    """Plain tuples: to look for one among two thousand rows takes longer than to find the rows."""
    return {(who, lieu_id) for who, lieu_id in look_up(session, asked)}


def _at_the_desk(session: Session, grants: list[Grant], at: datetime) -> set[Grant]:
    """Who has the shift."""
    if not grants:
        return set()
    held = _on_shift(session, {one.id for one in grants}, at)
    return {one for one in grants if (one.member_id, one.id) in held}


def _in_the_room(session: Session, grants: list[Grant], at: datetime) -> set[Grant]:
    """Who belongs to the organisation that has the room now."""
    rows = session.execute(
        select(Booking, OrganisationMember.member_id)
        .join(OrganisationMember, OrganisationMember.organisation_id == Booking.organisation_id)
        .where(Booking.id.in_({one.id for one in grants}))
        .execution_options(populate_existing=True)
    )
    held = {(member_id, booking.id) for booking, member_id in rows if _is_open(booking, at)}
    return {one for one in grants if (one.member_id, one.id) in held}


def _is_open(booking: Booking, at: datetime) -> bool:
    try:
        skillmap.refuse_unless_open(booking, at=at)
    except skillmap.MapClosed:
        return False
    return True


RULES: dict[What, Holds] = {
    "lieu": _always,
    "house": _in_the_house,
    "me": _always,
    "desk": _at_the_desk,
    "booking": _in_the_room,
}


def message(grant: Grant, *, who: str, most: int, since: str) -> bytes:
    """A grant on its way to the live process: with who is counted, and what they have seen."""
    said = {"grant": grant._asdict(), "who": who, "most": most, "since": since}
    return json.dumps(said).encode()

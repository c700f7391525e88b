"""Absences: a booked room that nobody comes to is warned about, then let go.

Rules kept here: that somebody came is known when one of the organisation says so from the booking's
page, when one of them is checked in at the lieu, or when the concierge says so. Five minutes after
the start who booked is warned, once; after `Room.no_show_minutes` what is left of the interval goes
to others. The price stays due, and who comes late has the room back while it is free.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import organisations, slots
from serendipity.bookings import letters, waiting
from serendipity.bookings.booking import Booking, NotYours
from serendipity.bookings.quotes import RoomTaken
from serendipity.errors import Refused
from serendipity.lieux import Lieu
from serendipity.organisations import Organisation, OrganisationMember
from serendipity.presence import Presence
from serendipity.rooms import Room

BEFORE: Final = timedelta(minutes=30)  # who arrives so long before has come
WARN_AFTER: Final = timedelta(minutes=5)
REMIND_BEFORE: Final = timedelta(hours=24)


class NotItsTime(Refused):
    """It has not begun, or is over, or is not booked. Facts: booking, starts_at, ends_at."""


def come(
    session: Session, *, public_id: str, organisation_id: int, member_id: int, at: datetime
) -> Booking:
    """We are here. Whoever sees the organisation's bookings may say so.

    Raises
    ------
    NotYours, NotItsTime, RoomTaken, organisations.RoleTooSmall
    """
    organisations.refuse_unless_may(
        session, organisation_id=organisation_id, member_id=member_id, role="see"
    )
    mine = Booking.organisation_id == organisation_id
    return _come(session, _locked(session, public_id, mine), at=at)


def seen(session: Session, *, lieu_id: int, public_id: str, at: datetime) -> Booking:
    """They are here, says the lieu. NotYours, NotItsTime, RoomTaken"""
    here = Booking.room_id.in_(select(Room.id).where(Room.lieu_id == lieu_id))
    return _come(session, _locked(session, public_id, here), at=at)


def _locked(session: Session, public_id: str, whose: object) -> Booking:
    booking: Booking | None = session.scalar(
        select(Booking)
        .where(Booking.public_id == public_id, whose)  # type: ignore[arg-type]
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if booking is None:
        raise NotYours()
    return booking


def _come(session: Session, booking: Booking, *, at: datetime) -> Booking:
    if not can_come(booking, at):
        raise NotItsTime(
            booking=booking.public_id, starts_at=booking.starts_at, ends_at=booking.ends_at
        )
    if booking.released_at is not None:
        _have_back(session, booking, at=at)
    booking.came_at = booking.came_at or at
    session.flush()
    return booking


def can_come(booking: Booking, at: datetime) -> bool:
    """Whether it is their time: half an hour before the start until the end."""
    standing = booking.confirmed_at is not None and booking.cancelled_at is None
    return standing and booking.starts_at - BEFORE <= at < booking.ends_at


def _have_back(session: Session, booking: Booking, *, at: datetime) -> None:
    """What is left of the interval, if nobody else has it by now."""
    try:
        slots.occupy(
            session,
            room_id=booking.room_id,
            booking_id=booking.id,
            wanted=slots.between(max(at, booking.starts_at), booking.ends_at),
            held_until=None,
            at=at,
        )
    except slots.SlotTaken as error:
        room = session.get_one(Room, booking.room_id)
        raise RoomTaken(
            room=room.slug, starts_at=booking.starts_at, ends_at=booking.ends_at, alternatives=[]
        ) from error
    booking.released_at = None


# --- jobs -----------------------------------------------------------------------------------


def warn_absent(session: Session, *, at: datetime) -> int:
    """Write to who booked a room that has begun and that nobody came to; how many."""
    late = _late(session, Booking.warned_at.is_(None), at=at)
    for booking, _ in late:
        booking.warned_at = at
        session.flush()
        letters.hurry(session, booking, what="absent", at=at)
    return len(late)


def release_no_shows(session: Session, *, at: datetime) -> int:
    """Let go of what is left of rooms nobody came to, once they were warned; how many.

    A warning that was not sent in time (the worker was down) comes first, and the room waits for
    what was promised in it.
    """
    let_go = 0
    for booking, room in _late(session, Booking.warned_at.is_not(None), at=at):
        allowed = timedelta(minutes=room.no_show_minutes)
        warned = booking.warned_at or at
        if at >= max(booking.starts_at + allowed, warned + allowed - WARN_AFTER):
            _release(session, booking, at=at)
            let_go += 1
    return let_go


def _release(session: Session, booking: Booking, *, at: datetime) -> None:
    first = slots.between(booking.starts_at, at).stop  # the quarter that runs stays theirs
    freed = [slot for slot in slots.held_by(session, booking_id=booking.id) if slot >= first]
    slots.release_from(session, booking_id=booking.id, first=first)
    booking.released_at = at
    session.flush()
    letters.owe(session, booking, what="released", at=at)
    waiting.offer(session, room_id=booking.room_id, freed=freed, at=at)


def _late(session: Session, which: object, *, at: datetime) -> list[tuple[Booking, Room]]:
    """Booked, begun some minutes ago, nobody known to have come; those who did are noted."""
    rows = session.execute(
        select(Booking, Room)
        .join(Room, Room.id == Booking.room_id)
        .where(
            Booking.starts_at <= at - WARN_AFTER,
            Booking.starts_at > at - timedelta(days=1),
            Booking.ends_at > at,
            Booking.confirmed_at.is_not(None),
            Booking.cancelled_at.is_(None),
            Booking.released_at.is_(None),
            Booking.came_at.is_(None),
            Room.no_show_minutes > 0,
            which,  # type: ignore[arg-type]
        )
        .order_by(Booking.id)
        .with_for_update(skip_locked=True, of=Booking)
    ).all()
    return [
        (booking, room) for booking, room in rows if not _are_checked_in(session, booking, room, at)
    ]


def _are_checked_in(session: Session, booking: Booking, room: Room, at: datetime) -> bool:
    """Whether one of the organisation is, or was since, in the house; then they came."""
    since = session.scalar(
        select(Presence.started_at)
        .join(OrganisationMember, OrganisationMember.member_id == Presence.member_id)
        .where(
            OrganisationMember.organisation_id == booking.organisation_id,
            Presence.lieu_id == room.lieu_id,
            Presence.started_at <= at,
            Presence.ended_at.is_(None) | (Presence.ended_at > booking.starts_at - BEFORE),
        )
        .limit(1)
    )
    if since is not None:
        booking.came_at = max(since, booking.starts_at - BEFORE)
        session.flush()
    return since is not None


def owe_reminders(session: Session, *, at: datetime) -> int:
    """Remind of what begins within a day; what was booked later than that needs none."""
    coming = session.scalars(
        select(Booking)
        .where(
            Booking.starts_at > at,
            Booking.starts_at <= at + REMIND_BEFORE,
            Booking.confirmed_at.is_not(None),
            Booking.cancelled_at.is_(None),
            Booking.reminded_at.is_(None),
        )
        .order_by(Booking.id)
        .with_for_update(skip_locked=True)
    ).all()
    owed = 0
    for booking in coming:
        booking.reminded_at = at
        session.flush()
        booked = booking.confirmed_at or at
        if booked <= booking.starts_at - REMIND_BEFORE:
            letters.remind(session, booking, at=at)
            owed += 1
    return owed


def today(
    session: Session, *, lieu_id: int, since: datetime, until: datetime
) -> list[tuple[Booking, Room, Organisation]]:
    """What is booked at a lieu in this interval, for its concierge; earliest first."""
    rows = session.execute(
        select(Booking, Room, Organisation)
        .join(Room, Room.id == Booking.room_id)
        .join(Organisation, Organisation.id == Booking.organisation_id)
        .join(Lieu, Lieu.id == Room.lieu_id)
        .where(
            Room.lieu_id == lieu_id,
            Booking.starts_at < until,
            Booking.ends_at > since,
            Booking.confirmed_at.is_not(None),
            Booking.cancelled_at.is_(None),
        )
        .order_by(Booking.starts_at, Room.name)
    )
    return [(booking, room, organisation) for booking, room, organisation in rows]

"""Approvals: rooms whose bookings the lieu answers.

Asking keeps the room until the lieu has answered: two days at most, and not longer than the start.
A yes books it, on invoice; a no, or silence, lets it go. Who asked is told each time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import slots
from serendipity.bookings import changes, letters, placing, waiting
from serendipity.bookings.booking import AlreadyCancelled, Booking, NotWaiting, NotYours
from serendipity.organisations import Organisation
from serendipity.rooms import Room

ANSWER_WITHIN: Final = timedelta(hours=48)


def ask_for_yes(
    session: Session, *, public_id: str, organisation_id: int, member_id: int, at: datetime
) -> Booking:
    """Ask the lieu for its yes to what is held; asking again changes nothing.

    Raises
    ------
    NotYours, HoldExpired, AlreadyCancelled, organisations.RoleTooSmall
    """
    booking = placing.to_change(session, public_id, organisation_id, member_id)
    if booking.cancelled_at is not None:
        raise AlreadyCancelled(booking=public_id, cancelled_at=booking.cancelled_at)
    if booking.asked_at is not None or booking.confirmed_at is not None:
        return booking
    until = min(at + ANSWER_WITHIN, booking.starts_at)
    placing.keep(session, booking, held_until=until, at=at)
    booking.asked_at, booking.hold_expires_at = at, until
    session.flush()
    letters.owe(session, booking, what="asked", at=at)
    return booking


def approve(session: Session, *, lieu_id: int, public_id: str, at: datetime) -> Booking:
    """The lieu's yes: the room is booked. Saying so again changes nothing.

    Raises
    ------
    NotYours, NotWaiting, HoldExpired
    """
    booking = _asked(session, lieu_id, public_id)
    if booking.approved_at is not None and booking.cancelled_at is None:
        return booking
    if booking.cancelled_at is not None:
        raise NotWaiting(booking=public_id)
    booking.approved_at = at
    session.flush()
    return changes.confirm(
        session,
        public_id=public_id,
        organisation_id=booking.organisation_id,
        member_id=booking.booked_by_id,
        at=at,
    )


def turn_down(session: Session, *, lieu_id: int, public_id: str, at: datetime) -> Booking:
    """The lieu's no: the room is free again, and nothing is due. NotYours, NotWaiting."""
    booking = _asked(session, lieu_id, public_id)
    if booking.confirmed_at is not None or booking.cancelled_at is not None:
        raise NotWaiting(booking=public_id)
    return _let_go(session, booking, what="declined", at=at)


def lapse_asked(session: Session, *, at: datetime) -> int:
    """Let go of what the lieu did not answer in time; how many there were."""
    silent = session.scalars(
        select(Booking)
        .where(
            Booking.asked_at.is_not(None),
            Booking.confirmed_at.is_(None),
            Booking.cancelled_at.is_(None),
            Booking.hold_expires_at <= at,
        )
        .order_by(Booking.id)
        .with_for_update(skip_locked=True)
    ).all()
    for booking in silent:
        _let_go(session, booking, what="unanswered", at=at)
    return len(silent)


def waiting_for_yes(
    session: Session, *, lieu_id: int, at: datetime
) -> list[tuple[Booking, Room, Organisation]]:
    """What the lieu is asked for, the most urgent first."""
    rows = session.execute(
        select(Booking, Room, Organisation)
        .join(Room, Room.id == Booking.room_id)
        .join(Organisation, Organisation.id == Booking.organisation_id)
        .where(
            Room.lieu_id == lieu_id,
            Booking.asked_at.is_not(None),
            Booking.confirmed_at.is_(None),
            Booking.cancelled_at.is_(None),
            Booking.hold_expires_at > at,
        )
        .order_by(Booking.hold_expires_at, Booking.id)
    )
    return [(booking, room, organisation) for booking, room, organisation in rows]


def _asked(session: Session, lieu_id: int, public_id: str) -> Booking:
    """The booking that this lieu is asked for, locked; another lieu's is none."""
    booking = session.scalar(
        select(Booking)
        .join(Room, Room.id == Booking.room_id)
        .where(Booking.public_id == public_id, Room.lieu_id == lieu_id)
        .with_for_update(of=Booking)
        .execution_options(populate_existing=True)
    )
    if booking is None:
        raise NotYours()
    if booking.asked_at is None:
        raise NotWaiting(booking=public_id)
    return booking


def _let_go(session: Session, booking: Booking, *, what: str, at: datetime) -> Booking:
    freed = slots.held_by(session, booking_id=booking.id)
    slots.release(session, booking_id=booking.id)
    booking.cancelled_at = at
    session.flush()
    letters.owe(session, booking, what=what, at=at)
    waiting.offer(session, room_id=booking.room_id, freed=freed, at=at)
    return booking

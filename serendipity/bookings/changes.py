"""What can be done with a booking: hold, hold longer, confirm, move, cancel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from serendipity import organisations, rooms, slots
from serendipity.bookings import letters, waiting
from serendipity.bookings.booking import (
    AlreadyCancelled,
    AlreadyLonger,
    AlreadySettled,
    AlreadyStarted,
    Booking,
    HoldExpired,
    NeedsYes,
    NotCancelled,
    TooLateToMove,
    TooManyHolds,
    is_booked,
    is_held,
)
from serendipity.bookings.placing import keep, occupy, place, to_change
from serendipity.bookings.quotes import quote
from serendipity.db import look_up
from serendipity.rooms import Room

HOLD = timedelta(minutes=10)
MOST_HOLDS = 3

Changed = Callable[[Session, Booking, datetime], None]
_followers: Final[list[Changed]] = []


def at_change(hook: Changed) -> Changed:
    """Have this called, in the same transaction, whenever a booking was confirmed, moved, cancelled
    or brought back: for what follows from a booking and is no part of it, such as its invoice."""
    _followers.append(hook)
    return hook


def hold(
    session: Session,
    *,
    room: Room,
    organisation_id: int,
    member_id: int,
    starts_at: datetime,
    ends_at: datetime,
    people: int,
    at: datetime,
) -> Booking:
    """Keep a room for ten minutes while its price and rule are read.

    Raises
    ------
    What `quote` raises; and
    RoomTaken
        With alternatives on the same day.
    TooManyHolds, organisations.RoleTooSmall, organisations.NoSuchOrganisation
    """
    organisations.refuse_unless_may(
        session, organisation_id=organisation_id, member_id=member_id, role="book"
    )
    quoted = quote(
        session,
        room=room,
        starts_at=starts_at,
        ends_at=ends_at,
        people=people,
        at=at,
        organisation_id=organisation_id,
    )
    _refuse_if_holding_too_many(session, organisation_id, at)
    who = {"organisation_id": organisation_id, "member_id": member_id}
    return place(session, quoted=quoted, **who, held_until=at + HOLD, at=at)


def hold_longer(
    session: Session, *, public_id: str, organisation_id: int, member_id: int, at: datetime
) -> Booking:
    """Ten minutes more, once.

    Raises
    ------
    NotYours, HoldExpired, AlreadyLonger, organisations.RoleTooSmall
    """
    booking = to_change(session, public_id, organisation_id, member_id)
    if booking.confirmed_at is not None or booking.cancelled_at is not None:
        raise HoldExpired(booking=public_id)
    if booking.hold_expires_at > booking.held_at + HOLD:
        raise AlreadyLonger(until=booking.hold_expires_at)
    longer = booking.held_at + 2 * HOLD
    keep(session, booking, held_until=longer, at=at)
    booking.hold_expires_at = longer
    session.flush()
    return booking


def confirm(
    session: Session, *, public_id: str, organisation_id: int, member_id: int, at: datetime
) -> Booking:
    """Book for good, on invoice; once more changes nothing.

    Raises
    ------
    NotYours, HoldExpired, AlreadyCancelled, NeedsYes, organisations.RoleTooSmall
    """
    booking = to_change(session, public_id, organisation_id, member_id)
    if booking.confirmed_at is not None and booking.cancelled_at is None:
        return booking
    confirm_locked(session, booking, at=at)
    letters.owe_confirmed(session, [booking], at=at)
    return booking


def confirm_locked(session: Session, booking: Booking, *, at: datetime) -> None:
    """Book on invoice what the caller has locked, and writes of.

    Raises
    ------
    HoldExpired, AlreadyCancelled, NeedsYes
    """
    _refuse_if_cancelled(booking)
    _refuse_without_yes(session, booking)
    _book(session, booking, at=at)


def hold_until(session: Session, *, booking: Booking, until: datetime, at: datetime) -> Booking:
    """Keep what is held at least until then, for as long as somebody is paying for it.

    Raises
    ------
    HoldExpired, NeedsYes
    """
    if not is_held(booking, at):
        raise HoldExpired(booking=booking.public_id)
    _refuse_without_yes(session, booking)
    until = max(until, booking.hold_expires_at)
    keep(session, booking, held_until=until, at=at)
    booking.hold_expires_at = until
    session.flush()
    return booking


def confirm_paid(session: Session, *, booking: Booking, at: datetime) -> Booking:
    """Book for good what has been paid by card; the caller has locked it, and writes of it.

    Raises
    ------
    HoldExpired, AlreadyCancelled
        The money came too late, and goes back.
    """
    if not is_booked(booking):
        _refuse_if_cancelled(booking)
        booking.payment = "card"
        _book(session, booking, at=at)
    return booking


def move(
    session: Session,
    *,
    public_id: str,
    organisation_id: int,
    member_id: int,
    starts_at: datetime,
    ends_at: datetime,
    at: datetime,
    room: Room | None = None,
    people: int | None = None,
) -> Booking:
    """Have the room (or another of the same lieu) at another time, at that time's price.

    The old quarters are let go and the new ones taken together or not at all.

    Raises
    ------
    What `quote` raises, RoomTaken; and
    NotYours, AlreadyCancelled, AlreadyStarted, TooLateToMove, HoldExpired, NeedsYes,
    organisations.RoleTooSmall
    """
    booking = to_change(session, public_id, organisation_id, member_id)
    _refuse_if_cancelled(booking)
    if booking.confirmed_at is None:
        raise HoldExpired(booking=public_id)
    _refuse_if_started(booking, at)
    if at >= booking.free_until:
        raise TooLateToMove(booking=public_id, free_until=booking.free_until)
    room = _room_for_move(session, booking, room)
    if room.needs_yes:
        raise NeedsYes(booking=public_id, room=room.slug)
    quoted = quote(
        session,
        room=room,
        starts_at=starts_at,
        ends_at=ends_at,
        people=people or booking.people,
        at=at,
        organisation_id=organisation_id,
    )
    left, freed = booking.room_id, slots.held_by(session, booking_id=booking.id)
    with session.begin_nested():
        slots.release(session, booking_id=booking.id)
        booking.room_id, booking.people = room.id, quoted.people
        booking.starts_at, booking.ends_at = starts_at, ends_at
        booking.net_cents, booking.vat_cents = quoted.price.net_cents, quoted.price.vat_cents
        booking.vat_points = room.vat_points
        booking.sequence += 1
        session.flush()
        occupy(session, booking, quoted, held_until=None, at=at)
    _tell(session, booking, what="moved", at=at)
    waiting.offer(session, room_id=left, freed=freed, at=at)
    return booking


def cancel(
    session: Session, *, public_id: str, organisation_id: int, member_id: int, at: datetime
) -> Booking:
    """Let the room go, a hold as well as a booking; what is then due is `due(booking)`.

    Raises
    ------
    NotYours, AlreadyStarted, organisations.RoleTooSmall
    """
    booking = to_change(session, public_id, organisation_id, member_id)
    if booking.cancelled_at is not None:
        return booking
    if booking.confirmed_at is not None:
        _refuse_if_started(booking, at)
    freed = slots.held_by(session, booking_id=booking.id)
    slots.release(session, booking_id=booking.id)
    booking.cancelled_at = at
    booking.sequence += 1
    session.flush()
    if booking.confirmed_at is not None:
        _tell(session, booking, what="cancelled", at=at)
    waiting.offer(session, room_id=booking.room_id, freed=freed, at=at)
    return booking


def bring_back(
    session: Session, *, public_id: str, organisation_id: int, member_id: int, at: datetime
) -> Booking:
    """Undo a cancelling, at the price and under the rule of before, while the room is still free.

    Raises
    ------
    NotYours, NotCancelled, AlreadyStarted, AlreadySettled, RoomTaken, OutsideHours,
    organisations.RoleTooSmall
    """
    booking = to_change(session, public_id, organisation_id, member_id)
    if booking.cancelled_at is None or booking.confirmed_at is None:
        raise NotCancelled(booking=public_id)
    _refuse_if_started(booking, at)
    if booking.payment != "invoice":
        raise AlreadySettled(booking=public_id)
    quoted = quote(
        session,
        room=session.get_one(Room, booking.room_id),
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        people=booking.people,
        at=at,
    )
    with session.begin_nested():
        occupy(session, booking, quoted, held_until=None, at=at)
        booking.cancelled_at = None
        booking.sequence += 1
        session.flush()
    _tell(session, booking, what="restored", at=at)
    return booking


# --- parts of the verbs ---------------------------------------------------------------------


def _book(session: Session, booking: Booking, *, at: datetime) -> None:
    keep(session, booking, held_until=None, at=at)
    booking.confirmed_at = at
    session.flush()
    _follow(session, booking, at)


def _tell(session: Session, booking: Booking, *, what: str, at: datetime) -> None:
    """The letters of a change, and whatever else follows from it."""
    letters.owe(session, booking, what=what, at=at)
    _follow(session, booking, at)


def _follow(session: Session, booking: Booking, at: datetime) -> None:
    for hook in _followers:
        hook(session, booking, at)


def _room_for_move(session: Session, booking: Booking, wanted: Room | None) -> Room:
    room = session.get_one(Room, booking.room_id)
    if wanted is None:
        return room
    if wanted.lieu_id != room.lieu_id:
        raise rooms.NoSuchRoom(room=wanted.slug)
    return wanted


_HOLDING: Final = select(Booking.id).where(
    Booking.organisation_id == bindparam("organisation_id"),
    Booking.confirmed_at.is_(None),
    Booking.cancelled_at.is_(None),
    Booking.hold_expires_at > bindparam("at"),
)


def _refuse_if_holding_too_many(session: Session, organisation_id: int, at: datetime) -> None:
    if len(look_up(session, _HOLDING, organisation_id=organisation_id, at=at)) >= MOST_HOLDS:
        raise TooManyHolds(most=MOST_HOLDS)


def _refuse_without_yes(session: Session, booking: Booking) -> None:
    room = session.get_one(Room, booking.room_id)
    if room.needs_yes and booking.approved_at is None:
        raise NeedsYes(booking=booking.public_id, room=room.slug)


def _refuse_if_cancelled(booking: Booking) -> None:
    if booking.cancelled_at is not None:
        raise AlreadyCancelled(booking=booking.public_id, cancelled_at=booking.cancelled_at)


def _refuse_if_started(booking: Booking, at: datetime) -> None:
    if booking.starts_at <= at:
        raise AlreadyStarted(booking=booking.public_id, starts_at=booking.starts_at)

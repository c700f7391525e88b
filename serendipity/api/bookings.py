"""Bookings: an organisation holds, confirms, moves and cancels a room.

The token is a member's; the organisation in the address has to be one of theirs, else there is no
such organisation. What they may do there is their role's: *see*, *book* or *pay*.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from serendipity import bookings, clock, organisations, rooms
from serendipity.api.actors import member, open_lieu
from serendipity.api.endpoints import reads, writes
from serendipity.api.paging import Paged, page
from serendipity.api.shapes import (
    In,
    Instant,
    Money,
    Nothing,
    Out,
    Page,
    People,
    Slug,
    money,
    whole,
)
from serendipity.db import microseconds, reading
from serendipity.lieux import Lieu
from serendipity.rooms import Room


class Organisation(Out):
    """Who books, and what you may do for it: see, book or pay."""

    id: str
    name: str
    role: str


class Booking(Out):
    """A room for an interval.

    `state` is held, asked (the lieu has yet to answer), booked, cancelled or let-go (it ran out).
    """

    id: str
    organisation: str
    lieu: str
    room: str
    starts_at: Instant
    ends_at: Instant
    people: int
    state: str
    held_until: Instant | None
    free_until: Instant
    price: Money
    cancelling_costs: Money
    due: Money


class RoomWanted(In):
    """Which room, when, and for how many; on the quarter of an hour."""

    lieu: Slug
    room: Slug
    starts_at: Instant
    ends_at: Instant
    people: People


class Move(In):
    """Another time; and another room of the same lieu or another number of people, if given."""

    starts_at: Instant
    ends_at: Instant
    room: Slug | None = None
    people: People | None = None


@reads("/organisations", answers=Page[Organisation])
def payers() -> Page[Organisation]:
    """The organisations of the member."""
    found = organisations.organisations_of(reading(), member_id=member())
    return whole([Organisation(id=one.public_id, name=one.name, role=role) for one, role in found])


@reads("/organisations/<organisation>/bookings", query=Paged, answers=Page[Booking])
def index(asked: Paged, organisation: str) -> Page[Booking]:
    """What the organisation has booked or still holds, and what is past; earliest first."""
    payer = payer_of(reading(), organisation)
    found = bookings.bookings_of(reading(), organisation_id=payer.id, at=clock.now())
    return page(
        found,
        asked,
        key=lambda row: (microseconds(row[0].starts_at), row[0].public_id),
        shape=lambda row: _shape(row[0], payer, row[1], row[2]),
    )


@reads("/organisations/<organisation>/bookings/<booking>", answers=Booking)
def show(organisation: str, booking: str) -> Booking:
    """One booking."""
    payer = payer_of(reading(), organisation)
    found = bookings.booking_of(reading(), public_id=booking, organisation_id=payer.id)
    return told(reading(), found, payer)


@writes("/organisations/<organisation>/bookings", takes=RoomWanted, answers=Booking, status=201)
def hold(session: Session, given: RoomWanted, organisation: str) -> Booking:
    """Hold a room for ten minutes, at this price. If it is taken, `alternatives` are told."""
    payer = payer_of(session, organisation)
    held = bookings.hold(session, **asked_for(session, given, payer))
    return told(session, held, payer)


@writes("/organisations/<organisation>/bookings/<booking>/hold-longer", answers=Booking)
def hold_longer(session: Session, _: Nothing, organisation: str, booking: str) -> Booking:
    """Ten minutes more, once."""
    return _changed(session, bookings.hold_longer, organisation, booking)


@writes("/organisations/<organisation>/bookings/<booking>/ask", answers=Booking)
def ask(session: Session, _: Nothing, organisation: str, booking: str) -> Booking:
    """Ask the lieu for its yes, where it answers bookings itself; the room is kept meanwhile."""
    return _changed(session, bookings.ask_for_yes, organisation, booking)


@writes("/organisations/<organisation>/bookings/<booking>/confirm", answers=Booking)
def confirm(session: Session, _: Nothing, organisation: str, booking: str) -> Booking:
    """Book what is held, on invoice. Confirming again changes nothing."""
    return _changed(session, bookings.confirm, organisation, booking)


@writes("/organisations/<organisation>/bookings/<booking>/move", takes=Move, answers=Booking)
def move(session: Session, given: Move, organisation: str, booking: str) -> Booking:
    """Have the room at another time, at that time's price, as long as cancelling is free."""
    return _changed(session, bookings.move, organisation, booking, given)


@writes("/organisations/<organisation>/bookings/<booking>/cancel", answers=Booking)
def cancel(session: Session, _: Nothing, organisation: str, booking: str) -> Booking:
    """Let the room go; `due` is what this costs. Cancelling again changes nothing."""
    return _changed(session, bookings.cancel, organisation, booking)


def asked_for(
    session: Session, given: RoomWanted, payer: organisations.Organisation
) -> dict[str, Any]:
    """What a request for a room says, as the verbs take it."""
    return {
        "room": rooms.room_named(session, lieu=open_lieu(session, given.lieu), slug=given.room),
        "organisation_id": payer.id,
        "member_id": member(),
        "starts_at": given.starts_at,
        "ends_at": given.ends_at,
        "people": given.people,
        "at": clock.now(),
    }


def payer_of(session: Session, public_id: str) -> organisations.Organisation:
    """The organisation in the address, if it is one of the member's. NoSuchOrganisation"""
    found, _ = organisations.organisation_of(session, public_id=public_id, member_id=member())
    return found


def _changed(
    session: Session,
    verb: Callable[..., bookings.Booking],
    organisation: str,
    booking: str,
    given: Move | None = None,
) -> Booking:
    payer = payer_of(session, organisation)
    changed = verb(
        session,
        public_id=booking,
        organisation_id=payer.id,
        member_id=member(),
        at=clock.now(),
        **(_movement(session, given, payer, booking) if given else {}),
    )
    return told(session, changed, payer)


def _movement(
    session: Session, given: Move, payer: organisations.Organisation, booking: str
) -> dict[str, Any]:
    found = bookings.booking_of(session, public_id=booking, organisation_id=payer.id)
    lieu = _where(session, found)[1]
    room = rooms.room_named(session, lieu=lieu, slug=given.room) if given.room else None
    when = {"starts_at": given.starts_at, "ends_at": given.ends_at}
    return {**when, "people": given.people, "room": room}


def _where(session: Session, booking: bookings.Booking) -> tuple[Room, Lieu]:
    room = session.get_one(Room, booking.room_id)
    return room, session.get_one(Lieu, room.lieu_id)


def told(session: Session, booking: bookings.Booking, payer: organisations.Organisation) -> Booking:
    """A booking as its organisation is told of it."""
    return _shape(booking, payer, *_where(session, booking))


def _shape(
    booking: bookings.Booking, payer: organisations.Organisation, room: Room, lieu: Lieu
) -> Booking:
    at, currency = clock.now(), booking.currency
    return Booking(
        id=booking.public_id,
        organisation=payer.public_id,
        lieu=lieu.slug,
        room=room.slug,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        people=booking.people,
        state=_state(booking),
        held_until=None if booking.confirmed_at else booking.hold_expires_at,
        free_until=booking.free_until,
        price=money(booking.price, currency),
        cancelling_costs=money(bookings.cancelling_costs(booking, at), currency),
        due=money(bookings.due(booking), currency),
    )


def _state(booking: bookings.Booking) -> str:
    if booking.cancelled_at is not None:
        return "cancelled"
    if bookings.is_booked(booking):
        return "booked"
    if bookings.is_asked(booking, clock.now()):
        return "asked"
    return "held" if bookings.is_held(booking, clock.now()) else "let-go"

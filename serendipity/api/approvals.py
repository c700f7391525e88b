"""Approvals: the bookings that a lieu answers, for its concierge."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from serendipity import bookings, clock
from serendipity.api.actors import desk
from serendipity.api.endpoints import reads, writes
from serendipity.api.shapes import Instant, Money, Nothing, Out, Page, money, whole
from serendipity.db import reading


class AskedBooking(Out):
    """A booking that waits for the lieu's yes; silence until `answer_by` is a no."""

    id: str
    organisation: str
    room: str
    starts_at: Instant
    ends_at: Instant
    people: int
    price: Money
    answer_by: Instant


class AnsweredBooking(Out):
    """What was answered."""

    id: str
    booked: bool


@reads("/lieux/<slug>/bookings/asked", answers=Page[AskedBooking])
def waiting(slug: str) -> Page[AskedBooking]:
    """What the lieu is asked for, the most urgent first. For the concierge of the lieu."""
    at = clock.now()
    lieu, _ = desk(reading(), slug, at=at)
    found = bookings.waiting_for_yes(reading(), lieu_id=lieu.id, at=at)
    return whole(
        [
            AskedBooking(
                id=one.public_id,
                organisation=organisation.name,
                room=room.slug,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                people=one.people,
                price=money(one.price, one.currency),
                answer_by=one.hold_expires_at,
            )
            for one, room, organisation in found
        ]
    )


@writes("/lieux/<slug>/bookings/<booking>/approve", answers=AnsweredBooking)
def approve(session: Session, _: Nothing, slug: str, booking: str) -> AnsweredBooking:
    """Say yes: the room is booked, on invoice. Saying so again changes nothing."""
    return _answered(session, bookings.approve, slug, booking)


@writes("/lieux/<slug>/bookings/<booking>/turn-down", answers=AnsweredBooking)
def turn_down(session: Session, _: Nothing, slug: str, booking: str) -> AnsweredBooking:
    """Say no: the room is free again, and nothing is due."""
    return _answered(session, bookings.turn_down, slug, booking)


def _answered(
    session: Session, verb: Callable[..., bookings.Booking], slug: str, booking: str
) -> AnsweredBooking:
    at = clock.now()
    lieu, _ = desk(session, slug, at=at)
    answered = verb(session, lieu_id=lieu.id, public_id=booking, at=at)
    return AnsweredBooking(id=answered.public_id, booked=bookings.is_booked(answered))

"""Waits: an organisation's places in the line for rooms that are taken."""

from __future__ import annotations

from sqlalchemy.orm import Session

from serendipity import bookings, clock
from serendipity.api.actors import member
from serendipity.api.bookings import RoomWanted, asked_for, payer_of
from serendipity.api.endpoints import reads, writes
from serendipity.api.shapes import Instant, Nothing, Out, Page, whole
from serendipity.db import reading


class Wait(Out):
    """A place in a line. What becomes free is held for the first, as a booking of theirs."""

    id: str
    lieu: str
    room: str
    starts_at: Instant
    ends_at: Instant
    people: int
    before: int


class LeftWait(Out):
    """A place that is left."""

    id: str


@reads("/organisations/<organisation>/waits", answers=Page[Wait])
def index(organisation: str) -> Page[Wait]:
    """What the organisation waits for, and how many stand before it."""
    return whole(_waits(reading(), payer_of(reading(), organisation).id))


@writes("/organisations/<organisation>/waits", takes=RoomWanted, answers=Wait, status=201)
def wait(session: Session, given: RoomWanted, organisation: str) -> Wait:
    """Stand in line for a room that is taken. The same again is the same place."""
    payer = payer_of(session, organisation)
    stood = bookings.wait(session, **asked_for(session, given, payer))
    return next(one for one in _waits(session, payer.id) if one.id == stood.public_id)


@writes("/organisations/<organisation>/waits/<wait>/leave", answers=LeftWait)
def leave(session: Session, _: Nothing, organisation: str, wait: str) -> LeftWait:
    """Wait no longer. Leaving again changes nothing."""
    bookings.leave(
        session,
        public_id=wait,
        organisation_id=payer_of(session, organisation).id,
        member_id=member(),
        at=clock.now(),
    )
    return LeftWait(id=wait)


def _waits(session: Session, organisation_id: int) -> list[Wait]:
    found = bookings.waits_of(session, organisation_id=organisation_id, at=clock.now())
    return [
        Wait(
            id=one.public_id,
            lieu=lieu.slug,
            room=room.slug,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            people=one.people,
            before=before,
        )
        for one, room, lieu, before in found
    ]

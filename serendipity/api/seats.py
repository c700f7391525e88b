"""Seats: what can be kept ahead at a lieu, and the seats that the member keeps."""

from __future__ import annotations

from sqlalchemy.orm import Session

from serendipity import clock, seats
from serendipity.api.actors import member, open_lieu
from serendipity.api.endpoints import reads, writes
from serendipity.api.shapes import Day, In, Instant, Nothing, Out, Page, whole
from serendipity.db import reading
from serendipity.lieux import Lieu


class Ahead(Out):
    """A moment of a date, and how many of its seats are still free. `mine` is the member's own."""

    day: Day
    moment: str
    starts_at: Instant
    ends_at: Instant
    seats: int
    free: int
    mine: str | None


class Seat(Out):
    """A seat of the member's own; `kept` is false once it was let go, or nobody came."""

    id: str
    lieu: str
    day: Day
    moment: str
    starts_at: Instant
    ends_at: Instant
    kept: bool
    arrived_at: Instant | None


class NewSeat(In):
    starts_at: Instant


@reads("/lieux/<slug>/seats", answers=Page[Ahead])
def ahead(slug: str) -> Page[Ahead]:
    """The moments of the next four weeks in which seats can be kept."""
    lieu = open_lieu(reading(), slug)
    found = seats.ahead(reading(), lieu=lieu, at=clock.now(), member_id=member())
    return whole(
        [
            Ahead(
                day=one.day,
                moment=one.name,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                seats=one.seats,
                free=one.free,
                mine=one.mine or None,
            )
            for one in found
        ]
    )


@writes("/lieux/<slug>/seats", takes=NewSeat, answers=Seat, status=201)
def keep(session: Session, given: NewSeat, slug: str) -> Seat:
    """Keep a seat for the moment that begins at this instant; the same again is the same seat."""
    kept = seats.reserve(
        session,
        member_id=member(),
        lieu=open_lieu(session, slug),
        starts_at=given.starts_at,
        at=clock.now(),
    )
    return _shape(session, kept)


@reads("/seats", answers=Page[Seat])
def mine() -> Page[Seat]:
    """The seats that the member keeps and whose moment is not over."""
    found = seats.kept_by(reading(), member_id=member(), at=clock.now())
    return whole([_shape(reading(), one) for one in found])


@writes("/seats/<seat>/cancel", answers=Seat)
def cancel(session: Session, _: Nothing, seat: str) -> Seat:
    """Let a seat go; somebody else may have it."""
    return _shape(
        session, seats.cancel(session, public_id=seat, member_id=member(), at=clock.now())
    )


def _shape(session: Session, one: seats.Reservation) -> Seat:
    return Seat(
        id=one.public_id,
        lieu=session.get_one(Lieu, one.lieu_id).slug,
        day=one.day,
        moment=one.moment,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        kept=one.kept,
        arrived_at=one.arrived_at,
    )

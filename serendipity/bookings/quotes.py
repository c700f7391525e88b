"""Quotes: what a booking would cost, which rule will hold for it, and what else there is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from serendipity import clock, residents, rooms, slots
from serendipity.errors import Invalid, Refused
from serendipity.lieux import Lieu
from serendipity.rooms import EndBeforeStart, Price, Room

FREE_MINUTES = 24 * 60  # cancelling is free until so long before the start
LATE_POINTS = 5000  # after that, this share of the price is due (basis points)
ALTERNATIVES = 4


@dataclass(frozen=True)
class Quote:
    """What a booking would be, and the rule that will hold for it."""

    room: Room
    lieu: Lieu
    starts_at: datetime
    ends_at: datetime
    people: int
    price: Price
    free_until: datetime
    is_soon: bool  # cancelling costs something from the beginning
    late_price: Price


@dataclass(frozen=True)
class Alternative:
    """Another way to have a room for as long, on the same day."""

    room: Room
    starts_at: datetime
    ends_at: datetime


class RoomTaken(Refused):
    """Somebody was quicker. Facts: room, starts_at, ends_at, alternatives."""


class OutsideHours(Invalid):
    """The lieu is not open all that time. Facts: field, room, starts_at, ends_at."""


class InThePast(Invalid):
    """Facts: field, starts_at."""


class TooFarAhead(Invalid):
    """Facts: field, starts_at, most_days."""


class TooShortNotice(Invalid):
    """The room is asked for some time before. Facts: field, starts_at, notice_minutes."""


class OffTheQuarter(Invalid):
    """Bookings begin and end on a quarter of an hour. Facts: field, starts_at, ends_at."""


def quote(
    session: Session,
    *,
    room: Room,
    starts_at: datetime,
    ends_at: datetime,
    people: int,
    at: datetime,
    organisation_id: int | None = None,
) -> Quote:
    """What it would cost this organisation (or anybody), once it is clear that it can be asked
    for at all; nothing is kept.

    Raises
    ------
    rooms.EndBeforeStart, OffTheQuarter, InThePast, TooShortNotice, TooFarAhead, OutsideHours
    rooms.NobodyComes, rooms.TooManyPeople
    """
    rooms.refuse_unless_fitting(room, people)
    when = {"starts_at": starts_at, "ends_at": ends_at}
    if ends_at <= starts_at:
        raise EndBeforeStart(field="length", **when)
    if not (slots.on_the_quarter(starts_at) and slots.on_the_quarter(ends_at)):
        raise OffTheQuarter(field="start", **when)
    if starts_at < at:
        raise InThePast(field="date", starts_at=starts_at)
    if starts_at < at + timedelta(minutes=room.notice_minutes):
        raise TooShortNotice(field="start", starts_at=starts_at, notice_minutes=room.notice_minutes)
    if ends_at > at + rooms.FARTHEST:
        raise TooFarAhead(field="date", starts_at=starts_at, most_days=rooms.FARTHEST.days)
    free_until = starts_at - timedelta(minutes=FREE_MINUTES)
    lieu = session.get_one(Lieu, room.lieu_id)
    if not rooms.open_between(session, lieu=lieu, **when):
        raise OutsideHours(field="start", room=room.slug, **when)
    points = residents.points(session, room=room, organisation_id=organisation_id)
    price = rooms.price(room, starts_at, ends_at, points=points)
    return Quote(
        room=room,
        lieu=lieu,
        **when,
        people=people,
        price=price,
        free_until=free_until,
        is_soon=free_until <= at,
        late_price=share(price, LATE_POINTS, room.vat_points),
    )


def share(price: Price, points: int, vat_points: int) -> Price:
    """A part of a price in basis points, with its own VAT."""
    return rooms.with_vat(rooms.rounded(price.net_cents * points, 10_000), vat_points)


def alternatives(session: Session, *, quoted: Quote, at: datetime) -> list[Alternative]:
    """The same room at near times, and other rooms at the same time, on that day."""
    length = quoted.ends_at - quoted.starts_at
    fitting = [
        room for room in rooms.rooms_of(session, quoted.lieu) if room.capacity >= quoted.people
    ]
    day = clock.local_date(quoted.starts_at, quoted.lieu.timezone)
    free = rooms.free_starts_of(
        session, lieu=quoted.lieu, rooms=fitting, day=day, length=length, at=at
    )
    found = [
        Alternative(room, start, start + length)
        for room in fitting
        for start in free[room.id]
        if (room.id == quoted.room.id) != (start == quoted.starts_at)
    ]
    found.sort(key=lambda way: (abs(way.starts_at - quoted.starts_at), way.room.capacity))
    other_rooms = [way for way in found if way.room.id != quoted.room.id][: ALTERNATIVES // 2]
    other_times = [way for way in found if way.room.id == quoted.room.id]
    return other_times[: ALTERNATIVES - len(other_rooms)] + other_rooms

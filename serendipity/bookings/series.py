"""Series: the same hours on several days, each a booking of its own.

Rules kept here: the wall clock decides, so that fourteen hours stays fourteen hours over a clock
change; a day on which the room cannot be had is listed with its reason, and skipped only when that
was asked for; what is booked afterwards is moved and cancelled day by day, and never the past.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import clock, organisations, rooms, slots
from serendipity.bookings import changes, letters, placing
from serendipity.bookings.booking import (
    Booking,
    NeedsYes,
    NotYours,
    Series,
    is_booked,
    is_open,
    locked,
)
from serendipity.bookings.quotes import Quote, RoomTaken, quote
from serendipity.errors import Invalid, Refused
from serendipity.lieux import Lieu
from serendipity.rooms import Price, Room

RHYTHMS: Final = {"daily": 1, "weekly": 7, "fortnightly": 14}  # days
MOST_TIMES: Final = 52


class NoSuchRhythm(Invalid):
    """Facts: field, given."""


class BadTimes(Invalid):
    """A series has two days at least. Facts: field, given, most."""


class SomeTaken(Refused):
    """On some days the room cannot be had. Fact: days (Occurrence)."""


@dataclass(frozen=True)
class Occurrence:
    """A day of a series: what it would be, or why it cannot be."""

    day: date
    quoted: Quote | None
    why: Refused | None = None


@dataclass(frozen=True)
class Wanted:
    """What is asked for: these hours, from this day on, so many times."""

    room: Room
    first: date
    start: time
    length: timedelta
    rhythm: str
    times: int
    people: int
    fold: int | None = None

    def days(self) -> list[date]:
        return [self.first + n * timedelta(days=RHYTHMS[self.rhythm]) for n in range(self.times)]


def plan(
    session: Session, *, wanted: Wanted, at: datetime, organisation_id: int | None = None
) -> list[Occurrence]:
    """What the days of a series would be; nothing is held.

    Raises
    ------
    NoSuchRhythm, BadTimes
    """
    if wanted.rhythm not in RHYTHMS:
        raise NoSuchRhythm(field="rhythm", given=wanted.rhythm[:20])
    if not 2 <= wanted.times <= MOST_TIMES:
        raise BadTimes(field="times", given=wanted.times, most=MOST_TIMES)
    return [_occurrence(session, wanted, day, organisation_id, at) for day in wanted.days()]


def _occurrence(
    session: Session, wanted: Wanted, day: date, organisation_id: int | None, at: datetime
) -> Occurrence:
    lieu = session.get_one(Lieu, wanted.room.lieu_id)
    try:
        starts_at = clock.instant(day, wanted.start, lieu.timezone, fold=wanted.fold)
        quoted = quote(
            session,
            room=wanted.room,
            starts_at=starts_at,
            ends_at=starts_at + wanted.length,
            people=wanted.people,
            at=at,
            organisation_id=organisation_id,
        )
    except Refused as why:
        return Occurrence(day, None, why)
    needed = rooms.slots_of(wanted.room, quoted.starts_at, quoted.ends_at)
    if slots.taken(session, room_ids=[wanted.room.id], within=needed, at=at):
        return Occurrence(day, None, _taken(quoted))
    return Occurrence(day, quoted)


def _taken(quoted: Quote) -> RoomTaken:
    return RoomTaken(
        room=quoted.room.slug,
        starts_at=quoted.starts_at,
        ends_at=quoted.ends_at,
        alternatives=[],
    )


def hold_series(
    session: Session,
    *,
    wanted: Wanted,
    organisation_id: int,
    member_id: int,
    skip: Sequence[date],
    at: datetime,
) -> Series:
    """Hold every day for ten minutes, but those that are to be skipped; all of them or none.

    Raises
    ------
    SomeTaken
        A day that is not to be skipped cannot be had; nothing was held.
    NoSuchRhythm, BadTimes, NeedsYes, organisations.RoleTooSmall
    """
    organisations.refuse_unless_may(
        session, organisation_id=organisation_id, member_id=member_id, role="book"
    )
    if wanted.room.needs_yes:
        raise NeedsYes(booking="", room=wanted.room.slug)
    planned = plan(session, wanted=wanted, at=at, organisation_id=organisation_id)
    kept = [one for one in planned if one.day not in skip]
    if not kept or any(one.quoted is None for one in kept):
        raise SomeTaken(days=planned)
    with session.begin_nested():
        made = Series(organisation_id=organisation_id, made_at=at)
        session.add(made)
        session.flush()
        for one in kept:
            try:
                _place(session, one, made=made, member_id=member_id, at=at)
            except RoomTaken as why:  # somebody was quicker, just now
                now = [Occurrence(p.day, None, why) if p is one else p for p in planned]
                raise SomeTaken(days=now) from why
    return made


def _place(
    session: Session, one: Occurrence, *, made: Series, member_id: int, at: datetime
) -> None:
    if one.quoted is not None:
        placing.place(
            session,
            quoted=one.quoted,
            organisation_id=made.organisation_id,
            member_id=member_id,
            held_until=at + changes.HOLD,
            at=at,
            series_id=made.id,
        )


def series_of(
    session: Session, *, public_id: str, organisation_id: int
) -> tuple[Series, list[Booking]]:
    """A series of this organisation, with its days in order. NotYours"""
    made = session.scalar(
        select(Series).where(
            Series.public_id == public_id, Series.organisation_id == organisation_id
        )
    )
    if made is None:
        raise NotYours()
    days = session.scalars(
        select(Booking).where(Booking.series_id == made.id).order_by(Booking.starts_at, Booking.id)
    )
    return made, list(days)


def confirm_series(
    session: Session, *, public_id: str, organisation_id: int, member_id: int, at: datetime
) -> Series:
    """Book all days that are held, on invoice, with one letter; all of them or none.

    Raises
    ------
    NotYours, HoldExpired, organisations.RoleTooSmall
    """
    made, days = _to_change(session, public_id, organisation_id, member_id)
    unbooked = [one for one in days if is_open(one)]
    with session.begin_nested():
        for one in unbooked:
            changes.confirm_locked(session, one, at=at)
    letters.owe_confirmed(session, unbooked, at=at)
    return made


def cancel_rest(
    session: Session, *, public_id: str, organisation_id: int, member_id: int, at: datetime
) -> Series:
    """Let go of all days that are held or have not begun; what is past stays as it was.

    Raises
    ------
    NotYours, organisations.RoleTooSmall
    """
    made, days = _to_change(session, public_id, organisation_id, member_id)
    who = {"organisation_id": organisation_id, "member_id": member_id}
    for one in days:
        if one.cancelled_at is None and (one.confirmed_at is None or one.starts_at > at):
            changes.cancel(session, public_id=one.public_id, **who, at=at)
    return made


def _to_change(
    session: Session, public_id: str, organisation_id: int, member_id: int
) -> tuple[Series, list[Booking]]:
    """The series with its days, all locked at once: two who change it never wait in a ring."""
    made, days = series_of(session, public_id=public_id, organisation_id=organisation_id)
    organisations.refuse_unless_may(
        session, organisation_id=organisation_id, member_id=member_id, role="book"
    )
    locked(session, [one.id for one in days])
    return made, days


def held_with(session: Session, booking: Booking) -> list[Booking]:
    """The booking, or all days of its series that were neither booked nor let go; locked."""
    if booking.series_id is None:
        return locked(session, [booking.id])
    days = session.scalars(select(Booking.id).where(Booking.series_id == booking.series_id))
    return [one for one in locked(session, days) if is_open(one)]


def price_of(days: Sequence[Booking]) -> Price:
    """What the days that are held or booked cost together."""
    standing = [one for one in days if one.cancelled_at is None]
    return Price(sum(one.net_cents for one in standing), sum(one.vat_cents for one in standing))


def still_to_come(days: Sequence[Booking], *, at: datetime) -> list[Booking]:
    """Booked days that have not begun."""
    return [one for one in days if is_booked(one) and one.starts_at > at]

"""Series: the same hours on several days; planned, held, confirmed, and the rest of it let go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Annotated

from msgspec import Meta
from sqlalchemy.orm import Session

from serendipity import bookings, clock, rooms
from serendipity.api.actors import member, open_lieu
from serendipity.api.bookings import Booking, payer_of, told
from serendipity.api.endpoints import reads, writes
from serendipity.api.rooms import Minutes
from serendipity.api.shapes import (
    Day,
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
from serendipity.bookings import Occurrence, Wanted
from serendipity.db import reading
from serendipity.web.errors import kind

WallTime = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Times = Annotated[int, Meta(ge=2, le=bookings.MOST_TIMES)]
Fold = Annotated[int, Meta(ge=0, le=1, description="Which of the two hours that come twice.")]


class Hours(In, kw_only=True):
    """Which hours on the lieu's clock, from which day on, how often; `rhythm` is daily, weekly or
    fortnightly."""

    first: Day
    start: WallTime
    minutes: Minutes = 60
    rhythm: Annotated[str, Meta(max_length=20)] = "weekly"
    times: Times
    people: People = 1
    fold: Fold | None = None


class SeriesWanted(Hours, kw_only=True):
    """Hours in a room. A day in `skip` is left out; any other that cannot be had refuses all."""

    lieu: Slug
    room: Slug
    skip: Annotated[list[Day], Meta(max_length=bookings.MOST_TIMES)] = []


class PlannedDay(Out):
    """A day of a series: what it would cost, or `why` it cannot be had."""

    day: Day
    starts_at: Instant | None
    ends_at: Instant | None
    price: Money | None
    why: str | None


class Series(Out):
    """A series with its days in order; `price` is that of the days held or booked, together."""

    id: str
    organisation: str
    price: Money
    days: list[Booking]


@reads("/lieux/<slug>/rooms/<room>/series", query=Hours, answers=Page[PlannedDay])
def plan(asked: Hours, slug: str, room: str) -> Page[PlannedDay]:
    """What the days of a series would be. Nothing is held."""
    wanted = _wanted(reading(), asked, slug, room)
    days = bookings.plan(reading(), wanted=wanted, at=clock.now())
    return whole([_planned(one) for one in days])


@writes("/organisations/<organisation>/series", takes=SeriesWanted, answers=Series, status=201)
def hold(session: Session, given: SeriesWanted, organisation: str) -> Series:
    """Hold every day for ten minutes, but those to skip; all of them or none."""
    payer = payer_of(session, organisation)
    made = bookings.hold_series(
        session,
        wanted=_wanted(session, given, given.lieu, given.room),
        organisation_id=payer.id,
        member_id=member(),
        skip=given.skip,
        at=clock.now(),
    )
    return _shape(session, made.public_id, organisation)


@reads("/organisations/<organisation>/series/<series>", answers=Series)
def show(organisation: str, series: str) -> Series:
    """A series of the organisation."""
    return _shape(reading(), series, organisation)


@writes("/organisations/<organisation>/series/<series>/confirm", answers=Series)
def confirm(session: Session, _: Nothing, organisation: str, series: str) -> Series:
    """Book all days that are held, on invoice; all of them or none."""
    return _changed(session, bookings.confirm_series, organisation, series)


@writes("/organisations/<organisation>/series/<series>/cancel", answers=Series)
def cancel(session: Session, _: Nothing, organisation: str, series: str) -> Series:
    """Let go of the days that have not begun; what is past stays as it was."""
    return _changed(session, bookings.cancel_rest, organisation, series)


def _wanted(session: Session, asked: Hours, slug: str, room: str) -> Wanted:
    return Wanted(
        room=rooms.room_named(session, lieu=open_lieu(session, slug), slug=room),
        first=asked.first,
        start=time.fromisoformat(asked.start),
        length=timedelta(minutes=asked.minutes),
        rhythm=asked.rhythm,
        times=asked.times,
        people=asked.people,
        fold=asked.fold,
    )


def _planned(one: Occurrence) -> PlannedDay:
    day: date = one.day
    if one.quoted is None:
        why = kind(one.why) if one.why else None
        return PlannedDay(day=day, starts_at=None, ends_at=None, price=None, why=why)
    return PlannedDay(
        day=day,
        starts_at=one.quoted.starts_at,
        ends_at=one.quoted.ends_at,
        price=money(one.quoted.price, one.quoted.lieu.currency),
        why=None,
    )


def _changed(
    session: Session, verb: Callable[..., bookings.Series], organisation: str, series: str
) -> Series:
    payer = payer_of(session, organisation)
    verb(
        session,
        public_id=series,
        organisation_id=payer.id,
        member_id=member(),
        at=clock.now(),
    )
    return _shape(session, series, organisation)


def _shape(session: Session, series: str, organisation: str) -> Series:
    payer = payer_of(session, organisation)
    made, days = bookings.series_of(session, public_id=series, organisation_id=payer.id)
    return Series(
        id=made.public_id,
        organisation=payer.public_id,
        price=money(bookings.price_of(days), days[0].currency),
        days=[told(session, one, payer) for one in days],
    )

"""Hours: when a lieu closes, which moment it is there, and until when one may sensibly stay.

Openings and moments are kept as minutes on the lieu's wall clock; here they become instants.
A stay ends at closing time at the latest; where no opening is known for now (a lieu without
hours, or somebody with a key), it ends with the local day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import clock
from serendipity.lieux import Lieu, Moment, Opening

HALF_HOUR = timedelta(minutes=30)
STAYS = (timedelta(hours=1), timedelta(hours=2, minutes=30), timedelta(hours=4))


@dataclass(frozen=True)
class Slot:
    """A moment of this day, as instants."""

    name: str
    starts: datetime
    ends: datetime

    def is_now(self, at: datetime) -> bool:
        return self.starts <= at < self.ends


def wall_instant(day: date, minutes: int, zone: str) -> datetime:
    """The instant at which the wall clock shows so many minutes after midnight.

    An hour that a clock change skips or repeats is not asked about here, unlike in a booking:
    a door that closes at 02:30 in the night of the change closes at the later reading of a
    skipped hour, and at the first of a repeated one.
    """
    on = day + timedelta(days=minutes // 1440)
    wall = time(minutes % 1440 // 60, minutes % 60)
    moment = datetime.combine(on, wall, tzinfo=ZoneInfo(zone))
    return moment.astimezone(UTC)


def closing(session: Session, *, lieu: Lieu, at: datetime) -> datetime:
    """When a stay that begins or goes on at `at` ends at the latest; always after `at`."""
    local = clock.local(at, lieu.timezone)
    openings = session.scalars(
        select(Opening).where(Opening.lieu_id == lieu.id, Opening.weekday == local.weekday())
    )
    for opening in openings:
        opens = wall_instant(local.date(), opening.opens, lieu.timezone)
        closes = wall_instant(local.date(), opening.closes, lieu.timezone)
        if opens <= at < closes:
            return closes
    return clock.day_bounds(local.date(), lieu.timezone)[1]


def open_hours(session: Session, *, lieu: Lieu, day: date) -> list[tuple[datetime, datetime]]:
    """When the lieu is open on a date, as half-open intervals of instants, in order."""
    openings = session.scalars(
        select(Opening)
        .where(Opening.lieu_id == lieu.id, Opening.weekday == day.weekday())
        .order_by(Opening.opens)
    )
    return [
        (
            wall_instant(day, opening.opens, lieu.timezone),
            wall_instant(day, opening.closes, lieu.timezone),
        )
        for opening in openings
    ]


def tonight(*, lieu: Lieu, at: datetime) -> datetime:
    """The end of the local day: when today's needs are forgotten."""
    return clock.day_bounds(clock.local_date(at, lieu.timezone), lieu.timezone)[1]


def stays(session: Session, *, lieu: Lieu, at: datetime) -> list[datetime]:
    """Up to three sensible times to stay until, on the half hour, and then closing time."""
    end = closing(session, lieu=lieu, at=at)
    wall = clock.local(at, lieu.timezone)
    down = timedelta(minutes=wall.minute % 30, seconds=wall.second, microseconds=wall.microsecond)
    half_hour = at - down + HALF_HOUR
    sensible = [half_hour + stay - HALF_HOUR for stay in STAYS]
    return [*(until for until in sensible if at < until < end), end]


def moments_today(session: Session, *, lieu: Lieu, at: datetime) -> list[Slot]:
    """The moments of the local day, in order."""
    return moments_of_day(session, lieu=lieu, day=clock.local_date(at, lieu.timezone))


def moments_of_day(session: Session, *, lieu: Lieu, day: date) -> list[Slot]:
    """The moments of a date, in order."""
    moments = session.scalars(
        select(Moment)
        .where(Moment.lieu_id == lieu.id, Moment.weekday == day.weekday())
        .order_by(Moment.starts)
    )
    return [
        Slot(
            moment.name,
            wall_instant(day, moment.starts, lieu.timezone),
            wall_instant(day, moment.ends, lieu.timezone),
        )
        for moment in moments
    ]


def moment_now(session: Session, *, lieu: Lieu, at: datetime) -> str:
    """The name of the present moment, or nothing."""
    now = [slot.name for slot in moments_today(session, lieu=lieu, at=at) if slot.is_now(at)]
    return now[0] if now else ""


def open_stretches(
    session: Session, *, lieu: Lieu, days: Iterable[date]
) -> list[tuple[datetime, datetime]]:
    """The half-open intervals in which the lieu is open on these local days, in order.

    Openings that touch are one stretch, also over midnight; a stretch that a clock change
    swallows whole is left out.
    """
    openings = session.scalars(select(Opening).where(Opening.lieu_id == lieu.id)).all()
    known = sorted(
        (
            wall_instant(day, opening.opens, lieu.timezone),
            wall_instant(day, opening.closes, lieu.timezone),
        )
        for day in days
        for opening in openings
        if opening.weekday == day.weekday()
    )
    joined: list[tuple[datetime, datetime]] = []
    for opens, closes in known:
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], closes))
        elif opens < closes:
            joined.append((opens, closes))
    return joined

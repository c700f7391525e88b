"""Hours: when a lieu closes, which moment it is there, and until when one may sensibly stay.

Openings and moments are kept as minutes on the lieu's wall clock; here they become instants.
A stay ends at closing time at the latest; where no opening is known for now (a lieu without
hours, or somebody with a key), it ends with the local day.

Rules kept here: a date with special hours has those and not its weekday's; a date that is marked
closed has none. Bookings that stand on such a date stay: the lieu speaks with who made them.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    String,
    UniqueConstraint,
    bindparam,
    delete,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import clock, many, words
from serendipity.db import Base, Key, look_up
from serendipity.errors import Invalid
from serendipity.lieux import BadSpan, Lieu, Moment, Opening, SpansOverlap

HALF_HOUR = timedelta(minutes=30)
FARTHEST = (timedelta(hours=-12), timedelta(), timedelta(hours=14))  # of local time from UTC
STAYS = (timedelta(hours=1), timedelta(hours=2, minutes=30), timedelta(hours=4))
Minutes = tuple[int, int]  # from, to, after midnight on the wall


class SpecialHours(Base):
    """What holds on one date instead of its weekday's hours; without minutes: closed."""

    __tablename__ = "special_hours"

    id: Mapped[Key]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id", ondelete="CASCADE"))
    day: Mapped[date]
    opens: Mapped[int | None]
    closes: Mapped[int | None]
    note: Mapped[str] = mapped_column(String(120), default="")  # "Fête nationale"

    __table_args__ = (
        UniqueConstraint("lieu_id", "day", "opens"),
        CheckConstraint(
            "(opens IS NULL) = (closes IS NULL) AND"
            " (opens IS NULL OR (0 <= opens AND opens < closes AND closes <= 1440))",
            name="minutes",
        ),
    )


class DayPassed(Invalid):
    """Special hours are for today or later. Facts: field, day."""


@dataclass(frozen=True)
class SpecialDay:
    """A date with hours of its own; no spans: closed."""

    day: date
    spans: tuple[Minutes, ...]
    note: str


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
    today = clock.local_date(at, lieu.timezone)
    for opens, closes in open_hours(session, lieu=lieu, day=today):
        if opens <= at < closes:
            return closes
    return clock.day_bounds(today, lieu.timezone)[1]


def open_hours(session: Session, *, lieu: Lieu, day: date) -> list[tuple[datetime, datetime]]:
    """When the lieu is open on a date, as half-open intervals of instants, in order."""
    spans = _spans(session, lieu, [day])[day]
    return [
        (wall_instant(day, opens, lieu.timezone), wall_instant(day, closes, lieu.timezone))
        for opens, closes in spans
    ]


_SPECIAL: Final = select(SpecialHours.day, SpecialHours.opens, SpecialHours.closes).where(
    SpecialHours.lieu_id == bindparam("lieu_id"), many.among(SpecialHours.day, "days")
)
_WEEKLY: Final = select(Opening.weekday, Opening.opens, Opening.closes).where(
    Opening.lieu_id == bindparam("lieu_id")
)


def _spans(session: Session, lieu: Lieu, days: Iterable[date]) -> dict[date, list[Minutes]]:
    """The spans of each date: its special ones if it has any, else those of its weekday."""
    wanted = set(days)
    special: dict[date, list[Minutes]] = {}
    for day, opens, closes in look_up(session, _SPECIAL, lieu_id=lieu.id, days=wanted):
        of_day = special.setdefault(day, [])
        if opens is not None and closes is not None:
            of_day.append((opens, closes))
    weekly: dict[int, list[Minutes]] = defaultdict(list)
    for weekday, opens, closes in look_up(session, _WEEKLY, lieu_id=lieu.id):
        weekly[weekday].append((opens, closes))
    return {day: sorted(special.get(day, weekly[day.weekday()])) for day in wanted}


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


def last_starts(
    session: Session, *, lieu_ids: Collection[int], at: datetime
) -> dict[int, datetime]:
    """Lieu → when the latest of its local day's moments began; none before the first of them."""
    somewhere = {(at + far).weekday() for far in FARTHEST}  # the dates on all walls of the earth
    rows = session.execute(
        select(Moment.lieu_id, Moment.weekday, Moment.starts, Lieu.timezone)
        .join(Lieu, Lieu.id == Moment.lieu_id)
        .where(many.among(Moment.lieu_id, lieu_ids), Moment.weekday.in_(somewhere))
    )
    began: dict[int, datetime] = {}
    for lieu_id, weekday, minutes, zone in rows:
        today = clock.local_date(at, zone)
        start = wall_instant(today, minutes, zone)
        if weekday == today.weekday() and start <= at:
            began[lieu_id] = max(start, began.get(lieu_id, start))
    return began


def open_stretches(
    session: Session, *, lieu: Lieu, days: Iterable[date]
) -> list[tuple[datetime, datetime]]:
    """The half-open intervals in which the lieu is open on these local days, in order.

    Openings that touch are one stretch, also over midnight; a stretch that a clock change
    swallows whole is left out.
    """
    known = sorted(
        (wall_instant(day, opens, lieu.timezone), wall_instant(day, closes, lieu.timezone))
        for day, spans in _spans(session, lieu, days).items()
        for opens, closes in spans
    )
    joined: list[tuple[datetime, datetime]] = []
    for opens, closes in known:
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], closes))
        elif opens < closes:
            joined.append((opens, closes))
    return joined


# --- special days ---------------------------------------------------------------------------


def keep_day(
    session: Session,
    *,
    lieu: Lieu,
    day: date,
    spans: Sequence[Minutes],
    at: datetime,
    note: str = "",
) -> None:
    """Let these be the hours of this date; none: the lieu is closed. Said again, the last holds.

    Raises
    ------
    DayPassed, lieux.BadSpan, lieux.SpansOverlap, words.WordsTooLong
        Nothing was changed.
    """
    if day < clock.local_date(at, lieu.timezone):
        raise DayPassed(field="day", day=day)
    said = words.line(note, field="note", most=120)
    for opens, closes in spans:
        if not 0 <= opens < closes <= 1440:
            raise BadSpan(field="opens", weekday=day.weekday(), starts=opens, ends=closes)
    for one, other in itertools.pairwise(sorted(spans)):
        if other[0] < one[1]:
            raise SpansOverlap(field="opens", weekday=day.weekday())
    forget_day(session, lieu=lieu, day=day)
    rows: list[Minutes | tuple[None, None]] = [*spans] or [(None, None)]
    session.add_all(
        SpecialHours(lieu_id=lieu.id, day=day, opens=opens, closes=closes, note=said)
        for opens, closes in rows
    )
    session.flush()


def forget_day(session: Session, *, lieu: Lieu, day: date) -> None:
    """Let the date have its weekday's hours again."""
    session.execute(
        delete(SpecialHours).where(SpecialHours.lieu_id == lieu.id, SpecialHours.day == day)
    )


def special_days(session: Session, *, lieu: Lieu, at: datetime) -> list[SpecialDay]:
    """The special days from today on, in order."""
    rows: dict[date, list[SpecialHours]] = defaultdict(list)
    for row in session.scalars(
        select(SpecialHours)
        .where(
            SpecialHours.lieu_id == lieu.id,
            SpecialHours.day >= clock.local_date(at, lieu.timezone),
        )
        .order_by(SpecialHours.day, SpecialHours.opens)
    ):
        rows[row.day].append(row)
    return [
        SpecialDay(
            day,
            tuple((r.opens, r.closes) for r in of_day if r.opens is not None and r.closes),
            of_day[0].note,
        )
        for day, of_day in rows.items()
    ]

"""Offering: how many seats each moment of the week has, and what is still free ahead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from serendipity import clock, hours, lieux
from serendipity.errors import Invalid, NotFound
from serendipity.lieux import Lieu, Moment
from serendipity.seats.tables import Reservation, SeatsOn, WeeklySeats

AHEAD: Final = timedelta(days=28)
MOST: Final = 500


class NoSuchMoment(NotFound):
    """No moment of this lieu begins then, or its seats cannot be kept ahead."""


class BadCount(Invalid):
    """Facts: field, given, most."""


@dataclass(frozen=True)
class Weekly:
    """A moment of the week, and how many of its seats may be kept ahead."""

    weekday: int
    starts: int
    ends: int
    name: str
    seats: int


@dataclass(frozen=True)
class Ahead:
    """A moment of a date whose seats can be kept. `mine` is the public id of one's own."""

    day: date
    name: str
    starts_at: datetime
    ends_at: datetime
    seats: int
    free: int
    mine: str = ""


def offer(
    session: Session, *, lieu: Lieu, weekday: int, starts: int, count: int, at: datetime
) -> int:
    """Let so many seats of a moment of the week be kept ahead; 0 offers none any more.

    Dates on which seats are kept already follow, but never below what was promised there.

    Raises
    ------
    NoSuchMoment, BadCount
    """
    if not 0 <= count <= MOST:
        raise BadCount(field="seats", given=count, most=MOST)
    key = {"lieu_id": lieu.id, "weekday": weekday, "starts": starts}
    if session.scalar(select(Moment.id).filter_by(**key)) is None:
        raise NoSuchMoment()
    session.execute(delete(WeeklySeats).filter_by(**key))
    if count:
        session.add(WeeklySeats(**key, seats=count))
    session.flush()
    for day in _days(lieu, at):
        if day.weekday() == weekday:
            starts_at = hours.wall_instant(day, starts, lieu.timezone)
            _follow(session, lieu_id=lieu.id, starts_at=starts_at, count=count)
    return count


def _follow(session: Session, *, lieu_id: int, starts_at: datetime, count: int) -> None:
    """Let a date have so many seats; the highest number that is kept stays possible."""
    # Locked before the highest number is read: who keeps a seat now holds this row's key.
    on = session.scalar(
        select(SeatsOn)
        .where(SeatsOn.lieu_id == lieu_id, SeatsOn.starts_at == starts_at)
        .with_for_update()
    )
    if on is None:
        return
    promised = session.scalar(
        select(func.max(Reservation.number)).where(
            Reservation.lieu_id == lieu_id, Reservation.starts_at == starts_at
        )
    )
    on.seats = max(count, promised or 0)
    session.flush()
    session.expire_all()  # the reservations follow by themselves (ON UPDATE CASCADE)


def week(session: Session, *, lieu_id: int) -> list[Weekly]:
    """The moments of the week with their seats, in order."""
    seats = _weekly(session, lieu_id)
    return [
        Weekly(one.weekday, one.starts, one.ends, one.name, seats.get((one.weekday, one.starts), 0))
        for one in lieux.moments_of(session, lieu_id=lieu_id)
    ]


def are_offered(session: Session, *, lieu_id: int) -> bool:
    """Whether any seat of this lieu can be kept ahead."""
    return bool(_weekly(session, lieu_id))


def _weekly(session: Session, lieu_id: int) -> dict[tuple[int, int], int]:
    rows = session.scalars(select(WeeklySeats).where(WeeklySeats.lieu_id == lieu_id))
    return {(row.weekday, row.starts): row.seats for row in rows}


def ahead(
    session: Session, *, lieu: Lieu, at: datetime, member_id: int | None = None
) -> list[Ahead]:
    """The moments of the next four weeks whose seats can be kept, in order."""
    offered = [one for one in week(session, lieu_id=lieu.id) if one.seats]
    kept, mine = _kept(session, lieu, at, member_id)
    fixed = _fixed(session, lieu, at)
    found = []
    for day in _days(lieu, at):
        for one in offered:
            starts_at = hours.wall_instant(day, one.starts, lieu.timezone)
            ends_at = hours.wall_instant(day, one.ends, lieu.timezone)
            if one.weekday != day.weekday() or not at < starts_at < ends_at:
                continue
            seats = fixed.get(starts_at, one.seats)
            free = max(0, seats - kept.get(starts_at, 0))
            found.append(
                Ahead(day, one.name, starts_at, ends_at, seats, free, mine.get(starts_at, ""))
            )
    return sorted(found, key=lambda one: one.starts_at)


def moment_ahead(session: Session, *, lieu: Lieu, starts_at: datetime, at: datetime) -> Ahead:
    """The moment that begins at this instant.

    Raises
    ------
    NoSuchMoment
    """
    for one in ahead(session, lieu=lieu, at=at):
        if one.starts_at == starts_at:
            return one
    raise NoSuchMoment()


def _days(lieu: Lieu, at: datetime) -> list[date]:
    today = clock.local_date(at, lieu.timezone)
    return [today + timedelta(days=number) for number in range(AHEAD.days)]


def _kept(
    session: Session, lieu: Lieu, at: datetime, member_id: int | None
) -> tuple[dict[datetime, int], dict[datetime, str]]:
    """How many seats are kept of each moment, and which are this member's."""
    rows = session.scalars(
        select(Reservation).where(
            Reservation.lieu_id == lieu.id,
            Reservation.starts_at > at,
            Reservation.number.is_not(None),
        )
    )
    kept: dict[datetime, int] = {}
    mine: dict[datetime, str] = {}
    for row in rows:
        kept[row.starts_at] = kept.get(row.starts_at, 0) + 1
        if row.member_id == member_id:
            mine[row.starts_at] = row.public_id
    return kept, mine


def _fixed(session: Session, lieu: Lieu, at: datetime) -> dict[datetime, int]:
    rows = session.execute(
        select(SeatsOn.starts_at, SeatsOn.seats).where(
            SeatsOn.lieu_id == lieu.id, SeatsOn.starts_at > at
        )
    )
    return dict(rows.all())

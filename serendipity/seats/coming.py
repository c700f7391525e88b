"""Coming: who is expected, who is reminded, who came, and whose seat is free after all."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from serendipity import presence
from serendipity.db import look_up
from serendipity.members import Member
from serendipity.presence import Presence
from serendipity.seats import letters
from serendipity.seats.reserving import let_go
from serendipity.seats.tables import Reservation

GRACE: Final = timedelta(minutes=20)  # into the moment, before the seat is somebody else's
EARLY: Final = timedelta(hours=1)  # who comes so long before is there for their seat
DAY: Final = timedelta(hours=24)


_EXPECTED: Final = select(Reservation.member_id).where(
    Reservation.lieu_id == bindparam("lieu_id"),
    Reservation.day == bindparam("day"),
    Reservation.number.is_not(None),
)


def expected(session: Session, *, lieu_id: int, day: date) -> set[int]:
    """Members for whom a seat is kept at this lieu on this date."""
    return {who for (who,) in look_up(session, _EXPECTED, lieu_id=lieu_id, day=day)}


def reserved_on(session: Session, *, lieu_id: int, day: date) -> list[tuple[Reservation, Member]]:
    """The seats kept on a date with those they are kept for: for the concierge."""
    rows = session.execute(
        select(Reservation, Member)
        .join(Member, Member.id == Reservation.member_id)
        .where(
            Reservation.lieu_id == lieu_id,
            Reservation.day == day,
            Reservation.number.is_not(None),
        )
        .order_by(Reservation.starts_at, Member.name, Member.id)
    )
    return [(kept, member) for kept, member in rows]


def owe_reminders(session: Session, *, at: datetime) -> int:
    """Owe a letter for each seat whose moment begins within 24 hours; how many seats.

    Who kept it less than a day ahead has just had a letter that says the same.
    """
    soon = session.scalars(
        select(Reservation).where(
            Reservation.starts_at > at,
            Reservation.starts_at <= at + DAY,
            Reservation.number.is_not(None),
            Reservation.reminded_at.is_(None),
        )
    )
    due = [one for one in soon if one.kept_at <= one.starts_at - DAY]
    for one in due:
        letters.owe_reminder(session, one, at=at)
        one.reminded_at = at
    session.flush()
    return len(due)


def free_no_shows(session: Session, *, at: datetime) -> int:
    """Free the seats whose people have not come twenty minutes into the moment; how many.

    Who was there before the moment began is there now: their seat is taken, not freed.
    """
    late = session.scalars(
        select(Reservation)
        .where(
            Reservation.starts_at <= at - GRACE,
            Reservation.number.is_not(None),
            Reservation.arrived_at.is_(None),
        )
        .order_by(Reservation.id)
        .with_for_update(skip_locked=True)
    ).all()
    freed = 0
    for one in late:
        came_at = _came(session, one)
        if came_at is not None:
            one.arrived_at = came_at
        elif let_go(session, one, "freed_at", at=at):
            freed += 1
            if one.ends_at > at:  # nobody is told of it when the day is long over
                letters.owe(session, one, what="freed", at=at)
    session.flush()
    return freed


def _came(session: Session, kept: Reservation) -> datetime | None:
    """When the person was there between the beginning and the end of grace, if they were.

    Asked of the interval and not of now: a worker that was down for a day asks late.
    """
    return session.scalar(
        select(Presence.started_at).where(
            Presence.member_id == kept.member_id,
            Presence.lieu_id == kept.lieu_id,
            Presence.started_at <= kept.starts_at + GRACE,
            Presence.ended_at.is_(None) | (Presence.ended_at > kept.starts_at),
        )
    )


_FOR_NOW: Final = (
    select(Reservation.id)
    .where(
        Reservation.member_id == bindparam("member_id"),
        Reservation.lieu_id == bindparam("lieu_id"),
        Reservation.starts_at <= bindparam("soon"),
        Reservation.ends_at > bindparam("at"),
        Reservation.number.is_not(None),
        Reservation.arrived_at.is_(None),
    )
    .with_for_update()
)


@presence.at_check_in
def _use(session: Session, stay: Presence, at: datetime) -> None:
    """Checking in takes the seat that was kept for now."""
    here = {"member_id": stay.member_id, "lieu_id": stay.lieu_id, "at": at, "soon": at + EARLY}
    for kept in look_up(session, _FOR_NOW, **here):
        session.get_one(Reservation, kept.id).arrived_at = at
    session.flush()

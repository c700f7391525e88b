"""Retention: raw presence is kept for three months at the most, then only counts are.

Rules kept here: a stay that began more than 89 days ago is counted, hour by hour and lieu by lieu,
and deleted, in one transaction; the counts name nobody and point at nobody. Seats reserved so long
ago go with them. The words of a need that is over for a day are forgotten; that it was there, and
whether it was answered, is not. It runs once per lieu and local date, and old rows that are still
there, for whatever reason, are an alarm (`alarms`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import clock, lieux, runs
from serendipity.db import Base, insert_new
from serendipity.lieux import Lieu
from serendipity.needs import Need
from serendipity.presence import Presence
from serendipity.seats.tables import Reservation

JOB: Final = "retention"
KEPT: Final = timedelta(days=89)  # the job comes once a day, so that no row sees its 91st
LIEUX_AT_ONCE: Final = 20
HOUR: Final = timedelta(hours=1)
A_DAY: Final = timedelta(days=1)


class PresenceCount(Base):
    """How many people were here in an hour of a day, once nobody knows any more who."""

    __tablename__ = "presence_count"

    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), primary_key=True)
    local_date: Mapped[date] = mapped_column(primary_key=True)
    hour: Mapped[int] = mapped_column(primary_key=True)
    people: Mapped[int]

    __table_args__ = (
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
        CheckConstraint("people > 0", name="people"),
    )


def purge_due(session: Session, *, at: datetime) -> int:
    """Purge at lieux that have not been purged today; how many stays were deleted."""
    days = {lieu.id: clock.local_date(at, lieu.timezone) for lieu in lieux.open_lieux(session)}
    done = runs.done_on(session, job=JOB, dates=set(days.values()))
    due = [one for one in lieux.open_lieux(session) if (one.id, days[one.id]) not in done]
    return sum(_purge(session, one, days[one.id], at) for one in due[:LIEUX_AT_ONCE])


def _purge(session: Session, lieu: Lieu, day: date, at: datetime) -> int:
    try:
        run = runs.begin(session, job=JOB, lieu_id=lieu.id, local_date=day, at=at)
    except runs.AlreadyRun:  # another worker has it
        return 0
    stays = purge(session, lieu=lieu, before=at - KEPT)
    runs.finish(session, run=run, counts={"stays": stays}, at=at)
    return stays


def purge(session: Session, *, lieu: Lieu, before: datetime) -> int:
    """Count and delete the stays that began before this instant; how many."""
    old = session.scalars(
        select(Presence).where(
            Presence.lieu_id == lieu.id,
            Presence.started_at < before,
            Presence.ended_at.is_not(None),
        )
    ).all()
    if old:
        _count(session, lieu, old)
        _delete(session, [stay.id for stay in old])
    session.execute(
        delete(Reservation).where(Reservation.lieu_id == lieu.id, Reservation.ends_at < before)
    )
    return len(old)


def _count(session: Session, lieu: Lieu, stays: Sequence[Presence]) -> None:
    hours: Counter[tuple[date, int]] = Counter()
    for stay in stays:
        hours.update(_hours(stay, lieu.timezone))
    rows = [
        {"lieu_id": lieu.id, "local_date": day, "hour": hour, "people": people}
        for (day, hour), people in sorted(hours.items())
    ]
    adding = insert_new(session, PresenceCount)
    more = {"people": PresenceCount.people + adding.excluded.people}
    keys = ["lieu_id", "local_date", "hour"]
    session.execute(adding.on_conflict_do_update(index_elements=keys, set_=more), rows)


def _hours(stay: Presence, zone: str) -> set[tuple[date, int]]:
    """The hours on the lieu's wall that a stay touched; a repeated hour is one."""
    end = stay.ended_at or stay.until
    touched: set[tuple[date, int]] = set()
    instant = stay.started_at
    while instant < end or not touched:
        wall = clock.local(instant, zone)
        touched.add((wall.date(), wall.hour))
        instant = (instant + HOUR).replace(minute=0, second=0, microsecond=0)
    return touched


def _delete(session: Session, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        session.execute(update(Need).where(Need.presence_id.in_(some)).values(presence_id=None))
        session.execute(delete(Presence).where(Presence.id.in_(some)))


def forget_needs(session: Session, *, at: datetime) -> int:
    """Forget the words of needs that are over for a day; how many."""
    over: Any = session.execute(
        update(Need)
        .where(Need.expires_at <= at - A_DAY, Need.words != "")
        .values(words="", proposals=[], read_at=func.coalesce(Need.read_at, Need.said_at))
    )
    return int(over.rowcount)


def oldest_stay(session: Session) -> datetime | None:
    """When the oldest stay that is still kept began; one that has not ended is today's."""
    return session.scalar(
        select(func.min(Presence.started_at)).where(Presence.ended_at.is_not(None))
    )

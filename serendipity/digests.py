"""Digests: on Monday morning, the week in a handful of counts, for those who may take shifts.

Counts only: nobody is named, and what waits for a decision is on the desk. Once per lieu and
Monday, by the same row that every job is guarded by.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from serendipity import clock, lieux, mail, runs, shifts
from serendipity.encounters import Encounter
from serendipity.introductions import Introduction, Side
from serendipity.lieux import Lieu
from serendipity.mail import Letter
from serendipity.needs import Need
from serendipity.presence import Presence

JOB: Final = "digest"
FROM_HOUR: Final = 7  # on the lieu's wall
MONDAY: Final = 0


def owe_due(session: Session, *, at: datetime) -> int:
    """Owe last week's digest where it is Monday morning; how many letters."""
    mondays = {
        lieu.id: wall.date()
        for lieu in lieux.open_lieux(session)
        for wall in [clock.local(at, lieu.timezone)]
        if wall.weekday() == MONDAY and wall.hour >= FROM_HOUR
    }
    done = runs.done_on(session, job=JOB, dates=set(mondays.values()))
    due = [session.get_one(Lieu, key) for key, day in mondays.items() if (key, day) not in done]
    return sum(_owe(session, lieu, mondays[lieu.id], at) for lieu in due)


def _owe(session: Session, lieu: Lieu, monday: date, at: datetime) -> int:
    try:
        run = runs.begin(session, job=JOB, lieu_id=lieu.id, local_date=monday, at=at)
    except runs.AlreadyRun:  # another worker has it
        return 0
    week = monday - timedelta(days=7)
    counts = counts_of(session, lieu=lieu, first_day=week)
    letters: list[dict[str, Any]] = [
        {
            "kind": "digest",
            "recipient": member.email,
            "key": f"{lieu.id}:{monday}",
            "facts": {
                "from_day": week.isoformat(),
                "to_day": (monday - timedelta(days=1)).isoformat(),
                "counts": counts,
            },
            "language": member.language,
            "member_id": member.id,
            "lieu_id": lieu.id,
        }
        for member in shifts.concierges_of(session, lieu_id=lieu.id)
        if member.email is not None
    ]
    owed = mail.owe_all(session, letters, at=at) if any(n for _, n in counts) else 0
    runs.finish(session, run=run, counts={"letters": owed}, at=at)
    return owed


def counts_of(session: Session, *, lieu: Lieu, first_day: date) -> list[tuple[str, int]]:
    """What happened at a lieu in the seven days from this one; nought is left out."""
    start, _ = clock.day_bounds(first_day, lieu.timezone)
    end, _ = clock.day_bounds(first_day + timedelta(days=7), lieu.timezone)

    def within(instant: Any) -> list[ColumnElement[bool]]:
        return [instant >= start, instant < end]

    here = [Presence.lieu_id == lieu.id, *within(Presence.started_at)]
    before = select(Presence.member_id).where(
        Presence.lieu_id == lieu.id, Presence.started_at < start
    )
    offered = [Introduction.lieu_id == lieu.id, *within(Introduction.offered_at)]
    unsaid = select(Side.introduction_id).where(Side.yes_at.is_(None))
    people = func.count(Presence.member_id.distinct())
    found = {
        "people": select(people).where(*here),
        "newcomers": select(people).where(*here, Presence.member_id.not_in(before)),
        "introductions": select(func.count()).select_from(Introduction).where(*offered),
        "agreed": select(func.count())
        .select_from(Introduction)
        .where(*offered, Introduction.id.not_in(unsaid)),
        "met": select(func.count()).where(
            Encounter.lieu_id == lieu.id,
            Encounter.a_confirmed_at.is_not(None),
            Encounter.b_confirmed_at.is_not(None),
            or_(Encounter.a_confirmed_at >= start, Encounter.b_confirmed_at >= start),
            Encounter.a_confirmed_at < end,
            Encounter.b_confirmed_at < end,
        ),
        "needs": select(func.count()).where(
            Need.lieu_id == lieu.id,
            *within(Need.expires_at),
            Need.answered_at.is_(None),
            Need.withdrawn_at.is_(None),
        ),
        "letters": select(func.count()).where(
            Letter.lieu_id == lieu.id,
            *within(Letter.owed_at),
            or_(
                Letter.failed_at.is_not(None),
                Letter.bounced_at.is_not(None),
                Letter.uncertain_at.is_not(None) & Letter.sent_at.is_(None),
            ),
        ),
    }
    counted = [(what, session.scalar(query) or 0) for what, query in found.items()]
    return [(what, number) for what, number in counted if number]

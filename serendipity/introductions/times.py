"""Times: when two who said yes will both be there, and the one they choose.

Rules kept here: nothing is proposed before every yes; days for which all of them reserved a seat
come first, then the lieu's next open days; a time is chosen out of those proposed, by any of
them, and every change counts up so that calendars move the entry they have.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from serendipity import clock, hours, mail, seats
from serendipity.introductions.answering import own_locked
from serendipity.introductions.sides import Introduction, NoSuchTime, NotAgreed
from serendipity.lieux import Lieu
from serendipity.members import Member

PROPOSED: Final = 3
AHEAD: Final = 14  # days
MIDDAY: Final = 12 * 60 + 30
Stretch = tuple[datetime, datetime]
LASTS: Final = timedelta(minutes=30)


def proposals(session: Session, *, introduction: Introduction, at: datetime) -> list[datetime]:
    """Up to three times at which they could meet at the lieu, the surest first."""
    lieu = session.get_one(Lieu, introduction.lieu_id)
    today = clock.local_date(at, lieu.timezone)
    days = [today + timedelta(days=ahead) for ahead in range(1, AHEAD + 1)]
    of_each = {day: _stretches(session, introduction, lieu, day) for day in days}
    sure = [day for day in days if of_each[day].together]
    found = [_within(of_each[day], lieu, day) for day in dict.fromkeys([*sure, *days])]
    return [one for one in found if one is not None][:PROPOSED]


@dataclass(frozen=True, slots=True)
class _Day:
    """When the lieu is open, and when all of them have reserved a seat, on one date."""

    open: list[Stretch]
    together: list[Stretch]


def _stretches(session: Session, introduction: Introduction, lieu: Lieu, day: date) -> _Day:
    kept: dict[int, Stretch] = {}
    for seat, member in seats.reserved_on(session, lieu_id=lieu.id, day=day):
        kept.setdefault(member.id, (seat.starts_at, seat.ends_at))
    of_theirs = [kept[side.member_id] for side in introduction.sides if side.member_id in kept]
    together = []
    if len(of_theirs) == len(introduction.sides):
        begins, ends = max(one[0] for one in of_theirs), min(one[1] for one in of_theirs)
        together = [(begins, ends)] if begins + LASTS <= ends else []
    return _Day(hours.open_hours(session, lieu=lieu, day=day), together)


def _within(told: _Day, lieu: Lieu, day: date) -> datetime | None:
    """Half past twelve if that is within, else half an hour after the first stretch begins."""
    midday = hours.wall_instant(day, MIDDAY, lieu.timezone)
    stretches = told.together or told.open
    if any(begins <= midday < ends for begins, ends in stretches):
        return midday
    return stretches[0][0] + LASTS if stretches else None


def choose_time(
    session: Session, *, public_id: str, member_id: int, meet_at: datetime, at: datetime
) -> Introduction:
    """Say when to meet: everybody gets a letter with the calendar entry. The same time is once.

    Raises
    ------
    NoSuchIntroduction, IntroductionOver, NotAgreed, NoSuchTime
    """
    introduction = own_locked(session, public_id=public_id, member_id=member_id)
    if not introduction.agreed or introduction.withdrawn_at is not None:
        raise NotAgreed()
    if introduction.meet_at == meet_at:
        return introduction
    if meet_at not in proposals(session, introduction=introduction, at=at):
        raise NoSuchTime(field="meet_at", given=meet_at.isoformat())
    if introduction.meet_at is not None:
        introduction.meet_sequence += 1
    introduction.meet_at = meet_at
    session.flush()
    for side in introduction.sides:
        _owe_letter(session, introduction, session.get_one(Member, side.member_id), at=at)
    return introduction


def _owe_letter(
    session: Session, introduction: Introduction, member: Member, *, at: datetime
) -> None:
    if member.email is None:
        return
    mail.owe(
        session,
        kind="meeting",
        recipient=member.email,
        key=f"{introduction.public_id}.{introduction.meet_sequence}",
        facts={"introduction": introduction.public_id},
        language=member.language,
        at=at,
        member_id=member.id,
        lieu_id=introduction.home_of(member.id),
    )


def calendar_entry(introduction: Introduction, *, summary: str, place: str, at: datetime) -> str:
    """The meeting as an iCalendar file; a change keeps the UID and counts up the SEQUENCE.

    Raises
    ------
    NotAgreed
        No time was chosen.
    """
    from icalendar import Calendar, Event  # noqa: PLC0415 (for a letter or a download only)

    if introduction.meet_at is None:
        raise NotAgreed()
    event = Event()
    event.add("uid", f"{introduction.public_id}@serendipity")
    event.add("sequence", introduction.meet_sequence)
    event.add("dtstamp", at)
    event.add("dtstart", introduction.meet_at)
    event.add("dtend", introduction.meet_at + LASTS)
    event.add("summary", summary)
    event.add("location", place)
    calendar = Calendar()
    for name, value in (
        ("prodid", "-//Serendipity//Introductions//EN"),
        ("version", "2.0"),
        ("method", "PUBLISH"),
    ):
        calendar.add(name, value)
    calendar.add_component(event)
    return str(calendar.to_ical().decode())

"""When a lieu closes, and until when one may stay."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from serendipity import hours
from serendipity.lieux import Moment, Opening
from tests.rows import a_lieu


def paris(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    """March 2026 before the 29th: Paris is an hour ahead of UTC."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_a_stay_ends_at_closing_time(session: Session) -> None:
    lieu = a_lieu(session)
    assert hours.closing(session, lieu=lieu, at=paris(26, 12)) == paris(26, 19)


@pytest.mark.parametrize("at", [paris(26, 5), paris(26, 19), paris(26, 22, 59)])
def test_outside_the_hours_a_stay_ends_with_the_local_day(session: Session, at: datetime) -> None:
    lieu = a_lieu(session)
    assert hours.closing(session, lieu=lieu, at=at) == paris(26, 23)


def test_an_instant_after_local_midnight_belongs_to_the_next_day(session: Session) -> None:
    lieu = a_lieu(session)
    assert hours.closing(session, lieu=lieu, at=paris(26, 23)) == paris(27, 23)


def test_closing_time_is_of_the_opening_one_is_in(session: Session) -> None:
    lieu = a_lieu(session)
    session.execute(delete(Opening).where(Opening.lieu_id == lieu.id))
    for opens, closes in ((9 * 60, 12 * 60), (14 * 60, 24 * 60)):
        session.add(Opening(lieu_id=lieu.id, weekday=3, opens=opens, closes=closes))
    session.flush()
    assert hours.closing(session, lieu=lieu, at=paris(26, 9)) == paris(26, 11)
    assert hours.closing(session, lieu=lieu, at=paris(26, 15)) == paris(26, 23)


def test_times_to_stay_are_on_the_half_hour_and_end_with_closing(session: Session) -> None:
    lieu = a_lieu(session)
    assert hours.stays(session, lieu=lieu, at=paris(26, 12, 10)) == [
        paris(26, 13),
        paris(26, 14, 30),
        paris(26, 16),
        paris(26, 19),
    ]
    assert hours.stays(session, lieu=lieu, at=paris(26, 18, 40)) == [paris(26, 19)]


@pytest.mark.parametrize(
    ("minutes", "utc"),
    [
        (2 * 60 + 30, datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # skipped: read as 03:30
        (60, datetime(2026, 3, 29, 0, 0, tzinfo=UTC)),
        (1440, datetime(2026, 3, 29, 22, 0, tzinfo=UTC)),
    ],
)
def test_a_wall_clock_is_read_on_the_night_the_clock_jumps(minutes: int, utc: datetime) -> None:
    assert hours.wall_instant(date(2026, 3, 29), minutes, "Europe/Paris") == utc


def test_the_moment_is_what_the_lieu_is_at_this_hour(session: Session) -> None:
    lieu = a_lieu(session)
    session.add_all(
        Moment(lieu_id=lieu.id, weekday=3, starts=a * 60, ends=b * 60, name=name)
        for a, b, name in ((9, 17, "Coworking"), (18, 20, "Repair café"))
    )
    session.flush()
    assert hours.moment_now(session, lieu=lieu, at=paris(26, 12)) == "Coworking"
    assert hours.moment_now(session, lieu=lieu, at=paris(26, 16)) == ""
    assert [slot.name for slot in hours.moments_today(session, lieu=lieu, at=paris(26, 12))] == [
        "Coworking",
        "Repair café",
    ]


@pytest.mark.parametrize(
    ("zone", "at", "began"),
    [
        ("Europe/Paris", paris(26, 8, 59), None),  # Thursday, 09:59
        ("Europe/Paris", paris(26, 9), paris(26, 9)),
        ("Europe/Paris", paris(26, 14), paris(26, 13)),
        ("Europe/Paris", paris(26, 23), None),  # Friday
        ("Pacific/Kiritimati", paris(25, 21), paris(25, 20)),  # fourteen hours ahead
        ("Pacific/Pago_Pago", paris(27, 2), paris(27, 1)),  # eleven behind
    ],
)
def test_the_latest_moment_to_begin_is_of_the_local_day(
    session: Session, zone: str, at: datetime, began: datetime | None
) -> None:
    lieu = a_lieu(session, timezone=zone)
    for starts in (10 * 60, 14 * 60, 23 * 60):
        session.add(
            Moment(lieu_id=lieu.id, weekday=3, starts=starts, ends=starts + 60, name="Coworking")
        )
    session.flush()
    found = hours.last_starts(session, lieu_ids=[lieu.id], at=at)
    assert found == ({} if began is None else {lieu.id: began})
    assert hours.last_starts(session, lieu_ids=[], at=at) == {}

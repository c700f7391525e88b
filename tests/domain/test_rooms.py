"""Rooms: what they cost, and when they are free."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from serendipity import bookings, hours, rooms
from serendipity.lieux import Lieu, Opening
from serendipity.rooms import Room
from tests.conftest import NOON
from tests.rows import a_lieu, a_room, an_organisation

HOUR = timedelta(hours=1)
FRIDAY = date(2026, 3, 27)


def at(wall: str, day: str = "2026-03-27") -> datetime:
    return datetime.fromisoformat(f"{day}T{wall}:00+00:00")


def open_all_day(session: Session, **facts: str) -> Lieu:
    lieu = a_lieu(session, **facts)
    session.query(Opening).filter_by(lieu_id=lieu.id).delete()
    session.add_all(Opening(lieu_id=lieu.id, weekday=day, opens=0, closes=1440) for day in range(7))
    session.flush()
    return lieu


def a_price(minutes: int, **prices: int) -> rooms.Price:
    room = Room(
        **{
            "hour_cents": 2400,
            "half_day_cents": 8000,
            "day_cents": 14000,
            "vat_points": 2000,
            **prices,
        }
    )
    return rooms.price(room, NOON, NOON + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("minutes", "net", "vat"),
    [
        (15, 600, 120),
        (60, 2400, 480),
        (120, 4800, 960),
        (195, 7800, 1560),
        (210, 8000, 1600),  # the half day is cheaper than three hours and a half
        (240, 8000, 1600),
        (300, 10400, 2080),  # a half day and an hour
        (420, 14000, 2800),  # two half days would be 16000
        (600, 14000, 2800),
    ],
)
def test_the_cheapest_price_that_covers_the_time_is_taken(minutes: int, net: int, vat: int) -> None:
    assert a_price(minutes) == rooms.Price(net, vat)
    assert a_price(minutes).gross_cents == net + vat


@pytest.mark.parametrize(
    ("hour", "minutes", "points", "net", "vat"),
    [
        (999, 15, 2000, 250, 50),  # 249.75, then 50.0
        (1001, 30, 2000, 501, 100),  # 500.5 goes up; 100.2
        (1, 15, 2000, 0, 0),
        (2, 15, 10000, 1, 1),  # half a cent goes up
        (1050, 60, 550, 1050, 58),  # 57.75
        (1000, 45, 0, 750, 0),
    ],
)
def test_cents_are_whole_and_vat_is_rounded_once(
    hour: int, minutes: int, points: int, net: int, vat: int
) -> None:
    price = a_price(
        minutes, hour_cents=hour, half_day_cents=10**9, day_cents=10**9, vat_points=points
    )
    assert price == rooms.Price(net, vat)


@given(
    st.integers(1, 200),
    st.integers(0, 10_000),
    st.integers(0, 40_000),
    st.integers(0, 80_000),
    st.integers(0, 10_000),
)
def test_more_time_never_costs_less(
    quarters: int, hour: int, half: int, day: int, points: int
) -> None:
    prices = {"hour_cents": hour, "half_day_cents": half, "day_cents": day, "vat_points": points}
    shorter, longer = a_price(15 * quarters, **prices), a_price(15 * quarters + 15, **prices)
    assert 0 <= shorter.net_cents <= longer.net_cents
    assert shorter.vat_cents <= longer.vat_cents


def test_a_room_is_free_on_the_quarters_of_the_opening_hours(session: Session) -> None:
    room = a_room(session, a_lieu(session))
    free = rooms.free_starts(session, room=room, day=FRIDAY, length=2 * HOUR, people=4, at=NOON)
    assert free[0] == at("07:00")  # 08:00 in Paris
    assert free[-1] == at("17:00")  # until 20:00 and not later, in the zone of the lieu
    assert len(free) == 41
    assert {start.minute for start in free} == {0, 15, 30, 45}


def test_a_booked_room_is_free_around_the_booking_and_its_buffer(session: Session) -> None:
    room = a_room(session, a_lieu(session), buffer_minutes=20)
    organisation, member = an_organisation(session)
    bookings.hold(
        session,
        room=room,
        organisation_id=organisation.id,
        member_id=member.id,
        starts_at=at("10:00"),
        ends_at=at("11:00"),
        people=2,
        at=NOON,
    )
    free = rooms.free_starts(session, room=room, day=FRIDAY, length=HOUR, people=2, at=NOON)
    # 20 minutes take two quarters: what ends at 09:30 at the latest leaves its own buffer free,
    # and what begins at 11:30 at the earliest leaves the other's.
    assert at("08:30") in free
    assert at("08:45") not in free
    assert at("11:15") not in free
    assert at("11:30") in free


def test_the_past_is_not_offered(session: Session) -> None:
    room = a_room(session, a_lieu(session))
    today = NOON.date()
    free = rooms.free_starts(
        session, room=room, day=today, length=HOUR, people=1, at=NOON + timedelta(minutes=1)
    )
    assert free[0] == at("12:15", "2026-03-26")
    for day in (today - timedelta(days=1), date.min, date.max, date(2029, 1, 1)):
        assert rooms.free_starts(session, room=room, day=day, length=HOUR, people=1, at=NOON) == []


@pytest.mark.parametrize(
    ("day", "quarters"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100), (FRIDAY, 96)]
)
def test_a_day_has_as_many_quarters_as_its_clock_really_shows(
    session: Session, day: date, quarters: int
) -> None:
    room = a_room(session, open_all_day(session))
    free = rooms.free_starts(
        session, room=room, day=day, length=timedelta(minutes=15), people=1, at=NOON
    )
    assert len(free) == len(set(free)) == quarters


def test_a_lieu_that_never_closes_lets_a_booking_run_over_midnight(session: Session) -> None:
    room = a_room(session, open_all_day(session))
    free = rooms.free_starts(session, room=room, day=FRIDAY, length=4 * HOUR, people=1, at=NOON)
    assert at("22:45") in free  # 23:45 in Paris


def test_hours_that_touch_are_one_stretch_and_a_lunch_break_is_two(session: Session) -> None:
    lieu = a_lieu(session)
    session.query(Opening).filter_by(lieu_id=lieu.id).delete()
    for opens, closes in ((480, 720), (720, 780), (840, 1200)):
        session.add(Opening(lieu_id=lieu.id, weekday=4, opens=opens, closes=closes))
    session.flush()
    assert hours.open_stretches(session, lieu=lieu, days=[FRIDAY]) == [
        (at("07:00"), at("12:00")),
        (at("13:00"), at("19:00")),
    ]


@pytest.mark.parametrize(
    ("people", "error"),
    [
        (9, rooms.TooManyPeople),
        (10**18, rooms.TooManyPeople),
        (0, rooms.NobodyComes),
        (-3, rooms.NobodyComes),
    ],
)
def test_a_room_takes_as_many_people_as_fit(
    session: Session, people: int, error: type[Exception]
) -> None:
    room = a_room(session, a_lieu(session), capacity=8)
    with pytest.raises(error):
        rooms.free_starts(session, room=room, day=FRIDAY, length=HOUR, people=people, at=NOON)
    assert rooms.free_starts(session, room=room, day=FRIDAY, length=HOUR, people=8, at=NOON)


def test_a_room_is_had_for_a_quarter_at_least(session: Session) -> None:
    room = a_room(session, a_lieu(session))
    for length in (timedelta(0), -HOUR):
        with pytest.raises(rooms.EndBeforeStart):
            rooms.free_starts(session, room=room, day=FRIDAY, length=length, people=1, at=NOON)


def test_a_room_of_another_lieu_is_not_found(session: Session) -> None:
    here, there = a_lieu(session), a_lieu(session)
    room = a_room(session, there)
    assert rooms.room_named(session, lieu=there, slug=room.slug) is room
    with pytest.raises(rooms.NoSuchRoom):
        rooms.room_named(session, lieu=here, slug=room.slug)
    assert rooms.rooms_of(session, here) == []

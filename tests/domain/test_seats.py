"""Seats: kept ahead, as many as there are, for one person each; and what becomes of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import lieux, mail, members, presence, seats
from serendipity.lieux import Lieu, Span
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.seats import Reservation, SeatsOn
from tests.conftest import NOON
from tests.rows import a_lieu, a_member

# NOON is Thursday 26 March 2026, 13:00 in Paris; the clocks change on Sunday 29.
FRIDAY = date(2026, 3, 27)
FRIDAY_NINE = datetime.fromisoformat("2026-03-27T08:00:00+00:00")
NEXT_THURSDAY_NINE = datetime.fromisoformat("2026-04-02T07:00:00+00:00")
FRIDAY_TWO = datetime.fromisoformat("2026-03-27T13:00:00+00:00")


def a_lieu_with_seats(session: Session, count: int = 2, **given: Any) -> Lieu:
    """Coworking from 9 to 12 and an atelier from 14 to 18 every weekday, seats in the first."""
    lieu = a_lieu(session, **given)
    spans = [Span(day, 540, 720, "Coworking") for day in range(5)]
    spans += [Span(day, 840, 1080, "Atelier") for day in range(5)]
    lieux.keep_moments(session, lieu=lieu, spans=spans)
    for day in range(5):
        seats.offer(session, lieu=lieu, weekday=day, starts=540, count=count, at=NOON)
    return lieu


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu_with_seats(session)


@pytest.fixture
def awa(session: Session) -> Member:
    return a_member(session)


def keep(
    session: Session, lieu: Lieu, member: Member, starts_at: datetime = FRIDAY_NINE
) -> Reservation:
    return seats.reserve(session, member_id=member.id, lieu=lieu, starts_at=starts_at, at=NOON)


def letters(session: Session, kind: str = "seat") -> list[Letter]:
    return list(session.scalars(select(Letter).where(Letter.kind == kind).order_by(Letter.id)))


# --- keeping --------------------------------------------------------------------------------


def test_a_seat_is_kept_for_a_moment_of_a_day(session: Session, lieu: Lieu, awa: Member) -> None:
    kept = keep(session, lieu, awa)
    assert (kept.day, kept.moment, kept.number) == (FRIDAY, "Coworking", 1)
    assert kept.ends_at - kept.starts_at == timedelta(hours=3)
    assert seats.expected(session, lieu_id=lieu.id, day=FRIDAY) == {awa.id}
    assert seats.expected(session, lieu_id=lieu.id, day=FRIDAY + timedelta(days=1)) == set()
    assert [letter.facts["what"] for letter in letters(session)] == ["kept"]
    assert keep(session, lieu, awa) is kept


def test_no_money_and_no_pledge_is_taken_before_one_comes(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    keep(session, lieu, awa)
    assert session.execute(text("SELECT count(*) FROM ledger_transaction")).scalar() == 0


def test_moments_on_offer_are_those_with_seats_on_the_lieus_own_clock(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    found = seats.ahead(session, lieu=lieu, at=NOON, member_id=awa.id)
    assert {one.name for one in found} == {"Coworking"}
    assert found[0].starts_at == FRIDAY_NINE  # today's nine o'clock is past
    assert NEXT_THURSDAY_NINE in {one.starts_at for one in found}  # an hour earlier in UTC
    assert len(found) == 20 - 1
    kept = keep(session, lieu, awa)
    first = seats.ahead(session, lieu=lieu, at=NOON, member_id=awa.id)[0]
    assert (first.seats, first.free, first.mine) == (2, 1, kept.public_id)


def test_the_last_seat_is_the_last(session: Session, lieu: Lieu) -> None:
    numbers = [keep(session, lieu, a_member(session)).number for _ in range(2)]
    assert sorted(numbers, key=str) == [1, 2]
    with pytest.raises(seats.NoSeatLeft):
        keep(session, lieu, a_member(session))
    assert len(letters(session)) == 2


@pytest.mark.parametrize(
    "starts_at",
    [
        NOON,  # begins at no moment
        NOON - timedelta(hours=4),  # begun, and past
        FRIDAY_TWO,  # a moment without seats
        FRIDAY_NINE + timedelta(days=35),  # too far ahead
        FRIDAY_NINE + timedelta(days=1),  # Saturday
    ],
)
def test_only_what_is_on_offer_can_be_kept(
    session: Session, lieu: Lieu, awa: Member, starts_at: datetime
) -> None:
    with pytest.raises(seats.NoSuchMoment):
        keep(session, lieu, awa, starts_at)


def test_nobody_keeps_two_seats_at_one_hour(session: Session, lieu: Lieu, awa: Member) -> None:
    keep(session, lieu, awa)
    with pytest.raises(seats.AlreadyKept):
        keep(session, a_lieu_with_seats(session), awa)
    overlapping = a_lieu(session)
    lieux.keep_moments(session, lieu=overlapping, spans=[Span(4, 600, 660, "Café")])
    seats.offer(session, lieu=overlapping, weekday=4, starts=600, count=5, at=NOON)
    with pytest.raises(seats.AlreadyKept):
        keep(session, overlapping, awa, FRIDAY_NINE + timedelta(hours=1))


def test_nobody_keeps_a_whole_month(session: Session, lieu: Lieu, awa: Member) -> None:
    found = seats.ahead(session, lieu=lieu, at=NOON)
    for one in found[: seats.MOST_KEPT]:
        keep(session, lieu, awa, one.starts_at)
    with pytest.raises(seats.TooManySeats):
        keep(session, lieu, awa, found[seats.MOST_KEPT].starts_at)


# --- how many -------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [-1, 501])
def test_a_number_of_seats_has_bounds(session: Session, lieu: Lieu, count: int) -> None:
    with pytest.raises(seats.BadCount):
        seats.offer(session, lieu=lieu, weekday=4, starts=540, count=count, at=NOON)


def test_seats_belong_to_a_moment(session: Session, lieu: Lieu) -> None:
    with pytest.raises(seats.NoSuchMoment):
        seats.offer(session, lieu=lieu, weekday=4, starts=541, count=3, at=NOON)


def test_fewer_seats_never_take_back_what_was_promised(session: Session, lieu: Lieu) -> None:
    first, second = (keep(session, lieu, a_member(session)) for _ in range(2))
    seats.offer(session, lieu=lieu, weekday=4, starts=540, count=1, at=NOON)
    session.refresh(second)
    assert first.kept
    assert second.kept
    with pytest.raises(seats.NoSeatLeft):
        keep(session, lieu, a_member(session))
    seats.cancel(session, public_id=first.public_id, member_id=first.member_id, at=NOON)
    seats.offer(session, lieu=lieu, weekday=4, starts=540, count=0, at=NOON)
    with pytest.raises(seats.NoSuchMoment):
        keep(session, lieu, a_member(session))
    session.refresh(second)
    assert second.kept


def test_more_seats_are_there_at_once(session: Session, lieu: Lieu) -> None:
    for _ in range(2):
        keep(session, lieu, a_member(session))
    seats.offer(session, lieu=lieu, weekday=4, starts=540, count=3, at=NOON)
    assert keep(session, lieu, a_member(session)).number == 3


def cheat(session: Session, kept: Reservation, **changed: Any) -> None:
    columns = [column.key for column in Reservation.__table__.columns]
    facts = {name: getattr(kept, name) for name in columns if name != "id"}
    with session.begin_nested():
        session.add(Reservation(**{**facts, "public_id": f"cheat{len(str(changed))}", **changed}))


@pytest.mark.parametrize(
    "changed",
    [
        {},  # the same number
        {"number": 3},  # above how many there are
        {"number": 3, "seats": 3},  # there are not that many
        {"number": 0},
        {"number": None},  # neither kept nor let go
        {"number": 2, "cancelled_at": NOON},  # let go, with its number
        {"number": 2, "day": FRIDAY, "member_id": "same"},  # two at one hour
    ],
    ids=str,
)
def test_the_schema_knows_the_one_too_many(
    session: Session, lieu: Lieu, awa: Member, changed: dict[str, Any]
) -> None:
    kept = keep(session, lieu, awa)
    other = awa.id if "member_id" in changed else a_member(session).id
    with pytest.raises(IntegrityError):
        cheat(session, kept, **{**changed, "member_id": other})


def test_the_schema_keeps_room_for_what_was_promised(session: Session, lieu: Lieu) -> None:
    for _ in range(2):
        keep(session, lieu, a_member(session))
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text("UPDATE seats_on SET seats = 1"))


# --- letting go -----------------------------------------------------------------------------


def test_a_cancelled_seat_is_free_and_its_calendar_entry_goes(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    kept = keep(session, lieu, awa)
    keep(session, lieu, a_member(session))
    for _ in range(2):  # twice is once
        seats.cancel(session, public_id=kept.public_id, member_id=awa.id, at=NOON)
    assert seats.kept_by(session, member_id=awa.id, at=NOON) == []
    assert [letter.facts["what"] for letter in letters(session)] == ["kept", "kept", "cancelled"]
    assert keep(session, lieu, a_member(session)).number == 1
    with pytest.raises(seats.NoSeatLeft):
        keep(session, lieu, awa)


def test_a_strangers_seat_answers_like_a_missing_one(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    kept, other = keep(session, lieu, awa), a_member(session)
    refusals = []
    for public_id in (kept.public_id, "nothing"):
        with pytest.raises(seats.NoSuchSeat) as refused:
            seats.cancel(session, public_id=public_id, member_id=other.id, at=NOON)
        refusals.append(refused.value.facts)
    assert refusals == [{}, {}]


def test_a_seat_whose_person_came_is_not_cancelled(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    kept = keep(session, lieu, awa)
    come(session, lieu, awa, FRIDAY_NINE)
    with pytest.raises(seats.SeatIsOver):
        seats.cancel(session, public_id=kept.public_id, member_id=awa.id, at=FRIDAY_NINE)


def test_the_calendar_tells_keeping_and_cancelling_under_one_uid(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    lieu.name = "La Navette; 2, quai"
    kept = keep(session, lieu, awa)
    seats.cancel(session, public_id=kept.public_id, member_id=awa.id, at=NOON)
    files = [
        Calendar.from_ical(
            seats.calendar_file(
                letter.facts,
                at=NOON,
                summary="A seat",
                link="https://seats.example/seats",
                organiser="lieu@seats.example",
            )
        )
        for letter in letters(session)
    ]
    (first,), (second,) = (one.walk("VEVENT") for one in files)
    assert [str(one["METHOD"]) for one in files] == ["PUBLISH", "CANCEL"]
    assert first["UID"] == second["UID"]
    assert (first["SEQUENCE"], second["SEQUENCE"]) == (0, 1)
    assert [str(one["STATUS"]) for one in (first, second)] == ["CONFIRMED", "CANCELLED"]
    assert first.decoded("DTSTART") == FRIDAY_NINE
    assert str(first["LOCATION"]).startswith("La Navette; 2, quai")


# --- coming ---------------------------------------------------------------------------------


def come(session: Session, lieu: Lieu, member: Member, at: datetime) -> None:
    presence.check_in(
        session,
        member_id=member.id,
        lieu_id=lieu.id,
        until=at + timedelta(hours=2),
        how_in="qr",
        at=at,
        confirmed=True,
    )


@pytest.mark.parametrize("minutes", [-60, 0, 19])
def test_checking_in_takes_the_seat(
    session: Session, lieu: Lieu, awa: Member, minutes: int
) -> None:
    kept = keep(session, lieu, awa)
    come(session, lieu, awa, FRIDAY_NINE + timedelta(minutes=minutes))
    assert kept.arrived_at == FRIDAY_NINE + timedelta(minutes=minutes)
    assert seats.free_no_shows(session, at=FRIDAY_NINE + timedelta(hours=2)) == 0


def test_checking_in_elsewhere_or_hours_before_takes_no_seat(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    kept = keep(session, lieu, awa)
    come(session, a_lieu(session), awa, FRIDAY_NINE)
    assert kept.arrived_at is None
    come(session, lieu, awa, NOON)
    assert kept.arrived_at is None


def test_nobody_came_so_the_seat_is_free_and_they_are_told_once(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    kept = keep(session, lieu, awa)
    keep(session, lieu, a_member(session))
    early = FRIDAY_NINE + timedelta(minutes=19)
    assert seats.free_no_shows(session, at=early) == 0
    late = FRIDAY_NINE + seats.GRACE
    assert seats.free_no_shows(session, at=late) == 2
    assert seats.free_no_shows(session, at=late) == 0
    session.refresh(kept)
    assert (kept.number, kept.freed_at) == (None, late)
    assert [one.facts["what"] for one in letters(session)] == ["kept"] * 2 + ["freed"] * 2
    assert seats.expected(session, lieu_id=lieu.id, day=FRIDAY) == set()


def test_who_is_there_already_keeps_their_seat(session: Session, lieu: Lieu, awa: Member) -> None:
    seats.offer(session, lieu=lieu, weekday=4, starts=840, count=1, at=NOON)
    kept = keep(session, lieu, awa, FRIDAY_TWO)
    presence.check_in(
        session,
        member_id=awa.id,
        lieu_id=lieu.id,
        until=FRIDAY_TWO + timedelta(hours=2),
        how_in="qr",
        at=FRIDAY_NINE,
        confirmed=True,
    )
    assert kept.arrived_at is None
    assert seats.free_no_shows(session, at=FRIDAY_TWO + seats.GRACE) == 0
    assert kept.arrived_at == FRIDAY_NINE


def test_a_worker_that_was_down_tells_nobody_of_yesterday(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    keep(session, lieu, awa)
    assert seats.free_no_shows(session, at=FRIDAY_NINE + timedelta(days=1)) == 1
    assert [one.facts["what"] for one in letters(session)] == ["kept"]


def test_a_seat_is_reminded_of_once_the_day_before(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    keep(session, lieu, awa, NEXT_THURSDAY_NINE)
    day_before = NEXT_THURSDAY_NINE - timedelta(hours=24)
    assert seats.owe_reminders(session, at=day_before - timedelta(minutes=1)) == 0
    assert seats.owe_reminders(session, at=day_before) == 1
    assert seats.owe_reminders(session, at=day_before) == 0
    (letter,) = letters(session, "seat_reminder")
    assert letter.recipient == awa.email


def test_who_kept_it_this_morning_is_not_reminded(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    keep(session, lieu, awa)
    assert seats.owe_reminders(session, at=NOON + timedelta(hours=1)) == 0


def test_a_cancelled_seat_is_not_reminded_of(session: Session, lieu: Lieu, awa: Member) -> None:
    kept = keep(session, lieu, awa, NEXT_THURSDAY_NINE)
    at = NEXT_THURSDAY_NINE - timedelta(hours=20)
    seats.owe_reminders(session, at=at)
    seats.cancel(session, public_id=kept.public_id, member_id=awa.id, at=at)
    (letter,) = letters(session, "seat_reminder")
    assert letter.withdrawn_at == at
    assert [one.id for one in mail.claim(session, at=at, limit=9)] == [
        one.id for one in letters(session)
    ]


def test_who_is_forgotten_keeps_no_seat(session: Session, lieu: Lieu, awa: Member) -> None:
    keep(session, lieu, awa)
    members.erase(session, member_id=awa.id, at=NOON)
    assert seats.expected(session, lieu_id=lieu.id, day=FRIDAY) == set()
    assert session.scalar(select(SeatsOn.seats)) == 2

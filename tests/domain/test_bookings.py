"""Bookings: held, confirmed, moved and cancelled, and never two for one quarter of an hour."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import bookings, clock, organisations, rooms, slots
from serendipity.bookings import Booking
from serendipity.errors import AmbiguousTimeError, NonexistentTimeError
from serendipity.lieux import Lieu, Opening
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.organisations import Organisation
from serendipity.rooms import Room
from serendipity.slots import BookedSlot
from tests.conftest import NOON
from tests.rows import a_lieu, a_member, a_room, an_organisation

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TEN = datetime.fromisoformat("2026-03-30T10:00:00+00:00")  # Monday, noon in Paris


class House:
    """A lieu with two rooms, and an organisation whose member may book them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.lieu: Lieu = a_lieu(session)
        self.room: Room = a_room(session, self.lieu)
        self.other: Room = a_room(session, self.lieu, capacity=30)
        organisation, member = an_organisation(session)
        self.organisation: Organisation = organisation
        self.member: Member = member

    @property
    def who(self) -> dict[str, int]:
        return {"organisation_id": self.organisation.id, "member_id": self.member.id}

    def hold(self, start: datetime = TEN, length: timedelta = HOUR, **given: Any) -> Booking:
        facts = {"room": self.room, "people": 4, "at": NOON, **self.who, **given}
        return bookings.hold(self.session, starts_at=start, ends_at=start + length, **facts)

    def book(self, start: datetime = TEN, length: timedelta = HOUR, **given: Any) -> Booking:
        held = self.hold(start, length, **given)
        return self.does(bookings.confirm, held, at=given.get("at", NOON))

    def does(self, verb: Any, booking: Booking, *, at: datetime = NOON, **given: Any) -> Booking:
        return verb(self.session, public_id=booking.public_id, at=at, **{**self.who, **given})

    def slots(self) -> dict[tuple[int, int], int]:
        rows = self.session.execute(
            select(BookedSlot.room_id, BookedSlot.slot, BookedSlot.booking_id)
        )
        return {(room, slot): booking for room, slot, booking in rows}


@pytest.fixture
def house(session: Session) -> House:
    return House(session)


# --- touching, overlapping ------------------------------------------------------------------

# Where a second booking of 10:00 to 11:00 may stand, in minutes from ten.
TOUCHING = [(-60, 0), (60, 120), (-15, 0), (60, 75), (-180, -60), (120, 180)]
OVERLAPPING = [(0, 60), (-15, 15), (45, 75), (15, 45), (-60, 120), (0, 15), (45, 60), (-60, 15)]


@pytest.mark.parametrize(("start", "end"), TOUCHING)
def test_two_bookings_may_touch(house: House, start: int, end: int) -> None:
    house.book()
    house.book(TEN + start * MINUTE, (end - start) * MINUTE)
    assert len(house.slots()) == 4 + (end - start) // 15


@pytest.mark.parametrize(("start", "end"), OVERLAPPING)
def test_two_bookings_may_not_overlap(house: House, start: int, end: int) -> None:
    first = house.book()
    with pytest.raises(bookings.RoomTaken):
        house.hold(TEN + start * MINUTE, (end - start) * MINUTE)
    assert set(house.slots().values()) == {first.id}
    assert house.session.scalars(select(Booking)).all() == [first]


def test_a_second_room_is_another_room(house: House) -> None:
    house.book()
    house.book(room=house.other)
    assert len(house.slots()) == 8


def test_the_schema_itself_refuses_a_second_booking_of_a_quarter(house: House) -> None:
    first, second = house.book(), house.book(TEN + 2 * HOUR)
    row = {"room_id": house.room.id, "slot": slots.number(TEN), "booking_id": second.id}
    with pytest.raises(IntegrityError), house.session.begin_nested():
        house.session.execute(insert(BookedSlot), [row])
    with pytest.raises(IntegrityError), house.session.begin_nested():
        house.session.execute(
            text("UPDATE booked_slot SET slot = :slot WHERE booking_id = :booking"),
            {"slot": slots.number(TEN), "booking": second.id},
        )
    assert house.slots()[house.room.id, slots.number(TEN)] == first.id


def test_who_comes_late_is_told_what_else_is_free(house: House) -> None:
    house.book()
    with pytest.raises(bookings.RoomTaken) as refused:
        house.hold()
    ways = refused.value.facts["alternatives"]
    assert [(way.room.id, way.starts_at) for way in ways] == [
        (house.room.id, TEN - HOUR),
        (house.room.id, TEN + HOUR),
        (house.room.id, TEN - HOUR - 15 * MINUTE),
        (house.other.id, TEN),
    ]
    for way in ways:
        assert house.hold(way.starts_at, room=way.room).id
        house.session.query(BookedSlot).filter(BookedSlot.held_until.is_not(None)).delete()
        house.session.query(Booking).filter(Booking.confirmed_at.is_(None)).delete()


# --- the hold -------------------------------------------------------------------------------


def test_a_hold_keeps_the_room_for_ten_minutes_and_not_longer(house: House) -> None:
    held = house.hold()
    for later in (timedelta(0), 9 * MINUTE, 10 * MINUTE - timedelta(microseconds=1)):
        with pytest.raises(bookings.RoomTaken):
            house.hold(at=NOON + later)
    assert bookings.is_held(held, NOON + 9 * MINUTE)
    assert not bookings.is_held(held, NOON + 10 * MINUTE)
    second = house.hold(TEN - 15 * MINUTE, 30 * MINUTE, at=NOON + 10 * MINUTE)
    assert set(house.slots().values()) == {second.id}  # the first went as a whole


def test_a_hold_that_has_run_out_cannot_be_confirmed(house: House) -> None:
    held = house.hold()
    with pytest.raises(bookings.HoldExpired):
        house.does(bookings.confirm, held, at=NOON + 10 * MINUTE)
    house.hold(at=NOON + 10 * MINUTE)
    with pytest.raises(bookings.HoldExpired):
        house.does(bookings.confirm, held, at=NOON + 9 * MINUTE)  # by a clock that is behind


def test_a_hold_is_made_longer_once(house: House) -> None:
    held = house.hold()
    house.does(bookings.hold_longer, held, at=NOON + 9 * MINUTE)
    with pytest.raises(bookings.RoomTaken):
        house.hold(at=NOON + 19 * MINUTE)
    with pytest.raises(bookings.AlreadyLonger):
        house.does(bookings.hold_longer, held, at=NOON + 15 * MINUTE)
    house.does(bookings.confirm, held, at=NOON + 19 * MINUTE)
    with pytest.raises(bookings.HoldExpired):
        house.does(bookings.hold_longer, held, at=NOON + 19 * MINUTE)
    late = house.hold(TEN + HOUR)
    with pytest.raises(bookings.HoldExpired):
        house.does(bookings.hold_longer, late, at=NOON + 10 * MINUTE)


def test_an_organisation_cannot_hold_a_whole_house(house: House) -> None:
    for hour in range(bookings.MOST_HOLDS):
        house.hold(TEN + hour * HOUR)
    with pytest.raises(bookings.TooManyHolds):
        house.hold(TEN + 5 * HOUR)
    house.hold(TEN + 5 * HOUR, at=NOON + 10 * MINUTE)  # those have run out


def test_a_refused_hold_leaves_nothing_behind_even_when_the_transaction_goes_on(
    house: House,
) -> None:
    house.book()
    before = house.slots()
    with pytest.raises(bookings.RoomTaken):
        house.hold(TEN + 45 * MINUTE)
    house.session.flush()
    assert house.slots() == before
    assert len(house.session.scalars(select(Booking)).all()) == 1


# --- what cannot be asked for ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "length", "people", "error"),
    [
        (TEN, timedelta(0), 4, bookings.EndBeforeStart),
        (TEN, -HOUR, 4, bookings.EndBeforeStart),
        (NOON - 15 * MINUTE, HOUR, 4, bookings.InThePast),
        (NOON - timedelta(days=400), HOUR, 4, bookings.InThePast),
        (NOON + timedelta(days=900), HOUR, 4, bookings.TooFarAhead),
        (TEN + MINUTE, HOUR, 4, bookings.OffTheQuarter),
        (TEN, 50 * MINUTE, 4, bookings.OffTheQuarter),
        (TEN - 5 * HOUR, HOUR, 4, bookings.OutsideHours),  # 07:00 in Paris
        (TEN + 7 * HOUR, 2 * HOUR, 4, bookings.OutsideHours),  # until 21:00
        (TEN, timedelta(days=2), 4, bookings.OutsideHours),
        (TEN, HOUR, 9, rooms.TooManyPeople),
        (TEN, HOUR, 10**18, rooms.TooManyPeople),
        (TEN, HOUR, 0, rooms.NobodyComes),
        (TEN, HOUR, -1, rooms.NobodyComes),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_held(
    house: House, start: datetime, length: timedelta, people: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        house.hold(start, length, people=people)
    assert house.slots() == {}
    assert house.session.scalars(select(Booking)).all() == []


def test_the_price_is_fixed_when_the_room_is_held(house: House) -> None:
    held = house.hold(length=2 * HOUR)
    assert held.price == rooms.Price(4800, 960)
    house.room.hour_cents = 10
    booked = house.does(bookings.confirm, held)
    assert booked.price == bookings.due(booked) == rooms.Price(4800, 960)


# --- clock changes --------------------------------------------------------------------------


@pytest.fixture
def never_closed(house: House) -> House:
    house.session.query(Opening).filter_by(lieu_id=house.lieu.id).delete()
    house.session.add_all(
        Opening(lieu_id=house.lieu.id, weekday=day, opens=0, closes=1440) for day in range(7)
    )
    house.session.flush()
    return house


def test_a_time_that_the_clock_shows_twice_is_asked_about_and_both_can_be_booked(
    never_closed: House,
) -> None:
    night, half_past_two = date(2026, 10, 25), time(2, 30)
    with pytest.raises(AmbiguousTimeError):
        clock.instant(night, half_past_two, "Europe/Paris")
    first, second = (
        clock.instant(night, half_past_two, "Europe/Paris", fold=fold) for fold in (0, 1)
    )
    assert second - first == HOUR
    never_closed.book(first)
    never_closed.book(second)  # touches the first
    with pytest.raises(bookings.RoomTaken):
        never_closed.book(first + 30 * MINUTE)


def test_a_time_that_the_clock_jumps_over_does_not_exist(house: House) -> None:
    with pytest.raises(NonexistentTimeError):
        clock.instant(date(2026, 3, 29), time(2, 30), "Europe/Paris")


@pytest.mark.parametrize(
    ("night", "cents"), [(date(2026, 10, 25), 8000), (date(2026, 3, 29), 4800)]
)
def test_real_hours_are_paid_whatever_the_clock_on_the_wall_shows(
    never_closed: House, night: date, cents: int
) -> None:
    starts_at = clock.instant(night, time(1, 0), "Europe/Paris")
    ends_at = clock.instant(night, time(4, 0), "Europe/Paris")
    booked = never_closed.book(starts_at, ends_at - starts_at)
    assert booked.net_cents == cents  # four hours in October (a half day), two in March


@pytest.mark.parametrize("day", [date(2028, 2, 29), date(2027, 12, 31), date(2028, 1, 1)])
def test_odd_days_are_days(never_closed: House, day: date) -> None:
    start = clock.instant(day, time(10, 0), "Europe/Paris")
    assert never_closed.book(start, at=start - timedelta(days=30)).starts_at == start


# --- moving, cancelling ---------------------------------------------------------------------


def test_moving_lets_the_old_time_go_and_takes_the_new_at_its_price(house: House) -> None:
    booked = house.book()
    house.does(
        bookings.move, booked, starts_at=TEN + 30 * MINUTE, ends_at=TEN + 150 * MINUTE, people=5
    )
    assert {slot for _, slot in house.slots()} == set(
        slots.between(TEN + 30 * MINUTE, TEN + 150 * MINUTE)
    )
    assert (booked.price, booked.people, booked.sequence) == (rooms.Price(4800, 960), 5, 1)
    house.book(TEN - 30 * MINUTE)


def test_a_move_to_where_somebody_is_changes_nothing(house: House) -> None:
    booked, other = house.book(), house.book(TEN + 2 * HOUR)
    before = house.slots()
    with pytest.raises(bookings.RoomTaken):
        house.does(
            bookings.move, booked, starts_at=TEN + HOUR, ends_at=TEN + 2 * HOUR + 15 * MINUTE
        )
    assert house.slots() == before
    assert (booked.starts_at, booked.sequence, other.sequence) == (TEN, 0, 0)


def test_a_move_may_change_the_room_but_not_the_lieu(house: House) -> None:
    booked = house.book()
    when = {"starts_at": TEN, "ends_at": TEN + HOUR}
    house.does(bookings.move, booked, room=house.other, people=20, **when)
    assert {room for room, _ in house.slots()} == {house.other.id}
    elsewhere = a_room(house.session, a_lieu(house.session))
    with pytest.raises(rooms.NoSuchRoom):
        house.does(bookings.move, booked, room=elsewhere, **when)


def test_moving_is_possible_as_long_as_cancelling_is_free(house: House) -> None:
    booked = house.book()
    later = {"starts_at": TEN + 2 * HOUR, "ends_at": TEN + 3 * HOUR}
    with pytest.raises(bookings.TooLateToMove):
        house.does(bookings.move, booked, at=TEN - timedelta(days=1), **later)
    house.does(bookings.move, booked, at=TEN - timedelta(days=1) - MINUTE, **later)
    # and the rule moves along
    assert booked.free_until == TEN + 2 * HOUR - timedelta(days=1)


@pytest.mark.parametrize(
    ("before", "net", "vat"),
    [
        (timedelta(days=1, minutes=1), 0, 0),
        (timedelta(days=1), 1200, 240),
        (MINUTE, 1200, 240),
    ],
)
def test_cancelling_is_free_until_a_day_before_and_half_the_price_after(
    house: House, before: timedelta, net: int, vat: int
) -> None:
    booked = house.book()
    at = TEN - before
    assert bookings.cancelling_costs(booked, at) == rooms.Price(net, vat)
    house.does(bookings.cancel, booked, at=at)
    assert bookings.due(booked) == rooms.Price(net, vat)
    assert house.slots() == {}
    house.book(at=at)


def test_what_has_begun_is_neither_moved_nor_cancelled(house: House) -> None:
    booked = house.book()
    for verb, given in (
        (bookings.cancel, {}),
        (bookings.move, {"starts_at": TEN + HOUR, "ends_at": TEN + 2 * HOUR}),
    ):
        with pytest.raises(bookings.AlreadyStarted):
            house.does(verb, booked, at=TEN, **given)


def test_letting_a_hold_go_costs_nothing_and_frees_the_room(house: House) -> None:
    held = house.hold()
    house.does(bookings.cancel, held)
    assert bookings.due(held) == rooms.Price(0, 0)
    assert house.slots() == {}
    with pytest.raises(bookings.AlreadyCancelled):
        house.does(bookings.confirm, held)


def test_what_was_cancelled_cannot_be_moved_back_in(house: House) -> None:
    booked = house.book()
    house.does(bookings.cancel, booked)
    house.does(bookings.cancel, booked, at=NOON + MINUTE)  # once more changes nothing
    assert (booked.cancelled_at, booked.sequence) == (NOON, 1)
    for verb, given in (
        (bookings.confirm, {}),
        (bookings.move, {"starts_at": TEN, "ends_at": TEN + HOUR}),
    ):
        with pytest.raises(bookings.AlreadyCancelled):
            house.does(verb, booked, **given)


def test_a_hold_is_confirmed_before_it_is_moved(house: House) -> None:
    held = house.hold()
    with pytest.raises(bookings.HoldExpired):
        house.does(bookings.move, held, starts_at=TEN + HOUR, ends_at=TEN + 2 * HOUR)


# --- whose ----------------------------------------------------------------------------------

LATER = {"starts_at": TEN + HOUR, "ends_at": TEN + 2 * HOUR}
CHANGES = [
    (bookings.confirm, {}),
    (bookings.hold_longer, {}),
    (bookings.move, LATER),
    (bookings.cancel, {}),
]


@pytest.mark.parametrize(("verb", "given"), CHANGES)
def test_a_foreign_booking_and_a_missing_one_answer_alike(
    house: House, verb: Any, given: dict[str, Any]
) -> None:
    booked = house.book()
    organisation, member = an_organisation(house.session)
    who = {"organisation_id": organisation.id, "member_id": member.id}
    answers = []
    for public_id in (booked.public_id, "nothing"):
        with pytest.raises(bookings.NotYours) as refused:
            verb(house.session, public_id=public_id, at=NOON, **who, **given)
        answers.append(refused.value.facts)
    assert answers == [{}, {}]
    assert bookings.is_booked(booked)


@pytest.mark.parametrize(("verb", "given"), CHANGES)
def test_who_may_only_see_changes_nothing(house: House, verb: Any, given: dict[str, Any]) -> None:
    held = house.hold()
    guest = a_member(house.session, "Noé Petit")
    house.session.add(
        organisations.OrganisationMember(
            organisation_id=house.organisation.id, member_id=guest.id, role="see", since=NOON
        )
    )
    house.session.flush()
    with pytest.raises(organisations.RoleTooSmall):
        house.does(verb, held, member_id=guest.id, **given)
    with pytest.raises(organisations.RoleTooSmall):
        house.hold(TEN + HOUR, member_id=guest.id)
    assert len(house.slots()) == 4


def test_who_is_in_no_organisation_holds_nothing(house: House) -> None:
    stranger = a_member(house.session)
    with pytest.raises(organisations.NoSuchOrganisation):
        house.hold(member_id=stranger.id)


# --- letters --------------------------------------------------------------------------------


def test_each_change_owes_one_letter_to_who_booked_and_to_who_pays(house: House) -> None:
    held = house.hold()
    assert house.session.scalars(select(Letter)).all() == []
    house.does(bookings.confirm, held)
    house.does(bookings.confirm, held)  # a second tap
    house.does(bookings.move, held, **LATER)
    house.does(bookings.cancel, held)
    letters = house.session.scalars(select(Letter).order_by(Letter.id)).all()
    assert [(letter.facts["what"], letter.recipient) for letter in letters] == [
        (what, recipient)
        for what in ("confirmed", "moved", "cancelled")
        for recipient in (house.organisation.email, house.member.email)
    ]
    assert [letter.facts["sequence"] for letter in letters] == [0, 0, 1, 1, 2, 2]
    assert letters[2].facts["starts_at"] == (TEN + HOUR).isoformat()

"""What stands around a booking: the lieu's yes, series, lines, absences, reminders, rates."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import bookings, clock, hours, organisations, presence, residents, rooms, slots
from serendipity.bookings import Booking, Wait, Wanted
from serendipity.errors import AmbiguousTimeError, NonexistentTimeError, Refused
from serendipity.lieux import BadSpan, SpansOverlap
from serendipity.mail import Letter
from serendipity.rooms import Room
from tests.conftest import NOON
from tests.domain.test_bookings import HOUR, MINUTE, TEN, House
from tests.rows import a_lieu, a_room, an_organisation

MONDAY = date(2026, 3, 30)


@pytest.fixture
def house(session: Session) -> House:
    return House(session)


def letters(house: House, kind: str = "booking") -> list[str]:
    """What happened, as letters tell it, in order and once each."""
    told = house.session.scalars(select(Letter).where(Letter.kind == kind).order_by(Letter.id))
    return list(dict.fromkeys(letter.facts["what"] for letter in told))


def another(house: House) -> dict[str, int]:
    organisation, member = an_organisation(house.session)
    return {"organisation_id": organisation.id, "member_id": member.id}


# --- notice, rates, special days ------------------------------------------------------------


def test_a_room_may_want_to_be_told_some_time_before(house: House) -> None:
    house.room.notice_minutes = 24 * 60
    with pytest.raises(bookings.TooShortNotice) as refused:
        house.hold(TEN, at=TEN - timedelta(hours=23))
    assert refused.value.facts["notice_minutes"] == 24 * 60
    assert house.hold(TEN, at=TEN - timedelta(hours=24)).id
    free = rooms.free_starts(
        house.session, room=house.room, day=MONDAY, length=HOUR, people=1, at=TEN - 10 * HOUR
    )
    assert free == []


def test_residents_pay_their_share_and_nobody_else_does(house: House) -> None:
    house.room.resident_points = 5000
    assert house.hold().net_cents == 2400
    residents.take_in(house.session, lieu=house.lieu, email=house.organisation.email, at=NOON)
    residents.take_in(house.session, lieu=house.lieu, email=house.organisation.email, at=NOON)
    booked = house.hold(TEN + HOUR)
    assert (booked.net_cents, booked.vat_cents) == (1200, 240)
    elsewhere = a_room(house.session, a_lieu(house.session), resident_points=0)
    assert house.hold(TEN + 2 * HOUR, room=elsewhere).net_cents == 2400
    assert residents.residents_of(house.session, lieu=house.lieu) == [house.organisation]
    residents.let_leave(house.session, lieu=house.lieu, public_id=house.organisation.public_id)
    assert residents.points(
        house.session, room=house.room, organisation_id=house.organisation.id
    ) == (rooms.WHOLE)
    with pytest.raises(residents.NobodyInvoiced):
        residents.take_in(house.session, lieu=house.lieu, email="no@example.org", at=NOON)


def test_a_closed_day_and_special_hours_take_the_place_of_the_weekday_s(house: House) -> None:
    keep = {"lieu": house.lieu, "at": NOON}
    hours.keep_day(house.session, day=MONDAY, spans=[], note="Inventory", **keep)
    with pytest.raises(bookings.OutsideHours):
        house.hold()
    hours.keep_day(house.session, day=MONDAY, spans=[(22 * 60, 24 * 60)], **keep)
    night = TEN + 10 * HOUR  # 22:00 in Paris
    assert house.hold(night, 2 * HOUR).id
    with pytest.raises(bookings.OutsideHours):
        house.hold()
    (special,) = hours.special_days(house.session, lieu=house.lieu, at=NOON)
    assert (special.day, special.spans) == (MONDAY, ((22 * 60, 24 * 60),))
    assert hours.closing(house.session, lieu=house.lieu, at=night) == night + 2 * HOUR
    hours.forget_day(house.session, lieu=house.lieu, day=MONDAY)
    assert house.hold().id


@pytest.mark.parametrize(
    ("spans", "error"),
    [
        ([(600, 600)], BadSpan),
        ([(-1, 60)], BadSpan),
        ([(0, 1441)], BadSpan),
        ([(0, 60), (59, 90)], SpansOverlap),
    ],
)
def test_special_hours_are_hours(house: House, spans: list, error: type[Refused]) -> None:
    with pytest.raises(error):
        hours.keep_day(house.session, lieu=house.lieu, day=MONDAY, spans=spans, at=NOON)
    with pytest.raises(hours.DayPassed):
        hours.keep_day(house.session, lieu=house.lieu, day=date(2026, 3, 25), spans=[], at=NOON)
    assert hours.special_days(house.session, lieu=house.lieu, at=NOON) == []


def test_the_schema_keeps_a_special_day_half_open_hours(house: House) -> None:
    for opens, closes in ((60, None), (None, 60), (60, 60), (0, 1441)):
        row = {"lieu_id": house.lieu.id, "day": MONDAY, "opens": opens, "closes": closes}
        with pytest.raises(IntegrityError), house.session.begin_nested():
            house.session.execute(insert(hours.SpecialHours), [row])


# --- the lieu's yes -------------------------------------------------------------------------


@pytest.fixture
def asking(house: House) -> Booking:
    house.room.needs_yes = True
    return house.does(bookings.ask_for_yes, house.hold(), at=NOON + 5 * MINUTE)


def test_a_room_that_needs_a_yes_is_not_booked_without(house: House) -> None:
    house.room.needs_yes = True
    held = house.hold()
    with pytest.raises(bookings.NeedsYes):
        house.does(bookings.confirm, held)
    assert not bookings.is_booked(held)


def test_what_was_asked_is_kept_for_two_days_and_not_longer(house: House, asking: Booking) -> None:
    assert asking.hold_expires_at == NOON + 5 * MINUTE + 48 * HOUR
    assert bookings.is_asked(asking, NOON + 47 * HOUR)
    with pytest.raises(bookings.RoomTaken):
        house.hold(at=NOON + 47 * HOUR)
    assert bookings.lapse_asked(house.session, at=NOON + 48 * HOUR) == 0
    assert bookings.lapse_asked(house.session, at=NOON + 49 * HOUR) == 1
    assert bookings.lapse_asked(house.session, at=NOON + 49 * HOUR) == 0
    assert house.hold(at=NOON + 49 * HOUR).id
    assert letters(house) == ["asked", "unanswered"]
    soon = house.does(bookings.ask_for_yes, house.hold(TEN + HOUR, at=TEN), at=TEN)
    assert soon.hold_expires_at == soon.starts_at


def test_a_yes_books_and_a_no_lets_go(house: House, asking: Booking) -> None:
    yes = {"lieu_id": house.lieu.id, "public_id": asking.public_id, "at": NOON + HOUR}
    found = bookings.waiting_for_yes(house.session, lieu_id=house.lieu.id, at=NOON + HOUR)
    assert [row[0].id for row in found] == [asking.id]
    assert bookings.is_booked(bookings.approve(house.session, **yes))
    assert bookings.approve(house.session, **yes).confirmed_at == NOON + HOUR
    with pytest.raises(bookings.NotWaiting):
        bookings.turn_down(house.session, **yes)
    second = house.does(bookings.ask_for_yes, house.hold(TEN + HOUR))
    bookings.turn_down(house.session, **{**yes, "public_id": second.public_id})
    assert second.cancelled_at
    assert bookings.due(second).gross_cents == 0
    with pytest.raises(bookings.NotWaiting):
        bookings.approve(house.session, **{**yes, "public_id": second.public_id})
    assert letters(house) == ["asked", "confirmed", "declined"]


def test_only_the_room_s_own_lieu_answers(house: House, asking: Booking) -> None:
    other = a_lieu(house.session)
    for verb in (bookings.approve, bookings.turn_down, bookings.seen):
        with pytest.raises(bookings.NotYours):
            verb(house.session, lieu_id=other.id, public_id=asking.public_id, at=NOON)


def test_a_booking_is_not_moved_past_the_lieu_s_yes(house: House) -> None:
    booked = house.book()
    house.other.needs_yes = True
    with pytest.raises(bookings.NeedsYes):
        house.does(
            bookings.move, booked, room=house.other, starts_at=TEN + HOUR, ends_at=TEN + 2 * HOUR
        )
    assert booked.room_id == house.room.id


def test_the_schema_knows_no_yes_that_was_not_asked_for(house: House) -> None:
    booked = house.book()
    with pytest.raises(IntegrityError), house.session.begin_nested():
        house.session.execute(
            update(Booking).where(Booking.id == booked.id).values(approved_at=NOON)
        )


# --- undoing a cancelling -------------------------------------------------------------------


def test_a_cancelled_booking_comes_back_while_the_room_is_free(house: House) -> None:
    booked = house.book()
    house.does(bookings.cancel, booked)
    house.does(bookings.bring_back, booked)
    assert bookings.is_booked(booked)
    assert (len(house.slots()), booked.sequence) == (4, 2)
    assert letters(house) == ["confirmed", "cancelled", "restored"]
    house.does(bookings.cancel, booked)
    house.book(TEN + 30 * MINUTE)
    with pytest.raises(bookings.RoomTaken):
        house.does(bookings.bring_back, booked)
    assert booked.cancelled_at
    assert booked.id not in house.slots().values()


def test_what_was_not_cancelled_has_begun_or_was_paid_back_does_not_come_back(
    house: House,
) -> None:
    booked = house.book()
    with pytest.raises(bookings.NotCancelled):
        house.does(bookings.bring_back, booked)
    with pytest.raises(bookings.NotCancelled):
        house.does(bookings.bring_back, house.hold(TEN + HOUR))
    house.does(bookings.cancel, booked)
    with pytest.raises(bookings.AlreadyStarted):
        house.does(bookings.bring_back, booked, at=TEN)
    booked.payment = "stripe"
    with pytest.raises(bookings.AlreadySettled):
        house.does(bookings.bring_back, booked)


# --- series ---------------------------------------------------------------------------------


def wanted(house: House, **given: Any) -> Wanted:
    facts = {
        "room": house.room,
        "first": MONDAY,
        "start": time(14),
        "length": HOUR,
        "rhythm": "weekly",
        "times": 4,
        "people": 4,
    }
    return Wanted(**{**facts, **given})


def held_series(house: House, skip: tuple[date, ...] = (), **given: Any) -> list[Booking]:
    made = bookings.hold_series(
        house.session, wanted=wanted(house, **given), skip=skip, at=NOON, **house.who
    )
    return of_series(house, made.public_id)


def of_series(house: House, public_id: str) -> list[Booking]:
    return bookings.series_of(
        house.session, public_id=public_id, organisation_id=house.organisation.id
    )[1]


def series_id(house: House, days: list[Booking]) -> str:
    return house.session.get_one(bookings.Series, days[0].series_id).public_id


def test_a_series_keeps_the_wall_clock_over_a_clock_change(house: House) -> None:
    days = held_series(house, first=date(2026, 10, 19), times=2)
    starts = [one.starts_at for one in days]
    assert [clock.local(at, "Europe/Paris").hour for at in starts] == [14, 14]
    assert starts[1] - starts[0] == timedelta(days=7, hours=1)


def test_days_that_cannot_be_had_are_listed_and_skipped_on_request(house: House) -> None:
    house.book(TEN + timedelta(days=7, hours=2, minutes=30))
    hours.keep_day(house.session, lieu=house.lieu, day=date(2026, 4, 20), spans=[], at=NOON)
    planned = bookings.plan(house.session, wanted=wanted(house), at=NOON)
    why = {one.day.isoformat(): type(one.why).__name__ for one in planned if one.why}
    assert why == {"2026-04-06": "RoomTaken", "2026-04-20": "OutsideHours"}
    with pytest.raises(bookings.SomeTaken) as refused:
        held_series(house)
    assert len(refused.value.facts["days"]) == 4
    assert house.session.scalars(select(bookings.Series)).all() == []
    days = held_series(house, skip=(date(2026, 4, 6), date(2026, 4, 20)))
    assert [one.starts_at.date().isoformat() for one in days] == ["2026-03-30", "2026-04-13"]


def test_the_nights_of_a_clock_change_are_listed_with_their_reason(house: House) -> None:
    spring = wanted(house, first=date(2026, 3, 28), start=time(2, 30), rhythm="daily", times=2)
    autumn = wanted(house, first=date(2026, 10, 24), start=time(2, 30), rhythm="daily", times=2)
    for asked, error in ((spring, NonexistentTimeError), (autumn, AmbiguousTimeError)):
        days = bookings.plan(house.session, wanted=asked, at=NOON)
        assert isinstance(days[1].why, error)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"times": 1}, bookings.BadTimes),
        ({"times": -4}, bookings.BadTimes),
        ({"times": 10**18}, bookings.BadTimes),
        ({"rhythm": "hourly"}, bookings.NoSuchRhythm),
    ],
)
def test_a_series_is_one_of_days(house: House, given: dict, error: type[Refused]) -> None:
    with pytest.raises(error):
        held_series(house, **given)
    assert house.slots() == {}


def test_a_series_is_confirmed_whole_with_one_letter(house: House) -> None:
    days = held_series(house)
    public_id = series_id(house, days)
    with pytest.raises(bookings.HoldExpired):
        bookings.confirm_series(
            house.session, public_id=public_id, at=NOON + 10 * MINUTE, **house.who
        )
    assert not any(one.confirmed_at for one in of_series(house, public_id))
    bookings.confirm_series(house.session, public_id=public_id, at=NOON, **house.who)
    bookings.confirm_series(house.session, public_id=public_id, at=NOON, **house.who)
    assert all(bookings.is_booked(one) for one in of_series(house, public_id))
    sofia = house.session.scalars(
        select(Letter).where(Letter.recipient == house.member.email)
    ).all()
    assert [len(letter.facts["days"]) for letter in sofia] == [4]
    assert bookings.price_of(days).net_cents == 4 * 2400


def test_a_day_of_a_series_that_is_confirmed_alone_has_a_letter_too(house: House) -> None:
    days = held_series(house)
    house.does(bookings.confirm, days[1])
    (letter,) = house.session.scalars(select(Letter).where(Letter.recipient == house.member.email))
    assert [told[0] for told in letter.facts["days"]] == [days[1].public_id]


def test_changing_a_series_never_touches_the_past_or_the_other_days(house: House) -> None:
    days = held_series(house)
    public_id = series_id(house, days)
    bookings.confirm_series(house.session, public_id=public_id, at=NOON, **house.who)
    house.does(
        bookings.move, days[2], starts_at=days[2].starts_at + HOUR,
        ends_at=days[2].ends_at + HOUR,
    )  # fmt: skip
    assert [one.sequence for one in days] == [0, 0, 1, 0]
    later = days[1].starts_at + 5 * MINUTE  # the first is past, the second runs
    bookings.cancel_rest(house.session, public_id=public_id, at=later, **house.who)
    assert [one.cancelled_at is None for one in days] == [True, True, False, False]
    with pytest.raises(bookings.NotYours):
        bookings.series_of(house.session, public_id=public_id, organisation_id=-1)


# --- waiting --------------------------------------------------------------------------------


def wait(house: House, start: datetime = TEN, at: datetime = NOON, **who: int) -> Wait:
    return bookings.wait(
        house.session,
        room=house.room,
        starts_at=start,
        ends_at=start + HOUR,
        people=2,
        at=at,
        **(who or house.who),
    )


def test_what_is_cancelled_is_held_for_the_first_in_line_at_once(house: House) -> None:
    booked = house.book()
    first, second = another(house), another(house)
    one, two = wait(house, **first), wait(house, at=NOON + MINUTE, **second)
    assert wait(house, **first).id == one.id
    house.does(bookings.cancel, booked, at=NOON + HOUR)
    held = house.session.get_one(Booking, one.booking_id)
    assert (held.organisation_id, held.hold_expires_at) == (
        first["organisation_id"],
        NOON + HOUR + bookings.OFFER,
    )
    with pytest.raises(bookings.RoomTaken):
        house.hold(at=NOON + HOUR)
    assert letters(house, "hurry") == ["offered"]
    assert bookings.offer_waiting(house.session, at=NOON + HOUR + 29 * MINUTE) == 0
    assert bookings.offer_waiting(house.session, at=NOON + HOUR + 30 * MINUTE) == 1
    assert two.booking_id
    assert two.booking_id != one.booking_id


def test_moving_away_frees_for_the_line_and_what_does_not_fit_is_not_offered(house: House) -> None:
    booked = house.book(TEN, 2 * HOUR)
    longer = wait(house, TEN + HOUR, **another(house))
    house.does(bookings.move, booked, starts_at=TEN + 30 * MINUTE, ends_at=TEN + 2 * HOUR)
    assert longer.offered_at is None
    house.does(bookings.move, booked, starts_at=TEN + 4 * HOUR, ends_at=TEN + 5 * HOUR)
    assert longer.offered_at


def test_nobody_waits_for_what_is_free_or_for_a_whole_house(house: House) -> None:
    with pytest.raises(bookings.RoomIsFree):
        wait(house)
    house.book(TEN - 3 * HOUR, 10 * HOUR)
    organisation, member = an_organisation(house.session)
    who = {"organisation_id": organisation.id, "member_id": member.id}
    for number in range(bookings.MOST_WAITS):
        wait(house, TEN + number * 30 * MINUTE, **who)
    with pytest.raises(bookings.TooManyWaits):
        wait(house, TEN + 6 * HOUR, **who)
    seer = {**who, "member_id": house.member.id}
    with pytest.raises(organisations.NoSuchOrganisation):
        wait(house, **seer)


def test_who_leaves_the_line_is_passed_over(house: House) -> None:
    booked = house.book()
    who = another(house)
    gone = wait(house, **who)
    with pytest.raises(bookings.NoSuchWait):
        bookings.leave(house.session, public_id=gone.public_id, at=NOON, **house.who)
    bookings.leave(house.session, public_id=gone.public_id, at=NOON, **who)
    house.does(bookings.cancel, booked)
    assert gone.booking_id is None
    assert house.slots() == {}


def test_the_schema_itself_keeps_one_place_in_a_line(house: House) -> None:
    house.book()
    one = wait(house)
    same = {
        name: getattr(one, name)
        for name in ("room_id", "organisation_id", "member_id", "starts_at", "ends_at", "people")
    }
    with pytest.raises(IntegrityError), house.session.begin_nested():
        house.session.execute(insert(Wait), [{"public_id": "x", "asked_at": NOON, **same}])


# --- absences -------------------------------------------------------------------------------


def test_nobody_comes_is_warned_then_lets_go_of_what_is_left(house: House) -> None:
    booked = house.book(TEN, 2 * HOUR)
    assert bookings.warn_absent(house.session, at=TEN + 4 * MINUTE) == 0
    assert bookings.release_no_shows(house.session, at=TEN + 20 * MINUTE) == 0  # not yet warned
    assert bookings.warn_absent(house.session, at=TEN + 5 * MINUTE) == 1
    assert bookings.warn_absent(house.session, at=TEN + 6 * MINUTE) == 0
    assert letters(house, "hurry") == ["absent"]
    assert bookings.release_no_shows(house.session, at=TEN + 14 * MINUTE) == 0
    assert bookings.release_no_shows(house.session, at=TEN + 15 * MINUTE) == 1
    assert bookings.release_no_shows(house.session, at=TEN + 15 * MINUTE) == 0
    assert not bookings.is_booked(booked)
    assert bookings.due(booked) == booked.price
    assert len(house.slots()) == 1  # the quarter that ran
    assert house.hold(TEN + 15 * MINUTE, at=TEN + 15 * MINUTE).id


def test_a_worker_that_was_away_warns_before_it_lets_go(house: House) -> None:
    house.book(TEN, 3 * HOUR)
    assert bookings.warn_absent(house.session, at=TEN + HOUR) == 1
    assert bookings.release_no_shows(house.session, at=TEN + HOUR + 9 * MINUTE) == 0
    assert bookings.release_no_shows(house.session, at=TEN + HOUR + 10 * MINUTE) == 1


@pytest.mark.parametrize("how", ["said", "seen", "checked in", "never lets go"])
def test_a_room_somebody_came_to_stays_theirs(house: House, how: str) -> None:
    booked = house.book()
    if how == "said":
        house.does(bookings.come, booked, at=TEN - 10 * MINUTE)
    elif how == "seen":
        bookings.seen(
            house.session, lieu_id=house.lieu.id, public_id=booked.public_id, at=TEN + MINUTE
        )
    elif how == "checked in":
        presence.check_in(
            house.session,
            member_id=house.member.id,
            lieu_id=house.lieu.id,
            until=TEN + HOUR,
            how_in="qr",
            confirmed=True,
            at=TEN - 5 * MINUTE,
        )
    else:
        house.room.no_show_minutes = 0
    for later in (6, 16, 30):
        assert bookings.warn_absent(house.session, at=TEN + later * MINUTE) == 0
        assert bookings.release_no_shows(house.session, at=TEN + later * MINUTE) == 0
    assert bookings.is_booked(booked)


def test_who_comes_late_has_the_room_back_while_it_is_free(house: House) -> None:
    booked, second = house.book(TEN, 2 * HOUR), house.book(TEN + 3 * HOUR, 2 * HOUR)
    for one in (booked, second):
        bookings.warn_absent(house.session, at=one.starts_at + 5 * MINUTE)
        bookings.release_no_shows(house.session, at=one.starts_at + 15 * MINUTE)
    house.does(bookings.come, booked, at=TEN + 20 * MINUTE)
    assert bookings.is_booked(booked)
    house.hold(TEN + 4 * HOUR, at=TEN + 3 * HOUR + 16 * MINUTE)
    with pytest.raises(bookings.RoomTaken):
        house.does(bookings.come, second, at=TEN + 3 * HOUR + 20 * MINUTE)
    assert second.released_at


@pytest.mark.parametrize("when", [-31 * MINUTE, HOUR])
def test_one_comes_in_the_time_of_the_booking(house: House, when: timedelta) -> None:
    booked = house.book()
    with pytest.raises(bookings.NotItsTime):
        house.does(bookings.come, booked, at=TEN + when)
    with pytest.raises(bookings.NotItsTime):
        house.does(bookings.come, house.hold(TEN + 2 * HOUR), at=TEN + 2 * HOUR)
    with pytest.raises(bookings.NotYours):
        bookings.come(house.session, public_id=booked.public_id, at=TEN, **another(house))


def test_the_schema_knows_nobody_who_came_to_a_room_that_was_let_go(house: House) -> None:
    booked = house.book()
    with pytest.raises(IntegrityError), house.session.begin_nested():
        house.session.execute(
            text("UPDATE booking SET came_at = 1, released_at = 1 WHERE id = :id"),
            {"id": booked.id},
        )


def test_a_reminder_comes_a_day_before_and_once(house: House) -> None:
    early, late = house.book(TEN), house.book(TEN + 2 * HOUR, at=TEN - 3 * HOUR)
    assert bookings.owe_reminders(house.session, at=TEN - 25 * HOUR) == 0
    assert bookings.owe_reminders(house.session, at=TEN - 24 * HOUR) == 1
    assert bookings.owe_reminders(house.session, at=TEN - 2 * HOUR) == 0  # booked today: no need
    assert early.reminded_at
    assert late.reminded_at
    reminders = house.session.scalars(select(Letter).where(Letter.kind == "booking"))
    assert [one.recipient for one in reminders if one.facts["what"] == "reminder"] == [
        house.member.email
    ]


# --- keeping rooms --------------------------------------------------------------------------


ABOUT = {
    "name": "Jacquard",
    "capacity": 8,
    "hour_cents": 2400,
    "half_day_cents": 8000,
    "day_cents": 14_000,
}


def test_a_room_is_furnished_and_described_anew_and_keeps_its_address(house: House) -> None:
    room = rooms.furnish(house.session, lieu=house.lieu, about=rooms.About(**ABOUT))
    assert (room.slug, room.capacity, room.no_show_minutes) == ("jacquard", 8, 15)
    rooms.describe(
        house.session,
        room=room,
        about=rooms.About(**{**ABOUT, "name": "La Bobine"}, needs_yes=True),
    )
    assert (room.slug, room.name, room.needs_yes) == ("jacquard", "La Bobine", True)
    with pytest.raises(rooms.RoomNameTaken):
        rooms.furnish(house.session, lieu=house.lieu, about=rooms.About(**ABOUT))


@pytest.mark.parametrize(
    ("field", "given"),
    [("capacity", 0), ("capacity", 10**18), ("hour_cents", -1), ("day_cents", 10**18),
     ("vat_points", 10_001), ("buffer_minutes", 241), ("resident_points", -1)],
)  # fmt: skip
def test_a_figure_out_of_bounds_is_refused(house: House, field: str, given: int) -> None:
    before = house.session.scalars(select(Room)).all()
    with pytest.raises(rooms.BadFigure) as refused:
        rooms.furnish(house.session, lieu=house.lieu, about=rooms.About(**{**ABOUT, field: given}))
    assert refused.value.facts["field"] == field
    assert house.session.scalars(select(Room)).all() == before


def test_a_slot_that_is_released_in_part_leaves_the_rest(house: House) -> None:
    booked = house.book()
    slots.release_from(house.session, booking_id=booked.id, first=slots.number(TEN) + 2)
    assert slots.held_by(house.session, booking_id=booked.id) == [
        slots.number(TEN),
        slots.number(TEN) + 1,
    ]

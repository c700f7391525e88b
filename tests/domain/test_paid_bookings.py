"""Bookings that are paid for: a hold that lasts as long as paying does, and a yes that is paid."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from serendipity import bookings
from serendipity.bookings import Booking, changes
from tests.conftest import NOON
from tests.rows import a_lieu, a_room, an_organisation

MINUTE = timedelta(minutes=1)
TEN = datetime.fromisoformat("2026-03-30T10:00:00+00:00")


@pytest.fixture
def held(session: Session) -> Booking:
    organisation, member = an_organisation(session)
    return bookings.hold(
        session,
        room=a_room(session, a_lieu(session)),
        organisation_id=organisation.id,
        member_id=member.id,
        starts_at=TEN,
        ends_at=TEN + 60 * MINUTE,
        people=4,
        at=NOON,
    )


def cancel(session: Session, booking: Booking, *, at: datetime) -> None:
    bookings.cancel(
        session,
        public_id=booking.public_id,
        organisation_id=booking.organisation_id,
        member_id=booking.booked_by_id,
        at=at,
    )


def test_a_hold_lasts_as_long_as_somebody_pays_and_never_shorter(
    session: Session, held: Booking
) -> None:
    bookings.hold_until(session, booking=held, until=NOON + 33 * MINUTE, at=NOON + MINUTE)
    assert bookings.is_held(held, NOON + 32 * MINUTE)
    bookings.hold_until(session, booking=held, until=NOON + 20 * MINUTE, at=NOON + 2 * MINUTE)
    assert held.hold_expires_at == NOON + 33 * MINUTE
    with pytest.raises(bookings.HoldExpired):
        bookings.hold_until(session, booking=held, until=NOON + 90 * MINUTE, at=NOON + 33 * MINUTE)


def test_what_is_paid_in_time_is_booked_once(session: Session, held: Booking) -> None:
    bookings.confirm_paid(session, booking=held, at=NOON + MINUTE)
    assert (held.confirmed_at, held.payment) == (NOON + MINUTE, "card")
    bookings.confirm_paid(session, booking=held, at=NOON + 2 * MINUTE)
    assert held.confirmed_at == NOON + MINUTE


def test_what_is_paid_too_late_is_not_booked(session: Session, held: Booking) -> None:
    with pytest.raises(bookings.HoldExpired):
        bookings.confirm_paid(session, booking=held, at=NOON + 10 * MINUTE)
    cancel(session, held, at=NOON + MINUTE)
    with pytest.raises(bookings.AlreadyCancelled):
        bookings.confirm_paid(session, booking=held, at=NOON + 2 * MINUTE)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """When a booking's followers were told of a change."""
    heard: list[datetime] = []
    monkeypatch.setattr(changes, "_followers", [])
    bookings.at_change(lambda session, booking, at: heard.append(at))
    return heard


def test_who_follows_bookings_is_told_of_what_is_binding(
    session: Session, held: Booking, told: list[datetime]
) -> None:
    bookings.hold_until(session, booking=held, until=NOON + 33 * MINUTE, at=NOON + MINUTE)
    assert told == []  # a hold binds nobody
    bookings.confirm_paid(session, booking=held, at=NOON + 2 * MINUTE)
    cancel(session, held, at=NOON + 3 * MINUTE)
    assert told == [NOON + 2 * MINUTE, NOON + 3 * MINUTE]

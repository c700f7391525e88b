"""Many want one room at once: nobody overlaps, and the same race without the guard does.

Real transactions on a database of their own, from threads that start together. The control takes
the primary key away from `booked_slot` and must show overlaps, else the race proves nothing.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import Engine, create_engine, select, text, update
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import bookings
from serendipity.bookings import Booking, Wanted
from serendipity.db import engine_options, write_transaction
from serendipity.errors import Busy, Refused
from serendipity.rooms import Room
from tests.conftest import NOON
from tests.rows import a_lieu, a_room, an_organisation

TEN = datetime.fromisoformat("2026-03-30T10:00:00+00:00")
QUARTER = timedelta(minutes=15)
THREADS = 8
ROUNDS = 12
SEED = 20260330


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url, poolclass=NullPool, **engine_options(database_url))
    yield engine
    engine.dispose()


def without_the_guard(engine: Engine) -> None:
    """A scratch copy of the schema in which nothing keeps two bookings apart."""
    statements = (
        ["ALTER TABLE booked_slot DROP CONSTRAINT pk_booked_slot"]
        if engine.dialect.name == "postgresql"
        else [
            "CREATE TABLE loose AS SELECT * FROM booked_slot",
            "DROP TABLE booked_slot",
            "ALTER TABLE loose RENAME TO booked_slot",
        ]
    )
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def race(engine: Engine) -> tuple[list[Booking], list[BaseException]]:
    """Each thread holds, confirms, moves, cancels, brings back and books series around one morning;
    what stands at the end. At full size: `python -m benchmarks bookings`."""
    with Session(engine) as session, write_transaction(session):
        room_id = a_room(session, a_lieu(session)).id
        who = [
            {"organisation_id": organisation.id, "member_id": member.id}
            for organisation, member in (an_organisation(session) for _ in range(THREADS))
        ]
    together = threading.Barrier(THREADS)
    odd: list[BaseException] = []

    def runner(number: int) -> None:
        chance = random.Random(SEED + number)
        together.wait()
        for _ in range(ROUNDS):
            try:
                attempt(engine, room_id, who[number], chance)
            except (Refused, Busy):
                continue
            except BaseException as error:  # noqa: BLE001 - the test reports it
                odd.append(error)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(runner, range(THREADS)))
    with Session(engine) as session:
        standing = session.scalars(
            select(Booking).where(Booking.confirmed_at.is_not(None), Booking.cancelled_at.is_(None))
        ).all()
        return list(standing), odd


def attempt(engine: Engine, room_id: int, who: dict[str, int], chance: random.Random) -> None:
    start = TEN + chance.randrange(12) * QUARTER
    when = {"starts_at": start, "ends_at": start + chance.randrange(1, 5) * QUARTER}
    with Session(engine) as session:
        with write_transaction(session):
            room = session.get_one(Room, room_id)
            held = bookings.hold(session, room=room, people=2, at=NOON, **when, **who)
            public_id = held.public_id
        with write_transaction(session):
            bookings.confirm(session, public_id=public_id, at=NOON, **who)
        if chance.random() < 0.4:
            moved = TEN + chance.randrange(12) * QUARTER
            with write_transaction(session):
                bookings.move(
                    session,
                    public_id=public_id,
                    starts_at=moved,
                    ends_at=moved + chance.randrange(1, 5) * QUARTER,
                    at=NOON,
                    **who,
                )
        if chance.random() < 0.4:
            with write_transaction(session):
                bookings.cancel(session, public_id=public_id, at=NOON, **who)
            with write_transaction(session):
                bookings.bring_back(session, public_id=public_id, at=NOON, **who)
        if chance.random() < 0.2:
            wanted = Wanted(
                room=session.get_one(Room, room_id),
                first=TEN.date(),
                start=time(12 + chance.randrange(3)),
                length=2 * QUARTER,
                rhythm="daily",
                times=2,
                people=2,
            )
            with write_transaction(session):
                made = bookings.hold_series(session, wanted=wanted, skip=(), at=NOON, **who)
                bookings.confirm_series(session, public_id=made.public_id, at=NOON, **who)


def overlaps(standing: list[Booking]) -> int:
    return sum(
        one.starts_at < other.ends_at and other.starts_at < one.ends_at
        for one, other in itertools.combinations(standing, 2)
    )


def test_many_who_want_one_room_at_once_never_overlap(engine: Engine) -> None:
    standing, odd = race(engine)
    assert odd == []
    assert len(standing) >= 3
    assert overlaps(standing) == 0
    with Session(engine) as session:  # and every quarter that is booked is written down
        kept = session.execute(text("SELECT booking_id, slot FROM booked_slot")).all()
    assert sorted(kept) == sorted(
        (booking.id, slot) for booking in standing for slot in bookings_slots(booking)
    )


def bookings_slots(booking: Booking) -> range:
    first = int(booking.starts_at.timestamp()) // 900
    return range(first, int(booking.ends_at.timestamp()) // 900)


def test_without_the_guard_the_same_race_overlaps(engine: Engine) -> None:
    without_the_guard(engine)
    standing, _ = race(engine)
    assert overlaps(standing) > 0


def test_a_hold_is_either_kept_or_taken_over_never_both(engine: Engine) -> None:
    """The keeper's clock says it is still theirs, the next one's clock says it has run out."""
    with Session(engine) as session, write_transaction(session):
        room_id = a_room(session, a_lieu(session)).id
        owners = [
            {"organisation_id": organisation.id, "member_id": member.id}
            for organisation, member in (an_organisation(session) for _ in range(2))
        ]
    when = {"starts_at": TEN, "ends_at": TEN + 4 * QUARTER, "people": 2}
    for day in range(20):
        late = NOON + timedelta(minutes=10)
        span = {
            key: value + timedelta(days=day) if key != "people" else value
            for key, value in when.items()
        }
        with Session(engine) as session, write_transaction(session):
            room = session.get_one(Room, room_id)
            held = bookings.hold(session, room=room, at=NOON, **span, **owners[0]).public_id
        together = threading.Barrier(2)

        def keeper(held: str = held, together: threading.Barrier = together) -> bool:
            with Session(engine) as session:
                together.wait()
                try:
                    with write_transaction(session):
                        bookings.confirm(
                            session,
                            public_id=held,
                            at=NOON + timedelta(minutes=10) - timedelta(microseconds=1),
                            **owners[0],
                        )
                except (Refused, Busy):
                    return False
                return True

        def successor(
            span: dict = span, together: threading.Barrier = together, late: datetime = late
        ) -> bool:
            with Session(engine) as session:
                together.wait()
                try:
                    with write_transaction(session):
                        room = session.get_one(Room, room_id)
                        bookings.hold(session, room=room, at=late, **span, **owners[1])
                except (Refused, Busy):
                    return False
                return True

        with ThreadPoolExecutor(2) as pool:
            kept, taken = pool.submit(keeper), pool.submit(successor)
            assert kept.result() != taken.result()
        with Session(engine) as session, write_transaction(session):
            session.execute(text("DELETE FROM booked_slot"))
            session.execute(update(Booking).values(cancelled_at=NOON))  # nothing is held any more

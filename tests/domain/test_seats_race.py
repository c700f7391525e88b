"""Many want the last seats at once: as many get one as there are, and more without the guard.

Real transactions from threads that start together. The control takes the unique key away from
`seat_reservation` and must show one number kept twice, else the race proves nothing.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import seats
from serendipity.db import engine_options, write_transaction
from serendipity.errors import Refused
from serendipity.lieux import Lieu
from serendipity.seats import Reservation
from tests.conftest import NOON
from tests.domain.test_seats import FRIDAY_NINE, a_lieu_with_seats
from tests.rows import a_member

PEOPLE = int(os.environ.get("SEAT_RACERS", "24"))
SEATS = 5


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url, poolclass=NullPool, **engine_options(database_url))
    yield engine
    engine.dispose()


def race(engine: Engine) -> Counter[int]:
    """Everybody wants a seat of the same moment; how often each number is kept at the end."""
    with Session(engine) as session, write_transaction(session):
        lieu_id = a_lieu_with_seats(session, SEATS).id
        people = [a_member(session).id for _ in range(PEOPLE)]
    together = threading.Barrier(8)

    def want(member_ids: list[int]) -> None:
        together.wait()
        for member_id in member_ids:
            try:
                with Session(engine) as session, write_transaction(session):
                    lieu = session.get_one(Lieu, lieu_id)
                    seats.reserve(
                        session, member_id=member_id, lieu=lieu, starts_at=FRIDAY_NINE, at=NOON
                    )
            except Refused:
                continue

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(want, [people[start::8] for start in range(8)]))
    with Session(engine) as session:
        return Counter(session.scalars(select(Reservation.number)))


def test_as_many_get_a_seat_as_there_are(engine: Engine) -> None:
    assert race(engine) == Counter(range(1, SEATS + 1))


def test_without_the_guard_a_seat_is_kept_twice(engine: Engine) -> None:
    columns = [column.key for column in Reservation.__table__.columns if column.key != "id"]
    name = "uq_seat_reservation_lieu_id_starts_at_number"
    statements = (
        [f"ALTER TABLE seat_reservation DROP CONSTRAINT {name}"]
        if engine.dialect.name == "postgresql"
        else [
            "CREATE TABLE loose (id INTEGER PRIMARY KEY, " + ", ".join(columns) + ")",
            "DROP TABLE seat_reservation",
            "ALTER TABLE loose RENAME TO seat_reservation",
        ]
    )
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    assert max(race(engine).values()) > 1

"""Numbers under load: many issue invoices of one lieu at once, and none is missing or twice.

`SERENDIPITY_RACE=full` runs each of the eight threads fifty times instead of four.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import invoices
from serendipity.db import engine_options, write_transaction
from serendipity.invoices import Invoice, InvoiceCounter, numbering
from tests.conftest import NOON
from tests.invoices.deals import TEN, Deals

THREADS = 8
ROUNDS = 50 if os.environ.get("SERENDIPITY_RACE") == "full" else 4
SEED = 20260326


class Undone(Exception):
    """A transaction that fails after it took a number."""


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url, poolclass=NullPool, **engine_options(database_url))
    yield engine
    engine.dispose()


def race(
    engine: Engine, before: Callable[[Engine], None] = lambda _: None
) -> tuple[list[int], list[BaseException]]:
    """Each thread settles its own bookings, one in five fails late; the numbers at the end."""
    with Session(engine) as session, write_transaction(session):
        deals = Deals(session)
        bookings = [
            deals.book(TEN + timedelta(hours=2 * (place % 4), days=place // 4)).id
            for place in range(THREADS * ROUNDS)
        ]
    together = threading.Barrier(THREADS)
    odd: list[BaseException] = []

    def runner(number: int) -> None:
        chance = random.Random(SEED + number)
        mine = bookings[number::THREADS]
        together.wait()
        while mine:
            try:
                before(engine)
                with Session(engine) as session, write_transaction(session):
                    invoices.settle(session, booking_id=mine[0], at=NOON)
                    if chance.random() < 0.2:
                        raise Undone
            except Undone:
                continue
            except BaseException as error:  # noqa: BLE001 - the test reports it
                odd.append(error)
            mine.pop(0)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(runner, range(THREADS)))
    with Session(engine) as session:
        return list(session.scalars(select(Invoice.count).order_by(Invoice.count))), odd


def test_many_who_issue_at_once_leave_no_gap_and_no_number_twice(engine: Engine) -> None:
    numbers, odd = race(engine)
    assert odd == []
    assert numbers == list(range(1, THREADS * ROUNDS + 1))


def test_without_the_lock_the_same_race_gives_numbers_twice(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: who looks first and writes then, with no constraint to tell them."""
    monkeypatch.setattr(numbering, "next_number", write_what_was_seen)
    without_the_guard(engine)
    numbers, _ = race(engine, before=look)
    assert len(set(numbers)) < len(numbers)


taken = threading.local()


def look(engine: Engine) -> None:
    """What the last number is, as somebody asks who then goes and writes the next one."""
    with Session(engine) as session:
        taken.last = session.scalar(select(func.max(InvoiceCounter.last))) or 0


def write_what_was_seen(
    session: Session, *, lieu_id: int, year: int, at: datetime
) -> tuple[int, datetime]:
    session.execute(text("DELETE FROM invoice_counter"))
    session.add(InvoiceCounter(lieu_id=lieu_id, year=year, last=taken.last + 1, last_at=at))
    session.flush()
    return taken.last + 1, at


def without_the_guard(engine: Engine) -> None:
    """A scratch copy of the schema in which a number may stand twice."""
    statements = (
        [
            "ALTER TABLE invoice DROP CONSTRAINT uq_invoice_lieu_id_year_count",
            "ALTER TABLE invoice DROP CONSTRAINT uq_invoice_number",
            "ALTER TABLE invoice_counter DROP CONSTRAINT pk_invoice_counter",
        ]
        if engine.dialect.name == "postgresql"
        else [
            "DROP TABLE invoice_paper",
            "CREATE TABLE loose AS SELECT * FROM invoice",
            "DROP TABLE invoice",
            "ALTER TABLE loose RENAME TO invoice",
        ]
    )
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))

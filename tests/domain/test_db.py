"""The ground: instants, one way to write, busy said as busy, writers served in turn."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, event, exc, select, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity.db import engine_options, is_busy, reading, write_transaction, writing
from serendipity.errors import Busy
from serendipity.lieux import Lieu
from tests.rows import a_lieu

WRITERS, ROUNDS = 6, 20


@pytest.fixture
def own_engine(database_url: str) -> Engine:
    return create_engine(database_url, poolclass=NullPool, **engine_options(database_url))


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2026, 10, 25, 0, 30, 0, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2028, 2, 29, 12, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    ],
)
def test_an_instant_comes_back_to_the_microsecond(session: Session, instant: datetime) -> None:
    lieu = a_lieu(session, created_at=instant)
    session.expire_all()
    assert lieu.created_at == instant
    assert lieu.created_at.utcoffset() == timedelta(0)


def test_an_instant_without_a_zone_is_refused(session: Session) -> None:
    with pytest.raises(exc.StatementError, match="needs a zone"):
        a_lieu(session, created_at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_what_is_written_is_there_after_the_block_and_not_after_an_error(app: Flask) -> None:
    with app.app_context():
        with writing() as session:
            a_lieu(session, slug="kept")
        with pytest.raises(exc.IntegrityError), writing() as session:
            session.add_all([a_lieu(session, slug="lost"), Lieu(slug="kept")])
        assert reading().scalars(select(Lieu.slug)).all() == ["kept"]


def test_foreign_keys_hold_on_both_databases(session: Session) -> None:
    with pytest.raises(exc.IntegrityError):
        session.execute(
            text(
                "INSERT INTO moment (lieu_id, weekday, starts, ends, name) VALUES (9, 0, 0, 1, 'x')"
            )
        )


def test_a_lock_that_does_not_come_is_busy_and_nothing_is_recorded(
    own_engine: Engine, dialect: str
) -> None:
    if dialect == "sqlite":
        held = own_engine.connect().execution_options(writing=True)
        held.begin()
        impatient = create_engine(
            own_engine.url, poolclass=NullPool, connect_args={"timeout": 0.05}
        )
        # What every connection is told on connecting makes it patient again: undo that here.
        event.listen(impatient, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=50"))
    else:
        held = own_engine.connect()
        held.begin()
        held.execute(text("LOCK TABLE lieu IN ACCESS EXCLUSIVE MODE"))
        impatient = create_engine(
            own_engine.url, poolclass=NullPool, connect_args={"options": "-c lock_timeout=50ms"}
        )
    with pytest.raises(Busy), Session(impatient) as session, write_transaction(session):
        a_lieu(session, slug="waiting")
    held.rollback()
    held.close()
    with Session(own_engine) as session:
        assert session.scalars(select(Lieu)).all() == []


def test_only_what_passes_is_busy() -> None:
    wrong = exc.OperationalError("SELECT", {}, Exception("no such table: lieu"))
    locked = exc.OperationalError("SELECT", {}, Exception("database is locked"))
    assert not is_busy(wrong)
    assert is_busy(locked)


def test_many_writers_that_first_read_are_all_served(own_engine: Engine) -> None:
    """Read, then write, from many threads: a deferred transaction would fail half of them."""
    with Session(own_engine) as session, write_transaction(session):
        a_lieu(session, slug="counted", seats=0)
    failures: list[BaseException] = []

    def add_seats() -> None:
        try:
            for _ in range(ROUNDS):
                with Session(own_engine) as session, write_transaction(session):
                    lieu = session.scalars(
                        select(Lieu).where(Lieu.slug == "counted").with_for_update()
                    ).one()
                    lieu.seats += 1
        except BaseException as error:  # noqa: BLE001 (told to the test below)
            failures.append(error)

    threads = [threading.Thread(target=add_seats) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Session(own_engine) as session:
        assert session.scalars(select(Lieu.seats)).one() == WRITERS * ROUNDS


def test_without_begin_immediate_two_writers_cost_one_of_them(
    own_engine: Engine, dialect: str
) -> None:
    """The control: on SQLite a reader cannot become a writer in a crowd; on PostgreSQL both
    succeed, but one seat is lost, because each added to what it had read."""
    with Session(own_engine) as session, write_transaction(session):
        a_lieu(session, slug="counted", seats=0)
    both_read = threading.Barrier(2)
    failures: list[exc.OperationalError] = []

    def add_a_seat() -> None:
        with Session(own_engine) as session:
            lieu = session.scalars(select(Lieu)).one()
            both_read.wait()
            lieu.seats += 1
            try:
                session.commit()
            except exc.OperationalError as error:
                failures.append(error)

    threads = [threading.Thread(target=add_a_seat) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == (1 if dialect == "sqlite" else 0)
    with Session(own_engine) as session:
        assert session.scalars(select(Lieu.seats)).one() == 1

"""The ground: instants, one way to write, busy said as busy, writers served in turn."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, event, exc, select, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity.consent import Consent
from serendipity.db import (
    add_if_new,
    add_row,
    add_rows,
    engine_options,
    is_busy,
    look_up,
    reading,
    set_row,
    write_transaction,
    writing,
)
from serendipity.errors import Busy
from serendipity.lieux import Lieu, Moment
from tests.conftest import NOON
from tests.rows import a_lieu, a_member

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


# --- rows that are looked up and written by statements made once ---------------------------------

SLUGS = select(Lieu.slug).order_by(Lieu.id)
OPENED = {"name": "A lieu", "created_at": NOON}


def test_what_is_looked_up_includes_what_the_session_has_not_written_yet(session: Session) -> None:
    session.add(Lieu(slug="pending", **OPENED))
    assert [found.slug for found in look_up(session, SLUGS)] == ["pending"]


def test_a_row_that_is_added_has_its_number_and_its_defaults(session: Session) -> None:
    lieu = add_row(session, Lieu, slug="new", **OPENED)
    assert (lieu.id, lieu.seats, lieu.opened_at) == (lieu.id, 40, None)
    assert session.get(Lieu, lieu.id) is lieu
    lieu.name = "Another name"
    session.flush()
    session.expire_all()
    assert (lieu.slug, lieu.name, lieu.created_at) == ("new", "Another name", NOON)


def test_a_row_whose_key_is_taken_is_none_and_the_transaction_goes_on(session: Session) -> None:
    assert add_if_new(session, Lieu, slug="one", **OPENED) is not None
    assert add_if_new(session, Lieu, slug="one", **OPENED) is None
    assert add_if_new(session, Lieu, slug="two", **OPENED) is not None
    assert [found.slug for found in look_up(session, SLUGS)] == ["one", "two"]


def test_only_a_key_that_is_taken_is_none_other_rules_raise(session: Session) -> None:
    with pytest.raises(exc.IntegrityError, match="(?i)counts"), session.begin_nested():
        add_if_new(session, Lieu, slug="full", seats=-1, **OPENED)
    with pytest.raises(exc.IntegrityError), session.begin_nested():
        add_row(session, Moment, lieu_id=99, weekday=0, starts=0, ends=1, name="nowhere")


def test_a_new_row_with_the_number_of_one_that_is_gone_is_not_taken_for_it(
    session: Session,
) -> None:
    gone = add_row(session, Lieu, slug="gone", **OPENED)
    session.execute(text("DELETE FROM lieu"))
    again = add_row(session, Lieu, slug="again", id=gone.id, **OPENED)
    assert again.slug == "again"


def test_many_rows_go_in_at_once_and_none_is_nothing(session: Session) -> None:
    lieu = a_lieu(session)
    add_rows(session, Moment, [])
    moment = {"lieu_id": lieu.id, "ends": 600, "name": "Coworking"}
    add_rows(session, Moment, [{**moment, "weekday": day, "starts": 540} for day in range(5)])
    found = session.scalars(select(Moment.weekday).order_by(Moment.weekday)).all()
    assert found == [0, 1, 2, 3, 4]


def test_a_row_that_is_set_is_as_said_last_also_where_the_session_holds_it(
    session: Session,
) -> None:
    key = {"member_id": a_member(session).id, "lieu_id": a_lieu(session).id}
    set_row(session, Consent, **key, here_today=True, chosen_at=NOON)
    held = session.get_one(Consent, tuple(key.values()))
    assert (held.here_today, held.by_mail) == (True, False)
    set_row(session, Consent, **key, by_mail=True, chosen_at=NOON + timedelta(hours=1))
    assert (held.here_today, held.by_mail, held.chosen_at) == (
        True, True, NOON + timedelta(hours=1),
    )  # fmt: skip
    assert len(session.scalars(select(Consent)).all()) == 1

"""The ground under every noun: two databases, one schema, one way to write.

SQLite (embedded) and PostgreSQL (a network) carry the same tables. What differs is here:

- SQLite runs with WAL, `synchronous=FULL` (what was acknowledged survives a power cut), foreign
  keys on, and `BEGIN IMMEDIATE` for writes: a deferred transaction that turns into a write fails
  at once when another writes. In front of its single writer stands a queue (a file lock, served
  in order of arrival), because SQLite's own busy handler sleeps and lets latecomers pass.
- PostgreSQL runs at READ COMMITTED with `lock_timeout` and `statement_timeout`; rules are kept by
  constraints, not by isolation levels.

Verbs take a `Session` and never commit. A front opens `writing()`, calls one verb, and answers
when the block has committed.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any, TypeVar, cast

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    Dialect,
    Engine,
    Executable,
    Integer,
    MetaData,
    String,
    event,
    exc,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, make_transient_to_detached, mapped_column
from sqlalchemy.types import TypeDecorator

from serendipity.errors import Busy

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# PostgreSQL: deadlock, serialisation failure, lock not available, statement timeout, shutting down
BUSY_STATES = {"40P01", "40001", "55P03", "57014", "57P01", "57P03", "53300"}
# On PostgreSQL every write ends with a word on this channel, for those who follow what happens
# (`serendipity.live`). It is sent by the commit, so nobody hears of what was rolled back.
CHANNEL = "serendipity"
# PostgreSQL and we: who is silent for ten seconds is asked three times, five seconds apart; what
# was said and not acknowledged is waited for as long
KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
UNANSWERED = {"tcp_user_timeout": 25_000}  # milliseconds
# SQLite says it in words
BUSY_WORDS = ("database is locked", "database is busy", "disk is full", "disk I/O error")


def microseconds(at: datetime) -> int:
    """An instant as it is kept: microseconds since 1970 in UTC."""
    if at.tzinfo is None:
        raise ValueError(f"an instant needs a zone: {at!r}")
    return (at - EPOCH) // MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware `datetime`, kept as microseconds since 1970 in UTC: the same on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


def new_public_id() -> str:
    """128 random bits for an address that cannot be guessed, 22 characters."""
    return secrets.token_urlsafe(16)


BigKey = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers only INTEGER keys by itself
Json = JSON().with_variant(JSONB(), "postgresql")

Key = Annotated[int, mapped_column(BigKey, primary_key=True)]
PublicId = Annotated[str, mapped_column(String(22), unique=True, default=new_public_id)]


class Base(DeclarativeBase):
    """All tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: Instant(),
        int: BigKey,
        dict[str, Any]: Json,
        list[Any]: Json,
    }


Row = TypeVar("Row", bound=Base)
OF_DIALECT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class OneDatabase(FlaskSession):
    """A session that knows its one engine, and is not asked for it again with each statement."""

    def __init__(self, db: SQLAlchemy, **options: Any) -> None:
        super().__init__(db, **options)
        self.bind = db.engine

    def get_bind(self, *_what: Any, **_else: Any) -> Engine:
        return cast(Engine, self.bind)


database = SQLAlchemy(
    metadata=Base.metadata, disable_autonaming=True, session_options={"class_": OneDatabase}
)


def engine_options(url: str, *, statement_timeout: str = "10s") -> dict[str, Any]:
    """What `create_engine` needs for this database, beside its address."""
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": 10}}
    settings = (
        f"-c lock_timeout=3s -c statement_timeout={statement_timeout} -c timezone=UTC "
        "-c default_transaction_isolation=read\\ committed"
    )
    return {
        "connect_args": {**postgresql_line(settings), "connect_timeout": 3},
        "pool_pre_ping": True,
    }


def postgresql_line(settings: str) -> dict[str, Any]:
    """With what a connection to PostgreSQL is opened: these settings, and an ear for who is gone.

    A host that loses its power or its line says no goodbye. PostgreSQL would keep its transaction
    open for two hours, and locked what it had in hand: a lieu, or the beats of all workers; and a
    worker would wait as long for a PostgreSQL that is gone. So both ends ask after the other.
    """
    there = {f"tcp_{name}": value for name, value in KEEPALIVES.items()} | UNANSWERED
    told = " ".join([settings, *(f"-c {name}={value}" for name, value in there.items())])
    return {"options": told, **KEEPALIVES, **UNANSWERED}


@event.listens_for(Engine, "connect")
def _prepare_connection(connection: Any, _record: Any) -> None:
    if not type(connection).__module__.startswith("sqlite3"):
        return
    connection.isolation_level = None  # we say BEGIN ourselves, see below
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=10000",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        writing_now = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing_now else "BEGIN")


def reading() -> Session:
    """The current app's session, for looking things up; nothing is kept."""
    return database.session()


@contextmanager
def writing() -> Iterator[Session]:
    """One write transaction of the current app: begun for writing, committed at the end.

    Raises
    ------
    Busy
        The database had no turn for us, or went away; nothing was recorded.
    """
    with write_transaction(reading()) as session:
        yield session


@contextmanager
def write_transaction(session: Session) -> Iterator[Session]:
    """`writing()` for a session of your own (jobs, commands, tests)."""
    session.rollback()  # ends the read transaction in which, say, the member was looked up
    try:
        with _turn(session):
            session.connection(execution_options={"writing": True})
            yield session
            if _dialect(session) == "postgresql":
                session.connection().exec_driver_sql(f"NOTIFY {CHANNEL}")
            session.commit()
    except exc.DBAPIError as error:
        session.rollback()
        if is_busy(error):
            raise Busy(why=str(error.orig)) from error
        raise
    except BaseException:
        session.rollback()
        raise


def insert_new(session: Session, table: Any) -> Any:
    """An INSERT that may say `on_conflict_do_nothing()`: each database has its own class of it."""
    return OF_DIALECT[_dialect(session)](table)


# What a check-in looks up and writes goes by these: statements that are made once and keep
# what SQLAlchemy worked out of them, and objects of the session only where somebody needs one.
# See docs/decisions/statements.md before using them elsewhere.


def look_up(session: Session, statement: Executable, **said: Any) -> Sequence[Any]:
    """The rows that a statement of columns finds."""
    session.flush()  # as before any query of the session
    return session.connection().execute(statement, said).all()


def add_rows(session: Session, noun: type[Base], new: Sequence[Mapping[str, Any]]) -> None:
    """New rows that nobody has to hold."""
    if new:
        session.flush()
        session.connection().execute(_inserting(noun, _dialect(session)), new)


def add_row(session: Session, noun: type[Row], **values: Any) -> Row:
    """A new row."""
    session.flush()
    row = session.connection().execute(_adding(noun, _dialect(session)), values).one()
    return _held(session, noun, row)


def add_if_new(session: Session, noun: type[Row], **values: Any) -> Row | None:
    """A new row; None when one of its unique keys is taken.

    The schema is the judge of two who come together, and its no is no error: no savepoint is
    needed to go on after it.
    """
    session.flush()
    found = session.connection().execute(_adding_if_new(noun, _dialect(session)), values).all()
    return _held(session, noun, found[0]) if found else None


def set_row(session: Session, noun: type[Base], **values: Any) -> None:
    """Let the row with this primary key, there or not, be as said now."""
    session.flush()
    session.connection().execute(_setting(noun, _dialect(session), tuple(values)), values)
    key = tuple(values[name] for name in _key_of(noun))
    held = session.identity_map.get(session.identity_key(noun, key))
    if held is not None:
        session.expire(held)


@cache
def _inserting(noun: type[Base], dialect: str) -> Any:
    return OF_DIALECT[dialect](noun.__table__)


@cache
def _adding(noun: type[Base], dialect: str) -> Any:
    return _inserting(noun, dialect).returning(*noun.__table__.columns)


@cache
def _adding_if_new(noun: type[Base], dialect: str) -> Any:
    inserting = _inserting(noun, dialect).on_conflict_do_nothing()
    return inserting.returning(*noun.__table__.columns)


def _held(session: Session, noun: type[Row], row: Any) -> Row:
    """This whole row as the session holds what it has looked up; a query for it takes longer."""
    made = noun(**row._mapping)
    make_transient_to_detached(made)
    # SQLite may give a new row the number of one that is gone, and that the session still holds.
    gone = session.identity_map.get(session.identity_key(instance=made))
    if gone is not None:
        session.expunge(gone)
    session.add(made)
    return made


@cache
def _setting(noun: type[Base], dialect: str, names: tuple[str, ...]) -> Any:
    inserting, keys = _inserting(noun, dialect), _key_of(noun)
    said = {name: inserting.excluded[name] for name in names if name not in keys}
    return inserting.on_conflict_do_update(index_elements=keys, set_=said)


def _key_of(noun: type[Base]) -> list[str]:
    return [column.name for column in noun.__table__.primary_key]


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


def is_busy(error: exc.DBAPIError) -> bool:
    """Whether this failure means "try again", not "this is wrong"."""
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in BUSY_STATES or state.startswith("08")
    words = str(error.orig)
    return any(word in words for word in BUSY_WORDS) or "connection" in words.lower()


@contextmanager
def _turn(session: Session) -> Iterator[None]:
    """Our place in the queue in front of SQLite's one writer; nothing to queue for elsewhere."""
    bind = session.get_bind()
    path = bind.engine.url.database if bind.dialect.name == "sqlite" else None
    if not path or path == ":memory:":
        yield
        return
    queue = os.open(f"{path}.queue", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(queue, fcntl.LOCK_EX)
        yield
    finally:
        os.close(queue)

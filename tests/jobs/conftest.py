"""What the tests of jobs and commands share."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from serendipity import migrate
from serendipity.db import engine_options
from serendipity.jobs import sharing


@pytest.fixture
def empty_url(
    dialect: str, database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A database with nothing in it, of the same kind as the test's own."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.sqlite"
        return
    server = create_engine(
        request.getfixturevalue("postgresql_server"),
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
    )
    name = f"{make_url(database_url).database}_empty"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(database_url).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def network_url(postgresql_server: str) -> Iterator[str]:
    """A PostgreSQL database at head, with the queue: what only a network has."""
    server = create_engine(postgresql_server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    name = f"serendipity_network_{uuid.uuid4().hex[:8]}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)
    engine = create_engine(url, poolclass=NullPool, **engine_options(url))
    migrate.upgrade(engine)
    sharing.install(engine)
    engine.dispose()
    yield url
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()

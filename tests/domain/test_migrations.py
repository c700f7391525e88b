"""The migrations and the models say the same, and the code knows the database's age."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from serendipity import migrate, schema, tables
from serendipity.db import engine_options
from serendipity.errors import ConfigurationError

TRIGGERS = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": "SELECT tgrelid::regclass::text || ' ' || tgname || tgtype FROM pg_trigger "
    "WHERE NOT tgisinternal ORDER BY 1",
}


@pytest.fixture
def migrated(database_url: str) -> Engine:
    return create_engine(database_url, poolclass=NullPool, **engine_options(database_url))


def test_an_empty_database_migrated_equals_the_models(migrated: Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_migrations_and_models_make_the_same_triggers(migrated: Engine, dialect: str) -> None:
    with migrated.connect() as connection:
        ours = connection.execute(text(TRIGGERS[dialect])).scalars().all()
    tables.metadata.drop_all(migrated)
    tables.metadata.create_all(migrated)
    with migrated.connect() as connection:
        assert connection.execute(text(TRIGGERS[dialect])).scalars().all() == ours
    assert ours


def test_upgrading_twice_does_nothing_the_second_time(migrated: Engine) -> None:
    assert migrate.upgrade(migrated) is False
    assert schema.state(migrated) == "head"


def test_a_database_newer_than_the_code_is_refused(migrated: Engine) -> None:
    with migrated.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="newer than this code"):
        migrate.upgrade(migrated)
    assert schema.state(migrated) == "newer"

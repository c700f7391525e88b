"""Bring a database to the newest migration, with Alembic. For commands only: web stays light."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from serendipity import schema
from serendipity.config import ROOT


def upgrade(engine: Engine) -> bool:
    """Migrate to head; True when something was done. Run twice, it does nothing the second time.

    Raises
    ------
    ConfigurationError
        The database is newer than the code.
    """
    schema.refuse_if_newer(engine)
    if schema.state(engine) == "head":
        return False
    alembic = Config()
    alembic.set_main_option("script_location", str(ROOT / "migrations"))
    with engine.connect() as connection:
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "head")
        connection.commit()
    return True

"""Bring a database to the newest migration, with Alembic. For commands only: web stays light."""

from __future__ import annotations

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
    # Imported when there is something to do: it takes a second of each start
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    alembic = Config()
    alembic.set_main_option("script_location", str(ROOT / "migrations"))
    with engine.connect() as connection:
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "head")
        connection.commit()
    return True

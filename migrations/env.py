"""Alembic's entry: runs on the connection that `serendipity.migrate` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.dialects.postgresql import JSONB

from serendipity import tables
from serendipity.db import Instant


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our types as what they are in the database: a migration outlives the code's types."""
    if kind == "type" and isinstance(item, Instant):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(item, JSONB):
        return "sa.dialects.postgresql.JSONB()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=tables.metadata,
    compare_type=True,
    render_item=render_item,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()

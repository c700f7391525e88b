"""Append-only: tables whose rows are never changed and never deleted, said to the database itself.

A noun that keeps the past as it was says `append_only.guard(Row, same=…)` below its table; then no
code path and no hand can edit a row: triggers refuse UPDATE and DELETE (and TRUNCATE, and SQLite's
INSERT OR REPLACE, which deletes without telling the triggers on DELETE). The first migration runs
the same statements, see `scripts/draft-migration`.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import DDL, event

from serendipity.db import Base

SQLITE_REFUSE: Final = (
    "CREATE TRIGGER {table}_no_{verb} BEFORE {verb_upper} ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
)
SQLITE_NO_REPLACE: Final = (
    "CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
    "WHEN EXISTS (SELECT 1 FROM {table} AS old WHERE {same}) "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
)
POSTGRESQL_FUNCTION: Final = (
    "CREATE OR REPLACE FUNCTION refuse_edit() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
)
POSTGRESQL_REFUSE: Final = (
    "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()"
)

_guarded: Final[dict[str, str]] = {}


def guard(row: type[Base], *, same: str = "old.id = NEW.id") -> None:
    """Let the rows of this table stay as they are written.

    Parameters
    ----------
    same : str
        SQL that tells when a new row would replace an old one: every unique key of the table.
    """
    table = row.__table__
    _guarded[row.__tablename__] = same
    for dialect in ("sqlite", "postgresql"):
        for statement in _statements_of(row.__tablename__, same, dialect):
            event.listen(table, "after_create", _ddl(statement).execute_if(dialect=dialect))


def statements(dialect: str) -> list[str]:
    """What makes every guarded table append-only, for the migration."""
    return [
        statement
        for name in sorted(_guarded)
        for statement in _statements_of(name, _guarded[name], dialect)
    ]


def _statements_of(table: str, same: str, dialect: str) -> list[str]:
    if dialect == "sqlite":
        edits = [
            SQLITE_REFUSE.format(table=table, verb=verb, verb_upper=verb.upper())
            for verb in ("update", "delete")
        ]
        return [*edits, SQLITE_NO_REPLACE.format(table=table, same=same)]
    return [POSTGRESQL_FUNCTION, POSTGRESQL_REFUSE.format(table=table)]


def _ddl(statement: str) -> Any:
    # A per cent sign is DDL's own for facts; ours are none of these.
    return DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]

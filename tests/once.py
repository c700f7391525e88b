"""Made once: what each test would make anew, and is the same each time.

An app of its own for a test costs little but for its three hundred routes and its templates, which
are compiled each time, and on PostgreSQL for its database. Routes are compiled once a process,
templates once a run of the tests, and a database is handed on to the next test, emptied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, Engine, text
from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


class KnownRule(Rule):
    """A route whose two builders of addresses are compiled once a process.

    A builder depends on nothing but the words of its route, which it is given with each call.
    """

    known: dict[tuple[Any, ...], Builder] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        words = (self.rule, repr(self.defaults), tuple(self._trace), append_unknown)
        if words not in self.known:
            self.known[words] = super()._compile_builder(append_unknown)
        return self.known[words]


# Of whatever a test could change and no row shows: tables, columns, rules, triggers, functions.
SHAPE: Final = """
SELECT md5(string_agg(line, ',' ORDER BY line)) FROM (
    SELECT concat_ws(' ', c.oid::regclass, c.relkind, c.relrowsecurity, a.attname, a.atttypid,
                     a.attnotnull) AS line
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace NOT IN (
        SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg~_%' ESCAPE '~'
        OR nspname = 'information_schema')
    UNION ALL
    SELECT concat_ws(' ', conrelid::regclass, conname, convalidated) FROM pg_constraint
    UNION ALL
    SELECT concat_ws(' ', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger
    UNION ALL
    SELECT concat_ws(' ', oid, proname, md5(prosrc)) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
) AS lines
"""
EMPTY: Final = """
DO $$
DECLARE name regclass;
BEGIN
    FOR name IN SELECT oid::regclass FROM pg_class WHERE relkind = 'r'
        AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
    LOOP EXECUTE format('DELETE FROM %s', name); END LOOP;
    PERFORM setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'
        AND relnamespace = 'public'::regnamespace;
END $$
"""
LEFT_OVER: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def shape(connection: Connection) -> str:
    """What the schema of this PostgreSQL database looks like, and the version it claims to be."""
    claims = ""
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar():
        claims = connection.execute(text("SELECT max(version_num) FROM alembic_version")).scalar()
    return f"{connection.execute(text(SHAPE)).scalar()} {claims}"


def emptied(engine: Engine, *, like: str) -> bool:
    """Take all rows out and count anew; False where a test changed the schema (not `like` it)."""
    with engine.begin() as connection:
        connection.execute(text(LEFT_OVER))
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        if shape(connection) != like:
            return False
        # neither the rules between tables nor those against taking away hold for this session
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(EMPTY))
    return True

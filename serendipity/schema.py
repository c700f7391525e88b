"""The schema's age: which migration the database stands at, and whether this code knows it.

Light on purpose (no Alembic import): web processes ask this at start and in /readyz. The upgrade
itself is in `serendipity.migrate`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from sqlalchemy import Engine, inspect, text

from serendipity.config import ROOT
from serendipity.errors import ConfigurationError

VERSIONS = ROOT / "migrations" / "versions"
State = Literal["empty", "behind", "head", "newer"]


@cache
def revisions() -> dict[str, str | None]:
    """Revision → the one before it, read from the files in migrations/versions."""
    known: dict[str, str | None] = {}
    for path in sorted(VERSIONS.glob("*.py")):
        words = path.read_text("utf-8")
        revision = re.search(r'^revision(?:: str)? = "([^"]+)"', words, re.M)
        before = re.search(r'^down_revision[^=]*= (?:"([^"]+)"|None)', words, re.M)
        if revision:
            known[revision[1]] = before[1] if before else None
    return known


def head() -> str:
    """The newest revision that this code knows."""
    known = revisions()
    (newest,) = set(known) - set(known.values())
    return newest


def current(engine: Engine) -> str | None:
    """The revision the database stands at; None when nothing is there yet."""
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def state(engine: Engine) -> State:
    """Where the database stands, seen from this code."""
    revision = current(engine)
    if revision is None:
        return "empty"
    if revision not in revisions():
        return "newer"
    return "head" if revision == head() else "behind"


def refuse_if_newer(engine: Engine) -> None:
    """Stop before touching data that a newer version wrote."""
    if state(engine) == "newer":
        raise ConfigurationError(
            why=f"the database is newer than this code, or older than its first release (it stands "
            f"at {current(engine)}, the newest migration here is {head()}): nothing was changed; "
            "install the version that wrote it"
        )

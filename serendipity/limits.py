"""Limits: how often a browser, an address or a place may try something before it must wait.

Counted in the database, so that all web processes count together, in fixed windows: one row per
key and window, counted up in one statement. A key is stored as its hash; nobody can read from
this table who tried what.

Rule kept here: a try beyond the limit is refused and tells when to come back.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import String, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity.db import EPOCH, Base
from serendipity.errors import Refused

KEPT = timedelta(days=2)


class Tries(Base):
    __tablename__ = "tries"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    window_at: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]


class TooOften(Refused):
    """Facts: retry_after, in seconds."""

    status = 429


def spend(
    session: Session, what: str, who: str, *, most: int, within: timedelta, at: datetime
) -> int:
    """Count one try of `what` by `who`; the number of tries in this window.

    Raises
    ------
    TooOften
        There were `most` already. (The refused one is not kept: nothing needs it.)
    """
    window_at = EPOCH + ((at - EPOCH) // within) * within
    key = hashlib.sha256(f"{what}\0{within}\0{who}".encode("utf-8", "replace")).hexdigest()
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(Tries).values(key=key, window_at=window_at, count=1)
    count = session.scalar(
        statement.on_conflict_do_update(
            index_elements=["key", "window_at"], set_={"count": Tries.count + 1}
        ).returning(Tries.count)
    )
    if count is None or count > most:
        left = (window_at + within - at).total_seconds()
        raise TooOften(retry_after=max(1, round(left)))
    return int(count)


def forget(session: Session, *, at: datetime) -> None:
    """Drop windows that no limit looks at any more."""
    session.execute(delete(Tries).where(Tries.window_at < at - KEPT))

"""Changes: one watcher that knows when anything was written, for all streams together.

SQLite counts what others have committed (`PRAGMA data_version`): looking costs microseconds, so it
is looked at two hundred times a second. PostgreSQL says it itself: every write transaction ends
with a NOTIFY (see `serendipity.db`). A line to PostgreSQL that breaks is opened again; meanwhile,
as always, whoever waits looks by themselves after a while.
"""

from __future__ import annotations

import logging
import os
import select
import time
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from serendipity.db import CHANNEL

SQLITE_EVERY = 0.005  # seconds
logger = logging.getLogger(__name__)


class Changes:
    """Waits for the next change. For one thread; only `wake` may be called from another."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._line: PoolProxiedConnection | None = None
        self._seen = 0
        dbapi: Any = engine.dialect.loaded_dbapi
        self._broken: tuple[type[Exception], ...] = (DBAPIError, OSError, dbapi.Error)
        self._woken, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def wake(self) -> None:
        """Have who waits look now."""
        with suppress(BlockingIOError):  # it has been woken often enough
            os.write(self._waker, b"!")

    def wait(self, seconds: float) -> bool:
        """Whether something was written, or somebody woke us, within this time."""
        try:
            line = self._opened()
            return self._counted(line, seconds) if self._is_sqlite else self._told(line, seconds)
        except self._broken as error:
            logger.warning("watching for changes: %s", error)
            self.close_line()
            return self._is_woken(seconds)

    def _opened(self) -> Any:
        if self._line is None:
            self._line = self._engine.raw_connection()
            if not self._is_sqlite:
                connection: Any = self._line.driver_connection
                connection.rollback()
                connection.autocommit = True
                connection.execute(f"LISTEN {CHANNEL}")
        return self._line.driver_connection

    def _counted(self, line: Any, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while True:
            (count,) = line.execute("PRAGMA data_version").fetchone()
            if count != self._seen:
                self._seen = count
                return True
            left = end - time.monotonic()
            if left <= 0:
                return False
            if self._is_woken(min(SQLITE_EVERY, left)):
                return True

    def _told(self, line: Any, seconds: float) -> bool:
        ready, _, _ = select.select([self._woken, line.fileno()], [], [], seconds)
        said = list(line.notifies(timeout=0)) if line.fileno() in ready else []
        return self._is_woken(0) or bool(said)

    def _is_woken(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._woken], [], [], seconds)
        return bool(ready and os.read(self._woken, 4096))

    def close_line(self) -> None:
        if self._line is not None:
            self._line.invalidate()
            self._line = None

    def close(self) -> None:
        self.close_line()
        os.close(self._woken)
        os.close(self._waker)

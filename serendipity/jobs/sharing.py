"""Sharing: on PostgreSQL, any number of workers on any number of hosts share the work.

procrastinate keeps the queue, in a schema of its own in the same database. Two kinds of task:
one a lieu and night, and one a handful of letters. What makes a night run once and a letter leave
once is not the queue but the rows that the work itself is guarded by (`runs`, `mail`): a task that
is lost, or put in the queue twice, costs a look and nothing else. The queue therefore holds
nothing that is not owed elsewhere, and an upgrade may make it anew.

The beats (what is due?) are kept by one host at a time, whichever holds an advisory lock; when it
dies, the database lets go of the lock and another takes over. A host that stops while it holds a
task is found by its missing heartbeat, and the task goes to somebody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import procrastinate
from procrastinate import exceptions
from sqlalchemy import Engine, text

from serendipity.config import Settings
from serendipity.db import postgresql_line
from serendipity.jobs import delivery

if TYPE_CHECKING:
    from serendipity.jobs.scheduler import Worker

SCHEMA: Final = "serendipity_jobs"
BEAT_LOCK: Final = 7_302  # our numbers among PostgreSQL's advisory locks
INSTALL_LOCK: Final = 7_303
HEARTBEAT: Final = 5.0  # seconds
DEAD_AFTER: Final = 20.0  # seconds without a heartbeat
MOST_TASKS: Final = 64  # of letters, in the queue at once
# Tasks of each queue at a time. While one night waits for the database, the other thinks; a third
# would find no processor free. Letters have a hand of their own: a code waits for no night to end.
HANDS: Final = {"night": 2, "letters": 1}
logger = logging.getLogger(__name__)


def is_shared(settings: Settings) -> bool:
    """Whether workers share this database: embedded, one does everything inline."""
    return settings.resolved_database_url.startswith("postgresql")


# --- the queue ------------------------------------------------------------------------------


def install(engine: Engine, *, anew: bool = True) -> bool:
    """Make the queue's schema, or make it anew for another version; True when it was made.

    A worker makes what is missing (`anew=False`) and leaves another version's queue to an upgrade:
    other hosts may be at work with it.
    """
    version = procrastinate.__version__
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:ours)"), {"ours": INSTALL_LOCK})
        found = connection.execute(
            text("SELECT obj_description(to_regnamespace(:name))"), {"name": SCHEMA}
        ).scalar()
        if found == version or (found and not anew):
            return False
        connection.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        connection.execute(text(f"SET LOCAL search_path = {SCHEMA}"))
        # many statements at once, with percent signs of their own: as they are, to the driver
        driver: Any = connection.connection.driver_connection
        driver.execute(procrastinate.schema.SchemaManager.get_schema())
        connection.execute(text(f"COMMENT ON SCHEMA {SCHEMA} IS '{version}'"))
    return True


def _connection(settings: Settings) -> dict[str, Any]:
    url = settings.resolved_database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    return {"conninfo": url, "kwargs": postgresql_line(f"-c search_path={SCHEMA}")}


class Queue:
    """The tasks and how they are put in the queue; `worker` does them."""

    def __init__(self, settings: Settings, worker: Worker | None = None) -> None:
        asking = procrastinate.SyncPsycopgConnector(**_connection(settings), min_size=1, max_size=2)
        doing = procrastinate.PsycopgConnector(**_connection(settings), min_size=2, max_size=6)
        self.doing = procrastinate.App(connector=doing)
        self.asking = procrastinate.App(connector=asking)  # a task belongs to one app
        for app in (self.doing, self.asking):
            app.task(name="night", queue="night")(self._night)
            app.task(name="letters", queue="letters")(self._letters)
        self.worker = worker

    def _night(self, lieu: str, day: str) -> None:
        if self.worker is not None:
            self.worker.night(lieu, date.fromisoformat(day))

    def _letters(self, number: int) -> None:
        if self.worker is not None:
            self.worker.deliver()

    def put_nights(self, due: list[tuple[str, date]]) -> int:
        """One task a lieu and date; how many were new in the queue."""
        return sum(
            self._put("night", f"night:{lieu}:{day}", lieu=lieu, day=day.isoformat())
            for lieu, day in due
        )

    def put_letters(self, waiting: int) -> int:
        """One task for every handful of letters that wait; how many were new in the queue."""
        handfuls = min(-(-waiting // delivery.AT_ONCE), MOST_TASKS)
        return sum(self._put("letters", f"letters:{n}", number=n) for n in range(handfuls))

    def _put(self, task: str, lock: str, **arguments: Any) -> int:
        try:
            self.asking.configure_task(task, queue=task, queueing_lock=lock).defer(**arguments)
        except exceptions.AlreadyEnqueued:
            return 0
        return 1


# --- one host at a time ---------------------------------------------------------------------


@contextlib.contextmanager
def beat_alone(engine: Engine, job: str) -> Iterator[bool]:
    """Whether this beat is ours to keep now; the lock goes with the connection, and so with us."""
    number = text("SELECT pg_try_advisory_xact_lock(:space, hashtext(:job))")
    with engine.connect() as connection:
        yield bool(connection.execute(number, {"space": BEAT_LOCK, "job": job}).scalar())


# --- working --------------------------------------------------------------------------------


def work(queue: Queue) -> None:
    """Do tasks until told to stop (Ctrl-C, or SIGTERM); what is in hand is finished first."""
    asyncio.run(_work(queue))


async def _work(queue: Queue) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with queue.doing.open_async():
        hands = [asyncio.create_task(_hands(queue.doing, name)) for name in HANDS]
        helper = asyncio.create_task(_take_over(queue.doing))
        await stopped.wait()
        helper.cancel()
        for one in hands:
            one.cancel()
        await asyncio.gather(helper, *hands, return_exceptions=True)


async def _hands(app: procrastinate.App, queue: str) -> None:
    """Do the tasks of one queue, as many at a time as it has hands."""
    await app.run_worker_async(
        queues=[queue],
        name=queue,
        concurrency=HANDS[queue],
        fetch_job_polling_interval=2.0,
        shutdown_graceful_timeout=60,
        delete_jobs="always",
        install_signal_handlers=False,
        update_heartbeat_interval=HEARTBEAT,
        stalled_worker_timeout=DEAD_AFTER,
    )


async def _take_over(app: procrastinate.App) -> None:
    """Put tasks whose host died back in the queue; two who do so at once do it once."""
    while True:
        await asyncio.sleep(HEARTBEAT)
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER):
            with contextlib.suppress(exceptions.ConnectorException):
                await app.job_manager.retry_job(job)
                logger.warning("task %s of a host that died is done again", job.task_name)

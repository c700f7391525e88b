"""The scheduler: one process beside the web that does what is due, on time and after downtime.

APScheduler gives the beat, and only the beat, in UTC: what is due is asked of the database each
time, so a worker that was down for an hour finds an hour's work and does it once.

- every second: words to read, rounds to run (a moment that begins calls for one), calls to put,
  invoices, letters to deliver
- every minute: stays, turns and pairs that ended, and the nights whose hour has come

A lieu's night is due when its own wall clock has passed the hour in the settings. The local date is
part of the run's unique key, so the night in which the clock shows that hour twice, or not at all,
is one night like any other; nothing is scheduled in local time.
"""

from __future__ import annotations

import fcntl
import gc
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any, Final
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.blocking import BlockingScheduler
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from matching.encoder import one_thread
from serendipity import alarms, backups, clock, hearing, lieux, mail, payments, runs
from serendipity.backups import NotABackup
from serendipity.config import Settings
from serendipity.db import database, is_busy, write_transaction
from serendipity.db import reading as looking
from serendipity.errors import Busy, ConfigurationError
from serendipity.jobs import (
    delivery,
    housekeeping,
    listening,
    night,
    reading,
    refunds,
    rounds,
    settling,
    sharing,
)
from serendipity.jobs.post import Post, way_out
from serendipity.lieux import Lieu
from serendipity.web import compiled

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
CATCH_UP: Final = timedelta(hours=12)  # a night that was missed by more is left to its successor
HOST: Final = socket.gethostname()
logger = logging.getLogger(__name__)


class Worker:
    """What the jobs share: the app, its way out, its vocabulary."""

    def __init__(self, app: Flask, *, post: Post | None = None) -> None:
        self.app = app
        self.settings: Settings = app.config["SETTINGS"]
        self.shelf = reading.Shelf(self.settings)
        self._looked_at: tuple[Path, datetime] | None = None
        self.desk = delivery.Desk(looking, post or way_out(self.settings), self.settings)

    def read(self) -> int:
        """Hear the words that wait, then do what they call for: rounds, and calls to put."""
        with self._context():
            heard = reading.read_due(looking, self.shelf, at=clock.now())
            ran = rounds.run_due(looking, self.shelf, at=clock.now())
            asked = 0
            if rounds.calls_wait(looking, at=clock.now()):
                asked = rounds.pass_calls_on(looking, self.shelf, at=clock.now())
            return heard + ran + asked

    def deliver(self) -> int:
        """Letters whose turn it is."""
        with self._context():
            return sum(delivery.deliver_due(self.desk).values())

    def settle(self) -> int:
        """Invoices for what bookings owe, and their papers."""
        with self._context():
            issued = settling.issue_due(looking, at=clock.now())
            return issued + settling.draw_due(looking, at=clock.now())

    def pay_back(self) -> int:
        """Refunds that are owed; nothing where no cards are taken."""
        provider = self.provider
        if provider is None:
            return 0
        with self._context():
            return refunds.refund_due(looking, provider, at=clock.now())

    def close_pages(self) -> int:
        """Pages of the provider on which nobody should pay any more."""
        provider = self.provider
        if provider is None:
            return 0
        with self._context():
            return refunds.look_after(looking, provider, at=clock.now())

    @cached_property
    def provider(self) -> payments.PaymentProvider | None:
        """Who takes cards, if anybody does; its library is loaded when it is first asked."""
        return payments.provider_of(self.settings)

    def keep_house(self) -> int:
        """What ended by itself since the last time."""
        with self._context():
            asked = rounds.pass_calls_on(looking, self.shelf, at=clock.now())
            reading.place_due(looking, self.shelf)
            return asked + sum(housekeeping.keep(looking, at=clock.now()).values())

    def nights(self) -> int:
        """The nights whose hour has come; one that fails does not stop the others."""
        return sum(self.night(slug, day) for slug, day in self.due())

    def due(self) -> list[tuple[str, date]]:
        """Lieux and local dates whose night should have begun and has not."""
        with self._context():
            return nights_due(looking(), self.settings, at=clock.now())

    def night(self, slug: str, day: date) -> bool:
        """One night, whoever asks and however often; False when it failed."""
        with self._context():
            try:
                night.run(looking, lieu=slug, local_date=day, at=clock.now(), shelf=self.shelf)
            except Exception:
                logger.exception("the night of %s at %s failed", day, slug)
                return False
        return True

    def letters_due(self) -> int:
        """How many letters wait for their turn."""
        with self._context():
            return mail.due(looking(), at=clock.now())

    def tell(self, job: str, done: int) -> None:
        """Write down that this beat was kept: silence is an alarm."""
        with self._context(), write_transaction(looking()) as session:
            runs.beat(session, job=job, done=done, host=HOST, at=clock.now())

    def look_at_backup(self) -> int:
        """Read the newest backup, once; found whole, that is written down, as any beat."""
        folder = self.settings.backup_folder
        newest = alarms.newest_backup(Path(folder)) if folder else None
        if newest is None or self._looked_at == (newest, alarms.written_at(newest)):
            return 0
        self._looked_at = (newest, alarms.written_at(newest))
        try:
            with self._context():
                backups.check(database.engine, newest)
        except (NotABackup, ConfigurationError, OSError) as error:
            logger.error("the newest backup cannot be brought back: %s", error)
            return 0
        self.tell(alarms.WHOLE_BACKUP, 1)
        return 1

    def reader(self) -> hearing.Reader:
        """The reader of the moment, for words that are being typed."""
        with self._context():
            return self.shelf.reader(looking)

    @contextmanager
    def _context(self) -> Iterator[None]:
        """An app context of this thread's own; the session is given back at the end."""
        with self.app.app_context():
            try:
                yield
            finally:
                database.session.remove()


def nights_due(session: Any, settings: Settings, *, at: datetime) -> list[tuple[str, date]]:
    """Lieux and local dates whose night should have begun in the last twelve hours, and has not."""
    hour = time.fromisoformat(settings.night_at)
    latest = [(lieu, day) for lieu in lieux.open_lieux(session) for day in _days(lieu, hour, at)]
    done = runs.done_on(session, job=night.JOB, dates=[day for _, day in latest])
    return [(lieu.slug, day) for lieu, day in latest if (lieu.id, day) not in done]


def _days(lieu: Lieu, hour: time, at: datetime) -> Iterator[date]:
    today = clock.local_date(at, lieu.timezone)
    for day in (today - timedelta(days=1), today):
        due = night_begins(day, hour, lieu.timezone)
        since_open = lieu.opened_at is not None and lieu.opened_at <= due
        if since_open and at - CATCH_UP < due <= at:
            yield day


def night_begins(day: date, hour: time, zone: str) -> datetime:
    """When the wall clock shows this hour; the first time, or as late as a skipped hour would be.

    Unlike a booking, the night asks nobody which of two half past twos is meant.
    """
    return datetime.combine(day, hour, tzinfo=ZoneInfo(zone)).astimezone(UTC)


# --- running --------------------------------------------------------------------------------


def run(app: Flask) -> None:
    """Work until told to stop (Ctrl-C, or SIGTERM).

    Raises
    ------
    ConfigurationError
        Another worker is at it on this SQLite database.
    """
    # A hand that thinks takes one processor; threads for its small products would take the other.
    with _alone(app), one_thread():
        worker = Worker(app)
        gc.freeze()  # what is there from the start stays: looking for garbage in it is in vain
        with listening.listening(worker.settings, worker.reader):
            compiled.ahead(app)
            _run_shared(worker) if sharing.is_shared(worker.settings) else _run_embedded(worker)
        worker.desk.post.close()


def _beats(
    worker: Worker, *, deliver: Callable[[], int], nights: Callable[[], int]
) -> dict[Callable[[], int], timedelta]:
    """What is looked at, and how often."""
    return {
        worker.read: SECOND,
        worker.settle: SECOND,
        worker.pay_back: SECOND,
        worker.close_pages: MINUTE,
        deliver: SECOND,
        worker.keep_house: MINUTE,
        worker.look_at_backup: MINUTE,
        nights: MINUTE,
    }


def _run_embedded(worker: Worker) -> None:
    """One process does everything inline."""
    beats = _beats(worker, deliver=worker.deliver, nights=worker.nights)
    scheduler = _scheduler(BlockingScheduler, beats, worker)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        scheduler.shutdown(wait=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    print("The worker is at work.", flush=True)
    scheduler.start()


def _run_shared(worker: Worker) -> None:
    """The same functions as tasks in a queue, for this host and others; beats by one of them."""
    queue = sharing.Queue(worker.settings, worker)
    with worker.app.app_context():
        engine = database.engine
    sharing.install(engine, anew=False)

    def nights() -> int:
        return queue.put_nights(worker.due())

    def deliver() -> int:
        return queue.put_letters(worker.letters_due())

    beats = _beats(worker, deliver=deliver, nights=nights)
    scheduler = _scheduler(BackgroundScheduler, beats, worker, engine)
    with queue.asking.open():
        print("The worker is at work.", flush=True)
        scheduler.start()
        try:
            sharing.work(queue)
        finally:
            scheduler.shutdown(wait=True)


def run_once(app: Flask) -> dict[str, int]:
    """Do what is due now and stop: for a clock of one's own, such as cron or a test."""
    worker = Worker(app)
    done = {"kept": worker.keep_house(), "read": worker.read(), "nights": worker.nights()}
    done["closed"], done["settled"] = worker.close_pages(), worker.settle()
    done["paid back"], done["backups"] = worker.pay_back(), worker.look_at_backup()
    done["letters"] = 0
    while sent := worker.deliver():
        done["letters"] += sent
    worker.desk.post.close()
    return done


def _scheduler(
    kind: type[Any],
    beats: Mapping[Callable[[], int], timedelta],
    worker: Worker,
    engine: Engine | None = None,
) -> Any:
    """The beats; with an engine, each is kept by one host at a time."""
    scheduler = kind(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(4)},
        # a beat that comes late is one beat, and never two at the same time
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for job, beat in beats.items():
        scheduler.add_job(
            _patient(job, worker, engine),
            "interval",
            seconds=beat.total_seconds(),
            next_run_time=datetime.now(UTC),
            name=job.__name__,
        )
    # "skipped: maximum number of running instances" is the plan, not news
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    return scheduler


def _patient(
    job: Callable[[], int], worker: Worker, engine: Engine | None = None
) -> Callable[[], None]:
    """A beat that meets a busy database leaves its work to the next one."""
    told, done = float("-inf"), 0

    def beat() -> None:
        nonlocal told, done
        try:
            with sharing.beat_alone(engine, job.__name__) if engine else nullcontext(True) as ours:
                if ours:
                    done += job()
                    if monotonic() - told >= MINUTE.total_seconds():
                        worker.tell(job.__name__, done)
                        told, done = monotonic(), 0
        except (Busy, DBAPIError) as error:
            if isinstance(error, DBAPIError) and not is_busy(error):
                raise
            logger.warning("%s: the database is busy, trying again", job.__name__)

    return beat


@contextmanager
def _alone(app: Flask) -> Iterator[None]:
    """On SQLite one worker is enough, and a second would only stand in its way."""
    settings: Settings = app.config["SETTINGS"]
    if not settings.resolved_database_url.startswith("sqlite"):
        yield
        return
    with Path(settings.instance / "worker.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                why=f"another worker is already at work in {settings.instance}"
            ) from None
        yield

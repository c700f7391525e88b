"""Night: a whole network's night, from rows in PostgreSQL to letters in the outbox.

Workers are processes of their own, each with its share of the lieux; what they run is the service's
`jobs.night`, for as many lieux at a time as a worker has hands. Against it stands the pure matching
of the same input: the communities of all lieux built and asked once, with nothing read and nothing
written. Memory is each worker's own.

A whole run takes ten minutes; `python -m benchmarks.night MEMBERS [WORKERS]` does one night of it.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean
from typing import Any, Final

from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from benchmarks import networks, served
from benchmarks.networks import AT
from benchmarks.report import Bar, Report
from matching.encoder import one_thread
from serendipity import config
from serendipity.app import create_app
from serendipity.db import database, reading
from serendipity.introductions import Introduction
from serendipity.jobs import night, sharing
from serendipity.jobs.rounds import seed_of
from serendipity.lieux import Lieu
from serendipity.mail import Letter
from serendipity.suggestions import gathering, thinking

SIZES: Final = (10_000, 100_000, 200_000)
WORKERS: Final = (2, 4)
QUICK: Final = (1_000, 2_000)


def measure(data: Path | None, *, quick: bool) -> Report:
    """Measure nights of several sizes, and the smallest with more workers; ten minutes.

    A small night takes seconds, a large one minutes, and a machine is not the same from one minute
    to the next: so the smallest comes again after each of the others, and its mean counts.
    """
    sizes = QUICK if quick else SIZES
    small, middle = sizes[0], sizes[len(sizes) // 2]
    figures: dict[str, Any] = {}
    with networks.server() as url:
        for workers in (1, *WORKERS):
            figures[f"{small:,} members, {workers} workers"] = _night(url, small, workers=workers)
        alone = figures[f"{small:,} members, 1 workers"]
        for workers in WORKERS:
            told = figures[f"{small:,} members, {workers} workers"]
            told["speed-up"] = alone["night, s"] / told["night, s"]
        smallest = [alone]
        for n in sizes[1:]:
            figures[f"{n:,} members"] = _night(url, n, workers=1)
            smallest.append(_night(url, small, workers=1))
            figures[f"{small:,} members, after {n:,}"] = smallest[-1]
    usual = mean(one["ms a member"] for one in smallest)
    largest = figures[f"{sizes[-1]:,} members"]["ms a member"]
    told = figures[f"{middle:,} members"]
    bars = {
        "night against pure matching": Bar(told["against pure matching"], "<= 3.0"),
        "memory of a worker, GB": Bar(max(one["memory, GB"] for one in figures.values()), "< 1.5"),
        "cost a member, largest size against smallest": Bar(largest / usual, "<= 1.2"),
    }
    return Report(figures, bars)


def _night(url: str, n: int, *, workers: int) -> dict[str, float]:
    networks.fresh(url)
    begun = time.perf_counter()
    lieux = networks.people_in(url, n)
    print(f"{n:,} members in {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    pure = _apart(url, "pure", 0, 1) if workers == 1 and n <= SIZES[1] else {}
    begun, worked = time.perf_counter(), _work_of(url)
    running = [_started(url, "night", i, workers) for i in range(workers)]
    told = [_ended(one) for one in running]
    found = {
        "night, s": max(one["s"] for one in told),
        "with starting, s": time.perf_counter() - begun,
        "own work of the workers, s": sum(one["cpu"] for one in told),
        "work of PostgreSQL, s": _work_of(url) - worked,
        "memory, GB": max(one["GB"] for one in told),
        "of it before the first lieu, GB": max(one["GB at start"] for one in told),
        "lieux": lieux,
        **_rows(url),
    }
    found["ms a member"] = found["night, s"] / n * 1000
    if pure:
        found["pure matching, s"] = pure["s"]
        found["own work of pure matching, s"] = pure["cpu"]
        found["own work against that of pure matching"] = (
            found["own work of the workers, s"] / pure["cpu"]
        )
        found["against pure matching"] = found["night, s"] / pure["s"]
    print(f"{n:,} members, {workers} workers: {found}", file=sys.stderr, flush=True)
    return found


def _work_of(url: str) -> float:
    """Processor seconds of PostgreSQL since it was started, on this machine."""
    engine = networks.engine_of(url)
    with engine.connect() as connection:
        written = connection.execute(text("SELECT pg_read_file('postmaster.pid')")).scalar_one()
    engine.dispose()
    return served.spent(int(written.splitlines()[0]))


def _rows(url: str) -> dict[str, float]:
    """What there is after it; the promise that no address is written to twice is counted too."""
    engine = networks.engine_of(url)
    with Session(engine) as session:
        letters = session.scalar(select(func.count()).select_from(Letter)) or 0
        readers = session.scalar(select(func.count(Letter.member_id.distinct()))) or 0
        offered = session.scalar(select(func.count()).select_from(Introduction)) or 0
        ties = session.scalar(text("SELECT count(*) FROM tie")) or 0
    engine.dispose()
    if letters != readers:
        raise AssertionError(f"{letters} letters to {readers} members")
    return {"letters": letters, "introductions": offered, "ties": ties}


def _started(url: str, what: str, share: int, of: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.night", what, url, str(share), str(of)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _ended(process: subprocess.Popen[str]) -> dict[str, float]:
    out, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"a worker ended with code {process.returncode}")
    told: dict[str, float] = json.loads(out.splitlines()[-1])
    return told


def _apart(url: str, what: str, share: int, of: int) -> dict[str, float]:
    return _ended(_started(url, what, share, of))


# --- a worker -------------------------------------------------------------------------------


def work(what: str, url: str, share: int, of: int) -> dict[str, float]:
    """One worker's share: seconds on the clock and of its own work, and gigabytes."""
    with tempfile.TemporaryDirectory() as folder:
        settings = config.load({}, instance=Path(folder), database_url=url)
        app = create_app(settings)
        with app.app_context(), one_thread():  # as in a worker
            slugs = list(reading().scalars(select(Lieu.slug).order_by(Lieu.id)))[share::of]
            reading().rollback()
            _warm(slugs[0])
            at_start = _peak()
            took, own = _pure(slugs) if what == "pure" else _nights(app, slugs)
            database.engine.dispose()
    return {"s": took, "cpu": own, "GB": _peak(), "GB at start": at_start}


def _peak() -> float:
    """The most gigabytes so far; getrusage would count those of who started us, if more."""
    words = Path("/proc/self/status").read_text().partition("VmHWM:")[2]
    return int(words.split()[0]) * 1024 / 1e9


def _nights(app: Flask, slugs: list[str]) -> tuple[float, float]:
    def one(slug: str) -> None:
        with app.app_context():
            night.run(reading, lieu=slug, local_date=AT.date(), at=AT)
            database.session.remove()

    begun, own = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(sharing.HANDS["night"]) as hands:
        for done in [hands.submit(one, slug) for slug in slugs]:
            done.result()
    return time.perf_counter() - begun, time.process_time() - own


def _pure(slugs: list[str]) -> tuple[float, float]:
    """Seconds in `matching` alone, as one round of each lieu asks it."""
    took = own = 0.0
    for slug in slugs:
        lieu = reading().scalars(select(Lieu).where(Lieu.slug == slug)).one()
        found = gathering.gathered(reading(), lieu=lieu, kind="night", at=AT, per_person=1)
        seed = seed_of(slug, AT.date().isoformat())
        begun, busy = time.perf_counter(), time.process_time()
        community = thinking.community_of(found, None, None)
        told = community.suggest(present=list(found.ready), at=AT, random_state=seed)
        for one in told.suggestions:
            _ = one.reasons  # worked out when first read, and a letter reads them
        took, own = took + time.perf_counter() - begun, own + time.process_time() - busy
        database.session.remove()
    return took, own


def _warm(slug: str) -> None:
    """Imports and the first plan of everything are the start of a worker, not its night."""
    night.run(reading, lieu=slug, local_date=AT.date(), at=AT, dry_run=True)
    database.session.remove()
    gc.freeze()  # as a worker does


def alone(n: int, workers: int = 1) -> dict[str, float]:
    """One night of so many members, in a PostgreSQL of its own."""
    with networks.server() as url:
        return _night(url, n, workers=workers)


if __name__ == "__main__":
    given = sys.argv[1:]
    if given[0].isdecimal():
        told = alone(*map(int, given))
    else:
        told = work(given[0], given[1], int(given[2]), int(given[3]))
    print(json.dumps(told))

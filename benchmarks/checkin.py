"""Checkin: the whole POST at the door, against a request that does nothing and the bare rows.

A member who is signed in says two skills and a need, and is in: session, CSRF, presence, words,
consent, pledge, all in one transaction, through gunicorn. The floor is what it cannot do without:
a request that does nothing, through the same server, and the same statements that write, one
transaction a person, through the bare driver on a copy of the same database. Both in processor
time. Then sixteen people come at once, again and again.
"""

from __future__ import annotations

import shutil
import socket
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from benchmarks import served
from benchmarks.report import Bar, Report
from benchmarks.served import Caller, Installation
from matching import sources
from serendipity import clock, vocabularies
from serendipity.db import database
from serendipity.members import Member

PEOPLE: Final = 400
WARM: Final = 60
CLIENTS: Final = 16
EACH: Final = 50  # check-ins of one of the sixteen
SKILLS: Final = "welding, bicycle repair"
NEED: Final = "bookkeeping"
NOTHING: Final = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
Written = list[tuple[str, Any]]  # statements of one transaction


def measure(data: Path | None, *, quick: bool) -> Report:
    """Measure on both databases; two minutes. `data` is not needed."""
    people, each = (60, 6) if quick else (PEOPLE, EACH)
    figures: dict[str, Any] = {"check-ins": people, "clients at once": CLIENTS}
    bars: dict[str, Bar] = {}
    for dialect in served.DATABASES:
        found = one_database(dialect, people, each)
        figures |= {f"{dialect}: {what}": round(value, 4) for what, value in found.items()}
        floor = found["nothing, ms"] + found["bare rows, ms"]
        bars[f"{dialect}: processor time, against the floor"] = Bar(
            found["check-in, ms"] / floor, "<= 2.0"
        )
        bars[f"{dialect}: p99 of sixteen, against p50"] = Bar(
            found["sixteen at once, p99, ms"] / found["sixteen at once, p50, ms"], "<= 4.0"
        )
        bars[f"{dialect}: not let in"] = Bar(found["not let in"], "== 0")
    return Report(figures, bars)


def one_database(dialect: str, people: int, each: int) -> dict[str, float]:
    with served.installation(dialect) as here:
        with here.writing() as session:
            vocabularies.load(
                session, sources.starter_concepts(), name="starter", families=sources.families()
            )
        crowd = here.people(people + WARM, at=clock.now())
        with copied(here) as copy:
            bare = replayed(dialect, copy, written(here, crowd))
        more = here.people(people + WARM, at=clock.now())
        many = here.people(CLIENTS * each, at=clock.now())
        with served.processes(here) as (port, (web,)):
            callers = [here.caller(one, skills=SKILLS, need=NEED) for one in more]
            requests = [one.request("/check-in") for one in callers]
            whole = spent_on(web.pid, port, requests, status=303)
            nothing = spent_on(web.pid, port, [NOTHING] * len(requests), status=200)
            took, refused = all_at_once(here, port, many)
    return {
        "check-in, ms": 1e3 * whole,
        "nothing, ms": 1e3 * nothing,
        "bare rows, ms": 1e3 * bare,
        "sixteen at once, p50, ms": 1e3 * statistics.median(took),
        "sixteen at once, p99, ms": 1e3 * statistics.quantiles(took, n=100)[98],
        "sixteen at once, worst, ms": 1e3 * max(took),
        "not let in": refused,
    }


# --- the floor ------------------------------------------------------------------------------


def written(here: Installation, crowd: Sequence[Member]) -> list[Written]:
    """The statements that write, of each of these check-ins, as the service sent them."""
    kept: list[Written] = []

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.split(" ", 1)[0] in ("INSERT", "UPDATE", "DELETE"):
            kept[-1].append((statement, parameters))

    with here.app.app_context():
        engine = database.engine
    event.listen(engine, "before_cursor_execute", keep)
    for member in crowd:
        kept.append([])
        caller = here.caller(member, skills=SKILLS, need=NEED)
        client = here.app.test_client()
        client.set_cookie(served.COOKIE, caller.cookie, domain="localhost")
        kind = "application/x-www-form-urlencoded"
        answer = client.post("/check-in", data=caller.form, content_type=kind)
        if answer.status_code != 303:
            raise OSError(f"a check-in was answered {answer.status_code}")
    event.remove(engine, "before_cursor_execute", keep)
    engine.dispose()
    return kept


@contextmanager
def copied(here: Installation) -> Iterator[str]:
    """A copy of the database as it is now; its address."""
    url = make_url(here.url)
    with here.app.app_context():
        database.engine.dispose()
    if url.drivername.startswith("sqlite"):
        with sqlite3.connect(str(url.database)) as line:
            line.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        line.close()
        path = f"{url.database}.copy"
        shutil.copy(str(url.database), path)
        yield path
        return
    name = f"{url.database}_copy"
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT",
                           poolclass=NullPool)  # fmt: skip
    with engine.connect() as line:
        line.execute(text(f"CREATE DATABASE {name} TEMPLATE {url.database}"))
    yield url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    with engine.connect() as line:
        line.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def replayed(dialect: str, where: str, kept: list[Written]) -> float:
    """Processor seconds for one of these transactions through the bare driver."""
    run = _sqlite(where) if dialect == "sqlite" else _postgresql(where)
    for one in kept[:WARM]:
        run(one)
    began = time.process_time()
    for one in kept[WARM:]:
        run(one)
    return (time.process_time() - began) / len(kept[WARM:])


def _sqlite(path: str) -> Callable[[Written], None]:
    line = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        line.execute(f"PRAGMA {pragma}")

    def run(statements: Written) -> None:
        line.execute("BEGIN IMMEDIATE")
        for statement, parameters in statements:
            some = isinstance(parameters, list)  # several rows of one table
            found = (line.executemany if some else line.execute)(statement, parameters)
            if found.description:
                found.fetchall()
        line.execute("COMMIT")

    return run


def _postgresql(url: str) -> Callable[[Written], None]:
    import psycopg  # noqa: PLC0415 (not everybody has PostgreSQL)

    line = psycopg.connect(url)

    def run(statements: Written) -> None:
        with line.transaction(), line.cursor() as cursor:
            for statement, parameters in statements:
                some = isinstance(parameters, list)
                (cursor.executemany if some else cursor.execute)(statement, parameters)
                if cursor.description:
                    cursor.fetchall()

    return run


# --- the service ----------------------------------------------------------------------------


def spent_on(pid: int, port: int, requests: Sequence[bytes], *, status: int) -> float:
    """Processor seconds of the web's processes for one of these requests, one after another."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        for one in requests[:WARM]:
            _expect(served.answered(line, one), status)
        began = served.spent(pid)
        for one in requests[WARM:]:
            _expect(served.answered(line, one), status)
        return (served.spent(pid) - began) / len(requests[WARM:])


def _expect(found: int, status: int) -> None:
    if found != status:
        raise OSError(f"a request was answered {found} and not {status}")


def all_at_once(here: Installation, port: int, people: Sequence[Member]) -> tuple[list[float], int]:
    """Sixteen connections, each checking people in one after another: seconds, and refusals."""
    callers = [here.caller(one, skills=SKILLS, need=NEED) for one in people]
    took: list[float] = []
    refused: list[int] = []
    ready = threading.Barrier(CLIENTS)

    def come(mine: Sequence[Caller]) -> None:
        with socket.create_connection(("127.0.0.1", port)) as line:
            ready.wait()
            for one in mine:
                request = one.request("/check-in")
                began = time.perf_counter()
                status = served.answered(line, request)
                took.append(time.perf_counter() - began)
                if status != 303:
                    refused.append(status)

    threads = [
        threading.Thread(target=come, args=(callers[number::CLIENTS],)) for number in range(CLIENTS)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return took, len(refused)

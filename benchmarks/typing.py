"""Typing: how soon what somebody types is heard, through gunicorn and the worker beside it.

Members are signed in and type phrases of the project's own vocabulary and of everyday life, in
three languages, letter by letter as the page asks: one request after each pause. The time is that
of the whole request, as the browser waits for it; the encoder is in the worker and in no web
process. Without the worker, exact words alone are looked up.
"""

from __future__ import annotations

import socket
import statistics
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from benchmarks import served
from benchmarks.report import Bar, Report
from serendipity import clock, sockets
from serendipity.db import database
from serendipity.jobs.reading import take_starter

ASKED: Final = 400
PHRASES: Final = (
    ("fr", "je répare les vélos et les trottinettes"),
    ("fr", "déposer un brevet, marque"),
    ("fr", "couture, retouches de vestes"),
    ("nl", "een website maken in WordPress"),
    ("nl", "subsidies aanvragen voor een vzw"),
    ("en", "welding, bookkeeping for small shops"),
    ("en", "somebody who knows about beekeeping"),
    ("en", "my laser cutter files come out mirrored"),
)


def measure(data: Path | None, *, quick: bool) -> Report:
    """Measure with the worker and without; half a minute. `data` is not needed."""
    with served.installation("sqlite") as here:
        with here.app.app_context():
            take_starter(here.settings)
            database.engine.dispose()
        (member,) = here.people(1, at=clock.now())
        cookie = here.cookie(member)
        requests = [asked(cookie, typed, language) for language, typed in as_typed()]
        requests = requests[: 60 if quick else ASKED]
        with served.processes(here, more=[["worker"]]) as (port, _):
            heard(port, here, cookie)
            with_worker = times(port, requests)
        with served.processes(here) as (port, _):
            without = times(port, requests)
    p95 = percentile(with_worker, 95)
    figures: dict[str, Any] = {
        "requests": len(requests),
        "with the worker, median, ms": 1e3 * statistics.median(with_worker),
        "with the worker, p95, ms": 1e3 * p95,
        "with the worker, worst, ms": 1e3 * max(with_worker),
        "without, median, ms": 1e3 * statistics.median(without),
        "without, p95, ms": 1e3 * percentile(without, 95),
    }
    return Report(figures, {"p95, ms": Bar(1e3 * p95, "<= 150")})


def as_typed() -> list[tuple[str, str]]:
    """Each phrase as it grows, two letters at a time: (language, what stands in the field)."""
    return [
        (language, phrase[:length])
        for length in range(3, 42, 2)
        for language, phrase in PHRASES
        if length <= len(phrase) + 1
    ]


def asked(cookie: str, typed: str, language: str) -> bytes:
    query = urlencode({"noun": "skills", "typed": typed})
    return (
        f"GET /words?{query} HTTP/1.1\r\nHost: localhost\r\nCookie: {served.COOKIE}={cookie}\r\n"
        f"Accept-Language: {language}\r\n\r\n"
    ).encode()


def heard(port: int, here: served.Installation, cookie: str) -> None:
    """Return when the worker answers: it loads the encoder first."""
    path, end = sockets.reader_path(here.settings), time.monotonic() + 60
    question = b'{"phrases": ["vectors"], "language": "en", "wanted": false}'
    while sockets.ask(path, question, within=5) is None:
        if time.monotonic() > end:
            raise OSError("the worker does not answer")
        time.sleep(0.1)
    times(port, [asked(cookie, "welding", "en")] * 8)


def times(port: int, requests: list[bytes]) -> list[float]:
    """Seconds for each of these, one after another, as slowly as somebody types."""
    took = []
    with socket.create_connection(("127.0.0.1", port)) as line:
        for one in requests:
            began = time.perf_counter()
            status = served.answered(line, one)
            took.append(time.perf_counter() - began)
            if status != 200:
                raise OSError(f"a question was answered {status}")
            time.sleep(0.03)  # so that no limit is met
    return took


def percentile(took: list[float], which: int) -> float:
    return statistics.quantiles(took, n=100)[which - 1]

"""Arrival: one check-in among a thousand present, against a request that does nothing.

The request is Flask's own test client on a view that returns an empty string: the least that a
check-in can cost. Times are processor times.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from flask import Flask

from benchmarks.crowds import AT, crowd
from benchmarks.report import Bar, Report
from benchmarks.solving import seconds
from matching import Community

PEOPLE: Final = 1_000


def measure(data: Path | None, *, quick: bool) -> Report:
    """Measure all arrivals of a morning; seconds. `data` is not needed."""
    people, ties, asked = crowd(PEOPLE)
    community = Community(people, ties, asked)
    here = {person.id for person in people}
    newcomers = [person.id for person in people[:: 20 if quick else 2]]
    lists = seconds(lambda: Community(people, ties, asked).arrival(0, here, AT), 1)

    def arrive() -> None:
        for newcomer in newcomers:
            community.arrival(newcomer, here, AT)

    arrive()
    one = seconds(arrive, 5) / len(newcomers)
    found = [community.arrival(newcomer, here, AT) for newcomer in newcomers]
    with_reasons = seconds(lambda: [s.reasons for a in found for s in a], 1) / len(newcomers)
    request = _request()
    figures: dict[str, Any] = {
        "arrival, microseconds": 1e6 * one,
        "reasons of an arrival, microseconds": 1e6 * with_reasons,
        "a request that does nothing, microseconds": 1e6 * request,
        "a round for everyone, ms": 1e3 * seconds(lambda: community.suggest(at=AT), 5),
        "making the lists of a community, ms": 1e3 * lists,
        "arrivals with three suggestions": sum(len(a) == 3 for a in found) / len(found),
    }
    return Report(figures, {"share of an empty request": Bar(one / request, "<= 0.15")})


def _request() -> float:
    app = Flask("nothing")
    app.add_url_rule("/", "nothing", lambda: "")
    client = app.test_client()

    def ask() -> None:
        for _ in range(200):
            client.get("/")

    ask()
    return seconds(ask, 5) / 200

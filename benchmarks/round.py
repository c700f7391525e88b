"""Round: a thousand people, against the bare solver on the same candidates.

A tick is a round of a community that is kept, as the service does between check-ins; a first round
also measures ties and lists. Times are processor times, the least of several runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from benchmarks import solving
from benchmarks.crowds import AT, crowd
from benchmarks.report import Bar, Report
from benchmarks.solving import seconds
from matching import Community, Policy

PEOPLE: Final = 1_000
SEEDS: Final = 5


def measure(data: Path | None, *, quick: bool) -> Report:
    """Measure five communities of a thousand; half a minute. `data` is not needed."""
    times = 5 if quick else 25
    rows = [_one(seed, times) for seed in range(1 if quick else SEEDS)]
    figures: dict[str, Any] = {
        what: round(sum(row[what] for row in rows) / len(rows), 5) for what in rows[0]
    }
    if not quick:
        community = Community(*crowd(PEOPLE))
        problem = solving.captured(community, at=AT)
        figures["networkx, ms"] = 1e3 * seconds(lambda: solving.blossom_networkx(problem), 1)
    figures["worst share of the bound"] = min(row["share of the bound"] for row in rows)
    figures["worst tick against the flow"] = max(row["tick against the flow"] for row in rows)
    bars = {
        "share of the bound": Bar(figures["worst share of the bound"], ">= 0.999"),
        "tick against the bare flow": Bar(figures["tick against the flow"], "<= 2.0"),
    }
    return Report(figures, bars)


def _one(seed: int, times: int) -> dict[str, float]:
    people, ties, asked = crowd(PEOPLE, seed=seed)
    community = Community(people, ties, asked)
    found = community.suggest(at=AT)
    problem = solving.captured(community, at=AT)
    best = solving.blossom(problem)
    bare = seconds(lambda: solving.flow(problem), times)
    faster = seconds(lambda: solving.assigned(problem), times)
    tick = seconds(lambda: community.suggest(at=AT), times)
    memory = seconds(lambda: community.suggest(at=AT, policy=Policy.MEMORY), times)
    first = seconds(lambda: Community(people, ties, asked).suggest(at=AT), 3)
    return {
        "pairs": float(len(problem.a)),
        "share of the bound": found.weight / found.bound,
        "share of rustworkx's optimum": found.weight / best,
        "greedy, share of the bound": solving.greedy(problem) / found.bound,
        "bare flow, ms": 1e3 * bare,
        "bare assignment, ms": 1e3 * faster,
        "rustworkx, ms": 1e3 * seconds(lambda: solving.blossom(problem), 1),
        "tick, ms": 1e3 * tick,
        "tick of memory, ms": 1e3 * memory,
        "build and first round, ms": 1e3 * first,
        "tick against the flow": tick / bare,
        "tick against the assignment": tick / faster,
    }

"""Nightly: a hundred thousand members and a million ties in one round, and how cost grows.

Each size runs in a process of its own, so that its memory is its own. The night is the building
of the community and one round; making up the crowd is not counted in time, but is in memory.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from benchmarks import solving
from benchmarks.crowds import AT, crowd
from benchmarks.report import Bar, Report
from benchmarks.solving import seconds
from matching import Community

SIZES: Final = (1_000, 10_000, 100_000)
LARGEST: Final = 1_000_000
TIES: Final = 20  # a member, each tie counted at both ends: ten members make a hundred ties


def measure(data: Path | None, *, quick: bool) -> Report:
    """Measure nights of several sizes; a quarter of an hour, most of it for a million members."""
    sizes = SIZES[:2] if quick else SIZES
    nights = {n: _apart(n) for n in sizes}
    small, large = sizes[0], sizes[-1]
    growth = math.log(nights[large]["night, s"] / nights[small]["night, s"])
    growth /= math.log(large / small)
    figures: dict[str, Any] = {f"{n:,} members": night for n, night in nights.items()}
    if not quick:
        figures[f"{LARGEST:,} members"] = _apart(LARGEST)
    figures["cost grows as n to the"] = growth
    last = nights[large]
    bars = {
        "night against the bare flow": Bar(last["against the bare flow"], "<= 2.5"),
        "memory, GB": Bar(last["memory, GB"], "< 1.0"),
        "share of the bound": Bar(last["share of the bound"], ">= 0.999"),
        "growth": Bar(growth, "<= 1.2"),
    }
    return Report(figures, bars)


def _apart(n: int) -> dict[str, float]:
    """Run one night in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.nightly", str(n)]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    night: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    print(f"{n:,} members: {night}", file=sys.stderr, flush=True)
    return night


def night(n: int) -> dict[str, float]:
    """Return what one night of `n` members costs."""
    people, ties, asked = crowd(n, ties=TIES)
    kept: list[Any] = []

    def work() -> None:
        community = Community(people, ties, asked)
        kept[:] = [community, community.suggest(at=AT)]

    whole = seconds(work, 3 if n <= SIZES[0] else 1)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    community, found = kept
    told = {
        "night, s": whole,
        "memory, GB": memory,
        "suggestions": float(len(found.suggestions)),
        "left out": float(len(found.left_out)),
        "share of the bound": found.weight / found.bound,
    }
    if n < LARGEST:
        problem = solving.captured(community, at=AT)
        told["pairs"] = float(len(problem.a))
        told["bare flow, s"] = seconds(lambda: solving.flow(problem), 1)
        told["bare assignment, s"] = seconds(lambda: solving.assigned(problem), 1)
        told["against the bare flow"] = whole / told["bare flow, s"]
        told["against the bare assignment"] = whole / told["bare assignment, s"]
    return told


if __name__ == "__main__":
    print(json.dumps(night(int(sys.argv[1]))))

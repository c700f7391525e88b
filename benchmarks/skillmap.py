"""Skill map: counts, layout and payload of the map of a thousand people present.

The payload is what a drawing needs (places, chairs, labels, sizes, rugs), as JSON and compressed as
the pages are. Two hundred rooms that look at the same lieu ask for the same layout: the cache that
the pages use is counted.
"""

from __future__ import annotations

import json
import random
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from benchmarks.report import Bar, Report
from benchmarks.solving import seconds
from serendipity.skillmap import Table, counted, size
from serendipity.web.company.floor import RING, drawn

PEOPLE: Final = 1_000
CONCEPTS: Final = 600
ROOMS: Final = 200


def measure(data: Path | None, *, quick: bool) -> Report:
    """Measure the counting, the layout and the payload. `data` is not needed."""
    chance = random.Random(4)
    held = {member: _skills(chance) for member in range(PEOPLE)}
    counting = seconds(lambda: counted(held), 1 if quick else 5)
    tables = _tables(held)

    def layout() -> bytes:
        drawn.cache_clear()
        return zlib.compress(json.dumps(asdict(drawn(tables, 190))).encode())

    took = seconds(layout, 1 if quick else 5)
    payload = len(layout())
    drawn.cache_clear()
    for _ in range(ROOMS):
        drawn(tables, 190)
    figures: dict[str, Any] = {
        "tables": len(tables),
        "counting, ms": 1e3 * counting,
        "layout and payload, ms": 1e3 * took,
        "payload, kilobytes compressed": payload / 1000,
    }
    bars = {
        "layout and payload, ms": Bar(1e3 * took, "<= 100"),
        "payload, kilobytes compressed": Bar(payload / 1000, "<= 30"),
        "layouts for two hundred rooms": Bar(drawn.cache_info().misses, "== 1"),
    }
    return Report(figures, bars)


def _skills(chance: random.Random) -> list[tuple[str | None, str | None]]:
    """One to five skills; some are offered by many."""
    drawn_ = {int(CONCEPTS * chance.random() ** 2) for _ in range(chance.randint(1, 5))}
    return [(f"concept {concept}", RING[concept % len(RING)]) for concept in sorted(drawn_)]


def _tables(held: dict[int, list[tuple[str | None, str | None]]]) -> tuple[Table, ...]:
    family_of = {concept: family for offered in held.values() for concept, family in offered}
    found = []
    chance = random.Random(5)
    for (kind, name), people in counted(held).items():
        family = (family_of.get(name) or "") if kind == "skill" else name
        place = (chance.randrange(-500, 500), chance.randrange(-500, 500))
        found.append(Table(kind, name, name.title(), family, family, size(people), place))  # type: ignore[arg-type]
    return tuple(found)

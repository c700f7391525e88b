"""Crowds: made-up communities of any size, for measuring speed.

Skills and needs follow a long tail, as they do in surveys: a few are everybody's, most are rare.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from matching import Asked, Need, Person, Skill, Tie

AT: Final = datetime(2026, 5, 4, 9, tzinfo=UTC)


def crowd(
    n: int, *, ties: int = 10, asked: int = 5, seed: int = 0
) -> tuple[list[Person], list[Tie], list[Asked]]:
    """Return (people, ties, askings): `ties` and `asked` are how many a person has on average."""
    rng = np.random.default_rng(seed)
    concepts = max(40, min(n * 6 // 10, 6_000))
    chance = 1 / np.arange(1, concepts + 1) ** 0.6
    chance /= chance.sum()
    skills, needs = (rng.choice(concepts, (n, k), p=chance).tolist() for k in (3, 2))
    organisation = rng.integers(0, max(4, n // 25), n).tolist()
    speaks = rng.choice(3, n, p=[0.6, 0.2, 0.2]).tolist()
    tongues = (("fr",), ("nl",), ("fr", "nl"))
    has = [Skill(f"skill {c}", f"c{c}") for c in range(concepts)]
    wants = [Need(f"skill {c}", f"c{c}") for c in range(concepts)]
    people = [
        Person(
            i,
            tuple(has[c] for c in skills[i]),
            tuple(wants[c] for c in needs[i]),
            languages=tongues[speaks[i]],
            organisation=organisation[i],
        )
        for i in range(n)
    ]
    met = [Tie(a, b, at) for a, b, at in _history(rng, n, n * ties // 2)]
    return people, met, [Asked(a, b, at) for a, b, at in _history(rng, n, n * asked // 2)]


def _history(rng: np.random.Generator, n: int, count: int) -> list[tuple[int, int, datetime]]:
    days = [AT - timedelta(days=d) for d in range(1, 91)]
    a, b = rng.integers(0, n, (2, count))
    age = rng.integers(0, len(days), count)
    rows = zip(a.tolist(), b.tolist(), age.tolist(), strict=True)
    return [(x, y, days[d]) for x, y, d in rows if x != y]

"""Small communities for the tests of pairing, made the same way every time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from matching import Asked, Need, Person, Skill, Tie

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)


def person(id, skills=(), needs=(), **facts):
    """Return a person whose skills and needs are bare texts."""
    return Person(id, tuple(map(Skill, skills)), tuple(map(Need, needs)), **facts)


def town(n, *, seed=0, concepts=12, ties=3, organisations=4, cap=1):
    """Return (people, ties, asked) of a lively town of `n`."""
    rng = np.random.default_rng(seed)

    def words(count):
        return [f"skill {k}" for k in rng.integers(0, concepts, count)]

    people = [
        person(
            f"p{i:04}",
            words(2),
            words(1),
            languages=("fr",) if rng.random() < 0.7 else ("nl",),
            organisation=f"o{rng.integers(organisations)}",
            cap=cap,
        )
        for i in range(n)
    ]
    return people, *_history(people, n * ties, rng)


def _history(people, count, rng):
    pairs = [(a, b) for a, b in rng.integers(0, len(people), (count, 2)) if a != b]
    ages = rng.random(len(pairs)) * 60
    ties = [
        Tie(people[a].id, people[b].id, AT - timedelta(days=float(age) + 1))
        for (a, b), age in zip(pairs[::2], ages[::2], strict=True)
    ]
    asked = [
        Asked(people[a].id, people[b].id, AT - timedelta(days=float(age) + 1))
        for (a, b), age in zip(pairs[1::2], ages[1::2], strict=False)
    ]
    return ties, asked

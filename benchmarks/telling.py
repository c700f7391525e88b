"""Telling: whether who polls the skill map can tell that one known person came, or went.

Two worlds are alike but for one person, whose skills the watcher knows, who comes (or goes) in the
quarter that the watcher suspects. The watcher polls for the whole of a booking of two hours, so has
every number in every quarter; others come and go as they do. A classifier learns from thousands of
such pairs how the person's tables moved in each world, and is then asked about pairs it has not
seen; each half of the pairs is asked about once. Chance is one half. The control is the same
watcher with exact numbers of three and more each quarter, which is what batches and merging small
groups alone would show.

Searching, filtering, a second organisation or a second room add nothing: they are given the same
rows (`tests/domain/test_skillmap.py` holds that). Who watches a whole day learns more than in one
booking: told beside, without a bar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Bar, Report
from serendipity.skillmap import LONGEST, Key, counted, is_worn, size, size_of_house

Skill = tuple[str | None, str | None]
Held = dict[int, list[Skill]]
Numbers = dict[Key, int]
Show = Callable[[Sequence[Held]], Iterator[Numbers]]

TARGET: Final = -1
CONCEPTS: Final = 90
FAMILIES: Final = 18
MORNING: Final = 32  # quarters at most before the booking, that nobody watches
HOUSES: Final = (6, 12, 25, 40, 100)  # people present
OLDEST: Final = LONGEST // timedelta(minutes=15)
BOTH: Final = (False, True)


@dataclass(frozen=True)
class Watch:
    """Whom somebody watches, and for how long; times are in quarters of an hour."""

    present: int
    goes: bool = False
    stay: float = 11.0  # of a person, on average
    booked: int = 10  # a quarter before a booking of two hours, and until its end
    suspected: int = 4

    def __str__(self) -> str:
        return f"{self.present} present, one {'goes' if self.goes else 'comes'}"


def measure(data: Path | None, *, quick: bool) -> Report:
    """Let the watcher guess in houses of several sizes. `data` is not needed."""
    pairs = 200 if quick else 1_500
    told = {
        str(watch): guessed(watch, as_shown, pairs=pairs)
        for watch in (Watch(present, goes) for present in HOUSES for goes in BOTH)
    }
    slow = {
        f"{watch}, who stay all day": guessed(watch, as_shown, pairs=pairs)
        for watch in (Watch(present, goes, stay=32.0) for present in (12, 40) for goes in BOTH)
    }
    exact = {
        f"{watch}, exact numbers": guessed(watch, exactly, pairs=pairs // 2)
        for watch in (Watch(present, goes) for present in (12, 40) for goes in BOTH)
    }
    all_day = {
        f"{watch}, watched all day": guessed(watch, as_shown, pairs=pairs)
        for watch in (Watch(present, booked=40, suspected=12) for present in (12, 40))
    }
    shown = {f"{present} present": worth(present, pairs // 10) for present in HOUSES}
    figures: dict[str, Any] = {"pairs": pairs, **told, **slow, **all_day, **exact, **shown}
    bars = {
        "success of the watcher, at worst": Bar(max((told | slow).values()), "<= 0.55"),
        "of the same watcher with exact numbers": Bar(min(exact.values()), ">= 0.65"),
    }
    return Report(figures, bars)


# --- what is shown --------------------------------------------------------------------------


def as_shown(quarters: Sequence[Held]) -> Iterator[Numbers]:
    """What the service shows in each quarter."""
    then: frozenset[int] = frozenset()
    shown: Numbers = {}
    taken = 0
    for number, held in enumerate(quarters):
        now = frozenset(held)
        if is_worn(then, now) or number - taken >= OLDEST:
            then, taken = now, number
            shown = {key: size(people) for key, people in counted(held).items()}
            shown["all", ""] = size_of_house(len(now))
        yield shown


def exactly(quarters: Sequence[Held]) -> Iterator[Numbers]:
    """The control: the number of every table of three or more, anew in every quarter."""
    for held in quarters:
        yield {**counted(held), ("all", ""): len(held)}


def worth(present: int, days: int) -> dict[str, float]:
    """How fresh and how true the map is, at the end of some days.

    How many quarters old; which share of the skills that three people bring is shown; and at which
    share of the tables shown there is somebody to ask.
    """
    chance = np.random.default_rng(8)
    ages, right, brought, asked, shown = 0, 0, 0, 0, 0
    for _ in range(days):
        _, quarters = _people(Watch(present, booked=24), chance)
        maps = list(as_shown(quarters))
        ages += sum(one is maps[-1] for one in maps) - 1
        now = counted(quarters[-1])
        there = {concept for offered in quarters[-1].values() for concept, _ in offered}
        skills = {name for kind, name in maps[-1] if kind == "skill"}
        right += sum(("skill", name) in now for name in skills)
        brought += sum(kind == "skill" for kind, _ in now)
        asked, shown = asked + len(skills & there), shown + len(skills)
    found = {"quarters old": ages / days, "found": right / max(brought, 1)}
    return {**found, "somebody to ask": asked / max(shown, 1)}


# --- the watcher ----------------------------------------------------------------------------


def guessed(watch: Watch, show: Show, *, pairs: int, seed: int = 5) -> float:
    """The share of right guesses about pairs that were not learnt from."""
    # Here and not above: the web imports no scikit-learn, and this module is imported by tests.
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415

    chance = np.random.default_rng(seed)
    worlds = [world for _ in range(pairs) for world in _worlds(watch, chance)]
    seen = np.array([_features(watch, target, show(days)) for target, days in worlds])
    truth = np.tile([0, 1], pairs)
    halves = [slice(0, pairs // 2 * 2), slice(pairs // 2 * 2, None)]
    right = 0
    for learnt, asked in (halves, halves[::-1]):
        watcher = HistGradientBoostingClassifier(
            max_depth=4, max_iter=80, learning_rate=0.06, random_state=0
        )
        watcher.fit(seen[learnt], truth[learnt])
        right += int((watcher.predict(seen[asked]) == truth[asked]).sum())
    return round(right / len(truth), 4)


def _worlds(watch: Watch, chance: np.random.Generator) -> Iterator[tuple[list[Skill], list[Held]]]:
    """The same hours without and with the person's coming (or going)."""
    target, quarters = _people(watch, chance)
    turn = len(quarters) - watch.booked + watch.suspected
    stays = turn + max(4, int(chance.geometric(1 / watch.stay)))
    there_then = range(turn, min(stays, len(quarters)))
    first = range(len(quarters)) if watch.goes else range(0)
    second = range(turn) if watch.goes else there_then
    for present in (first, second):
        yield (
            target,
            [
                {**held, TARGET: target} if number in present else held
                for number, held in enumerate(quarters)
            ],
        )


def _people(watch: Watch, chance: np.random.Generator) -> tuple[list[Skill], list[Held]]:
    """Somebody's skills; and who is there in each quarter, with what they offer."""
    weights = 1 / np.arange(1, CONCEPTS + 1) ** 0.7
    spread = np.cumsum(weights / weights.sum())

    def person() -> list[Skill]:
        drawn = chance.random(int(chance.integers(1, 6)))
        found = {int(concept) for concept in np.searchsorted(spread, drawn)}
        return [(f"c{concept}", f"f{concept % FAMILIES}") for concept in sorted(found)]

    target, quarters = person(), []
    here = {number: person() for number in range(watch.present)}
    newest = watch.present
    for _ in range(int(chance.integers(MORNING)) + watch.booked):
        stays = chance.random(len(here)) > 1 / watch.stay
        here = {who: offer for (who, offer), one in zip(here.items(), stays, strict=True) if one}
        for _ in range(int(chance.poisson(watch.present / watch.stay))):
            here[newest] = person()
            newest += 1
        quarters.append(dict(here))
    return target, quarters


def _features(watch: Watch, target: list[Skill], shown: Iterator[Numbers]) -> list[float]:
    """How the numbers of the person's tables moved: at once, soon, and over the whole booking."""
    watched = list(shown)[-watch.booked :]
    groups = [
        [("skill", str(concept)) for concept, _ in target],
        [("family", str(family)) for family in sorted({str(family) for _, family in target})],
        [("other", "")],
        [("all", "")],
    ]
    found: list[float] = [len(target), len(groups[1])]
    for keys in groups:
        lines = np.array([[one.get(key, 0) for one in watched] for key in keys])
        found += _moves(lines.sum(axis=0), watch.suspected)
        found += _moves((lines > 0).sum(axis=0), watch.suspected)
        moved = np.sort(np.sign(lines[:, -1] - lines[:, watch.suspected - 1]))
        found += [float(moved[0]), float(moved[-1]), float(moved.sum())]
    return found


def _moves(line: NDArray[np.int64], turn: int) -> list[float]:
    """One number over the booking, as seen from the quarter that is suspected."""
    before, after, was = line[:turn], line[turn:], line[turn - 1]
    changed = np.flatnonzero(after != was)
    return [
        float(one)
        for one in (
            was,
            after[0] - was,
            after[1] - was,
            after[-1] - was,
            after.mean() - before.mean(),
            after[:8].mean() - before.mean(),
            after.max() - before.max(),
            after.min() - before.min(),
            changed[0] if changed.size else -1,
        )
    ]

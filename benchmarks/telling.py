"""Telling: whether who polls the skill map can tell that one known person came, or went.

Two worlds are alike but for one person, whose skills the watcher knows, who comes (or goes) in the
quarter that the watcher suspects. The watcher polls for the whole of a booking, so has every number
of every table in every quarter; others come and go as they do. A classifier learns from thousands
of such pairs how numbers move in each world (all tables of the person's skills and families, the
rest, the total; one quarter later and at the end), and is then asked about pairs it has not seen.
Chance is one half. The control is the same with exact numbers of three and more each quarter,
which is what batches and small-group merging alone would show.

Searching, filtering, a second organisation or a second room add nothing: they are given the same
rows (`tests/domain/test_skillmap.py` holds that).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.report import Bar, Report
from serendipity.skillmap import Key, settled, size

Skill = tuple[str | None, str | None]
Shown = Mapping[Key, frozenset[int]]
BATCHES: Final = 10  # quarters that one booking of two hours lets see
MORNING: Final = 8  # quarters before, that nobody watches
SUSPECTED: Final = 4
DICE: Final = random.Random(11)
TARGET: Final = -1
CONCEPTS: Final = 90
FAMILIES: Final = 18
SIZES: Final = (12, 40)  # people present
STAY: Final = 11.0  # quarters, on average


@dataclass(frozen=True)
class House:
    """How big a lieu is, and how its people's skills are spread."""

    present: int
    skills: int = 3


def measure(data: Path | None, *, quick: bool) -> Report:
    """Let the watcher guess in houses of several sizes. `data` is not needed."""
    pairs = 250 if quick else 2_000
    figures: dict[str, Any] = {"pairs": pairs}
    bars = {}
    exact_worst, worst = 0.5, 0.5
    for present in SIZES:
        for goes in (False, True):
            told = guessing(House(present), pairs=pairs, goes=goes, show=as_shown)
            exact = guessing(House(present), pairs=pairs, goes=goes, show=exactly)
            what = f"{present} present, one {'goes' if goes else 'comes'}"
            figures[what] = round(told, 4)
            figures[f"{what}, exact numbers"] = round(exact, 4)
            worst, exact_worst = max(worst, told), max(exact_worst, exact)
    bars["success of the watcher"] = Bar(round(worst, 4), "<= 0.55")
    bars["of the same watcher with exact numbers"] = Bar(round(exact_worst, 4), ">= 0.6")
    return Report(figures, bars)


Numbers = dict[Key, int]
Show = Callable[[Shown, Mapping[int, list[Skill]]], tuple[Shown, Numbers]]


def as_shown(shown: Shown, held: Mapping[int, list[Skill]]) -> tuple[Shown, Numbers]:
    """What the service does."""
    now = settled(shown, held, chance=DICE.random)
    return now, {key: size(key[0], who) for key, who in now.items()}


def exactly(shown: Shown, held: Mapping[int, list[Skill]]) -> tuple[Shown, Numbers]:
    """The control: the number of every table of three or more, anew in every quarter."""
    now = settled({}, held)
    return now, {key: len(who) for key, who in now.items()}


def guessing(house: House, *, pairs: int, goes: bool, show: Show, seed: int = 5) -> float:
    """The share of right guesses about pairs that were not learnt from."""
    # Here and not above: the web imports no scikit-learn, and this module is imported by tests.
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415

    chance = np.random.default_rng(seed)
    seen, truth = [], []
    for _ in range(pairs):
        days = _days(house, chance, goes=goes)
        for there, day in enumerate(days):
            seen.append(_features(day, show))
            truth.append(there)
    x, y = np.array(seen), np.array(truth)
    half = len(x) // 4 * 2
    watcher = HistGradientBoostingClassifier(max_depth=4, max_iter=120, random_state=0)
    watcher.fit(x[:half], y[:half])
    return float((watcher.predict(x[half:]) == y[half:]).mean())


@dataclass(frozen=True)
class Day:
    """What a watched booking is made of: who counts in each quarter, and what they offer."""

    target: list[Skill]
    quarters: list[dict[int, list[Skill]]]
    before: list[dict[int, list[Skill]]]  # the morning, that nobody watches


def _days(house: House, chance: np.random.Generator, *, goes: bool) -> tuple[Day, Day]:
    """The same hours without and with the person's coming (or going)."""
    weights = 1 / np.arange(1, CONCEPTS + 1) ** 0.7
    spread = np.cumsum(weights / weights.sum())

    def person() -> list[Skill]:
        drawn = chance.random(int(chance.integers(1, 2 * house.skills)))
        found = {int(concept) for concept in np.searchsorted(spread, drawn)}
        return [(f"c{concept}", f"f{concept % FAMILIES}") for concept in found]

    target, crowds = person(), []
    here = {number: person() for number in range(house.present)}
    newest = house.present
    for _ in range(MORNING + BATCHES):
        here = {who: offer for who, offer in here.items() if chance.random() > 1 / STAY}
        for _ in range(int(chance.poisson(house.present / STAY))):
            here[newest] = person()
            newest += 1
        crowds.append(dict(here))
    morning, watched = crowds[:MORNING], crowds[MORNING:]
    changed = [
        {**crowd, TARGET: target} if (number >= SUSPECTED) != goes else crowd
        for number, crowd in enumerate(watched)
    ]
    if goes:  # they were there all along; in the other world they stay
        morning = [{**crowd, TARGET: target} for crowd in morning]
        watched = [{**crowd, TARGET: target} for crowd in watched]
    return Day(target, watched, morning), Day(target, changed, morning)


def _features(day: Day, show: Show) -> list[float]:
    """How the numbers of the person's tables moved, over one quarter and to the end."""
    shown: Shown = {}
    numbers: list[Numbers] = []
    for held in day.before + day.quarters:
        shown, told = show(shown, held)
        numbers.append(told)
    numbers = numbers[len(day.before) :]
    was, soon, last = numbers[SUSPECTED - 1], numbers[SUSPECTED], numbers[-1]
    groups = [
        [("skill", str(concept)) for concept, _ in day.target],
        [("family", str(family)) for family in {family for _, family in day.target}],
        [("other", "")],
        [("all", "")],
    ]
    found: list[float] = []
    for keys in groups:
        for then in (soon, numbers[SUSPECTED + 1], last):
            moves = [then.get(key, 0) - was.get(key, 0) for key in keys]
            found += [sum(moves), max(moves), min(moves), sum(move != 0 for move in moves)]
        found.append(sum(was.get(key, 0) for key in keys))
        found.append(sum(key in was for key in keys))
    found.append(len(day.target))
    return found

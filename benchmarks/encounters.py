"""Encounters: useful, unlikely and fair, replayed on recorded face-to-face networks.

Every day of a network one round is made at nine for those who were there that day, knowing the
contacts of the days before. Everyone accepts, so what is compared is the choice alone. An
encounter of two is useful when they had never been in contact, it is their first, and one has a
skill that the other needs. *Bridging* is the share of encounters across departments; *never
helped* the share of those present whom nobody helped in the whole period; its floor is the share
whom nobody could have. A circle counts as all its pairs; "pairs only" counts only the two it grew
from, as if circles did not exist.

Each case is one graft of skills onto one network or a part of it, and all policies see the same
cases, so that intervals are paired.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import contacts
from benchmarks.contacts import DAY, START, Network, Pair
from benchmarks.report import Bar, Report
from matching import Asked, Community, Person, Policy, Settings, Tie
from matching.evaluation import Estimate, difference, paired, ratio
from matching.people import as_need, as_skill

HOUR: Final = 9
# Skills and needs a person, which people, does the engine know departments? A number draws so
# many people; two numbers take departments by size, from the first to before the second.
SCENES: Final = (
    ("1 need, 3 skills", 3, 1, None, True),
    ("1 need, 3 skills, departments unknown", 3, 1, None, False),
    ("1 need, 3 skills, 92 people", 3, 1, 92, True),
    ("2 needs, 5 skills, 92 people", 5, 2, 92, True),
    ("all needs, all skills", 99, 99, None, True),
    ("1 need, 3 skills, three large departments", 3, 1, (0, 3), True),
    ("1 need, 3 skills, three large departments unknown", 3, 1, (0, 3), False),
    ("1 need, 3 skills, five middling departments", 3, 1, (2, 7), True),
    ("1 need, 3 skills, five middling departments unknown", 3, 1, (2, 7), False),
)
Part = int | tuple[int, int] | None
BASELINES: Final = ("random", "greedy", "skills only", "memory")
# Grafts 0 to 7 were looked at while the settings were tuned, so others are reported.
FIRST: Final = 100
GRAFTS: Final = 8

Groups = Iterable[Sequence[Any]]


@dataclass(slots=True)
class Outcome:
    """What one policy did with one case."""

    useful: list[int] = field(default_factory=list)
    pairs_only: list[int] = field(default_factory=list)
    across: int = 0
    encounters: int = 0
    repeats: int = 0
    known: int = 0
    over_cap: int = 0
    silent: int = 0
    never: float = 0.0
    floor: float = 0.0

    def figures(self) -> dict[str, float]:
        """Return the figures of one case."""
        every = max(self.encounters, 1)
        return {
            "useful": float(np.mean(self.useful)),
            "pairs only": float(np.mean(self.pairs_only)),
            "bridging": self.across / every,
            "never helped": self.never,
            "floor": self.floor,
            "repeats": self.repeats / every,
            "known": self.known / every,
            "over cap": float(self.over_cap),
            "silently left out": float(self.silent),
        }


def measure(data: Path | None, *, quick: bool) -> Report:
    """Replay all policies on all cases; three minutes, seconds when `quick`."""
    if data is None:
        raise FileNotFoundError("this benchmark needs --data DIR with contacts and skills")
    pool = contacts.survey(data)
    found: dict[str, dict[str, list[dict[str, float]]]] = {}
    for network in contacts.networks(data):
        for scene, *facts in SCENES[:1] if quick else SCENES:
            rows = found.setdefault(f"{network.name}, {scene}", {})
            for seed in range(FIRST, FIRST + (2 if quick else GRAFTS)):
                for policy, outcome in _case(network, pool, facts, seed).items():
                    rows.setdefault(policy, []).append(outcome.figures())
    figures: dict[str, Any] = {name: _table(rows) for name, rows in found.items()}
    figures |= {f"{name}: engine against memory": _gains(rows) for name, rows in found.items()}
    return Report(figures, _bars(found))


def _case(
    network: Network, pool: list[tuple[list[str], list[str]]], facts: list[Any], seed: int
) -> dict[str, Outcome]:
    skills, needs, part, organisations = facts
    network = network.among(_part(network, part, seed))
    people = contacts.grafted(
        network, pool, skills=skills, needs=needs, organisations=organisations, seed=seed
    )
    replay = Replay(network, people)
    return {
        "random": replay.run(_chance(seed)),
        "greedy": replay.run(_greedy),
        "skills only": replay.run(engine(Policy.MEMORY, seed, remembers=False)),
        "memory": replay.run(engine(Policy.MEMORY, seed)),
        "engine": replay.run(engine(Policy.ENGINE, seed)),
    }


def _part(network: Network, part: Part, seed: int) -> set[int]:
    """Return the people of a scene; everybody where the network has no such part."""
    people = network.people()
    if isinstance(part, int):
        return set(np.random.default_rng(seed).permutation(people)[:part].tolist())
    if part is None or not network.group:
        return set(people)
    sizes = Counter(network.group[p] for p in people if p in network.group)
    chosen = [name for name, _ in sorted(sizes.items(), key=lambda row: (-row[1], row[0]))]
    return {p for p in people if network.group.get(p) in chosen[slice(*part)]} or set(people)


@dataclass(frozen=True)
class Morning:
    """What a policy is told: people, who is here, when, and the history so far."""

    people: list[Person]
    here: list[int]
    at: datetime
    ties: list[Tie]
    asked: list[Asked]


Chooser = Callable[[Morning], tuple[Groups, set[Any]]]


def engine(
    policy: Policy, seed: int, *, remembers: bool = True, settings: Settings | None = None
) -> Chooser:
    def choose(morning: Morning) -> tuple[Groups, set[Any]]:
        history = (morning.ties, morning.asked) if remembers else ()
        community = Community(morning.people, *history, settings=settings)
        found = community.suggest(morning.here, morning.at, policy=policy, random_state=seed)
        return [s.members for s in found.suggestions], {row.id for row in found.left_out}

    return choose


def _chance(seed: int) -> Chooser:
    """Random pairs that were not paired before: what is on the market."""

    def choose(morning: Morning) -> tuple[Groups, set[Any]]:
        found = Community(morning.people, (), morning.asked).suggest(
            morning.here, morning.at, policy=Policy.RANDOM, random_state=seed
        )
        return [s.members for s in found.suggestions], {row.id for row in found.left_out}

    return choose


def _greedy(morning: Morning) -> tuple[Groups, set[Any]]:
    """Take the best pair of strangers by skills, then the next best: no assignment."""
    help_ = _Help(morning.people)
    never = {_pair(t.a, t.b) for t in morning.ties if t.at <= morning.at}
    never |= {_pair(a.a, a.b) for a in morning.asked}
    open_ = [pair for pair in combinations(sorted(morning.here), 2) if pair not in never]
    open_.sort(key=lambda pair: -help_.count(*pair) - help_.count(*pair[::-1]))
    taken: set[int] = set()
    groups = []
    for pair in open_:
        if not taken.intersection(pair):
            taken.update(pair)
            groups.append(pair)
    return groups, set(morning.here) - taken


class _Help:
    """Who can help whom, by equal words: the truth of the replay."""

    def __init__(self, people: list[Person]) -> None:
        self.skills = {p.id: {as_skill(s).text for s in p.skills} for p in people}
        self.needs = {p.id: {as_need(n).text for n in p.needs} for p in people}

    def count(self, receiver: Any, giver: Any) -> int:
        return len(self.needs[receiver] & self.skills[giver])


class Replay:
    """One case, to be played by one policy after another."""

    def __init__(self, network: Network, people: list[Person]) -> None:
        self.network, self.people = network, people
        self.help = _Help(people)
        self.first, self.days = network.first_contacts(), network.days()
        self.contacts = network.ties()

    def run(self, choose: Chooser) -> Outcome:
        """Play every day; what was suggested is met an hour later."""
        outcome, met, helped = Outcome(), set[Pair](), set[Any]()
        asked: list[Asked] = []
        encounters: list[Tie] = []
        for day, there in self.days.items():
            at = START + timedelta(days=day, hours=HOUR)
            ties = [tie for tie in self.contacts if tie.at <= at] + encounters
            morning = Morning(self.people, sorted(there), at, ties, asked)
            groups, left = choose(morning)
            groups = [tuple(group) for group in groups]
            outcome.useful.append(0)
            outcome.pairs_only.append(0)
            self._seats(groups, left, there, outcome)
            for group in groups:
                for pair in combinations(sorted(group), 2):
                    useful = self._meet(pair, day, met, helped, outcome)
                    outcome.useful[-1] += useful
                    outcome.pairs_only[-1] += useful and set(pair) == set(group[:2])
                    asked.append(Asked(*pair, at))
                    encounters.append(Tie(*pair, at + timedelta(hours=1), "met"))
        everyone = set().union(*self.days.values())
        outcome.never = 1 - len(helped) / len(everyone)
        outcome.floor = len(everyone - self._could_be_helped()) / len(everyone)
        return outcome

    def _seats(
        self, groups: Sequence[Sequence[Any]], left: set[Any], there: set[int], outcome: Outcome
    ) -> None:
        seated = [member for group in groups for member in group]
        outcome.over_cap += len(seated) - len(set(seated))
        outcome.silent += len(there - set(seated) - left)

    def _meet(
        self, pair: Pair, day: int, met: set[Pair], helped: set[Any], outcome: Outcome
    ) -> bool:
        """Let two people meet; return whether it is a useful first encounter."""
        known = self.first.get(pair, np.inf) <= day * DAY + HOUR * 3600
        a, b = pair
        one, other = self.help.count(a, b) > 0, self.help.count(b, a) > 0
        helped.update(person for person, served in ((a, one), (b, other)) if served)
        outcome.encounters += 1
        outcome.across += self.network.group.get(a) != self.network.group.get(b)
        outcome.repeats += pair in met
        outcome.known += known
        useful = not known and pair not in met and (one or other)
        met.add(pair)
        return useful

    def _could_be_helped(self) -> set[Any]:
        """Return who was ever there together with a stranger who could help."""
        found: set[Any] = set()
        for day, there in self.days.items():
            until = day * DAY + HOUR * 3600
            for a in there - found:
                strangers = (
                    b for b in there if b != a and self.first.get(_pair(a, b), np.inf) > until
                )
                if any(self.help.count(a, b) for b in strangers):
                    found.add(a)
        return found


def _pair(a: Any, b: Any) -> Pair:
    return (a, b) if a < b else (b, a)


# --- what it comes to ---------------------------------------------------------------------


def _table(rows: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    return {
        policy: {what: round(float(np.mean([c[what] for c in cases])), 4) for what in cases[0]}
        for policy, cases in rows.items()
    }


def _gains(rows: dict[str, list[dict[str, float]]]) -> dict[str, str]:
    return {what: str(estimate) for what, estimate in _estimates([rows]).items()}


def _estimates(scenes: list[dict[str, list[dict[str, float]]]]) -> dict[str, Estimate]:
    """Return engine against memory over the cases of some scenes."""

    def column(policy: str, what: str, *, relative: bool = False) -> list[float]:
        return [
            case[what] / (base[what] if relative else 1.0)
            for rows in scenes
            for case, base in zip(rows[policy], rows["memory"], strict=True)
        ]

    found = {}
    for what in ("useful", "pairs only"):
        ours, theirs = (column(p, what, relative=True) for p in ("engine", "memory"))
        found[what] = paired(ours, theirs, ratio)
    for what in ("bridging", "never helped"):
        found[what] = paired(column("engine", what), column("memory", what), difference)
    return found


def _bars(found: dict[str, dict[str, list[dict[str, float]]]]) -> dict[str, Bar]:
    scenes = list(found.values())
    estimates = _estimates(scenes)
    bars = {
        "useful against memory": Bar(estimates["useful"].value, ">= 0.98"),
        "the same, pairs only": Bar(estimates["pairs only"].value, ">= 0.98"),
        "never helped minus memory": Bar(estimates["never helped"].value, "<= -0.03"),
    }
    for unknown, words in ((False, "told"), (True, "not told")):
        some = [rows for name, rows in found.items() if ("unknown" in name) is unknown]
        if some:
            gap = _estimates(some)["bridging"].value
            bars[f"bridging minus memory, departments {words}"] = Bar(gap, ">= 0.05")
    for what in ("repeats", "known", "over cap", "silently left out"):
        worst = max(case[what] for rows in scenes for case in rows["engine"])
        bars[what] = Bar(worst, "== 0")
    return bars

"""Contacts: recorded face-to-face networks, and people's skills grafted onto them.

A network is a gzipped CSV of contacts t, i, j (seconds, two people) with, where somebody wrote
them down, the department of each person. Nobody recorded what these people could do, so skills
and wishes of real people from a survey are grafted onto them at random; a run repeats this with
several grafts.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from matching import Need, Person, Skill, Tie

START: Final = datetime(2015, 6, 1, tzinfo=UTC)
DAY: Final = 86_400
_SURVEY: Final = ("LanguageHaveWorkedWith", "LanguageWantToWorkWith")

Pair = tuple[int, int]


@dataclass(frozen=True)
class Network:
    """A contact network.

    Attributes
    ----------
    name : str
    contacts : list of (second, i, j), ascending, i < j
    group : dict
        Department by person; empty when unknown.
    """

    name: str
    contacts: list[tuple[int, int, int]]
    group: dict[int, str]

    def people(self) -> list[int]:
        """Return everyone who was ever in contact, ascending."""
        return sorted({person for _, i, j in self.contacts for person in (i, j)})

    def among(self, people: set[int]) -> Network:
        """Return the contacts among some people."""
        kept = [(t, i, j) for t, i, j in self.contacts if i in people and j in people]
        return Network(self.name, kept, self.group)

    def first_contacts(self) -> dict[Pair, int]:
        """Return when each pair first met."""
        first: dict[Pair, int] = {}
        for t, i, j in self.contacts:
            first.setdefault((i, j), t)
        return first

    def days(self) -> dict[int, set[int]]:
        """Return who was there on each day that anybody was."""
        there: dict[int, set[int]] = defaultdict(set)
        for t, i, j in self.contacts:
            there[t // DAY] |= {i, j}
        return dict(sorted(there.items()))

    def ties(self) -> list[Tie]:
        """Return one tie a pair and day, at their first contact of that day."""
        seen: set[tuple[int, int, int]] = set()
        found = []
        for t, i, j in self.contacts:
            if (t // DAY, i, j) not in seen:
                seen.add((t // DAY, i, j))
                found.append(Tie(i, j, START + timedelta(seconds=t), "co_present"))
        return found


def networks(data: Path) -> list[Network]:
    """Return every network of a data folder.

    Raises
    ------
    FileNotFoundError
    """
    files = sorted((data / "contacts").glob("*_tij.csv.gz"))
    if not files:
        raise FileNotFoundError(f"no contacts/*_tij.csv.gz in {data}")
    return [_network(path) for path in files]


def _network(path: Path) -> Network:
    name = path.name.removesuffix("_tij.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [(int(r["t"]), int(r["i"]), int(r["j"])) for r in csv.DictReader(file)]
    contacts = sorted((t, min(i, j), max(i, j)) for t, i, j in rows if i != j)
    groups = path.with_name(f"{name}_groups.csv")
    if not groups.is_file():
        return Network(name, contacts, {})
    with groups.open(encoding="utf-8") as file:
        return Network(name, contacts, {int(r["id"]): r["group"] for r in csv.DictReader(file)})


def survey(data: Path) -> list[tuple[list[str], list[str]]]:
    """Return what each person of the survey has and wants, where both are something."""
    (path,) = sorted((data / "skills").glob("*have_want*.csv"))[:1]
    with path.open(encoding="utf-8") as file:
        rows = [tuple(_listed(row[column]) for column in _SURVEY) for row in csv.DictReader(file)]
    kept = [(have, [w for w in want if w not in have]) for have, want in rows]
    return [(have, want) for have, want in kept if have and want]


def _listed(cell: str) -> list[str]:
    return [word for word in cell.split(";") if word and word != "NA"]


def grafted(
    network: Network,
    pool: list[tuple[list[str], list[str]]],
    *,
    skills: int,
    needs: int,
    organisations: bool,
    seed: int,
) -> list[Person]:
    """Return the people of a network with skills and needs of people of the survey."""
    rng = np.random.default_rng(seed)
    people = network.people()
    picks = rng.choice(len(pool), len(people), replace=len(people) > len(pool))
    return [
        Person(
            person,
            tuple(map(Skill, _some(rng, pool[pick][0], skills))),
            tuple(map(Need, _some(rng, pool[pick][1], needs))),
            organisation=network.group.get(person) if organisations else None,
        )
        for person, pick in zip(people, picks.tolist(), strict=True)
    ]


def _some(rng: np.random.Generator, words: list[str], most: int) -> Iterator[str]:
    return map(str, rng.permutation(words)[:most].tolist())

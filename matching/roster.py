"""Roster: the people of a community as arrays, in one canonical order.

The order depends on the ids alone, so a permutation of the input changes nothing downstream.
Everything that cannot be used is refused here, once, with the offending id.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.errors import DuplicatePerson, InvalidPerson, NaiveInstant, UnknownPerson
from matching.people import Id, Person, as_need, as_skill

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NOBODY = -1


def instant(at: datetime, what: str = "at") -> float:
    """Return `at` as seconds since the epoch; refuse it without a time zone."""
    if at.utcoffset() is None:
        raise NaiveInstant(what)
    return at.timestamp()


def _order(id: Id) -> tuple[str, Any]:
    """Sort key of an opaque id: by type, then by value where the type has an order."""
    if isinstance(id, str):
        return ("str", id)
    if isinstance(id, int):
        return ("int", id)
    return (type(id).__name__, repr(id))


def unit(value: float, id: Id, what: str) -> float:
    """Return `value` when it lies in 0..1; otherwise name the person."""
    if not isinstance(value, (int, float)) or not isfinite(value) or not 0 <= value <= 1:
        raise InvalidPerson(id, f"{what} is {value!r}, not a number from 0 to 1")
    return float(value)


class Roster:
    """People in canonical order, one array for each fact.

    Attributes
    ----------
    people : list of Person
    index : dict
        From id to position.
    cap, weekly : int64 (n,)
        `weekly` is a very large number where nobody said one.
    until : float64 (n,)
        Seconds since the epoch, infinity when unknown.
    languages : uint64 (n,)
        One bit a language.
    organisation : int64 (n,)
        A code, -1 when unknown.

    Raises
    ------
    DuplicatePerson, InvalidPerson, NaiveInstant
    """

    def __init__(self, people: Iterable[Person]) -> None:
        self.people = sorted(people, key=lambda person: _order(person.id))
        self.index = self._positions()
        for person in self.people:
            _check(person)
        n = len(self.people)
        self.cap = np.fromiter((p.cap for p in self.people), np.int64, n)
        self.weekly = np.fromiter(
            (2**31 if p.weekly is None else p.weekly for p in self.people), np.int64, n
        )
        self.until = np.fromiter((_until(p) for p in self.people), np.float64, n)
        self.paused = np.fromiter((p.paused for p in self.people), np.bool_, n)
        self.avoids = np.fromiter((p.avoids_own_organisation for p in self.people), np.bool_, n)
        self.received = np.fromiter(
            (np.nan if p.received is None else p.received for p in self.people), np.float64, n
        )
        self.organisation = _codes([p.organisation for p in self.people])
        self.languages = _bits([p.languages for p in self.people])
        self.blocked = self._blocked_keys()

    def __len__(self) -> int:
        return len(self.people)

    def _positions(self) -> dict[Id, int]:
        index: dict[Id, int] = {}
        for position, person in enumerate(self.people):
            if person.id in index:
                raise DuplicatePerson(person.id)
            index[person.id] = position
        return index

    def position(self, id: Id) -> int:
        """Return where `id` stands.

        Raises
        ------
        UnknownPerson
        """
        try:
            return self.index[id]
        except KeyError:
            raise UnknownPerson(id) from None

    def positions(self, ids: Iterable[Id]) -> Ints:
        """Return the sorted positions of `ids`, each once."""
        return np.array(sorted({self.position(id) for id in ids}), dtype=np.int64)

    def key(self, i: Ints, j: Ints) -> Ints:
        """Return one integer a pair, the same for (i, j) and (j, i)."""
        spelled: Ints = np.minimum(i, j) * np.int64(max(len(self), 1)) + np.maximum(i, j)
        return spelled

    def _blocked_keys(self) -> Ints:
        """Blocks of unknown ids are kept by their owner and say nothing here."""
        pairs = [
            (i, j)
            for i, person in enumerate(self.people)
            for other in person.blocked
            if (j := self.index.get(other, NOBODY)) != NOBODY
        ]
        both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return np.unique(self.key(both[:, 0], both[:, 1]))


def _check(person: Person) -> None:
    """Refuse a person whose facts cannot be used."""
    for name, value in (("cap", person.cap), ("weekly", person.weekly)):
        if value is not None and (not isinstance(value, int) or value < 0):
            raise InvalidPerson(person.id, f"{name} is {value!r}, not a count")
    for skill in map(as_skill, person.skills):
        unit(skill.level, person.id, f"the level of {skill.text[:40]!r}")
    for need in map(as_need, person.needs):
        unit(need.urgency, person.id, f"the urgency of {need.text[:40]!r}")
    if person.received is not None:
        unit(person.received, person.id, "received")


def _until(person: Person) -> float:
    return np.inf if person.until is None else instant(person.until, f"until of {person.id!r}")


def _codes(values: Sequence[Hashable | None]) -> Ints:
    seen: dict[Hashable, int] = {}
    return np.array(
        [NOBODY if v is None else seen.setdefault(v, len(seen)) for v in values], dtype=np.int64
    )


def _bits(values: Sequence[tuple[str, ...]]) -> npt.NDArray[np.uint64]:
    """One bit a language; from the 64th language on they share the last bit."""
    seen: dict[str, int] = {}
    masks = [
        sum({1 << min(seen.setdefault(code.casefold(), len(seen)), 63) for code in codes})
        for codes in values
    ]
    return np.array(masks, dtype=np.uint64)

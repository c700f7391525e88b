"""Suppression: which counts may be told when none below five may be, nor worked out.

Every count is a sum of atoms, the smallest groups there are (introductions of one arm that were
agreed and did not take place). Counts from one to four are left out first. Then, as long as an
atom or a count from one to four is a linear combination of what is still told, the smallest count
that helps to work it out is left out too (Cox 1980, "Suppression methodology and statistical
disclosure control"). A count of nothing is told, and tells that its atoms are nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Final

SMALLEST_TOLD: Final = 5

Parts = Mapping[str, frozenset[str]]


def told(atoms: Mapping[str, int], parts: Parts, *, least: int = SMALLEST_TOLD) -> dict[str, int]:
    """The counts that may be told, by name; the others are left out.

    Parameters
    ----------
    atoms : mapping of str to int
        How many there are in each of the smallest groups.
    parts : mapping of str to frozenset of str
        Which atoms each count is the sum of.

    Examples
    --------
    >>> atoms = {"a": 3, "b": 9, "c": 7}
    >>> parts = {name: frozenset(name) for name in "abc"} | {"all": frozenset("abc")}
    >>> told(atoms, parts)
    {'b': 9, 'all': 19}
    """
    counts = {name: sum(atoms[atom] for atom in group) for name, group in parts.items()}
    kept = {name: count for name, count in counts.items() if not 0 < count < least}
    secrets = [parts[name] for name in counts if name not in kept]
    secrets += [frozenset([atom]) for atom, count in atoms.items() if 0 < count < least]
    while secret := _given_away(secrets, kept, parts):
        del kept[_to_leave_out(secret, kept, parts)]
    return kept


def _given_away(
    secrets: Sequence[frozenset[str]], kept: Mapping[str, int], parts: Parts
) -> frozenset[str] | None:
    """A secret that can be worked out from what is kept, if there is one."""
    nothing = _known_to_be_nothing(kept, parts)
    known = [parts[name] - nothing for name in kept]
    return next((one for one in secrets if _follows(one - nothing, known)), None)


def _known_to_be_nothing(kept: Mapping[str, int], parts: Parts) -> frozenset[str]:
    return frozenset(atom for name, count in kept.items() if count == 0 for atom in parts[name])


def _to_leave_out(secret: frozenset[str], kept: Mapping[str, int], parts: Parts) -> str:
    """The smallest count without which the secret is kept; else the smallest that says anything."""
    by_size = sorted((name for name in kept if kept[name]), key=lambda name: (kept[name], name))
    for name in by_size:
        rest = {other: count for other, count in kept.items() if other != name}
        if _given_away([secret], rest, parts) is None:
            return name
    return by_size[0]


def _follows(wanted: frozenset[str], known: Iterable[frozenset[str]]) -> bool:
    """Whether the sum over `wanted` is a linear combination of the sums over `known`."""
    atoms = sorted(wanted.union(*known))
    rows: list[list[Fraction]] = []
    for group in known:
        row = _reduced([Fraction(atom in group) for atom in atoms], rows)
        if any(row):
            rows.append(row)
    return not any(_reduced([Fraction(atom in wanted) for atom in atoms], rows))


def _reduced(row: list[Fraction], rows: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    """The row less what earlier rows make of it (each leads where all before it are nought)."""
    for other in rows:
        lead = next(place for place, value in enumerate(other) if value)
        if row[lead]:
            factor = row[lead] / other[lead]
            row = [mine - factor * theirs for mine, theirs in zip(row, other, strict=True)]
    return row

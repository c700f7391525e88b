"""Suppression: which counts may be told when none below five may be, nor worked out.

Every count is a sum of atoms, the smallest groups there are (introductions of one arm that were
agreed and did not take place). Counts from one to four are never told. The others are gone
through, the largest first, and each is told unless an atom or a count from one to four would then
be a linear combination of what is told (Cox 1980, "Suppression methodology and statistical
disclosure control"). A count of nothing is told, and tells that its atoms are nothing; so do two
equal counts, one within the other, of what lies between them.

What is told elsewhere counts as known (`beside`): the sums of a network are told as far as they do
not give away what one of its lieux keeps to itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

SMALLEST_TOLD: Final = 5
NOTHING: Final = Fraction(0)

Parts = Mapping[str, frozenset[str]]
Row = dict[str, Fraction]  # a sum: atom → how many times it is in it


@dataclass(frozen=True)
class Telling:
    """Counts that are told, and where that leaves what is not."""

    counts: dict[str, int]
    known: list[tuple[str, Row]]  # in echelon form: no row has the lead of one before it
    secrets: list[Row]  # each less what is known of it; none is empty


def tell(
    atoms: Mapping[str, int],
    parts: Parts,
    *,
    beside: Iterable[Telling] = (),
    least: int = SMALLEST_TOLD,
) -> Telling:
    """Tell as many of these counts as may be told.

    Parameters
    ----------
    atoms : mapping of str to int
        How many there are in each of the smallest groups.
    parts : mapping of str to frozenset of str
        Which atoms each count is the sum of.
    beside : iterable of Telling
        What the reader can read elsewhere, each about atoms of its own.

    Examples
    --------
    >>> atoms = {"a": 3, "b": 9, "c": 7}
    >>> parts = {name: frozenset(name) for name in "abc"} | {"all": frozenset("abc")}
    >>> tell(atoms, parts).counts
    {'all': 19, 'b': 9}
    """
    others = list(beside)
    known = [row for one in others for row in one.known]
    counts = {name: sum(atoms[atom] for atom in group) for name, group in parts.items()}
    small = [parts[name] for name, count in counts.items() if 0 < count < least]
    small += [frozenset([atom]) for atom, count in atoms.items() if 0 < count < least]
    secrets = [row for one in others for row in one.secrets]
    found = Telling({}, known, secrets + [_less(_sum_of(group), known) for group in small])
    for name in sorted(counts, key=lambda name: (counts[name] > 0, -counts[name], name)):
        if not 0 < counts[name] < least:
            found = _with(found, name, counts[name], parts)
    return found


def _with(found: Telling, name: str, count: int, parts: Parts) -> Telling:
    """The same with this count told, or the same when it would give a secret away."""
    known, secrets = list(found.known), found.secrets
    for row in (_sum_of(parts[name]), *map(_sum_of, _shown_empty(found, name, count, parts))):
        left = _less(row, known)
        if left:
            lead = min(left)
            step = [(lead, {atom: value / left[lead] for atom, value in left.items()})]
            known += step
            secrets = [_less(secret, step) for secret in secrets]
    if not all(secrets):
        return found
    return Telling({**found.counts, name: count}, known, secrets)


def _shown_empty(found: Telling, name: str, count: int, parts: Parts) -> list[frozenset[str]]:
    """Atoms, one by one, that are shown to be nothing once this count is told."""
    empty = set(parts[name]) if count == 0 else set()
    for other, told in found.counts.items():
        if told == count and (parts[other] <= parts[name] or parts[name] <= parts[other]):
            empty |= parts[other] ^ parts[name]
    return [frozenset([atom]) for atom in sorted(empty)]


def _sum_of(group: Iterable[str]) -> Row:
    return dict.fromkeys(group, Fraction(1))


def _less(row: Row, known: Sequence[tuple[str, Row]]) -> Row:
    """What of this sum is not a linear combination of what is known; empty: all of it is."""
    left = dict(row)
    for lead, other in known:
        factor = left.get(lead)
        if factor:
            for atom, value in other.items():
                left[atom] = left.get(atom, NOTHING) - factor * value
                if not left[atom]:
                    del left[atom]
    return left

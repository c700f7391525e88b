"""Cells: the smallest groups that are counted, and which of them each figure is the sum of.

An introduction's cell is its arm, how far it came, whether the arm was drawn by lot, and whether
somebody said no or denied it; figures of the steps and of the trial are sums of the same cells, so
that neither table gives away what the other leaves out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from serendipity.evidence.counting import STEPS, Case, Counts
from serendipity.evidence.suppression import Parts, Telling, tell

ALL: Final = "all"
# What the trial measures: who answered it with a yes, and who with a no.
ANSWERS: Final[dict[str, tuple[Callable[[Case], bool], Callable[[Case], bool]]]] = {
    "accepted": (lambda case: case.step >= 1, lambda case: case.step < 1 and case.refused),
    "met": (lambda case: case.step >= 2, lambda case: case.step < 2 and case.denied),
    "helpful": (lambda case: case.step >= 3, lambda case: case.step == 2),
}


@dataclass(frozen=True)
class Cells:
    """How many there are in each cell, and the cells of each figure by its name."""

    atoms: Counter[str]
    steps: Parts  # "engine agreed", "all met", "ties"…
    trial: Parts  # "engine met yes", "engine met"…


def cells(counts: Counts, *, place: str = "") -> Cells:
    """The cells of one lieu; `place` tells its cells from those of other lieux."""
    atoms = Counter(f"{place} {case.kind}" for case in counts.introductions)
    alike = {f"{place} {case.kind}": case for case in counts.introductions}  # one of each cell
    yes = sum(case.step for case in counts.calls)
    ends = {
        f"{place} bridge": counts.bridging,
        f"{place} no bridge": counts.woven - counts.bridging,
        f"{place} answer": yes,
        f"{place} no answer": len(counts.calls) - yes,
    }
    steps = {
        "ties": frozenset({f"{place} bridge", f"{place} no bridge"}),
        "bridging": frozenset({f"{place} bridge"}),
        "calls": frozenset({f"{place} answer", f"{place} no answer"}),
        "answered": frozenset({f"{place} answer"}),
    }
    for arm in [ALL, *arms_of(counts)]:
        for step, name in enumerate(STEPS):
            steps[f"{arm} {name}"] = frozenset(
                cell for cell, case in alike.items() if case.step >= step and arm in (ALL, case.arm)
            )
    return Cells(atoms + Counter(ends), steps, _of_trial(alike))


def _of_trial(alike: dict[str, Case]) -> dict[str, frozenset[str]]:
    """The yeses, the noes and all answers of each measure of each arm that was drawn."""
    found: dict[str, frozenset[str]] = {}
    drawn = {cell: case for cell, case in alike.items() if case.drawn}
    arms = sorted({case.arm for case in drawn.values()})
    for arm, (measure, (yes, no)) in product(arms, ANSWERS.items()):
        ours = {cell: case for cell, case in drawn.items() if case.arm == arm}
        yeses = frozenset(cell for cell, case in ours.items() if yes(case))
        noes = frozenset(cell for cell, case in ours.items() if no(case))
        found |= {
            f"{arm} {measure} yes": yeses,
            f"{arm} {measure} no": noes,
            f"{arm} {measure}": yeses | noes,
        }
    return found


def joined(several: Sequence[Cells]) -> Cells:
    """The cells of several lieux, and their figures added up."""
    atoms = sum((one.atoms for one in several), Counter[str]())
    return Cells(atoms, _added(one.steps for one in several), _added(one.trial for one in several))


def _added(several: Iterable[Parts]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for parts in several:
        for name, group in parts.items():
            found[name] = found.get(name, frozenset()) | group
    return found


def arms_of(counts: Counts) -> list[str]:
    """The arms that made any of these introductions."""
    return sorted({case.arm for case in counts.introductions})


def telling(found: Cells, *, beside: Sequence[Telling] = ()) -> Telling:
    """What may be told: figures of the steps first, then those of the trial beside them."""
    steps = tell(found.atoms, found.steps, beside=beside)
    trial = tell(found.atoms, found.trial, beside=[steps])
    return replace(trial, counts={**steps.counts, **trial.counts})

"""Trial: whether the engine helps, found out by the service on itself.

Each slot (one lieu, one moment of one day) is drawn into an arm: *memory*, *engine* or a wild
card. The draw is a hash of the slot and the trial's name, so it can be checked afterwards, never
depends on who happens to be there, and needs nothing stored. The chance of the draw, the
propensity, goes into the log with every suggestion.

What counts is asked of people: accepted, met, helpful. Slots are what was randomised, so answers
of one slot are one cluster. Below `ENOUGH` answers an arm says "not enough data yet", and two arms
are compared only when both have enough.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from matching.errors import InvalidSetting
from matching.evaluation import Estimate, difference_of_shares, share

Measure = Literal["accepted", "met", "helpful"]
MEASURES: tuple[Measure, ...] = ("accepted", "met", "helpful")
ENOUGH = 20
NOT_ENOUGH = "not enough data yet"

SHARES: Mapping[str, float] = MappingProxyType({"memory": 0.45, "engine": 0.45, "wildcard": 0.1})


@dataclass(frozen=True, slots=True)
class Draw:
    """The arm of one slot, and the chance it had."""

    arm: str
    propensity: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one suggestion; None where nobody said.

    `slot` is the slot it was made in: the cluster of its answers.
    """

    arm: str
    slot: Hashable
    accepted: bool | None = None
    met: bool | None = None
    helpful: bool | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One measure of one arm, or of two arms compared; `estimate` only where there is enough."""

    measure: Measure
    arm: str
    against: str | None
    answers: int
    estimate: Estimate | None

    @property
    def says(self) -> str:
        """Return the finding in words and figures."""
        return NOT_ENOUGH if self.estimate is None else str(self.estimate)


def draw(slot: str, *, trial: str = "trial", shares: Mapping[str, float] = SHARES) -> Draw:
    """Return the arm of `slot`.

    Raises
    ------
    InvalidSetting
        When the shares are not above nought or do not sum to one.

    Examples
    --------
    >>> draw("la-navette/2026-05-04/morning") == draw("la-navette/2026-05-04/morning")
    True
    """
    total = sum(shares.values())
    if not shares or min(shares.values()) <= 0 or abs(total - 1) > 1e-9:
        raise InvalidSetting("shares", f"{dict(shares)!r} are not shares of one")
    digest = hashlib.sha256(f"{trial}\x1f{slot}".encode("utf-8", "surrogatepass")).digest()
    place = int.from_bytes(digest[:8]) / 2**64
    for arm in sorted(shares):
        if place < shares[arm]:
            return Draw(arm, shares[arm])
        place -= shares[arm]
    last = max(shares)  # rounding may leave a hair above the last share
    return Draw(last, shares[last])


def findings(outcomes: Iterable[Outcome], *, baseline: str = "memory") -> list[Finding]:
    """Return every measure of every arm, and each arm compared with the baseline.

    An answer that nobody gave is not a no: it is left out, and the count says how many there
    were.
    """
    rows = list(outcomes)
    arms = sorted({row.arm for row in rows})
    found = []
    for measure in MEASURES:
        alone = {arm: _share(rows, arm, measure) for arm in arms}
        for arm, estimate in alone.items():
            enough = estimate if estimate.n >= ENOUGH else None
            found.append(Finding(measure, arm, None, estimate.n, enough))
        for arm in arms:
            if arm != baseline and baseline in alone:
                found.append(_compared(measure, arm, baseline, alone))
    return found


def _share(rows: list[Outcome], arm: str, measure: Measure) -> Estimate:
    clusters: dict[Hashable, list[int]] = {}
    for row in rows:
        said = getattr(row, measure)
        if row.arm == arm and said is not None:
            cluster = clusters.setdefault(row.slot, [0, 0])
            cluster[0] += said
            cluster[1] += 1
    return share([yes for yes, _ in clusters.values()], [n for _, n in clusters.values()])


def _compared(measure: Measure, arm: str, baseline: str, alone: Mapping[str, Estimate]) -> Finding:
    ours, theirs = alone[arm], alone[baseline]
    answers = min(ours.n, theirs.n)
    gap = difference_of_shares(ours, theirs) if answers >= ENOUGH else None
    return Finding(measure, arm, baseline, answers, gap)

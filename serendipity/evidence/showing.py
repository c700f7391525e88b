"""Showing: counts as figures that may be told, with shares, intervals, and a sheet to take away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from serendipity import clock
from serendipity.evidence.counting import STEPS, Case, Counts
from serendipity.evidence.suppression import told

if TYPE_CHECKING:
    from matching.evaluation import Estimate
    from matching.trial import Finding

ENOUGH: Final = 20  # cases below which a share has no interval
ALL: Final = "all"
OF: Final = {"agreed": "proposed", "met": "agreed", "useful": "met"}

SHEET: Final = (
    "scope", "from", "until", "arm", "figure", "count", "of", "share", "low", "high", "note",
)  # fmt: skip
DICTIONARY: Final = (
    ("scope", "slug of the lieu, or network for all lieux of the installation together"),
    ("from", "first day counted, on the calendar of the lieu (ISO 8601)"),
    ("until", "first day that is not counted any more"),
    ("arm", "which policy made the introduction: memory, engine, random; all: together"),
    (
        "figure",
        "proposed: introductions offered; agreed: all in it said yes; met: two of them both said "
        "that they met; useful: and one was helped, or something came of it; ties: pairs who met "
        "for the first time; bridging: of these, both had met others before and nobody in common; "
        "calls: questions put to the room; answered: of these, somebody said yes in time",
    ),
    ("count", "how many; empty when below five or when it would give away one that is"),
    ("of", "the figure that the share is of"),
    ("share", "count divided by the figure it is of; from 0 to 1"),
    ("low", "lower end of the interval at 95 % (Wilson, widened for days that are alike)"),
    ("high", "upper end of the interval"),
    ("note", "suppressed: not told, see count; not enough data yet: fewer than twenty cases"),
)


@dataclass(frozen=True)
class Figure:
    """One figure of one arm. `count` is nothing when it may not be told."""

    arm: str
    name: str
    count: int | None
    of: str = ""
    out_of: int | None = None
    estimate: Estimate | None = None

    @property
    def note(self) -> str:
        if self.count is None:
            return "suppressed"
        return "not enough data yet" if self.of and self.estimate is None else ""


@dataclass(frozen=True)
class Shown:
    """What may be told of some lieux in some days."""

    since: datetime
    until: datetime
    arms: list[str]
    steps: dict[str, list[Figure]]  # arm, or all, → its steps
    ties: list[Figure]
    calls: list[Figure]

    def figures(self) -> list[Figure]:
        return [*(one for arm in self.steps for one in self.steps[arm]), *self.ties, *self.calls]


def whole_months(at: datetime, zone: str, *, months: int = 12) -> tuple[datetime, datetime]:
    """From the first day of a month, so many whole months ago, to the end of the last that is over.

    Examples
    --------
    >>> from datetime import UTC
    >>> since, until = whole_months(datetime(2026, 3, 26, tzinfo=UTC), "Europe/Paris", months=2)
    >>> since.isoformat(), until.isoformat()
    ('2025-12-31T23:00:00+00:00', '2026-02-28T23:00:00+00:00')
    """
    end = clock.local_date(at, zone).replace(day=1)
    count = end.year * 12 + end.month - 1 - months
    start = date(count // 12, count % 12 + 1, 1)
    return clock.day_bounds(start, zone)[0], clock.day_bounds(end, zone)[0]


def shown(counts: Counts) -> Shown:
    """The figures that may be told, small ones and what gives them away left out."""
    arms = sorted({case.arm for case in counts.introductions})
    kept = _kept(counts, arms)
    steps = {
        arm: [_step(counts, arm, step, name, kept) for step, name in enumerate(STEPS)]
        for arm in [ALL, *arms]
    }
    return Shown(
        since=counts.since,
        until=counts.until,
        arms=arms,
        steps=steps,
        ties=[
            Figure(ALL, "ties", kept.get("ties")),
            Figure(ALL, "bridging", kept.get("bridging")),
        ],
        calls=[
            Figure(ALL, "calls", kept.get("calls")),
            _share_of(
                Figure(ALL, "answered", kept.get("answered"), "calls", kept.get("calls")),
                counts.calls,
                1,
            ),
        ],
    )


def _kept(counts: Counts, arms: Sequence[str]) -> dict[str, int]:
    """By name ("engine agreed", "all met", "ties"…), what may be told."""
    atoms = Counter({f"{arm} {step}": 0 for arm in arms for step in range(len(STEPS))})
    atoms.update(f"{case.arm} {case.step}" for case in counts.introductions)
    atoms |= {"bridge": counts.bridging, "no bridge": counts.woven - counts.bridging}
    yes = sum(case.step for case in counts.calls)
    atoms |= {"answer": yes, "no answer": len(counts.calls) - yes}
    parts = {
        "ties": frozenset({"bridge", "no bridge"}),
        "bridging": frozenset({"bridge"}),
        "calls": frozenset({"answer", "no answer"}),
        "answered": frozenset({"answer"}),
    }
    for step, name in enumerate(STEPS):
        for arm in arms:
            parts[f"{arm} {name}"] = frozenset(f"{arm} {far}" for far in range(step, len(STEPS)))
        parts[f"{ALL} {name}"] = frozenset().union(*(parts[f"{arm} {name}"] for arm in arms))
    return told(atoms, parts)


def _step(counts: Counts, arm: str, step: int, name: str, kept: dict[str, int]) -> Figure:
    cases = [one for one in counts.introductions if arm in (ALL, one.arm)]
    if name not in OF:
        return Figure(arm, name, kept.get(f"{arm} {name}"))
    before = f"{arm} {OF[name]}"
    eligible = [one for one in cases if one.step >= step - 1]
    return _share_of(
        Figure(arm, name, kept.get(f"{arm} {name}"), OF[name], kept.get(before)), eligible, step
    )


def _share_of(figure: Figure, cases: Sequence[Case], step: int) -> Figure:
    """The figure with its interval, where both what it counts and what it is of may be told."""
    if figure.count is None or figure.out_of is None or len(cases) < ENOUGH:
        return figure
    return replace(figure, estimate=_estimate(cases, step))


def _estimate(cases: Iterable[Case], step: int) -> Estimate:
    """The share that came so far, with lieu and day as clusters."""
    from matching.evaluation import share  # noqa: PLC0415 (numpy: not before somebody looks)

    days: dict[tuple[int, date], list[int]] = {}
    for case in cases:
        cluster = days.setdefault((case.lieu_id, case.day), [0, 0])
        cluster[0] += case.step >= step
        cluster[1] += 1
    return share([yes for yes, _ in days.values()], [n for _, n in days.values()])


def trial(counts: Counts) -> list[Finding]:
    """What the trial found, for those who run the lieu: answers only, arms drawn by lot only."""
    from matching.trial import Outcome, findings  # noqa: PLC0415 (numpy, as above)

    return findings(
        Outcome(
            arm=case.arm,
            slot=(case.lieu_id, case.day),
            accepted=True if case.step >= 1 else False if case.refused else None,
            met=True if case.step >= 2 else False if case.denied else None,
            helpful=case.step >= 3 if case.step >= 2 else None,
        )
        for case in counts.introductions
        if case.drawn
    )


def sheet(found: Shown, *, scope: str, zone: str) -> list[list[Any]]:
    """The rows of the sheet, as `SHEET` names its columns."""
    first, last = (clock.local_date(at, zone).isoformat() for at in (found.since, found.until))
    return [
        [scope, first, last, one.arm, one.name, one.count, one.of, *_interval(one), one.note]
        for one in found.figures()
    ]


def _interval(one: Figure) -> list[float | None]:
    if one.estimate is None:
        return [None, None, None]
    return [round(value, 4) for value in (one.estimate.value, one.estimate.low, one.estimate.high)]

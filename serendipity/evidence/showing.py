"""Showing: counts as figures that may be told, with shares, intervals, and a sheet to take away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from serendipity import clock
from serendipity.evidence.cells import ALL, ANSWERS, arms_of, cells, joined, telling
from serendipity.evidence.counting import STEPS, Case, Counts, added

if TYPE_CHECKING:
    from matching.evaluation import Estimate
    from matching.trial import Finding

ENOUGH: Final = 20  # cases below which a share has no interval
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
class Compared:
    """What the trial found of one arm, or of two. What may not be told is nothing."""

    measure: str
    arm: str
    against: str | None
    answers: int | None
    estimate: Estimate | None


@dataclass(frozen=True)
class Shown:
    """What may be told of some lieux in some days."""

    since: datetime
    until: datetime
    arms: list[str]
    steps: dict[str, list[Figure]]  # arm, or all, → its steps
    ties: list[Figure]
    calls: list[Figure]
    trial: list[Compared]

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
    """The figures of a lieu that may be told, small ones and what gives them away left out."""
    return _shown(counts, telling(cells(counts)).counts)


def shown_together(
    each: Sequence[Counts], *, since: datetime, until: datetime
) -> tuple[Shown, list[Shown]]:
    """The figures of all these lieux together, and of each.

    Each lieu shows what it shows alone; sums are left out as far as one of them, less what the
    others show, gave away what a lieu leaves out.
    """
    ours = [cells(one, place=str(place)) for place, one in enumerate(each)]
    alone = [telling(one) for one in ours]
    together = telling(joined(ours), beside=alone)
    return (
        _shown(added(each, since=since, until=until), together.counts),
        [_shown(one, told.counts) for one, told in zip(each, alone, strict=True)],
    )


def _shown(counts: Counts, kept: dict[str, int]) -> Shown:
    arms = arms_of(counts)
    calls, answered = kept.get("calls"), kept.get("answered")
    return Shown(
        since=counts.since,
        until=counts.until,
        arms=arms,
        steps={
            arm: [_step(counts, arm, step, name, kept) for step, name in enumerate(STEPS)]
            for arm in [ALL, *arms]
        },
        ties=[Figure(ALL, name, kept.get(name)) for name in ("ties", "bridging")],
        calls=[
            Figure(ALL, "calls", calls),
            _share_of(Figure(ALL, "answered", answered, "calls", calls), counts.calls, 1),
        ],
        trial=_trial(counts, kept),
    )


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


def _trial(counts: Counts, kept: dict[str, int]) -> list[Compared]:
    """What the trial found: answers only, arms drawn by lot only."""
    from matching.trial import Outcome, findings  # noqa: PLC0415 (numpy, as above)

    found = findings(
        Outcome(arm=case.arm, slot=(case.lieu_id, case.day), **_answers(case))
        for case in counts.introductions
        if case.drawn
    )
    return [_compared(one, kept) for one in found]


def _answers(case: Case) -> dict[str, bool | None]:
    """By measure, whether the answer was yes; none where nobody answered."""
    return {
        measure: True if yes(case) else False if no(case) else None
        for measure, (yes, no) in ANSWERS.items()
    }


def _compared(one: Finding, kept: dict[str, int]) -> Compared:
    """A share and a gap tell the yeses with the answers: both are told, or neither."""
    names = [f"{arm} {one.measure}" for arm in (one.arm, one.against) if arm]
    answers = one.answers if all(name in kept for name in names) else None
    whole = answers is not None and all(f"{name} yes" in kept for name in names)
    return Compared(one.measure, one.arm, one.against, answers, one.estimate if whole else None)


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

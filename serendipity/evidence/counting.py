"""Counting: introductions step by step, ties and calls, from the rows, nothing kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from serendipity import clock
from serendipity.calls import Call, CallAsked
from serendipity.encounters import Encounter
from serendipity.introductions import Introduction, Side
from serendipity.lieux import Lieu
from serendipity.suggestions import Suggestion

STEPS: Final = ("proposed", "agreed", "met", "useful")
ARMS: Final = ("memory", "engine", "random")


@dataclass(frozen=True, slots=True)
class Case:
    """An introduction or a call: where and on which day (its cluster), and how far it came."""

    lieu_id: int
    day: date
    arm: str
    step: int  # the last of STEPS that it reached; a call: 0, or 1 when it was answered
    drawn: bool = False  # the arm was drawn by lot: it is part of the trial
    refused: bool = False  # somebody said no
    denied: bool = False  # somebody said that it did not happen

    @property
    def kind(self) -> str:
        """What it has in common with others in every table: all but where and when."""
        return f"{self.arm} {self.step} {self.drawn:d}{self.refused:d}{self.denied:d}"


@dataclass(frozen=True)
class Counts:
    """Everything that is counted of a lieu, or of several together, in some days."""

    since: datetime
    until: datetime
    introductions: list[Case]
    calls: list[Case]
    woven: int
    bridging: int


def counted(
    session: Session, *, lieu_ids: Sequence[int], since: datetime, until: datetime
) -> list[Counts]:
    """Count what began at each of these lieux from `since` to before `until`, in their order."""
    introductions = _by_lieu(_introductions(session, lieu_ids, since, until))
    calls = _by_lieu(_calls(session, lieu_ids, since, until))
    ties = _ties(session, set(lieu_ids), since, until)
    return [
        Counts(
            since=since,
            until=until,
            introductions=introductions[one],
            calls=calls[one],
            woven=len(ties[one]),
            bridging=sum(ties[one]),
        )
        for one in lieu_ids
    ]


def _by_lieu(cases: Iterable[Case]) -> dict[int, list[Case]]:
    found: dict[int, list[Case]] = defaultdict(list)
    for case in cases:
        found[case.lieu_id].append(case)
    return found


def added(each: Sequence[Counts], *, since: datetime, until: datetime) -> Counts:
    """The counts of several lieux in the same days as one."""
    return Counts(
        since=since,
        until=until,
        introductions=[case for one in each for case in one.introductions],
        calls=[case for one in each for case in one.calls],
        woven=sum(one.woven for one in each),
        bridging=sum(one.bridging for one in each),
    )


def _introductions(
    session: Session, lieu_ids: Collection[int], since: datetime, until: datetime
) -> Iterable[Case]:
    ours = Encounter.introduction_id == Introduction.id
    both = and_(
        ours,
        Encounter.a_confirmed_at.is_not(None),
        Encounter.b_confirmed_at.is_not(None),
        Encounter.denied_at.is_(None),
    )
    useful = or_(Encounter.a_helped, Encounter.b_helped, Encounter.outcome.not_in(("", "nothing")))
    sides = Side.introduction_id == Introduction.id
    rows = session.execute(
        select(
            Introduction.lieu_id,
            Lieu.timezone,
            Introduction.offered_at,
            Suggestion.arm,
            Suggestion.propensity,
            ~exists().where(sides, Side.yes_at.is_(None)),
            exists().where(both),
            exists().where(both, useful),
            exists().where(sides, Side.no_at.is_not(None)),
            exists().where(ours, Encounter.denied_at.is_not(None)),
        )
        .join(Suggestion, Suggestion.id == Introduction.suggestion_id)
        .join(Lieu, Lieu.id == Introduction.lieu_id)
        .where(
            Introduction.lieu_id.in_(lieu_ids),
            Introduction.offered_at >= since,
            Introduction.offered_at < until,
        )
    )
    for lieu_id, zone, at, arm, chance, agreed, met, helped, refused, denied in rows:
        # The concierge may have two people meet who had not answered: they had agreed, then.
        step = 3 if helped else 2 if met else 1 if agreed else 0
        day = clock.local_date(at, zone)
        yield Case(lieu_id, day, arm, step, chance < 1, bool(refused), bool(denied))


def _calls(
    session: Session, lieu_ids: Collection[int], since: datetime, until: datetime
) -> Iterable[Case]:
    """Calls that were not taken back unanswered; in time is before the call ran out."""
    answered = exists().where(CallAsked.call_id == Call.id, CallAsked.yes_at <= Call.expires_at)
    rows = session.execute(
        select(Call.lieu_id, Lieu.timezone, Call.called_at, answered)
        .join(Lieu, Lieu.id == Call.lieu_id)
        .where(
            Call.lieu_id.in_(lieu_ids),
            Call.called_at >= since,
            Call.called_at < until,
            or_(Call.withdrawn_at.is_(None), answered),
        )
    )
    for lieu_id, zone, at, yes in rows:
        yield Case(lieu_id, clock.local_date(at, zone), "", int(bool(yes)))


def _ties(
    session: Session, lieu_ids: set[int], since: datetime, until: datetime
) -> dict[int, list[bool]]:
    """By lieu, the pairs who met for the first time: whether they joined two circles.

    A tie bridges when both had met somebody before, and nobody in common: a local bridge
    (Granovetter 1973), seen as it was when it was woven.
    """
    known: dict[int, set[int]] = {}
    found: dict[int, list[bool]] = {one: [] for one in lieu_ids}
    for a, b, at, lieu_id in _meetings(session, until):
        ours, theirs = known.setdefault(a, set()), known.setdefault(b, set())
        if b not in ours and at >= since and lieu_id in lieu_ids:
            found[lieu_id].append(bool(ours and theirs and ours.isdisjoint(theirs)))
        ours.add(b)
        theirs.add(a)
    return found


def _meetings(session: Session, until: datetime) -> list[tuple[int, int, datetime, int]]:
    rows: Iterable[Any] = session.execute(
        select(
            Encounter.a_id,
            Encounter.b_id,
            Encounter.a_confirmed_at,
            Encounter.b_confirmed_at,
            Encounter.lieu_id,
        ).where(
            Encounter.a_confirmed_at < until,
            Encounter.b_confirmed_at < until,
            Encounter.denied_at.is_(None),
        )
    )
    found = [(a, b, max(one, other), lieu_id) for a, b, one, other, lieu_id in rows]
    return sorted(found, key=lambda row: (row[2], row[0], row[1]))

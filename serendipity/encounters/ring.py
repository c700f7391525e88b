"""Rings: people who keep confirming one another's help by hand, shown to the concierge.

What was suggested by the engine or called for in the room cannot be made at will; what is told by
hand can. So among answers told by hand this looks for two signs: help that goes round (a helped b,
b helped c, c helped a), and the same help told again in a month in which it was paid already. It
is a question to put to people over coffee, not an accusation: nothing is taken away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity.encounters.meeting import Encounter
from serendipity.members import Member

LOOKED_AT: Final = timedelta(days=30)
SMALLEST: Final = 3

Help = tuple[int, int]  # (helper, helped)
Told = Counter[tuple[Help, str]]  # … in which month, told how many times


@dataclass(frozen=True)
class Ring:
    """Some people among whom help goes round, or two who told the same help more than once."""

    members: tuple[Member, ...]
    told: int  # how many times one of them was helped by another, told by hand
    again: int  # how many of these were told again within a month and not paid


def rings(session: Session, *, lieu_id: int, at: datetime) -> list[Ring]:
    """What is worth a look at this lieu, the largest first."""
    told = Counter(_told_by_hand(session, lieu_id, at))
    helps = dict.fromkeys(pair for pair, _ in told)
    groups = [group for group in strongly_connected(helps) if len(group) >= SMALLEST]
    twice = {frozenset(pair) for (pair, _), times in told.items() if times > 1}
    groups += [pair for pair in twice if not any(pair <= group for group in groups)]
    found = [_ring(session, group, told) for group in groups]
    return sorted(found, key=lambda ring: (-len(ring.members), [one.id for one in ring.members]))


def _told_by_hand(session: Session, lieu_id: int, at: datetime) -> Iterable[tuple[Help, str]]:
    rows = session.scalars(
        select(Encounter).where(
            Encounter.lieu_id == lieu_id,
            Encounter.told_on.is_not(None),
            Encounter.denied_at.is_(None),
            Encounter.a_confirmed_at.between(at - LOOKED_AT, at),
            Encounter.b_confirmed_at.between(at - LOOKED_AT, at),
        )
    )
    for met in rows:
        month = f"{met.told_on:%Y-%m}"
        if met.a_helped:
            yield (met.b_id, met.a_id), month
        if met.b_helped:
            yield (met.a_id, met.b_id), month


def _ring(session: Session, group: frozenset[int], told: Told) -> Ring:
    times = [count for (pair, _), count in told.items() if group.issuperset(pair)]
    people = session.scalars(
        select(Member).where(Member.id.in_(group)).order_by(Member.name, Member.id)
    )
    return Ring(tuple(people), told=sum(times), again=sum(times) - len(times))


def strongly_connected(helps: Iterable[Help]) -> list[frozenset[int]]:
    """Groups in which everybody is helped by everybody, over others: what is reached both ways.

    Written here and not taken from networkx, which a web process must not import.

    Examples
    --------
    >>> sorted(map(sorted, strongly_connected([(1, 2), (2, 3), (3, 1), (3, 4)])))
    [[1, 2, 3], [4]]
    """
    onward: dict[int, set[int]] = {}
    back: dict[int, set[int]] = {}
    for giver, taker in helps:
        onward.setdefault(giver, set()).add(taker)
        back.setdefault(taker, set()).add(giver)
        onward.setdefault(taker, set())
        back.setdefault(giver, set())
    left, groups = set(onward), []
    while left:
        one = min(left)
        group = (_reached(one, onward) & _reached(one, back)) | {one}
        groups.append(frozenset(group))
        left -= group
    return groups


def _reached(start: int, ways: Mapping[int, set[int]]) -> set[int]:
    seen, waiting = {start}, [start]
    while waiting:
        for other in ways[waiting.pop()] - seen:
            seen.add(other)
            waiting.append(other)
    return seen

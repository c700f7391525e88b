"""Ties: what encounters leave between two members. They strengthen with each one and fade.

A pair has one row, the smaller id first. `trace` is the sum of the encounters' weights, each
halved for every half-life gone by, as it stood at `last_at`; the strength today is
1 − exp(−trace·2^(−Δ/half-life)) (see matching.ties, whose half-life this is). The encounters
remain the evidence: `ties.recompute` rebuilds the rows from them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from math import exp
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, String, delete, or_, select, union
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import many
from serendipity.db import Base, look_up
from serendipity.errors import Refused

HALF_LIFE: Final = timedelta(days=75)
ALIVE_FROM: Final = 0.05  # strength below which two no longer count as acquainted


class Tie(Base):
    __tablename__ = "tie"

    a_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    b_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    kind: Mapped[str] = mapped_column(String(12), default="met")  # met, or said to know
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    trace: Mapped[float] = mapped_column(default=1.0)

    __table_args__ = (
        CheckConstraint("a_id < b_id", name="one_spelling"),
        CheckConstraint("trace >= 0", name="trace"),
    )


class OnePerson(Refused):
    """A tie joins two people. Fact: member_id."""


Pair = tuple[int, int]


def spelt(one_id: int, other_id: int) -> Pair:
    """The one spelling of a pair: the smaller id first."""
    if one_id == other_id:
        raise OnePerson(member_id=one_id)
    return min(one_id, other_id), max(one_id, other_id)


def strengthen(
    session: Session, *, one_id: int, other_id: int, at: datetime, weight: float = 1.0
) -> Tie:
    """Two members met: their tie begins, or grows by `weight`.

    Raises
    ------
    OnePerson
        The two are one.
    """
    tie = _tie(session, spelt(one_id, other_id), at=at)
    # Decayed to the later of the two instants, so that the order of reports changes nothing.
    newest = max(tie.last_at, at)
    tie.trace = tie.trace * _left(newest - tie.last_at) + weight * _left(newest - at)
    tie.first_at, tie.last_at = min(tie.first_at, at), newest
    tie.kind = "met"
    session.flush()
    return tie


def _tie(session: Session, pair: Pair, *, at: datetime) -> Tie:
    """The row of a pair, ours to change until the transaction ends; made with no trace yet."""
    wanted = (
        select(Tie)
        .where(Tie.a_id == pair[0], Tie.b_id == pair[1])
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = session.scalar(wanted)
    if found is not None:
        return found
    made = Tie(a_id=pair[0], b_id=pair[1], kind="met", first_at=at, last_at=at, trace=0.0)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:  # another encounter of the two was quicker
        found = session.scalar(wanted)
        if found is None:
            raise
        return found
    return made


def _left(gone: timedelta) -> float:
    """What is left of a trace after so long."""
    return float(2.0 ** -(gone / HALF_LIFE))


def strength(tie: Tie, *, at: datetime) -> float:
    """How strong the tie is at this instant, from 0 to 1."""
    return 1 - exp(-tie.trace * _left(max(at - tie.last_at, timedelta(0))))


def tie_of(session: Session, *, one_id: int, other_id: int) -> Tie | None:
    """The tie between two members, if there is one."""
    return session.get(Tie, spelt(one_id, other_id))


def ties_of(session: Session, member_ids: Collection[int]) -> list[Tie]:
    """All ties that have one of these members at an end."""
    wanted = set(member_ids)
    return list(
        session.scalars(
            select(Tie)
            .where(or_(Tie.a_id.in_(wanted), Tie.b_id.in_(wanted)))
            .order_by(Tie.a_id, Tie.b_id)
        )
    )


# Two look-ups that each follow one index; an OR of the two columns would follow neither well.
_MET: Final = union(
    *(
        select(Tie.a_id, Tie.b_id, Tie.last_at, Tie.trace).where(many.among(end, "ids"))
        for end in (Tie.a_id, Tie.b_id)
    )
).order_by(Tie.a_id, Tie.b_id)


def met(session: Session, member_ids: Collection[int]) -> list[tuple[int, int, datetime, float]]:
    """All ties that have one of these members at an end, as plain values: many at a time."""
    return list(look_up(session, _MET, ids=set(member_ids)))


def known_pairs(session: Session, member_ids: Collection[int]) -> set[Pair]:
    """Pairs among these members who know each other; knowing does not fade."""
    wanted = set(member_ids)
    rows = session.execute(
        select(Tie.a_id, Tie.b_id).where(Tie.a_id.in_(wanted), Tie.b_id.in_(wanted))
    )
    return {(a, b) for a, b in rows}


def acquaintances(session: Session, *, member_id: int, at: datetime) -> list[int]:
    """Whom the member knows with a tie that is still alive, the strongest first."""
    alive = [
        (strength(tie, at=at), tie.b_id if tie.a_id == member_id else tie.a_id)
        for tie in ties_of(session, [member_id])
    ]
    return [
        other
        for how, other in sorted(alive, key=lambda row: (-row[0], row[1]))
        if how >= ALIVE_FROM
    ]


def rebuild(
    session: Session, *, one_id: int, other_id: int, meetings: Iterable[tuple[int, int, datetime]]
) -> Tie | None:
    """Build the tie of one pair anew from their encounters; without any, it was never there.

    What the two only said ("we know each other") is kept as it is.
    """
    a_id, b_id = spelt(one_id, other_id)
    ours = (Tie.a_id == a_id, Tie.b_id == b_id)
    session.scalar(select(Tie.a_id).where(*ours).with_for_update())
    session.execute(delete(Tie).where(*ours, Tie.kind == "met"))
    session.expire_all()
    for _, _, at in meetings:
        strengthen(session, one_id=a_id, other_id=b_id, at=at)
    return session.get(Tie, (a_id, b_id))


def recompute(session: Session, meetings: Iterable[tuple[int, int, datetime]]) -> int:
    """Build the ties anew from encounters (one, other, when); how many there are.

    What members only said ("we know each other") is kept as it is.
    """
    session.execute(delete(Tie).where(Tie.kind == "met"))
    session.expire_all()
    pairs = set()
    for one_id, other_id, at in meetings:
        strengthen(session, one_id=one_id, other_id=other_id, at=at)
        pairs.add(spelt(one_id, other_id))
    return len(pairs)

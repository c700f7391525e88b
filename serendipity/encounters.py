"""Encounters: it happened, and both say so.

Rules kept here: a pair has one spelling; an encounter counts when both timestamps are there;
then, once, the tie grows and each answer that was given is paid on the ledger (unique key). Only
the one who was helped can say so; nobody confirms their own help. What one of them denies is over
for both, without a word about who said it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import ledger, ties
from serendipity.db import Base, Key, PublicId
from serendipity.errors import Invalid, NotFound, Refused
from serendipity.members import Member

OUTCOMES: Final = (
    "", "advice", "idea", "work", "hire", "project", "friendship", "nothing",
)  # fmt: skip
ASKED_FOR: Final = timedelta(days=14)  # after that nobody asks any more whether it happened


class Encounter(Base):
    __tablename__ = "encounter"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), index=True)
    a_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    b_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    introduction_id: Mapped[int | None] = mapped_column(ForeignKey("introduction.id"))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    said_at: Mapped[datetime]  # when the first of them said so, or when it was set up
    a_confirmed_at: Mapped[datetime | None]
    b_confirmed_at: Mapped[datetime | None]
    a_helped: Mapped[bool] = mapped_column(default=False)  # a says: b helped me
    b_helped: Mapped[bool] = mapped_column(default=False)
    outcome: Mapped[str] = mapped_column(String(16), default="")
    denied_at: Mapped[datetime | None]  # one of them said it did not happen

    __table_args__ = (
        CheckConstraint("a_id < b_id", name="one_spelling"),
        UniqueConstraint("introduction_id", "a_id", "b_id"),
        UniqueConstraint("call_id", "a_id", "b_id"),
    )

    def other_than(self, member_id: int) -> int:
        return self.b_id if member_id == self.a_id else self.a_id

    def confirmed_by(self, member_id: int) -> datetime | None:
        return self.a_confirmed_at if member_id == self.a_id else self.b_confirmed_at

    @property
    def happened_at(self) -> datetime | None:
        """When it began to count: both said so."""
        if self.a_confirmed_at is None or self.b_confirmed_at is None:
            return None
        return max(self.a_confirmed_at, self.b_confirmed_at)


class NoSuchEncounter(NotFound):
    """There is none, it is not yours, or somebody said that it did not happen."""


class AlreadyHappened(Refused):
    """Both said that it happened; it cannot be denied any more."""


class NoSuchOutcome(Invalid):
    """Facts: field, given."""


@dataclass(frozen=True)
class Waiting:
    """An encounter that a member may speak about, with the other one."""

    encounter: Encounter
    other: Member
    said: bool  # by this member


def set_up(
    session: Session,
    *,
    lieu_id: int,
    member_ids: Sequence[int],
    at: datetime,
    introduction_id: int | None = None,
    call_id: int | None = None,
) -> list[Encounter]:
    """Let these people be asked whether they met: one encounter a pair; twice is once."""
    return [
        _set_up(
            session,
            Encounter(
                lieu_id=lieu_id,
                a_id=a_id,
                b_id=b_id,
                introduction_id=introduction_id,
                call_id=call_id,
                said_at=at,
            ),
        )
        for a_id, b_id in combinations(sorted(set(member_ids)), 2)
    ]


def _set_up(session: Session, made: Encounter) -> Encounter:
    already = select(Encounter).where(
        Encounter.introduction_id == made.introduction_id,
        Encounter.call_id == made.call_id,
        Encounter.a_id == made.a_id,
        Encounter.b_id == made.b_id,
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        return session.scalars(already).one()
    return made


def confirm(
    session: Session,
    *,
    public_id: str,
    member_id: int,
    helped: bool,
    at: datetime,
    outcome: str = "",
) -> Encounter:
    """Say that it happened, and whether the other helped; the second of the two makes it count.

    Saying so again changes nothing; what it was good for may be added any time.

    Raises
    ------
    NoSuchEncounter, NoSuchOutcome
    """
    if outcome not in OUTCOMES:
        raise NoSuchOutcome(field="outcome", given=outcome[:40])
    met = own_encounter(session, public_id=public_id, member_id=member_id)
    met.outcome = outcome or met.outcome
    if met.confirmed_by(member_id) is None:
        _say(met, member_id, helped=helped, at=at)
        session.flush()
        if met.happened_at is not None:
            _count(session, met, at=at)
    session.flush()
    return met


def _say(met: Encounter, member_id: int, *, helped: bool, at: datetime) -> None:
    if member_id == met.a_id:
        met.a_confirmed_at, met.a_helped = at, helped
    else:
        met.b_confirmed_at, met.b_helped = at, helped


def _count(session: Session, met: Encounter, *, at: datetime) -> None:
    """Both said so: the tie grows, and whoever helped is paid."""
    ties.strengthen(session, one_id=met.a_id, other_id=met.b_id, at=at)
    answers = ((met.a_helped, met.a_id, met.b_id), (met.b_helped, met.b_id, met.a_id))
    for helped, receiver, giver in answers:
        if helped:
            ledger.answer(
                session,
                helper_id=giver,
                lieu_id=met.lieu_id,
                key=f"answer:{met.public_id}:{receiver}",
                at=at,
                served_id=receiver,
            )


def own_encounter(session: Session, *, public_id: str, member_id: int) -> Encounter:
    """The member's encounter, locked until the transaction ends.

    The lock makes the second of two who confirm at the same instant see the first; without it
    each would wait for the other's word for ever (PostgreSQL; SQLite has one writer anyway).

    Raises
    ------
    NoSuchEncounter
    """
    met = session.scalar(
        select(Encounter)
        .where(
            Encounter.public_id == public_id,
            or_(Encounter.a_id == member_id, Encounter.b_id == member_id),
            Encounter.denied_at.is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if met is None:
        raise NoSuchEncounter()
    return met


def deny(session: Session, *, public_id: str, member_id: int, at: datetime) -> Encounter:
    """It did not happen; nobody is asked again.

    Raises
    ------
    NoSuchEncounter, AlreadyHappened
    """
    met = own_encounter(session, public_id=public_id, member_id=member_id)
    if met.happened_at is not None:
        raise AlreadyHappened()
    met.denied_at = at
    session.flush()
    return met


def waiting_for(session: Session, *, member_id: int, at: datetime) -> list[Waiting]:
    """Encounters of the last two weeks that do not count yet, the newest first."""
    mine = or_(Encounter.a_id == member_id, Encounter.b_id == member_id)
    rows = session.execute(
        select(Encounter, Member)
        .join(Member, (Member.id == Encounter.a_id) | (Member.id == Encounter.b_id))
        .where(
            mine,
            Member.id != member_id,
            Member.erased_at.is_(None),
            Encounter.denied_at.is_(None),
            Encounter.said_at > at - ASKED_FOR,
            or_(Encounter.a_confirmed_at.is_(None), Encounter.b_confirmed_at.is_(None)),
        )
        .order_by(Encounter.said_at.desc(), Encounter.id.desc())
    )
    return [Waiting(met, other, met.confirmed_by(member_id) is not None) for met, other in rows]


def meetings(session: Session) -> list[tuple[int, int, datetime]]:
    """Every encounter that counts, in order: what `ties.recompute` is built from."""
    rows = session.scalars(
        select(Encounter)
        .where(Encounter.a_confirmed_at.is_not(None), Encounter.b_confirmed_at.is_not(None))
        .order_by(Encounter.id)
    )
    return [(met.a_id, met.b_id, met.happened_at or met.said_at) for met in rows]

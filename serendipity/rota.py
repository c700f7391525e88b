"""The rota: who means to be the concierge, and when. Plans only; the rights follow the shift taken.

Rules kept here: only the concierges of a lieu plan there, and see its plan; a plan is between a
quarter of an hour and fourteen hours long, and at most ninety days ahead; nobody is planned twice
at overlapping times at one lieu; a plan without a name is one that somebody is looked for, which
any of them may take on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import members
from serendipity.db import Base, Key, PublicId
from serendipity.errors import Invalid, NotFound, Refused
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.shifts import LONGEST, Concierge, NotConcierge

SHORTEST: Final = timedelta(minutes=15)
AHEAD: Final = timedelta(days=90)


class Planned(Base):
    """A time at the desk that somebody means to take; without a member, somebody is looked for."""

    __tablename__ = "planned_shift"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    planned_at: Mapped[datetime]

    __table_args__ = (
        Index("uq_planned_shift_start", "lieu_id", "member_id", "starts_at", unique=True),
        CheckConstraint("ends_at > starts_at", name="ends_after"),
    )


class NoSuchPlan(NotFound):
    """None here with this id, or not yours to change: all answer alike."""


class BadPlan(Invalid):
    """In the past, too short, too long or too far ahead. Facts: field, starts_at, ends_at."""


class AlreadyPlanned(Refused):
    """The same person, at a time that overlaps. Facts: starts_at, ends_at of the other plan."""


@dataclass(frozen=True)
class Entry:
    """A line of the rota."""

    plan: Planned
    member: Member | None


def lieu_of_concierge(session: Session, *, slug: str, member_id: int) -> Lieu:
    """The lieu, for one of its concierges. NotConcierge, also when there is no such lieu."""
    lieu = session.scalar(
        select(Lieu)
        .join(Concierge, Concierge.lieu_id == Lieu.id)
        .where(Lieu.slug == slug, Concierge.member_id == member_id)
    )
    if lieu is None:
        raise NotConcierge()
    return lieu


def plan(
    session: Session,
    *,
    lieu: Lieu,
    starts_at: datetime,
    ends_at: datetime,
    at: datetime,
    member_id: int | None = None,
) -> Planned:
    """Put a time on the rota, for a member or for whoever will take it.

    Raises
    ------
    BadPlan, AlreadyPlanned
        Nothing was written.
    NotConcierge
        The member is none here.
    """
    long_enough = SHORTEST <= ends_at - starts_at <= LONGEST
    if not long_enough or ends_at <= at or starts_at > at + AHEAD:
        raise BadPlan(field="starts", starts_at=starts_at, ends_at=ends_at)
    if member_id is not None:
        _free(session, lieu_id=lieu.id, member_id=member_id, starts_at=starts_at, ends_at=ends_at)
    planned = Planned(
        lieu_id=lieu.id, member_id=member_id, starts_at=starts_at, ends_at=ends_at, planned_at=at
    )
    session.add(planned)
    session.flush()
    return planned


def take_on(session: Session, *, lieu: Lieu, public_id: str, member_id: int) -> Planned:
    """Take a time for which somebody is looked for. NoSuchPlan, AlreadyPlanned, NotConcierge."""
    planned = _plan(session, lieu, public_id)
    if planned.member_id == member_id:
        return planned
    if planned.member_id is not None:
        raise NoSuchPlan()
    _free(
        session,
        lieu_id=lieu.id,
        member_id=member_id,
        starts_at=planned.starts_at,
        ends_at=planned.ends_at,
    )
    planned.member_id = member_id
    session.flush()
    return planned


def let_go(session: Session, *, lieu: Lieu, public_id: str, member_id: int) -> Planned:
    """I cannot come: somebody is looked for from now on. NoSuchPlan."""
    planned = _plan(session, lieu, public_id)
    if planned.member_id != member_id:
        raise NoSuchPlan()
    planned.member_id = None
    session.flush()
    return planned


def strike(session: Session, *, lieu: Lieu, public_id: str, member_id: int) -> None:
    """Take one's own time, or one that nobody has, off the rota. NoSuchPlan."""
    planned = _plan(session, lieu, public_id)
    if planned.member_id not in (None, member_id):
        raise NoSuchPlan()
    session.delete(planned)
    session.flush()


def entries(session: Session, *, lieu_id: int, since: datetime, until: datetime) -> list[Entry]:
    """What is planned between two instants, in order of time."""
    rows = session.execute(
        select(Planned, Member)
        .outerjoin(Member, Member.id == Planned.member_id)
        .where(Planned.lieu_id == lieu_id, Planned.ends_at > since, Planned.starts_at < until)
        .order_by(Planned.starts_at, Planned.id)
    )
    return [Entry(planned, member) for planned, member in rows]


def _plan(session: Session, lieu: Lieu, public_id: str) -> Planned:
    found = session.scalar(
        select(Planned)
        .where(Planned.public_id == public_id, Planned.lieu_id == lieu.id)
        .with_for_update()
    )
    if found is None:
        raise NoSuchPlan()
    return found


def _free(
    session: Session, *, lieu_id: int, member_id: int, starts_at: datetime, ends_at: datetime
) -> None:
    """Refuse whoever is no concierge here, or is planned at this time already.

    The concierge's row is locked: two browsers of one person are looked at one after the other.
    """
    role = session.scalar(
        select(Concierge)
        .where(Concierge.lieu_id == lieu_id, Concierge.member_id == member_id)
        .with_for_update()
    )
    if role is None:
        raise NotConcierge()
    other = session.scalar(
        select(Planned).where(
            Planned.lieu_id == lieu_id,
            Planned.member_id == member_id,
            Planned.starts_at < ends_at,
            Planned.ends_at > starts_at,
        )
    )
    if other is not None:
        raise AlreadyPlanned(starts_at=other.starts_at, ends_at=other.ends_at)


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    session.execute(delete(Planned).where(Planned.member_id == member.id))

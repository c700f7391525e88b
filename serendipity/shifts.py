"""Shifts: the concierge is a role that rotates; its rights follow the shift.

Rules kept here: a member may take a shift only at a lieu where they are a concierge; an open shift
gives the rights of the role at that lieu and nowhere else, and ends with a handover note.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity.db import Base, Key
from serendipity.errors import NotFound


class Concierge(Base):
    """A member who may take shifts at a lieu."""

    __tablename__ = "concierge"

    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    since: Mapped[datetime]


class Shift(Base):
    __tablename__ = "shift"

    id: Mapped[Key]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    started_at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, default="")  # handed over to the next

    __table_args__ = (
        Index(
            "uq_shift_open",
            "lieu_id",
            "member_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        CheckConstraint("until > started_at", name="until"),
    )


class NotOnShift(NotFound):
    """No rights at this lieu now: answers like a lieu that does not exist. Facts: none."""


def shift_of(session: Session, *, member_id: int, lieu_id: int, at: datetime) -> Shift:
    """The open shift that gives this member the concierge's rights at this lieu.

    Raises
    ------
    NotOnShift
        They have none, or it ended.
    """
    shift = session.scalar(
        select(Shift).where(
            Shift.member_id == member_id,
            Shift.lieu_id == lieu_id,
            Shift.ended_at.is_(None),
            Shift.started_at <= at,
            Shift.until > at,
        )
    )
    if shift is None:
        raise NotOnShift()
    return shift

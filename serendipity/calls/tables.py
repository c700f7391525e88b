"""The tables: a call, and those it was put to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    ScalarSelect,
    String,
    UniqueConstraint,
    func,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key, PublicId

MOST_PEOPLE: Final = 4  # with the asker a circle of five
TURN: Final = timedelta(minutes=10)  # to answer, before the next one is asked


class Call(Base):
    __tablename__ = "call"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"), index=True)
    words: Mapped[str] = mapped_column(String(240))
    language: Mapped[str | None] = mapped_column(String(2))
    concept_id: Mapped[str | None] = mapped_column(ForeignKey("concept.id"))
    proposals: Mapped[list[Any]] = mapped_column(default=list)
    read_at: Mapped[datetime | None] = mapped_column(index=True)
    people: Mapped[int] = mapped_column(default=1)  # who may say yes: one, or a few for a circle
    called_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    tried_at: Mapped[datetime | None]  # when somebody was last looked for and nobody fitted
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("(member_id IS NULL) <> (booking_id IS NULL)", name="one_asker"),
        CheckConstraint("expires_at > called_at", name="expires"),
        CheckConstraint(f"people BETWEEN 1 AND {MOST_PEOPLE}", name="people"),
        UniqueConstraint("id", "people"),  # what a chair points at
    )


class CallAsked(Base):
    """A member who was asked, and what they answered. A yes takes a chair at the table.

    The chairs are numbered, at most as many as the call has people, and one is for one: so the
    yes too many is refused by the schema, for one person as for a circle.
    """

    __tablename__ = "call_asked"

    call_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    asked_at: Mapped[datetime]
    yes_at: Mapped[datetime | None]
    no_at: Mapped[datetime | None]
    passed_at: Mapped[datetime | None]  # ten minutes went by
    people: Mapped[int] = mapped_column(default=1)  # of the call
    chair: Mapped[int | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["call_id", "people"],
            ["call.id", "call.people"],
            name="fk_call_asked_call",
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        UniqueConstraint("call_id", "chair"),
        CheckConstraint("chair BETWEEN 1 AND people", name="chair"),
        CheckConstraint("(chair IS NULL) = (yes_at IS NULL)", name="yes_takes_a_chair"),
        Index("ix_call_asked_member_asked", "member_id", "asked_at"),
        CheckConstraint("yes_at IS NULL OR no_at IS NULL", name="one_answer"),
    )


# Who was asked and has their turn: neither answered nor passed over.
IN_HAND: Final = (
    CallAsked.yes_at.is_(None),
    CallAsked.no_at.is_(None),
    CallAsked.passed_at.is_(None),
)


def yeses(call_id: Any) -> ScalarSelect[int]:
    """How many said yes to a call, inside a statement about calls."""
    return (
        select(func.count())
        .select_from(CallAsked)
        .where(CallAsked.call_id == call_id, CallAsked.yes_at.is_not(None))
        .correlate(Call)
        .scalar_subquery()
    )

"""The tables: a call, and those it was put to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key, PublicId

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
    called_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    tried_at: Mapped[datetime | None]  # when somebody was last looked for and nobody fitted
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("(member_id IS NULL) <> (booking_id IS NULL)", name="one_asker"),
        CheckConstraint("expires_at > called_at", name="expires"),
    )


class CallAsked(Base):
    """A member who was asked, and what they answered."""

    __tablename__ = "call_asked"

    call_id: Mapped[int] = mapped_column(
        ForeignKey("call.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    asked_at: Mapped[datetime]
    yes_at: Mapped[datetime | None]
    no_at: Mapped[datetime | None]
    passed_at: Mapped[datetime | None]  # ten minutes went by

    __table_args__ = (
        Index(
            "uq_call_asked_yes",
            "call_id",
            unique=True,
            sqlite_where=text("yes_at IS NOT NULL"),
            postgresql_where=text("yes_at IS NOT NULL"),
        ),
        Index("ix_call_asked_member_asked", "member_id", "asked_at"),
        CheckConstraint("yes_at IS NULL OR no_at IS NULL", name="one_answer"),
    )

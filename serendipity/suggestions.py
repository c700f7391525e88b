"""Suggestions: the engine's ideas of who should meet, with the facts that speak for it.

A round looks at a lieu (those present, or, at night, its members) and asks `matching` for pairs
and circles. A suggestion is nobody's yet: it becomes an introduction when it is offered.

Rules kept here: a pair is suggested once (`suggested_pair` remembers it, one spelling, also for
circles); the arm of the trial and the propensity are logged when the suggestion is made.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key, PublicId


class Round(Base):
    __tablename__ = "round"

    id: Mapped[Key]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"))
    kind: Mapped[str] = mapped_column(String(8))  # day or night
    at: Mapped[datetime]
    local_date: Mapped[date]
    policy: Mapped[str] = mapped_column(String(12))
    seed: Mapped[int]
    people: Mapped[int]
    weight: Mapped[float]
    bound: Mapped[float]  # weight / bound certifies the round
    left_out: Mapped[dict[str, Any]]  # why → how many

    __table_args__ = (
        Index("ix_round_lieu_at", "lieu_id", "at"),
        CheckConstraint("kind IN ('day', 'night')", name="kind"),
    )


class Suggestion(Base):
    __tablename__ = "suggestion"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), index=True)
    at: Mapped[datetime]
    expires_at: Mapped[datetime]
    score: Mapped[float]
    arm: Mapped[str] = mapped_column(String(12))
    propensity: Mapped[float]
    reasons: Mapped[list[Any]]  # [{"code": …, "facts": {…}}, …]; ids in facts are member ids
    withdrawn_at: Mapped[datetime | None]


class SuggestionMember(Base):
    __tablename__ = "suggestion_member"

    suggestion_id: Mapped[int] = mapped_column(
        ForeignKey("suggestion.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    serves: Mapped[float] = mapped_column(default=0.0)  # how much it serves this member, 0 to 1

    __table_args__ = (CheckConstraint("serves BETWEEN 0 AND 1", name="serves"),)


class SuggestedPair(Base):
    """Memory: these two were suggested to each other."""

    __tablename__ = "suggested_pair"

    a_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    b_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    suggestion_id: Mapped[int] = mapped_column(ForeignKey("suggestion.id"), index=True)
    at: Mapped[datetime]

    __table_args__ = (CheckConstraint("a_id < b_id", name="one_spelling"),)

"""The tables: rounds, suggestions with the people in them, and the memory of pairs."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from serendipity.db import Base, Key, PublicId

if TYPE_CHECKING:
    from serendipity.introductions import Introduction


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

    suggestions: Mapped[list[Suggestion]] = relationship("Suggestion", order_by="Suggestion.id")

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

    members: Mapped[list[SuggestionMember]] = relationship(
        "SuggestionMember", order_by="SuggestionMember.member_id", lazy="selectin"
    )
    introduction: Mapped[Introduction | None] = relationship(
        "Introduction", uselist=False, back_populates="suggestion"
    )


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

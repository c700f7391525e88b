"""Skills: what a member can help with, in their own words, and the concept the words were heard as.

A concept is an entry of a vocabulary (the starter one, or ESCO); its labels and alternatives are
kept in normalised form so that exact words are recognised without the encoder. What the encoder
hears later, in the worker, is a proposal until it is sure or the member confirms; a confirmation
becomes an alias that everybody's words profit from.

Rules kept here: the member's words are always kept; a doubtful concept is proposed, never imposed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key, PublicId


class Concept(Base):
    __tablename__ = "concept"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)  # the vocabulary's own id
    vocabulary: Mapped[str] = mapped_column(String(40), index=True)
    family: Mapped[str | None] = mapped_column(String(80), index=True)
    broader_id: Mapped[str | None] = mapped_column(String(80))
    labels: Mapped[dict[str, Any]]  # language → label


class Family(Base):
    """A family of concepts: what a kiosk and a skill map name when few people hold a skill."""

    __tablename__ = "family"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    vocabulary: Mapped[str] = mapped_column(String(40))
    labels: Mapped[dict[str, Any]]


class ConceptName(Base):
    """A label or alternative in normalised words (`matching.text.normalised`)."""

    __tablename__ = "concept_name"

    id: Mapped[Key]
    concept_id: Mapped[str] = mapped_column(ForeignKey("concept.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(2))
    words: Mapped[str] = mapped_column(Text)

    __table_args__ = (UniqueConstraint("words", "language", "concept_id"),)


class Alias(Base):
    """Words that a member confirmed to mean a concept."""

    __tablename__ = "alias"

    words: Mapped[str] = mapped_column(String(240), primary_key=True)
    concept_id: Mapped[str] = mapped_column(
        ForeignKey("concept.id", ondelete="CASCADE"), primary_key=True
    )
    confirmed_by: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    at: Mapped[datetime]


class MemberSkill(Base):
    __tablename__ = "member_skill"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    words: Mapped[str] = mapped_column(String(240))
    language: Mapped[str | None] = mapped_column(String(2))
    concept_id: Mapped[str | None] = mapped_column(ForeignKey("concept.id"), index=True)
    proposals: Mapped[list[Any]] = mapped_column(default=list)  # [[concept id, probability], …]
    # when the engine read the words; empty: still waiting
    read_at: Mapped[datetime | None] = mapped_column(index=True)
    confirmed_at: Mapped[datetime | None]  # when the member said "yes, that"
    offered_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("confirmed_at IS NULL OR concept_id IS NOT NULL", name="confirmed"),
    )

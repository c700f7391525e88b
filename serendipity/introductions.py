"""Introductions: a suggestion offered to the people in it; agreed when every one said yes.

Rules kept here: no status column, each side has its own two timestamps; nobody learns of a
one-sided yes or of a no; names, places and addresses leave only through `revealed`, which asks
for all the yeses; unanswered introductions lapse silently.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key, PublicId


class Introduction(Base):
    __tablename__ = "introduction"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    suggestion_id: Mapped[int] = mapped_column(ForeignKey("suggestion.id"))
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), index=True)
    how: Mapped[str] = mapped_column(String(12))  # here (on the phone), mail, concierge
    offered_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("suggestion_id"),
        CheckConstraint("how IN ('here', 'mail', 'concierge')", name="how"),
        CheckConstraint("expires_at > offered_at", name="expires"),
    )


class Side(Base):
    """One member's side of an introduction."""

    __tablename__ = "introduction_side"

    introduction_id: Mapped[int] = mapped_column(
        ForeignKey("introduction.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    yes_at: Mapped[datetime | None]
    no_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("yes_at IS NULL OR no_at IS NULL", name="one_answer"),)

"""Needs: what would help a member today. One line; it is forgotten tonight.

Rules kept here: a need belongs to a presence or, for the night, to a member; it expires; its words
are kept as typed and read like a skill's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key, PublicId


class Need(Base):
    __tablename__ = "need"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), index=True)
    presence_id: Mapped[int | None] = mapped_column(ForeignKey("presence.id"), index=True)
    words: Mapped[str] = mapped_column(String(240))
    language: Mapped[str | None] = mapped_column(String(2))
    concept_id: Mapped[str | None] = mapped_column(ForeignKey("concept.id"))
    proposals: Mapped[list[Any]] = mapped_column(default=list)
    read_at: Mapped[datetime | None] = mapped_column(index=True)
    confirmed_at: Mapped[datetime | None]
    said_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("expires_at > said_at", name="expires"),)

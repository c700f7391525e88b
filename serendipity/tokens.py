"""Tokens: bearer keys for the JSON API, shown once, kept as a hash, revocable."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key, PublicId


class Token(Base):
    __tablename__ = "token"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    role: Mapped[str] = mapped_column(String(12))  # member, concierge, operator, kiosk
    lieu_id: Mapped[int | None] = mapped_column(ForeignKey("lieu.id"))
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

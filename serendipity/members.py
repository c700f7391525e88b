"""A member: a person with a name, an email address and the languages they speak.

Rules kept here: an address belongs to one member (compared without case); an erased member keeps
their row, because ties and ledger entries of others point to it, but nothing that names them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key, PublicId


class Member(Base):
    __tablename__ = "member"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    email: Mapped[str | None] = mapped_column(String(254), unique=True)  # lower case; none: erased
    name: Mapped[str] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(2), default="en")  # of the screens and emails
    languages: Mapped[list[Any]] = mapped_column(default=list)  # spoken, as two-letter codes
    is_operator: Mapped[bool] = mapped_column(default=False)
    home_lieu_id: Mapped[int | None] = mapped_column(ForeignKey("lieu.id"), index=True)
    created_at: Mapped[datetime]
    email_confirmed_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]  # no suggestions before
    session_epoch: Mapped[int] = mapped_column(default=0)  # counts up to end all sessions
    erased_at: Mapped[datetime | None]
    source: Mapped[str | None] = mapped_column(String(80))
    source_id: Mapped[str | None] = mapped_column(String(80))

    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("(email IS NULL) = (erased_at IS NOT NULL)", name="erased_has_no_email"),
    )


class Block(Base):
    """One member never wants to meet another; silent, and it works both ways."""

    __tablename__ = "block"

    blocker_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    blocked_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    at: Mapped[datetime]

    __table_args__ = (CheckConstraint("blocker_id <> blocked_id", name="not_oneself"),)

"""Signing in: a six-digit code sent to an address, typed in the browser that asked for it.

Rules kept here: a code dies on first use, after ten minutes and after five tries; it is bound to
the browser that asked; only its hash is stored; nothing tells whether an address is known.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key


class SigninCode(Base):
    __tablename__ = "signin_code"

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(String(254), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    browser_hash: Mapped[str] = mapped_column(String(64), index=True)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("tries BETWEEN 0 AND 5", name="tries"),)

"""Idempotency: the same request, sent again, has one effect and the same answer.

The row is written in the effect's own transaction (unique actor, route, key); another body under
the same key is refused; busy answers are never kept.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key


class Answered(Base):
    __tablename__ = "answered"

    id: Mapped[Key]
    actor: Mapped[str] = mapped_column(String(64))
    route: Mapped[str] = mapped_column(String(120))
    key: Mapped[str] = mapped_column(String(120))
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    answer: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (UniqueConstraint("actor", "route", "key"),)

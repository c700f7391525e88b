"""Audit: who looked at or changed what concerns a person, and why; the person can read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key


class AuditEntry(Base):
    __tablename__ = "audit_entry"

    id: Mapped[Key]
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    lieu_id: Mapped[int | None] = mapped_column(ForeignKey("lieu.id"))
    what: Mapped[str] = mapped_column(String(40))
    concerns_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    facts: Mapped[dict[str, Any]]

    __table_args__ = (Index("ix_audit_entry_concerns_at", "concerns_id", "at"),)

"""Evidence: what became of introductions at a lieu."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base


class PublicEvidence(Base):
    """A lieu shows its evidence to everybody; no row: it does not."""

    __tablename__ = "public_evidence"

    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), primary_key=True)
    since: Mapped[datetime]
    shown_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)

"""Mail: the outbox. An email is owed in the transaction that owes it, and delivered after.

Rules kept here: an email is owed once (unique kind, recipient, key). `sending` is committed just
before the DATA command and `sent` just after the server's 250; what died between the two is
`uncertain`, shown to a person and never sent again blindly. The honest promise: at most once, and
never silently lost.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key, PublicId


class Letter(Base):
    __tablename__ = "letter"

    id: Mapped[Key]
    public_id: Mapped[PublicId]  # stable Message-ID
    kind: Mapped[str] = mapped_column(String(24))
    recipient: Mapped[str] = mapped_column(String(254))
    key: Mapped[str] = mapped_column(String(120))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    lieu_id: Mapped[int | None] = mapped_column(ForeignKey("lieu.id"), index=True)
    language: Mapped[str] = mapped_column(String(2))
    facts: Mapped[dict[str, Any]]  # what the template needs; rendered when sent
    owed_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    sending_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    uncertain_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]  # no longer true or no longer agreed when its turn came
    why: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        UniqueConstraint("kind", "recipient", "key"),
        Index("ix_letter_waiting", "sent_at", "failed_at", "next_try_at"),
        CheckConstraint("sent_at IS NULL OR sending_at IS NOT NULL", name="sending_first"),
    )

"""Encounters: it happened, and both say so.

Rules kept here: a pair has one spelling; an encounter counts when both timestamps are there;
then, once, the tie grows and each answer that was given is paid on the ledger (unique key).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key, PublicId


class Encounter(Base):
    __tablename__ = "encounter"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), index=True)
    a_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    b_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    introduction_id: Mapped[int | None] = mapped_column(ForeignKey("introduction.id"))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    said_at: Mapped[datetime]  # when the first of them said so, or when it was set up
    a_confirmed_at: Mapped[datetime | None]
    b_confirmed_at: Mapped[datetime | None]
    a_helped: Mapped[bool] = mapped_column(default=False)  # a says: b helped me
    b_helped: Mapped[bool] = mapped_column(default=False)
    outcome: Mapped[str] = mapped_column(String(16), default="")
    denied_at: Mapped[datetime | None]  # one of them said it did not happen

    __table_args__ = (
        CheckConstraint("a_id < b_id", name="one_spelling"),
        UniqueConstraint("introduction_id", "a_id", "b_id"),
        UniqueConstraint("call_id", "a_id", "b_id"),
    )

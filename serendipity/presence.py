"""Presence: the interval a member spends at a lieu, from check-in to check-out.

Rules kept here: nobody is in two places (a partial unique index on open presences; checking in
elsewhere moves the person and closes the first as "moved"); a second tap answers "already here";
a presence that only a printed code or an unconfirmed address vouches for is `declared` until the
concierge, or the emailed code, confirms it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key, PublicId

HOW_IN = ("qr", "digits", "kiosk", "concierge", "poster", "reservation", "api")
HOW_OUT = ("left", "until", "closing", "moved", "concierge")


class Presence(Base):
    __tablename__ = "presence"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"))
    started_at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    how_in: Mapped[str] = mapped_column(String(12))
    how_out: Mapped[str | None] = mapped_column(String(12))
    confirmed_at: Mapped[datetime | None]  # empty: declared
    place: Mapped[str] = mapped_column(String(80), default="")  # "long table"
    focus_until: Mapped[datetime | None]  # not to be disturbed before
    hidden_at: Mapped[datetime | None]  # "hide me", for this stay

    __table_args__ = (
        Index(
            "uq_presence_open",
            "member_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_presence_lieu_ended", "lieu_id", "ended_at"),
        Index("ix_presence_member_started", "member_id", "started_at"),
        CheckConstraint("until > started_at", name="until"),
        CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="ended"),
        CheckConstraint("(ended_at IS NULL) = (how_out IS NULL)", name="how_out"),
    )

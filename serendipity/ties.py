"""Ties: what encounters leave between two members. They strengthen with each one and fade.

A pair has one row, the smaller id first. `trace` is the sum of the encounters' weights, each
halved for every half-life gone by, as it stood at `last_at`; the strength today is
1 − exp(−trace·2^(−Δ/half-life)/τ0) (see matching.ties). The encounters remain the evidence:
`ties.recompute` rebuilds the rows from them.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base


class Tie(Base):
    __tablename__ = "tie"

    a_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    b_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    kind: Mapped[str] = mapped_column(String(12), default="met")  # met, or said to know
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    trace: Mapped[float] = mapped_column(default=1.0)

    __table_args__ = (
        CheckConstraint("a_id < b_id", name="one_spelling"),
        CheckConstraint("trace >= 0", name="trace"),
    )

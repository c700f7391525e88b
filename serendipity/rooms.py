"""Rooms: what an organisation can book at a lieu, and what it costs.

Money is integer cents in the lieu's currency, prices are before VAT, VAT is in basis points
(2000 is 20 %).
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key, PublicId


class Room(Base):
    __tablename__ = "room"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"))
    slug: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(String(400), default="")
    shape: Mapped[str] = mapped_column(String(12), default="table")  # table, round, rows: the plan
    capacity: Mapped[int]
    step_free: Mapped[bool] = mapped_column(default=False)
    access: Mapped[str] = mapped_column(String(160), default="")  # "door 93 cm", "14 steps"
    hour_cents: Mapped[int]
    half_day_cents: Mapped[int]
    day_cents: Mapped[int]
    vat_points: Mapped[int] = mapped_column(default=2000)
    buffer_minutes: Mapped[int] = mapped_column(default=0)  # kept free after a booking

    __table_args__ = (
        UniqueConstraint("lieu_id", "slug"),
        CheckConstraint("capacity BETWEEN 1 AND 10000", name="capacity"),
        CheckConstraint(
            "hour_cents >= 0 AND half_day_cents >= 0 AND day_cents >= 0", name="prices"
        ),
        CheckConstraint("vat_points BETWEEN 0 AND 10000", name="vat"),
        CheckConstraint("buffer_minutes BETWEEN 0 AND 240", name="buffer"),
    )

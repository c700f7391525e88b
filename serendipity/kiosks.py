"""Kiosks: the screens at the doors, each paired to one lieu by a one-time code.

Rules kept here: a kiosk holds no person's session; its pairing code dies on use and after ten
minutes; a revoked kiosk shows and accepts nothing. The door code it shows is computed, never
stored: `v1.kiosk.step.hmac`, a step of fifteen seconds, accepted for forty-five.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key, PublicId


class Kiosk(Base):
    __tablename__ = "kiosk"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), index=True)
    name: Mapped[str] = mapped_column(String(80), default="")
    pairing_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    pairing_expires_at: Mapped[datetime | None]
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)  # its cookie
    paired_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

"""Consent: what a member agreed to show, per lieu. Everything is off until chosen.

- `here_today`: people checked in at this lieu see the member's name and skills until they leave.
  Reciprocal: who hides does not see names either.
- `by_mail`: introductions may be planned for the member at night.
- `other_lieux`: members of other lieux of the network may be suggested, without names.

Rules kept here: a person is never shown to somebody they did not agree to be shown to; every
query that can name a person asks this module.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base


class Consent(Base):
    __tablename__ = "consent"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), primary_key=True, index=True)
    here_today: Mapped[bool] = mapped_column(default=False)
    by_mail: Mapped[bool] = mapped_column(default=False)
    other_lieux: Mapped[bool] = mapped_column(default=False)
    chosen_at: Mapped[datetime]

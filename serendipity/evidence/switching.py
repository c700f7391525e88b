"""Switching: whether a lieu shows its evidence to everybody."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity.db import Base


class PublicEvidence(Base):
    """A lieu shows its evidence to everybody; no row: it does not."""

    __tablename__ = "public_evidence"

    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), primary_key=True)
    since: Mapped[datetime]
    shown_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)


def public_since(session: Session, *, lieu_id: int) -> datetime | None:
    """Since when this lieu shows its evidence to everybody; nothing while it does not."""
    held = session.get(PublicEvidence, lieu_id)
    return held.since if held else None


def show_to_everybody(
    session: Session, *, lieu_id: int, by: int | None, at: datetime
) -> PublicEvidence:
    """Switch the public page on; twice is once."""
    held = session.get(PublicEvidence, lieu_id)
    if held is not None:
        return held
    made = PublicEvidence(lieu_id=lieu_id, since=at, shown_by_id=by)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:  # somebody else switched it on a moment ago
        return session.get_one(PublicEvidence, lieu_id)
    return made


def hide_from_everybody(session: Session, *, lieu_id: int) -> None:
    """Switch the public page off."""
    session.execute(delete(PublicEvidence).where(PublicEvidence.lieu_id == lieu_id))

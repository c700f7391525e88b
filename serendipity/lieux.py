"""A lieu: a third place, with its hours, its moments and its zone. A network is all of them.

Rules kept here: a slug names one lieu; a lieu imported twice from the same source is one row.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity.db import Base, Key
from serendipity.errors import NotFound


class Lieu(Base):
    __tablename__ = "lieu"

    id: Mapped[Key]
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(160))
    kind: Mapped[str] = mapped_column(String(80), default="")
    address: Mapped[str] = mapped_column(String(240), default="")
    postcode: Mapped[str] = mapped_column(String(12), default="")
    city: Mapped[str] = mapped_column(String(120), default="")
    country: Mapped[str] = mapped_column(String(2), default="FR")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    website: Mapped[str] = mapped_column(String(240), default="")
    timezone: Mapped[str] = mapped_column(String(64), default="Europe/Paris")
    language: Mapped[str] = mapped_column(String(2), default="fr")
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    seats: Mapped[int] = mapped_column(default=40)
    stay_costs: Mapped[int] = mapped_column(default=1)  # answers pledged for one stay
    policy: Mapped[str] = mapped_column(String(12), default="engine")
    source: Mapped[str | None] = mapped_column(String(80))
    source_id: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]  # empty: known from an import, not yet run by anybody here

    __table_args__ = (
        UniqueConstraint("source", "source_id"),
        CheckConstraint("seats >= 0 AND stay_costs >= 0", name="counts"),
    )


class Opening(Base):
    """When a lieu is open on a weekday, as its wall clock shows: minutes after midnight."""

    __tablename__ = "opening"

    id: Mapped[Key]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id", ondelete="CASCADE"), index=True)
    weekday: Mapped[int]  # Monday is 0
    opens: Mapped[int]
    closes: Mapped[int]

    __table_args__ = (
        UniqueConstraint("lieu_id", "weekday", "opens"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("0 <= opens AND opens < closes AND closes <= 1440", name="minutes"),
    )


class Moment(Base):
    """What the lieu is at this hour: coworking, repair café, AMAP."""

    __tablename__ = "moment"

    id: Mapped[Key]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id", ondelete="CASCADE"), index=True)
    weekday: Mapped[int]
    starts: Mapped[int]
    ends: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))

    __table_args__ = (
        UniqueConstraint("lieu_id", "weekday", "starts"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("0 <= starts AND starts < ends AND ends <= 1440", name="minutes"),
    )


class HouseRules(Base):
    """What a stay costs and what counts, in versions that members accept."""

    __tablename__ = "house_rules"

    id: Mapped[Key]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id", ondelete="CASCADE"))
    version: Mapped[int]
    since: Mapped[datetime]
    text: Mapped[dict[str, Any]]  # language → words

    __table_args__ = (UniqueConstraint("lieu_id", "version"),)


class NoSuchLieu(NotFound):
    """Fact: slug."""


def lieu_named(session: Session, slug: str) -> Lieu:
    """The lieu with this slug.

    Raises
    ------
    NoSuchLieu
        There is none.
    """
    lieu = session.scalar(select(Lieu).where(Lieu.slug == slug))
    if lieu is None:
        raise NoSuchLieu(slug=slug)
    return lieu

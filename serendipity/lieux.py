"""A lieu: a third place, with its hours, its moments and its zone. A network is all of them.

Rules kept here: a slug names one lieu; a lieu imported twice from the same source is one row; the
openings of a day do not overlap, nor do its moments; a zone is one that the time zone database
knows; a SIRET, where there is one, adds up.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from babel.core import get_global
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    String,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column
from stdnum.exceptions import ValidationError
from stdnum.fr import siret as siret_number

from matching.text import normalised
from serendipity import words
from serendipity.db import Base, Key
from serendipity.errors import Invalid, NotFound, Refused

LANGUAGES = ("en", "fr", "nl")
MOST_SEATS = 10_000


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
    policy: Mapped[str] = mapped_column(String(12), default="engine")
    siret: Mapped[str] = mapped_column(String(14), default="")  # of who runs it, for invoices
    source: Mapped[str | None] = mapped_column(String(80))
    source_id: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]  # empty: known from an import, not yet run by anybody here

    __table_args__ = (
        UniqueConstraint("source", "source_id"),
        CheckConstraint("seats >= 0", name="counts"),
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


@dataclass(frozen=True, order=True)
class Span:
    """A part of a weekday on the wall clock, in minutes; an opening, or with a name a moment."""

    weekday: int
    starts: int
    ends: int
    name: str = ""


class NoSuchLieu(NotFound):
    """Fact: slug."""


class SlugTaken(Refused):
    """Another lieu has this address. Fact: slug."""


class BadSlug(Invalid):
    """An address is made of small letters, digits and dashes. Facts: field, given."""


class BadZone(Invalid):
    """No such time zone. Facts: field, given."""


class BadLanguage(Invalid):
    """Not a language of the screens. Facts: field, given."""


class BadSeats(Invalid):
    """Facts: field, given, most."""


class BadSiret(Invalid):
    """Facts: field, given, digits (how many there are; it needs 14)."""


class BadSpan(Invalid):
    """It ends before it begins, or leaves the day. Facts: field, weekday, starts, ends."""


class SpansOverlap(Invalid):
    """Two of one day overlap. Facts: field, weekday."""


_NAMED: Final = select(Lieu).where(Lieu.slug == bindparam("slug"))


def lieu_named(session: Session, slug: str) -> Lieu:
    """The lieu with this slug.

    Raises
    ------
    NoSuchLieu
        There is none.
    """
    lieu = session.scalar(_NAMED, {"slug": slug})
    if lieu is None:
        raise NoSuchLieu(slug=slug)
    return lieu


_NUMBERED: Final = select(Lieu).where(Lieu.id == bindparam("id"))


def lieu_numbered(session: Session, lieu_id: int) -> Lieu | None:
    """The lieu with this number, if there is one."""
    return session.scalar(_NUMBERED, {"id": lieu_id})


def found(
    session: Session,
    *,
    name: str,
    at: datetime,
    slug: str = "",
    city: str = "",
    timezone: str = "Europe/Paris",
    language: str = "fr",
    seats: int = 40,
    siret: str = "",
) -> Lieu:
    """Found a lieu that is run here from now on; without a slug, one is made of its name.

    Raises
    ------
    words.WordsMissing, words.WordsTooLong, BadSlug, BadZone, BadLanguage, BadSeats, BadSiret
        What was given cannot be right.
    SlugTaken
        Another lieu has the address.
    """
    lieu = Lieu(created_at=at, opened_at=at, **_address(session, slug, name, city))
    _describe(lieu, name=name, city=city, timezone=timezone, language=language, seats=seats)
    lieu.country = get_global("zone_territories").get(lieu.timezone, "FR")
    lieu.siret = plain_siret(siret)
    try:
        with session.begin_nested():
            session.add(lieu)
    except IntegrityError as error:
        raise SlugTaken(slug=lieu.slug) from error
    return lieu


def describe(
    session: Session,
    *,
    lieu: Lieu,
    name: str,
    city: str,
    timezone: str,
    language: str,
    seats: int,
    siret: str = "",
) -> Lieu:
    """Say anew what a lieu is; its address on the web stays. Raises as `found`."""
    _describe(lieu, name=name, city=city, timezone=timezone, language=language, seats=seats)
    lieu.siret = plain_siret(siret)
    session.flush()
    return lieu


def open_up(session: Session, *, lieu: Lieu, at: datetime) -> Lieu:
    """Run here a lieu that was only known from an import; opening it twice changes nothing."""
    lieu.opened_at = lieu.opened_at or at
    session.flush()
    return lieu


def keep_hours(session: Session, *, lieu: Lieu, spans: Sequence[Span]) -> None:
    """Let these be the opening hours.

    Raises
    ------
    BadSpan, SpansOverlap
        Nothing was changed.
    """
    _check(spans, field="hours")
    session.execute(delete(Opening).where(Opening.lieu_id == lieu.id))
    session.add_all(
        Opening(lieu_id=lieu.id, weekday=span.weekday, opens=span.starts, closes=span.ends)
        for span in spans
    )
    session.flush()


def keep_moments(session: Session, *, lieu: Lieu, spans: Sequence[Span]) -> None:
    """Let these, each with its name, be the moments of the week.

    Raises
    ------
    BadSpan, SpansOverlap, words.WordsMissing, words.WordsTooLong
        Nothing was changed.
    """
    _check(spans, field="moments")
    named = [words.said(span.name, field="moments", most=80) for span in spans]
    session.execute(delete(Moment).where(Moment.lieu_id == lieu.id))
    session.add_all(
        Moment(lieu_id=lieu.id, weekday=span.weekday, starts=span.starts, ends=span.ends, name=name)
        for span, name in zip(spans, named, strict=True)
    )
    session.flush()


def hours_of(session: Session, *, lieu_id: int) -> list[Span]:
    """The opening hours of the week, in order."""
    openings = session.scalars(select(Opening).where(Opening.lieu_id == lieu_id))
    return sorted(Span(one.weekday, one.opens, one.closes) for one in openings)


def moments_of(session: Session, *, lieu_id: int) -> list[Span]:
    """The moments of the week, in order."""
    moments = session.scalars(select(Moment).where(Moment.lieu_id == lieu_id))
    return sorted(Span(one.weekday, one.starts, one.ends, one.name) for one in moments)


def open_lieux(session: Session) -> list[Lieu]:
    """The lieux that are run here, by name."""
    return list(
        session.scalars(
            select(Lieu).where(Lieu.opened_at.is_not(None)).order_by(Lieu.name, Lieu.id)
        )
    )


def imported_lieux(session: Session, *, search: str, most: int = 30) -> list[Lieu]:
    """Lieux known from an import and not run here, whose name, city or postcode hold the words."""
    wanted = normalised(search)
    # Compared here and not in SQL: SQLite's lower() knows no accents.
    rows = session.execute(
        select(Lieu.id, Lieu.name, Lieu.city, Lieu.postcode)
        .where(Lieu.opened_at.is_(None))
        .order_by(Lieu.name, Lieu.id)
    )
    ids = [id_ for id_, *said in rows if wanted in normalised(" ".join(said))]
    found = session.scalars(select(Lieu).where(Lieu.id.in_(ids[:most])))
    return sorted(found, key=lambda lieu: ids.index(lieu.id))


def imported_count(session: Session) -> int:
    """How many lieux are known from an import and not run here."""
    count = session.scalar(select(func.count()).where(Lieu.opened_at.is_(None)))
    return count or 0


def plain_siret(given: str, *, field: str = "siret") -> str:
    """The fourteen digits, checked; nothing given is nothing.

    Raises
    ------
    BadSiret
        Too few, too many, or they do not add up.
    """
    if not given.strip():
        return ""
    try:
        return str(siret_number.validate(given))
    except ValidationError as error:
        digits = sum(character.isdigit() for character in given)
        raise BadSiret(field=field, given=given[:40], digits=digits) from error


def plain_zone(given: str) -> str:
    """The name of a time zone that the database of time zones knows; else BadZone."""
    if given not in zones():
        raise BadZone(field="timezone", given=given[:64])
    return given


def plain_seats(given: int) -> int:
    """How many people fit, within reason; else BadSeats."""
    if not 0 <= given <= MOST_SEATS:
        raise BadSeats(field="seats", given=given, most=MOST_SEATS)
    return given


@cache
def zones() -> frozenset[str]:
    """Every time zone that a lieu may be in."""
    return frozenset(available_timezones())


def slug_of(said: str) -> str:
    """Small letters, digits and dashes: what an address can carry of these words."""
    return re.sub(r"[^a-z0-9]+", "-", normalised(said)).strip("-")[:60].strip("-")


def _address(session: Session, slug: str, name: str, city: str) -> dict[str, str]:
    if slug:
        if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", slug) or len(slug) > 80:
            raise BadSlug(field="slug", given=slug[:80])
        return {"slug": slug}
    taken = set(session.scalars(select(Lieu.slug).where(Lieu.slug.startswith(slug_of(name)))))
    return {"slug": next(one for one in _slugs(name, city) if one not in taken)}


def _slugs(name: str, city: str) -> Iterator[str]:
    """`fablab`, then `fablab-lyon`, then `fablab-lyon-2`, …"""
    short = slug_of(name) or "lieu"
    yield short
    long = f"{short}-{slug_of(city)}".strip("-")[:72]
    yield long
    for number in itertools.count(2):
        yield f"{long}-{number}"


def _describe(
    lieu: Lieu, *, name: str, city: str, timezone: str, language: str, seats: int
) -> None:
    if language not in LANGUAGES:
        raise BadLanguage(field="language", given=language[:8])
    lieu.name = words.said(name, field="name", most=160)
    lieu.city = words.line(city, field="city", most=120)
    lieu.timezone, lieu.seats = plain_zone(timezone), plain_seats(seats)
    lieu.language = language


def _check(spans: Sequence[Span], *, field: str) -> None:
    for span in spans:
        if not (0 <= span.weekday <= 6 and 0 <= span.starts < span.ends <= 1440):
            raise BadSpan(field=field, weekday=span.weekday, starts=span.starts, ends=span.ends)
    for first, second in itertools.pairwise(sorted(spans)):
        if first.weekday == second.weekday and second.starts < first.ends:
            raise SpansOverlap(field=field, weekday=first.weekday)

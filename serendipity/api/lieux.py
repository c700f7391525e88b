"""Lieux: where they are, when they are open, what they are now, and which skills are there.

Skills are counts, never people: those of the skill map, taken once a quarter of an hour, with
nothing told about fewer than three.
"""

from __future__ import annotations

from datetime import date

from flask_babel import get_locale

from serendipity import clock, hours, lieux, skillmap
from serendipity.api.actors import open_lieu
from serendipity.api.endpoints import reads
from serendipity.api.paging import Paged, page
from serendipity.api.shapes import Day, In, Instant, Out, Page, whole
from serendipity.db import reading, writing


class Lieu(Out):
    """A third place."""

    slug: str
    name: str
    kind: str
    address: str
    postcode: str
    city: str
    country: str
    latitude: float | None
    longitude: float | None
    website: str
    timezone: str
    language: str
    currency: str
    seats: int


class Span(Out):
    """A part of a weekday (Monday is 0) on the lieu's wall clock: "08:00" to "20:00"."""

    weekday: int
    starts: str
    ends: str
    name: str


class LieuWithHours(Lieu):
    """A third place with its week, and what it is now."""

    openings: list[Span]
    moments: list[Span]
    moment: str
    closes_at: Instant


class Moment(Out):
    """What the lieu is during an interval."""

    name: str
    starts_at: Instant
    ends_at: Instant
    now: bool


class SkillTable(Out):
    """At least so many offer a skill, something of a family, or something rarer ("other")."""

    kind: str
    name: str
    label: str
    people: int


class Skills(Out):
    """What is told at a quarter of an hour, as sizes. `people` is 0 for fewer than three."""

    counted_at: Instant
    people: int
    tables: list[SkillTable]


class OfDay(In):
    day: Day | None = None


def shape_of(lieu: lieux.Lieu) -> Lieu:
    return Lieu(**{name: getattr(lieu, name) for name in Lieu.__struct_fields__})


def span_of(span: lieux.Span) -> Span:
    return Span(
        weekday=span.weekday,
        starts=_wall(span.starts),
        ends=_wall(span.ends),
        name=span.name,
    )


def _wall(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@reads("/lieux", query=Paged, answers=Page[Lieu])
def index(asked: Paged) -> Page[Lieu]:
    """The lieux that are run here, by name."""
    found = lieux.open_lieux(reading())
    return page(found, asked, key=lambda one: (one.name, one.slug), shape=shape_of)


@reads("/lieux/<slug>", answers=LieuWithHours)
def show(slug: str) -> LieuWithHours:
    """One lieu with its hours and its moments. `closes_at` is the end of a stay that begins now."""
    lieu, at = open_lieu(reading(), slug), clock.now()
    return LieuWithHours(
        **{name: getattr(lieu, name) for name in Lieu.__struct_fields__},
        openings=[span_of(one) for one in lieux.hours_of(reading(), lieu_id=lieu.id)],
        moments=[span_of(one) for one in lieux.moments_of(reading(), lieu_id=lieu.id)],
        moment=hours.moment_now(reading(), lieu=lieu, at=at),
        closes_at=hours.closing(reading(), lieu=lieu, at=at),
    )


@reads("/lieux/<slug>/moments", query=OfDay, answers=Page[Moment])
def moments(asked: OfDay, slug: str) -> Page[Moment]:
    """The moments of a date, today if none is given."""
    lieu, at = open_lieu(reading(), slug), clock.now()
    day: date = asked.day or clock.local_date(at, lieu.timezone)
    found = hours.moments_of_day(reading(), lieu=lieu, day=day)
    return whole(
        [
            Moment(name=one.name, starts_at=one.starts, ends_at=one.ends, now=one.is_now(at))
            for one in found
        ]
    )


@reads("/lieux/<slug>/skills", answers=Skills)
def skills(slug: str) -> Skills:
    """Which skills are in the house now, as sizes: three people or more, eight, sixteen."""
    lieu, at = open_lieu(reading(), slug), clock.now()
    if skillmap.is_due(reading(), lieu_id=lieu.id, at=at):
        with writing() as session:  # counts are nobody's action, and the same whoever asks
            skillmap.count(session, lieu_id=lieu.id, at=at)
    seen = skillmap.skill_map(reading(), lieu_id=lieu.id, language=str(get_locale()), at=at)
    return Skills(
        counted_at=seen.taken_at,
        people=seen.people,
        tables=[
            SkillTable(kind=one.kind, name=one.name, label=one.label, people=one.people)
            for one in seen.tables
        ],
    )

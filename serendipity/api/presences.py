"""Presences: who is here, for the concierge of the lieu and nobody else.

As at the desk: names and no addresses, and each person can read that somebody looked. The token is
a concierge's tool at this lieu, or a member's whose shift is open there; to all others the lieu
does not exist.
"""

from __future__ import annotations

from typing import Annotated

from flask_babel import get_locale
from msgspec import Meta
from sqlalchemy.orm import Session

from serendipity import clock
from serendipity.api.actors import desk
from serendipity.api.check_ins import CheckIn, Said, Skill, shape_of
from serendipity.api.endpoints import reads, writes
from serendipity.api.shapes import NO_NUL, In, Instant, Nothing, Out
from serendipity.db import reading
from serendipity.postures import watch
from serendipity.web import traces


class Present(Out):
    """Somebody who is here. `check_in` is the id of their stay.

    `sign` is the one thing to know first: declared, focus, new, alone, back, waiting or here.
    `discreet`: they did not agree to be shown to others.
    """

    check_in: str
    name: str
    since: Instant
    until: Instant
    place: str
    sign: str
    discreet: bool
    need: str


class Presence(Out):
    """Everybody who is checked in at a lieu, in order of arrival."""

    lieu: str
    at: Instant
    how_many: int
    people: list[Present]


class WithoutPhone(In):
    """Somebody in front of you. A member's own words are not touched by what is said here."""

    name: Annotated[str, Meta(min_length=1, max_length=120, pattern=NO_NUL)]
    email: Annotated[str, Meta(min_length=3, max_length=254, pattern=NO_NUL)]
    skills: Annotated[list[Skill], Meta(max_length=100)] = []
    need: Said = ""


@reads("/lieux/<slug>/presence", answers=Presence)
def index(slug: str) -> Presence:
    """Who is here. For the concierge of the lieu; the people can read that somebody looked."""
    at = clock.now()
    lieu, shift = desk(reading(), slug, at=at)
    people = watch.gathering(reading(), lieu=lieu, at=at).people
    shown = Presence(
        lieu=lieu.slug, at=at, how_many=len(people), people=[_shape(one) for one in people]
    )
    traces.leave(shift, {"seen-present": [one.member.id for one in people]})
    return shown


def _shape(one: watch.Here) -> Present:
    return Present(
        check_in=one.presence.public_id,
        name=one.member.name,
        since=one.presence.started_at,
        until=one.presence.until,
        place=one.presence.place,
        sign=one.sign,
        discreet=one.discreet,
        need=one.need.words if one.need else "",
    )


@writes("/lieux/<slug>/check-ins", takes=WithoutPhone, answers=CheckIn, status=201)
def check_in(session: Session, given: WithoutPhone, slug: str) -> CheckIn:
    """Check in somebody without a phone, until closing time."""
    lieu, shift = desk(session, slug, at=clock.now())
    stay, _ = watch.check_in(
        session,
        shift=shift,
        name=given.name,
        email=given.email,
        skills=given.skills,
        need=given.need,
        language=str(get_locale()),
        at=clock.now(),
    )
    return shape_of(stay, lieu)


@writes("/lieux/<slug>/check-ins/<check_in>/confirm", answers=CheckIn)
def confirm(session: Session, _: Nothing, slug: str, check_in: str) -> CheckIn:
    """They are really here: you see them."""
    lieu, shift = desk(session, slug, at=clock.now())
    stay = watch.confirm_stay(session, shift=shift, public_id=check_in, at=clock.now())
    return shape_of(stay, lieu)


@writes("/lieux/<slug>/check-ins/<check_in>/end", answers=CheckIn)
def end(session: Session, _: Nothing, slug: str, check_in: str) -> CheckIn:
    """They left without saying so."""
    lieu, shift = desk(session, slug, at=clock.now())
    stay = watch.check_out(session, shift=shift, public_id=check_in, at=clock.now())
    return shape_of(stay, lieu)

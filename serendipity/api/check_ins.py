"""Check-ins: being at a lieu until some time, as a member says, and ending it.

A check-in with the code that the screen at the door shows now is as good as one by phone. With a
poster's code, or none, it is only declared: until the concierge confirms it, it costs no pledge
and counts in no suggestion; and without any code it is neither seen nor sees anybody, so that
nobody looks into a lieu from afar.
"""

from __future__ import annotations

from typing import Annotated

from flask import current_app
from flask_babel import get_locale
from msgspec import Meta
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import arrivals, clock, kiosks, members, presence
from serendipity.api.actors import member, open_lieu
from serendipity.api.endpoints import reads, writes
from serendipity.api.shapes import NO_NUL, In, Instant, Nothing, Out, Page, Slug, whole
from serendipity.db import reading
from serendipity.errors import Invalid
from serendipity.lieux import Lieu
from serendipity.presence import Presence

Skill = Annotated[str, Meta(max_length=240, pattern=NO_NUL)]
Said = Annotated[str, Meta(max_length=240, pattern=NO_NUL)]


class Choices(In):
    """What others may see; everything is off unless chosen."""

    here_today: bool = False
    by_mail: bool = False
    other_lieux: bool = False


class NewCheckIn(In):
    """Where, until when, and what you say at the door.

    `code` is what the screen at the door shows as a QR code, or the last part of its address.
    Skills replace those offered before; left out, they stay. So do the choices.
    """

    lieu: Slug
    until: Instant
    code: Annotated[str, Meta(max_length=400, pattern=NO_NUL)] = ""
    need: Said = ""
    skills: Annotated[list[Skill], Meta(max_length=100)] | None = None
    choices: Choices | None = None


class CheckIn(Out):
    """A stay. Declared: nobody who could know has confirmed it yet."""

    id: str
    lieu: str
    since: Instant
    until: Instant
    ended_at: Instant | None
    declared: bool


class NotThisDoor(Invalid):
    """No door of this lieu shows this code. Facts: field."""


def shape_of(stay: Presence, lieu: Lieu) -> CheckIn:
    return CheckIn(
        id=stay.public_id,
        lieu=lieu.slug,
        since=stay.started_at,
        until=stay.until,
        ended_at=stay.ended_at,
        declared=stay.confirmed_at is None,
    )


@reads("/check-ins", answers=Page[CheckIn])
def mine() -> Page[CheckIn]:
    """Where the member is now: one check-in, or none."""
    stay = presence.of(reading(), member_id=member(), at=clock.now())
    return whole([shape_of(stay, reading().get_one(Lieu, stay.lieu_id))] if stay else [])


@writes("/check-ins", takes=NewCheckIn, answers=CheckIn, status=201)
def create(session: Session, given: NewCheckIn) -> CheckIn:
    """Check in. Already there: the same check-in with the new end. Elsewhere: that one ends."""
    lieu = open_lieu(session, given.lieu)
    how = _how_in(session, given, lieu)
    stay = arrivals.arrive(
        session,
        lieu=lieu,
        member=members.member_named(session, member()),
        until=given.until,
        how_in=how,
        at=clock.now(),
        confirmed=how == "qr",
        skills=given.skills,
        need=given.need,
        choices=_choices(given),
        language=str(get_locale()),
    )
    return shape_of(stay, lieu)


def _how_in(session: Session, given: NewCheckIn, lieu: Lieu) -> str:
    if not given.code:
        return "api"
    code = given.code.rstrip("/").rpartition("/")[2]
    secret = str(current_app.config["SECRET_KEY"])
    try:
        door = kiosks.door_behind(session, code, secret=secret, at=clock.now())
    except kiosks.BadDoorCode as error:
        raise NotThisDoor(field="code") from error
    if door.lieu_id != lieu.id:
        raise NotThisDoor(field="code")
    return door.how


def _choices(given: NewCheckIn) -> arrivals.Choices | None:
    chosen = given.choices
    if chosen is None:
        return None
    return arrivals.Choices(chosen.here_today, chosen.by_mail, chosen.other_lieux)


@writes("/check-ins/<check_in>/end", answers=CheckIn)
def end(session: Session, _: Nothing, check_in: str) -> CheckIn:
    """Leave. A check-in that is over stays as it is."""
    at = clock.now()
    stay = session.scalar(
        select(Presence).where(Presence.public_id == check_in, Presence.member_id == member())
    )
    if stay is None:
        raise presence.NoSuchPresence()
    if stay.ended_at is None and stay.until > at:
        presence.leave(session, member_id=stay.member_id, at=at)
    return shape_of(stay, session.get_one(Lieu, stay.lieu_id))

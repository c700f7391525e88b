"""Needs: what would help the member today; forgotten tonight."""

from __future__ import annotations

from flask_babel import get_locale
from sqlalchemy.orm import Session

from serendipity import clock, hours, needs, presence
from serendipity.api.actors import member
from serendipity.api.endpoints import reads, writes
from serendipity.api.shapes import In, Instant, Line, Nothing, Out, Page, whole
from serendipity.db import reading
from serendipity.lieux import Lieu


class Need(Out):
    """What would help, in the member's words. `state` is open, answered or withdrawn."""

    id: str
    lieu: str
    words: str
    said_at: Instant
    expires_at: Instant
    state: str


class NewNeed(In):
    words: Line


@reads("/needs", answers=Page[Need])
def mine() -> Page[Need]:
    """The member's open needs, oldest first."""
    found = needs.needs_of(reading(), member_id=member(), at=clock.now())
    return whole([_shape(reading(), one) for one in found])


@writes("/needs", takes=NewNeed, answers=Need, status=201)
def say(session: Session, given: NewNeed) -> Need:
    """Say what would help, at the lieu where one is. The same words again are the same need."""
    at = clock.now()
    stay = presence.here(session, member_id=member(), at=at)
    lieu = session.get_one(Lieu, stay.lieu_id)
    said = needs.say(
        session,
        member_id=stay.member_id,
        lieu_id=lieu.id,
        presence_id=stay.id,
        words=given.words,
        language=str(get_locale()),
        at=at,
        expires_at=hours.tonight(lieu=lieu, at=at),
    )
    return _shape(session, said)


@writes("/needs/<need>/answered", answers=Need)
def answered(session: Session, _: Nothing, need: str) -> Need:
    """Somebody helped."""
    found = needs.answered(session, public_id=need, member_id=member(), at=clock.now())
    return _shape(session, found)


@writes("/needs/<need>/withdraw", answers=Need)
def withdraw(session: Session, _: Nothing, need: str) -> Need:
    """Never mind."""
    found = needs.withdraw(session, public_id=need, member_id=member(), at=clock.now())
    return _shape(session, found)


def _shape(session: Session, need: needs.Need) -> Need:
    state = "answered" if need.answered_at else "withdrawn" if need.withdrawn_at else "open"
    return Need(
        id=need.public_id,
        lieu=session.get_one(Lieu, need.lieu_id).slug,
        words=need.words,
        said_at=need.said_at,
        expires_at=need.expires_at,
        state=state,
    )

"""Introductions: those to which everybody said yes, and so with names; and each by its address."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from serendipity import clock, encounters, introductions
from serendipity.api.actors import member
from serendipity.api.endpoints import reads, writes
from serendipity.api.paging import Paged, page
from serendipity.api.shapes import Instant, Out, Page
from serendipity.api.suggestions import Answer, Answered, answered, own_answer, reasons_of
from serendipity.db import microseconds, reading
from serendipity.lieux import Lieu
from serendipity.web import wording
from serendipity.web.wording import Reader


class Person(Out):
    """One of the others. Where they sit and until when, only while they can be seen there."""

    name: str
    place: str
    until: Instant | None


class Introduction(Out):
    """An introduction. `people` is empty until everybody said yes; `opening` is a line to begin."""

    id: str
    lieu: str
    offered_at: Instant
    expires_at: Instant
    answer: str
    agreed: bool
    over: bool
    people: list[Person]
    reasons: list[str]
    opening: str


@reads("/introductions", query=Paged, answers=Page[Introduction])
def mine(asked: Paged) -> Page[Introduction]:
    """Introductions that everybody agreed to and that are still to be lived, newest first."""
    at = clock.now()
    open_ones = introductions.open_for(reading(), member_id=member(), at=at)
    waiting = encounters.waiting_for(reading(), member_id=member(), at=at)
    met = {one.encounter.introduction_id for one in waiting}
    lived = (reading().get_one(introductions.Introduction, one) for one in met if one is not None)
    agreed = {one.id: one for one in (*open_ones, *lived) if one.agreed}
    return page(
        agreed.values(),
        asked,
        key=lambda one: (microseconds(one.offered_at), one.public_id),
        shape=lambda one: _shape(one, at=at),
        newest_first=True,
    )


@reads("/introductions/<introduction>", answers=Introduction)
def show(introduction: str) -> Introduction:
    """One introduction that the member is in, whatever became of it."""
    found = introductions.own_introduction(reading(), public_id=introduction, member_id=member())
    return _shape(found, at=clock.now())


@writes("/introductions/<introduction>/answer", takes=Answer, answers=Answered)
def answer(session: Session, given: Answer, introduction: str) -> Answered:
    """The same as answering the suggestion: one thing, seen from its two lists."""
    return answered(session, given, introduction)


def _shape(found: introductions.Introduction, *, at: datetime) -> Introduction:
    people = _people(found)
    names = {one.member.id: one.member.name for one in people}
    reader = Reader(member(), names)
    opening = wording.opening(found.suggestion.reasons, reader).striptags() if people else ""
    return Introduction(
        id=found.public_id,
        lieu=reading().get_one(Lieu, found.lieu_id).slug,
        offered_at=found.offered_at,
        expires_at=found.expires_at,
        answer=own_answer(found),
        agreed=found.agreed,
        over=bool(found.withdrawn_at) or found.expires_at <= at,
        people=[Person(name=one.member.name, place=one.place, until=one.until) for one in people],
        reasons=reasons_of(found, names),
        opening=opening,
    )


def _people(found: introductions.Introduction) -> list[introductions.Person]:
    """Names leave through `revealed` only, and only once everybody said yes."""
    if not found.agreed:
        return []
    return introductions.revealed(reading(), introduction=found, member_id=member()).people

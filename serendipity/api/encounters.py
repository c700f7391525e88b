"""Encounters: it happened, and both say so."""

from __future__ import annotations

from typing import Literal

from sqlalchemy.orm import Session

from serendipity import clock, encounters
from serendipity.api.actors import member
from serendipity.api.endpoints import reads, writes
from serendipity.api.paging import Paged, microseconds, page
from serendipity.api.shapes import In, Instant, Nothing, Out, Page
from serendipity.db import reading
from serendipity.introductions import Introduction
from serendipity.lieux import Lieu

Outcome = Literal["", "advice", "idea", "work", "hire", "project", "friendship", "nothing"]


class Encounter(Out):
    """Two who may say that they met. `said`: the member did. `name` is the other one's."""

    id: str
    lieu: str
    name: str
    introduction: str | None
    set_up_at: Instant
    said: bool


class Word(Out):
    """What the member said. `counts`: both said that it happened."""

    id: str
    happened: bool
    counts: bool


class Met(In):
    """`helped`: the other one helped you. `outcome` is what it was good for, if known."""

    helped: bool
    outcome: Outcome = ""


@reads("/encounters", query=Paged, answers=Page[Encounter])
def waiting(asked: Paged) -> Page[Encounter]:
    """Encounters of the last two weeks that wait for a word, newest first."""
    return page(
        encounters.waiting_for(reading(), member_id=member(), at=clock.now()),
        asked,
        key=lambda one: (microseconds(one.encounter.said_at), one.encounter.public_id),
        shape=_shape,
        newest_first=True,
    )


def _shape(one: encounters.Waiting) -> Encounter:
    met = one.encounter
    introduction = (
        reading().get_one(Introduction, met.introduction_id).public_id
        if met.introduction_id
        else None
    )
    return Encounter(
        id=met.public_id,
        lieu=reading().get_one(Lieu, met.lieu_id).slug,
        name=one.other.name,
        introduction=introduction,
        set_up_at=met.said_at,
        said=one.said,
    )


@writes("/encounters/<encounter>/confirm", takes=Met, answers=Word)
def confirm(session: Session, given: Met, encounter: str) -> Word:
    """It happened. It counts once both say so; then who helped is paid, once."""
    met = encounters.confirm(
        session,
        public_id=encounter,
        member_id=member(),
        helped=given.helped,
        outcome=given.outcome,
        at=clock.now(),
    )
    return Word(id=met.public_id, happened=True, counts=met.happened_at is not None)


@writes("/encounters/<encounter>/deny", answers=Word)
def deny(session: Session, _: Nothing, encounter: str) -> Word:
    """It did not happen; nobody is asked again."""
    met = encounters.deny(session, public_id=encounter, member_id=member(), at=clock.now())
    return Word(id=met.public_id, happened=False, counts=False)

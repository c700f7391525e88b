"""Encounters: it happened, and both say so; told by hand, too; and what came of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta
from sqlalchemy.orm import Session

from serendipity import clock, encounters, telling
from serendipity.api.actors import member
from serendipity.api.endpoints import reads, writes
from serendipity.api.paging import Paged, page
from serendipity.api.shapes import NO_NUL, Id, In, Instant, Nothing, NotReadable, Out, Page, whole
from serendipity.db import microseconds, reading
from serendipity.introductions import Introduction
from serendipity.lieux import Lieu

Something = Literal["advice", "idea", "work", "hire", "project", "friendship", "nothing"]
Outcome = Literal["", Something]


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


class Lived(Out):
    """An encounter that counts. `outcome` is what the member says came of it."""

    id: str
    lieu: str
    name: str
    happened_at: Instant
    outcome: str
    may_be_taken_back: bool


class Came(In):
    outcome: Something


class Choice(Out):
    """Somebody whom the member may name: seen by name here now, or met before."""

    id: str
    name: str


class NewTelling(In):
    """Whom you met where you are, or were today: `member` is one of `/encounters/people`.

    Or `email`: if it is a member's, they are asked, and you are not told whether it is.
    """

    helped: bool
    member: Id | None = None
    email: Annotated[str, Meta(min_length=3, max_length=254, pattern=NO_NUL)] | None = None
    outcome: Outcome = ""


class Telling(Out):
    """Kept, whoever it is about. It counts once the other one says so, too."""

    told: bool


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


# --- by hand, and afterwards ----------------------------------------------------------------


@reads("/encounters/people", answers=Page[Choice])
def people() -> Page[Choice]:
    """Whom the member may name as somebody they met today; nobody, if they were nowhere."""
    try:
        found = telling.whom(reading(), member_id=member(), at=clock.now())
    except telling.NotHereToday:
        found = []
    return whole([Choice(id=one.public_id, name=one.name) for one in found])


@writes("/encounters", takes=NewTelling, answers=Telling)
def tell(session: Session, given: NewTelling) -> Telling:
    """Say that you met somebody whom nobody suggested. The answer is the same whoever it is."""
    if (given.member is None) == (given.email is None):
        raise NotReadable(field="member", detail="Expected either `member` or `email`.")
    facts: dict[str, Any] = {
        "member_id": member(),
        "helped": given.helped,
        "outcome": given.outcome,
        "at": clock.now(),
    }
    if given.member is not None:
        telling.tell(session, other_public_id=given.member, **facts)
    else:
        telling.tell_by_address(session, email=given.email or "", **facts)
    return Telling(told=True)


@reads("/encounters/lately", query=Paged, answers=Page[Lived])
def lately(asked: Paged) -> Page[Lived]:
    """Encounters of the last two months that count, newest first."""
    at, me = clock.now(), member()
    return page(
        encounters.lately(reading(), member_id=me, at=at),
        asked,
        key=lambda one: (microseconds(one[0].said_at), one[0].public_id),
        shape=lambda one: Lived(
            id=one[0].public_id,
            lieu=reading().get_one(Lieu, one[0].lieu_id).slug,
            name=one[1].name,
            happened_at=one[0].happened_at or one[0].said_at,
            outcome=one[0].came_of_it(me),
            may_be_taken_back=encounters.may_be_taken_back(one[0], at=at),
        ),
        newest_first=True,
    )


@writes("/encounters/<encounter>/came", takes=Came, answers=Word)
def came(session: Session, given: Came, encounter: str) -> Word:
    """What came of it, for you; the last word counts. You are asked again after a month."""
    met = encounters.say_what_came(
        session,
        public_id=encounter,
        member_id=member(),
        outcome=given.outcome,
        at=clock.now(),
    )
    return Word(id=met.public_id, happened=True, counts=met.happened_at is not None)


@writes("/encounters/<encounter>/take-back", answers=Word)
def take_back(session: Session, _: Nothing, encounter: str) -> Word:
    """It did not happen after all: within a week, what it paid is reversed."""
    met = encounters.take_back(session, public_id=encounter, member_id=member(), at=clock.now())
    return Word(id=met.public_id, happened=False, counts=False)

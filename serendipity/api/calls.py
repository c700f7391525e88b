"""Calls: a question put to one person after the other, or to a few; and those put to one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask_babel import get_locale
from msgspec import Meta
from sqlalchemy.orm import Session

from serendipity import calls, clock, presence
from serendipity.api.actors import member
from serendipity.api.endpoints import reads, writes
from serendipity.api.shapes import In, Instant, Line, Nothing, Out, Page, whole
from serendipity.db import reading
from serendipity.lieux import Lieu


class Call(Out):
    """A question of one's own."""

    id: str
    lieu: str
    words: str
    people: int
    called_at: Instant
    expires_at: Instant


class SaidYes(Out):
    """Somebody who said yes, and the encounter with them."""

    helper: str
    encounter: str | None


class CallWithHelper(Call):
    """A question of one's own, and who said yes to it; nothing is told of a no.

    `helper` and `encounter` are the first of `answers`.
    """

    helper: str | None
    encounter: str | None
    answers: list[SaidYes]


class Asked(Out):
    """A question put to the member: by nobody in particular, or by an organisation in a room."""

    id: str
    words: str
    answer_by: Instant
    organisation: str
    room: str
    people: int


class CallAnswered(Out):
    """What the member answered."""

    id: str
    answer: str


class NewCall(In):
    """`people`: one, or up to four for a circle with the asker."""

    words: Line
    people: Annotated[int, Meta(ge=1, le=calls.MOST_PEOPLE)] = 1


class CallAnswer(In):
    answer: Literal["yes", "no"]


@reads("/calls", answers=Page[CallWithHelper])
def mine() -> Page[CallWithHelper]:
    """The member's own calls, with who said yes."""
    found = calls.mine(reading(), member_id=member(), at=clock.now())
    return whole([_with_helper(one) for one in found])


def _with_helper(one: calls.Mine) -> CallWithHelper:
    return CallWithHelper(
        **_facts(reading(), one.call),
        helper=one.helper.name if one.helper else None,
        encounter=one.encounter.public_id if one.encounter else None,
        answers=[
            SaidYes(
                helper=each.helper.name,
                encounter=each.encounter.public_id if each.encounter else None,
            )
            for each in one.answers
        ],
    )


def _facts(session: Session, call: calls.Call) -> dict[str, Any]:
    return {
        "id": call.public_id,
        "lieu": session.get_one(Lieu, call.lieu_id).slug,
        "words": call.words,
        "people": call.people,
        "called_at": call.called_at,
        "expires_at": call.expires_at,
    }


@writes("/calls", takes=NewCall, answers=Call, status=201)
def call(session: Session, given: NewCall) -> Call:
    """Put a question to the lieu where one is, without a name: one at a time, or to a circle."""
    at = clock.now()
    stay = presence.here(session, member_id=member(), at=at)
    made = calls.call(
        session,
        lieu_id=stay.lieu_id,
        member_id=stay.member_id,
        words=given.words,
        language=str(get_locale()),
        at=at,
        people=given.people,
    )
    return Call(**_facts(session, made))


@reads("/calls/asked", answers=Page[Asked])
def asked() -> Page[Asked]:
    """The calls that are put to the member now; none while they are not to be disturbed."""
    at = clock.now()
    stay = presence.of(reading(), member_id=member(), at=at)
    if stay is not None and stay.focus_until is not None and stay.focus_until > at:
        return whole([])
    return whole(
        [
            Asked(
                id=one.call.public_id,
                words=one.call.words,
                answer_by=one.answer_by,
                organisation=one.organisation,
                room=one.room,
                people=one.call.people,
            )
            for one in calls.to_me(reading(), member_id=member(), at=at)
        ]
    )


@writes("/calls/<call>/answer", takes=CallAnswer, answers=CallAnswered)
def answer(session: Session, given: CallAnswer, call: str) -> CallAnswered:
    """Yes: the asker may know who you are. No is shown to nobody."""
    verb = calls.accept if given.answer == "yes" else calls.decline
    found = verb(session, public_id=call, member_id=member(), at=clock.now())
    return CallAnswered(id=found.public_id, answer=given.answer)


@writes("/calls/<call>/withdraw", answers=Call)
def withdraw(session: Session, _: Nothing, call: str) -> Call:
    """Never mind; nobody is asked any more."""
    found = calls.withdraw(session, public_id=call, member_id=member(), at=clock.now())
    return Call(**_facts(session, found))

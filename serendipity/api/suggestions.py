"""Suggestions: whom the member might like to meet, and their answer, which nobody is told alone.

Others are named here exactly as on the member's own page: who is checked in at the same lieu,
agreed to be seen and is not hidden, to a member of whom the same holds. Everybody else is
"somebody", and absent, hidden and blocking people look alike.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask_babel import get_locale
from sqlalchemy.orm import Session

from serendipity import clock, introductions, naming, presence, skills
from serendipity.api.actors import member
from serendipity.api.endpoints import reads, writes
from serendipity.api.shapes import In, Instant, Out, Page, whole
from serendipity.db import reading
from serendipity.introductions import Introduction
from serendipity.lieux import Lieu
from serendipity.web import wording
from serendipity.web.wording import Reader

VERBS = {
    "yes": introductions.say_yes,
    "no": introductions.say_no,
    "never": introductions.never,
    "undo": introductions.undo,
}


class Suggestion(Out):
    """Somebody to meet. `names` holds those who may be named; `others` says how many there are.

    `answer` is the member's own: yes, no or nothing yet.
    """

    id: str
    lieu: str
    how: str
    offered_at: Instant
    expires_at: Instant
    others: int
    names: list[str]
    place: str
    reasons: list[str]
    answer: str


class Answer(In):
    answer: Literal["yes", "no", "never", "undo"]


class Answered(Out):
    """What the member's answer is now. `agreed`: everybody said yes, and names can be read."""

    id: str
    answer: str
    agreed: bool


@reads("/suggestions", answers=Page[Suggestion])
def mine() -> Page[Suggestion]:
    """What the member may answer, and their noes that can be undone."""
    at = clock.now()
    stay = presence.of(reading(), member_id=member(), at=at)
    focused = stay is not None and stay.focus_until is not None and stay.focus_until > at
    found = [
        one
        for one in introductions.open_for(reading(), member_id=member(), at=at)
        if not one.agreed and not (focused and stay is not None and one.lieu_id == stay.lieu_id)
    ]
    if stay is not None:
        found += introductions.refused_lately(
            reading(), member_id=member(), at=at, lieu_id=stay.lieu_id
        )
    return whole([shape_of(one, at=at) for one in found])


@writes("/suggestions/<suggestion>/answer", takes=Answer, answers=Answered)
def answer(session: Session, given: Answer, suggestion: str) -> Answered:
    """Yes, no, never (these two), or undo. Nobody learns of it before everybody said yes."""
    return answered(session, given, suggestion)


def answered(session: Session, given: Answer, public_id: str) -> Answered:
    """The one way to answer, for suggestions and introductions alike."""
    verb = VERBS[given.answer]
    found = verb(session, public_id=public_id, member_id=member(), at=clock.now())
    return Answered(id=found.public_id, answer=own_answer(found), agreed=found.agreed)


def own_answer(introduction: Introduction) -> str:
    side = introduction.side_of(member())
    return "yes" if side.yes_at else "no" if side.no_at else ""


def shape_of(introduction: Introduction, *, at: datetime) -> Suggestion:
    lieu = reading().get_one(Lieu, introduction.lieu_id)
    named = naming.named(reading(), member_id=member(), lieu_id=lieu.id, at=at)
    others = introduction.others(member())
    alone = named.get(others[0]) if len(others) == 1 else None
    return Suggestion(
        id=introduction.public_id,
        lieu=lieu.slug,
        how=introduction.how,
        offered_at=introduction.offered_at,
        expires_at=introduction.expires_at,
        others=len(others),
        names=[named[one][0].name for one in others if one in named],
        place=alone[1].place if alone else "",
        reasons=reasons_of(introduction, {key: one.name for key, (one, _) in named.items()}),
        answer=own_answer(introduction),
    )


def reasons_of(introduction: Introduction, names: dict[int, str]) -> list[str]:
    """The reasons as plain sentences to the member; only `names` are named."""
    reasons: list[Any] = introduction.suggestion.reasons
    offers = {
        key: held[0].words for key, held in skills.skills_of(reading(), names).items() if held
    }
    labels = skills.labels(reading(), wording.concepts(reasons), str(get_locale()))
    reader = Reader(member(), names, labels, offers)
    return [one.striptags() for one in wording.sentences(reasons, reader)]

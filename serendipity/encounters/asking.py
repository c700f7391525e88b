"""Asking by letter: did you meet, and, a month later, what came of it; each once.

*Did you meet?* goes to the one of two who has not said so, when the concierge has them asked; it
stands on /here anyway. *What came of it?* is asked of both by a line on /here, and by one letter.
Wherever an encounter comes from, both are the same question. Letters go to who takes them at the
lieu; nothing is asked of who has said it, and nobody about somebody who was forgotten or whom a
block keeps apart.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session, aliased

from serendipity import mail, members
from serendipity.consent import Consent
from serendipity.encounters.meeting import Encounter
from serendipity.encounters.saying import Waiting, waiting_for
from serendipity.mail import Letter
from serendipity.members import Block, Member

AGAIN_AFTER: Final = timedelta(days=30)
AGAIN_UNTIL: Final = timedelta(days=60)  # then it is the past

ASKED, OTHER = aliased(Member), aliased(Member)


# --- did you meet? --------------------------------------------------------------------------


def owe_did_you_meet(
    session: Session, *, encounter: Encounter, asked: Member, at: datetime
) -> Letter:
    """Owe this one of the two the letter that asks whether they met: one, however often."""
    return _owe(session, "met", encounter, asked, at=at)


def still_to_say(session: Session, *, member_id: int, at: datetime) -> list[Waiting]:
    """Encounters that this member has said nothing of, and may be asked about by letter."""
    return [
        one
        for one in waiting_for(session, member_id=member_id, at=at)
        if not one.said and not members.blocked_pairs(session, [member_id, one.other.id])
    ]


# --- what came of it? -----------------------------------------------------------------------


def _silent(at: datetime, *where: Any) -> Select[Encounter, Member, Member]:
    """(encounter, who has not said what came of it, the other), met a month ago."""
    since, until = at - AGAIN_UNTIL, at - AGAIN_AFTER
    as_a = and_(ASKED.id == Encounter.a_id, Encounter.a_outcome == "")
    as_b = and_(ASKED.id == Encounter.b_id, Encounter.b_outcome == "")
    return (
        select(Encounter, ASKED, OTHER)
        .join(ASKED, or_(as_a, as_b))
        .join(OTHER, and_(OTHER.id.in_((Encounter.a_id, Encounter.b_id)), OTHER.id != ASKED.id))
        .where(
            Encounter.denied_at.is_(None),
            Encounter.a_confirmed_at.between(since, until),
            Encounter.b_confirmed_at.between(since, until),
            ASKED.erased_at.is_(None),
            OTHER.erased_at.is_(None),
            ~_apart(),
            *where,
        )
        .order_by(Encounter.said_at, Encounter.id)
    )


def _apart() -> Any:
    """Somebody who asked never to see the other again is not reminded of them, nor the other."""
    pair = (Encounter.a_id, Encounter.b_id)
    return select(Block.at).where(Block.blocker_id.in_(pair), Block.blocked_id.in_(pair)).exists()


def to_ask_again(session: Session, *, member_id: int, at: datetime) -> list[Waiting]:
    """Encounters of a month ago of which this member has not said what came, oldest first."""
    rows = session.execute(_silent(at, ASKED.id == member_id))
    return [Waiting(met, other, said=True) for met, _, other in rows]


def owe_asking_again(session: Session, *, at: datetime) -> int:
    """Owe the letters that ask again: one a member and encounter; how many are new.

    At most one a member at a time: who met many people is asked about the oldest first, and
    about the next a month later, if it is not too late by then.
    """
    asked_lately = set(
        session.scalars(
            select(Letter.member_id).where(
                Letter.kind == "again", Letter.owed_at > at - AGAIN_AFTER
            )
        )
    )
    agreed = and_(Consent.member_id == ASKED.id, Consent.lieu_id == Encounter.lieu_id)
    rows = session.execute(
        _silent(at, ASKED.email.is_not(None), Consent.by_mail).join(Consent, agreed)
    ).all()
    owed = 0
    for met, asked, _ in rows:
        if asked.id not in asked_lately:
            asked_lately.add(asked.id)
            _owe(session, "again", met, asked, at=at)
            owed += 1
    return owed


def _owe(session: Session, kind: str, met: Encounter, asked: Member, *, at: datetime) -> Letter:
    return mail.owe(
        session,
        kind=kind,
        recipient=str(asked.email),
        key=met.public_id,
        facts={"encounter": met.public_id},
        language=asked.language,
        member_id=asked.id,
        lieu_id=met.lieu_id,
        at=at,
    )

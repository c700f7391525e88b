"""Following up: what happens by itself after a letter of introduction.

Rules kept here: three days after all said yes (or after the time they chose) those who have not
said so are asked once whether they met; who answered none of their last three letters is paused
and told once; to whom nothing fitted for three months gets a word with what would help, at most
once a quarter. A letter that never left is nobody's silence.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Integer, Select, and_, bindparam, cast, exists, func, or_, select
from sqlalchemy.orm import Session

from serendipity import consent, mail, many, phrases, rhythms
from serendipity.consent import Consent
from serendipity.db import look_up
from serendipity.encounters import Encounter
from serendipity.introductions.sides import Introduction, Side
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.rhythms import LetterTurn, Rhythm

ASKED_AFTER: Final = timedelta(days=3)
NOT_ASKED_AFTER: Final = timedelta(days=7)
SILENCES: Final = 3
A_QUARTER: Final = timedelta(days=91)


# --- did you meet? --------------------------------------------------------------------------


def owe_reminders(session: Session, *, at: datetime) -> int:
    """Ask those who agreed by letter three days ago whether they met; how many were asked."""
    since = func.coalesce(Introduction.meet_at, Encounter.said_at)
    rows = session.execute(
        select(Introduction, Member)
        .join(Encounter, Encounter.introduction_id == Introduction.id)
        .join(Member, or_(Member.id == Encounter.a_id, Member.id == Encounter.b_id))
        .where(
            Introduction.how == "mail",
            Introduction.withdrawn_at.is_(None),
            since <= at - ASKED_AFTER,
            since > at - NOT_ASKED_AFTER,
            Encounter.denied_at.is_(None),
            _unsaid(),
            Member.email.is_not(None),
            ~_asked(),
        )
        .distinct()
    )
    letters = [_reminder(introduction, member) for introduction, member in rows]
    return mail.owe_all(session, letters, at=at)


def _unsaid() -> Any:
    """This member has not said yet that it happened."""
    return or_(
        and_(Member.id == Encounter.a_id, Encounter.a_confirmed_at.is_(None)),
        and_(Member.id == Encounter.b_id, Encounter.b_confirmed_at.is_(None)),
    )


def _asked() -> Any:
    return exists().where(
        Letter.kind == "reminder",
        Letter.member_id == Member.id,
        Letter.key == Introduction.public_id,
    )


def _reminder(introduction: Introduction, member: Member) -> dict[str, Any]:
    return {
        "kind": "reminder",
        "recipient": member.email,
        "key": introduction.public_id,
        "facts": {"introduction": introduction.public_id},
        "language": member.language,
        "member_id": member.id,
        "lieu_id": introduction.home_of(member.id),
    }


# --- silence --------------------------------------------------------------------------------


def _without_answer() -> Select[Any]:
    """Who of `ids` left their last three letters without any answer before `at`."""
    number = func.row_number().over(
        partition_by=Side.member_id, order_by=Introduction.offered_at.desc()
    )
    answered = cast(or_(Side.yes_at.is_not(None), Side.no_at.is_not(None)), Integer)
    last = (
        select(Side.member_id, answered.label("answered"), number.label("number"))
        .join(Introduction, Introduction.id == Side.introduction_id)
        .outerjoin(Rhythm, Rhythm.member_id == Side.member_id)
        .where(
            many.among(Side.member_id, "ids"),
            Introduction.how == "mail",
            Introduction.expires_at <= bindparam("at"),
            Introduction.withdrawn_at.is_(None),
            or_(Rhythm.chosen_at.is_(None), Introduction.offered_at > Rhythm.chosen_at),
            exists().where(
                Letter.kind == "introduction",
                Letter.member_id == Side.member_id,
                Letter.key == Introduction.public_id,
                Letter.sent_at.is_not(None),
            ),
        )
        .subquery()
    )
    return (
        select(last.c.member_id)
        .where(last.c.number <= SILENCES)
        .group_by(last.c.member_id)
        .having(and_(func.count() == SILENCES, func.sum(last.c.answered) == 0))
    )


_SILENT: Final = _without_answer()


def silent(session: Session, member_ids: Collection[int], *, at: datetime) -> set[int]:
    """Who of these left their last three letters without any answer, since they last chose."""
    return {who for (who,) in look_up(session, _SILENT, ids=member_ids, at=at)}


def pause_silent(
    session: Session, member_ids: Collection[int], *, lieu_id: int, at: datetime
) -> int:
    """Pause who has been silent three times, and tell them once; how many."""
    quiet = silent(session, member_ids, at=at) - rhythms.paused(session, member_ids)
    letters = []
    for member in session.scalars(select(Member).where(many.among(Member.id, quiet))):
        rhythms.pause_for_silence(session, member_id=member.id, at=at)
        if member.email is not None:
            letters.append(
                {
                    "kind": "silence",
                    "recipient": member.email,
                    "key": f"{at:%Y-%m-%d}",
                    "facts": {},
                    "language": member.language,
                    "member_id": member.id,
                    "lieu_id": lieu_id,
                }
            )
    session.flush()
    return mail.owe_all(session, letters, at=at)


# --- nobody fitted --------------------------------------------------------------------------


def owe_words(session: Session, member_ids: Collection[int], *, lieu_id: int, at: datetime) -> int:
    """Tell members whom nothing fitted for a quarter what would help; how many were told."""
    waiting = _unserved(session, member_ids, lieu_id=lieu_id, at=at)
    if not waiting:
        return 0
    held = {one.member_id for one in phrases.offered(session, waiting)}
    asking = {one.member_id for one in phrases.needed(session, waiting, lieu_id=lieu_id, at=at)}
    letters = [
        {
            "kind": "word",
            "recipient": member.email,
            "key": f"{at.year}Q{(at.month + 2) // 3}",
            "facts": {"hints": _hints(member.id in held, member.id in asking, chosen)},
            "language": member.language,
            "member_id": member.id,
            "lieu_id": lieu_id,
        }
        for member, chosen in waiting.values()
    ]
    return mail.owe_all(session, letters, at=at)


def _unserved(
    session: Session, member_ids: Collection[int], *, lieu_id: int, at: datetime
) -> dict[int, tuple[Member, Consent]]:
    """Those who have wanted letters for a quarter and got none, nor a word about it."""
    if not member_ids:
        return {}
    since = at - A_QUARTER
    rows = session.execute(
        select(Member, Consent)
        .join(Consent, (Consent.member_id == Member.id) & (Consent.lieu_id == lieu_id))
        .where(
            many.among(Member.id, member_ids),
            Member.email.is_not(None),
            Consent.chosen_at <= since,
            ~exists().where(
                LetterTurn.member_id == Member.id, LetterTurn.local_date > since.date()
            ),
            ~exists().where(
                Letter.member_id == Member.id, Letter.kind == "word", Letter.owed_at > since
            ),
        )
    )
    return {member.id: (member, chosen) for member, chosen in rows}


def _hints(held: bool, asked: bool, chosen: Consent) -> list[str]:
    """What would make it likelier that somebody fits: codes, put in words by the letter."""
    missing = {"need": not asked, "skill": not held, "share": not chosen.other_lieux}
    return [hint for hint, applies in missing.items() if applies] or ["few"]


# --- still agreed? --------------------------------------------------------------------------


def still_agreed(session: Session, introduction: Introduction) -> bool:
    """Whether everybody in it still wants letters, each at the lieu where they said so.

    Where somebody is a guest from another lieu, all of them share with other lieux.
    """
    between = any(side.guest_of_id is not None for side in introduction.sides)
    for side in introduction.sides:
        lieu_id = side.guest_of_id or introduction.lieu_id
        chosen = consent.of(session, member_id=side.member_id, lieu_id=lieu_id)
        if not chosen.by_mail or (between and not chosen.other_lieux):
            return False
    return True

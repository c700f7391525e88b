"""Asking: whom the engine puts a call to, and when it is the next one's turn.

This runs in the worker: a call made in the web is a row, and a moment later somebody is asked.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

import matching
from serendipity import mail, members, skills
from serendipity.bookings import Booking
from serendipity.calls.tables import TURN, Call, CallAsked
from serendipity.members import Member
from serendipity.organisations import OrganisationMember
from serendipity.presence import Presence
from serendipity.suggestions import gathering

WEEK: Final = timedelta(days=7)
WEEKLY_CAP: Final = 5
LOOK_AGAIN: Final = timedelta(minutes=1)  # when nobody fitted
READ_WITHIN: Final = timedelta(seconds=10)  # the reader's time to hear a concept in the words


def pass_on(session: Session, *, at: datetime, meaning: Any = None, vocabulary: Any = None) -> int:
    """End turns that ran out, and put each waiting call to the next person; how many were asked."""
    _end_turns(session, at=at)
    asked = [
        _ask_next(session, call, at=at, meaning=meaning, vocabulary=vocabulary)
        for call in waiting(session, at=at)
    ]
    return sum(asked)


def _end_turns(session: Session, *, at: datetime) -> None:
    session.execute(
        update(CallAsked)
        .where(
            CallAsked.asked_at <= at - TURN,
            CallAsked.yes_at.is_(None),
            CallAsked.no_at.is_(None),
            CallAsked.passed_at.is_(None),
        )
        .values(passed_at=at)
    )


def waiting(session: Session, *, at: datetime) -> list[Call]:
    """Open calls that nobody holds in their hands, the oldest first."""
    in_hand = select(CallAsked.call_id).where(
        CallAsked.no_at.is_(None), CallAsked.passed_at.is_(None)
    )
    answered = select(CallAsked.call_id).where(CallAsked.yes_at.is_not(None))
    return list(
        session.scalars(
            select(Call)
            .where(
                Call.withdrawn_at.is_(None),
                Call.expires_at > at,
                Call.id.not_in(in_hand),
                Call.id.not_in(answered),
                Call.tried_at.is_(None) | (Call.tried_at <= at - LOOK_AGAIN),
                Call.read_at.is_not(None) | (Call.called_at <= at - READ_WITHIN),
            )
            .order_by(Call.called_at, Call.id)
            .with_for_update(skip_locked=True)
        )
    )


def _ask_next(session: Session, call: Call, *, at: datetime, meaning: Any, vocabulary: Any) -> bool:
    """Put the call to the best helper who may be asked; False when there is none now."""
    free = free_to_be_asked(session, call, at=at)
    best = _best(session, call, free, at=at, meaning=meaning, vocabulary=vocabulary)
    if best is None:
        call.tried_at = at
        return False
    call.tried_at = None
    session.add(CallAsked(call_id=call.id, member_id=best.id, asked_at=at))
    session.flush()
    if best.email is not None:  # ten minutes are short for who does not look at the page
        mail.owe(
            session,
            kind="call",
            recipient=best.email,
            key=call.public_id,
            facts={"call": call.public_id, "words": call.words},
            language=best.language,
            at=at,
            member_id=best.id,
            lieu_id=call.lieu_id,
        )
    return True


def free_to_be_asked(session: Session, call: Call, *, at: datetime) -> dict[int, Member]:
    """Who is here and may be asked: open, below the weekly cap, not asked before, not kept apart.

    Nobody who asks is named, so no consent to be seen is needed; a no is as good as a yes.
    """
    rows = session.scalars(
        select(Member)
        .join(Presence, Presence.member_id == Member.id)
        .where(
            Presence.lieu_id == call.lieu_id,
            Presence.ended_at.is_(None),
            Presence.until > at,
            Presence.confirmed_at.is_not(None),
            Presence.hidden_at.is_(None),
            Presence.focus_until.is_(None) | (Presence.focus_until <= at),
            Member.paused_until.is_(None) | (Member.paused_until <= at),
            Member.id.not_in(select(CallAsked.member_id).where(CallAsked.call_id == call.id)),
            Member.id.not_in(_busy(at)),
        )
        .order_by(Member.id)
    )
    here = {member.id: member for member in rows}
    apart = _askers(session, call) | _kept_apart(session, call, here)
    tired = _above_cap(session, here, at=at)
    return {key: one for key, one in here.items() if key not in apart | tired}


def _busy(at: datetime) -> Any:
    """Who has another call in their hands."""
    return (
        select(CallAsked.member_id)
        .join(Call, Call.id == CallAsked.call_id)
        .where(
            CallAsked.yes_at.is_(None),
            CallAsked.no_at.is_(None),
            CallAsked.passed_at.is_(None),
            Call.withdrawn_at.is_(None),
            Call.expires_at > at,
        )
    )


def _askers(session: Session, call: Call) -> set[int]:
    """Who asks: the member, or everybody of the organisation in the room."""
    if call.member_id is not None:
        return {call.member_id}
    return set(
        session.scalars(
            select(OrganisationMember.member_id)
            .join(Booking, Booking.organisation_id == OrganisationMember.organisation_id)
            .where(Booking.id == call.booking_id)
        )
    )


def _kept_apart(session: Session, call: Call, here: dict[int, Member]) -> set[int]:
    askers = _askers(session, call)
    pairs = members.blocked_pairs(session, {*here, *askers})
    return {end for pair in pairs if askers.intersection(pair) for end in pair}


def _above_cap(session: Session, here: dict[int, Member], *, at: datetime) -> set[int]:
    return set(
        session.scalars(
            select(CallAsked.member_id)
            .where(CallAsked.member_id.in_(list(here)), CallAsked.asked_at > at - WEEK)
            .group_by(CallAsked.member_id)
            .having(func.count() >= WEEKLY_CAP)
        )
    )


def _best(
    session: Session,
    call: Call,
    free: dict[int, Member],
    *,
    at: datetime,
    meaning: Any,
    vocabulary: Any,
) -> Member | None:
    held = skills.skills_of(session, free)
    if not any(held.values()):
        return None
    people = [
        matching.Person(
            key,
            skills=tuple(matching.Skill(one.words, one.concept_id) for one in held[key]),
            languages=tuple(member.languages),
        )
        for key, member in free.items()
    ]
    said = [call.concept_id, *(one.concept_id for some in held.values() for one in some)]
    known = vocabulary or gathering.broader_of(session, said)
    community = matching.Community(people, meaning=meaning, vocabulary=known)
    found = community.helpers(matching.Need(call.words, call.concept_id), at=at, top=1)
    return free[int(str(found[0].id))] if found else None

"""Asking: whom the engine puts a call to, and when it is the next one's turn.

This runs in the worker: a call made in the web is a row, and a moment later somebody is asked.
The thinking (`plan`) reads and takes its time; the putting (`put`) writes and asks again who may
be asked, because that may have changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

import matching
from serendipity import mail, members, skills
from serendipity.bookings import Booking
from serendipity.calls.tables import IN_HAND, TURN, Call, CallAsked, yeses
from serendipity.consent import Consent
from serendipity.members import Member
from serendipity.organisations import OrganisationMember
from serendipity.presence import Presence
from serendipity.suggestions import gathering

WEEK: Final = timedelta(days=7)
WEEKLY_CAP: Final = 5
LOOK_AGAIN: Final = timedelta(minutes=1)  # when nobody fitted
SPARE: Final = 5
TOLD_WITHIN: Final = timedelta(days=1)  # that nobody answered; after that it is no news
READ_WITHIN: Final = timedelta(seconds=10)  # the reader's time to hear a concept in the words


@dataclass(frozen=True)
class Planned:
    """Whom a call may be put to, the best first."""

    call_id: int
    best: tuple[int, ...]


def pass_on(session: Session, *, at: datetime, meaning: Any = None, vocabulary: Any = None) -> int:
    """End turns that ran out, and put each waiting call to the next person; how many were asked.

    All in one transaction, for who has only one. The worker calls the three apart, so that
    nobody's writing waits while the engine thinks.
    """
    end_turns(session, at=at)
    return put(session, plan(session, at=at, meaning=meaning, vocabulary=vocabulary), at=at)


def end_turns(session: Session, *, at: datetime) -> None:
    """Whose ten minutes are over holds the call no more."""
    session.execute(
        update(CallAsked).where(CallAsked.asked_at <= at - TURN, *IN_HAND).values(passed_at=at)
    )


def plan(
    session: Session, *, at: datetime, meaning: Any = None, vocabulary: Any = None
) -> list[Planned]:
    """Who could be asked for each waiting call: the thinking, which writes nothing."""
    return [
        Planned(
            call.id,
            _best(
                session,
                call,
                free_to_be_asked(session, call, at=at),
                at=at,
                meaning=meaning,
                vocabulary=vocabulary,
            ),
        )
        for call in waiting(session, at=at)
    ]


def put(session: Session, planned: Sequence[Planned], *, at: datetime) -> int:
    """Put each call to the best of those who may still be asked now; how many were asked."""
    best = {one.call_id: one.best for one in planned}
    still = [call for call in waiting(session, at=at, lock=True) if call.id in best]
    return sum(_ask_next(session, call, best[call.id], at=at) for call in still)


def waiting(session: Session, *, at: datetime, lock: bool = False) -> list[Call]:
    """Open calls with a chair that is neither taken nor in somebody's hands, the oldest first."""
    in_hand = (
        select(func.count())
        .select_from(CallAsked)
        .where(CallAsked.call_id == Call.id, *IN_HAND)
        .correlate(Call)
        .scalar_subquery()
    )
    found = (
        select(Call)
        .where(
            Call.withdrawn_at.is_(None),
            Call.expires_at > at,
            in_hand + yeses(Call.id) < Call.people,
            Call.tried_at.is_(None) | (Call.tried_at <= at - LOOK_AGAIN),
            Call.read_at.is_not(None) | (Call.called_at <= at - READ_WITHIN),
        )
        .order_by(Call.called_at, Call.id)
    )
    return list(session.scalars(found.with_for_update(skip_locked=True) if lock else found))


def _ask_next(session: Session, call: Call, best: Sequence[int], *, at: datetime) -> int:
    """Put the call to as many as there are chairs waiting; how many were asked."""
    held = (
        select(func.count())
        .select_from(CallAsked)
        .where(CallAsked.call_id == call.id, or_(CallAsked.yes_at.is_not(None), and_(*IN_HAND)))
    )
    chairs, asked = call.people - (session.scalar(held) or 0), 0
    for key in best:
        if asked == chairs:
            break
        # Asked anew each time: they left meanwhile, or the one just asked is kept apart from them.
        helper = free_to_be_asked(session, call, at=at).get(key)
        if helper is not None:
            _ask(session, call, helper, at=at)
            asked += 1
    call.tried_at = None if asked == chairs else at
    session.flush()
    return asked


def _ask(session: Session, call: Call, helper: Member, *, at: datetime) -> None:
    session.add(CallAsked(call_id=call.id, member_id=helper.id, asked_at=at, people=call.people))
    session.flush()
    if helper.email is not None:  # ten minutes are short for who does not look at the page
        mail.owe(
            session,
            kind="call",
            recipient=helper.email,
            key=call.public_id,
            facts={"call": call.public_id, "words": call.words},
            language=helper.language,
            at=at,
            member_id=helper.id,
            lieu_id=call.lieu_id,
        )


def owe_missed(session: Session, *, at: datetime) -> int:
    """Tell members whose question nobody answered in its time, if they want letters; how many."""
    rows = session.execute(
        select(Call, Member)
        .join(Member, Member.id == Call.member_id)
        .join(Consent, (Consent.member_id == Member.id) & (Consent.lieu_id == Call.lieu_id))
        .where(
            Call.expires_at <= at,
            Call.expires_at > at - TOLD_WITHIN,
            Call.withdrawn_at.is_(None),
            yeses(Call.id) == 0,
            Consent.by_mail,
            Member.email.is_not(None),
        )
    )
    letters = [
        {
            "kind": "missed",
            "recipient": member.email,
            "key": call.public_id,
            "facts": {"call": call.public_id, "words": call.words},
            "language": member.language,
            "member_id": member.id,
            "lieu_id": call.lieu_id,
        }
        for call, member in rows
    ]
    return mail.owe_all(session, letters, at=at)


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
            *IN_HAND,
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
    """Who is kept apart from the asker, or from somebody who sits there or is just asked."""
    table = select(CallAsked.member_id).where(
        CallAsked.call_id == call.id, or_(CallAsked.yes_at.is_not(None), and_(*IN_HAND))
    )
    company = {*_askers(session, call), *session.scalars(table)}
    pairs = members.blocked_pairs(session, {*here, *company})
    return {end for pair in pairs if company.intersection(pair) for end in pair}


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
) -> tuple[int, ...]:
    """Those who could answer, the best first; a few more than are needed, as some may leave."""
    held = skills.skills_of(session, free)
    if not any(held.values()):
        return ()
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
    found = community.helpers(
        matching.Need(call.words, call.concept_id), at=at, top=SPARE + call.people
    )
    return tuple(int(str(one.id)) for one in found)

"""Memory: when a lieu should be looked at again, and what is forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, delete, func, or_, select, union_all, update
from sqlalchemy.orm import Session

from serendipity import hours, members
from serendipity.introductions import Introduction, Side
from serendipity.members import Member
from serendipity.needs import Need
from serendipity.presence import Presence
from serendipity.skills import MemberSkill
from serendipity.suggestions.ideas import Round, SuggestedPair, Suggestion, SuggestionMember

RELEASED_AFTER: Final = timedelta(days=30)
# A change that was committed while a round was thinking carries an instant before the round's.
GRACE: Final = timedelta(seconds=2)
AGAIN_AFTER: Final = timedelta(minutes=15)  # answers, noes and focus that ended change the room too


def lieux_due(session: Session, *, at: datetime) -> list[int]:
    """Lieux with people in them where something changed, or a moment began, since the last round.

    However much happened meanwhile, it is one round.
    """
    looked = _last_rounds(session)
    changed = _last_changes(session, at)
    people = dict(
        session.execute(
            select(Presence.lieu_id, func.count())
            .where(Presence.ended_at.is_(None), Presence.until > at)
            .group_by(Presence.lieu_id)
        ).all()
    )
    together = [lieu_id for lieu_id, count in people.items() if count > 1]
    began = hours.last_starts(session, lieu_ids=together, at=at)
    return [
        lieu_id
        for lieu_id in sorted(people)
        if lieu_id not in looked
        or changed.get(lieu_id, looked[lieu_id] - GRACE) > looked[lieu_id] - GRACE
        or began.get(lieu_id, looked[lieu_id]) > looked[lieu_id]
        or (people[lieu_id] > 1 and at - looked[lieu_id] >= AGAIN_AFTER)
    ]


def _last_rounds(session: Session) -> dict[int, datetime]:
    rows = session.execute(
        select(Round.lieu_id, func.max(Round.at))
        .where(Round.kind == "day", Round.policy != "concierge")  # one idea is no look around
        .group_by(Round.lieu_id)
    )
    return dict(rows.all())


def _last_changes(session: Session, at: datetime) -> dict[int, datetime]:
    """Lieu → when presence, needs, skills or what they were heard as changed last."""
    here = (Presence.ended_at.is_(None)) & (Presence.until > at)
    stays = select(Presence.lieu_id).where(here)
    needs = select(Need.lieu_id).where(Need.expires_at > at)
    offered = (
        select(Presence.lieu_id)
        .join(MemberSkill, MemberSkill.member_id == Presence.member_id)
        .where(here)
    )
    changes = union_all(
        _latest(stays, Presence.started_at, Presence.lieu_id),
        _latest(stays, Presence.confirmed_at, Presence.lieu_id),
        _latest(needs, Need.said_at, Need.lieu_id),
        _latest(needs, Need.read_at, Need.lieu_id),
        _latest(offered, MemberSkill.offered_at, Presence.lieu_id),
        _latest(offered, MemberSkill.read_at, Presence.lieu_id),
    ).subquery()
    lieu_id, last = changes.c
    rows = session.execute(select(lieu_id, func.max(last)).group_by(lieu_id))
    return {key: when for key, when in rows if when is not None}


def _latest(found: Select[Any], instant: Any, lieu_id: Any) -> Select[Any]:
    return found.add_columns(func.max(instant).label("last")).group_by(lieu_id)


def looked_since(session: Session, *, lieu_id: int, since: datetime) -> bool:
    """Whether a round has looked at this lieu at or after this instant."""
    last = session.scalar(
        select(func.max(Round.at)).where(Round.lieu_id == lieu_id, Round.kind == "day")
    )
    return last is not None and last >= since


def lapse(session: Session, *, at: datetime) -> int:
    """Release pairs that nobody answered for a month, forget old reasons; how many pairs.

    A pair of whom one answered stays remembered: asking again would tell, or nag.
    """
    before = at - RELEASED_AFTER
    answered = (
        select(Introduction.suggestion_id)
        .join(Side, Side.introduction_id == Introduction.id)
        .where(or_(Side.yes_at.is_not(None), Side.no_at.is_not(None)))
    )
    old = select(Suggestion.id).where(
        Suggestion.expires_at <= at, Suggestion.withdrawn_at.is_(None)
    )
    released = session.scalars(
        delete(SuggestedPair)
        .where(
            SuggestedPair.at <= before,
            SuggestedPair.suggestion_id.in_(old),
            SuggestedPair.suggestion_id.not_in(answered),
        )
        .returning(SuggestedPair.a_id)
    ).all()
    _forget_reasons(session, Suggestion.expires_at <= before, at=None)
    return len(released)


def _forget_reasons(session: Session, which: Any, *, at: datetime | None) -> None:
    """Drop the words of members that suggestions quote; `at` also takes the open ones back."""
    session.execute(update(Suggestion).where(which).values(reasons=[]))
    if at is not None:
        session.execute(
            update(Suggestion)
            .where(which, Suggestion.withdrawn_at.is_(None))
            .values(withdrawn_at=at)
        )
    session.flush()


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    of_theirs = select(SuggestionMember.suggestion_id).where(
        SuggestionMember.member_id == member.id
    )
    _forget_reasons(session, Suggestion.id.in_(of_theirs), at=at)

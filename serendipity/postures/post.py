"""Post: introductions to carry. The engine had the idea; the concierge walks over with it.

Rules kept here: only people who are all here and may be disturbed; what somebody answered on their
phone does not show, for a list from which the noes disappear would tell them; accepting one puts it
first on the screens of all in it, with the concierge's name, and each still answers for themself;
carrying one in person means that each said yes to the concierge's face, so it is agreed from then
on; "later" hides it for an hour from every concierge, "not today" until tomorrow, "never" takes it
back and the pair is remembered. Somebody else may take the place of one of two: a new idea, the
concierge's own, of two who do not know each other and were never suggested to each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import audit, introductions, members, suggestions, ties
from serendipity.calls import Call, CallAsked
from serendipity.db import Base
from serendipity.errors import NotFound, Refused
from serendipity.introductions import Introduction
from serendipity.members import Member
from serendipity.presence import Presence
from serendipity.shifts import Shift
from serendipity.suggestions import Suggestion, SuggestionMember

LATER = timedelta(hours=1)
NOT_TODAY = timedelta(hours=14)
UNANSWERED_AFTER = timedelta(minutes=10)  # a call still has its first turn before


class Postponed(Base):
    """A suggestion that no concierge wants to see before."""

    __tablename__ = "postponed"

    suggestion_id: Mapped[int] = mapped_column(
        ForeignKey("suggestion.id", ondelete="CASCADE"), primary_key=True
    )
    not_before: Mapped[datetime]


class NothingToCarry(NotFound):
    """No such suggestion here now: never was, over, answered, elsewhere; all answer alike."""


class HasEnough(Refused):
    """One of them has as many before them as anybody may have: which one is not told."""


class CannotTakeThePlace(Refused):
    """They left, are kept apart, know each other, or were suggested before. Facts: none."""


@dataclass(frozen=True)
class Carry:
    """A suggestion with those it is about, and the introduction if it was offered already."""

    suggestion: Suggestion
    members: list[Member]
    introduction: Introduction | None
    leaving: Mapping[int, datetime]  # member id → until when they are here

    @property
    def until(self) -> datetime:
        """The first of them leaves, or the idea is over."""
        return min([self.suggestion.expires_at, *(self.leaving[one.id] for one in self.members)])

    def pairs(self) -> list[tuple[int, int]]:
        """Every two of them, the smaller id first."""
        ids = sorted(member.id for member in self.members)
        return [(a, b) for number, a in enumerate(ids) for b in ids[number + 1 :]]


def to_carry(session: Session, *, lieu_id: int, at: datetime) -> list[Carry]:
    """What may be carried now, the idea that serves most first."""
    rows = session.execute(
        select(Suggestion, Introduction)
        .outerjoin(Introduction, Introduction.suggestion_id == Suggestion.id)
        .outerjoin(Postponed, Postponed.suggestion_id == Suggestion.id)
        .where(
            Suggestion.lieu_id == lieu_id,
            Suggestion.withdrawn_at.is_(None),
            Suggestion.expires_at > at,
            Postponed.not_before.is_(None) | (Postponed.not_before <= at),
            Introduction.withdrawn_at.is_(None),
            Introduction.expires_at.is_(None) | (Introduction.expires_at > at),
        )
        .order_by(Suggestion.score.desc(), Suggestion.id)
    ).all()
    people = _people(session, [suggestion.id for suggestion, _ in rows])
    here = _approachable(session, lieu_id=lieu_id, at=at)
    apart = members.blocked_pairs(session, here)
    found = (
        Carry(suggestion, people[suggestion.id], introduction, here)
        for suggestion, introduction in rows
        if introduction is None or not introduction.agreed
    )
    return [
        carry
        for carry in found
        if all(member.id in here for member in carry.members) and apart.isdisjoint(carry.pairs())
    ]


def _people(session: Session, suggestion_ids: Sequence[int]) -> dict[int, list[Member]]:
    found: dict[int, list[Member]] = {one: [] for one in suggestion_ids}
    rows = session.execute(
        select(SuggestionMember.suggestion_id, Member)
        .join(Member, Member.id == SuggestionMember.member_id)
        .where(SuggestionMember.suggestion_id.in_(suggestion_ids))
        .order_by(Member.id)
    )
    for suggestion_id, member in rows:
        found[suggestion_id].append(member)
    return found


def _approachable(session: Session, *, lieu_id: int, at: datetime) -> dict[int, datetime]:
    """Member id → until when they are here, for all whom a concierge may walk up to."""
    rows = session.execute(
        select(Presence.member_id, Presence.until)
        .join(Member, Member.id == Presence.member_id)
        .where(
            Presence.lieu_id == lieu_id,
            Presence.ended_at.is_(None),
            Presence.until > at,
            Presence.confirmed_at.is_not(None),
            Presence.hidden_at.is_(None),
            Presence.focus_until.is_(None) | (Presence.focus_until <= at),
            Member.paused_until.is_(None) | (Member.paused_until <= at),
        )
    )
    return dict(rows.all())


def accept(session: Session, *, shift: Shift, public_id: str, at: datetime) -> Carry:
    """Yes, this one, now: it comes first on the screens of all in it, as the concierge's idea too.

    Each answers as before, and nobody is told what. Accepting it again changes nothing.

    Raises
    ------
    NothingToCarry
        It is not on the list of this lieu.
    HasEnough
        It was not offered yet, and one of them has no place left for it.
    """
    carry = _carry(session, shift, public_id, at=at)
    if carry.introduction is None and _is_too_many(session, carry, at=at):
        raise HasEnough()
    introduction = carry.introduction or _offered(session, carry, how="here", at=at)
    if introductions.put_forward(session, introduction=introduction, by_id=shift.member_id, at=at):
        _trace(session, shift, "put-forward", carry, at=at)
    return carry


def _is_too_many(session: Session, carry: Carry, *, at: datetime) -> bool:
    ids = [member.id for member in carry.members]
    lieu_id = carry.suggestion.lieu_id
    before = introductions.how_many_open(session, member_ids=ids, lieu_id=lieu_id, at=at)
    return max(before.values()) >= suggestions.PER_PERSON["day"]


def _offered(session: Session, carry: Carry, *, how: str, at: datetime) -> Introduction:
    idea = carry.suggestion
    return introductions.offer(session, suggestion=idea, how=how, at=at, expires_at=idea.expires_at)


def introduce(session: Session, *, shift: Shift, public_id: str, at: datetime) -> Carry:
    """Carry it in person: each of them said yes to the concierge, so they know each other now.

    Raises
    ------
    NothingToCarry
        It is not on the list of this lieu.
    """
    carry = _carry(session, shift, public_id, at=at)
    introduction = carry.introduction or _offered(session, carry, how="concierge", at=at)
    introduction.how = "concierge"
    for member in carry.members:
        introductions.say_yes(session, public_id=introduction.public_id, member_id=member.id, at=at)
    _trace(session, shift, "carried", carry, at=at)
    return carry


def postpone(
    session: Session, *, shift: Shift, public_id: str, at: datetime, lasts: timedelta = LATER
) -> Carry:
    """Later: not on any concierge's list before. NothingToCarry if it is not on it."""
    carry = _carry(session, shift, public_id, at=at)
    session.merge(Postponed(suggestion_id=carry.suggestion.id, not_before=at + lasts))
    _trace(session, shift, "postponed", carry, at=at)
    return carry


def not_today(session: Session, *, shift: Shift, public_id: str, at: datetime) -> Carry:
    """Not before tomorrow; as `postpone`."""
    return postpone(session, shift=shift, public_id=public_id, at=at, lasts=NOT_TODAY)


def keep_apart(session: Session, *, shift: Shift, public_id: str, at: datetime) -> Carry:
    """Never: the idea is taken back, also where it was offered. NothingToCarry if not on it."""
    carry = _carry(session, shift, public_id, at=at)
    carry.suggestion.withdrawn_at = at
    if carry.introduction is not None:
        carry.introduction.withdrawn_at = at
    _trace(session, shift, "kept-apart", carry, at=at)
    return carry


# --- somebody else in the place of one ----------------------------------------------------------


def may_take_the_place(
    session: Session, *, carry: Carry, kept_id: int, at: datetime
) -> list[Member]:
    """Who is here and could meet the one who is kept, by name."""
    here = _approachable(session, lieu_id=carry.suggestion.lieu_id, at=at)
    others = sorted(set(here) - {member.id for member in carry.members})
    new = _new_to(session, kept_id, others)
    found = session.scalars(
        select(Member).where(Member.id.in_(new)).order_by(Member.name, Member.id)
    )
    return list(found)


def _new_to(session: Session, kept_id: int, others: Sequence[int]) -> list[int]:
    everybody = [kept_id, *others]
    taken = (
        members.blocked_pairs(session, everybody)
        | ties.known_pairs(session, everybody)
        | suggestions.suggested_pairs(session, everybody)
    )
    return [one for one in others if ties.spelt(kept_id, one) not in taken]


def swap(
    session: Session, *, shift: Shift, public_id: str, keep: str, other: str, at: datetime
) -> Suggestion:
    """Keep one of the two (`keep`, a public id) and think of `other` in the place of the second.

    The first idea is taken back, the pair is remembered, and the new one is offered to both.

    Raises
    ------
    NothingToCarry
        It is not on the list, is a circle, or `keep` is not in it.
    CannotTakeThePlace
        The other cannot; nothing was changed.
    """
    carry = _carry(session, shift, public_id, at=at)
    kept = next((one for one in carry.members if one.public_id == keep), None)
    if kept is None or len(carry.members) != 2:
        raise NothingToCarry()
    free = may_take_the_place(session, carry=carry, kept_id=kept.id, at=at)
    chosen = next((one for one in free if one.public_id == other), None)
    if chosen is None:
        raise CannotTakeThePlace()
    keep_apart(session, shift=shift, public_id=public_id, at=at)
    made = suggestions.by_hand(
        session,
        lieu_id=shift.lieu_id,
        member_ids=(kept.id, chosen.id),
        at=at,
        expires_at=min(carry.leaving[kept.id], carry.leaving[chosen.id]),
    )
    if made is None:
        raise CannotTakeThePlace()
    audit.record(
        session,
        actor_id=shift.member_id,
        what="swapped",
        concerns_id=chosen.id,
        lieu_id=shift.lieu_id,
        facts={"suggestion": made.public_id},
        at=at,
    )
    return made


# --- calls that wait ----------------------------------------------------------------------------


def unanswered(session: Session, *, lieu_id: int, at: datetime) -> list[Call]:
    """Questions that nobody took within their first turn, the oldest first; not who asked."""
    taken = select(CallAsked.call_id).where(CallAsked.yes_at.is_not(None))
    return list(
        session.scalars(
            select(Call)
            .where(
                Call.lieu_id == lieu_id,
                Call.withdrawn_at.is_(None),
                Call.expires_at > at,
                Call.called_at <= at - UNANSWERED_AFTER,
                Call.id.not_in(taken),
            )
            .order_by(Call.called_at, Call.id)
        )
    )


def carried(session: Session, *, shift: Shift, public_id: str, at: datetime) -> Carry:
    """One of those on the list. NothingToCarry."""
    return _carry(session, shift, public_id, at=at)


def _carry(session: Session, shift: Shift, public_id: str, *, at: datetime) -> Carry:
    for carry in to_carry(session, lieu_id=shift.lieu_id, at=at):
        if carry.suggestion.public_id == public_id:
            return carry
    raise NothingToCarry()


def _trace(session: Session, shift: Shift, what: str, carry: Carry, *, at: datetime) -> None:
    for member in carry.members:
        audit.record(
            session,
            actor_id=shift.member_id,
            what=what,
            concerns_id=member.id,
            lieu_id=shift.lieu_id,
            facts={"suggestion": carry.suggestion.public_id},
            at=at,
        )

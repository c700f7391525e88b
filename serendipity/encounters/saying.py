"""Saying: it happened, or it did not; whether the other helped; and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from serendipity import ledger, ties
from serendipity.encounters.meeting import OUTCOMES, Encounter, known_to, own_encounter
from serendipity.errors import Invalid, Refused
from serendipity.members import Block, Member

LATELY: Final = timedelta(days=60)
ASKED_FOR: Final = timedelta(days=14)  # after that nobody asks any more whether it happened


class AlreadyHappened(Refused):
    """Both said that it happened; it cannot be denied any more."""


class NoSuchOutcome(Invalid):
    """Facts: field, given."""


@dataclass(frozen=True)
class Waiting:
    """An encounter that a member may speak about, with the other one."""

    encounter: Encounter
    other: Member
    said: bool  # by this member


def confirm(
    session: Session,
    *,
    public_id: str,
    member_id: int,
    helped: bool,
    at: datetime,
    outcome: str = "",
) -> Encounter:
    """Say that it happened, and whether the other helped; the second of the two makes it count.

    Saying so again changes nothing; what it was good for may be added any time.

    Raises
    ------
    NoSuchEncounter, NoSuchOutcome
    """
    check_outcome(outcome)
    met = own_encounter(session, public_id=public_id, member_id=member_id)
    return say_so(session, met, member_id=member_id, helped=helped, outcome=outcome, at=at)


def say_so(
    session: Session, met: Encounter, *, member_id: int, helped: bool, outcome: str, at: datetime
) -> Encounter:
    """`confirm` for an encounter in hand, locked, its outcome checked; one denied stays so."""
    if met.denied_at is not None:
        return met
    _came(met, member_id, outcome)
    if met.confirmed_by(member_id) is None:
        _say(met, member_id, helped=helped, at=at)
        session.flush()
        if met.happened_at is not None:
            _count(session, met, at=at)
    session.flush()
    return met


def say_what_came(
    session: Session, *, public_id: str, member_id: int, outcome: str, at: datetime
) -> Encounter:
    """Say what came of it, for oneself: any time after one said that it happened; the last counts.

    Raises
    ------
    NoSuchEncounter, NoSuchOutcome
        Also when nothing was chosen.
    """
    check_outcome(outcome)
    met = own_encounter(session, public_id=public_id, member_id=member_id)
    if not outcome or met.confirmed_by(member_id) is None:
        raise NoSuchOutcome(field="outcome", given=outcome)
    _came(met, member_id, outcome)
    session.flush()
    return met


def check_outcome(outcome: str) -> None:
    """Raise NoSuchOutcome unless it is one of those there are, or empty."""
    if outcome not in OUTCOMES:
        raise NoSuchOutcome(field="outcome", given=outcome[:40])


def _came(met: Encounter, member_id: int, outcome: str) -> None:
    if outcome and member_id == met.a_id:
        met.a_outcome = outcome
    elif outcome:
        met.b_outcome = outcome


def _say(met: Encounter, member_id: int, *, helped: bool, at: datetime) -> None:
    if member_id == met.a_id:
        met.a_confirmed_at, met.a_helped = at, helped
    else:
        met.b_confirmed_at, met.b_helped = at, helped


def _count(session: Session, met: Encounter, *, at: datetime) -> None:
    """Both said so: the tie grows, and whoever helped is paid."""
    ties.strengthen(session, one_id=met.a_id, other_id=met.b_id, at=at)
    answers = ((met.a_helped, met.a_id, met.b_id), (met.b_helped, met.b_id, met.a_id))
    for helped, receiver, giver in answers:
        if helped:
            _pay(session, met, receiver, giver, at=at)


def _pay(session: Session, met: Encounter, receiver: int, giver: int, *, at: datetime) -> None:
    try:
        ledger.answer(
            session,
            helper_id=giver,
            lieu_id=met.lieu_id,
            key=_key(met, receiver, giver),
            at=at,
            served_id=receiver,
            encounter_id=met.id,
        )
    except ledger.AlreadyPosted:
        # By hand, for the same person, this month: it counts as an encounter, and is not paid
        # twice. What was suggested or called for has a key of its own and cannot come here.
        if met.told_on is None:
            raise


def _key(met: Encounter, receiver: int, giver: int) -> str:
    """What an answer pays: this encounter; told by hand, this helper and helped, this month."""
    if met.told_on is None:
        return f"answer:{met.public_id}:{receiver}"
    return f"answer:hand:{giver}:{receiver}:{met.told_on:%Y-%m}"


def deny(session: Session, *, public_id: str, member_id: int, at: datetime) -> Encounter:
    """It did not happen; nobody is asked again.

    Raises
    ------
    NoSuchEncounter, AlreadyHappened
    """
    met = own_encounter(session, public_id=public_id, member_id=member_id)
    if met.happened_at is not None:
        raise AlreadyHappened()
    met.denied_at = at
    session.flush()
    return met


def waiting_for(session: Session, *, member_id: int, at: datetime) -> list[Waiting]:
    """Encounters of the last two weeks that do not count yet, the newest first.

    What is told by hand by somebody whom this member never wants to meet is not among them; the
    one who told it is not told so.
    """
    apart = select(Block.at).where(
        Block.blocker_id == member_id, Block.blocked_id == Encounter.told_by_id
    )
    rows = session.execute(
        select(Encounter, Member)
        .join(Member, (Member.id == Encounter.a_id) | (Member.id == Encounter.b_id))
        .where(
            known_to(member_id),
            Member.id != member_id,
            Member.erased_at.is_(None),
            Encounter.denied_at.is_(None),
            Encounter.said_at > at - ASKED_FOR,
            or_(Encounter.a_confirmed_at.is_(None), Encounter.b_confirmed_at.is_(None)),
            ~apart.exists(),
        )
        .order_by(Encounter.said_at.desc(), Encounter.id.desc())
    )
    return [Waiting(met, other, met.confirmed_by(member_id) is not None) for met, other in rows]


def lately(session: Session, *, member_id: int, at: datetime) -> list[tuple[Encounter, Member]]:
    """The encounters of two months that count, with the other one, the newest first."""
    mine = or_(Encounter.a_id == member_id, Encounter.b_id == member_id)
    rows = session.execute(
        select(Encounter, Member)
        .join(Member, (Member.id == Encounter.a_id) | (Member.id == Encounter.b_id))
        .where(
            mine,
            Member.id != member_id,
            Member.erased_at.is_(None),
            Encounter.denied_at.is_(None),
            Encounter.a_confirmed_at > at - LATELY,
            Encounter.b_confirmed_at > at - LATELY,
        )
        .order_by(Encounter.said_at.desc(), Encounter.id.desc())
    )
    return [(met, other) for met, other in rows]

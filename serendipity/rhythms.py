"""Rhythms: how often a member wants a letter of introduction; weekly, unless they choose.

Rules kept here: nobody takes part in more introductions by letter than their rhythm allows, and,
whoever plans and however many do, in one a calendar week (primary key of `letter_turn`); three
letters in a row without any answer pause the member, who is told once and chooses again any time.

A rhythm counts days on the wall of the lieu that plans, so that a clock change makes no week
shorter. Two dates that are seven days apart are never in the same ISO week.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, String, bindparam, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import many, members
from serendipity.db import Base, look_up
from serendipity.errors import Invalid
from serendipity.members import Member

DAYS: Final = {"weekly": 7, "fortnightly": 14, "monthly": 28}
RHYTHMS: Final = (*DAYS, "paused")
USUAL: Final = "weekly"
REMEMBERED: Final = timedelta(days=120)  # longer than any rhythm, and than a quarter


class Rhythm(Base):
    """What a member chose; no row is the usual rhythm."""

    __tablename__ = "rhythm"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    every: Mapped[str] = mapped_column(String(12))
    chosen_at: Mapped[datetime]  # silences before it no longer count
    by_silence: Mapped[bool] = mapped_column(default=False)  # paused for them, not by them

    __table_args__ = (
        CheckConstraint("every IN ('weekly', 'fortnightly', 'monthly', 'paused')", name="every"),
        CheckConstraint("NOT by_silence OR every = 'paused'", name="silence_pauses"),
    )


class LetterTurn(Base):
    """A member's introduction by letter in a calendar week: there is one."""

    __tablename__ = "letter_turn"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    week: Mapped[int] = mapped_column(primary_key=True)  # ISO year and week: 202613
    local_date: Mapped[date]


class NoSuchRhythm(Invalid):
    """Facts: field, given."""


def choose(session: Session, *, member_id: int, every: str, at: datetime) -> Rhythm:
    """Take the member's own choice; silences of before are forgotten.

    Raises
    ------
    NoSuchRhythm, members.NoSuchMember
    """
    if every not in RHYTHMS:
        raise NoSuchRhythm(field="every", given=every[:40])
    member = members.member_named(session, member_id)
    return session.merge(Rhythm(member_id=member.id, every=every, chosen_at=at, by_silence=False))


def of(session: Session, *, member_id: int) -> Rhythm:
    """The member's rhythm; the usual one is not kept."""
    return session.get(Rhythm, member_id) or Rhythm(
        member_id=member_id, every=USUAL, by_silence=False
    )


def pause_for_silence(session: Session, *, member_id: int, at: datetime) -> Rhythm:
    """Pause a member who answered none of three letters."""
    return session.merge(Rhythm(member_id=member_id, every="paused", chosen_at=at, by_silence=True))


_PAUSED: Final = select(Rhythm.member_id).where(
    many.among(Rhythm.member_id, "ids"), Rhythm.every == "paused"
)


def paused(session: Session, member_ids: Collection[int]) -> set[int]:
    """Who of these wants no letters for now."""
    return {who for (who,) in look_up(session, _PAUSED, ids=member_ids)}


_LAST_TURNS: Final = (
    select(LetterTurn.member_id, Rhythm.every, func.max(LetterTurn.local_date))
    .outerjoin(Rhythm, Rhythm.member_id == LetterTurn.member_id)
    .where(many.among(LetterTurn.member_id, "ids"), LetterTurn.local_date > bindparam("since"))
    .group_by(LetterTurn.member_id, Rhythm.every)
)


def resting(session: Session, member_ids: Collection[int], *, day: date) -> set[int]:
    """Who of these had an introduction too lately for another one on this local date."""
    since = day - timedelta(days=max(DAYS.values()))
    last = look_up(session, _LAST_TURNS, ids=member_ids, since=since)
    return {
        member_id
        for member_id, every, on in last
        if on + timedelta(days=DAYS.get(every, DAYS[USUAL])) > day
    }


def take_turns(session: Session, member_ids: Collection[int], *, day: date) -> set[int]:
    """Take these members' turns of the week of this date; those whose turn was still there.

    In one order, so that two nights that want the same people wait for each other and never in
    a circle; the second then finds the turn taken.
    """
    year, week, _ = day.isocalendar()
    rows = [
        {"member_id": one, "week": year * 100 + week, "local_date": day}
        for one in sorted(member_ids)
    ]
    keys = [LetterTurn.member_id]
    taken = many.add(session, LetterTurn, rows, returning=keys, unless_there=True)
    return {one.member_id for one in taken}


def give_back(session: Session, member_ids: Collection[int], *, day: date) -> None:
    """These turns led to nothing after all."""
    session.execute(
        delete(LetterTurn).where(
            many.among(LetterTurn.member_id, member_ids), LetterTurn.local_date == day
        )
    )


def forget(session: Session, *, at: datetime) -> int:
    """Forget turns that no rhythm asks about any more; how many."""
    old = (at - REMEMBERED).date()
    gone = delete(LetterTurn).where(LetterTurn.local_date < old).returning(LetterTurn.week)
    return len(session.scalars(gone).all())


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    for table in (Rhythm, LetterTurn):
        session.execute(delete(table).where(table.member_id == member.id))

"""Introductions: a suggestion offered to the people in it; agreed when every one said yes.

Rules kept here: no status column, each side has its own two timestamps; nobody learns of a
one-sided yes or of a no, not even by what disappears: an introduction stays on the other's screen
until its time is over; names, places and addresses leave only through `revealed`, which asks for
all the yeses; unanswered introductions lapse silently.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from serendipity import encounters, mail, members
from serendipity.db import Base, Key, PublicId
from serendipity.errors import Expired, NotFound, Refused
from serendipity.members import Block, Member
from serendipity.presence import Presence

if TYPE_CHECKING:
    from serendipity.suggestions import Suggestion  # it offers introductions, so it imports us


class Introduction(Base):
    __tablename__ = "introduction"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    suggestion_id: Mapped[int] = mapped_column(ForeignKey("suggestion.id"))
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), index=True)
    how: Mapped[str] = mapped_column(String(12))  # here (on the phone), mail, concierge
    offered_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    suggestion: Mapped[Suggestion] = relationship("Suggestion", back_populates="introduction")
    sides: Mapped[list[Side]] = relationship("Side", order_by="Side.member_id", lazy="selectin")

    __table_args__ = (
        UniqueConstraint("suggestion_id"),
        CheckConstraint("how IN ('here', 'mail', 'concierge')", name="how"),
        CheckConstraint("expires_at > offered_at", name="expires"),
    )

    @property
    def agreed(self) -> bool:
        """Every one of them said yes."""
        return all(side.yes_at is not None for side in self.sides)

    def side_of(self, member_id: int) -> Side:
        return next(side for side in self.sides if side.member_id == member_id)

    def others(self, member_id: int) -> list[int]:
        return [side.member_id for side in self.sides if side.member_id != member_id]


class Side(Base):
    """One member's side of an introduction."""

    __tablename__ = "introduction_side"

    introduction_id: Mapped[int] = mapped_column(
        ForeignKey("introduction.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    yes_at: Mapped[datetime | None]
    no_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("yes_at IS NULL OR no_at IS NULL", name="one_answer"),)


class NoSuchIntroduction(NotFound):
    """There is none, or it is not yours: the two answer alike."""


class AlreadyOffered(Refused):
    """This suggestion was offered before."""


class AlreadyAgreed(Refused):
    """All said yes; a yes cannot be taken back any more."""


class NotAgreed(Refused):
    """Not everybody said yes, or not yet: which of the two is not told."""


class NotAPair(Refused):
    """Never seeing each other again is between two people."""


class IntroductionOver(Expired):
    """Its time has passed, and nobody was told anything."""


@dataclass(frozen=True)
class Person:
    """One of the others, once all said yes. Where they sit, only while they can be seen here."""

    member: Member
    place: str
    until: datetime | None


@dataclass(frozen=True)
class Revealed:
    """What two yeses buy: names, places, and the reasons to begin with."""

    introduction: Introduction
    people: list[Person]
    reasons: list[Any]


def offer(
    session: Session, *, suggestion: Suggestion, how: str, at: datetime, expires_at: datetime
) -> Introduction:
    """Ask the people of a suggestion whether they would like to meet.

    Raises
    ------
    AlreadyOffered
    """
    offered = Introduction(
        suggestion_id=suggestion.id,
        lieu_id=suggestion.lieu_id,
        how=how,
        offered_at=at,
        expires_at=expires_at,
        sides=[Side(member_id=one.member_id) for one in suggestion.members],
    )
    try:
        with session.begin_nested():
            session.add(offered)
    except IntegrityError as error:
        raise AlreadyOffered() from error
    return offered


def own_introduction(session: Session, *, public_id: str, member_id: int) -> Introduction:
    """An introduction that this member is in, whatever became of it.

    Raises
    ------
    NoSuchIntroduction
    """
    found: Introduction | None = session.scalar(_own(public_id, member_id))
    if found is None:
        raise NoSuchIntroduction()
    return found


def _own(public_id: str, member_id: int) -> Any:
    return (
        select(Introduction)
        .join(Side, Side.introduction_id == Introduction.id)
        .where(Introduction.public_id == public_id, Side.member_id == member_id)
    )


def _to_answer(session: Session, *, public_id: str, member_id: int, at: datetime) -> Introduction:
    """One's own introduction, locked: the second of two yeses has to see the first.

    NoSuchIntroduction, IntroductionOver (also when it was taken back).
    """
    found: Introduction | None = session.scalar(
        _own(public_id, member_id)
        .with_for_update(of=Introduction)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NoSuchIntroduction()
    session.expire(found, ["sides"])
    if not found.agreed and (found.withdrawn_at or found.expires_at <= at):
        raise IntroductionOver(expires_at=found.expires_at)
    return found


def say_yes(session: Session, *, public_id: str, member_id: int, at: datetime) -> Introduction:
    """I'd like to meet. The last yes agrees it: they may then say that they met.

    Raises
    ------
    NoSuchIntroduction, IntroductionOver
    """
    introduction = _to_answer(session, public_id=public_id, member_id=member_id, at=at)
    side = introduction.side_of(member_id)
    if side.yes_at is not None:
        return introduction
    side.yes_at, side.no_at = at, None
    session.flush()
    if introduction.agreed:
        _agree(session, introduction, at=at)
    return introduction


def _agree(session: Session, introduction: Introduction, *, at: datetime) -> None:
    everybody = [side.member_id for side in introduction.sides]
    encounters.set_up(
        session,
        lieu_id=introduction.lieu_id,
        member_ids=everybody,
        at=at,
        introduction_id=introduction.id,
    )
    if introduction.how != "mail":
        return  # they are in the room, and their screens say so
    for member_id in everybody:
        _owe_letter(session, introduction, members.member_named(session, member_id), at=at)


def _owe_letter(
    session: Session, introduction: Introduction, member: Member, *, at: datetime
) -> None:
    if member.email is None:
        return
    mail.owe(
        session,
        kind="agreed",
        recipient=member.email,
        key=introduction.public_id,
        facts={"introduction": introduction.public_id},
        language=member.language,
        at=at,
        member_id=member.id,
        lieu_id=introduction.lieu_id,
    )


def say_no(session: Session, *, public_id: str, member_id: int, at: datetime) -> Introduction:
    """Not now. Nobody is told.

    Raises
    ------
    NoSuchIntroduction, IntroductionOver, AlreadyAgreed
    """
    introduction = _to_answer(session, public_id=public_id, member_id=member_id, at=at)
    if introduction.agreed:
        raise AlreadyAgreed()
    side = introduction.side_of(member_id)
    side.yes_at, side.no_at = None, at
    session.flush()
    return introduction


def never(session: Session, *, public_id: str, member_id: int, at: datetime) -> Introduction:
    """Never these two: a no, and a block that nobody is told of.

    Raises
    ------
    NoSuchIntroduction, IntroductionOver, AlreadyAgreed, NotAPair
    """
    introduction = say_no(session, public_id=public_id, member_id=member_id, at=at)
    others = introduction.others(member_id)
    if len(others) != 1:
        raise NotAPair()
    members.block(session, blocker_id=member_id, blocked_id=others[0], at=at)
    return introduction


def undo(session: Session, *, public_id: str, member_id: int, at: datetime) -> Introduction:
    """Take back a yes, a no, or a never.

    Raises
    ------
    NoSuchIntroduction, IntroductionOver, AlreadyAgreed
    """
    introduction = _to_answer(session, public_id=public_id, member_id=member_id, at=at)
    if introduction.agreed:
        raise AlreadyAgreed()
    side = introduction.side_of(member_id)
    if side.no_at is not None:  # a block from elsewhere stays: it has an instant of its own
        session.execute(
            delete(Block).where(
                Block.blocker_id == member_id,
                Block.blocked_id.in_(introduction.others(member_id)),
                Block.at == side.no_at,
            )
        )
    side.yes_at = side.no_at = None
    session.flush()
    return introduction


def open_for(
    session: Session, *, member_id: int, at: datetime, lieu_id: int | None = None
) -> list[Introduction]:
    """What this member may answer, or waits for, or has agreed and not lived yet; oldest first.

    It depends on the member's own answers and on the clock, never on somebody else's answer
    before all said yes.
    """
    found = session.scalars(
        select(Introduction)
        .join(Side, Side.introduction_id == Introduction.id)
        .where(
            Side.member_id == member_id,
            Side.no_at.is_(None),
            Introduction.withdrawn_at.is_(None),
            Introduction.expires_at > at,
            *([] if lieu_id is None else [Introduction.lieu_id == lieu_id]),
        )
        .order_by(Introduction.offered_at, Introduction.id)
    )
    return list(found.unique())


def refused_lately(
    session: Session, *, member_id: int, at: datetime, lieu_id: int
) -> list[Introduction]:
    """One's own noes that may still be undone: for the one who said them only."""
    return list(
        session.scalars(
            select(Introduction)
            .join(Side, Side.introduction_id == Introduction.id)
            .where(
                Side.member_id == member_id,
                Side.no_at.is_not(None),
                Introduction.lieu_id == lieu_id,
                Introduction.withdrawn_at.is_(None),
                Introduction.expires_at > at,
            )
            .order_by(Side.no_at.desc(), Introduction.id)
        )
    )


def how_many_open(
    session: Session, *, member_ids: Collection[int], lieu_id: int, at: datetime
) -> dict[int, int]:
    """Member → how many introductions they have before them at this lieu, agreed ones apart."""
    counts = dict.fromkeys(member_ids, 0)
    rows = session.scalars(
        select(Introduction).where(
            Introduction.lieu_id == lieu_id,
            Introduction.withdrawn_at.is_(None),
            Introduction.expires_at > at,
        )
    )
    for introduction in rows:
        if introduction.agreed:
            continue
        for side in introduction.sides:
            if side.member_id in counts and side.no_at is None:
                counts[side.member_id] += 1
    return counts


def revealed(session: Session, *, introduction: Introduction, member_id: int) -> Revealed:
    """Who the others are and where they sit: the one way out for names.

    Raises
    ------
    NotAgreed
        Somebody has not said yes; or the member is not in it.
    """
    ids = [side.member_id for side in introduction.sides]
    if member_id not in ids or not introduction.agreed:
        raise NotAgreed()
    others = introduction.others(member_id)
    stays = _where(session, others, lieu_id=introduction.lieu_id, member_id=member_id)
    people = session.scalars(
        select(Member)
        .where(Member.id.in_(others), Member.erased_at.is_(None))
        .order_by(Member.name, Member.id)
    )
    return Revealed(
        introduction,
        [_person(member, stays.get(member.id)) for member in people],
        list(introduction.suggestion.reasons),
    )


def _where(
    session: Session, others: Sequence[int], *, lieu_id: int, member_id: int
) -> dict[int, Presence]:
    """Open, unhidden stays of the others; a block later on reads like having left."""
    blocked = members.blocked_pairs(session, [member_id, *others])
    rows = session.scalars(
        select(Presence).where(
            Presence.member_id.in_(others),
            Presence.lieu_id == lieu_id,
            Presence.ended_at.is_(None),
            Presence.hidden_at.is_(None),
        )
    )
    return {
        stay.member_id: stay
        for stay in rows
        if (min(member_id, stay.member_id), max(member_id, stay.member_id)) not in blocked
    }


def _person(member: Member, stay: Presence | None) -> Person:
    return Person(member, stay.place if stay else "", stay.until if stay else None)


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    """What was open with somebody who is forgotten is taken back."""
    of_theirs = select(Side.introduction_id).where(Side.member_id == member.id)
    session.execute(
        update(Introduction)
        .where(Introduction.id.in_(of_theirs), Introduction.withdrawn_at.is_(None))
        .values(withdrawn_at=at)
    )

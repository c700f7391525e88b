"""Answering: an introduction is offered, each side says yes or no, and all the yeses agree it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import encounters, mail, many, members, naming
from serendipity.db import new_public_id
from serendipity.introductions.looking import open_for, own_select
from serendipity.introductions.sides import (
    AlreadyAgreed,
    AlreadyOffered,
    Introduction,
    IntroductionOver,
    NoSuchIntroduction,
    NotAPair,
    Side,
)
from serendipity.members import Block, Member

if TYPE_CHECKING:
    from serendipity.suggestions import Suggestion


def offer(
    session: Session, *, suggestion: Suggestion, how: str, at: datetime, expires_at: datetime
) -> Introduction:
    """Ask the people of a suggestion whether they would like to meet.

    Raises
    ------
    AlreadyOffered
    """
    try:
        with session.begin_nested():
            return offer_all(
                session, suggestions=[suggestion], how=how, at=at, expires_at=expires_at
            )[0]
    except IntegrityError as error:
        raise AlreadyOffered() from error


def offer_all(
    session: Session,
    *,
    suggestions: Sequence[Suggestion],
    how: str,
    at: datetime,
    expires_at: datetime | None = None,
) -> list[Introduction]:
    """Offer suggestions that were just made, each until its own time or until `expires_at`."""
    offered = [
        Introduction(
            suggestion=one,
            lieu_id=one.lieu_id,
            how=how,
            offered_at=at,
            expires_at=expires_at or one.expires_at,
            sides=[Side(member_id=member.member_id) for member in one.members],
        )
        for one in suggestions
    ]
    session.add_all(offered)
    session.flush()
    return offered


def offer_each(
    session: Session,
    suggested: Sequence[tuple[int, Sequence[int], datetime]],
    *,
    lieu_id: int,
    how: str,
    at: datetime,
    guests: Mapping[int, int],
) -> None:
    """Offer many suggestions of a round with one statement a table.

    Parameters
    ----------
    suggested : of each, its row id, its members, and until when it may be answered
    guests : members who come from another lieu → the lieu where they agreed to letters
    """
    rows = [
        {
            "public_id": new_public_id(),
            "suggestion_id": key,
            "lieu_id": lieu_id,
            "how": how,
            "offered_at": at,
            "expires_at": expires_at,
            "meet_sequence": 0,
        }
        for key, _, expires_at in suggested
    ]
    keys = [Introduction.suggestion_id, Introduction.id]
    ids = dict(many.add(session, Introduction, rows, returning=keys))
    many.add(
        session,
        Side,
        [
            {"introduction_id": ids[key], "member_id": one, "guest_of_id": guests.get(one)}
            for key, people, _ in suggested
            for one in people
        ],
    )


def put_forward(session: Session, *, introduction: Introduction, by_id: int, at: datetime) -> bool:
    """A concierge stands behind it: it comes first for all in it. False if one did before.

    The row is the judge of two concierges at the same instant.
    """
    done = session.scalar(
        update(Introduction)
        .where(Introduction.id == introduction.id, Introduction.put_forward_at.is_(None))
        .values(put_forward_at=at, put_forward_by_id=by_id)
        .returning(Introduction.id)
    )
    return done is not None


def _to_answer(session: Session, *, public_id: str, member_id: int, at: datetime) -> Introduction:
    """One's own introduction, locked: the second of two yeses has to see the first.

    NoSuchIntroduction, IntroductionOver (also when it was taken back).
    """
    found = own_locked(session, public_id=public_id, member_id=member_id)
    if not found.agreed and (found.withdrawn_at or found.expires_at <= at):
        raise IntroductionOver(expires_at=found.expires_at)
    return found


def own_locked(session: Session, *, public_id: str, member_id: int) -> Introduction:
    """One's own introduction, with its sides as they are now, ours until the transaction ends.

    Raises
    ------
    NoSuchIntroduction
    """
    found: Introduction | None = session.scalar(
        own_select(public_id, member_id)
        .with_for_update(of=Introduction)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NoSuchIntroduction()
    session.expire(found, ["sides"])
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
        lieu_id=introduction.home_of(member.id),
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


def never_meet(
    session: Session, *, member_id: int, public_id: str, lieu_id: int, at: datetime
) -> None:
    """Never these two, said of somebody whom the member may see by name at this lieu now.

    What is open between the two gets this member's no; nobody is told of either.

    Raises
    ------
    members.NoSuchMember
        Nobody whom the member may see: hidden, absent and unknown answer alike.
    """
    other_id = session.scalar(select(Member.id).where(Member.public_id == public_id))
    seen = naming.nameable(session, member_id=member_id, lieu_id=lieu_id, at=at)
    if other_id is None or other_id not in seen:
        raise members.NoSuchMember()
    for one in open_for(session, member_id=member_id, at=at):
        if not one.agreed and other_id in one.others(member_id):
            say_no(session, public_id=one.public_id, member_id=member_id, at=at)
    members.block(session, blocker_id=member_id, blocked_id=other_id, at=at)


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

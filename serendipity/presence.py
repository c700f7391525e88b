"""Presence: the interval a member spends at a lieu, from check-in to check-out.

Rules kept here: nobody is in two places (a partial unique index on open presences; checking in
elsewhere moves the person and closes the first as "moved"); a second tap answers "already here";
a presence that only a printed code or an unconfirmed address vouches for is `declared` until the
concierge, or the emailed code, confirms it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    bindparam,
    func,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import clock, hours, ledger, many, members, rules, words
from serendipity.db import Base, Key, PublicId, add_if_new, look_up
from serendipity.errors import Busy, Invalid, NotFound, Refused
from serendipity.lieux import Lieu
from serendipity.members import Member

HOW_IN = ("qr", "digits", "kiosk", "concierge", "poster", "reservation", "api")
HOW_OUT = ("left", "until", "closing", "moved", "concierge")


class Presence(Base):
    __tablename__ = "presence"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"))
    started_at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    how_in: Mapped[str] = mapped_column(String(12))
    how_out: Mapped[str | None] = mapped_column(String(12))
    confirmed_at: Mapped[datetime | None]  # empty: declared
    place: Mapped[str] = mapped_column(String(80), default="")  # "long table"
    focus_until: Mapped[datetime | None]  # not to be disturbed before
    hidden_at: Mapped[datetime | None]  # "hide me", for this stay

    __table_args__ = (
        Index(
            "uq_presence_open",
            "member_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_presence_lieu_ended", "lieu_id", "ended_at"),
        Index("ix_presence_member_started", "member_id", "started_at"),
        CheckConstraint("until > started_at", name="until"),
        CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="ended"),
        CheckConstraint("(ended_at IS NULL) = (how_out IS NULL)", name="how_out"),
    )


class NotHere(Refused):
    """The member is not checked in anywhere now."""


class NoSuchPresence(NotFound):
    """There is none with this number."""


class BadUntil(Invalid):
    """A stay cannot end before it began. Facts: field, until."""


class TwoDoorsAtOnce(Busy):
    """Several check-ins of one person kept crossing each other; nothing was recorded."""


# What other nouns do when somebody checks in (a seat that was kept is taken). They import this
# module, so they say it with @at_check_in.
CheckedIn = Callable[[Session, Presence, datetime], None]
_checked_in: list[CheckedIn] = []


def at_check_in(does: CheckedIn) -> CheckedIn:
    """Have `does(session, stay, at)` run in the transaction of each check-in."""
    _checked_in.append(does)
    return does


def check_in(
    session: Session,
    *,
    member_id: int,
    lieu_id: int,
    until: datetime,
    how_in: str,
    at: datetime,
    confirmed: bool,
    since: datetime | None = None,
) -> Presence:
    """Be here, from now (or from `since`, when it was said before it could be recorded).

    Already here: the same presence, with the new `until`. Elsewhere: that stay ends as moved.

    Raises
    ------
    BadUntil
        `until` is not after `at`.
    TwoDoorsAtOnce
        Other check-ins of this person won, again and again.
    """
    if until <= at:
        raise BadUntil(field="until", until=until)
    member = members.member_named(session, member_id)
    lieu = session.get_one(Lieu, lieu_id)
    until = min(until, hours.closing(session, lieu=lieu, at=at))
    for _ in range(3):
        # Nobody looks first, and no lock is taken: the partial unique index says whether this
        # person is somewhere already. That stay goes on, or it ends and the new one has its turn.
        stay = add_if_new(
            session,
            Presence,
            member_id=member.id,
            lieu_id=lieu.id,
            started_at=since or at,
            until=until,
            how_in=how_in,
            confirmed_at=at if confirmed else None,
        ) or _going_on(session, member.id, lieu.id, until=until, at=at)
        if stay is not None:
            break
    else:
        raise TwoDoorsAtOnce(why="two check-ins at once")
    if confirmed:
        _confirm(session, stay, at=at)
    session.flush()
    for does in _checked_in:
        does(session, stay, at)
    return stay


def _going_on(
    session: Session, member_id: int, lieu_id: int, *, until: datetime, at: datetime
) -> Presence | None:
    """The stay here that goes on, until then; an open one elsewhere, or of before, ends."""
    current = _open_presence(session, member_id)
    if current is None:
        return None
    if current.until <= at:
        _end(session, current, at=current.until, how_out="until")
    elif current.lieu_id != lieu_id:
        _end(session, current, at=at, how_out="moved")
    else:
        current.until = until
        return current
    return None


_OPEN: Final = (
    select(Presence)
    .where(Presence.member_id == bindparam("member_id"), Presence.ended_at.is_(None))
    .execution_options(populate_existing=True)
)


def _open_presence(session: Session, member_id: int) -> Presence | None:
    return session.scalar(_OPEN, {"member_id": member_id})


def _end(session: Session, presence: Presence, *, at: datetime, how_out: str) -> None:
    """End a stay once: who comes second changes nothing."""
    session.execute(
        update(Presence)
        .where(Presence.id == presence.id, Presence.ended_at.is_(None))
        .values(ended_at=max(at, presence.started_at), how_out=how_out)
    )
    session.refresh(presence)


def confirm(session: Session, *, presence_id: int, at: datetime) -> Presence:
    """Say that the person is really here, and take their pledge: one a day and lieu.

    Raises
    ------
    NoSuchPresence
        There is none with this number.
    """
    presence = session.get(Presence, presence_id)
    if presence is None:
        raise NoSuchPresence()
    _confirm(session, presence, at=at)
    return presence


def _confirm(session: Session, presence: Presence, *, at: datetime) -> None:
    if presence.confirmed_at is None:
        presence.confirmed_at = at
        session.flush()
    _pledge(session, presence, at=at)


def _pledge(session: Session, presence: Presence, *, at: datetime) -> None:
    """A desk costs its answers once a day: back from lunch is the same desk."""
    lieu = session.get_one(Lieu, presence.lieu_id)
    house = rules.in_force(session, lieu_id=lieu.id, at=presence.started_at)
    if house.terms.stay_costs == 0:
        return
    day = clock.local_date(presence.started_at, lieu.timezone)
    with suppress(ledger.AlreadyPosted):
        ledger.pledge(
            session,
            member_id=presence.member_id,
            lieu_id=lieu.id,
            amount=house.terms.stay_costs,
            key=f"stay:{presence.member_id}:{lieu.id}:{day}",
            at=at,
        )


def of(session: Session, *, member_id: int, at: datetime) -> Presence | None:
    """Where the member is now, if anywhere."""
    current = _open_presence(session, member_id)
    return current if current is not None and current.until > at else None


def here(session: Session, *, member_id: int, at: datetime) -> Presence:
    """Where the member is now.

    Raises
    ------
    NotHere
        Nowhere.
    """
    current = of(session, member_id=member_id, at=at)
    if current is None:
        raise NotHere()
    return current


_MOVED: Final = (
    select(Lieu.name)
    .join(Presence, Presence.lieu_id == Lieu.id)
    .where(
        Presence.member_id == bindparam("member_id"),
        Presence.how_out == "moved",
        Presence.id < bindparam("stay_id"),
        Presence.ended_at >= bindparam("began"),
    )
    .order_by(Presence.id.desc())
    .limit(1)
)


def moved_from(session: Session, stay: Presence) -> str | None:
    """The name of the lieu whose stay this one ended, if it did: the person is told."""
    this = {"member_id": stay.member_id, "stay_id": stay.id, "began": stay.started_at}
    left = look_up(session, _MOVED, **this)
    return str(left[0].name) if left else None


def last_stay(session: Session, *, member_id: int, lieu_id: int) -> Presence | None:
    """The newest stay of the member at this lieu, open or over."""
    return session.scalar(
        select(Presence)
        .where(Presence.member_id == member_id, Presence.lieu_id == lieu_id)
        .order_by(Presence.started_at.desc(), Presence.id.desc())
        .limit(1)
    )


def who_is_here(session: Session, *, lieu_id: int, at: datetime) -> list[tuple[Presence, Member]]:
    """Everybody checked in, in order of arrival; what may be shown of them, consent decides."""
    rows = session.execute(
        select(Presence, Member)
        .join(Member, Member.id == Presence.member_id)
        .where(Presence.lieu_id == lieu_id, Presence.ended_at.is_(None), Presence.until > at)
        .order_by(Presence.started_at, Presence.id)
    )
    return [(presence, member) for presence, member in rows]


def how_many(session: Session, *, lieu_id: int, at: datetime) -> int:
    """How many people are checked in at this lieu."""
    count = session.scalar(
        select(func.count())
        .select_from(Presence)
        .where(Presence.lieu_id == lieu_id, Presence.ended_at.is_(None), Presence.until > at)
    )
    return count or 0


_HIDDEN: Final = select(Presence.member_id).where(
    many.among(Presence.member_id, "ids"),
    Presence.ended_at.is_(None),
    Presence.until > bindparam("at"),
    Presence.hidden_at.is_not(None),
)


def hidden(session: Session, member_ids: Collection[int], *, at: datetime) -> set[int]:
    """Who of these is checked in somewhere and hides."""
    return {who for (who,) in look_up(session, _HIDDEN, ids=member_ids, at=at)}


def leave(session: Session, *, member_id: int, at: datetime, how_out: str = "left") -> Presence:
    """Check out.

    Raises
    ------
    NotHere
        The member is not checked in anywhere.
    """
    current = here(session, member_id=member_id, at=at)
    _end(session, current, at=at, how_out=how_out)
    return current


def hide(session: Session, *, member_id: int, at: datetime) -> Presence:
    """Hide the member for this stay; NotHere if there is none."""
    current = here(session, member_id=member_id, at=at)
    current.hidden_at = current.hidden_at or at
    session.flush()
    return current


def show(session: Session, *, member_id: int, at: datetime) -> Presence:
    """No longer hide the member; NotHere if there is no stay."""
    current = here(session, member_id=member_id, at=at)
    current.hidden_at = None
    session.flush()
    return current


def focus(session: Session, *, member_id: int, until: datetime | None, at: datetime) -> Presence:
    """Not to be disturbed before `until`; None is open again. NotHere if there is no stay."""
    current = here(session, member_id=member_id, at=at)
    current.focus_until = until
    session.flush()
    return current


def sit(session: Session, *, member_id: int, place: str, at: datetime) -> Presence:
    """Say where in the lieu one sits ("long table"); NotHere if there is no stay."""
    current = here(session, member_id=member_id, at=at)
    current.place = words.line(place, field="place", most=80)
    session.flush()
    return current


def end_due(session: Session, *, at: datetime) -> int:
    """End the stays whose time has come; how many."""
    due: Sequence[tuple[Presence, Lieu]] = [
        (presence, lieu)
        for presence, lieu in session.execute(
            select(Presence, Lieu)
            .join(Lieu, Lieu.id == Presence.lieu_id)
            .where(Presence.ended_at.is_(None), Presence.until <= at)
        )
    ]
    for presence, lieu in due:
        closes = hours.closing(session, lieu=lieu, at=presence.started_at)
        how_out = "closing" if presence.until >= closes else "until"
        _end(session, presence, at=presence.until, how_out=how_out)
    return len(due)


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    """The stays remain as intervals of nobody; what was open ends."""
    current = _open_presence(session, member.id)
    if current is not None:
        _end(session, current, at=min(at, current.until), how_out="left")
    session.execute(update(Presence).where(Presence.member_id == member.id).values(place=""))

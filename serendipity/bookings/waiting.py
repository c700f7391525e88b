"""Waiting: who would like a room that is taken, and is told when it is free again.

Rules kept here: what becomes free is held for the first who waits for it, for half an hour (and not
longer than the start), in the transaction that frees it, so that nobody who walks by is quicker;
who does not take it makes way for the next. One place in the line for an organisation, room and
interval (a partial unique index); at most ten lines at a time.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import organisations, rooms, slots
from serendipity.bookings import letters, placing
from serendipity.bookings.quotes import Quote, RoomTaken, quote
from serendipity.db import Base, Key, PublicId
from serendipity.errors import Invalid, NotFound, Refused
from serendipity.lieux import Lieu
from serendipity.rooms import Room

OFFER: Final = timedelta(minutes=30)
MOST_WAITS: Final = 10
OPEN: Final = "offered_at IS NULL AND left_at IS NULL"


class Wait(Base):
    """A place in the line for a room at a time."""

    __tablename__ = "booking_wait"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    people: Mapped[int]
    asked_at: Mapped[datetime]
    offered_at: Mapped[datetime | None]
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"))  # the hold it became
    left_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_booking_wait_open",
            "room_id",
            "organisation_id",
            "starts_at",
            "ends_at",
            unique=True,
            sqlite_where=text(OPEN),
            postgresql_where=text(OPEN),
        ),
        CheckConstraint("starts_at < ends_at", name="interval"),
        CheckConstraint("(offered_at IS NULL) = (booking_id IS NULL)", name="offer"),
    )


class NoSuchWait(NotFound):
    """There is none, or another organisation's."""


class RoomIsFree(Refused):
    """No need to wait: it can be held now. Facts: room, starts_at, ends_at."""


class TooManyWaits(Refused):
    """Facts: most."""


def wait(
    session: Session,
    *,
    room: Room,
    organisation_id: int,
    member_id: int,
    starts_at: datetime,
    ends_at: datetime,
    people: int,
    at: datetime,
) -> Wait:
    """Stand in line for a room that is taken; once more is the same place.

    Raises
    ------
    What `quote` raises; and RoomIsFree, TooManyWaits, organisations.RoleTooSmall
    """
    organisations.refuse_unless_may(
        session, organisation_id=organisation_id, member_id=member_id, role="book"
    )
    quoted = quote(session, room=room, starts_at=starts_at, ends_at=ends_at, people=people, at=at)
    if _is_free(session, quoted, at):
        raise RoomIsFree(room=room.slug, starts_at=starts_at, ends_at=ends_at)
    mine = _open_waits(session, organisation_id, at)
    for one in mine:
        if (one.room_id, one.starts_at, one.ends_at) == (room.id, starts_at, ends_at):
            return one
    if len(mine) >= MOST_WAITS:
        raise TooManyWaits(most=MOST_WAITS)
    return _stand(
        session,
        Wait(
            room_id=room.id,
            organisation_id=organisation_id,
            member_id=member_id,
            starts_at=starts_at,
            ends_at=ends_at,
            people=people,
            asked_at=at,
        ),
    )


def _stand(session: Session, made: Wait) -> Wait:
    same = select(Wait).where(
        Wait.room_id == made.room_id,
        Wait.organisation_id == made.organisation_id,
        Wait.starts_at == made.starts_at,
        Wait.ends_at == made.ends_at,
        text(OPEN),
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:  # a colleague did so at the same moment
        return session.scalars(same).one()
    return made


def leave(
    session: Session, *, public_id: str, organisation_id: int, member_id: int, at: datetime
) -> None:
    """Wait no longer. NoSuchWait; organisations.RoleTooSmall"""
    organisations.refuse_unless_may(
        session, organisation_id=organisation_id, member_id=member_id, role="book"
    )
    found = session.scalar(
        select(Wait)
        .where(Wait.public_id == public_id, Wait.organisation_id == organisation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NoSuchWait()
    found.left_at = found.left_at or at
    session.flush()


def offer(
    session: Session, *, room_id: int, at: datetime, freed: Collection[int] | None = None
) -> int:
    """Hold what is free for the first who waits for it; how many were offered something.

    With `freed`, only those who wait for one of these slots are looked at.
    """
    line = session.scalars(
        select(Wait)
        .where(Wait.room_id == room_id, Wait.starts_at > at, text(OPEN))
        .order_by(Wait.asked_at, Wait.id)
        .with_for_update(skip_locked=True)
    ).all()
    wanted = set(freed) if freed is not None else None
    return sum(
        _offer(session, one, at=at)
        for one in line
        if wanted is None or not wanted.isdisjoint(slots.between(one.starts_at, one.ends_at))
    )


def offer_waiting(session: Session, *, at: datetime) -> int:
    """`offer` for every room that somebody waits for: holds run out without anybody's doing."""
    room_ids = session.scalars(
        select(Wait.room_id).where(Wait.starts_at > at, text(OPEN)).distinct()
    ).all()
    return sum(offer(session, room_id=room_id, at=at) for room_id in sorted(room_ids))


def _offer(session: Session, one: Wait, *, at: datetime) -> bool:
    try:
        quoted = quote(
            session,
            room=session.get_one(Room, one.room_id),
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            people=one.people,
            at=at,
            organisation_id=one.organisation_id,
        )
        if not _is_free(session, quoted, at):
            return False
        held = placing.place(
            session,
            quoted=quoted,
            organisation_id=one.organisation_id,
            member_id=one.member_id,
            held_until=min(at + OFFER, one.starts_at),
            at=at,
        )
    except (Invalid, RoomTaken):
        return False  # still taken, or the lieu has other hours by now
    one.offered_at, one.booking_id = at, held.id
    session.flush()
    letters.hurry(session, held, what="offered", at=at)
    return True


def _is_free(session: Session, quoted: Quote, at: datetime) -> bool:
    wanted = rooms.slots_of(quoted.room, quoted.starts_at, quoted.ends_at)
    return not slots.taken(session, room_ids=[quoted.room.id], within=wanted, at=at)


def _open_waits(session: Session, organisation_id: int, at: datetime) -> list[Wait]:
    return list(
        session.scalars(
            select(Wait)
            .where(Wait.organisation_id == organisation_id, Wait.starts_at > at, text(OPEN))
            .order_by(Wait.starts_at, Wait.id)
        )
    )


def waits_of(
    session: Session, *, organisation_id: int, at: datetime
) -> list[tuple[Wait, Room, Lieu, int]]:
    """What the organisation waits for, with how many stand before it in that line."""
    found = []
    for one in _open_waits(session, organisation_id, at):
        room = session.get_one(Room, one.room_id)
        before = session.scalar(
            select(func.count())
            .select_from(Wait)
            .where(
                Wait.room_id == one.room_id,
                Wait.starts_at < one.ends_at,
                Wait.ends_at > one.starts_at,
                (Wait.asked_at < one.asked_at)
                | ((Wait.asked_at == one.asked_at) & (Wait.id < one.id)),
                text(OPEN),
            )
        )
        found.append((one, room, session.get_one(Lieu, room.lieu_id), before or 0))
    return found

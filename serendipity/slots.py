"""Slots: the quarter hours of a room, and which booking has them.

Slots are counted in UTC since 1970, so a night in which the clock changes has as many as it has
real quarters, and the interval of a booking is half-open: two may touch, not overlap.

Rules kept here: a slot of a room belongs to one booking. (room, slot) is the primary key, so the
rule holds on both databases, whoever writes and however many at once; nobody looks first. A slot
that is only held says until when: whoever wants it after that takes it, in their own transaction.
The row itself carries the end of the hold, because the keeper of a hold and the next one in line
then meet at the row: exactly one of "keep" and "take over" finds it as it wants it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ForeignKey, bindparam, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import many
from serendipity.db import EPOCH, Base, BigKey, look_up
from serendipity.errors import Refused

QUARTER = timedelta(minutes=15)


class BookedSlot(Base):
    __tablename__ = "booked_slot"

    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"), primary_key=True)
    slot: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    booking_id: Mapped[int] = mapped_column(
        ForeignKey("booking.id", ondelete="CASCADE"), index=True
    )
    held_until: Mapped[datetime | None]  # empty: for good


class SlotTaken(Refused):
    """Another booking has one of these quarters. Fact: room_id."""


class HoldGone(Refused):
    """The hold ran out, or never was. Fact: booking_id."""


def number(at: datetime) -> int:
    """The slot that this instant lies in."""
    return (at - EPOCH) // QUARTER


def starts(slot: int) -> datetime:
    """The instant a slot begins."""
    return EPOCH + slot * QUARTER


def on_the_quarter(at: datetime) -> bool:
    """Whether a slot begins at this instant."""
    return (at - EPOCH) % QUARTER == timedelta(0)


def between(starts_at: datetime, ends_at: datetime) -> range:
    """The slots of a half-open interval; a slot that is only touched in part counts."""
    return range(number(starts_at), -(-(ends_at - EPOCH) // QUARTER))


def occupy(
    session: Session,
    *,
    room_id: int,
    booking_id: int,
    wanted: Iterable[int],
    held_until: datetime | None,
    at: datetime,
) -> None:
    """Give these slots to a booking; holds that have run out make way.

    Raises
    ------
    SlotTaken
        At least one belongs to another booking; none was given.
    """
    slots = sorted(wanted)  # in one order for everybody, so that no two wait for each other
    try:
        with session.begin_nested():
            _make_way(session, room_id=room_id, wanted=slots, at=at)
            new = {"room_id": room_id, "booking_id": booking_id, "held_until": held_until}
            # One statement also on PostgreSQL: while it runs, others may wait for these quarters.
            many.add(session, BookedSlot, [{**new, "slot": slot} for slot in slots])
    except IntegrityError as error:
        raise SlotTaken(room_id=room_id) from error


# Rows of slots are never objects of a session, so nothing is to be told that they are gone.
_SLOTS: Final[Any] = BookedSlot.__table__
_RUN_OUT: Final = BookedSlot.held_until <= bindparam("at")
_OLD_HOLDS: Final = select(BookedSlot.booking_id).where(
    BookedSlot.room_id == bindparam("room_id"), many.among(BookedSlot.slot, "wanted"), _RUN_OUT
)
_MAKE_WAY: Final = delete(_SLOTS).where(BookedSlot.booking_id.in_(_OLD_HOLDS), _RUN_OUT)


def _make_way(session: Session, *, room_id: int, wanted: list[int], at: datetime) -> None:
    """Drop holds that have run out, each as a whole: half a hold could still be kept by its owner.

    `held_until` is asked twice, in the inner select and for each row: when another transaction
    keeps a hold just now, PostgreSQL waits for it and looks at the row again.
    """
    session.execute(_MAKE_WAY, {"room_id": room_id, "wanted": wanted, "at": at})


def keep(
    session: Session,
    *,
    booking_id: int,
    needed: int,
    held_until: datetime | None,
    at: datetime,
) -> None:
    """Keep what a booking holds, until later or (None) for good; it must be `needed` slots or more.

    Raises
    ------
    HoldGone
        It does not hold them any more; undo the transaction.
    """
    kept = session.execute(
        update(BookedSlot)
        .where(BookedSlot.booking_id == booking_id, BookedSlot.held_until > at)
        .values(held_until=held_until)
        .execution_options(synchronize_session=False)
    )
    if kept.rowcount < needed:  # type: ignore[attr-defined]
        raise HoldGone(booking_id=booking_id)


_RELEASE: Final = delete(_SLOTS).where(BookedSlot.booking_id == bindparam("booking_id"))


def release(session: Session, *, booking_id: int) -> None:
    """Let go of all slots of a booking."""
    session.execute(_RELEASE, {"booking_id": booking_id})


def release_from(session: Session, *, booking_id: int, first: int) -> None:
    """Let go of what is left of a booking, from this slot on."""
    session.execute(
        delete(BookedSlot).where(BookedSlot.booking_id == booking_id, BookedSlot.slot >= first)
    )


_HELD_BY: Final = (
    select(BookedSlot.slot)
    .where(BookedSlot.booking_id == bindparam("booking_id"))
    .order_by(BookedSlot.slot)
)


def held_by(session: Session, *, booking_id: int) -> list[int]:
    """The slots that a booking has, in order."""
    return [slot for (slot,) in look_up(session, _HELD_BY, booking_id=booking_id)]


_TAKEN: Final = select(BookedSlot.room_id, BookedSlot.slot).where(
    many.among(BookedSlot.room_id, "room_ids"),
    BookedSlot.slot >= bindparam("start"),
    BookedSlot.slot < bindparam("stop"),
    or_(BookedSlot.held_until.is_(None), BookedSlot.held_until > bindparam("at")),
    BookedSlot.booking_id != bindparam("but_not"),
)


def taken(
    session: Session,
    *,
    room_ids: Iterable[int],
    within: range,
    at: datetime,
    but_not: int | None = None,
) -> set[tuple[int, int]]:
    """(room, slot) of what is booked or still held in this range, but not by this booking."""
    where = {"room_ids": set(room_ids), "start": within.start, "stop": within.stop}
    rows = look_up(session, _TAKEN, **where, at=at, but_not=but_not or 0)
    return {(room_id, slot) for room_id, slot in rows}

"""Reserving: keeping a seat, letting it go, and which seats are one's own."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import members
from serendipity.errors import Expired, NotFound, Refused
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.seats import letters
from serendipity.seats.offering import Ahead, moment_ahead
from serendipity.seats.tables import Reservation, SeatsOn

MOST_KEPT: Final = 10  # at a time, so that nobody keeps a whole lieu


class NoSuchSeat(NotFound):
    """There is none, or it is another's: the two answer alike."""


class NoSeatLeft(Refused):
    """All are kept. Facts: seats, starts_at."""


class AlreadyKept(Refused):
    """This member keeps a seat at that hour, here or elsewhere. Fact: starts_at."""


class TooManySeats(Refused):
    """Facts: most."""


class SeatIsOver(Expired):
    """The person came, or the moment is over: nothing to cancel. Fact: ends_at."""


def reserve(
    session: Session, *, member_id: int, lieu: Lieu, starts_at: datetime, at: datetime
) -> Reservation:
    """Keep a seat for the moment that begins then. The same again is the same seat.

    Raises
    ------
    offering.NoSuchMoment, AlreadyKept, TooManySeats, NoSeatLeft
        Nothing was recorded.
    """
    moment = moment_ahead(session, lieu=lieu, starts_at=starts_at, at=at)
    # The lock makes one person's reservations come one after the other, so that two at once
    # cannot both be the tenth; strangers do not wait for each other.
    session.scalars(select(Member.id).where(Member.id == member_id).with_for_update()).one()
    mine = kept_by(session, member_id=member_id, at=at)
    for one in mine:
        if one.lieu_id == lieu.id and one.starts_at == starts_at:
            return one
        if one.starts_at < moment.ends_at and moment.starts_at < one.ends_at:
            raise AlreadyKept(starts_at=one.starts_at)
    if len(mine) >= MOST_KEPT:
        raise TooManySeats(most=MOST_KEPT)
    made = _take_a_number(session, moment, lieu_id=lieu.id, member_id=member_id, at=at)
    letters.owe(session, made, what="kept", at=at)
    return made


def _take_a_number(
    session: Session, moment: Ahead, *, lieu_id: int, member_id: int, at: datetime
) -> Reservation:
    """The first number that nobody has. Nobody looks first: the unique key is the judge.

    It begins where the count says that a number should be free, so that the first try is
    nearly always right, and goes round once.
    """
    seats = _open(session, moment, lieu_id=lieu_id)
    kept = session.scalar(
        select(func.count(Reservation.number)).where(
            Reservation.lieu_id == lieu_id, Reservation.starts_at == moment.starts_at
        )
    )
    for further in range(seats):
        made = Reservation(
            member_id=member_id,
            lieu_id=lieu_id,
            day=moment.day,
            starts_at=moment.starts_at,
            ends_at=moment.ends_at,
            moment=moment.name,
            seats=seats,
            number=((kept or 0) + further) % seats + 1,
            kept_at=at,
        )
        try:
            with session.begin_nested():
                session.add(made)
        except IntegrityError:  # somebody has this number
            continue
        return made
    raise NoSeatLeft(seats=seats, starts_at=moment.starts_at)


def _open(session: Session, moment: Ahead, *, lieu_id: int) -> int:
    """How many seats the date has; the first who asks writes down what the week says.

    The row's key is held until the end of the transaction, so that the number of seats does not
    change between reading it and pointing at it; those who keep seats do not wait for each other.
    """
    session.execute(
        _dialect(session)
        .insert(SeatsOn)
        .values(lieu_id=lieu_id, starts_at=moment.starts_at, seats=moment.seats)
        .on_conflict_do_nothing()
    )
    seats = session.scalar(
        select(SeatsOn.seats)
        .where(SeatsOn.lieu_id == lieu_id, SeatsOn.starts_at == moment.starts_at)
        .with_for_update(read=True, key_share=True)
    )
    return int(seats or 0)


def _dialect(session: Session) -> Any:
    return sqlite if session.get_bind().dialect.name == "sqlite" else postgresql


def cancel(session: Session, *, public_id: str, member_id: int, at: datetime) -> Reservation:
    """Let a seat go; twice is once.

    Raises
    ------
    NoSuchSeat, SeatIsOver
    """
    found = seat_of(session, public_id=public_id, member_id=member_id)
    if not found.kept:
        return found
    if found.arrived_at is not None or found.ends_at <= at:
        raise SeatIsOver(ends_at=found.ends_at)
    if let_go(session, found, "cancelled_at", at=at):
        letters.withdraw_reminder(session, found, at=at)
        letters.owe(session, found, what="cancelled", at=at)
    return found


def let_go(session: Session, found: Reservation, how: str, *, at: datetime) -> bool:
    """Free the number, once; whether it was this call that did."""
    gone = session.execute(
        update(Reservation)
        .where(
            Reservation.id == found.id,
            Reservation.number.is_not(None),
            Reservation.arrived_at.is_(None),
        )
        .values({"number": None, how: at, "sequence": Reservation.sequence + 1})
        .execution_options(synchronize_session=False)
    )
    session.refresh(found)
    return bool(gone.rowcount)  # type: ignore[attr-defined]


def seat_of(session: Session, *, public_id: str, member_id: int) -> Reservation:
    """One's own reservation, kept or not.

    Raises
    ------
    NoSuchSeat
    """
    found = session.scalar(
        select(Reservation).where(
            Reservation.public_id == public_id, Reservation.member_id == member_id
        )
    )
    if found is None:
        raise NoSuchSeat()
    return found


def kept_by(session: Session, *, member_id: int, at: datetime) -> list[Reservation]:
    """The seats this member keeps and whose moment is not over, in order."""
    return list(
        session.scalars(
            select(Reservation)
            .where(
                Reservation.member_id == member_id,
                Reservation.number.is_not(None),
                Reservation.ends_at > at,
            )
            .order_by(Reservation.starts_at, Reservation.id)
        )
    )


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    """The seats that were kept are free; what is past stays as numbers of nobody's."""
    for one in kept_by(session, member_id=member.id, at=at):
        let_go(session, one, "cancelled_at", at=at)

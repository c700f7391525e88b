"""Answering: what the asker and the one who is asked may do, and what each of them sees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import encounters, members, skills
from serendipity import words as spelling
from serendipity.bookings import Booking
from serendipity.calls.tables import TURN, Call, CallAsked
from serendipity.encounters import Encounter
from serendipity.errors import Expired, NotFound, Refused
from serendipity.members import Member
from serendipity.organisations import Organisation
from serendipity.rooms import Room

LASTS: Final = timedelta(hours=48)
MOST_OPEN: Final = 3


class NoSuchCall(NotFound):
    """There is none, it is not yours, or you were not asked."""


class CallOver(Expired):
    """It was taken back, its time is over, or somebody else said yes: not told which."""


class TooManyCalls(Refused):
    """Three questions at a time. Fact: most."""


@dataclass(frozen=True)
class Asked:
    """A call as the one who is asked sees it: no name, unless a room asks for its organisation."""

    call: Call
    answer_by: datetime
    organisation: str
    room: str


@dataclass(frozen=True)
class Mine:
    """A call as its asker sees it: who said yes, once somebody did; nothing about noes."""

    call: Call
    helper: Member | None
    encounter: Encounter | None


def call(
    session: Session,
    *,
    lieu_id: int,
    words: str,
    language: str | None,
    at: datetime,
    member_id: int | None = None,
    booking_id: int | None = None,
    expires_at: datetime | None = None,
) -> Call:
    """Put a question to the lieu. The same words again are the same call.

    Raises
    ------
    words.WordsMissing, words.WordsTooLong, words.WordsUnreadable, TooManyCalls
        Nothing was recorded.
    """
    spelt = spelling.said(words, field="words")
    before = _open_calls(session, member_id, booking_id, at=at)
    for one in before:
        if one.words == spelt:
            return one
    if len(before) >= MOST_OPEN:
        raise TooManyCalls(most=MOST_OPEN)
    concept_id = skills.recognised(session, spelt, language)
    made = Call(
        lieu_id=lieu_id,
        member_id=member_id,
        booking_id=booking_id,
        words=spelt,
        language=language,
        concept_id=concept_id,
        read_at=at if concept_id else None,
        called_at=at,
        expires_at=expires_at or at + LASTS,
    )
    session.add(made)
    session.flush()
    return made


def _open_calls(
    session: Session, member_id: int | None, booking_id: int | None, *, at: datetime
) -> list[Call]:
    yes = select(CallAsked.call_id).where(CallAsked.yes_at.is_not(None))
    return list(
        session.scalars(
            select(Call).where(
                Call.member_id == member_id,
                Call.booking_id == booking_id,
                Call.withdrawn_at.is_(None),
                Call.expires_at > at,
                Call.id.not_in(yes),
            )
        )
    )


def accept(session: Session, *, public_id: str, member_id: int, at: datetime) -> Call:
    """Yes: the asker may know who I am, and the two may say that they met.

    A yes after one's ten minutes is still welcome while nobody else gave one.

    Raises
    ------
    NoSuchCall, CallOver
    """
    found, asked = _put_to(session, public_id, member_id)
    if asked.yes_at is not None:
        return found
    if found.withdrawn_at is not None or found.expires_at <= at:
        raise CallOver()
    try:
        with session.begin_nested():
            asked.yes_at, asked.no_at = at, None
    except IntegrityError as error:  # one yes a call: somebody was quicker
        raise CallOver() from error
    encounters.set_up(
        session,
        lieu_id=found.lieu_id,
        member_ids=[member_id, _asker_id(session, found)],
        at=at,
        call_id=found.id,
    )
    return found


def decline(session: Session, *, public_id: str, member_id: int, at: datetime) -> Call:
    """No, which nobody is shown; the next one is asked. NoSuchCall; CallOver after a yes."""
    found, asked = _put_to(session, public_id, member_id)
    if asked.yes_at is not None:
        raise CallOver()
    asked.no_at = asked.no_at or at
    session.flush()
    return found


def _put_to(session: Session, public_id: str, member_id: int) -> tuple[Call, CallAsked]:
    """A call that was put to this member, locked, so that two yeses come one after the other."""
    row = session.execute(
        select(Call, CallAsked)
        .join(CallAsked, CallAsked.call_id == Call.id)
        .where(Call.public_id == public_id, CallAsked.member_id == member_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NoSuchCall()
    return row[0], row[1]


def _asker_id(session: Session, found: Call) -> int:
    if found.member_id is not None:
        return found.member_id
    return session.scalars(select(Booking.booked_by_id).where(Booking.id == found.booking_id)).one()


def withdraw(
    session: Session,
    *,
    public_id: str,
    at: datetime,
    member_id: int | None = None,
    booking_id: int | None = None,
) -> Call:
    """Never mind; who was asked is not asked any more. NoSuchCall when it is not theirs."""
    found = session.scalar(
        select(Call).where(
            Call.public_id == public_id, Call.member_id == member_id, Call.booking_id == booking_id
        )
    )
    if found is None:
        raise NoSuchCall()
    found.withdrawn_at = found.withdrawn_at or at
    session.flush()
    return found


def lapse(session: Session, *, at: datetime) -> int:
    """End the turns of calls whose time is over; how many there were."""
    over = select(Call.id).where((Call.expires_at <= at) | Call.withdrawn_at.is_not(None))
    ended = session.scalars(
        update(CallAsked)
        .where(
            CallAsked.call_id.in_(over),
            CallAsked.yes_at.is_(None),
            CallAsked.no_at.is_(None),
            CallAsked.passed_at.is_(None),
        )
        .values(passed_at=at)
        .returning(CallAsked.member_id)
    ).all()
    return len(ended)


def to_me(session: Session, *, member_id: int, at: datetime) -> list[Asked]:
    """Calls that this member is asked now, the most urgent first."""
    rows = session.execute(
        select(Call, CallAsked, Organisation.name, Room.name)
        .join(CallAsked, CallAsked.call_id == Call.id)
        .outerjoin(Booking, Booking.id == Call.booking_id)
        .outerjoin(Organisation, Organisation.id == Booking.organisation_id)
        .outerjoin(Room, Room.id == Booking.room_id)
        .where(
            CallAsked.member_id == member_id,
            CallAsked.yes_at.is_(None),
            CallAsked.no_at.is_(None),
            CallAsked.passed_at.is_(None),
            CallAsked.asked_at > at - TURN,
            Call.withdrawn_at.is_(None),
            Call.expires_at > at,
        )
        .order_by(CallAsked.asked_at, Call.id)
    )
    return [
        Asked(found, min(asked.asked_at + TURN, found.expires_at), organisation or "", room or "")
        for found, asked, organisation, room in rows
    ]


def mine(session: Session, *, member_id: int, at: datetime) -> list[Mine]:
    """The member's own open calls, and those answered whose encounter is not over."""
    return _seen_by_asker(session, Call.member_id == member_id, at=at)


def of_booking(session: Session, *, booking_id: int, at: datetime) -> list[Mine]:
    """The calls put from a booked room, as its organisation sees them."""
    return _seen_by_asker(session, Call.booking_id == booking_id, at=at)


def _seen_by_asker(session: Session, whose: object, *, at: datetime) -> list[Mine]:
    rows = session.execute(
        select(Call, Member, Encounter)
        .outerjoin(CallAsked, (CallAsked.call_id == Call.id) & CallAsked.yes_at.is_not(None))
        .outerjoin(Member, (Member.id == CallAsked.member_id) & Member.erased_at.is_(None))
        .outerjoin(Encounter, Encounter.call_id == Call.id)
        .where(whose, Call.withdrawn_at.is_(None), Call.expires_at > at)  # type: ignore[arg-type]
        .order_by(Call.called_at, Call.id)
    )
    return [Mine(found, helper, met) for found, helper, met in rows]


def asked_this_week(session: Session, *, member_id: int, at: datetime) -> int:
    """How often this member was asked in seven days; only they are told."""
    count = session.scalar(
        select(func.count())
        .select_from(CallAsked)
        .where(CallAsked.member_id == member_id, CallAsked.asked_at > at - timedelta(days=7))
    )
    return count or 0


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    session.execute(
        update(Call)
        .where(Call.member_id == member.id)
        .values(words="", concept_id=None, proposals=[], read_at=at)
    )
    session.execute(
        update(Call)
        .where(Call.member_id == member.id, Call.withdrawn_at.is_(None))
        .values(withdrawn_at=at)
    )
    session.execute(
        delete(CallAsked).where(CallAsked.member_id == member.id, CallAsked.yes_at.is_(None))
    )

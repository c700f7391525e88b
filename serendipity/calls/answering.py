"""Answering: what the asker and the one who is asked may do, and what each of them sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import encounters, members, skills
from serendipity import words as spelling
from serendipity.bookings import Booking
from serendipity.calls.tables import IN_HAND, MOST_PEOPLE, TURN, Call, CallAsked, yeses
from serendipity.encounters import Encounter
from serendipity.errors import Expired, Invalid, NotFound, Refused
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


class BadPeople(Invalid):
    """One person, or a circle. Facts: field, given, most."""


@dataclass(frozen=True)
class Answered:
    """Somebody who said yes, with what the two may say about it."""

    helper: Member
    encounter: Encounter | None


@dataclass(frozen=True)
class Mine:
    """A call as its asker sees it: who said yes, once somebody did; nothing about noes."""

    call: Call
    answers: tuple[Answered, ...] = ()

    @property
    def helper(self) -> Member | None:
        """The first who said yes."""
        return self.answers[0].helper if self.answers else None

    @property
    def encounter(self) -> Encounter | None:
        return self.answers[0].encounter if self.answers else None

    @property
    def asking(self) -> bool:
        """Whether somebody else may still say yes."""
        return len(self.answers) < self.call.people


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
    people: int = 1,
) -> Call:
    """Put a question to one person, or to `people` for a circle with the asker.

    The same words again are the same call.

    Raises
    ------
    words.WordsMissing, words.WordsTooLong, words.WordsUnreadable, BadPeople, TooManyCalls
        Nothing was recorded.
    """
    spelt = spelling.said(words, field="words")
    if not 1 <= people <= MOST_PEOPLE:
        raise BadPeople(field="people", given=people, most=MOST_PEOPLE)
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
        people=people,
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
    said_yes = yeses(Call.id)
    return list(
        session.scalars(
            select(Call).where(
                Call.member_id == member_id,
                Call.booking_id == booking_id,
                Call.withdrawn_at.is_(None),
                Call.expires_at > at,
                said_yes < Call.people,
            )
        )
    )


def accept(session: Session, *, public_id: str, member_id: int, at: datetime) -> Call:
    """Yes: the asker may know who I am, and so may the others of a circle who say yes.

    A yes after one's ten minutes is still welcome while there is a chair.

    Raises
    ------
    NoSuchCall, CallOver
    """
    found, asked = _put_to(session, public_id, member_id)
    if asked.yes_at is not None:
        return found
    if found.withdrawn_at is not None or found.expires_at <= at:
        raise CallOver()
    others = [_asker_id(session, found), *table_of(session, found.id)]
    apart = members.blocked_pairs(session, [member_id, *others])
    if any(member_id in pair for pair in apart):
        raise CallOver()  # somebody asked not to meet somebody meanwhile; not told who
    _take_a_chair(session, found, asked, taken=len(others) - 1, at=at)
    encounters.set_up(
        session,
        lieu_id=found.lieu_id,
        member_ids=[member_id, *others],
        at=at,
        call_id=found.id,
    )
    return found


def table_of(session: Session, call_id: int) -> list[int]:
    """Who said yes to a call, in that order."""
    return list(
        session.scalars(
            select(CallAsked.member_id)
            .where(CallAsked.call_id == call_id, CallAsked.yes_at.is_not(None))
            .order_by(CallAsked.chair)
        )
    )


def _take_a_chair(
    session: Session, found: Call, asked: CallAsked, *, taken: int, at: datetime
) -> None:
    """The next chair; nobody looks whether it is there or free, the schema knows."""
    for chair in range(taken + 1, max(taken + 1, found.people) + 1):
        try:
            with session.begin_nested():
                asked.yes_at, asked.no_at, asked.chair = at, None, chair
        except IntegrityError:  # somebody was quicker, or the table is full
            continue
        return
    raise CallOver()


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


def enough(session: Session, *, public_id: str, member_id: int, at: datetime) -> Call:
    """Those who said yes will do; nobody else is asked. NoSuchCall; as `withdraw` before a yes."""
    found = session.scalar(
        select(Call)
        .where(Call.public_id == public_id, Call.member_id == member_id)
        .with_for_update()
    )
    if found is None:
        raise NoSuchCall()
    taken = len(table_of(session, found.id))
    if not taken:
        return withdraw(session, public_id=public_id, member_id=member_id, at=at)
    found.people = taken
    session.flush()
    session.execute(
        update(CallAsked)
        .where(CallAsked.call_id == found.id, *IN_HAND)
        .values(passed_at=at)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()  # the chairs follow by themselves (ON UPDATE CASCADE)
    return found


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
        .where(CallAsked.call_id.in_(over), *IN_HAND)
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
            *IN_HAND,
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


def answered_of_booking(session: Session, *, booking_id: int) -> list[Mine]:
    """The calls put from a booked room that somebody said yes to, also after its end."""
    found = _seen(session, Call.booking_id == booking_id)
    return [one for one in found if one.answers]


def _seen_by_asker(session: Session, whose: ColumnElement[bool], *, at: datetime) -> list[Mine]:
    """The calls that are not over, and who said yes to each."""
    return _seen(session, whose, Call.expires_at > at)


def _seen(session: Session, *where: ColumnElement[bool]) -> list[Mine]:
    found = session.scalars(
        select(Call).where(*where, Call.withdrawn_at.is_(None)).order_by(Call.called_at, Call.id)
    ).all()
    answers: dict[int, list[Answered]] = {}
    for call_id, helper, met in _yeses_of(session, [one.id for one in found]):
        answers.setdefault(call_id, []).append(Answered(helper, met))
    return [Mine(one, tuple(answers.get(one.id, ()))) for one in found]


def _yeses_of(
    session: Session, call_ids: Sequence[int]
) -> Iterator[tuple[int, Member, Encounter | None]]:
    """Call, who said yes to it, and the encounter of that one with the asker."""
    asker = func.coalesce(Call.member_id, Booking.booked_by_id)
    rows = session.execute(
        select(CallAsked.call_id, Member, Encounter)
        .join(Call, Call.id == CallAsked.call_id)
        .outerjoin(Booking, Booking.id == Call.booking_id)
        .join(Member, (Member.id == CallAsked.member_id) & Member.erased_at.is_(None))
        .outerjoin(
            Encounter,
            (Encounter.call_id == Call.id)
            & or_(
                (Encounter.a_id == asker) & (Encounter.b_id == Member.id),
                (Encounter.b_id == asker) & (Encounter.a_id == Member.id),
            ),
        )
        .where(CallAsked.call_id.in_(call_ids), CallAsked.yes_at.is_not(None))
        .order_by(CallAsked.call_id, CallAsked.chair)
    )
    yield from rows


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

"""Together: "we'd like to work together", after ten minutes that a booked room asked for.

Each of the two may say so once both said that they met. Only when both have said it does anything
happen: the outcome "work" stands on the encounter, each gets a letter, and each sees the other's
name and address.

Rules kept here: what only one of them says is told to nobody, and may be taken back; contact
leaves through `exchanged` alone, which asks for both (the schema, too, holds an `agreed_at` for
two, and for two only); an encounter that was taken back, a block or a forgotten member ends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, delete, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import encounters, mail, members
from serendipity.bookings import Booking
from serendipity.calls import Call
from serendipity.db import Base
from serendipity.encounters import Encounter
from serendipity.errors import Refused
from serendipity.members import Member
from serendipity.organisations import Organisation

KEPT: Final = "hire"  # says more than "work": it stays when the two say that they would like to


class Together(Base):
    """Who of the two of an encounter would like to work with the other; no row for nobody."""

    __tablename__ = "together"

    encounter_id: Mapped[int] = mapped_column(ForeignKey("encounter.id"), primary_key=True)
    a_at: Mapped[datetime | None]
    b_at: Mapped[datetime | None]
    agreed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("a_at IS NOT NULL OR b_at IS NOT NULL", name="somebody"),
        CheckConstraint(
            "(agreed_at IS NOT NULL) = (a_at IS NOT NULL AND b_at IS NOT NULL)", name="both"
        ),
    )


class NotFromARoom(Refused):
    """Not an encounter that both confirmed and that a question from a booked room led to."""


class AlreadyTogether(Refused):
    """Both have said so and know each other's address: that cannot be unsaid."""


class NotBoth(Refused):
    """Not both have said so, or something came between them since."""


@dataclass(frozen=True)
class Contact:
    """The other one, for who may write to them; the organisation if it is they who had the room."""

    name: str
    email: str
    organisation: str


@dataclass(frozen=True)
class Wish:
    """What one of the two sees: what they said themself, and the other once both said it."""

    encounter: Encounter
    said: bool
    contact: Contact | None


def want(session: Session, *, public_id: str, member_id: int, at: datetime) -> Together:
    """Say that one would like to work with the other; the second of the two tells both.

    Saying so again changes nothing.

    Raises
    ------
    encounters.NoSuchEncounter, NotFromARoom
    """
    met = _met(session, public_id, member_id)
    said = session.get(Together, met.id) or Together(encounter_id=met.id)
    if said.agreed_at is not None:
        return said
    own, others = _sides(met, member_id)
    if _apart(session, met):
        setattr(said, others, None)  # a block took the other's word back, without a sign
    if getattr(said, own) is None:
        setattr(said, own, at)
    if getattr(said, others) is not None:
        said.agreed_at = at
        _agree(session, met, at=at)
    session.add(said)
    session.flush()
    return said


def unwant(session: Session, *, public_id: str, member_id: int) -> None:
    """Take it back before the other said it; nobody is told. What was not said stays unsaid.

    Raises
    ------
    encounters.NoSuchEncounter, NotFromARoom, AlreadyTogether
    """
    met = _met(session, public_id, member_id)
    said = session.get(Together, met.id)
    if said is None:
        return
    if said.agreed_at is not None:
        raise AlreadyTogether()
    if getattr(said, _sides(met, member_id)[0]) is not None:
        session.delete(said)  # the other has said nothing, or it would be agreed
        session.flush()


def _met(session: Session, public_id: str, member_id: int) -> Encounter:
    """The encounter, locked: the second of two who say so at one instant sees the first."""
    met = encounters.own_encounter(session, public_id=public_id, member_id=member_id)
    if met.happened_at is None or _room_of(session, met) is None:
        raise NotFromARoom()
    return met


def _room_of(session: Session, met: Encounter) -> Booking | None:
    """The booking that the encounter came from, if one of the two booked it."""
    return session.scalar(
        select(Booking)
        .join(Call, Call.booking_id == Booking.id)
        .where(Call.id == met.call_id, Booking.booked_by_id.in_((met.a_id, met.b_id)))
    )


def _sides(met: Encounter, member_id: int) -> tuple[str, str]:
    """The columns of this member and of the other."""
    return ("a_at", "b_at") if member_id == met.a_id else ("b_at", "a_at")


def _apart(session: Session, met: Encounter) -> bool:
    return bool(members.blocked_pairs(session, [met.a_id, met.b_id]))


def _agree(session: Session, met: Encounter, *, at: datetime) -> None:
    """Both said so: what came of it is on the encounter, and each is owed a letter."""
    met.a_outcome = met.a_outcome if met.a_outcome == KEPT else "work"
    met.b_outcome = met.b_outcome if met.b_outcome == KEPT else "work"
    for member in session.scalars(select(Member).where(Member.id.in_((met.a_id, met.b_id)))):
        if member.email is not None:
            mail.owe(
                session,
                kind="together",
                recipient=member.email,
                key=met.public_id,
                facts={"encounter": met.public_id},
                language=member.language,
                member_id=member.id,
                lieu_id=met.lieu_id,
                at=at,
            )


# --- reads ----------------------------------------------------------------------------------


def exchanged(session: Session, *, encounter: Encounter, member_id: int) -> Contact:
    """Name and address of the other: the one way out for them, and only once both said so.

    Raises
    ------
    NotBoth
    """
    said = session.get(Together, encounter.id)
    room = _room_of(session, encounter)
    other = session.get_one(Member, encounter.other_than(member_id))
    if (
        said is None
        or said.agreed_at is None
        or room is None
        or member_id not in (encounter.a_id, encounter.b_id)
        or encounter.denied_at is not None
        or other.email is None
        or _apart(session, encounter)
    ):
        raise NotBoth()
    theirs = other.id == room.booked_by_id
    organisation = session.get_one(Organisation, room.organisation_id).name if theirs else ""
    return Contact(other.name, other.email, organisation)


def wish(session: Session, *, encounter: Encounter, member_id: int) -> Wish | None:
    """What this one of the two said and may say; none where there is nothing to say it about."""
    counts = encounter.happened_at is not None and encounter.denied_at is None
    mine = member_id in (encounter.a_id, encounter.b_id)
    if not (counts and mine) or _room_of(session, encounter) is None:
        return None
    said = session.get(Together, encounter.id)
    own = said is not None and getattr(said, _sides(encounter, member_id)[0]) is not None
    try:
        return Wish(encounter, own, exchanged(session, encounter=encounter, member_id=member_id))
    except NotBoth:
        return Wish(encounter, own, None)


def wishes(session: Session, *, member_id: int, at: datetime) -> list[tuple[Wish, Member]]:
    """Encounters of two months that came from a room, with what was said and the other."""
    met = encounters.lately(session, member_id=member_id, at=at)
    found = [
        (wish(session, encounter=one, member_id=member_id), other)
        for one, other in met
        if one.call_id is not None
    ]
    return [(one, other) for one, other in found if one is not None]


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    """What was said with or by somebody who is forgotten goes; the outcome has no name."""
    theirs = select(Encounter.id).where(
        or_(Encounter.a_id == member.id, Encounter.b_id == member.id)
    )
    session.execute(delete(Together).where(Together.encounter_id.in_(theirs)))

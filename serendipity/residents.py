"""Residents: organisations that are a lieu's own, and pay its preferential rates.

Each room says which share of its price residents pay (`Room.resident_points`). Who is a resident
is the lieu's word; what was booked keeps the price that was shown.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import members
from serendipity.db import Base
from serendipity.errors import NotFound
from serendipity.lieux import Lieu
from serendipity.organisations import Organisation
from serendipity.rooms import WHOLE, Room


class Resident(Base):
    __tablename__ = "resident"

    lieu_id: Mapped[int] = mapped_column(
        ForeignKey("lieu.id", ondelete="CASCADE"), primary_key=True
    )
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    since: Mapped[datetime]


class NobodyInvoiced(NotFound):
    """No organisation has this address for its invoices. Fact: field."""


def take_in(session: Session, *, lieu: Lieu, email: str, at: datetime) -> Organisation:
    """Let the organisation whose invoices go to this address be a resident; twice is once.

    Raises
    ------
    members.BadEmail, NobodyInvoiced
    """
    organisation = session.scalar(
        select(Organisation)
        .where(Organisation.email == members.plain_email(email))
        .order_by(Organisation.id)
        .limit(1)
    )
    if organisation is None:
        raise NobodyInvoiced(field="email")
    try:
        with session.begin_nested():
            session.add(Resident(lieu_id=lieu.id, organisation_id=organisation.id, since=at))
    except IntegrityError:
        pass  # it is one already
    return organisation


def let_leave(session: Session, *, lieu: Lieu, public_id: str) -> None:
    """The organisation pays the whole price from now on."""
    leaving = select(Organisation.id).where(Organisation.public_id == public_id)
    session.execute(
        delete(Resident).where(Resident.lieu_id == lieu.id, Resident.organisation_id.in_(leaving))
    )


def residents_of(session: Session, *, lieu: Lieu) -> list[Organisation]:
    """The lieu's residents, by name."""
    return list(
        session.scalars(
            select(Organisation)
            .join(Resident, Resident.organisation_id == Organisation.id)
            .where(Resident.lieu_id == lieu.id)
            .order_by(Organisation.name, Organisation.id)
        )
    )


def points(session: Session, *, room: Room, organisation_id: int | None) -> int:
    """The share of the room's price that this organisation pays, in basis points."""
    if organisation_id is None or room.resident_points == WHOLE:
        return WHOLE
    resident = session.get(Resident, (room.lieu_id, organisation_id))
    return WHOLE if resident is None else room.resident_points

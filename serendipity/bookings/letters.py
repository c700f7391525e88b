"""The letters that a booking owes, and the facts that letters and calendars tell about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from serendipity import mail, members
from serendipity.bookings.booking import Booking, due
from serendipity.lieux import Lieu
from serendipity.organisations import Organisation
from serendipity.rooms import Room


def owe(session: Session, booking: Booking, *, what: str, at: datetime) -> None:
    """A letter for who booked, and one for the address where the organisation's invoices go."""
    organisation = session.get_one(Organisation, booking.organisation_id)
    booker = session.get_one(members.Member, booking.booked_by_id)
    room = session.get_one(Room, booking.room_id)
    lieu = session.get_one(Lieu, room.lieu_id)
    readers = {organisation.email: organisation.language}
    if booker.email:
        readers[booker.email] = booker.language
    for email, language in readers.items():
        mail.owe(
            session,
            kind="booking",
            recipient=email,
            key=f"{booking.public_id}.{booking.sequence}.{what}",
            facts=facts_of(booking, what=what, organisation=organisation, room=room, lieu=lieu),
            language=language,
            at=at,
            member_id=booker.id if email == booker.email else None,
            lieu_id=lieu.id,
        )


def facts_of(
    booking: Booking, *, what: str, organisation: Organisation, room: Room, lieu: Lieu
) -> dict[str, Any]:
    """What a letter or a calendar says about a booking; `what` is confirmed, moved or cancelled."""
    return {
        "what": what,
        "booking": booking.public_id,
        "sequence": booking.sequence,
        "organisation": organisation.public_id,
        "organisation_name": organisation.name,
        "room": room.name,
        "lieu": lieu.name,
        "lieu_slug": lieu.slug,
        "address": ", ".join(
            part for part in (lieu.address, f"{lieu.postcode} {lieu.city}".strip()) if part
        ),
        "timezone": lieu.timezone,
        "starts_at": booking.starts_at.isoformat(),
        "ends_at": booking.ends_at.isoformat(),
        "free_until": booking.free_until.isoformat(),
        "people": booking.people,
        "net_cents": booking.net_cents,
        "vat_cents": booking.vat_cents,
        "vat_points": booking.vat_points,
        "due_cents": due(booking).gross_cents,
        "currency": booking.currency,
    }

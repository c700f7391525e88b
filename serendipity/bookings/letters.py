"""The letters that a booking owes, and the facts that letters and calendars tell about it.

`booking` letters are the record: confirmed, moved, cancelled, restored, released, and what the lieu
said. `hurry` letters go to who booked, at once: nobody came yet, or a room one waited for is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from serendipity import mail, members
from serendipity.bookings.booking import Booking, Series, due
from serendipity.lieux import Lieu
from serendipity.organisations import Organisation
from serendipity.rooms import Room


def owe(session: Session, booking: Booking, *, what: str, at: datetime, **more: Any) -> None:
    """A letter for who booked, and one for the address where the organisation's invoices go."""
    organisation = session.get_one(Organisation, booking.organisation_id)
    booker = session.get_one(members.Member, booking.booked_by_id)
    readers = {organisation.email: organisation.language}
    if booker.email:
        readers[booker.email] = booker.language
    for email, language in readers.items():
        _owe(
            session,
            booking,
            what=what,
            email=email,
            language=language,
            at=at,
            kind="booking",
            **more,
        )


def owe_confirmed(session: Session, booked: Sequence[Booking], *, at: datetime) -> None:
    """One letter for what was booked at once: a booking, or days of a series."""
    if not booked:
        return
    made = session.get(Series, booked[0].series_id or 0)
    days = [[one.public_id, one.starts_at.isoformat(), one.ends_at.isoformat()] for one in booked]
    more = {"series": made.public_id, "days": days} if made else {}
    owe(session, booked[0], what="confirmed", at=at, **more)


def hurry(session: Session, booking: Booking, *, what: str, at: datetime) -> None:
    """A letter that somebody should read within minutes, for who booked; `what` is absent or
    offered."""
    booker = session.get_one(members.Member, booking.booked_by_id)
    if booker.email:
        reader = {"email": booker.email, "language": booker.language}
        _owe(session, booking, what=what, **reader, at=at, kind="hurry")


def remind(session: Session, booking: Booking, *, at: datetime) -> None:
    """Tomorrow: for who booked, and nobody else."""
    booker = session.get_one(members.Member, booking.booked_by_id)
    if booker.email:
        reader = {"email": booker.email, "language": booker.language}
        _owe(session, booking, what="reminder", **reader, at=at, kind="booking")


def _owe(
    session: Session,
    booking: Booking,
    *,
    what: str,
    email: str,
    language: str,
    at: datetime,
    kind: str,
    **more: Any,
) -> None:
    organisation = session.get_one(Organisation, booking.organisation_id)
    booker = session.get_one(members.Member, booking.booked_by_id)
    room = session.get_one(Room, booking.room_id)
    lieu = session.get_one(Lieu, room.lieu_id)
    facts = facts_of(booking, what=what, organisation=organisation, room=room, lieu=lieu)
    mail.owe(
        session,
        kind=kind,
        recipient=email,
        key=f"{booking.public_id}.{booking.sequence}.{what}",
        facts={**facts, **more},
        language=language,
        at=at,
        member_id=booker.id if email == booker.email else None,
        lieu_id=lieu.id,
    )


def facts_of(
    booking: Booking, *, what: str, organisation: Organisation, room: Room, lieu: Lieu
) -> dict[str, Any]:
    """What a letter or a calendar says about a booking; `what` is what happened to it."""
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
        "no_show_at": (booking.starts_at + timedelta(minutes=room.no_show_minutes)).isoformat(),
        "answer_by": booking.hold_expires_at.isoformat(),
        "people": booking.people,
        "net_cents": booking.net_cents,
        "vat_cents": booking.vat_cents,
        "vat_points": booking.vat_points,
        "due_cents": due(booking).gross_cents,
        "currency": booking.currency,
    }

"""Real rows for tests: the shortest way to a lieu, a member, somebody present."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from serendipity import invoices
from serendipity.bookings import Booking
from serendipity.consent import Consent
from serendipity.invoices import Seller
from serendipity.lieux import Lieu, Opening
from serendipity.members import Member
from serendipity.organisations import Organisation, OrganisationMember
from serendipity.presence import Presence
from serendipity.rooms import Room
from serendipity.shifts import Concierge, Shift
from tests.conftest import NOON

_count = itertools.count(1)


def a_lieu(session: Session, **given: Any) -> Lieu:
    """An open lieu in Paris, every day from 8 to 20."""
    number = next(_count)
    facts = {
        "slug": f"lieu-{number}",
        "name": f"Lieu {number}",
        "created_at": NOON,
        "opened_at": NOON,
    }
    lieu = Lieu(**{**facts, **given})
    session.add(lieu)
    session.flush()
    session.add_all(
        Opening(lieu_id=lieu.id, weekday=day, opens=8 * 60, closes=20 * 60) for day in range(7)
    )
    session.flush()
    return lieu


def a_member(session: Session, name: str = "Awa Diallo", **given: Any) -> Member:
    number = next(_count)
    facts = {
        "email": f"member{number}@example.org",
        "name": name,
        "created_at": NOON,
        "email_confirmed_at": NOON,
        "languages": ["fr"],
    }
    member = Member(**{**facts, **given})
    session.add(member)
    session.flush()
    return member


def somebody_here(
    session: Session, lieu: Lieu, name: str = "Inès Morel", *, at: datetime = NOON, **consents: bool
) -> Member:
    """A member checked in an hour ago until four hours from now, who agreed to be seen."""
    member = a_member(session, name, home_lieu_id=lieu.id)
    choices = {"here_today": True, "by_mail": True, **consents}
    session.add(Consent(member_id=member.id, lieu_id=lieu.id, chosen_at=at, **choices))
    session.add(
        Presence(
            member_id=member.id,
            lieu_id=lieu.id,
            started_at=at - timedelta(hours=1),
            until=at + timedelta(hours=4),
            how_in="qr",
            confirmed_at=at - timedelta(hours=1),
        )
    )
    session.flush()
    return member


def on_shift(session: Session, lieu: Lieu, member: Member, *, at: datetime = NOON) -> Shift:
    session.merge(Concierge(lieu_id=lieu.id, member_id=member.id, since=at))
    shift = Shift(
        lieu_id=lieu.id,
        member_id=member.id,
        started_at=at - timedelta(hours=2),
        until=at + timedelta(hours=4),
    )
    session.add(shift)
    session.flush()
    return shift


def signed_in(client: FlaskClient, member: Member) -> FlaskClient:
    """The client, in a browser where this member is signed in."""
    with client.session_transaction() as browser:
        browser["_user_id"] = f"{member.public_id}.{member.session_epoch}"
        browser["_fresh"] = True
    return client


def a_room(session: Session, lieu: Lieu, **given: Any) -> Room:
    """A room for eight at 24 € an hour, 80 € half a day, 140 € a day, before 20 % VAT."""
    number = next(_count)
    facts = {
        "slug": f"room-{number}",
        "name": f"Room {number}",
        "capacity": 8,
        "hour_cents": 2400,
        "half_day_cents": 8000,
        "day_cents": 14000,
    }
    room = Room(lieu_id=lieu.id, **{**facts, **given})
    session.add(room)
    session.flush()
    return room


def an_organisation(
    session: Session, member: Member | None = None, *, role: str = "pay", **given: Any
) -> tuple[Organisation, Member]:
    """An organisation and its member with this role."""
    number = next(_count)
    member = member or a_member(session, "Sofia Costa")
    facts = {
        "name": f"Organisation {number}",
        "email": f"organisation{number}@example.org",
        "created_at": NOON,
    }
    organisation = Organisation(**{**facts, **given})
    session.add(organisation)
    session.flush()
    session.add(
        OrganisationMember(
            organisation_id=organisation.id, member_id=member.id, role=role, since=NOON
        )
    )
    session.flush()
    return organisation, member


def a_seller(session: Session, lieu: Lieu, **given: Any) -> Seller:
    """Who sells at this lieu, in Lyon, with VAT and an account."""
    facts: dict[str, Any] = {
        "prefix": f"N{next(_count)}",
        "name": "La Navette SCIC",
        "email": "compta@navette.example.org",
        "address": "12 montée de la Soie",
        "postcode": "69004",
        "city": "Lyon",
        "country": "FR",
        "siret": "73282932000074",
        "vat_number": "FR83404833048",
        "iban": "FR1420041010050500013M02606",
        "mention": "SCIC SARL à capital variable, RCS Lyon",
        "payment_days": 30,
    }
    given = {**facts, **given}
    return invoices.describe(session, lieu=lieu, facts=invoices.Facts(**given), at=NOON)


def booked(
    session: Session, lieu: Lieu, *, starts: datetime, ends: datetime
) -> tuple[Member, Booking]:
    """A room of the lieu, booked by somebody of an organisation."""
    room, (organisation, member) = a_room(session, lieu), an_organisation(session)
    booking = Booking(
        room_id=room.id,
        organisation_id=organisation.id,
        booked_by_id=member.id,
        starts_at=starts,
        ends_at=ends,
        people=2,
        held_at=starts,
        hold_expires_at=starts,
        confirmed_at=starts,
        net_cents=1000,
        vat_cents=200,
        currency="EUR",
    )
    session.add(booking)
    session.flush()
    return member, booking

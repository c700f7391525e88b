"""Issuing: what a booking owes becomes an invoice; what it owes no longer, a credit note.

Rules kept here: a booking has one invoice that stands, for what `bookings.due` says; when that
changes, the old one is taken back whole by a credit note and the new sum is invoiced anew. Who
sells and who buys is written into the invoice as they are that day. A change only leaves a note
(`Bill`) in its own transaction; a worker settles it a moment later, so that no booking ever waits
for the counter of another one, and a lieu that has not yet said who sells loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import bookings, clock, mail, payments
from serendipity.bookings import Booking
from serendipity.db import Base, Key
from serendipity.invoices import numbering, wording
from serendipity.invoices.invoice import (
    Invoice,
    Line,
    NothingToInvoice,
    credited,
    standing_invoice,
    taxes,
)
from serendipity.invoices.sellers import Seller
from serendipity.lieux import Lieu
from serendipity.organisations import Organisation
from serendipity.rooms import Room

AT_ONCE = 20
LATER = timedelta(minutes=5)


class Bill(Base):
    """A booking that has changed and is to be settled. There may be several of one booking."""

    __tablename__ = "bill"

    id: Mapped[Key]
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"), index=True)
    due_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class Deal:
    """A booking with everybody and everything that its invoice tells of."""

    booking: Booking
    room: Room
    lieu: Lieu
    organisation: Organisation
    seller: Seller


@bookings.at_change
def _bill(session: Session, booking: Booking, at: datetime) -> None:
    session.add(Bill(booking_id=booking.id, due_at=at))
    session.flush()


# --- settling -------------------------------------------------------------------------------


def due_bookings(session: Session, *, at: datetime) -> list[int]:
    """Bookings to settle, at lieux that have said who sells; the oldest change first."""
    return list(
        session.scalars(
            select(Bill.booking_id)
            .join(Booking, Booking.id == Bill.booking_id)
            .join(Room, Room.id == Booking.room_id)
            .join(Seller, Seller.lieu_id == Room.lieu_id)
            .where(Bill.due_at <= at)
            .group_by(Bill.booking_id)
            .order_by(func.min(Bill.id))
            .limit(AT_ONCE)
        )
    )


def waiting_count(session: Session, *, lieu_id: int) -> int:
    """How many bookings of a lieu wait for their invoice."""
    waiting = (
        select(func.count(func.distinct(Bill.booking_id)))
        .join(Booking, Booking.id == Bill.booking_id)
        .join(Room, Room.id == Booking.room_id)
        .where(Room.lieu_id == lieu_id)
    )
    return session.scalar(waiting) or 0


def settle(session: Session, *, booking_id: int, at: datetime) -> list[Invoice]:
    """Issue what is missing between what a booking owes and what was invoiced; maybe nothing."""
    booking = session.get_one(
        Booking, booking_id, with_for_update=True, populate_existing=True
    )  # locked: changes and other workers wait
    session.execute(delete(Bill).where(Bill.booking_id == booking_id))
    deal = _deal(session, booking)
    standing = standing_invoice(session, booking_id=booking_id)
    owes = _what_is_owed(booking)
    if standing is not None and standing.content["of"] == owes:
        return []
    issued = []
    if standing is not None:
        issued.append(credit(session, invoice=standing, deal=deal, at=at))
    if owes is not None:
        issued.append(issue(session, deal=deal, lines=[_line(deal)], of=owes, at=at))
    return issued


def put_off(session: Session, *, booking_id: int, at: datetime) -> None:
    """Something went wrong with this one: let the others pass, and try again in a while."""
    session.execute(update(Bill).where(Bill.booking_id == booking_id).values(due_at=at + LATER))


def _what_is_owed(booking: Booking) -> dict[str, Any] | None:
    """What an invoice of this booking is of: another one is needed when any of this changes."""
    owed = bookings.due(booking)
    if owed.gross_cents == 0:
        return None
    return {
        "net_cents": owed.net_cents,
        "vat_points": booking.vat_points,
        "room_id": booking.room_id,
        "starts_at": booking.starts_at.isoformat(),
        "ends_at": booking.ends_at.isoformat(),
        "late": booking.cancelled_at is not None,
    }


def _line(deal: Deal) -> Line:
    booking, language = deal.booking, deal.organisation.language
    when = wording.span(booking.starts_at, booking.ends_at, deal.lieu.timezone, language)
    words = wording.room_line(
        {"room": deal.room.name, "lieu": deal.lieu.name, **when},
        language,
        late=booking.cancelled_at is not None,
    )
    return Line(words, bookings.due(booking).net_cents, booking.vat_points)


def _deal(session: Session, booking: Booking) -> Deal:
    room = session.get_one(Room, booking.room_id)
    return Deal(
        booking=booking,
        room=room,
        lieu=session.get_one(Lieu, room.lieu_id),
        organisation=session.get_one(Organisation, booking.organisation_id),
        seller=session.get_one(Seller, room.lieu_id),
    )


# --- issuing --------------------------------------------------------------------------------


def issue(
    session: Session,
    *,
    deal: Deal,
    lines: Sequence[Line],
    of: dict[str, Any],
    at: datetime,
) -> Invoice:
    """Write an invoice with the next number of the lieu.

    Raises
    ------
    NothingToInvoice
    """
    if not lines:
        raise NothingToInvoice()
    content: dict[str, Any] = {
        "of": of,
        "seller": _seller_facts(deal.seller),
        "buyer": _buyer_facts(deal.organisation),
        "lines": [asdict(line) for line in lines],
        "taxes": [asdict(tax) for tax in taxes(lines)],
        "service": {
            "from": clock.local_date(deal.booking.starts_at, deal.lieu.timezone).isoformat(),
            "to": clock.local_date(deal.booking.ends_at, deal.lieu.timezone).isoformat(),
        },
        "reference": deal.booking.public_id,
    }
    content["paid_cents"] = min(
        sum(tax["net_cents"] + tax["vat_cents"] for tax in content["taxes"]),
        payments.kept_for(session, booking_id=deal.booking.id),
    )
    return _write(session, deal=deal, kind="invoice", content=content, at=at)


def credit(session: Session, *, invoice: Invoice, deal: Deal, at: datetime) -> Invoice:
    """Take an invoice back whole, by a credit note of its own number."""
    content = {
        **invoice.content,
        "credits": {"number": invoice.number, "issued_on": invoice.issued_on},
    }
    return _write(session, deal=deal, kind="credit", content=content, at=at, credits=invoice)


def _write(
    session: Session,
    *,
    deal: Deal,
    kind: str,
    content: dict[str, Any],
    at: datetime,
    credits: Invoice | None = None,
) -> Invoice:
    year = clock.local_date(at, deal.lieu.timezone).year
    count, issued_at = numbering.next_number(session, lieu_id=deal.lieu.id, year=year, at=at)
    issued_on = clock.local_date(issued_at, deal.lieu.timezone)
    if kind == "invoice":
        content["due_on"] = (issued_on + timedelta(days=deal.seller.payment_days)).isoformat()
    written = Invoice(
        kind=kind,
        lieu_id=deal.lieu.id,
        year=year,
        count=count,
        number=f"{deal.seller.prefix}-{year}-{count:05d}",
        organisation_id=deal.organisation.id,
        booking_id=deal.booking.id,
        turn=_turn(session, deal.booking.id, kind),
        credits_id=credits.id if credits else None,
        issued_at=issued_at,
        issued_on=issued_on.isoformat(),
        language=deal.organisation.language,
        currency=deal.booking.currency,
        net_cents=sum(tax["net_cents"] for tax in content["taxes"]),
        vat_cents=sum(tax["vat_cents"] for tax in content["taxes"]),
        content=content,
    )
    session.add(written)
    session.flush()
    _owe_letter(session, written, deal, at=at)
    return written


def _turn(session: Session, booking_id: int, kind: str) -> int:
    """Unique with booking and kind: the guard against settling one change twice."""
    before = session.scalar(
        select(func.count())
        .select_from(Invoice)
        .where(Invoice.booking_id == booking_id, Invoice.kind == kind)
    )
    return (before or 0) + 1


def _owe_letter(session: Session, invoice: Invoice, deal: Deal, *, at: datetime) -> None:
    taken_back = credited(session, invoice)
    mail.owe(
        session,
        kind="invoice",
        recipient=deal.organisation.email,
        key=invoice.public_id,
        facts={
            "what": invoice.kind,
            "invoice": invoice.public_id,
            "number": invoice.number,
            "credits": taken_back.number if taken_back else "",
            "organisation": deal.organisation.public_id,
            "organisation_name": deal.organisation.name,
            "lines": [line["words"] for line in invoice.content["lines"]],
            "total_cents": invoice.total.gross_cents,
            "currency": invoice.currency,
            "due_on": invoice.content.get("due_on", ""),
            "paid": invoice.content["paid_cents"] == invoice.total.gross_cents,
        },
        language=deal.organisation.language,
        at=at,
        lieu_id=deal.lieu.id,
    )


def _seller_facts(seller: Seller) -> dict[str, Any]:
    kept = (
        "name", "email", "address", "postcode", "city", "country", "siret", "vat_number", "iban",
        "mention",
    )  # fmt: skip
    return {name: getattr(seller, name) for name in kept}


def _buyer_facts(organisation: Organisation) -> dict[str, Any]:
    kept = ("name", "email", "address", "postcode", "city", "country", "siret", "vat_number")
    return {name: getattr(organisation, name) for name in kept}

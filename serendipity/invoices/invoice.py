"""The invoice itself: its row, the sums on it, what can go wrong with it, and how to read it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from serendipity import append_only, rooms
from serendipity.db import Base, Key, PublicId
from serendipity.errors import NotFound, Refused
from serendipity.rooms import Price


class Invoice(Base):
    """An invoice, or the credit note that takes one back. Amounts of both are positive."""

    __tablename__ = "invoice"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(8))  # invoice or credit
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"))
    year: Mapped[int]
    count: Mapped[int]
    number: Mapped[str] = mapped_column(String(24), unique=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    turn: Mapped[int]  # the booking's first, second, … of its kind
    credits_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"), unique=True)
    issued_at: Mapped[datetime]
    issued_on: Mapped[str] = mapped_column(String(10))  # the date on the lieu's wall, ISO 8601
    language: Mapped[str] = mapped_column(String(2))
    currency: Mapped[str] = mapped_column(String(3))
    net_cents: Mapped[int]
    vat_cents: Mapped[int]
    content: Mapped[dict[str, Any]]  # seller, buyer, lines, taxes, …: as they were that day

    __table_args__ = (
        UniqueConstraint("lieu_id", "year", "count"),
        UniqueConstraint("booking_id", "kind", "turn"),
        Index("ix_invoice_organisation", "organisation_id", "issued_at"),
        Index("ix_invoice_lieu", "lieu_id", "issued_at"),
        CheckConstraint("kind IN ('credit', 'invoice')", name="kind"),
        CheckConstraint("(kind = 'credit') = (credits_id IS NOT NULL)", name="credits"),
        CheckConstraint("net_cents >= 0 AND vat_cents >= 0", name="money"),
        CheckConstraint("count >= 1 AND turn >= 1", name="counts"),
    )

    @property
    def total(self) -> Price:
        return Price(self.net_cents, self.vat_cents)

    @property
    def day(self) -> date:
        return date.fromisoformat(self.issued_on)


class InvoicePaper(Base):
    """The PDF of an invoice, drawn once and kept as it was drawn."""

    __tablename__ = "invoice_paper"

    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), primary_key=True)
    drawn_at: Mapped[datetime]
    pdf: Mapped[bytes] = mapped_column(LargeBinary)


append_only.guard(
    Invoice,
    same="old.id = NEW.id OR old.public_id = NEW.public_id OR old.number = NEW.number"
    " OR old.credits_id = NEW.credits_id"
    " OR (old.lieu_id = NEW.lieu_id AND old.year = NEW.year AND old.count = NEW.count)"
    " OR (old.booking_id = NEW.booking_id AND old.kind = NEW.kind AND old.turn = NEW.turn)",
)
append_only.guard(InvoicePaper, same="old.invoice_id = NEW.invoice_id")


@dataclass(frozen=True)
class Line:
    """One thing that is sold: its words, its price before VAT, and its rate in basis points."""

    words: str
    net_cents: int
    vat_points: int


@dataclass(frozen=True)
class Tax:
    """The VAT of all lines of one rate, rounded once."""

    vat_points: int
    net_cents: int
    vat_cents: int


class NoSuchInvoice(NotFound):
    """There is none, or it is another organisation's or lieu's: all answer alike."""


class NothingToInvoice(Refused):
    """An invoice has a line. Facts: none."""


def taxes(lines: Sequence[Line]) -> list[Tax]:
    """VAT by rate, highest first, rounded once for each rate: half a cent up.

    >>> taxes([Line("a", 333, 2000), Line("b", 333, 2000), Line("c", 333, 2000)])
    [Tax(vat_points=2000, net_cents=999, vat_cents=200)]
    """
    nets: dict[int, int] = {}
    for line in lines:
        nets[line.vat_points] = nets.get(line.vat_points, 0) + line.net_cents
    return [
        Tax(points, net, rooms.with_vat(net, points).vat_cents)
        for points, net in sorted(nets.items(), reverse=True)
    ]


# --- reads ----------------------------------------------------------------------------------


def invoice_of_organisation(session: Session, *, public_id: str, organisation_id: int) -> Invoice:
    """An invoice of this organisation.

    Raises
    ------
    NoSuchInvoice
    """
    return _one(session, Invoice.public_id == public_id, Invoice.organisation_id == organisation_id)


def invoice_of_lieu(session: Session, *, public_id: str, lieu_id: int) -> Invoice:
    """An invoice of this lieu.

    Raises
    ------
    NoSuchInvoice
    """
    return _one(session, Invoice.public_id == public_id, Invoice.lieu_id == lieu_id)


def _one(session: Session, *where: Any) -> Invoice:
    found = session.scalar(select(Invoice).where(*where))
    if found is None:
        raise NoSuchInvoice()
    return found


def invoices_of_organisation(session: Session, *, organisation_id: int) -> list[Invoice]:
    """All it was sent, newest first."""
    return _listed(session, Invoice.organisation_id == organisation_id)


def invoices_of(session: Session, *, booking_ids: Collection[int]) -> list[Invoice]:
    """All that bookings led to, newest first."""
    return _listed(session, Invoice.booking_id.in_(booking_ids))


def invoices_of_lieu(
    session: Session, *, lieu_id: int, first: date | None = None, last: date | None = None
) -> list[Invoice]:
    """What a lieu issued from the first to the last day, both included; newest first."""
    where = [Invoice.lieu_id == lieu_id]
    if first is not None:
        where.append(Invoice.issued_on >= first.isoformat())
    if last is not None:
        where.append(Invoice.issued_on <= last.isoformat())
    return _listed(session, *where)


def _listed(session: Session, *where: Any) -> list[Invoice]:
    newest = select(Invoice).where(*where).order_by(Invoice.issued_at.desc(), Invoice.id.desc())
    return list(session.scalars(newest))


def standing_invoice(session: Session, *, booking_id: int) -> Invoice | None:
    """The booking's invoice that no credit note has taken back, if there is one."""
    credit = aliased(Invoice)
    return session.scalar(
        select(Invoice)
        .outerjoin(credit, credit.credits_id == Invoice.id)
        .where(Invoice.booking_id == booking_id, Invoice.kind == "invoice", credit.id.is_(None))
    )


def credited(session: Session, invoice: Invoice) -> Invoice | None:
    """The invoice that a credit note takes back."""
    return session.get(Invoice, invoice.credits_id) if invoice.credits_id else None


# --- paper ----------------------------------------------------------------------------------


def undrawn(session: Session, *, limit: int = 20) -> list[int]:
    """Invoices whose paper has not been kept yet, the oldest first."""
    return list(
        session.scalars(
            select(Invoice.id)
            .outerjoin(InvoicePaper, InvoicePaper.invoice_id == Invoice.id)
            .where(InvoicePaper.invoice_id.is_(None))
            .order_by(Invoice.id)
            .limit(limit)
        )
    )


def keep_paper(session: Session, *, invoice_id: int, pdf: bytes, at: datetime) -> InvoicePaper:
    """Keep the paper for good: what is opened in ten years looks as it does today. The first one
    that was kept stays."""
    kept = session.get(InvoicePaper, invoice_id)
    if kept is not None:
        return kept
    paper = InvoicePaper(invoice_id=invoice_id, drawn_at=at, pdf=pdf)
    try:
        with session.begin_nested():
            session.add(paper)
    except IntegrityError:  # another worker drew it a moment ago, with the same bytes
        return session.get_one(InvoicePaper, invoice_id)
    return paper


def kept_paper(session: Session, *, invoice_id: int) -> bytes | None:
    """The PDF, if it has been drawn already."""
    return session.scalar(select(InvoicePaper.pdf).where(InvoicePaper.invoice_id == invoice_id))

"""Invoices: what an organisation was sent. For members whose role is *pay*.

The files themselves are on the web (`pdf`, `xml`), behind a sign-in; here is what they say.
"""

from __future__ import annotations

from flask import current_app

from serendipity import invoices, organisations
from serendipity.api.actors import member
from serendipity.api.endpoints import reads
from serendipity.api.paging import Paged, page
from serendipity.api.shapes import Instant, Money, Out, Page, money
from serendipity.db import microseconds, reading


class InvoiceLine(Out):
    """What was sold, before VAT; the rate in basis points (2000 is 20 %)."""

    words: str
    net_cents: int
    vat_points: int


class Invoice(Out):
    """`kind` is invoice or credit (a note that takes back the invoice named in `credits`)."""

    id: str
    number: str
    kind: str
    credits: str | None
    booking: str
    issued_at: Instant
    issued_on: str
    due_on: str | None
    lines: list[InvoiceLine]
    total: Money
    paid_cents: int
    pdf: str
    xml: str


@reads("/organisations/<organisation>/invoices", query=Paged, answers=Page[Invoice])
def index(asked: Paged, organisation: str) -> Page[Invoice]:
    """What the organisation was sent; newest first."""
    payer = _payer(organisation)
    return page(
        invoices.invoices_of_organisation(reading(), organisation_id=payer.id),
        asked,
        key=lambda one: (microseconds(one.issued_at), one.public_id),
        shape=lambda one: _shape(one, payer),
        newest_first=True,
    )


@reads("/organisations/<organisation>/invoices/<invoice>", answers=Invoice)
def show(organisation: str, invoice: str) -> Invoice:
    """One invoice or credit note."""
    payer = _payer(organisation)
    found = invoices.invoice_of_organisation(reading(), public_id=invoice, organisation_id=payer.id)
    return _shape(found, payer)


def _payer(public_id: str) -> organisations.Organisation:
    found, _ = organisations.organisation_of(reading(), public_id=public_id, member_id=member())
    organisations.refuse_unless_may(
        reading(), organisation_id=found.id, member_id=member(), role="pay"
    )
    return found


def _shape(invoice: invoices.Invoice, payer: organisations.Organisation) -> Invoice:
    base = str(current_app.config["SETTINGS"].public_url).rstrip("/")
    file = f"{base}/organisations/{payer.public_id}/invoices/{invoice.public_id}"
    due_on, before = invoices.due_on(invoice), invoices.credited(reading(), invoice)
    return Invoice(
        id=invoice.public_id,
        number=invoice.number,
        kind=invoice.kind,
        credits=before.public_id if before else None,
        booking=invoice.content["reference"],
        issued_at=invoice.issued_at,
        issued_on=invoice.issued_on,
        due_on=due_on.isoformat() if due_on else None,
        lines=[InvoiceLine(**line) for line in invoice.content["lines"]],
        total=money(invoice.total, invoice.currency),
        paid_cents=invoices.prepaid_cents(invoice),
        pdf=f"{file}.pdf",
        xml=f"{file}.xml",
    )

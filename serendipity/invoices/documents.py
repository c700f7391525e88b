"""Documents: an invoice as a file. The makers of both are loaded when somebody wants one."""

from __future__ import annotations

from sqlalchemy.orm import Session

from serendipity.invoices.invoice import Invoice, kept_paper


def pdf_of(session: Session, *, invoice: Invoice) -> bytes:
    """The paper that was kept; in the moment before a worker drew it, the same one drawn now."""
    kept = kept_paper(session, invoice_id=invoice.id)
    if kept is not None:
        return kept
    from serendipity.invoices import paper  # noqa: PLC0415 - late: a typesetter comes with it

    return paper.drawn(invoice)


def xml_of(invoice: Invoice) -> bytes:
    """The Factur-X data alone."""
    from serendipity.invoices import facturx  # noqa: PLC0415 - late: an XML library comes with it

    return facturx.xml_of(invoice)

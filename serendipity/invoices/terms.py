"""Terms: what an invoice says beside its sums, for people and machines alike."""

from __future__ import annotations

from datetime import date

from serendipity.invoices import wording
from serendipity.invoices.invoice import Invoice


def notes(invoice: Invoice) -> dict[str, str]:
    """What else has to stand on it, by its code in UNTDID 4451."""
    seller = invoice.content["seller"]
    said = {"REG": seller["mention"]} if seller["mention"] else {}
    return {**said, **(wording.law(invoice.language) if seller["country"] == "FR" else {})}


def terms_of(invoice: Invoice) -> str:
    """When what is due is due, in words."""
    return wording.terms(
        due_on(invoice),
        invoice.language,
        paid=is_paid(invoice),
        credit=invoice.kind == "credit",
    )


def due_on(invoice: Invoice) -> date | None:
    """Until when it is to be paid: a paid one on its own day, and a credit note never."""
    if invoice.kind == "credit":
        return None
    if is_paid(invoice):
        return invoice.day
    return date.fromisoformat(invoice.content["due_on"])


def prepaid_cents(invoice: Invoice) -> int:
    """What was paid by card before the invoice was written."""
    return int(invoice.content["paid_cents"]) if invoice.kind == "invoice" else 0


def is_paid(invoice: Invoice) -> bool:
    """Whether all of it was paid by card before it was written."""
    return prepaid_cents(invoice) == invoice.total.gross_cents


def why_no_vat(invoice: Invoice) -> str:
    """The reason of a rate of zero: below the threshold in France, else exempt."""
    seller = invoice.content["seller"]
    below = seller["country"] == "FR" and not seller["vat_number"]
    return wording.not_taxed(invoice.language) if below else wording.exempt(invoice.language)

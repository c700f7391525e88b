"""Invoices: what an organisation owes a lieu, in a paper that never changes.

Rules kept here: money is integer cents; VAT is rounded once for each rate; numbers of a lieu and a
year have no gap (`numbering`); an invoice is never changed or deleted, not even by hand (triggers
refuse), only taken back by a credit note, once; each is a PDF for people (`paper`) that carries the
XML for machines (`facturx`). Issued is what a booking owes, at its confirmation, and again when
that changes (`issuing`).
"""

from serendipity.invoices.documents import pdf_of, xml_of
from serendipity.invoices.invoice import (
    Invoice,
    InvoicePaper,
    Line,
    NoSuchInvoice,
    NothingToInvoice,
    Tax,
    credited,
    invoice_of_lieu,
    invoice_of_organisation,
    invoices_of,
    invoices_of_lieu,
    invoices_of_organisation,
    keep_paper,
    kept_paper,
    standing_invoice,
    taxes,
    undrawn,
)
from serendipity.invoices.issuing import (
    Bill,
    Deal,
    credit,
    due_bookings,
    issue,
    put_off,
    settle,
    waiting_count,
)
from serendipity.invoices.numbering import InvoiceCounter, next_number
from serendipity.invoices.sellers import (
    BadPaymentDays,
    BadPrefix,
    Facts,
    NumberMissing,
    PrefixInUse,
    PrefixTaken,
    Seller,
    VatNumberMissing,
    describe,
    seller_of,
)
from serendipity.invoices.terms import due_on, is_paid, prepaid_cents, terms_of

__all__ = [
    "BadPaymentDays",
    "BadPrefix",
    "Bill",
    "Deal",
    "Facts",
    "Invoice",
    "InvoiceCounter",
    "InvoicePaper",
    "Line",
    "NoSuchInvoice",
    "NothingToInvoice",
    "NumberMissing",
    "PrefixInUse",
    "PrefixTaken",
    "Seller",
    "Tax",
    "VatNumberMissing",
    "credit",
    "credited",
    "describe",
    "due_bookings",
    "due_on",
    "invoice_of_lieu",
    "invoice_of_organisation",
    "invoices_of",
    "invoices_of_lieu",
    "invoices_of_organisation",
    "is_paid",
    "issue",
    "keep_paper",
    "kept_paper",
    "next_number",
    "pdf_of",
    "prepaid_cents",
    "put_off",
    "seller_of",
    "settle",
    "standing_invoice",
    "taxes",
    "terms_of",
    "undrawn",
    "waiting_count",
    "xml_of",
]

"""Factur-X: an invoice as machines read it, in the profile EN 16931 (CII syntax).

Everything comes from the issued row, nothing from today's tables, so the same row always gives the
same bytes. Source: EN 16931-1:2017 and the Factur-X 1.0 specification; BT-n and BG-n below are the
norm's names for its terms. Tests hold the result to the official schema and Schematron.

Import this module late: the model of the norm brings an XML library along, and few requests want
an invoice.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from drafthorse.models.accounting import ApplicableTradeTax
from drafthorse.models.document import Document
from drafthorse.models.note import IncludedNote
from drafthorse.models.party import TaxRegistration
from drafthorse.models.payment import PaymentMeans, PaymentTerms
from drafthorse.models.tradelines import LineItem

from serendipity.invoices import terms
from serendipity.invoices.invoice import Invoice

PROFILE: Final = "urn:cen.eu:en16931:2017"
FILE_NAME: Final = "factur-x.xml"
SIREN, SIRET = "0002", "0009"  # ISO 6523: whose register a number stands in
SERVICES, SERVICES_PAID = "S1", "S2"  # the French frame of billing (BR-FR-08)
EMAIL: Final = "EM"  # a way to reach somebody electronically
TRANSFER, CARD = "58", "48"  # UNTDID 4461
INVOICE, CREDIT_NOTE = "380", "381"  # UNTDID 1001


def xml_of(invoice: Invoice) -> bytes:
    """The invoice as Factur-X XML, checked against the schema of its profile."""
    document = Document()
    document.context.guideline_parameter.id = PROFILE
    paid = terms.is_paid(invoice)
    document.context.business_parameter.id = SERVICES_PAID if paid else SERVICES
    _header(document, invoice)
    _parties(document, invoice)
    for place, line in enumerate(invoice.content["lines"], start=1):
        document.trade.items.add(_line(place, line, invoice))
    _settlement(document, invoice)
    return bytes(document.serialize(schema="FACTUR-X_EN16931"))


def _header(document: Document, invoice: Invoice) -> None:
    header = document.header
    header.id = invoice.number
    header.type_code = CREDIT_NOTE if invoice.kind == "credit" else INVOICE
    header.issue_date_time = invoice.day
    for code, words in terms.notes(invoice).items():
        note = IncludedNote()
        note.content = words
        note.subject_code = code
        header.notes.add(note)


def _parties(document: Document, invoice: Invoice) -> None:
    agreement, content = document.trade.agreement, invoice.content
    _party(agreement.seller, content["seller"])
    _party(agreement.buyer, content["buyer"])
    if not content["seller"]["vat_number"]:
        agreement.seller.tax_registrations.add(_registration("FC", content["seller"]["siret"][:9]))
    agreement.buyer_order.issuer_assigned_id = content["reference"]
    document.trade.delivery.event.occurrence = date.fromisoformat(content["service"]["to"])


def _party(party: Any, facts: dict[str, str]) -> None:
    party.name = facts["name"]
    if facts["siret"]:
        party.legal_organization.id = (SIREN, facts["siret"][:9])
        if len(facts["siret"]) == 14:
            party.global_id.add((SIRET, facts["siret"]))
    party.address.line_one = facts["address"]
    party.address.postcode = facts["postcode"]
    party.address.city_name = facts["city"]
    party.address.country_id = facts["country"]
    party.electronic_address.uri_ID = (EMAIL, facts["email"])
    if facts["vat_number"]:
        party.tax_registrations.add(_registration("VA", facts["vat_number"]))


def _registration(scheme: str, number: str) -> Any:
    registration = TaxRegistration()
    registration.id = (scheme, number)
    return registration


def _line(place: int, line: dict[str, Any], invoice: Invoice) -> Any:
    item = LineItem()
    item.document.line_id = str(place)
    item.product.name = line["words"]
    item.agreement.net.amount = euros(line["net_cents"])
    item.delivery.billed_quantity = (Decimal(1), "C62")  # one
    tax = item.settlement.trade_tax
    tax.type_code = "VAT"
    tax.category_code = _category(line["vat_points"])
    tax.rate_applicable_percent = percent(line["vat_points"])
    item.settlement.monetary_summation.total_amount = euros(line["net_cents"])
    return item


def _settlement(document: Document, invoice: Invoice) -> None:
    settlement, content = document.trade.settlement, invoice.content
    settlement.payment_reference = invoice.number
    settlement.currency_code = invoice.currency
    settlement.payment_means.add(_means(invoice))
    for tax in content["taxes"]:
        settlement.trade_tax.add(_tax(tax, invoice))
    settlement.terms.add(_terms(invoice))
    _sums(settlement.monetary_summation, invoice)
    if invoice.kind == "credit":
        before = settlement.invoice_referenced_document
        before.issuer_assigned_id = content["credits"]["number"]
        before.issue_date_time = date.fromisoformat(content["credits"]["issued_on"])


def _means(invoice: Invoice) -> Any:
    means = PaymentMeans()
    means.type_code = CARD if terms.is_paid(invoice) else "1"  # 1: not said how
    iban = invoice.content["seller"]["iban"]
    if iban and not terms.is_paid(invoice):
        means.type_code = TRANSFER
        means.payee_account.iban = iban
    return means


def _terms(invoice: Invoice) -> Any:
    when = PaymentTerms()
    when.description = terms.terms_of(invoice)
    if terms.due_on(invoice) is not None:
        when.due = terms.due_on(invoice)
    return when


def _tax(tax: dict[str, int], invoice: Invoice) -> Any:
    trade_tax = ApplicableTradeTax()
    trade_tax.calculated_amount = euros(tax["vat_cents"])
    trade_tax.basis_amount = euros(tax["net_cents"])
    trade_tax.type_code = "VAT"
    trade_tax.category_code = _category(tax["vat_points"])
    trade_tax.rate_applicable_percent = percent(tax["vat_points"])
    if not tax["vat_points"]:
        trade_tax.exemption_reason = terms.why_no_vat(invoice)
    return trade_tax


def _sums(sums: Any, invoice: Invoice) -> None:
    gross, prepaid = invoice.total.gross_cents, terms.prepaid_cents(invoice)
    sums.line_total = euros(sum(line["net_cents"] for line in invoice.content["lines"]))
    sums.charge_total = sums.allowance_total = Decimal("0.00")
    sums.tax_basis_total = euros(invoice.net_cents)
    sums.tax_total = (euros(invoice.vat_cents), invoice.currency)
    sums.grand_total = euros(gross)
    sums.prepaid_total = euros(prepaid)
    sums.due_amount = euros(gross - prepaid)


def _category(vat_points: int) -> str:
    return "S" if vat_points else "E"  # standard rate (whatever it is), or exempt


def euros(cents: int) -> Decimal:
    """Cents as the norm writes amounts: two decimals."""
    return Decimal(cents).scaleb(-2).quantize(Decimal("0.01"))


def percent(points: int) -> Decimal:
    return Decimal(points).scaleb(-2).quantize(Decimal("0.01"))

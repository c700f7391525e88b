"""Paper: an invoice as a PDF for people, tagged for screen readers, that carries its XML inside.

Drawn with Typst from templates/invoices/invoice.typ as PDF/A-3a and PDF/UA-1, with the fonts that
Typst brings along, so that it looks the same everywhere; then the metadata says that it is a
Factur-X, which Typst has no word for. The same row gives the same bytes.

Import this module late: it brings a typesetter along.
"""

from __future__ import annotations

import io
import json
import re
import unicodedata
from datetime import date
from typing import Any, Final

import typst
from pypdf import PdfWriter
from pypdf.generic import IndirectObject, StreamObject

from serendipity.config import ROOT
from serendipity.invoices import facturx, terms, wording
from serendipity.invoices.invoice import Invoice

TEMPLATE: Final = ROOT / "templates" / "invoices" / "invoice.typ"
STANDARDS: Final[list[Any]] = ["a-3a", "ua-1"]
# What the fonts can draw: Latin, Greek, Cyrillic, punctuation, signs of money. The rest stands in
# the XML as it was typed, and as a question mark on paper: the norm forbids empty boxes.
UNDRAWN: Final = re.compile(
    "[^\n -~\u00a0-\u024f\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u03ff\u0400-\u045f"
    "\u2010-\u2027\u202f\u2030-\u203a\u20ac]"
)
XMP: Final = """<rdf:Description rdf:about="" \
xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#">\
<fx:DocumentType>INVOICE</fx:DocumentType><fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>\
<fx:Version>1.0</fx:Version><fx:ConformanceLevel>EN 16931</fx:ConformanceLevel></rdf:Description>"""
XMP_PROPERTY: Final = """<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{name}\
</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>\
external</pdfaProperty:category><pdfaProperty:description>{says}</pdfaProperty:description>\
</rdf:li>"""
XMP_SCHEMA: Final = """<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension \
Schema</pdfaSchema:schema><pdfaSchema:namespaceURI>\
urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx\
</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property>\
</rdf:li>"""
PROPERTIES: Final = {
    "DocumentFileName": "The name of the embedded XML document",
    "DocumentType": "The type of the hybrid document in capital letters, INVOICE",
    "Version": "The version of the standard the embedded XML follows",
    "ConformanceLevel": "The profile of the embedded XML",
}


def drawn(invoice: Invoice) -> bytes:
    """The invoice as a PDF/A-3 with its XML inside."""
    pdf = typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        ignore_system_fonts=True,
        sys_inputs={
            "told": json.dumps(_told(invoice)),
            "xml": facturx.xml_of(invoice).decode(),
        },
        pdf_standards=STANDARDS,
        timestamp=int(invoice.issued_at.timestamp()),
    )
    return _said_to_be_facturx(pdf)


def _told(invoice: Invoice) -> dict[str, Any]:
    """All that the template prints, as plain strings."""
    content, gettext = invoice.content, wording.of(invoice.language).gettext
    told = {
        "language": invoice.language,
        "title": title(invoice),
        "seller": _party(content["seller"], invoice.language),
        "buyer": _party(content["buyer"], invoice.language),
        "facts": _facts(invoice),
        "lines": [
            {
                "words": line["words"],
                "rate": wording.rate(line["vat_points"]),
                "net": _money(line["net_cents"], invoice),
            }
            for line in content["lines"]
        ],
        "sums": _sums(invoice),
        "payment": _payment(invoice),
        "notes": list(terms.notes(invoice).values()),
        "foot": f"{content['seller']['name']}, {invoice.number}",
        "words": {
            "to": gettext("To"),
            "what": gettext("What"),
            "rate": gettext("VAT"),
            "net": gettext("Before VAT"),
            "sum": gettext("Sum"),
            "amount": gettext("Amount"),
        },
    }
    plain: dict[str, Any] = _drawable(told)
    return plain


def title(invoice: Invoice) -> str:
    """ "Invoice NAV-2026-00001", in the language of who pays."""
    gettext = wording.of(invoice.language).gettext
    if invoice.kind == "credit":
        return str(gettext("Credit note %(number)s") % {"number": invoice.number})
    return str(gettext("Invoice %(number)s") % {"number": invoice.number})


def _party(facts: dict[str, str], language: str) -> dict[str, Any]:
    gettext = wording.of(language).gettext
    numbers = [
        gettext("SIRET %(number)s.") % {"number": facts["siret"]}
        if len(facts["siret"]) == 14
        else gettext("SIREN %(number)s.") % {"number": facts["siret"]}
        if facts["siret"]
        else "",
        gettext("VAT number %(number)s.") % {"number": facts["vat_number"]}
        if facts["vat_number"]
        else "",
    ]
    place = f"{facts['postcode']} {facts['city']}".strip()
    return {
        "name": facts["name"],
        "address": facts["address"],
        "place": f"{place}, {facts['country']}" if place else facts["country"],
        "numbers": [number.rstrip(".") for number in numbers if number],
    }


def _facts(invoice: Invoice) -> list[str]:
    gettext, language = wording.of(invoice.language).gettext, invoice.language
    said = [gettext("Issued on %(day)s") % {"day": wording.day(invoice.day, language)}]
    if invoice.kind == "credit":
        before = invoice.content["credits"]
        day = wording.day(date.fromisoformat(before["issued_on"]), language)
        message = gettext("Takes back invoice %(number)s of %(day)s")
        said.append(message % {"number": before["number"], "day": day})
    said.append(gettext("Booking %(number)s") % {"number": invoice.content["reference"]})
    return said


def _sums(invoice: Invoice) -> list[dict[str, Any]]:
    gettext = wording.of(invoice.language).gettext
    rows = [(gettext("Total before VAT"), invoice.net_cents, False)]
    rows += [
        (gettext("VAT %(vat)s") % {"vat": wording.rate(tax["vat_points"])}, tax["vat_cents"], False)
        for tax in invoice.content["taxes"]
    ]
    rows.append((gettext("Total"), invoice.total.gross_cents, True))
    prepaid = terms.prepaid_cents(invoice)
    if prepaid:
        rows.append((gettext("Paid"), prepaid, False))
        rows.append((gettext("To pay"), invoice.total.gross_cents - prepaid, True))
    return [
        {"words": words, "amount": _money(cents, invoice), "strong": strong}
        for words, cents, strong in rows
    ]


def _payment(invoice: Invoice) -> list[str]:
    gettext = wording.of(invoice.language).gettext
    said = [terms.terms_of(invoice)]
    iban = invoice.content["seller"]["iban"]
    if iban and invoice.kind == "invoice" and not terms.is_paid(invoice):
        spaced = " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))
        message = gettext("To the account %(iban)s, with the number %(number)s.")
        said.append(message % {"iban": spaced, "number": invoice.number})
    if any(not tax["vat_points"] for tax in invoice.content["taxes"]):
        said.append(terms.why_no_vat(invoice))
    return said


def _money(cents: int, invoice: Invoice) -> str:
    return wording.money(cents, invoice.currency, invoice.language)


def _drawable(told: Any) -> Any:
    if isinstance(told, str):
        return UNDRAWN.sub("?", unicodedata.normalize("NFC", told))
    if isinstance(told, list):
        return [_drawable(one) for one in told]
    if isinstance(told, dict):
        return {name: _drawable(one) for name, one in told.items()}
    return told


def _said_to_be_facturx(pdf: bytes) -> bytes:
    """The same file with two paragraphs more in its metadata, appended as PDF appends changes."""
    writer = PdfWriter(io.BytesIO(pdf), incremental=True)
    pointer = writer.root_object.raw_get("/Metadata")
    stream = pointer.get_object()
    assert isinstance(pointer, IndirectObject)
    assert isinstance(stream, StreamObject)
    xmp = stream.get_data().decode()
    properties = "".join(
        XMP_PROPERTY.format(name=name, says=says) for name, says in PROPERTIES.items()
    )
    known = "<pdfaExtension:schemas><rdf:Bag>"
    xmp = xmp.replace(known, known + XMP_SCHEMA.format(properties=properties), 1)
    xmp = xmp.replace("</rdf:RDF>", f"{XMP}</rdf:RDF>", 1)
    changed = StreamObject()
    changed.update({name: stream.raw_get(name) for name in stream if name != "/Length"})
    changed.set_data(xmp.encode())
    writer._replace_object(pointer, changed)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()

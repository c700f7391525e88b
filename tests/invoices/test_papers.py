"""What leaves the house: XML that the norm accepts, in a PDF that people can read."""

from __future__ import annotations

import io
from typing import Any

import pytest
from lxml import etree
from pypdf import PdfReader
from sqlalchemy.orm import Session

from serendipity import bookings
from serendipity.invoices import Invoice, Line, facturx, paper
from tests.conftest import NOON
from tests.invoices.deals import HOUR, TEN, Deals
from tests.invoices.norm import Norm
from tests.invoices.norm import norm as _norm
from tests.rows import a_seller

norm = pytest.fixture(scope="session")(_norm)
RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"


@pytest.fixture
def deals(session: Session) -> Deals:
    return Deals(session)


def said(invoice: Invoice, tag: str) -> list[str]:
    return [one.text or "" for one in etree.fromstring(facturx.xml_of(invoice)).iter(RAM + tag)]


# --- the norm -------------------------------------------------------------------------------


def test_an_invoice_keeps_the_norm(deals: Deals, norm: Norm) -> None:
    invoice = deals.invoice()
    assert norm.complaints(facturx.xml_of(invoice)) == []
    assert said(invoice, "DuePayableAmount") == ["57.60"]
    assert said(invoice, "IBANID") == ["FR1420041010050500013M02606"]


def test_a_credit_note_and_a_late_cancellation_keep_the_norm(deals: Deals, norm: Norm) -> None:
    booking = deals.book()
    (invoice,) = deals.settle(booking)
    deals.cancel(booking, at=TEN - HOUR)
    note, late = deals.settle(booking, at=TEN - HOUR)
    for one in (note, late):
        assert norm.complaints(facturx.xml_of(one)) == []
    assert said(note, "TypeCode")[0] == "381"
    assert invoice.number in said(note, "IssuerAssignedID")


def test_what_was_paid_by_card_leaves_nothing_to_pay(deals: Deals, norm: Norm) -> None:
    booking = deals.pay(deals.hold())
    (invoice,) = deals.settle(booking)
    assert norm.complaints(facturx.xml_of(invoice)) == []
    assert said(invoice, "TotalPrepaidAmount") == ["57.60"]
    assert said(invoice, "DuePayableAmount") == ["0.00"]
    assert said(invoice, "IBANID") == []
    deals.cancel(booking)
    (note,) = deals.settle(booking)
    assert norm.complaints(facturx.xml_of(note)) == []


def test_what_was_paid_in_part_says_what_is_left(deals: Deals, norm: Norm) -> None:
    booking = deals.pay(deals.hold())
    bookings.move(
        deals.session,
        public_id=booking.public_id,
        starts_at=TEN,
        ends_at=TEN + 3 * HOUR,
        at=NOON,
        **deals.who,
    )
    (invoice,) = deals.settle(booking)
    assert norm.complaints(facturx.xml_of(invoice)) == []
    assert said(invoice, "TotalPrepaidAmount") == ["57.60"]
    assert said(invoice, "DuePayableAmount") == ["28.80"]
    assert said(invoice, "IBANID") != []


@pytest.mark.parametrize(
    "lines",
    [
        [Line("a", 333, 2000), Line("b", 333, 2000), Line("c", 333, 2000)],
        [Line("a", 1, 2000), Line("b", 1, 550), Line("c", 10**9, 1000)],
        [Line("a", 4800, 0)],
        [Line("a", 4800, 2000), Line("b", 99, 0)],
    ],
    ids=["thirds", "three rates", "no VAT", "some without"],
)
def test_several_lines_and_rates_keep_the_norm(deals: Deals, norm: Norm, lines: list[Line]) -> None:
    assert norm.complaints(facturx.xml_of(deals.invoice_of(lines))) == []


def test_a_seller_below_the_threshold_says_why_there_is_no_vat(
    session: Session, norm: Norm
) -> None:
    deals = Deals(session, sells=False, vat_points=0)
    a_seller(session, deals.lieu, vat_number="", iban="", mention="")
    deals.organisation.siret, deals.organisation.vat_number = "732829320", "FR83404833048"
    invoice = deals.invoice()
    assert norm.complaints(facturx.xml_of(invoice)) == []
    assert said(invoice, "ExemptionReason")[0].startswith("VAT not applicable, article 293 B")


def test_a_lieu_in_brussels_with_a_buyer_in_the_netherlands_keeps_the_norm(
    session: Session, norm: Norm
) -> None:
    deals = Deals(session, sells=False, vat_points=2100)
    belgian = {"siret": "", "vat_number": "BE0403170701", "iban": "BE71096123456769"}
    a_seller(session, deals.lieu, country="BE", city="Brussel", mention="", **belgian)
    deals.organisation.country, deals.organisation.vat_number = "NL", "NL004495445B01"
    deals.organisation.language = "nl"
    xml = facturx.xml_of(deals.invoice())
    assert norm.complaints(xml, in_france=False) == []
    assert norm.complaints(xml) != []  # France asks for more, of sellers in France


@pytest.mark.parametrize(
    "name", ["Ünï & <b>Çø</b> \"SARL\" 'x'", "株式会社 🚀", ']]>#include "/etc/passwd"', "=1+1"]
)
def test_whatever_a_name_is_it_keeps_the_norm_and_is_drawn(
    deals: Deals, norm: Norm, name: str
) -> None:
    deals.organisation.name = name
    invoice = deals.invoice()
    assert norm.complaints(facturx.xml_of(invoice)) == []
    assert name in said(invoice, "Name")
    assert paper.drawn(invoice).startswith(b"%PDF-1.7")


def test_the_norm_does_complain(deals: Deals, norm: Norm) -> None:
    """The control: sums that do not add up, and a number that is missing."""
    xml = facturx.xml_of(deals.invoice()).decode()
    assert norm.complaints(xml.replace(">57.60<", ">57.61<").encode()) != []
    assert norm.complaints(xml.replace("FR83404833048", "").encode()) != []


# --- the paper ------------------------------------------------------------------------------


def read(pdf: bytes) -> tuple[PdfReader, dict[str, Any], str]:
    reader = PdfReader(io.BytesIO(pdf))
    root = reader.trailer["/Root"].get_object()
    return reader, root, root["/Metadata"].get_object().get_data().decode()


def test_the_paper_carries_the_xml_and_says_so(deals: Deals) -> None:
    invoice = deals.invoice()
    reader, root, xmp = read(paper.drawn(invoice))
    assert reader.attachments["factur-x.xml"] == [facturx.xml_of(invoice)]
    (file,) = root["/AF"]
    assert file.get_object()["/AFRelationship"] == "/Alternative"
    for claim in (
        "<pdfaid:part>3</pdfaid:part>",
        "<pdfaid:conformance>A</pdfaid:conformance>",
        "<pdfuaid:part>1</pdfuaid:part>",
        "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>",
        "<fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>",
        "<pdfaSchema:prefix>fx</pdfaSchema:prefix>",
    ):
        assert claim in xmp
    etree.fromstring(xmp.partition("?>")[2].rpartition("<?xpacket")[0])


def test_the_paper_is_tagged_with_its_language_and_title(deals: Deals) -> None:
    deals.organisation.language = "nl"
    invoice = deals.invoice()
    reader, root, _ = read(paper.drawn(invoice))
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "nl"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert invoice.number in str(reader.metadata.title if reader.metadata else "")
    tags = set(tagged(root["/StructTreeRoot"]))
    assert {"/H1", "/Table", "/TH", "/TD", "/P"} <= tags


def tagged(node: Any) -> list[str]:
    node = node.get_object()
    if isinstance(node, list):
        return [tag for one in node for tag in tagged(one)]
    if not hasattr(node, "get"):
        return []
    own = [str(node["/S"])] if "/S" in node else []
    return own + (tagged(node["/K"]) if "/K" in node else [])


def test_the_paper_says_what_the_row_says(deals: Deals) -> None:
    invoice = deals.invoice()
    reader, _, _ = read(paper.drawn(invoice))
    words = " ".join(reader.pages[0].extract_text().split()).replace("\xa0", " ")
    for said_there in (
        f"Invoice {invoice.number}",
        "La Navette SCIC",
        "SIRET 73282932000074",
        "VAT number FR83404833048",
        "Toits Communs",
        "€48.00",
        "VAT 20 % €9.60",
        "€57.60",
        "Payable by 25 April 2026.",
        "FR14 2004 1010 0505 0001 3M02 606",
        "No discount for early payment.",
    ):
        assert said_there in words


def test_the_same_row_gives_the_same_bytes(deals: Deals) -> None:
    invoice = deals.invoice()
    assert paper.drawn(invoice) == paper.drawn(invoice)


def test_what_no_font_draws_is_a_question_mark_on_paper(deals: Deals) -> None:
    deals.organisation.name = "株式会社 Café"  # the accent apart from its letter
    reader, _, _ = read(paper.drawn(deals.invoice()))
    assert "???? Café" in reader.pages[0].extract_text()


def test_a_long_name_stays_on_its_page(session: Session) -> None:
    deals = Deals(session, sells=False)
    deals.room.name, deals.lieu.name = "R" * 120, "L" * 160
    deals.organisation.name = "Coopérative " * 13
    a_seller(session, deals.lieu, name="S" * 160, mention="m " * 119)
    reader, _, _ = read(paper.drawn(deals.invoice()))
    assert len(reader.pages) == 1

"""Money in a browser: who sells, what was invoiced, who may read it, and the journal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from serendipity import bookings, invoices, tokens
from serendipity.db import write_transaction
from serendipity.invoices import Invoice, InvoicePaper, Line, journal
from serendipity.jobs import scheduler, settling
from serendipity.organisations import Organisation, OrganisationMember
from tests.conftest import NOON, Clock
from tests.invoices.deals import DAY, TEN, Deals
from tests.pages import beside, token_of
from tests.rows import a_lieu, a_member, an_organisation, signed_in

SELLER = {
    "name": "La Navette SCIC",
    "email": "compta@navette.example.org",
    "address": "12 montée de la Soie",
    "postcode": "69004",
    "city": "Lyon",
    "country": "FR",
    "siret": "732 829 320 00074",
    "vat_number": "FR 83 404 833 048",
    "iban": "FR14 2004 1010 0505 0001 3M02 606",
    "mention": "SCIC SARL",
    "prefix": "navette",
    "payment_days": "30",
}


class Office:
    """A lieu and an organisation, with a browser that anybody may use."""

    def __init__(self, app: Flask, session: Session) -> None:
        self.app, self.session = app, session
        with write_transaction(session):
            self.deals = Deals(session, sells=False)
            self.operator = a_member(session, "Camille Durand", is_operator=True)
            session.flush()
            self.slug = self.deals.lieu.slug
        self.billing = f"/operator/lieux/{self.slug}/billing"
        self.home = f"/organisations/{self.deals.organisation.public_id}"

    def browser(self, member: Any) -> FlaskClient:
        return signed_in(self.app.test_client(), member)

    def sells(self, **given: str) -> TestResponse:
        browser = self.browser(self.operator)
        said = {"csrf_token": token_of(browser, "/"), **SELLER, **given}
        return browser.post(self.billing, data=said)

    def invoice(self) -> Invoice:
        """A booking, and the invoice that the worker makes of it."""
        with write_transaction(self.session):
            self.deals.book()
        scheduler.run_once(self.app)
        self.session.rollback()
        self.session.expire_all()
        found = self.session.query(Invoice).order_by(Invoice.id.desc()).first()
        assert found
        return found

    def colleague(self, role: str) -> FlaskClient:
        with write_transaction(self.session):
            member = a_member(self.session)
            self.session.add(
                OrganisationMember(
                    organisation_id=self.deals.organisation.id,
                    member_id=member.id,
                    role=role,
                    since=NOON,
                )
            )
        return self.browser(member)


@pytest.fixture
def office(app: Flask, held_clock: Clock) -> Iterator[Office]:
    with beside(app) as session:
        yield Office(app, session)


# --- who sells ------------------------------------------------------------------------------


def test_an_operator_says_who_sells_and_bookings_that_waited_are_invoiced(office: Office) -> None:
    with write_transaction(office.session):
        office.deals.book(TEN + DAY)
    page = office.browser(office.operator).get(office.billing).text
    assert "One booking waits for its invoice" in page
    assert office.sells().status_code == 303
    invoice = office.invoice()
    page = office.browser(office.operator).get(office.billing).text
    assert invoice.number.startswith("NAVETTE-2026-0000")
    assert invoice.number in page
    assert "waits for its invoice" not in page
    assert office.session.query(InvoicePaper).count() == 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"iban": "FR14 2004"}, "it does not add up"),
        ({"vat_number": "FR00404833048"}, "not a VAT number of the European Union"),
        ({"vat_number": ""}, "so a VAT number has to be on the invoices"),
        ({"siret": "732829320"}, ""),  # a SIREN will do
        ({"siret": "12"}, "2 digits so far; a SIREN has nine"),
        ({"prefix": "é"}, "Two to eight letters or digits"),
        ({"payment_days": "90"}, "From 0 to 60 days"),
        ({"payment_days": "1000000000000000000"}, "From 0 to 60 days"),
        ({"payment_days": "soon"}, "From 0 to 60 days"),
        ({"country": "XX"}, "Choose a country from the list."),
        ({"name": ""}, "Please fill this in."),
        ({"name": "a\0b"}, "no screen can show"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(
    office: Office, wrong: dict[str, str], words: str
) -> None:
    answer = office.sells(**wrong)
    assert answer.status_code == (422 if words else 303)
    if words:
        assert words in answer.text
        assert 'value="SCIC SARL"' in answer.text
        assert invoices.seller_of(office.session, lieu_id=office.deals.lieu.id) is None


# --- who may read ---------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "status"), [("see", 403), ("book", 403), ("pay", 200)])
def test_invoices_are_for_who_pays(office: Office, role: str, status: int) -> None:
    office.sells()
    file = f"{office.home}/invoices/{office.invoice().public_id}"
    browser = office.colleague(role)
    for path in (f"{office.home}/invoices", f"{file}.pdf", f"{file}.xml", f"{office.home}/facts"):
        assert browser.get(path).status_code == status, path
    assert browser.get(f"{file}.exe").status_code == (404 if role == "pay" else 403)


def test_a_foreign_invoice_answers_like_one_that_does_not_exist(office: Office) -> None:
    office.sells()
    invoice = office.invoice()
    with write_transaction(office.session):
        other, stranger = an_organisation(office.session)
        elsewhere = a_lieu(office.session)
    browser = office.browser(stranger)
    theirs = f"/organisations/{other.public_id}/invoices"
    foreign = browser.get(f"{theirs}/{invoice.public_id}.pdf")
    missing = browser.get(f"{theirs}/{'x' * len(invoice.public_id)}.pdf")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.data == missing.data.replace(
        b"x" * len(invoice.public_id), invoice.public_id.encode()
    )
    assert browser.get(f"{office.home}/invoices/{invoice.public_id}.pdf").status_code == 404
    operator = office.browser(office.operator)
    lost = f"/operator/lieux/{elsewhere.slug}/invoices/{invoice.public_id}.pdf"
    assert operator.get(lost).status_code == 404
    own = f"/operator/lieux/{office.slug}/invoices/{invoice.public_id}.pdf"
    assert operator.get(own).data.startswith(b"%PDF")


def test_the_paper_is_there_before_a_worker_drew_it_and_stays_the_same(office: Office) -> None:
    office.sells()
    with write_transaction(office.session):
        invoice = office.deals.settle(office.deals.book())[0]
    path = f"{office.home}/invoices/{invoice.public_id}.pdf"
    browser = office.browser(office.deals.member)
    before = browser.get(path).data
    with office.app.app_context():
        assert settling.draw_due(lambda: office.session, at=NOON) == 1
        assert settling.draw_due(lambda: office.session, at=NOON) == 0
    assert browser.get(path).data == before


def test_an_organisation_says_anew_who_it_is(office: Office) -> None:
    browser = office.browser(office.deals.member)
    said = {
        "csrf_token": token_of(browser, "/"),
        "name": "Toits Communs SCOP",
        "email": "compta@toits.example.org",
        "address": "3 rue des Tuiles",
        "postcode": "69001",
        "city": "Lyon",
        "country": "be",
        "siret": "732829320",
        "vat_number": "",
        "language": "fr",
    }
    wrong = browser.post(f"{office.home}/facts", data={**said, "siret": "732829321"})
    assert wrong.status_code == 422
    assert "they do not add up" in wrong.text
    assert 'value="Toits Communs SCOP"' in wrong.text
    assert browser.post(f"{office.home}/facts", data=said).status_code == 303
    assert "SIREN 732829320." in browser.get(f"{office.home}/").text
    seer = office.colleague("book")
    said["csrf_token"] = token_of(seer, "/")
    assert seer.post(f"{office.home}/facts", data=said).status_code == 403
    office.session.rollback()
    kept = office.session.get_one(
        Organisation, office.deals.organisation.id, populate_existing=True
    )
    assert (kept.country, kept.siret, kept.language) == ("BE", "732829320", "fr")


# --- the journal ----------------------------------------------------------------------------


def entries(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=";"))


def cents(amount: str) -> int:
    return int(amount.replace(",", ""))


def test_every_entry_of_the_journal_balances(office: Office) -> None:
    office.sells()
    with write_transaction(office.session):
        booking = office.deals.book()
        office.deals.settle(booking)
        office.deals.cancel(booking)
        office.deals.settle(booking)
    browser = office.browser(office.operator)
    answer = browser.get(f"/operator/lieux/{office.slug}/journal.csv?first=2026-01-01")
    assert answer.mimetype == "text/csv"
    rows = entries(answer.text)
    assert tuple(rows[0]) == journal.COLUMNS
    assert [(row["CompteNum"], row["Debit"], row["Credit"]) for row in rows] == [
        ("411", "57,60", "0,00"),
        ("706", "0,00", "48,00"),
        ("44571", "0,00", "9,60"),
        ("411", "0,00", "57,60"),
        ("706", "48,00", "0,00"),
        ("44571", "9,60", "0,00"),
    ]
    for number in {row["EcritureNum"] for row in rows}:
        entry = [row for row in rows if row["EcritureNum"] == number]
        assert sum(cents(row["Debit"]) - cents(row["Credit"]) for row in entry) == 0
    none = browser.get(f"/operator/lieux/{office.slug}/journal.csv?last=2026-01-01")
    assert entries(none.text) == []
    assert browser.get(f"/operator/lieux/{office.slug}/journal.csv?first=x").status_code == 400


@pytest.mark.parametrize("name", ["=1+1", "+A1", "-2", "@SUM(A1)"])
def test_no_cell_of_the_journal_is_a_formula(office: Office, name: str) -> None:
    office.sells()
    with write_transaction(office.session):
        office.deals.organisation.name = name
        office.session.flush()
        found = [office.deals.invoice_of([Line("x", 100, 2000), Line("y", 50, 0)])]
    rows = entries(journal.written(found))
    assert not [
        cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))
    ]
    assert rows[0]["CompAuxLib"] == f"'{name}"
    assert [row["CompteNum"] for row in rows] == ["411", "706", "44571", "706"]


# --- the API --------------------------------------------------------------------------------


def test_a_program_reads_the_invoices_of_who_pays(office: Office) -> None:
    office.sells()
    invoice = office.invoice()
    with write_transaction(office.session):
        _, secret = tokens.create(
            office.session, member_id=office.deals.member.id, role="member", at=NOON
        )
    said = {"Authorization": f"Bearer {secret}"}
    path = f"/api/v1{office.home}/invoices"
    client = office.app.test_client()
    (one,) = client.get(path, headers=said).get_json()["items"]
    assert (one["number"], one["total"]["gross_cents"]) == (invoice.number, 5760)
    assert one["pdf"].endswith(f"/invoices/{invoice.public_id}.pdf")
    assert client.get(f"{path}/{one['id']}", headers=said).get_json() == one
    assert client.get(f"{path}/missing", headers=said).status_code == 404


def test_bookings_are_what_is_invoiced(office: Office) -> None:
    """What the page of a booking shows is what its invoice says."""
    office.sells()
    invoice = office.invoice()
    booking = office.session.query(bookings.Booking).one()
    page = office.browser(office.deals.member).get(f"{office.home}/bookings/{booking.public_id}")
    assert f"Invoice {invoice.number}" in page.text
    assert booking.price == invoice.total

"""Billing: who sells at a lieu, what was invoiced there, and the journal for the accountant.

For operators: what organisations pay, and into which account, is not for a role that rotates.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField

from serendipity import clock, invoices, lieux, payments, registers
from serendipity.db import reading, writing
from serendipity.errors import Busy, Refused
from serendipity.invoices import journal
from serendipity.lieux import Lieu
from serendipity.web import forms
from serendipity.web.access import access
from serendipity.web.company.receipts import file_of

blueprint = Blueprint("billing", __name__, url_prefix="/operator/lieux/<slug>")

forms.WORDING.update(
    {
        "wrong-iban": lambda _: gettext(
            "This is not the number of an account: it does not add up."
        ),
        "bad-prefix": lambda _: gettext("Two to eight letters or digits, such as NAVETTE."),
        "prefix-taken": lambda _: gettext("Another lieu's numbers begin so."),
        "prefix-in-use": lambda _: gettext(
            "Invoices were numbered with the old letters; the row goes on with them."
        ),
        "bad-payment-days": lambda error: gettext(
            "From 0 to %(most)s days: the law allows no more.", **error.facts
        ),
        "number-missing": lambda _: gettext("A SIREN, a SIRET or a VAT number has to be on it."),
        "vat-number-missing": lambda _: gettext(
            "Rooms are let with VAT here, so a VAT number has to be on the invoices."
        ),
    }
)


class Selling(FlaskForm):
    """Who sells. The rules of the domain check it."""

    name = StringField(_("Name of who sells"))
    email = StringField(_("Email for questions about invoices"))
    address = StringField(_("Address"))
    postcode = StringField(_("Postcode"))
    city = StringField(_("City"))
    country = StringField(_("Country"))
    siret = StringField(_("SIREN or SIRET"))
    vat_number = StringField(_("VAT number"))
    iban = StringField(_("IBAN"))
    mention = StringField(_("Legal form, capital, register"))
    prefix = StringField(_("Numbers begin with"))
    payment_days = IntegerField(_("Days to pay"))

    def facts(self) -> invoices.Facts:
        """What was typed, for the rules to check."""
        said = {
            field.name: field.data or ""
            for field in self
            if field.name not in ("csrf_token", "payment_days")
        }
        days = self.payment_days.data
        return invoices.Facts(**said, payment_days=-1 if days is None else days)


@blueprint.get("/billing")
@access("operator")
def seller(slug: str) -> ResponseReturnValue:
    lieu = lieux.lieu_named(reading(), slug)
    known = invoices.seller_of(reading(), lieu_id=lieu.id)
    return page(lieu, Selling(None, obj=known) if known else Selling(None, data=suggested(lieu)))


def suggested(lieu: Lieu) -> dict[str, Any]:
    """What is known of the lieu already, to be corrected."""
    named = {name: getattr(lieu, name) for name in ("name", "address", "postcode", "city", "siret")}
    prefix = "".join(
        letter for letter in lieu.slug.upper() if letter.isascii() and letter.isalnum()
    )
    return {**named, "country": lieu.country, "prefix": prefix[:8], "payment_days": 30}


def page(lieu: Lieu, form: Selling, status: int = 200) -> ResponseReturnValue:
    today = clock.local_date(clock.now(), lieu.timezone)
    words = render_template(
        "billing/seller.html",
        lieu=lieu,
        form=form,
        countries=list(registers.countries(str(get_locale())).items()),
        invoices=invoices.invoices_of_lieu(
            reading(), lieu_id=lieu.id, first=date(today.year, 1, 1)
        ),
        year=today.year,
        first=date(today.year, 1, 1),
        last=today,
        waiting=invoices.waiting_count(reading(), lieu_id=lieu.id),
        failed=payments.failed_refunds(reading(), lieu_id=lieu.id),
        takes_cards=payments.takes_cards(current_app.config["SETTINGS"]),
        credited=lambda invoice: invoices.credited(reading(), invoice),
    )
    return words, status


@blueprint.post("/billing")
@access("operator")
def keep_seller(slug: str) -> ResponseReturnValue:
    form = Selling()
    try:
        with writing() as db:
            lieu = lieux.lieu_named(db, slug)
            invoices.describe(db, lieu=lieu, facts=form.facts(), at=clock.now())
    except (Refused, Busy) as error:
        if "field" not in error.facts:
            raise
        return page(lieux.lieu_named(reading(), slug), forms.beside(form, error), error.status)
    flash(gettext("Kept. Bookings are invoiced from now on."))
    return redirect(url("billing.seller", slug=slug), 303)


@blueprint.get("/invoices/<invoice>.<kind>")
@access("operator")
def invoice_file(slug: str, invoice: str, kind: str) -> ResponseReturnValue:
    if kind not in ("pdf", "xml"):
        abort(404)
    lieu = lieux.lieu_named(reading(), slug)
    found = invoices.invoice_of_lieu(reading(), public_id=invoice, lieu_id=lieu.id)
    return file_of(found, kind)


@blueprint.get("/journal.csv")
@access("operator")
def journal_file(slug: str) -> ResponseReturnValue:
    lieu = lieux.lieu_named(reading(), slug)
    first, last = day_asked("first"), day_asked("last")
    found = invoices.invoices_of_lieu(reading(), lieu_id=lieu.id, first=first, last=last)
    # the mark at the beginning tells spreadsheets that it is UTF-8
    answer = Response("\ufeff" + journal.written(found), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="journal-{lieu.slug}.csv"'
    return answer


def day_asked(name: str) -> date | None:
    """A day of the query; nothing given is no limit, and what is no day is refused."""
    given = request.args.get(name, "")
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        abort(400)

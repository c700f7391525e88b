"""Invoices of an organisation: the list, and each as a file. For who pays."""

from __future__ import annotations

from flask import abort, g, render_template
from flask.typing import ResponseReturnValue

from serendipity import invoices, organisations
from serendipity.db import reading
from serendipity.web.access import access, current_member
from serendipity.web.company import blueprint
from serendipity.web.company.receipts import file_of


def for_who_pays() -> None:
    """Let nobody read what things cost who may only book.

    Raises
    ------
    organisations.RoleTooSmall
    """
    organisations.refuse_unless_may(
        reading(), organisation_id=g.organisation.id, member_id=current_member().id, role="pay"
    )


@blueprint.get("/organisations/<organisation>/invoices")
@access("company")
def invoice_list(organisation: str) -> ResponseReturnValue:
    for_who_pays()
    return render_template(
        "company/invoice_list.html",
        organisation=g.organisation,
        role=g.role,
        invoices=invoices.invoices_of_organisation(reading(), organisation_id=g.organisation.id),
        due_on=invoices.due_on,
        is_paid=invoices.is_paid,
        credited=lambda invoice: invoices.credited(reading(), invoice),
    )


@blueprint.get("/organisations/<organisation>/invoices/<invoice>.<kind>")
@access("company")
def invoice_file(organisation: str, invoice: str, kind: str) -> ResponseReturnValue:
    for_who_pays()
    if kind not in ("pdf", "xml"):
        abort(404)
    found = invoices.invoice_of_organisation(
        reading(), public_id=invoice, organisation_id=g.organisation.id
    )
    return file_of(found, kind)

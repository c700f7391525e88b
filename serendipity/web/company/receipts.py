"""Receipts: what there is to tell about the money of bookings, on their pages and in lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Response, current_app, request

from serendipity import invoices, payments
from serendipity.bookings import Booking
from serendipity.db import reading
from serendipity.invoices import Invoice

LOOK_AGAIN = timedelta(seconds=4)


def money_of(together: Sequence[Booking], at: datetime) -> dict[str, Any]:
    """How a booking, or the days of a series, can be paid, are being paid, were paid; the invoices
    and what went back."""
    of = {"booking_ids": [one.id for one in together]}
    payment = payments.payment_of(reading(), **of)
    can_pay = payments.can_pay(payment, at)
    return {
        "by_card": payments.takes_cards(current_app.config["SETTINGS"])
        and (payment is None or not payment.url),
        "payment": payment,
        "paid_cents": payments.paid_for(reading(), **of),
        "can_pay": can_pay,
        "came_back": bool(request.args.get("paid")) and can_pay,
        "look_again_at": at + LOOK_AGAIN,
        "invoices": invoices.invoices_of(reading(), **of),
        "refunds": payments.refunds_of(reading(), **of),
    }


def file_of(invoice: Invoice, kind: str) -> Response:
    """The invoice as a download: "pdf" for people, "xml" for machines."""
    made = {
        "pdf": lambda: invoices.pdf_of(reading(), invoice=invoice),
        "xml": lambda: invoices.xml_of(invoice),
    }[kind]()
    mimetype = "application/pdf" if kind == "pdf" else "application/xml"
    answer = Response(made, mimetype=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="{invoice.number}.{kind}"'
    return answer

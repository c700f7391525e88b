"""Receipts: what there is to tell about the money of a booking, on its page and in lists."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Response, current_app, request

from serendipity import invoices, payments
from serendipity.bookings import Booking
from serendipity.db import reading
from serendipity.invoices import Invoice

LOOK_AGAIN = timedelta(seconds=4)


def money_of(booking: Booking, at: datetime) -> dict[str, Any]:
    """How a booking can be paid, is being paid, was paid; its invoices and what went back."""
    payment = payments.payment_of(reading(), booking_id=booking.id)
    can_pay = payments.can_pay(payment, at)
    return {
        "takes_cards": payments.takes_cards(current_app.config["SETTINGS"]),
        "payment": payment,
        "can_pay": can_pay,
        "came_back": bool(request.args.get("paid")) and can_pay,
        "look_again_at": at + LOOK_AGAIN,
        "invoices": invoices.invoices_of_booking(reading(), booking_id=booking.id),
        "refunds": payments.refunds_of_booking(reading(), booking_id=booking.id),
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

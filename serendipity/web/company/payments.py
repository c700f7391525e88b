"""Paying by card: a payment is begun here and made on the provider's page."""

from __future__ import annotations

from flask import current_app, g, redirect
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from serendipity import clock, payments
from serendipity.db import writing
from serendipity.errors import Busy, Refused
from serendipity.payments import Asked, Payment
from serendipity.web.access import access, current_member
from serendipity.web.company import blueprint
from serendipity.web.company.bookings import Booked, address, booked, booking_page
from serendipity.web.company.wording import complaint


@blueprint.post("/organisations/<organisation>/bookings/<booking>/pay")
@access("company")
def pay(organisation: str, booking: str) -> ResponseReturnValue:
    found = booked(booking)
    provider = payments.provider_of(current_app.config["SETTINGS"])
    try:
        if provider is None:
            raise payments.NoProvider()
        with writing() as db:
            payment = payments.begin(
                db,
                public_id=booking,
                organisation_id=g.organisation.id,
                member_id=current_member().id,
                provider=provider.name,
                at=clock.now(),
            )
            payment_id, asked, is_open = payment.id, asked_of(found, payment), bool(payment.url)
        if not is_open:
            page = provider.open(asked)  # outside any transaction: it takes as long as it takes
            with writing() as db:
                payments.opened(db, payment_id=payment_id, page=page)
    except (Refused, Busy, payments.ProviderAway) as error:
        return booking_page(booked(booking), complaint(error), error.status)
    return redirect(address(booking), 303)


def asked_of(found: Booked, payment: Payment) -> Asked:
    """The payment as the provider is told of it; every figure is of our own rows."""
    base = str(current_app.config["SETTINGS"].public_url).rstrip("/")
    return Asked(
        payment=payment.public_id,
        key=f"{payment.public_id}.{payment.tries}",
        cents=payment.cents,
        currency=payment.currency,
        words=gettext("%(room)s, %(lieu)s", room=found.room.name, lieu=found.lieu.name),
        email=g.organisation.email,
        language=str(get_locale()),
        expires_at=payment.expires_at,
        back=base + address(found.booking.public_id),
    )

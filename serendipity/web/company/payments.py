"""Paying by card: a payment is begun here and made on the provider's page."""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app, g, redirect
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, ngettext

from serendipity import bookings, clock, payments
from serendipity.db import reading, writing
from serendipity.errors import Busy, Refused
from serendipity.payments import Asked, Payment
from serendipity.web.access import access, current_member
from serendipity.web.company import blueprint
from serendipity.web.company.bookings import address, booked, booking_page
from serendipity.web.company.series import address_of, series_page
from serendipity.web.company.wording import complaint


@blueprint.post("/organisations/<organisation>/bookings/<booking>/pay")
@access("company")
def pay(organisation: str, booking: str) -> ResponseReturnValue:
    found = booked(booking)
    words = gettext("%(room)s, %(lieu)s", room=found.room.name, lieu=found.lieu.name)
    return _to_the_page(
        booking,
        words,
        back=address(booking),
        else_=lambda why, status: booking_page(booked(booking), why, status),
    )


@blueprint.post("/organisations/<organisation>/series/<series>/pay")
@access("company")
def pay_series(organisation: str, series: str) -> ResponseReturnValue:
    _, days = bookings.series_of(reading(), public_id=series, organisation_id=g.organisation.id)
    held = [one.public_id for one in days if bookings.is_held(one, clock.now())]
    first = booked(held[0] if held else days[0].public_id)
    words = ngettext(
        "%(room)s, %(lieu)s, one day",
        "%(room)s, %(lieu)s, %(num)s days",
        len(held),
        room=first.room.name,
        lieu=first.lieu.name,
    )
    return _to_the_page(
        first.booking.public_id,
        words,
        back=address_of(series),
        else_=lambda why, status: series_page(series, why, status),
    )


def _to_the_page(
    booking: str, words: str, *, back: str, else_: Callable[[str, int], ResponseReturnValue]
) -> ResponseReturnValue:
    """Begin the payment of a booking and have a page made for it, that `back` then leads to."""
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
            payment_id, is_open = payment.id, bool(payment.url)
            asked = asked_of(payment, words, back)
        if not is_open:
            page = provider.open(asked)  # outside any transaction: it takes as long as it takes
            with writing() as db:
                payments.opened(db, payment_id=payment_id, cents=asked.cents, page=page)
    except (Refused, Busy, payments.ProviderAway) as error:
        return else_(complaint(error), error.status)
    return redirect(back, 303)


def asked_of(payment: Payment, words: str, back: str) -> Asked:
    """The payment as the provider is told of it; every figure is of our own rows."""
    base = str(current_app.config["SETTINGS"].public_url).rstrip("/")
    return Asked(
        payment=payment.public_id,
        key=f"{payment.public_id}.{payment.tries}",
        cents=payment.cents,
        currency=payment.currency,
        words=words,
        email=g.organisation.email,
        language=str(get_locale()),
        expires_at=payment.expires_at,
        back=base + back,
    )

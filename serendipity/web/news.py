"""News: what a payment provider tells us. Nobody is signed in; the signature says who speaks."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, request
from flask.typing import ResponseReturnValue

from serendipity import clock, payments
from serendipity.db import writing
from serendipity.web.access import access

blueprint = Blueprint("news", __name__, url_prefix="/payments")
MOST_BYTES = 64 * 1024  # Stripe's events have a tenth of this


@blueprint.post("/stripe")
@access("anyone")
def stripe() -> ResponseReturnValue:
    """Believe it if it is signed; answer 200 once it is written down, so that it is told no more.

    What fails on our side answers 503 or 500, and the provider tells it again later.
    """
    provider = payments.provider_of(current_app.config["SETTINGS"])
    if provider is None:
        abort(404)
    request.max_content_length = MOST_BYTES
    event = provider.event(request.get_data(), request.headers.get("Stripe-Signature", ""))
    with writing() as db:
        payments.received(db, provider=provider.name, event=event, at=clock.now())
    return "", 200

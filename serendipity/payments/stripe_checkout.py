"""Stripe Checkout, as a provider: its hosted page takes the card, so none ever comes near us.

Import this module late: Stripe's library takes half a second and 23 MB.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import stripe

from serendipity.payments.providers import (
    Asked,
    Ending,
    Event,
    Forged,
    Opened,
    ProviderAway,
    ProviderRefused,
)

SECONDS: Final = 15
PAID: Final = ("checkout.session.completed", "checkout.session.async_payment_succeeded")
UNPAID: Final = ("checkout.session.expired", "checkout.session.async_payment_failed")


class StripeCheckout:
    """One account at Stripe."""

    name = "stripe"

    def __init__(self, *, secret_key: str, webhook_secret: str, api: str) -> None:
        self._webhook_secret = webhook_secret
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api},
            max_network_retries=1,
            http_client=stripe.RequestsClient(timeout=SECONDS),
        )

    def open(self, asked: Asked) -> Opened:
        """A page of Checkout for this payment."""
        wanted: Any = {
            "mode": "payment",
            "payment_method_types": ["card"],
            "client_reference_id": asked.payment,
            "metadata": {"payment": asked.payment},
            "payment_intent_data": {"metadata": {"payment": asked.payment}},
            "customer_email": asked.email,
            "locale": asked.language,
            "expires_at": int(asked.expires_at.timestamp()),
            "success_url": f"{asked.back}?paid=1",
            "cancel_url": asked.back,
            "line_items": [{"quantity": 1, "price_data": _price(asked)}],
        }
        with _failures():
            session = self._client.v1.checkout.sessions.create(
                wanted, {"idempotency_key": asked.key}
            )
        return Opened(session.id, str(session.url))

    def close(self, session_id: str) -> Event:
        """Expire the page; one that was paid a moment ago says so instead."""
        sessions = self._client.v1.checkout.sessions
        try:
            with _failures():
                session = sessions.expire(session_id)
        except ProviderRefused:  # it is no longer open: look how it ended
            with _failures():
                session = sessions.retrieve(session_id)
        return _told(f"look.{session_id}", session.to_dict(), _ending_of(session.to_dict()))

    def refund(self, *, receipt: str, cents: int, key: str) -> str:
        with _failures():
            refund = self._client.v1.refunds.create(
                {"payment_intent": receipt, "amount": cents, "metadata": {"refund": key}},
                {"idempotency_key": key},
            )
        return refund.id

    def event(self, payload: bytes, signature: str) -> Event:
        try:
            event = self._client.construct_event(payload, signature, self._webhook_secret)
            told = event.to_dict()
            return _event(told["id"], told["type"], told["data"]["object"])
        except (
            stripe.SignatureVerificationError,
            ValueError,  # no JSON, or no UTF-8
            KeyError,
            TypeError,
            AttributeError,
        ) as error:
            raise Forged() from error


def _price(asked: Asked) -> dict[str, Any]:
    return {
        "currency": asked.currency.lower(),
        "unit_amount": asked.cents,
        "product_data": {"name": asked.words},
    }


def _event(event_id: str, kind: str, told: dict[str, Any]) -> Event:
    if kind in PAID:
        return _told(event_id, told, _ending_of(told))
    if kind in UNPAID:
        return _told(event_id, told, "unpaid")
    if kind in ("refund.updated", "refund.failed") and told.get("status") == "failed":
        refund = (told.get("metadata") or {}).get("refund", "")
        return Event(id=event_id, ending="refund failed", refund=str(refund))
    return Event(id=event_id, ending="other")


def _ending_of(session: dict[str, Any]) -> Ending:
    """Completed is not yet paid: some ways of paying take days, and tell it later."""
    if session.get("payment_status") == "paid":
        return "paid"
    return "unpaid" if session.get("status") == "expired" else "other"


def _told(event_id: str, session: dict[str, Any], ending: Ending) -> Event:
    metadata = session.get("metadata") or {}
    return Event(
        id=event_id,
        ending=ending,
        payment=str(metadata.get("payment", "")),
        session_id=str(session["id"]),
        receipt=str(session.get("payment_intent") or ""),
        cents=int(session.get("amount_total") or 0),
        currency=str(session.get("currency") or "").upper(),
    )


@contextmanager
def _failures() -> Iterator[None]:
    """What can go wrong with a call, in our two words."""
    try:
        yield
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise ProviderAway(why=type(error).__name__) from error
    except stripe.StripeError as error:
        if (error.http_status or 500) >= 500 or error.http_status == 409:
            raise ProviderAway(why=type(error).__name__) from error
        raise ProviderRefused(why=str(error.code or type(error).__name__)) from error

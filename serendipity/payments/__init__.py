"""Payments: what is held can be paid by card; without a provider it is on invoice.

Rules kept here: what is to pay is worked out here and never read from a form; a booking has one
payment and is paid once, however often, late or in whatever order the provider tells it; the days
of a series that are held have one payment together, and each its part of it; what is paid too
late, or twice, or for what was cancelled, goes back by itself. No card data comes here.
While somebody pays, the hold lasts as long as the provider's page (`paying.PAGE`), and says so.
"""

from serendipity.payments.paying import (
    NEWS,
    PAGE,
    NothingToPay,
    PayingIsOver,
    begin,
    can_pay,
    failed_refunds,
    kept_for,
    opened,
    paid_for,
    payment_of,
    receipt_of,
    received,
    refunds_of,
    to_look_after,
)
from serendipity.payments.providers import (
    Asked,
    Event,
    Forged,
    NoProvider,
    Opened,
    PaymentProvider,
    ProviderAway,
    ProviderRefused,
    provider_of,
    takes_cards,
)
from serendipity.payments.refunding import (
    NoSuchRefund,
    claim,
    done,
    failed,
    kept_cents,
    refunds_wait,
    settle,
    try_again,
)
from serendipity.payments.tables import Payment, PaymentEvent, PaymentPart, Refund

__all__ = [
    "Asked",
    "Event",
    "Forged",
    "NEWS",
    "NoProvider",
    "NoSuchRefund",
    "NothingToPay",
    "Opened",
    "PAGE",
    "PayingIsOver",
    "Payment",
    "PaymentEvent",
    "PaymentPart",
    "PaymentProvider",
    "ProviderAway",
    "ProviderRefused",
    "Refund",
    "begin",
    "can_pay",
    "claim",
    "done",
    "failed",
    "failed_refunds",
    "kept_cents",
    "kept_for",
    "opened",
    "paid_for",
    "payment_of",
    "provider_of",
    "receipt_of",
    "received",
    "refunds_of",
    "refunds_wait",
    "settle",
    "takes_cards",
    "to_look_after",
    "try_again",
]

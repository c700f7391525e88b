"""Payments: a booking that is held can be paid by card; without a provider it is on invoice.

Rules kept here: what is to pay is worked out here and never read from a form; a booking has one
payment and is paid once, however often, late or in whatever order the provider tells it; what is
paid too late, or twice, or for what was cancelled, goes back by itself. No card data comes here.
While somebody pays, the hold lasts as long as the provider's page (`paying.PAGE`), and says so.
"""

from serendipity.payments.paying import (
    NEWS,
    PAGE,
    NothingToPay,
    PayingIsOver,
    Payment,
    PaymentEvent,
    begin,
    can_pay,
    failed_refunds,
    kept_for,
    locked,
    opened,
    payment_of,
    receipt_of,
    received,
    refunds_of_booking,
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
    Refund,
    claim,
    done,
    failed,
    kept_cents,
    refunds_wait,
    settle,
    try_again,
)

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
    "locked",
    "opened",
    "payment_of",
    "provider_of",
    "receipt_of",
    "received",
    "refunds_of_booking",
    "refunds_wait",
    "settle",
    "takes_cards",
    "to_look_after",
    "try_again",
]

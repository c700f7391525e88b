"""Providers: who takes a card for us. We send people to their page, and they tell us how it ended.

A provider is four verbs and one reading. Each call says how it failed in two words: `ProviderAway`,
when asking again may help, and `ProviderRefused`, when it will not. Everything that changes money
carries a key, so that asking twice is the same as asking once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from serendipity.config import Settings
from serendipity.errors import Invalid, Refused, SerendipityError

Ending = Literal["paid", "unpaid", "refund failed", "other"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a person is to pay, and where they come from and go back to."""

    payment: str  # our public id of it; comes back in every event
    key: str
    cents: int
    currency: str
    words: str
    email: str
    language: str
    expires_at: datetime
    back: str  # the page of the booking


@dataclass(frozen=True)
class Opened:
    """The provider's page for one payment."""

    session_id: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened at the provider, once it is certain that the provider says so."""

    id: str
    ending: Ending
    payment: str = ""
    session_id: str = ""
    receipt: str = ""  # what a refund refers to
    cents: int = 0
    currency: str = ""
    refund: str = ""  # our public id of a refund


class PaymentProvider(Protocol):
    """Somebody who takes cards."""

    name: str

    def open(self, asked: Asked) -> Opened:
        """Their page for this payment; raises ProviderAway or ProviderRefused."""

    def close(self, session_id: str) -> Event:
        """Let nobody pay there any more; how it ended. Raises ProviderAway or ProviderRefused."""

    def refund(self, *, receipt: str, cents: int, key: str) -> str:
        """Give back a part or all of it, once for each key; their number of it. Raises
        ProviderAway or ProviderRefused."""

    def event(self, payload: bytes, signature: str) -> Event:
        """What they tell us, if it is they who tell it; raises Forged."""


class ProviderAway(SerendipityError):
    """The provider cannot be reached, or is busy: try again. Fact: why."""

    status = 503


class ProviderRefused(Refused):
    """The provider will never do this. Fact: why."""


class Forged(Invalid):
    """Nobody whom we know signed this, or it is older than a signature lasts. Facts: none."""

    status = 400


class NoProvider(Refused):
    """This installation takes no cards. Facts: none."""


def provider_of(settings: Settings) -> PaymentProvider | None:
    """Who takes cards for this installation; nobody unless there is a key: then on invoice only."""
    if not settings.stripe_secret_key:
        return None
    # Late: its library takes half a second and 23 MB, and most processes never pay anything.
    from serendipity.payments.stripe_checkout import StripeCheckout  # noqa: PLC0415

    return StripeCheckout(
        secret_key=settings.stripe_secret_key,
        webhook_secret=settings.stripe_webhook_secret,
        api=settings.stripe_api,
    )


def takes_cards(settings: Settings) -> bool:
    """Whether a booking may be paid by card here."""
    return bool(settings.stripe_secret_key)

"""Refunds: what is owed to a card goes back, and pages on which nobody should pay are closed.

No call to a provider is made inside a transaction: claim (commit), call, write down (commit). A
crash after the call is met by the key of the refund: the next worker gets the same answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from serendipity import payments
from serendipity.db import write_transaction
from serendipity.payments import PaymentProvider

Sessions = Callable[[], Session]


def refund_due(sessions: Sessions, provider: PaymentProvider, *, at: datetime) -> int:
    """Give back what is owed; how many refunds went through."""
    with sessions() as session:
        if not payments.refunds_wait(session, at=at):
            return 0
    with write_transaction(sessions()) as session:
        waiting = payments.claim(session, at=at)
        told = [(one.public_id, payments.receipt_of(session, one), one.cents) for one in waiting]
    return sum(_refund(sessions, provider, *one, at=at) for one in told)


def _refund(
    sessions: Sessions,
    provider: PaymentProvider,
    public_id: str,
    receipt: str,
    cents: int,
    *,
    at: datetime,
) -> bool:
    try:
        reference = provider.refund(receipt=receipt, cents=cents, key=public_id)
    except payments.ProviderAway as error:
        with write_transaction(sessions()) as session:
            payments.try_again(session, public_id=public_id, why=str(error.facts["why"]), at=at)
        return False
    except payments.ProviderRefused as error:
        with write_transaction(sessions()) as session:
            payments.failed(session, public_id=public_id, why=str(error.facts["why"]), at=at)
        return False
    with write_transaction(sessions()) as session:
        payments.done(session, public_id=public_id, reference=reference, at=at)
    return True


def look_after(sessions: Sessions, provider: PaymentProvider, *, at: datetime) -> int:
    """Close the pages of what is booked, cancelled or run out; a payment whose news was lost on
    its way is found here."""
    with sessions() as session:
        open_pages = [str(payment.session_id) for payment in payments.to_look_after(session, at=at)]
    closed = 0
    for session_id in open_pages:
        try:
            event = provider.close(session_id)
        except (payments.ProviderAway, payments.ProviderRefused):
            continue  # the next minute's worker asks again
        with write_transaction(sessions()) as session:
            payments.received(session, provider=provider.name, event=event, at=at)
        closed += 1
    return closed

"""Settling: what bookings owe becomes invoices, and each invoice a paper that is kept.

Each booking is settled in a transaction of its own, so that one which cannot be settled holds up
no other: it is tried again a few minutes later, and whoever mends it reads why in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from serendipity import invoices
from serendipity.db import write_transaction
from serendipity.errors import Busy

Sessions = Callable[[], Session]
logger = logging.getLogger(__name__)


def issue_due(sessions: Sessions, *, at: datetime) -> int:
    """Settle the bookings that changed; how many invoices and credit notes were issued."""
    with sessions() as session:
        due = invoices.due_bookings(session, at=at)
    return sum(_settle(sessions, booking_id, at) for booking_id in due)


def _settle(sessions: Sessions, booking_id: int, at: datetime) -> int:
    try:
        with write_transaction(sessions()) as session:
            return len(invoices.settle(session, booking_id=booking_id, at=at))
    except (DBAPIError, Busy):
        raise  # the database's trouble, not the booking's: it comes again with the next beat
    except Exception:
        logger.exception("booking %s cannot be settled", booking_id)
    with write_transaction(sessions()) as session:
        invoices.put_off(session, booking_id=booking_id, at=at)
    return 0


def draw_due(sessions: Sessions, *, at: datetime) -> int:
    """Draw the papers of what was issued, and keep them."""
    with sessions() as session:
        due = invoices.undrawn(session)
    if not due:
        return 0
    # Late: the typesetter is loaded when there is something to set.
    from serendipity.invoices import paper  # noqa: PLC0415

    for invoice_id in due:
        with sessions() as session:
            pdf = paper.drawn(session.get_one(invoices.Invoice, invoice_id))
        with write_transaction(sessions()) as session:
            invoices.keep_paper(session, invoice_id=invoice_id, pdf=pdf, at=at)
    return len(due)

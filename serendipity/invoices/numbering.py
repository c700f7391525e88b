"""Numbering: invoices of a lieu are counted 1, 2, 3, … in each year, without a gap.

Rule kept here: a number is given out in the transaction that writes the invoice. Whoever takes one
holds the counter's row until their commit, so the next one waits; whoever fails gives it back. A
sequence of the database would do neither: it keeps no order and forgets what was rolled back.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity.db import Base


class InvoiceCounter(Base):
    """The last number of a lieu's year, and when it was given."""

    __tablename__ = "invoice_counter"

    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
    last_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("last >= 1", name="last"),)


def next_number(session: Session, *, lieu_id: int, year: int, at: datetime) -> tuple[int, datetime]:
    """The next number of this year, and its instant: never before that of the number before."""
    counter = _locked(session, lieu_id, year)
    if counter is None:
        try:
            with session.begin_nested():
                session.add(InvoiceCounter(lieu_id=lieu_id, year=year, last=1, last_at=at))
            return 1, at
        except IntegrityError:  # the year's first invoice was written just now by another
            counter = _locked(session, lieu_id, year)
            if counter is None:
                raise
    counter.last_at = max(at, counter.last_at)
    session.flush()
    return counter.last, counter.last_at


def _locked(session: Session, lieu_id: int, year: int) -> InvoiceCounter | None:
    """Count up by an UPDATE: it waits for whoever is at it, and reads what they left."""
    counted = session.execute(
        update(InvoiceCounter)
        .where(InvoiceCounter.lieu_id == lieu_id, InvoiceCounter.year == year)
        .values(last=InvoiceCounter.last + 1)
        .execution_options(synchronize_session=False)
    )
    if counted.rowcount == 0:  # type: ignore[attr-defined]
        return None
    return session.get_one(InvoiceCounter, (lieu_id, year), populate_existing=True)

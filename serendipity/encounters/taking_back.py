"""Taking back: within a week, either of the two says that it did not happen after all.

The answers it paid are reversed on the ledger, which keeps both; the tie between the two is built
anew from their other encounters, as if this one had never been; and nobody is asked again. What is
taken back stays so: whoever met after all tells it anew, another day.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import ledger, ties
from serendipity.encounters.meeting import Encounter, meetings, own_encounter
from serendipity.errors import Expired, Refused
from serendipity.ledger import Transaction

BACK_WITHIN: Final = timedelta(days=7)


class NotHappened(Refused):
    """Not both of them said that it happened: there is nothing to take back; it can be denied."""


class TooLateToTakeBack(Expired):
    """A week has gone by. Fact: since."""


def may_be_taken_back(met: Encounter, *, at: datetime) -> bool:
    """Whether it counts, and began to within a week."""
    return met.happened_at is not None and at - met.happened_at <= BACK_WITHIN


def take_back(session: Session, *, public_id: str, member_id: int, at: datetime) -> Encounter:
    """Take back that it happened: the answers are reversed, the tie loses what it gained.

    Raises
    ------
    NoSuchEncounter, NotHappened, TooLateToTakeBack
        Nothing was changed.
    """
    met = own_encounter(session, public_id=public_id, member_id=member_id)
    if met.happened_at is None:
        raise NotHappened()
    if not may_be_taken_back(met, at=at):
        raise TooLateToTakeBack(since=met.happened_at)
    _reverse_answers(session, met, at=at)
    met.denied_at = at
    session.flush()
    pair = (Encounter.a_id == met.a_id, Encounter.b_id == met.b_id)
    ties.rebuild(session, one_id=met.a_id, other_id=met.b_id, meetings=meetings(session, *pair))
    return met


def _reverse_answers(session: Session, met: Encounter, *, at: datetime) -> None:
    paid = session.scalars(
        select(Transaction.public_id).where(
            Transaction.encounter_id == met.id, Transaction.kind == "answer"
        )
    ).all()
    for public_id in paid:
        ledger.reverse(session, public_id=public_id, at=at)

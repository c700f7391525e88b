"""Balances: every figure of the ledger is a sum over the journal, worked out when asked.

Reading opens no account: who has none has nothing and promised nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from serendipity import clock
from serendipity.ledger.journal import Account, Transaction, Transfer
from serendipity.lieux import Lieu


@dataclass(frozen=True)
class Line:
    """One line of a member's statement: what moved, seen from them."""

    at: datetime
    kind: str
    lieu_id: int
    amount: int  # above 0: received
    transaction: str  # public id
    what: str  # the service that was done, if it was one
    returns: str  # the column: symbolic, informational or material


@dataclass(frozen=True)
class Week:
    """Some days of a month, the last included, and how many answers went each way."""

    first: int
    last: int
    given: int
    received: int


@dataclass(frozen=True)
class Month:
    """A member's month at a lieu: answers given and received, and what is still promised."""

    weeks: list[Week]
    given: int
    received: int
    promised: int


def balance(session: Session, account: Account) -> int:
    """What the account took less what it gave; below 0 is promised."""
    return _net(session, account.id)


def balance_of(session: Session, *, member_id: int) -> int:
    """The balance of a member, at all lieux together; 0 for who has no account yet."""
    return _net(session, _own(member_id))


def promised(session: Session, *, member_id: int, lieu_id: int) -> int:
    """Answers this member still promises at this lieu; never below 0."""
    return max(0, -_net(session, _own(member_id), Transaction.lieu_id == lieu_id))


def _own(member_id: int) -> Any:
    return select(Account.id).where(Account.member_id == member_id).scalar_subquery()


def total(session: Session) -> int:
    """The sum of all balances, account by account: 0, or the ledger is broken."""
    accounts = select(Account.id)
    return _difference(session, Transfer.taker_id.in_(accounts), Transfer.giver_id.in_(accounts))


def _net(session: Session, account: Any, *where: Any) -> int:
    return _difference(session, Transfer.taker_id == account, Transfer.giver_id == account, *where)


def _difference(session: Session, took: Any, gave: Any, *where: Any) -> int:
    """What was taken less what was given, in one statement.

    Two statements could see two instants (PostgreSQL, READ COMMITTED): what moved between them
    would be counted on one side only, and the sum of all balances be anything.
    """
    found = session.scalar(select(_sum(took, *where) - _sum(gave, *where)))
    return int(found or 0)


def _sum(*where: Any) -> Any:
    return (
        select(func.coalesce(func.sum(Transfer.amount), 0))
        .join(Transaction, Transaction.id == Transfer.transaction_id)
        .where(*where)
        .scalar_subquery()
    )


def statement(session: Session, *, member_id: int) -> list[Line]:
    """What moved on the member's account, the newest first. It names nobody else."""
    own = session.scalar(select(Account.id).where(Account.member_id == member_id))
    rows = session.execute(
        select(Transaction, Transfer)
        .join(Transfer, Transfer.transaction_id == Transaction.id)
        .where((Transfer.giver_id == own) | (Transfer.taker_id == own))
        .order_by(Transaction.at.desc(), Transfer.id.desc())
    )
    return [
        Line(
            at=made.at,
            kind=made.kind,
            lieu_id=made.lieu_id,
            amount=moved.amount if moved.taker_id == own else -moved.amount,
            transaction=made.public_id,
            what=made.what,
            returns=made.returns,
        )
        for made, moved in rows
    ]


def this_month(session: Session, *, member_id: int, lieu: Lieu, at: datetime) -> Month:
    """The member's month on the lieu's calendar, week by week; for their own eyes."""
    today = clock.local_date(at, lieu.timezone)
    start, _ = clock.day_bounds(today.replace(day=1), lieu.timezone)
    given = _answer_days(session, lieu, start, at, helper_id=member_id)
    received = _answer_days(session, lieu, start, at, served_id=member_id)
    weeks = [
        Week(
            first,
            last := min(first + 6, today.day),
            sum(first <= day <= last for day in given),
            sum(first <= day <= last for day in received),
        )
        for first in range(1, today.day + 1, 7)
    ]
    still = promised(session, member_id=member_id, lieu_id=lieu.id)
    return Month(weeks, len(given), len(received), still)


def _answer_days(
    session: Session,
    lieu: Lieu,
    start: datetime,
    at: datetime,
    *,
    helper_id: int | None = None,
    served_id: int | None = None,
) -> list[int]:
    """Days of the month with an answer that was not taken back, one entry an answer."""
    back = aliased(Transaction)
    found = (
        select(Transaction.at)
        .join(Transfer, Transfer.transaction_id == Transaction.id)
        .join(Account, Account.id == Transfer.taker_id)
        .where(
            Transaction.kind == "answer",
            Transaction.lieu_id == lieu.id,
            Transaction.at.between(start, at),
            ~select(back.id).where(back.reverses_id == Transaction.id).exists(),
        )
    )
    if helper_id is not None:
        found = found.where(Account.member_id == helper_id)
    else:
        found = found.where(Transaction.served_id == served_id)
    return [clock.local_date(when, lieu.timezone).day for when in session.scalars(found)]

"""Posting: the verbs that move capital, and what they refuse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from serendipity.db import add_if_new, add_rows, look_up
from serendipity.errors import Expired, Invalid, NotFound, Refused
from serendipity.ledger.balances import balance_of, promised
from serendipity.ledger.journal import (
    KINDS,
    RETURN_OF,
    SERVICES,
    Account,
    Transaction,
    Transfer,
)

MOST: Final = 1_000_000
LONGEST_KEY: Final = 120
REVERSIBLE_FOR: Final = timedelta(days=7)


class BadAmount(Invalid):
    """Not a whole number from 1 to a million. Facts: field, given."""


class BadKey(Invalid):
    """A key says what is paid; it is short and not empty. Facts: field, given."""


class NoTransfers(Invalid):
    """A transaction moves something. Fact: field."""


class NotYourself(Invalid):
    """Giver and taker are one account. Fact: field."""


class AlreadyPosted(Refused):
    """What this key pays was paid before. Fact: key."""


class NotEnough(Refused):
    """One gives on what one has beyond one's promises. Facts: amount, balance."""


class NothingPromised(Refused):
    """There is nothing to forgive. Fact: promised."""


class NoSuchTransaction(NotFound):
    """There is none."""


class AlreadyReversed(Refused):
    """A transaction is reversed once."""


class ReversalStays(Refused):
    """A reversal is not reversed; post it anew."""


class TooLateToReverse(Expired):
    """A week has gone by. Fact: since."""


_OF_HOLDER: Final = {
    name: select(Account.id).where(getattr(Account, name) == bindparam(name))
    for name in ("member_id", "lieu_id", "organisation_id")
}
_OF_EITHER: Final = select(Account.id, Account.member_id).where(
    or_(Account.member_id == bindparam("member_id"), Account.lieu_id == bindparam("lieu_id"))
)
_PAID: Final = select(Transaction.id).where(Transaction.key == bindparam("key"))


def account_of(
    session: Session,
    *,
    member_id: int | None = None,
    lieu_id: int | None = None,
    organisation_id: int | None = None,
) -> Account:
    """The account of one holder, opened when first needed."""
    given = {"member_id": member_id, "lieu_id": lieu_id, "organisation_id": organisation_id}
    holder = {name: value for name, value in given.items() if value is not None}
    if len(holder) != 1:
        raise TypeError("an account has one holder")
    return session.get_one(Account, _number_of(session, **holder))


def _number_of(session: Session, **holder: int) -> int:
    """The number of the account of this member, lieu or organisation."""
    wanted = _OF_HOLDER[next(iter(holder))]
    found = look_up(session, wanted, **holder)
    if not found:
        opened = add_if_new(session, Account, **holder)
        # none: somebody else opened it just now
        found = [opened] if opened else look_up(session, wanted, **holder)
    return int(found[0].id)


def _with_commons(session: Session, *, member_id: int, lieu_id: int) -> tuple[int, int]:
    """The numbers of a member's account and of the lieu's commons."""
    rows = look_up(session, _OF_EITHER, member_id=member_id, lieu_id=lieu_id)
    found = {holder is not None: number for number, holder in rows}
    commons = found.get(False) or _number_of(session, lieu_id=lieu_id)
    return found.get(True) or _number_of(session, member_id=member_id), commons


def post(
    session: Session,
    *,
    kind: str,
    key: str,
    lieu_id: int,
    transfers: Sequence[tuple[int, int, int]],
    at: datetime,
    served_id: int | None = None,
    encounter_id: int | None = None,
    what: str = "",
) -> Transaction:
    """Move capital between accounts: each transfer is (giver, taker, amount), of their numbers.

    Parameters
    ----------
    key : str
        What this pays; it is paid once.
    served_id : int, optional
        The member whom an answer helped.
    encounter_id : int, optional
        The encounter in which it was given.
    what : str, optional
        The service that was done: "shift", "story" or "workshop".

    Raises
    ------
    AlreadyPosted, BadAmount, BadKey, NoTransfers, NotYourself
        Nothing was posted.
    """
    if kind not in KINDS or kind == "reversal":
        raise ValueError(f"no such kind to post: {kind!r}")
    if not transfers:
        raise NoTransfers(field="transfers")
    return _write(
        session,
        [_checked(*transfer) for transfer in transfers],
        kind=kind,
        key=_checked_key(key),
        lieu_id=lieu_id,
        at=at,
        served_id=served_id,
        encounter_id=encounter_id,
        what=what,
        returns=SERVICES[what] if kind == "service" else RETURN_OF[kind],
    )


def _checked_key(key: str) -> str:
    if not key or len(key) > LONGEST_KEY or "\0" in key:
        raise BadKey(field="key", given=key[:LONGEST_KEY])
    return key


def _checked(giver: int, taker: int, amount: Any) -> tuple[int, int, int]:
    # `type(…) is int` and not isinstance: True is an int, and 1.0 or NaN would pass comparisons.
    if type(amount) is not int or not 1 <= amount <= MOST:
        raise BadAmount(field="amount", given=str(amount))
    if giver == taker:
        raise NotYourself(field="taker")
    return giver, taker, amount


def _write(
    session: Session, transfers: Sequence[tuple[int, int, int]], *, key: str, **facts: Any
) -> Transaction:
    """The key is looked for first because a trigger of SQLite's takes a second one for an edit;
    there nobody writes between the two statements, and elsewhere the unique key is the judge."""
    paid = look_up(session, _PAID, key=key)
    made = None if paid else add_if_new(session, Transaction, key=key, **facts)
    if made is None:
        raise AlreadyPosted(key=key)
    moved = [
        {"transaction_id": made.id, "giver_id": giver, "taker_id": taker, "amount": amount}
        for giver, taker, amount in transfers
    ]
    add_rows(session, Transfer, moved)
    return made


def pledge(
    session: Session, *, member_id: int, lieu_id: int, amount: int, key: str, at: datetime
) -> Transaction:
    """A desk is taken: the member promises so many answers to the lieu. AlreadyPosted."""
    giver, commons = _with_commons(session, member_id=member_id, lieu_id=lieu_id)
    return post(
        session,
        kind="pledge",
        key=key,
        lieu_id=lieu_id,
        transfers=[(giver, commons, amount)],
        at=at,
    )


def answer(
    session: Session,
    *,
    helper_id: int,
    lieu_id: int,
    key: str,
    at: datetime,
    served_id: int | None = None,
    encounter_id: int | None = None,
) -> Transaction:
    """An answer was given, says the one who was helped. AlreadyPosted."""
    return _from_commons(
        session,
        kind="answer",
        member_id=helper_id,
        lieu_id=lieu_id,
        amount=1,
        key=key,
        at=at,
        served_id=served_id,
        encounter_id=encounter_id,
    )


def thank(
    session: Session,
    *,
    kind: str,
    member_id: int,
    lieu_id: int,
    amount: int,
    key: str,
    at: datetime,
    what: str = "",
) -> Transaction:
    """For what serves the lieu: "service" (`what` was done) or "promotion" (bringing someone).

    Raises
    ------
    AlreadyPosted, BadAmount
    """
    if kind not in ("service", "promotion") or (what in SERVICES) != (kind == "service"):
        raise ValueError(f"nobody is thanked for {kind!r} {what!r}")
    return _from_commons(
        session,
        kind=kind,
        member_id=member_id,
        lieu_id=lieu_id,
        amount=amount,
        key=key,
        at=at,
        what=what,
    )


def forgive(
    session: Session, *, member_id: int, lieu_id: int, key: str, at: datetime
) -> Transaction:
    """What is still promised here is let go: nobody is turned away for bad luck.

    Raises
    ------
    NothingPromised, AlreadyPosted
    """
    _hold(session, _number_of(session, member_id=member_id))
    open_promise = promised(session, member_id=member_id, lieu_id=lieu_id)
    if open_promise == 0:
        raise NothingPromised(promised=0)
    return _from_commons(
        session,
        kind="forgiveness",
        member_id=member_id,
        lieu_id=lieu_id,
        amount=open_promise,
        key=key,
        at=at,
    )


def _from_commons(
    session: Session,
    *,
    kind: str,
    member_id: int,
    lieu_id: int,
    amount: int,
    key: str,
    at: datetime,
    **more: Any,
) -> Transaction:
    taker, commons = _with_commons(session, member_id=member_id, lieu_id=lieu_id)
    return post(
        session,
        kind=kind,
        key=key,
        lieu_id=lieu_id,
        transfers=[(commons, taker, amount)],
        at=at,
        **more,
    )


def give(
    session: Session,
    *,
    giver_id: int,
    taker_id: int,
    lieu_id: int,
    amount: int,
    key: str,
    at: datetime,
) -> Transaction:
    """Give some of what one has to another member.

    Raises
    ------
    NotEnough, NotYourself, BadAmount, AlreadyPosted
    """
    giver = _number_of(session, member_id=giver_id)
    taker = _number_of(session, member_id=taker_id)
    transfer = _checked(giver, taker, amount)
    _hold(session, giver)
    has = balance_of(session, member_id=giver_id)
    if has < transfer[2]:
        raise NotEnough(amount=amount, balance=has)
    return post(
        session,
        kind="gift",
        key=key,
        lieu_id=lieu_id,
        transfers=[(giver, taker, amount)],
        at=at,
    )


def _hold(session: Session, account: int) -> None:
    """Let nobody else move what this decision looks at before it is written."""
    session.execute(select(Account.id).where(Account.id == account).with_for_update())


def reverse(session: Session, *, public_id: str, at: datetime) -> Transaction:
    """Take a transaction back, within a week of it, once.

    Raises
    ------
    NoSuchTransaction, ReversalStays, TooLateToReverse, AlreadyReversed
    """
    wrong = session.scalar(select(Transaction).where(Transaction.public_id == public_id))
    if wrong is None:
        raise NoSuchTransaction()
    if wrong.kind == "reversal":
        raise ReversalStays()
    if at - wrong.at > REVERSIBLE_FOR:
        raise TooLateToReverse(since=wrong.at)
    moved = session.scalars(select(Transfer).where(Transfer.transaction_id == wrong.id)).all()
    try:
        return _write(
            session,
            [(one.taker_id, one.giver_id, one.amount) for one in moved],
            kind="reversal",
            key=f"reversal:{wrong.id}",
            lieu_id=wrong.lieu_id,
            at=at,
            reverses_id=wrong.id,
            returns=wrong.returns,
            what=wrong.what,
            encounter_id=wrong.encounter_id,
            served_id=wrong.served_id,
        )
    except AlreadyPosted as error:
        raise AlreadyReversed() from error

"""Returns: what members gave and got, in three columns: symbolic, informational and material.

The manifesto of third places counts more than money: a thanks, a piece of knowledge and a thing
are returns of equal standing. A desk is material; an answer is knowledge; a service is what was
done; a gift, a promotion and letting go are thanks. What came of an encounter returns something to
both: work, a hire or a project is material, a friendship symbolic, advice and an idea knowledge;
knowledge that was paid as an answer is not counted a second time.

Nothing here ranks anybody. A member sees their own; a concierge sees the lieu's sums, and, by name
and without figures, who carries much and who gets nothing. What was taken back does not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from serendipity.encounters import Encounter
from serendipity.ledger import RETURNS, Account, Transaction, Transfer
from serendipity.members import Member
from serendipity.presence import Presence

OF_OUTCOME: Final = {
    "advice": "informational",
    "idea": "informational",
    "work": "material",
    "hire": "material",
    "project": "material",
    "friendship": "symbolic",
}
# By kind: whether the member whose account takes has given (a service, an answer) or got.
TAKER_GAVE: Final = {"answer": True, "service": True, "promotion": True, "forgiveness": False}
WINDOW: Final = timedelta(days=60)
MANY: Final = 4  # answers given in the window, beyond those received
OFTEN: Final = 3  # stays in the window
LISTED: Final = 6


@dataclass(frozen=True)
class Column:
    """One column of a member's returns: how many times they gave and got."""

    name: str
    given: int
    received: int


def of_member(
    session: Session,
    *,
    member_id: int,
    since: datetime,
    until: datetime,
    lieu_id: int | None = None,
) -> list[Column]:
    """The three columns of a member, at one lieu or at all; for their own eyes."""
    given: Counter[str] = Counter()
    received: Counter[str] = Counter()
    where = [Transaction.at >= since, Transaction.at < until]
    if lieu_id is not None:
        where.append(Transaction.lieu_id == lieu_id)
    own = session.scalar(select(Account.id).where(Account.member_id == member_id))
    for made, moved in session.execute(_moved(*where, _concerns(member_id, own))):
        took = own is not None and moved.taker_id == own
        _count(made, took, made.served_id == member_id, given, received)
    for name in _outcomes_for(session, member_id, since, until, lieu_id):
        received[name] += 1
    return [Column(name, given[name], received[name]) for name in RETURNS]


def _concerns(member_id: int, own: int | None) -> Any:
    return or_(
        Transfer.giver_id == own, Transfer.taker_id == own, Transaction.served_id == member_id
    )


def _moved(*where: Any) -> Select[Transaction, Transfer]:
    """Transactions that stand, with their transfers: no reversals, nothing reversed."""
    back = aliased(Transaction)
    return (
        select(Transaction, Transfer)
        .join(Transfer, Transfer.transaction_id == Transaction.id)
        .where(
            Transaction.kind != "reversal",
            ~select(back.id).where(back.reverses_id == Transaction.id).exists(),
            *where,
        )
    )


def _count(
    made: Transaction, took: bool, served: bool, given: Counter[str], received: Counter[str]
) -> None:
    if made.kind == "gift":
        (received if took else given)[made.returns] += 1
    elif made.kind == "pledge" or served or not TAKER_GAVE[made.kind]:
        received[made.returns] += 1
    else:
        given[made.returns] += 1


def _outcomes_for(
    session: Session, member_id: int, since: datetime, until: datetime, lieu_id: int | None
) -> Iterable[str]:
    mine = or_(Encounter.a_id == member_id, Encounter.b_id == member_id)
    for met in session.scalars(_told(since, until, lieu_id).where(mine)):
        helped = met.a_helped if met.a_id == member_id else met.b_helped
        name = OF_OUTCOME[met.outcome]
        if not (helped and name == "informational"):
            yield name


def _told(since: datetime, until: datetime, lieu_id: int | None) -> Select[Encounter]:
    """Encounters that began to count in these days, of which something came."""
    found = select(Encounter).where(
        Encounter.denied_at.is_(None),
        Encounter.outcome.in_(tuple(OF_OUTCOME)),
        Encounter.a_confirmed_at < until,
        Encounter.b_confirmed_at < until,
        or_(Encounter.a_confirmed_at >= since, Encounter.b_confirmed_at >= since),
    )
    return found if lieu_id is None else found.where(Encounter.lieu_id == lieu_id)


def of_lieu(session: Session, *, lieu_id: int, since: datetime, until: datetime) -> dict[str, int]:
    """How many returns of each column passed between people at this lieu; nobody is named."""
    where = (
        Transaction.lieu_id == lieu_id,
        Transaction.at >= since,
        Transaction.at < until,
    )
    sums = Counter(made.returns for made, _ in session.execute(_moved(*where)))
    for met in session.scalars(_told(since, until, lieu_id)):
        name = OF_OUTCOME[met.outcome]
        if not ((met.a_helped or met.b_helped) and name == "informational"):
            sums[name] += 1
    return {name: sums[name] for name in RETURNS}


# --- for the concierge: by name, in the order of names, without figures ----------------------


@dataclass(frozen=True)
class Uneven:
    """Where giving and getting are far apart."""

    carrying: list[Member]  # they answer much more than they are answered
    unanswered: list[Member]  # they come often, and nobody has answered them


def uneven(session: Session, *, lieu_id: int, at: datetime) -> Uneven:
    """Who carries much and who gets nothing at this lieu, these two months."""
    where = (
        Transaction.kind == "answer",
        Transaction.lieu_id == lieu_id,
        Transaction.at.between(at - WINDOW, at),
    )
    gave: Counter[int | None] = Counter()
    got: Counter[int | None] = Counter()
    holders = {one.id: one.member_id for one in session.scalars(select(Account))}
    for made, moved in session.execute(_moved(*where)):
        gave[holders[moved.taker_id]] += 1
        got[made.served_id] += 1
    carrying = {one for one, count in gave.items() if count - got[one] >= MANY}
    unanswered = _often(session, lieu_id, at) - set(got)
    return Uneven(_people(session, carrying), _people(session, unanswered))


def _often(session: Session, lieu_id: int, at: datetime) -> set[int | None]:
    return set(
        session.scalars(
            select(Presence.member_id)
            .where(
                Presence.lieu_id == lieu_id,
                Presence.confirmed_at.is_not(None),
                Presence.started_at.between(at - WINDOW, at),
            )
            .group_by(Presence.member_id)
            .having(func.count() >= OFTEN)
        )
    )


def _people(session: Session, ids: Iterable[int | None]) -> list[Member]:
    found = session.scalars(
        select(Member)
        .where(and_(Member.id.in_([one for one in ids if one]), Member.erased_at.is_(None)))
        .order_by(Member.name, Member.id)
        .limit(LISTED)
    )
    return list(found)

"""Ledger: the member's own account of answers. It names nobody else."""

from __future__ import annotations

from serendipity import clock, ledger, presence
from serendipity.api.actors import member
from serendipity.api.endpoints import reads
from serendipity.api.paging import Paged, page
from serendipity.api.shapes import Instant, Out, Page
from serendipity.db import microseconds, reading
from serendipity.lieux import Lieu


class Week(Out):
    """Some days of the month, the last included, and how many answers went each way."""

    first: int
    last: int
    given: int
    received: int


class Month(Out):
    """This month on a lieu's calendar, and what is still promised there."""

    lieu: str
    given: int
    received: int
    promised: int
    weeks: list[Week]


class Ledger(Out):
    """What the account took less what it gave, in answers; below 0 is promised."""

    balance: int
    months: list[Month]


class Entry(Out):
    """What moved, seen from the member: above 0 was received."""

    transaction: str
    at: Instant
    kind: str
    lieu: str
    amount: int


@reads("/ledger", answers=Ledger)
def mine() -> Ledger:
    """The member's balance, and this month at each lieu where something moved or where they are."""
    at, lines = clock.now(), ledger.statement(reading(), member_id=member())
    stay = presence.of(reading(), member_id=member(), at=at)
    where = {line.lieu_id for line in lines} | ({stay.lieu_id} if stay else set())
    return Ledger(
        balance=sum(line.amount for line in lines),
        months=[_month(lieu_id) for lieu_id in sorted(where)],
    )


def _month(lieu_id: int) -> Month:
    lieu = reading().get_one(Lieu, lieu_id)
    month = ledger.this_month(reading(), member_id=member(), lieu=lieu, at=clock.now())
    return Month(
        lieu=lieu.slug,
        given=month.given,
        received=month.received,
        promised=month.promised,
        weeks=[
            Week(first=one.first, last=one.last, given=one.given, received=one.received)
            for one in month.weeks
        ],
    )


@reads("/ledger/entries", query=Paged, answers=Page[Entry])
def entries(asked: Paged) -> Page[Entry]:
    """What moved on the member's account, newest first."""
    return page(
        ledger.statement(reading(), member_id=member()),
        asked,
        key=lambda line: (microseconds(line.at), f"{line.transaction}{line.amount:+d}"),
        shape=_entry,
        newest_first=True,
    )


def _entry(line: ledger.Line) -> Entry:
    return Entry(
        transaction=line.transaction,
        at=line.at,
        kind=line.kind,
        lieu=reading().get_one(Lieu, line.lieu_id).slug,
        amount=line.amount,
    )

"""Garden: ties that fade, people nobody met, open promises, who is asked much, groups apart.

Nothing here ranks anybody, and lists are short on purpose: a concierge can tend to a few people a
day. Being listed leaves a trace, as being seen does. What somebody still promised may be let go, by
whoever is on shift, for those who are here: nobody is turned away for bad luck.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session, aliased

from serendipity import audit, groups, ledger
from serendipity.calls import WEEKLY_CAP, CallAsked
from serendipity.encounters import Encounter
from serendipity.errors import NotFound
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.presence import Presence
from serendipity.shifts import Shift
from serendipity.ties import Tie

MONTH = timedelta(days=30)
FADING_AFTER = timedelta(weeks=5)
FADED_AFTER = timedelta(weeks=26)  # longer ago, and the two have moved on
SEVERAL = 3  # answers promised and still open; one or two are nobody's business
MOST = 3


@dataclass(frozen=True)
class Fading:
    """Two members who met, and not for a while."""

    a: Member
    b: Member
    last_at: datetime


@dataclass(frozen=True)
class Promise:
    """A member who is here and has several answers open: somebody to put a question to."""

    member: Member
    open: int


class NobodyToForgive(NotFound):
    """Not here now, or nothing is promised: all answer alike."""


@dataclass(frozen=True)
class Garden:
    unmet: list[Member]
    fading: list[Fading]
    promises: list[Promise]
    asked_much: list[Member]  # here, and one call from the cap of the week
    groups: dict[int, int]  # member id → group, of those here
    apart: list[tuple[list[int], list[int]]]  # two groups here without a tie between them

    def member_ids(self) -> list[int]:
        """Everybody whom the garden names."""
        pairs = [one.id for tie in self.fading for one in (tie.a, tie.b)]
        promising = [promise.member.id for promise in self.promises]
        return [*(member.id for member in self.unmet), *pairs, *promising]


def garden(
    session: Session,
    *,
    lieu: Lieu,
    here: Collection[int],
    tied: Collection[tuple[int, int]],
    at: datetime,
) -> Garden:
    """What to tend to at this lieu.

    Parameters
    ----------
    here : ids of those present
    tied : pairs of them who know each other
    """
    found = groups.groups_of(session, lieu_id=lieu.id, member_ids=here)
    return Garden(
        unmet(session, lieu=lieu, at=at),
        fading(session, lieu=lieu, at=at),
        promises(session, lieu=lieu, at=at),
        asked_much(session, here=here, at=at),
        found,
        groups.apart(found, tied, most=1),
    )


def unmet(session: Session, *, lieu: Lieu, at: datetime) -> list[Member]:
    """Members who were here at least twice this month and met nobody; the most present first."""
    met = select(Encounter.id).where(
        or_(Encounter.a_id == Member.id, Encounter.b_id == Member.id),
        Encounter.a_confirmed_at >= at - MONTH,
        Encounter.b_confirmed_at >= at - MONTH,
    )
    stays = (
        select(Presence.member_id, func.count().label("count"))
        .where(Presence.lieu_id == lieu.id, Presence.started_at >= at - MONTH)
        .group_by(Presence.member_id)
        .having(func.count() >= 2)
        .subquery()
    )
    return list(
        session.scalars(
            select(Member)
            .join(stays, stays.c.member_id == Member.id)
            .where(Member.erased_at.is_(None), ~met.exists())
            .order_by(stays.c.count.desc(), Member.name, Member.id)
            .limit(MOST)
        )
    )


def fading(session: Session, *, lieu: Lieu, at: datetime) -> list[Fading]:
    """Ties between people who still come here, silent for weeks; the strongest of them first."""
    a, b = aliased(Member), aliased(Member)
    still_come = select(Presence.member_id).where(
        Presence.lieu_id == lieu.id, Presence.started_at >= at - 2 * MONTH
    )
    rows = session.execute(
        select(a, b, Tie.last_at)
        .join(a, a.id == Tie.a_id)
        .join(b, b.id == Tie.b_id)
        .where(
            Tie.kind == "met",
            Tie.last_at.between(at - FADED_AFTER, at - FADING_AFTER),
            Tie.a_id.in_(still_come),
            Tie.b_id.in_(still_come),
            a.erased_at.is_(None),
            b.erased_at.is_(None),
        )
        .order_by(Tie.trace.desc(), Tie.last_at, Tie.a_id, Tie.b_id)
        .limit(MOST)
    )
    return [Fading(first, second, last_at) for first, second, last_at in rows]


def promises(session: Session, *, lieu: Lieu, at: datetime) -> list[Promise]:
    """Those here with several answers still open at this lieu, by name and not by how many."""
    here = select(Presence.member_id).where(
        Presence.lieu_id == lieu.id, Presence.ended_at.is_(None), Presence.until > at
    )
    still_open = func.sum(
        case((ledger.Transfer.giver_id == ledger.Account.id, 1), else_=-1) * ledger.Transfer.amount
    )
    rows = session.execute(
        select(Member, still_open)
        .join(ledger.Account, ledger.Account.member_id == Member.id)
        .join(
            ledger.Transfer,
            or_(
                ledger.Transfer.giver_id == ledger.Account.id,
                ledger.Transfer.taker_id == ledger.Account.id,
            ),
        )
        .join(ledger.Transaction, ledger.Transaction.id == ledger.Transfer.transaction_id)
        .where(ledger.Transaction.lieu_id == lieu.id, Member.id.in_(here))
        .group_by(Member.id)
        .having(still_open >= SEVERAL)
        .order_by(Member.name, Member.id)
        .limit(MOST)
    )
    return [Promise(member, int(count)) for member, count in rows]


def asked_much(session: Session, *, here: Collection[int], at: datetime) -> list[Member]:
    """Those here who were asked nearly as often this week as anybody may be, by name."""
    often = (
        select(CallAsked.member_id)
        .where(CallAsked.asked_at > at - timedelta(days=7), CallAsked.member_id.in_(here))
        .group_by(CallAsked.member_id)
        .having(func.count() >= WEEKLY_CAP - 1)
    )
    rows = select(Member).where(Member.id.in_(often)).order_by(Member.name, Member.id).limit(MOST)
    return list(session.scalars(rows))


def forgive(session: Session, *, shift: Shift, public_id: str, at: datetime) -> ledger.Transaction:
    """Let go what somebody who is here still promised. NobodyToForgive."""
    member = session.scalar(
        select(Member)
        .join(Presence, Presence.member_id == Member.id)
        .where(
            Member.public_id == public_id,
            Presence.lieu_id == shift.lieu_id,
            Presence.ended_at.is_(None),
            Presence.until > at,
        )
    )
    if member is None:
        raise NobodyToForgive()
    key = f"forgiveness:{member.public_id}:{int(at.timestamp())}"
    try:
        done = ledger.forgive(session, member_id=member.id, lieu_id=shift.lieu_id, key=key, at=at)
    except ledger.NothingPromised as error:
        raise NobodyToForgive() from error
    audit.record(
        session,
        actor_id=shift.member_id,
        what="forgiven",
        concerns_id=member.id,
        lieu_id=shift.lieu_id,
        at=at,
    )
    return done

"""Thanks: what serves a lieu counts as much as its house rules say when it is done.

A shift, a story and a workshop are services; bringing somebody is a promotion.

Rules kept here: what is thanked for is thanked for once (unique ledger key); what the rules let
count for nothing is not posted; nobody says of themself that they brought somebody: who was
brought says so, once, in their first two months, of somebody who was a member before them. An
address that is nobody's is answered like one that is somebody's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import ledger, limits, members, rules
from serendipity.errors import Expired, Refused
from serendipity.ledger import Transaction
from serendipity.members import Member

NEW_FOR: Final = timedelta(days=60)
TRIES_A_DAY: Final = 5


class DoesNotCount(Refused):
    """By the house rules in force this counts for nothing. Fact: what."""


class NotNew(Expired):
    """Who brought somebody is said in their first two months, and once."""


def worth(session: Session, *, lieu_id: int, what: str, at: datetime) -> int:
    """How many answers a shift, a story, a workshop or a promotion counts here now."""
    if what not in rules.SERVICES:
        raise ValueError(f"nobody is thanked for {what!r}")
    terms = rules.in_force(session, lieu_id=lieu_id, at=at).terms
    return int(getattr(terms, what))


def thank(
    session: Session, *, lieu_id: int, member_id: int, what: str, key: str, at: datetime
) -> Transaction:
    """Thank a member for a "shift", a "story", a "workshop" or a "promotion".

    Parameters
    ----------
    key : str
        Which one it was: it is thanked for once.

    Raises
    ------
    DoesNotCount, ledger.AlreadyPosted
    """
    amount = worth(session, lieu_id=lieu_id, what=what, at=at)
    if amount == 0:
        raise DoesNotCount(what=what)
    service = what in ledger.SERVICES
    return ledger.thank(
        session,
        kind="service" if service else "promotion",
        what=what if service else "",
        member_id=member_id,
        lieu_id=lieu_id,
        amount=amount,
        key=f"{what}:{key}",
        at=at,
    )


def thank_once(
    session: Session, *, lieu_id: int, member_id: int, what: str, key: str, at: datetime
) -> Transaction | None:
    """As `thank`, for verbs that it follows from: nothing when it counts for nothing, or did."""
    try:
        return thank(session, lieu_id=lieu_id, member_id=member_id, what=what, key=key, at=at)
    except (DoesNotCount, ledger.AlreadyPosted):
        return None


def may_say_who_brought_them(session: Session, *, member: Member, at: datetime) -> bool:
    """Whether this member is new and has not said so yet."""
    key = _key(member.id)
    said = session.scalar(select(Transaction.id).where(Transaction.key == f"promotion:{key}"))
    return at - member.created_at <= NEW_FOR and said is None


def say_who_brought_me(
    session: Session, *, member_id: int, lieu_id: int, email: str, at: datetime
) -> None:
    """A new member says whose address brought them; that member is thanked, if there is one.

    Raises
    ------
    members.BadEmail, NotNew, limits.TooOften
    """
    address = members.plain_email(email)
    member = members.member_named(session, member_id)
    day = timedelta(days=1)
    limits.spend(session, "brought", str(member_id), most=TRIES_A_DAY, within=day, at=at)
    if not may_say_who_brought_them(session, member=member, at=at):
        raise NotNew()
    by = members.member_with_email(session, address)
    if by is None or by.id == member_id or by.created_at >= member.created_at:
        return
    key = _key(member_id)
    thank_once(session, lieu_id=lieu_id, member_id=by.id, what="promotion", key=key, at=at)


def _key(member_id: int) -> str:
    return f"of:{member_id}"

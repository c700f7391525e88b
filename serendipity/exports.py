"""Exports: what a member may take with them, and what a lieu may.

A member's export holds everything the service keeps about them in a form that a machine reads:
their own words, choices, stays, introductions they answered, encounters, ledger entries, letters.
It names nobody else who did not agree to be named: others appear by a number of this export. A
lieu's export holds what it made (rooms, hours, moments) and counts, no person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, inspect, or_, select
from sqlalchemy.orm import Session

from serendipity import encounters
from serendipity.access_needs import AccessNeed
from serendipity.calls import Call, CallAsked
from serendipity.consent import Consent
from serendipity.encounters import Encounter
from serendipity.introductions import Side
from serendipity.ledger import Account, Transaction, Transfer
from serendipity.lieux import Lieu, Moment, Opening
from serendipity.mail import Letter
from serendipity.members import Block, Member
from serendipity.needs import Need
from serendipity.passkeys import Passkey
from serendipity.presence import Presence
from serendipity.rooms import Room
from serendipity.rules import Acceptance, HouseRules
from serendipity.seats import Reservation
from serendipity.shifts import Shift
from serendipity.skills import MemberSkill
from serendipity.ties import Tie

OF_MEMBER: Final[dict[str, tuple[type[Any], str]]] = {
    "access_need": (AccessNeed, "member_id"),
    "passkeys": (Passkey, "member_id"),
    "skills": (MemberSkill, "member_id"),
    "needs": (Need, "member_id"),
    "choices": (Consent, "member_id"),
    "stays": (Presence, "member_id"),
    "seats": (Reservation, "member_id"),
    "calls": (Call, "member_id"),
    "asked": (CallAsked, "member_id"),
    "introductions": (Side, "member_id"),
    "blocks": (Block, "blocker_id"),
    "shifts": (Shift, "member_id"),
    "rules_accepted": (Acceptance, "member_id"),
    "letters": (Letter, "member_id"),
}
OF_LIEU: Final[dict[str, type[Any]]] = {
    "hours": Opening,
    "moments": Moment,
    "house_rules": HouseRules,
    "rooms": Room,
}
# Keys of other rows say nothing to their reader; what letters held for others is not theirs.
LEFT_OUT: Final = {
    "id",
    "facts",
    "session_epoch",
    "public_key",
    "credential",
    "member_id",
    "blocker_id",
}
OTHERS: Final = {"a_id", "b_id", "blocked_id"}


class _Strangers:
    """Other people, by a number that means something in this export only."""

    def __init__(self, own_id: int) -> None:
        self.numbers = {own_id: "you"}

    def number(self, member_id: int) -> str:
        return self.numbers.setdefault(member_id, f"person {len(self.numbers)}")


def of_member(session: Session, *, member: Member) -> dict[str, Any]:
    """Everything that is kept about this member."""
    strangers = _Strangers(member.id)
    lieux = {lieu.id: lieu.slug for lieu in session.scalars(select(Lieu))}
    found: dict[str, Any] = {"member": _plain(member, strangers, lieux)}
    for name, (noun, column) in OF_MEMBER.items():
        rows = session.scalars(select(noun).where(getattr(noun, column) == member.id))
        found[name] = [_plain(row, strangers, lieux) for row in rows]
    for name, pair, own in (
        ("encounters", Encounter, encounters.known_to(member.id)),
        ("ties", Tie, or_(Tie.a_id == member.id, Tie.b_id == member.id)),
    ):
        found[name] = [
            _plain(row, strangers, lieux) for row in session.scalars(select(pair).where(own))
        ]
    found["ledger"] = _ledger(session, member, lieux)
    return found


def _ledger(session: Session, member: Member, lieux: dict[int, str]) -> list[dict[str, Any]]:
    rows = session.execute(
        select(
            Transaction.kind,
            Transaction.at,
            Transaction.lieu_id,
            Transfer.amount,
            Account.id,
            Transfer.giver_id,
        )
        .join(Transfer, Transfer.transaction_id == Transaction.id)
        .join(Account, or_(Account.id == Transfer.giver_id, Account.id == Transfer.taker_id))
        .where(Account.member_id == member.id)
        .order_by(Transaction.at, Transaction.id)
    )
    return [
        {
            "kind": kind,
            "at": _value(at),
            "lieu": lieux.get(lieu_id),
            "amount": -amount if account == giver else amount,
        }
        for kind, at, lieu_id, amount, account, giver in rows
    ]


def of_lieu(session: Session, *, lieu: Lieu) -> dict[str, Any]:
    """What the lieu made, and how much happened there; no person."""
    lieux = {lieu.id: lieu.slug}
    nobody = _Strangers(0)
    found: dict[str, Any] = {"lieu": _plain(lieu, nobody, lieux)}
    for name, noun in OF_LIEU.items():
        rows = session.scalars(select(noun).where(noun.lieu_id == lieu.id))
        found[name] = [_plain(row, nobody, lieux) for row in rows]
    found["counts"] = {
        name: session.scalar(select(func.count()).select_from(noun).where(noun.lieu_id == lieu.id))
        for name, noun in (("stays", Presence), ("needs", Need), ("encounters", Encounter))
    }
    return found


def of_network(session: Session, *, lieux: Iterable[Lieu]) -> list[dict[str, Any]]:
    """The export of several lieux."""
    return [of_lieu(session, lieu=lieu) for lieu in lieux]


def _plain(row: Any, strangers: _Strangers, lieux: dict[int, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column in _columns(type(row)):
        value = getattr(row, column)
        if column in OTHERS:
            found[column.removesuffix("_id")] = strangers.number(value)
        elif column in ("lieu_id", "home_lieu_id"):
            found[column.removesuffix("_id")] = lieux.get(value)
        elif column not in LEFT_OUT and not column.endswith("_id"):
            found[column] = _value(value)
        elif column in ("public_id", "source_id", "concept_id"):
            found[column] = value
    return found


def _columns(noun: type[Any]) -> Sequence[str]:
    return [attribute.key for attribute in inspect(noun).column_attrs]


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value

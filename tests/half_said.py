"""Encounters that one of two says happened, each as it comes about: by its own verbs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import calls, encounters, introductions, telling
from serendipity.calls import CallAsked
from serendipity.encounters import Encounter
from serendipity.lieux import Lieu
from serendipity.members import Member
from tests.woven import an_introduction


def from_an_introduction(
    session: Session, lieu: Lieu, one: Member, other: Member, at: datetime
) -> None:
    offered = an_introduction(session, lieu, one, other, at=at)
    for who in (one, other):
        introductions.say_yes(session, public_id=offered.public_id, member_id=who.id, at=at)


def from_a_call(session: Session, lieu: Lieu, one: Member, other: Member, at: datetime) -> None:
    call = calls.call(
        session, lieu_id=lieu.id, member_id=one.id, words="who sews?", language="en", at=at
    )
    session.add(CallAsked(call_id=call.id, member_id=other.id, asked_at=at))
    session.flush()
    calls.accept(session, public_id=call.public_id, member_id=other.id, at=at)


def by_hand(session: Session, lieu: Lieu, one: Member, other: Member, at: datetime) -> None:
    telling.tell_by_address(session, member_id=one.id, email=str(other.email), helped=False, at=at)


ORIGINS: Final[dict[str, Callable[[Session, Lieu, Member, Member, datetime], None]]] = {
    "introduction": from_an_introduction,
    "call": from_a_call,
    "by hand": by_hand,
}


def half_said(
    session: Session, lieu: Lieu, one: Member, other: Member, *, origin: str, at: datetime
) -> Encounter:
    """An encounter of the two, both of them here, that `one` says happened."""
    ORIGINS[origin](session, lieu, one, other, at)
    met = session.scalars(select(Encounter).order_by(Encounter.id.desc())).first()
    assert met is not None
    if origin != "by hand":  # who tells it has said so
        say_so(session, met, one, at)
    return met


def say_so(session: Session, met: Encounter, who: Member, at: datetime) -> None:
    encounters.confirm(session, public_id=met.public_id, member_id=who.id, helped=False, at=at)

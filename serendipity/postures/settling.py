"""To settle: what waits for a word from the concierge before the day ends.

Stays that were only declared; check-ins that a kiosk kept and that do not add up; encounters of
which one of the two says that they happened; letters of this lieu that did not arrive; kiosks that
have gone quiet.

Rules kept here: which of the two confirmed is not told; nobody confirms for another, the concierge
may only have the other asked, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from serendipity import arrivals, audit, kept, kiosks, mail
from serendipity.arrivals import Declaration
from serendipity.encounters import Encounter
from serendipity.errors import NotFound
from serendipity.introductions import Introduction
from serendipity.kept import KeptCheckIn
from serendipity.kiosks import Kiosk
from serendipity.lieux import Lieu
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.postures.watch import Here
from serendipity.shifts import Shift

QUIET_AFTER = timedelta(minutes=2)  # a screen asks for its code every fifteen seconds
HALF_SAID = timedelta(days=7)
LETTERS = timedelta(days=2)


@dataclass(frozen=True)
class HalfSaid:
    """An encounter that one of the two confirmed."""

    encounter: Encounter
    a: Member
    b: Member
    asked: bool


@dataclass(frozen=True)
class Settling:
    """The list, part by part."""

    stays: list[Here]
    declarations: list[Declaration]
    kept: list[KeptCheckIn]
    half_said: list[HalfSaid]
    letters: list[tuple[Letter, str]]  # with the name of the recipient
    quiet_kiosks: list[Kiosk]

    def __len__(self) -> int:
        parts: Sequence[Sequence[object]] = (
            self.stays,
            self.declarations,
            self.kept,
            self.half_said,
            self.letters,
            self.quiet_kiosks,
        )
        return sum(map(len, parts))


class NothingToAsk(NotFound):
    """No such half-said encounter at this lieu, or it was asked already."""


def settling(session: Session, *, lieu: Lieu, people: Sequence[Here], at: datetime) -> Settling:
    """What waits at this lieu, given those present."""
    return Settling(
        stays=[one for one in people if one.sign == "declared"],
        declarations=arrivals.declared_at(session, lieu_id=lieu.id, at=at),
        kept=kept.waiting(session, lieu_id=lieu.id),
        half_said=half_said(session, lieu_id=lieu.id, at=at),
        letters=_letters(session, lieu_id=lieu.id, at=at),
        quiet_kiosks=[
            kiosk
            for kiosk in kiosks.kiosks_of(session, lieu_id=lieu.id)
            if kiosk.paired_at and (kiosk.seen_at is None or kiosk.seen_at < at - QUIET_AFTER)
        ],
    )


def half_said(session: Session, *, lieu_id: int, at: datetime) -> list[HalfSaid]:
    """Encounters of this week that one of the two confirmed, oldest first."""
    a, b = aliased(Member), aliased(Member)
    rows = session.execute(
        select(Encounter, a, b, Letter.id)
        .join(a, a.id == Encounter.a_id)
        .join(b, b.id == Encounter.b_id)
        .outerjoin(
            Letter, (Letter.kind == "reminder") & (Letter.key == "settle:" + Encounter.public_id)
        )
        .where(
            Encounter.lieu_id == lieu_id,
            Encounter.denied_at.is_(None),
            Encounter.said_at >= at - HALF_SAID,
            Encounter.a_confirmed_at.is_(None) != Encounter.b_confirmed_at.is_(None),
            a.erased_at.is_(None),
            b.erased_at.is_(None),
        )
        .order_by(Encounter.said_at, Encounter.id)
    )
    return [HalfSaid(row[0], row[1], row[2], asked=row[3] is not None) for row in rows]


def ask(session: Session, *, shift: Shift, public_id: str, at: datetime) -> Letter:
    """Have the one of the two who has not said yet asked by letter, once: did you meet?

    Raises
    ------
    NothingToAsk
        Not half-said at the lieu of the shift, asked before, or not from an introduction.
    """
    for waiting in half_said(session, lieu_id=shift.lieu_id, at=at):
        if waiting.encounter.public_id == public_id and not waiting.asked:
            return _ask(session, shift, waiting, at=at)
    raise NothingToAsk()


def _ask(session: Session, shift: Shift, waiting: HalfSaid, *, at: datetime) -> Letter:
    introduction = session.get(Introduction, waiting.encounter.introduction_id)
    silent = waiting.a if waiting.encounter.a_confirmed_at is None else waiting.b
    if introduction is None or silent.email is None:
        raise NothingToAsk()
    letter = mail.owe(
        session,
        kind="reminder",
        recipient=silent.email,
        key=f"settle:{waiting.encounter.public_id}",
        facts={"introduction": introduction.public_id},
        language=silent.language,
        member_id=silent.id,
        lieu_id=shift.lieu_id,
        at=at,
    )
    for member in (waiting.a, waiting.b):
        audit.record(
            session,
            actor_id=shift.member_id,
            what="asked-to-settle",
            concerns_id=member.id,
            lieu_id=shift.lieu_id,
            facts={"encounter": waiting.encounter.public_id},
            at=at,
        )
    return letter


def _letters(session: Session, *, lieu_id: int, at: datetime) -> list[tuple[Letter, str]]:
    """Letters of these days that failed, or of which nobody knows whether they arrived."""
    rows = session.execute(
        select(Letter, Member.name)
        .join(Member, Member.id == Letter.member_id)
        .where(
            Letter.lieu_id == lieu_id,
            Letter.owed_at >= at - LETTERS,
            or_(Letter.failed_at.is_not(None), Letter.uncertain_at.is_not(None)),
        )
        .order_by(Letter.owed_at, Letter.id)
    )
    return [(letter, name) for letter, name in rows]

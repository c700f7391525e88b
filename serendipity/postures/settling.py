"""To settle: what waits for a word from the concierge before the day ends.

Stays that were only declared; check-ins that a kiosk kept and that do not add up; encounters of
which one of the two says that they happened; letters of this lieu that did not arrive; kiosks that
have gone quiet.

Rules kept here: which of the two confirmed is not told; nobody confirms for another, the concierge
may only have the other asked, once, by letter, if they take letters here; two whom a block keeps
apart are not on the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, case, exists, or_, select
from sqlalchemy.orm import Session, aliased

from serendipity import arrivals, audit, encounters, kept, kiosks, members
from serendipity.arrivals import Declaration
from serendipity.consent import Consent
from serendipity.encounters import Encounter
from serendipity.errors import NotFound
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
    by_letter: bool  # the one who has not said so takes letters here

    @property
    def silent(self) -> Member:
        return self.a if self.encounter.a_confirmed_at is None else self.b

    @property
    def aware(self) -> list[Member]:
        """Those of the two who may read that it was looked at.

        Who told of it by typing an address must not learn so that the address is a member's.
        """
        return [self.silent] if self.encounter.blind else [self.a, self.b]


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

    def member_ids(self) -> set[int]:
        """Everybody whom it names who is not here."""
        half = {one.id for said in self.half_said for one in said.aware}
        return half | {letter.member_id for letter, _ in self.letters if letter.member_id}


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
    a, b, silent = aliased(Member), aliased(Member), aliased(Member)
    silent_id = case((Encounter.a_confirmed_at.is_(None), Encounter.a_id), else_=Encounter.b_id)
    asked = exists().where(Letter.kind == "met", Letter.key == Encounter.public_id)
    takes_letters = exists().where(
        Consent.member_id == silent_id, Consent.lieu_id == lieu_id, Consent.by_mail
    )
    rows = session.execute(
        select(Encounter, a, b, asked, and_(silent.email.is_not(None), takes_letters))
        .join(a, a.id == Encounter.a_id)
        .join(b, b.id == Encounter.b_id)
        .join(silent, silent.id == silent_id)
        .where(
            Encounter.lieu_id == lieu_id,
            Encounter.denied_at.is_(None),
            Encounter.said_at >= at - HALF_SAID,
            Encounter.a_confirmed_at.is_(None) != Encounter.b_confirmed_at.is_(None),
            a.erased_at.is_(None),
            b.erased_at.is_(None),
        )
        .order_by(Encounter.said_at, Encounter.id)
    ).all()
    apart = members.blocked_pairs(session, {one.id for row in rows for one in row[1:3]})
    return [HalfSaid(*row) for row in rows if (row[0].a_id, row[0].b_id) not in apart]


def ask(session: Session, *, shift: Shift, public_id: str, at: datetime) -> Letter:
    """Have the one of the two who has not said yet asked by letter, once: did you meet?

    Raises
    ------
    NothingToAsk
        Not half-said at the lieu of the shift, asked before, or the one to ask takes no letters.
    """
    for waiting in half_said(session, lieu_id=shift.lieu_id, at=at):
        if waiting.encounter.public_id == public_id and waiting.by_letter and not waiting.asked:
            return _ask(session, shift, waiting, at=at)
    raise NothingToAsk()


def _ask(session: Session, shift: Shift, waiting: HalfSaid, *, at: datetime) -> Letter:
    met = waiting.encounter
    for member in waiting.aware:
        audit.record(
            session,
            actor_id=shift.member_id,
            what="asked-to-settle",
            concerns_id=member.id,
            lieu_id=shift.lieu_id,
            facts={"encounter": met.public_id},
            at=at,
        )
    return encounters.owe_did_you_meet(session, encounter=met, asked=waiting.silent, at=at)


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

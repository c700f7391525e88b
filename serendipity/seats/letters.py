"""The letters that a seat owes, and the facts that letters and calendars tell about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from serendipity import mail, rules
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.seats.tables import Reservation


def owe(session: Session, kept: Reservation, *, what: str, at: datetime) -> None:
    """A letter with a calendar entry; `what` is kept, cancelled or freed."""
    _owe(session, kept, kind="seat", key=f"{kept.public_id}.{kept.sequence}", what=what, at=at)


def owe_reminder(session: Session, kept: Reservation, *, at: datetime) -> bool:
    """The letter of the day before; whether there is somebody to send it to."""
    return _owe(session, kept, kind="seat_reminder", key=kept.public_id, what="kept", at=at)


def withdraw_reminder(session: Session, kept: Reservation, *, at: datetime) -> None:
    """A seat that is let go is not reminded of, if the letter has not left."""
    member = session.get_one(Member, kept.member_id)
    owed = mail.letter_owed(
        session, kind="seat_reminder", recipient=member.email or "", key=kept.public_id
    )
    if owed is not None and owed.sending_at is None:
        mail.withdraw(session, letter_id=owed.id, why="the seat was let go", at=at)


def _owe(
    session: Session, kept: Reservation, *, kind: str, key: str, what: str, at: datetime
) -> bool:
    member = session.get_one(Member, kept.member_id)
    if member.email is None:
        return False
    mail.owe(
        session,
        kind=kind,
        recipient=member.email,
        key=key,
        facts=facts_of(session, kept, what=what, at=at),
        language=member.language,
        at=at,
        member_id=member.id,
        lieu_id=kept.lieu_id,
    )
    return True


def facts_of(session: Session, kept: Reservation, *, what: str, at: datetime) -> dict[str, Any]:
    """What a letter or a calendar says about a seat, as it is now."""
    lieu = session.get_one(Lieu, kept.lieu_id)
    return {
        "what": what,
        "seat": kept.public_id,
        "sequence": kept.sequence,
        "moment": kept.moment,
        "lieu_name": lieu.name,
        "address": ", ".join(
            part for part in (lieu.address, f"{lieu.postcode} {lieu.city}".strip()) if part
        ),
        "timezone": lieu.timezone,
        "starts_at": kept.starts_at.isoformat(),
        "ends_at": kept.ends_at.isoformat(),
        "costs": rules.in_force(session, lieu_id=lieu.id, at=at).terms.stay_costs,
    }

"""Audit: who looked at or changed what concerns a person, and why; the person can read it.

Rules kept here: every view of personal data and every edit by a concierge or an operator leaves an
entry, in the transaction of the edit; an entry names its lieu, which is why it was allowed; its
facts hold ids and numbers, never words about the person. Looking again during the same shift is
the same view: a page that refreshes every few seconds says once that it was seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import append_only
from serendipity.db import Base, Key
from serendipity.lieux import Lieu
from serendipity.members import Member

# What may stand in `what`; templates put them in words.
DEEDS: Final = frozenset(
    {
        "seen-present",  # on the concierge's page, as somebody who is here
        "seen-absent",  # on the concierge's page, as somebody nobody met lately
        "seen-ledger",  # in the lieu's ledger, as somebody who gives much or gets little
        "confirmed-stay",
        "checked-in",
        "checked-out",
        "carried",  # introduced in person
        "postponed",
        "kept-apart",
        "asked-to-settle",
        "named-in-story",
        "swapped",  # taken out of an idea, or put into one
        "forgiven",
        "named-concierge",
        "no-longer-concierge",
    }
)


class AuditEntry(Base):
    __tablename__ = "audit_entry"

    id: Mapped[Key]
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    lieu_id: Mapped[int | None] = mapped_column(ForeignKey("lieu.id"))
    what: Mapped[str] = mapped_column(String(40))
    concerns_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    facts: Mapped[dict[str, Any]]

    __table_args__ = (Index("ix_audit_entry_concerns_at", "concerns_id", "at"),)


append_only.guard(AuditEntry)


class UnknownDeed(ValueError):
    """A deed without a word for it: the person concerned could not read it."""


@dataclass(frozen=True)
class Trace:
    """One entry as the member it concerns reads it."""

    at: datetime
    what: str
    actor: str
    lieu: str
    timezone: str


def record(
    session: Session,
    *,
    actor_id: int | None,
    what: str,
    concerns_id: int | None,
    lieu_id: int | None,
    at: datetime,
    facts: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write one entry.

    Raises
    ------
    UnknownDeed
        `what` is not one of `DEEDS`.
    """
    if what not in DEEDS:
        raise UnknownDeed(what)
    entry = AuditEntry(
        at=at,
        actor_id=actor_id,
        what=what,
        concerns_id=concerns_id,
        lieu_id=lieu_id,
        facts=facts or {},
    )
    session.add(entry)
    session.flush()
    return entry


def not_yet_seen(
    session: Session,
    *,
    actor_id: int | None,
    lieu_id: int,
    what: str,
    since: datetime,
    member_ids: Iterable[int],
) -> set[int]:
    """Those of these members of whom this actor has not left this entry here since then."""
    seen = session.scalars(
        select(AuditEntry.concerns_id).where(
            AuditEntry.actor_id == actor_id,
            AuditEntry.lieu_id == lieu_id,
            AuditEntry.what == what,
            AuditEntry.at >= since,
        )
    )
    return set(member_ids) - {actor_id} - {one for one in seen if one is not None}


def record_views(
    session: Session,
    *,
    actor_id: int | None,
    lieu_id: int,
    what: str,
    since: datetime,
    member_ids: Iterable[int],
    at: datetime,
) -> int:
    """One entry for each of these members not yet seen since then; how many there were."""
    new = not_yet_seen(
        session,
        actor_id=actor_id,
        lieu_id=lieu_id,
        what=what,
        since=since,
        member_ids=member_ids,
    )
    for member_id in sorted(new):
        record(session, actor_id=actor_id, what=what, concerns_id=member_id, lieu_id=lieu_id, at=at)
    return len(new)


def concerning(session: Session, member_id: int, *, most: int = 100) -> list[Trace]:
    """What was looked at or done about a member, newest first: for that member only."""
    rows = session.execute(
        select(AuditEntry, Member.name, Lieu.name, Lieu.timezone)
        .outerjoin(Member, Member.id == AuditEntry.actor_id)
        .outerjoin(Lieu, Lieu.id == AuditEntry.lieu_id)
        .where(AuditEntry.concerns_id == member_id)
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(most)
    )
    return [
        Trace(entry.at, entry.what, actor or "", lieu or "", timezone or "UTC")
        for entry, actor, lieu, timezone in rows
    ]

"""Audit: who looked at or changed what concerns a person, and why; the person can read it.

Rules kept here: every view of personal data and every edit by a concierge or an operator leaves an
entry, in the transaction of the edit; an entry names its lieu, which is why it was allowed; its
facts hold ids and numbers, never words about the person. Looking again during the same shift is
the same view: a page that refreshes every few seconds says once that it was seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import append_only
from serendipity.db import Base, Key, add_rows
from serendipity.lieux import Lieu
from serendipity.members import Member

# What may stand in `what`; templates put them in words.
DEEDS: Final = frozenset(
    {
        "seen-present",  # on the concierge's page, as somebody who is here
        "seen-absent",  # on the concierge's page, as somebody nobody met lately
        "seen-settling",  # on the concierge's page, in what is left to settle
        "seen-outcome",  # on the concierge's page, with what came of an encounter
        "seen-story",  # among those a story names
        "seen-expected",  # among those who keep a seat ahead
        "seen-access-need",  # with the line on access that they let the concierge read
        "seen-ledger",  # in the lieu's ledger, as somebody who gives much or gets little
        "confirmed-stay",
        "checked-in",
        "checked-out",
        "carried",  # introduced in person
        "put-forward",  # an introduction, first on their screen
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

Seen = Mapping[str, Iterable[int]]  # deed → the members who were seen so


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
    entry = AuditEntry(
        what=_known(what),
        at=at,
        actor_id=actor_id,
        concerns_id=concerns_id,
        lieu_id=lieu_id,
        facts=facts or {},
    )
    session.add(entry)
    session.flush()
    return entry


def _known(what: str) -> str:
    if what not in DEEDS:
        raise UnknownDeed(what)
    return what


def unseen(
    session: Session, *, actor_id: int | None, lieu_id: int, since: datetime, seen: Seen
) -> set[tuple[str, int]]:
    """What of this has no entry by this actor here since then: (deed, member); never oneself."""
    entries = session.execute(
        select(AuditEntry.what, AuditEntry.concerns_id).where(
            AuditEntry.actor_id == actor_id,
            AuditEntry.lieu_id == lieu_id,
            AuditEntry.what.in_(list(seen)),
            AuditEntry.at >= since,
        )
    )
    shown = {(what, one) for what, ids in seen.items() for one in ids if one != actor_id}
    return shown - {(what, one) for what, one in entries}


def record_views(
    session: Session,
    *,
    actor_id: int | None,
    lieu_id: int,
    since: datetime,
    seen: Seen,
    at: datetime,
) -> int:
    """One entry for each that has none since then; how many there were."""
    new = unseen(session, actor_id=actor_id, lieu_id=lieu_id, since=since, seen=seen)
    same: dict[str, Any] = {"at": at, "actor_id": actor_id, "lieu_id": lieu_id, "facts": {}}
    rows = [{"what": _known(what), "concerns_id": one, **same} for what, one in sorted(new)]
    add_rows(session, AuditEntry, rows)  # all at once: the first look sees two hundred people
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

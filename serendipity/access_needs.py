"""Access needs: what somebody would like to be thought of, such as a step-free way or a quiet seat.

A private note: nobody but its writer sees it, no engine reads it, no export of a lieu holds it.
Rules kept here: the concierge reads it only if the writer chose so, only while the writer is
checked in at that concierge's lieu; an empty note is no note.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import members, words
from serendipity.db import Base
from serendipity.members import Member
from serendipity.presence import Presence

LONGEST = 240


class AccessNeed(Base):
    __tablename__ = "access_need"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    words: Mapped[str] = mapped_column(String(LONGEST))
    for_concierge: Mapped[bool] = mapped_column(default=False)
    said_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("words <> ''", name="words"),)


def note(
    session: Session, *, member_id: int, words_said: str, for_concierge: bool, at: datetime
) -> AccessNeed | None:
    """Keep the note as it is said now; nothing said forgets it.

    Raises
    ------
    words.WordsTooLong, words.WordsUnreadable
    """
    spelt = words.line(words_said, field="access_need", most=LONGEST)
    kept = session.get(AccessNeed, member_id)
    if not spelt:
        session.execute(delete(AccessNeed).where(AccessNeed.member_id == member_id))
        return None
    if kept is None:
        kept = AccessNeed(member_id=member_id)
        session.add(kept)
    kept.words, kept.for_concierge, kept.said_at = spelt, for_concierge, at
    session.flush()
    return kept


def of(session: Session, *, member_id: int) -> AccessNeed | None:
    """One's own note."""
    return session.get(AccessNeed, member_id)


def told(
    session: Session, *, lieu_id: int, member_ids: Iterable[int], at: datetime
) -> dict[int, str]:
    """What the concierge of this lieu may know of these members: who is here, and chose so."""
    rows = session.execute(
        select(AccessNeed.member_id, AccessNeed.words)
        .join(Presence, Presence.member_id == AccessNeed.member_id)
        .where(
            AccessNeed.member_id.in_(set(member_ids)),
            AccessNeed.for_concierge,
            Presence.lieu_id == lieu_id,
            Presence.ended_at.is_(None),
            Presence.until > at,
        )
    )
    return {member_id: said for member_id, said in rows}  # noqa: C416 (typed)


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    session.execute(delete(AccessNeed).where(AccessNeed.member_id == member.id))

"""Needs: what would help a member today. One line; it is forgotten tonight.

Rules kept here: a need belongs to a presence or, for the night, to a member; it expires; its words
are kept as typed and read like a skill's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    CheckConstraint,
    ForeignKey,
    String,
    bindparam,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from matching.text import normalised
from serendipity import members, skills
from serendipity import words as spelling
from serendipity.db import Base, Key, PublicId, add_row
from serendipity.errors import NotFound
from serendipity.members import Member
from serendipity.presence import Presence


class Need(Base):
    __tablename__ = "need"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), index=True)
    presence_id: Mapped[int | None] = mapped_column(ForeignKey("presence.id"), index=True)
    words: Mapped[str] = mapped_column(String(240))
    language: Mapped[str | None] = mapped_column(String(2))
    concept_id: Mapped[str | None] = mapped_column(ForeignKey("concept.id"))
    proposals: Mapped[list[Any]] = mapped_column(default=list)
    read_at: Mapped[datetime | None] = mapped_column(index=True)
    confirmed_at: Mapped[datetime | None]
    said_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("expires_at > said_at", name="expires"),)


class NoSuchNeed(NotFound):
    """There is none with this number, it is over, or it is not yours."""


def say(
    session: Session,
    *,
    member_id: int,
    lieu_id: int,
    presence_id: int | None,
    words: str,
    language: str | None,
    at: datetime,
    expires_at: datetime,
) -> Need:
    """Say what would help; the same words said again are the same need.

    Raises
    ------
    words.WordsMissing, words.WordsTooLong, words.WordsUnreadable
        Nothing was recorded.
    """
    spelt = spelling.said(words, field="need")
    for need in needs_of(session, member_id=member_id, at=at):
        if need.lieu_id == lieu_id and normalised(need.words) == normalised(spelt):
            need.presence_id = presence_id or need.presence_id
            return need
    concept_id = skills.recognised(session, spelt, language)
    return add_row(
        session,
        Need,
        member_id=member_id,
        lieu_id=lieu_id,
        presence_id=presence_id,
        words=spelt,
        language=language,
        concept_id=concept_id,
        read_at=at if concept_id else None,
        said_at=at,
        expires_at=expires_at,
    )


def is_open(at: datetime | BindParameter[datetime]) -> list[Any]:
    """What is true of a need that still wants an answer at this instant."""
    return [Need.expires_at > at, Need.answered_at.is_(None), Need.withdrawn_at.is_(None)]


_OPEN: Final = (
    select(Need)
    .where(Need.member_id == bindparam("member_id"), *is_open(bindparam("at")))
    .order_by(Need.id)
)


def needs_of(session: Session, *, member_id: int, at: datetime) -> list[Need]:
    """The member's open needs, oldest first."""
    return list(session.scalars(_OPEN, {"member_id": member_id, "at": at}))


def open_needs(session: Session, *, lieu_id: int, at: datetime) -> list[Need]:
    """Needs at this lieu that nobody has answered, of people here and those said for the night."""
    return list(
        session.scalars(
            select(Need)
            .outerjoin(Presence, Presence.id == Need.presence_id)
            .where(
                Need.lieu_id == lieu_id,
                *is_open(at),
                or_(
                    Need.presence_id.is_(None),
                    (Presence.ended_at.is_(None)) & (Presence.until > at),
                ),
            )
            .order_by(Need.id)
        )
    )


def own_need(session: Session, *, public_id: str, member_id: int, at: datetime) -> Need:
    """The member's own open need.

    Raises
    ------
    NoSuchNeed
        There is none, it is over, or it is somebody else's: the three answer alike.
    """
    need = session.scalar(
        select(Need).where(Need.public_id == public_id, Need.member_id == member_id, *is_open(at))
    )
    if need is None:
        raise NoSuchNeed()
    return need


def answered(session: Session, *, public_id: str, member_id: int, at: datetime) -> Need:
    """Somebody helped: the need is met. NoSuchNeed when it is not an open one of theirs."""
    need = own_need(session, public_id=public_id, member_id=member_id, at=at)
    need.answered_at = at
    session.flush()
    return need


def withdraw(session: Session, *, public_id: str, member_id: int, at: datetime) -> Need:
    """Never mind. NoSuchNeed when it is not an open one of theirs."""
    need = own_need(session, public_id=public_id, member_id=member_id, at=at)
    need.withdrawn_at = at
    session.flush()
    return need


def confirm(
    session: Session, *, public_id: str, member_id: int, concept_id: str, at: datetime
) -> Need:
    """Yes, that: the need's words mean this concept. NoSuchNeed, skills.NoSuchConcept."""
    need = own_need(session, public_id=public_id, member_id=member_id, at=at)
    skills.learn(session, words=need.words, concept_id=concept_id, member_id=member_id, at=at)
    need.concept_id, need.proposals = concept_id, []
    need.confirmed_at = at
    need.read_at = need.read_at or at
    session.flush()
    return need


def undo(session: Session, *, public_id: str, member_id: int, at: datetime) -> Need:
    """Not that: the words stay, without a concept. NoSuchNeed when not an open one of theirs."""
    need = own_need(session, public_id=public_id, member_id=member_id, at=at)
    skills.unlearn(session, words=need.words, concept_id=need.concept_id, member_id=member_id)
    need.concept_id = need.confirmed_at = None
    need.proposals = []
    need.read_at = at
    session.flush()
    return need


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    session.execute(
        update(Need)
        .where(Need.member_id == member.id)
        .values(words="", concept_id=None, confirmed_at=None, proposals=[], read_at=at)
    )
    session.execute(
        update(Need)
        .where(Need.member_id == member.id, Need.withdrawn_at.is_(None))
        .values(withdrawn_at=at)
    )

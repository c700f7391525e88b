"""Tokens: bearer keys for the JSON API, shown once, kept as a hash, revocable.

Rules kept here: a token acts as one member, or as a role at one lieu (a kiosk, a concierge's
tool) or everywhere (an operator's); what is stored cannot be turned back into the token.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import members
from serendipity.db import Base, Key, PublicId
from serendipity.errors import Invalid, NotFound
from serendipity.members import Member

ROLES: Final = ("member", "concierge", "operator", "kiosk")
PREFIX: Final = "srd_"  # so that a token left in a file is recognised for what it is


class Token(Base):
    __tablename__ = "token"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    role: Mapped[str] = mapped_column(String(12))  # member, concierge, operator, kiosk
    lieu_id: Mapped[int | None] = mapped_column(ForeignKey("lieu.id"))
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("role IN ('member', 'concierge', 'operator', 'kiosk')", name="role"),
        CheckConstraint("(role = 'member') = (member_id IS NOT NULL)", name="whose"),
        CheckConstraint("role NOT IN ('concierge', 'kiosk') OR lieu_id IS NOT NULL", name="where"),
    )


class NoSuchRole(Invalid):
    """Facts: role."""


class LieuNeeded(Invalid):
    """This role holds at one lieu; say which. Fact: role."""


class BadToken(NotFound):
    """Unknown or revoked: the two answer alike."""


def create(
    session: Session,
    *,
    role: str,
    at: datetime,
    member_id: int | None = None,
    lieu_id: int | None = None,
) -> tuple[Token, str]:
    """Make a token; the second of the two is the only time it can be read.

    Raises
    ------
    NoSuchRole, LieuNeeded
    """
    if role not in ROLES or (role == "member") != (member_id is not None):
        raise NoSuchRole(role=role)
    if role in ("concierge", "kiosk") and lieu_id is None:
        raise LieuNeeded(role=role)
    shown = PREFIX + secrets.token_urlsafe(32)
    token = Token(
        token_hash=hash_of(shown), member_id=member_id, role=role, lieu_id=lieu_id, made_at=at
    )
    session.add(token)
    session.flush()
    return token, shown


def hash_of(shown: str) -> str:
    """What is stored of a token: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(shown.encode()).hexdigest()


def token_shown(session: Session, shown: str) -> Token:
    """The token that was shown like this, with its rights.

    Raises
    ------
    BadToken
        Unknown, revoked, or of a member who was erased.
    """
    token = session.scalar(
        select(Token).where(Token.token_hash == hash_of(shown), Token.revoked_at.is_(None))
    )
    if token is None:
        raise BadToken()
    return token


def revoke(session: Session, *, public_id: str, at: datetime) -> Token:
    """End a token; doing it twice changes nothing.

    Raises
    ------
    BadToken
        There is none.
    """
    token = session.scalar(select(Token).where(Token.public_id == public_id))
    if token is None:
        raise BadToken()
    token.revoked_at = token.revoked_at or at
    session.flush()
    return token


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    session.execute(delete(Token).where(Token.member_id == member.id))

"""Set-up: the first start of an installation, by whoever can read its terminal.

Rules kept here: a set-up link works once, and only as long as nobody is the operator; a new link
replaces the one before; only the hash of its token is kept.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import lieux, members, shifts
from serendipity.db import Base, Key
from serendipity.errors import NotFound
from serendipity.lieux import Lieu, Span
from serendipity.members import Member


class SetupToken(Base):
    """The one link that may set this installation up."""

    __tablename__ = "setup_token"

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime]


class BadSetupToken(NotFound):
    """Not the link, or it was used: the two answer alike."""


@dataclass(frozen=True, kw_only=True)
class FirstLieu:
    """What the first lieu is."""

    name: str
    city: str
    timezone: str
    seats: int
    siret: str = ""
    hours: Sequence[Span] = ()


def needed(session: Session) -> bool:
    """Whether nobody is the operator yet."""
    operator = session.scalar(select(Member.id).where(Member.is_operator).limit(1))
    return operator is None


def make_token(session: Session, *, at: datetime) -> str:
    """The token of a new set-up link; the link before it dies."""
    token = secrets.token_urlsafe(32)
    session.execute(delete(SetupToken))
    session.add(SetupToken(token_hash=_hash(token), made_at=at))
    session.flush()
    return token


def check(session: Session, token: str) -> None:
    """Whether this token may set the installation up now.

    Raises
    ------
    BadSetupToken
        It may not.
    """
    known = session.scalar(select(SetupToken.id).where(SetupToken.token_hash == _hash(token)))
    if known is None or not needed(session):
        raise BadSetupToken()


def set_up(
    session: Session,
    *,
    token: str,
    name: str,
    email: str,
    language: str,
    lieu: FirstLieu,
    at: datetime,
) -> tuple[Member, Lieu]:
    """Make the first operator and the first lieu, whose first concierge the operator is.

    Raises
    ------
    BadSetupToken
        Not the link, or it was used.
    members.BadEmail, words.WordsMissing, lieux.BadSiret, lieux.SpansOverlap, …
        What was given cannot be right; the link still works.
    """
    check(session, token)
    _use(session, token)
    operator = _operator(session, name=name, email=email, language=language, at=at)
    first = lieux.found(
        session,
        name=lieu.name,
        city=lieu.city,
        timezone=lieu.timezone,
        seats=lieu.seats,
        siret=lieu.siret,
        language=operator.language,
        at=at,
    )
    lieux.keep_hours(session, lieu=first, spans=lieu.hours)
    operator.home_lieu_id = operator.home_lieu_id or first.id
    shifts.name_concierge(session, lieu_id=first.id, member_id=operator.id, at=at)
    return operator, first


def _use(session: Session, token: str) -> None:
    """Spend the token: of two who come at the same instant, one finds it gone."""
    used = session.execute(
        delete(SetupToken)
        .where(SetupToken.token_hash == _hash(token))
        .returning(SetupToken.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if used is None:
        raise BadSetupToken()


def _operator(session: Session, *, name: str, email: str, language: str, at: datetime) -> Member:
    """A new member, or the one who was imported with this address; a code still proves it."""
    operator = members.member_with_email(session, email) or members.register(
        session, email=email, name=name, language=language, at=at
    )
    operator.is_operator = True
    session.flush()
    return operator


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()

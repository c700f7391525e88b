"""Declaring: what a browser, or a kiosk, said at a door before an address was proved."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NotRequired, TypedDict, Unpack

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import hours, limits, members, signin, skills, words
from serendipity.db import Base, Key, PublicId
from serendipity.errors import NotFound
from serendipity.lieux import Lieu
from serendipity.meanings import Meaning
from serendipity.members import Member
from serendipity.presence import BadUntil

SWITCHES = ("here_today", "by_mail", "other_lieux")


@dataclass(frozen=True)
class Choices:
    """The three switches; off unless chosen."""

    here_today: bool = False
    by_mail: bool = False
    other_lieux: bool = False


class Declaration(Base):
    """What a browser said at a door, before its address was proved."""

    __tablename__ = "declaration"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), index=True)
    browser_hash: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(254), index=True)
    name: Mapped[str] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(2))
    skills: Mapped[list[Any]]
    need: Mapped[str] = mapped_column(String(240))
    until: Mapped[datetime]
    here_today: Mapped[bool]
    by_mail: Mapped[bool]
    other_lieux: Mapped[bool]
    how_in: Mapped[str] = mapped_column(String(12))
    meanings: Mapped[list[Any]] = mapped_column(default=list)  # `Meaning.as_list`, each
    said_at: Mapped[datetime]


class Told(TypedDict):
    """What a person tells at a door."""

    lieu: Lieu
    email: str
    name: str
    skills: Sequence[str]
    need: str
    until: datetime
    choices: Choices
    language: str
    meanings: NotRequired[Sequence[Meaning]]


class NoSuchDeclaration(NotFound):
    """There is none at this lieu, or it was used."""


def declare(
    session: Session,
    *,
    browser: str,
    how_in: str,
    at: datetime,
    place: str = "",
    **told: Unpack[Told],
) -> Declaration:
    """Keep what an unproved browser says, and owe its address a code. Nothing else changes.

    `place` is the network address that asks (see `signin.ask`).

    Raises
    ------
    members.BadEmail, words.*, skills.TooManySkills, presence.BadUntil, limits.TooOften
        Nothing was recorded.
    """
    said = _kept(session, browser=browser, how_in=how_in, since=at, at=at, **told)
    email, language = said.email, said.language
    signin.ask(session, email=email, browser=browser, language=language, at=at, place=place)
    return said


def declare_at_kiosk(
    session: Session,
    *,
    secret: str,
    at: datetime,
    since: datetime | None = None,
    **told: Unpack[Told],
) -> Declaration:
    """Keep what somebody without a phone says at a kiosk; the letter names where to type its code.

    Without a name, the address gives one. When others had too many letters sent to this address,
    no code goes out, but what was said is kept: the concierge sees the person.

    Raises
    ------
    members.BadEmail, words.*, skills.TooManySkills, presence.BadUntil
        Nothing was recorded.
    """
    handle = secrets.token_urlsafe(16)
    browser = key_of(handle, secret=secret)
    told["name"] = told["name"].strip() or name_in(told["email"])
    said = _kept(session, browser=browser, how_in="kiosk", since=since or at, at=at, **told)
    try:
        with session.begin_nested():
            signin.ask(
                session,
                email=said.email,
                browser=browser,
                language=said.language,
                place=f"kiosk {said.lieu_id}",
                handle=handle,
                at=at,
            )
    except limits.TooOften:
        pass
    return said


def key_of(handle: str, *, secret: str) -> str:
    """The browser's key that a letter's page stands for: no browser waits for a kiosk's code."""
    return hmac.digest(secret.encode(), f"letter {handle}".encode(), "sha256").hex()


def name_in(email: str) -> str:
    """What somebody may be called, by their address alone: awa.diallo@… is Awa Diallo."""
    local = email.partition("@")[0].partition("+")[0]
    parts = "".join(c if c.isalpha() or c in "'’" else " " for c in local).split()
    return " ".join(part.capitalize() for part in parts) or local.strip()


def _kept(
    session: Session,
    *,
    browser: str,
    how_in: str,
    since: datetime,
    at: datetime,
    **told: Unpack[Told],
) -> Declaration:
    """The declaration of this browser: the last one counts."""
    email, lieu = members.plain_email(told["email"]), told["lieu"]
    until = min(told["until"], hours.closing(session, lieu=lieu, at=since))
    if until <= at:
        raise BadUntil(field="until", until=told["until"])
    said = Declaration(
        lieu_id=lieu.id,
        browser_hash=signin.browser_hash(browser),
        email=email,
        name=words.said(told["name"], field="name", most=members.LONGEST_NAME),
        language=told["language"],
        skills=_checked(told["skills"]),
        need=words.line(told["need"], field="need"),
        until=until,
        here_today=told["choices"].here_today,
        by_mail=told["choices"].by_mail,
        other_lieux=told["choices"].other_lieux,
        how_in=how_in,
        meanings=[one.as_list() for one in told.get("meanings", ())],
        said_at=since,
    )
    session.execute(delete(Declaration).where(Declaration.browser_hash == said.browser_hash))
    session.add(said)
    session.flush()
    return said


def _checked(offered: Sequence[str]) -> list[str]:
    return list(skills.distinct(offered).values())


def declared_by(session: Session, *, browser: str) -> Declaration | None:
    """What this browser declared and has not yet proved."""
    return session.scalar(
        select(Declaration).where(Declaration.browser_hash == signin.browser_hash(browser))
    )


def declared_at(session: Session, *, lieu_id: int, at: datetime) -> list[Declaration]:
    """Who said at this lieu that they are here and has not proved it: for the concierge only."""
    return list(
        session.scalars(
            select(Declaration)
            .where(Declaration.lieu_id == lieu_id, Declaration.until > at)
            .order_by(Declaration.said_at, Declaration.id)
        )
    )


def drop(session: Session, said: Declaration) -> None:
    """The person is here: nothing that was said at this lieu for this address waits any more."""
    session.execute(
        delete(Declaration).where(
            Declaration.email == said.email, Declaration.lieu_id == said.lieu_id
        )
    )


def forget(session: Session, *, at: datetime) -> None:
    """Drop declarations whose stay would be over."""
    session.execute(delete(Declaration).where(Declaration.until <= at))


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    session.execute(delete(Declaration).where(Declaration.email == member.email))

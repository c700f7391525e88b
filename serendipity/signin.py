"""Signing in: a six-digit code sent to an address, typed in the browser that asked for it.

Rules kept here: a code dies on first use, after ten minutes and after five tries; it is bound to
the browser that asked; only its hash is stored; nothing tells whether an address is known; a
stranger who asks for codes over and over does not use up those of the address's owner.

`browser` is never what a cookie holds but a key made from it and from the installation's secret
(see `web.signin`): with the table alone, or the cookie alone, six digits cannot be tried out.

A guess is counted and committed before anything is done with it (`guess`, then `redeem`): were
both one transaction, a wrong code would be refused and the count rolled back with it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import limits, mail, members
from serendipity.db import Base, Key
from serendipity.errors import Expired, Invalid, NotFound
from serendipity.members import Member

LIVES = timedelta(minutes=10)
MOST_TRIES = 5


class SigninCode(Base):
    __tablename__ = "signin_code"

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(String(254), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    browser_hash: Mapped[str] = mapped_column(String(64), index=True)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("tries BETWEEN 0 AND 5", name="tries"),)


class WrongCode(Invalid):
    """Not the code that was sent. Facts: field, left (tries)."""


class CodeGone(Expired):
    """Too old, used, tried five times, or asked for in another browser: a new one is needed."""


class NobodyYet(NotFound):
    """The address is proved, but belongs to nobody here. Fact: email."""


@dataclass(frozen=True)
class Guess:
    """What a typed code came to; counted already."""

    code_id: int
    email: str
    right: bool
    left: int  # tries


def browser_hash(browser: str) -> str:
    """What is stored of a browser's key."""
    return hashlib.sha256(browser.encode()).hexdigest()


def _code_hash(code: str, email: str, browser: str) -> str:
    return hmac.new(browser.encode(), f"{email}\0{code}".encode(), hashlib.sha256).hexdigest()


def ask(
    session: Session,
    *,
    email: str,
    browser: str,
    language: str,
    at: datetime,
    place: str = "",
    handle: str = "",
) -> None:
    """Owe a code to this address, for this browser; whoever it belongs to, the same happens.

    `place` is the network address that asks, where there is one. `handle` names the page where the
    code is typed, when no browser waits for it (see `arrivals`).

    Raises
    ------
    members.BadEmail
        It cannot be an address.
    limits.TooOften
        This browser, or this place, asked too often for this address; or for too many.
    """
    email = members.plain_email(email)
    _spend(session, email=email, browser=browser, place=place, at=at)
    # The newest code counts, in this browser; another browser's code is another person's, maybe.
    session.execute(
        update(SigninCode)
        .where(
            SigninCode.email == email,
            SigninCode.browser_hash == browser_hash(browser),
            SigninCode.expires_at > at,
        )
        .values(expires_at=at)
    )
    code = f"{secrets.randbelow(10**6):06d}"
    session.add(
        SigninCode(
            email=email,
            browser_hash=browser_hash(browser),
            code_hash=_code_hash(code, email, browser),
            asked_at=at,
            expires_at=at + LIVES,
        )
    )
    session.flush()
    mail.owe(
        session,
        kind="code",
        recipient=email,
        key=secrets.token_hex(8),
        facts={"code": code, "minutes": LIVES // timedelta(minutes=1), "handle": handle},
        language=language,
        at=at,
    )


def _spend(session: Session, *, email: str, browser: str, place: str, at: datetime) -> None:
    """Count the asking where it comes from, before it counts against the address.

    A stranger who asks for somebody's codes runs into the limits of their own browser and place.
    What the address itself takes is several times that, so that its owner still gets a code; it
    only keeps a crowd of machines from filling a mailbox.
    """
    day = timedelta(days=1)
    for who in filter(None, (f"browser {browser}", f"place {place}" if place else "")):
        limits.spend(session, "code to", f"{email} {who}", most=6, within=LIVES, at=at)
        limits.spend(session, "codes a day to", f"{email} {who}", most=20, within=day, at=at)
    limits.spend(session, "code from", browser, most=10, within=LIVES, at=at)
    limits.spend(session, "code to", email, most=30, within=LIVES, at=at)
    limits.spend(session, "codes a day to", email, most=100, within=day, at=at)


def guess(session: Session, *, email: str, code: str, browser: str, at: datetime) -> Guess:
    """Count a try of this code. Commit it, then give it to `redeem`.

    Raises
    ------
    CodeGone
        There is no code that could still be right.
    """
    email = email.strip().lower()
    counted = _count_try(session, email=email, browser=browser, at=at)
    if counted is None:
        raise CodeGone()
    typed = "".join(filter(str.isdigit, code))
    code_id, code_hash, tries = counted
    right = hmac.compare_digest(code_hash, _code_hash(typed, email, browser))
    return Guess(code_id=code_id, email=email, right=right, left=MOST_TRIES - tries)


def _count_try(
    session: Session, *, email: str, browser: str, at: datetime
) -> tuple[int, str, int] | None:
    """Count a try of the newest live code: its id, its hash and its tries; None without one.

    One statement counts and checks, so that no two guesses share a try.
    """
    newest = (
        select(SigninCode.id)
        .where(
            SigninCode.email == email,
            SigninCode.browser_hash == browser_hash(browser),
            SigninCode.used_at.is_(None),
            SigninCode.expires_at > at,
        )
        .order_by(SigninCode.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    counted = session.execute(
        update(SigninCode)
        .where(SigninCode.id == newest, SigninCode.tries < MOST_TRIES)
        .values(tries=SigninCode.tries + 1)
        .returning(SigninCode.id, SigninCode.code_hash, SigninCode.tries)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if counted is None else (counted.id, counted.code_hash, counted.tries)


def prove(session: Session, *, guess: Guess, at: datetime) -> str:
    """Use up the code of a right guess; the address that it proves.

    Raises
    ------
    WrongCode
        The guess was not right.
    CodeGone
        It was used a moment ago.
    """
    if not guess.right:
        raise WrongCode(field="code", left=guess.left)
    used = session.execute(
        update(SigninCode)
        .where(SigninCode.id == guess.code_id, SigninCode.used_at.is_(None))
        .values(used_at=at)
        .returning(SigninCode.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if used is None:
        raise CodeGone()
    return guess.email


def redeem(session: Session, *, guess: Guess, at: datetime) -> Member:
    """The member whose address this right guess proves; the address is confirmed.

    Raises
    ------
    WrongCode, CodeGone
        See `prove`.
    NobodyYet
        Nobody is registered with it; see `arrivals.enter`, which registers who checks in.
    """
    email = prove(session, guess=guess, at=at)
    member = members.member_with_email(session, email)
    if member is None:
        raise NobodyYet(email=email)
    member.email_confirmed_at = member.email_confirmed_at or at
    session.flush()
    return member


def forget(session: Session, *, at: datetime) -> None:
    """Drop codes that are a day old."""
    session.execute(delete(SigninCode).where(SigninCode.asked_at < at - timedelta(days=1)))


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    session.execute(delete(SigninCode).where(SigninCode.email == member.email))

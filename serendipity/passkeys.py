"""Passkeys: a key that a member's own device keeps, and proves with a finger or a glance.

A passkey is an addition: the emailed code always remains. The device keeps the secret; what is
here is the public half, which is of no use to whoever steals the table.

Rules kept here: a challenge is used once, within five minutes, in the browser that asked for it;
a credential belongs to one member (unique); a device whose counter does not grow is refused,
because two of it exist. Taking a challenge is committed before its answer is looked at (`take`,
then `register` or `prove`): were both one transaction, a wrong answer would give it back.

webauthn is imported where it is used, late, to keep the web process light: it brings a good part
of cryptography's X.509, and most requests need none of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    LargeBinary,
    String,
    UniqueConstraint,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import limits, members, signin, words
from serendipity.db import Base, Key, PublicId
from serendipity.errors import Expired, Invalid, NotFound, Refused
from serendipity.members import Member
from serendipity.presence import Presence

LIVES: Final = timedelta(minutes=5)
MOST: Final = 10
OFFERED_AT: Final = 3  # visits
LONGEST_NAME: Final = 60


class Passkey(Base):
    __tablename__ = "passkey"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    credential: Mapped[str] = mapped_column(String(1400), unique=True)  # its id, base64url
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int]  # stays 0 for keys that are synchronised between devices
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("sign_count >= 0", name="sign_count"),)


class PasskeyChallenge(Base):
    """What a browser was asked to sign; gone when it is taken."""

    __tablename__ = "passkey_challenge"

    id: Mapped[Key]
    browser_hash: Mapped[str] = mapped_column(String(64))
    what: Mapped[str] = mapped_column(String(8))  # register or sign-in
    challenge: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("browser_hash", "what"),
        CheckConstraint("what IN ('register', 'sign-in')", name="what"),
    )


class PasskeyDeclined(Base):
    """Who said "no, thank you" when a passkey was offered; they are not asked again."""

    __tablename__ = "passkey_declined"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    at: Mapped[datetime]


class ChallengeGone(Expired):
    """It was used, is older than five minutes, or was another browser's."""


class BadPasskey(Invalid):
    """The answer does not prove what it should. Facts: why."""


class PasskeyKnown(Refused):
    """This device's passkey is registered already."""


class TooManyPasskeys(Refused):
    """Fact: most."""


class NoSuchPasskey(NotFound):
    """There is none, it is another's, or it was removed."""


@dataclass(frozen=True)
class Site:
    """Who asks: the name people know, and the address from the settings, never from a request."""

    name: str
    origin: str

    @property
    def host(self) -> str:
        return urlsplit(self.origin).hostname or "localhost"

    @property
    def can(self) -> bool:
        """Whether browsers make passkeys for it: on a name, over https or on this machine."""
        try:
            ip_address(self.host)
        except ValueError:
            return self.origin.startswith("https://") or self.host == "localhost"
        return False


def site_of(public_url: str) -> Site:
    """The installation as browsers and people know it."""
    return Site("Serendipity", public_url.rstrip("/"))


# --- challenges -----------------------------------------------------------------------------


def ask_to_register(
    session: Session, *, member_id: int, browser: str, site: Site, at: datetime
) -> str:
    """What the browser needs to make a passkey, as JSON.

    Raises
    ------
    TooManyPasskeys, limits.TooOften
    """
    import webauthn  # noqa: PLC0415 (late: see above)
    from webauthn.helpers import structs  # noqa: PLC0415

    member = members.member_named(session, member_id)
    held = passkeys_of(session, member_id=member_id)
    if len(held) >= MOST:
        raise TooManyPasskeys(most=MOST)
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=site.name,
        user_id=member.public_id.encode(),
        user_name=str(member.email),
        user_display_name=member.name,
        timeout=int(LIVES.total_seconds() * 1000),
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[
            structs.PublicKeyCredentialDescriptor(webauthn.base64url_to_bytes(one.credential))
            for one in held
        ],
    )
    _keep(session, options.challenge, what="register", browser=browser, at=at)
    return webauthn.options_to_json(options)


def ask_to_sign_in(session: Session, *, browser: str, site: Site, at: datetime) -> str:
    """What the browser needs to find a passkey by itself, as JSON: no address is asked for.

    Raises
    ------
    limits.TooOften
    """
    import webauthn  # noqa: PLC0415 (late: see above)
    from webauthn.helpers.structs import UserVerificationRequirement  # noqa: PLC0415

    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        timeout=int(LIVES.total_seconds() * 1000),
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    _keep(session, options.challenge, what="sign-in", browser=browser, at=at)
    return webauthn.options_to_json(options)


def _keep(session: Session, challenge: bytes, *, what: str, browser: str, at: datetime) -> None:
    """The newest challenge counts, one of a kind for each browser."""
    limits.spend(session, "passkey", browser, most=30, within=timedelta(minutes=10), at=at)
    held = signin.browser_hash(browser)
    session.execute(
        delete(PasskeyChallenge).where(
            PasskeyChallenge.browser_hash == held, PasskeyChallenge.what == what
        )
    )
    session.add(
        PasskeyChallenge(browser_hash=held, what=what, challenge=challenge, expires_at=at + LIVES)
    )
    session.flush()


def take(session: Session, *, what: str, browser: str, at: datetime) -> bytes:
    """The challenge of this browser, used up. Commit it, then look at the answer.

    Raises
    ------
    ChallengeGone
    """
    row = session.execute(
        delete(PasskeyChallenge)
        .where(
            PasskeyChallenge.browser_hash == signin.browser_hash(browser),
            PasskeyChallenge.what == what,
        )
        .returning(PasskeyChallenge.challenge, PasskeyChallenge.expires_at)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None or row.expires_at <= at:
        raise ChallengeGone()
    return bytes(row.challenge)


def forget(session: Session, *, at: datetime) -> None:
    """Drop challenges that nobody answered."""
    session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at <= at))


# --- registering and proving ----------------------------------------------------------------


def register(
    session: Session,
    *,
    member_id: int,
    challenge: bytes,
    answer: str,
    name: str,
    site: Site,
    at: datetime,
) -> Passkey:
    """Keep the public half of a new passkey.

    Raises
    ------
    BadPasskey, PasskeyKnown, words.*
    """
    import webauthn  # noqa: PLC0415 (late: see above)
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    try:
        proved = webauthn.verify_registration_response(
            credential=_read(answer),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise BadPasskey(why=str(error)[:200]) from error
    made = Passkey(
        member_id=member_id,
        credential=webauthn.helpers.bytes_to_base64url(proved.credential_id),
        public_key=proved.credential_public_key,
        sign_count=proved.sign_count,
        name=words.said(name, field="name", most=LONGEST_NAME),
        made_at=at,
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        raise PasskeyKnown() from error
    return made


def prove(session: Session, *, challenge: bytes, answer: str, site: Site, at: datetime) -> Member:
    """The member whose passkey signed the challenge.

    Raises
    ------
    BadPasskey
        Whatever is wrong with it, and also when nobody knows it: the two answer alike.
    """
    import webauthn  # noqa: PLC0415 (late: see above)
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    given = _read(answer)
    held = session.scalar(select(Passkey).where(Passkey.credential == str(given.get("id", ""))))
    if held is None:
        raise BadPasskey(why="unknown")
    try:
        proved = webauthn.verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=held.public_key,
            credential_current_sign_count=held.sign_count,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise BadPasskey(why=str(error)[:200]) from error
    _count(session, held, proved.new_sign_count, at=at)
    try:
        return members.member_named(session, held.member_id)
    except members.NoSuchMember as error:
        raise BadPasskey(why="unknown") from error


def _read(answer: str) -> dict[str, Any]:
    """The browser's answer, as far as its outermost shape goes."""
    try:
        given = json.loads(answer)
    except ValueError as error:
        raise BadPasskey(why="not JSON") from error
    if not isinstance(given, dict):
        raise BadPasskey(why="no answer")
    return given


def _count(session: Session, held: Passkey, new: int, *, at: datetime) -> None:
    """The counter goes on from where it was looked at: of two at once, one is refused."""
    counted = session.execute(
        update(Passkey)
        .where(Passkey.id == held.id, Passkey.sign_count == held.sign_count)
        .values(sign_count=new, used_at=at)
        .execution_options(synchronize_session=False)
    )
    if counted.rowcount != 1:  # type: ignore[attr-defined]
        raise BadPasskey(why="counter")
    session.refresh(held)


# --- one's own ------------------------------------------------------------------------------


def passkeys_of(session: Session, *, member_id: int) -> Sequence[Passkey]:
    """The member's passkeys, the oldest first."""
    return session.scalars(
        select(Passkey).where(Passkey.member_id == member_id).order_by(Passkey.id)
    ).all()


def rename(session: Session, *, public_id: str, member_id: int, name: str) -> Passkey:
    """Call it what one likes. NoSuchPasskey, words.*"""
    held = _own(session, public_id, member_id)
    held.name = words.said(name, field="name", most=LONGEST_NAME)
    session.flush()
    return held


def remove(session: Session, *, public_id: str, member_id: int) -> None:
    """It opens nothing any more. NoSuchPasskey"""
    session.delete(_own(session, public_id, member_id))
    session.flush()


def _own(session: Session, public_id: str, member_id: int) -> Passkey:
    held = session.scalar(
        select(Passkey).where(Passkey.public_id == public_id, Passkey.member_id == member_id)
    )
    if held is None:
        raise NoSuchPasskey()
    return held


def is_offered(session: Session, *, member_id: int) -> bool:
    """Whether to offer one now: from the third visit, to who has none and has not declined."""
    if session.get(PasskeyDeclined, member_id) is not None:
        return False
    if passkeys_of(session, member_id=member_id):
        return False
    visits = session.scalar(select(func.count()).where(Presence.member_id == member_id))
    return (visits or 0) >= OFFERED_AT


def decline(session: Session, *, member_id: int, at: datetime) -> None:
    """No, thank you; twice is once."""
    if session.get(PasskeyDeclined, member_id) is None:
        session.add(PasskeyDeclined(member_id=member_id, at=at))
        session.flush()


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    for noun in (Passkey, PasskeyDeclined):
        session.execute(delete(noun).where(noun.member_id == member.id))

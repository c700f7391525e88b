"""Kiosks: the screens at the doors, each paired to one lieu by a one-time code.

Rules kept here: a kiosk holds no person's session; its pairing code dies on use and after ten
minutes; a revoked kiosk shows and accepts nothing. The door code it shows is computed, never
stored: `v1.kiosk.step.hmac`, a step of fifteen seconds, accepted for forty-five. Six digits for
those who cannot scan come from the same HMAC. A poster's code, `p1.lieu.number.hmac`, stays until
the concierge replaces the poster, so who comes in by it has only declared it.

The server's clock alone computes and checks; phones and screens may think what they like of time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, String, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import words
from serendipity.db import EPOCH, Base, Key, PublicId
from serendipity.errors import Expired, Forbidden, NotFound, Refused
from serendipity.lieux import Lieu

STEP = timedelta(seconds=15)
ACCEPTED = timedelta(seconds=45)
PAIRING_LIVES = timedelta(minutes=10)
SIX = 10**6


class Kiosk(Base):
    __tablename__ = "kiosk"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), index=True)
    name: Mapped[str] = mapped_column(String(80), default="")
    pairing_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    pairing_expires_at: Mapped[datetime | None]
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)  # its cookie
    device_key: Mapped[str] = mapped_column(String(88), default="")  # what it signs with, public
    paired_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Poster(Base):
    """Which poster of a lieu opens its door; without a row it is number 1."""

    __tablename__ = "poster"

    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), primary_key=True)
    number: Mapped[int]
    replaced_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("number > 1", name="number"),)


class BadPairingCode(NotFound):
    """No kiosk waits for this code, or it waited too long: the two answer alike."""


class NotPaired(NotFound):
    """This screen has no token, or one that nobody knows."""


class NoSuchKiosk(NotFound):
    """There is none with this number at this lieu."""


class KioskRevoked(Forbidden):
    """The screen was taken away from its lieu. Fact: kiosk (its name)."""


class BadDoorCode(NotFound):
    """Not a code of one of our doors: mistyped, changed, or from elsewhere."""


class DoorCodeExpired(Expired):
    """It was a good code, but its time has passed."""


class DoorClosed(Expired):
    """The code is good, but the screen that showed it was taken away."""


class PosterReplaced(Expired):
    """It was the code of a poster, and the concierge has replaced it."""


class TwoDoorsShowIt(Refused):
    """Two doors happen to show these digits now: wait for the next ones, or scan."""


@dataclass(frozen=True)
class DoorCode:
    """What a kiosk shows for fifteen seconds."""

    code: str
    digits: str
    step: int
    changes_at: datetime


@dataclass(frozen=True)
class Door:
    """Where a code leads, and how one came in."""

    lieu_id: int
    how: str


def make_pairing(session: Session, *, lieu_id: int, name: str, at: datetime) -> str:
    """Prepare a kiosk for this lieu; the six digits to type on its screen within ten minutes.

    The hash of six digits hides little, but they are only worth something for those minutes.
    """
    session.execute(
        update(Kiosk)
        .where(Kiosk.pairing_expires_at <= at)
        .values(pairing_hash=None, pairing_expires_at=None)
    )
    waiting = set(
        session.scalars(select(Kiosk.pairing_hash).where(Kiosk.pairing_hash.is_not(None)))
    )
    code = _six_digits()
    while _hash(code) in waiting:
        code = _six_digits()
    session.add(
        Kiosk(
            lieu_id=lieu_id,
            name=words.line(name, field="name", most=80),
            pairing_hash=_hash(code),
            pairing_expires_at=at + PAIRING_LIVES,
        )
    )
    session.flush()
    return code


def pair(session: Session, *, code: str, at: datetime) -> tuple[Kiosk, str]:
    """Make this screen the kiosk that waits for the code; the kiosk and its cookie's token.

    Raises
    ------
    BadPairingCode
        Nobody waits for it.
    """
    token = secrets.token_urlsafe(32)
    paired = session.execute(
        update(Kiosk)
        .where(
            Kiosk.pairing_hash == _hash(only_digits(code)),
            Kiosk.pairing_expires_at > at,
            Kiosk.revoked_at.is_(None),
        )
        .values(
            pairing_hash=None,
            pairing_expires_at=None,
            token_hash=_hash(token),
            paired_at=at,
            seen_at=at,
        )
        .returning(Kiosk.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if paired is None:
        raise BadPairingCode()
    return session.get_one(Kiosk, paired.id, populate_existing=True), token


def revoke(session: Session, *, public_id: str, lieu_id: int, at: datetime) -> Kiosk:
    """Take a kiosk away: from now it shows nothing and its codes open nothing.

    Raises
    ------
    NoSuchKiosk
        There is none at this lieu.
    """
    kiosk = session.scalar(
        select(Kiosk).where(Kiosk.public_id == public_id, Kiosk.lieu_id == lieu_id)
    )
    if kiosk is None:
        raise NoSuchKiosk()
    kiosk.revoked_at = kiosk.revoked_at or at
    kiosk.pairing_hash = kiosk.pairing_expires_at = None
    session.flush()
    return kiosk


def kiosks_of(session: Session, *, lieu_id: int) -> list[Kiosk]:
    """The kiosks of a lieu that are not revoked, paired or waiting."""
    return list(
        session.scalars(
            select(Kiosk)
            .where(Kiosk.lieu_id == lieu_id, Kiosk.revoked_at.is_(None))
            .order_by(Kiosk.id)
        )
    )


def kiosk_with_token(session: Session, token: str) -> Kiosk:
    """The kiosk whose cookie this is.

    Raises
    ------
    NotPaired
        Nobody's.
    KioskRevoked
        It was taken away.
    """
    kiosk = session.scalar(select(Kiosk).where(Kiosk.token_hash == _hash(token)))
    if kiosk is None:
        raise NotPaired()
    if kiosk.revoked_at is not None:
        raise KioskRevoked(kiosk=kiosk.name)
    return kiosk


def seen(session: Session, *, kiosk_id: int, at: datetime) -> None:
    """Note that the screen is alive."""
    session.execute(update(Kiosk).where(Kiosk.id == kiosk_id).values(seen_at=at))


def sign_with(session: Session, *, kiosk_id: int, device_key: str) -> None:
    """Take the public key that this screen signs with what it keeps while the line is down."""
    session.execute(update(Kiosk).where(Kiosk.id == kiosk_id).values(device_key=device_key))


def door_code(kiosk: Kiosk, *, secret: str, at: datetime) -> DoorCode:
    """The code that this kiosk shows at this instant."""
    step = _step(at)
    mac = _mac(secret, f"v1.{kiosk.public_id}.{step}")
    return DoorCode(
        code=f"v1.{kiosk.public_id}.{step}.{_short(mac)}",
        digits=_digits(mac),
        step=step,
        changes_at=EPOCH + (step + 1) * STEP,
    )


def poster_code(session: Session, *, lieu: Lieu, secret: str) -> str:
    """The code that a lieu's printed poster carries, until it is replaced."""
    said = f"p1.{lieu.slug}.{_poster_number(session, lieu.id)}"
    return f"{said}.{_short(_mac(secret, said))}"


def _poster_number(session: Session, lieu_id: int) -> int:
    return session.scalar(select(Poster.number).where(Poster.lieu_id == lieu_id)) or 1


def replace_poster(session: Session, *, lieu_id: int, at: datetime) -> None:
    """From now on the posters that hang open nothing; the next one printed does.

    Two who replace at once both replace: one statement counts, whoever made the row.
    """
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(
        dialect.insert(Poster)
        .values(lieu_id=lieu_id, number=2, replaced_at=at)
        .on_conflict_do_update(
            index_elements=["lieu_id"], set_={"number": Poster.number + 1, "replaced_at": at}
        )
    )


def door_behind(session: Session, code: str, *, secret: str, at: datetime) -> Door:
    """Where a scanned code leads.

    Raises
    ------
    BadDoorCode
        Nothing that we ever showed.
    DoorCodeExpired
        Shown more than forty-five seconds ago.
    DoorClosed
        Its kiosk was revoked.
    PosterReplaced
        It hung on a poster that the concierge has replaced.
    """
    head, _, mac = code.rpartition(".")
    if not hmac.compare_digest(_short(_mac(secret, head)).encode(), mac.encode("utf-8", "replace")):
        raise BadDoorCode()
    version, _, rest = head.partition(".")
    if version == "p1":
        return _poster_door(session, rest)
    public_id, _, step = rest.rpartition(".")
    if not EPOCH + int(step) * STEP <= at < EPOCH + int(step) * STEP + ACCEPTED:
        raise DoorCodeExpired()
    kiosk = session.scalar(select(Kiosk).where(Kiosk.public_id == public_id))
    if kiosk is None or kiosk.revoked_at is not None:
        raise DoorClosed()
    return Door(kiosk.lieu_id, "qr")


def _poster_door(session: Session, said: str) -> Door:
    slug, _, number = said.rpartition(".")
    lieu_id = session.scalar(select(Lieu.id).where(Lieu.slug == slug))
    if lieu_id is None:
        raise DoorClosed()
    if number != str(_poster_number(session, lieu_id)):
        raise PosterReplaced()
    return Door(lieu_id, "poster")


def door_with_digits(session: Session, digits: str, *, secret: str, at: datetime) -> Door:
    """Where six typed digits lead: they say no kiosk, so every screen that is up is tried.

    Limit how often somebody may ask this (`limits.spend`): with many screens in a network, a
    guess has a chance of three in a million times their number.

    Raises
    ------
    BadDoorCode
        No screen shows them, or no longer.
    TwoDoorsShowIt
        Screens of two lieux show them.
    """
    typed = only_digits(digits)
    screens = session.execute(
        select(Kiosk.public_id, Kiosk.lieu_id).where(
            Kiosk.paired_at.is_not(None), Kiosk.revoked_at.is_(None)
        )
    )
    steps = range(_step(at) - 2, _step(at) + 1)
    lieux = {
        lieu_id
        for public_id, lieu_id in screens
        for step in steps
        if _digits(_mac(secret, f"v1.{public_id}.{step}")) == typed
    }
    if not lieux:
        raise BadDoorCode()
    if len(lieux) > 1:
        raise TwoDoorsShowIt()
    return Door(lieux.pop(), "digits")


def only_digits(typed: str) -> str:
    """What is left of "482 917" or "482-917"."""
    return "".join(character for character in typed if character in "0123456789")


def _step(at: datetime) -> int:
    return (at - EPOCH) // STEP


def _mac(secret: str, said: str) -> bytes:
    key = hmac.digest(secret.encode(), b"serendipity door", "sha256")
    return hmac.digest(key, said.encode("utf-8", "replace"), "sha256")


def _short(mac: bytes) -> str:
    """96 bits of it, as base64url: 16 characters, so that the squares of the code stay large."""
    return base64.urlsafe_b64encode(mac[:12]).decode()


def _digits(mac: bytes) -> str:
    return f"{int.from_bytes(mac[16:24], 'big') % SIX:06d}"


def _six_digits() -> str:
    return f"{secrets.randbelow(SIX):06d}"


def _hash(said: str) -> str:
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()

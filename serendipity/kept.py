"""Kept check-ins: what a kiosk took while the line was down, sent again until it is answered.

Each has an id made by the kiosk, the time at which it was typed, and closed words (see `sealing`).

Rules kept here: each counts once, however often it is sent and in whatever order (unique kiosk and
id); one typed in the last 72 hours, and not more than five minutes ahead of our clock, becomes a
declaration as if it had been said then; any other, and one whose day is over or that does not hold
together, is listed for the concierge, and none is dropped. A kiosk that was taken away sends
nothing any more (`kiosks.KioskRevoked`); what it did not sign is refused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import arrivals, hours, members, sealing, skills, words
from serendipity.db import EPOCH, MICROSECOND, Base, Key, PublicId
from serendipity.errors import Invalid, NotFound
from serendipity.kiosks import Kiosk
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.presence import Presence

Outcome = Literal["declared", "clock", "over", "unreadable"]

OLDEST: Final = timedelta(hours=72)
AHEAD: Final = timedelta(minutes=5)
KEPT: Final = timedelta(days=30)  # so long a kiosk may send the same again
LONGEST_ID = 36


class KeptCheckIn(Base):
    """One check-in that a kiosk kept: what became of it."""

    __tablename__ = "kept_check_in"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    kiosk_id: Mapped[int] = mapped_column(ForeignKey("kiosk.id"))
    event: Mapped[str] = mapped_column(String(LONGEST_ID))  # the id that the kiosk gave it
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(120), default="")  # only while a concierge must look
    email: Mapped[str] = mapped_column(String(254), default="")
    skills: Mapped[list[Any]] = mapped_column(default=list)
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("kiosk_id", "event"),
        CheckConstraint("outcome IN ('declared', 'clock', 'over', 'unreadable')", name="outcome"),
        CheckConstraint(
            "outcome <> 'declared' OR (occurred_at >= received_at - "
            f"{OLDEST // MICROSECOND} AND occurred_at <= received_at + {AHEAD // MICROSECOND})",
            name="window",
        ),
        CheckConstraint("outcome <> 'declared' OR (name = '' AND email = '')", name="no_words"),
    )


class NoSuchKeptCheckIn(NotFound):
    """There is none at this lieu that waits for the concierge."""


class BadEvent(Invalid):
    """Not a kept check-in at all. Fact: field."""


@dataclass(frozen=True)
class Event:
    """What a kiosk sends: `at` in milliseconds since 1970, the rest in base64url."""

    event: str
    at: int
    sealed: str
    signature: str

    @property
    def about(self) -> bytes:
        """What the words were closed about."""
        return f"{self.event}.{self.at}".encode()

    @property
    def signed(self) -> bytes:
        return self.about + b"." + self.sealed.encode()

    @property
    def occurred_at(self) -> datetime:
        return EPOCH + timedelta(milliseconds=self.at)


def event_from(given: Any) -> Event:
    """One of the things that a kiosk sent.

    Raises
    ------
    BadEvent
        It is none.
    """
    try:
        event = Event(**given)
    except TypeError as error:
        raise BadEvent(field="event") from error
    texts = (event.event, event.sealed, event.signature)
    if not all(isinstance(text, str) and text.isascii() for text in texts):
        raise BadEvent(field="event")
    if not 1 <= len(event.event) <= LONGEST_ID or "\0" in event.event:
        raise BadEvent(field="event")
    # Instants up to the year 9999; bool is an int, too.
    if type(event.at) is not int or not 0 <= event.at < 253_402_300_800_000:
        raise BadEvent(field="at")
    return event


def take(session: Session, *, kiosk: Kiosk, event: Event, secret: str, at: datetime) -> KeptCheckIn:
    """Make of a kept check-in what it says, once; the same answer whenever it comes again.

    Raises
    ------
    sealing.NotSealed
        This kiosk did not sign it.
    """
    sealing.check_signature(kiosk.device_key, event.signature, event.signed)
    before = _taken(session, kiosk.id, event.event)
    if before is not None:
        return before
    try:
        with session.begin_nested():
            return _take(session, kiosk, event, secret=secret, at=at)
    except IntegrityError:  # it came twice at once: the other one counts
        again = _taken(session, kiosk.id, event.event)
        if again is None:
            raise
        return again


def _taken(session: Session, kiosk_id: int, event: str) -> KeptCheckIn | None:
    return session.scalar(
        select(KeptCheckIn).where(KeptCheckIn.kiosk_id == kiosk_id, KeptCheckIn.event == event)
    )


def _take(
    session: Session, kiosk: Kiosk, event: Event, *, secret: str, at: datetime
) -> KeptCheckIn:
    row = KeptCheckIn(
        kiosk_id=kiosk.id, event=event.event, occurred_at=event.occurred_at, received_at=at
    )
    told = _told(session, kiosk, event, secret=secret)
    row.outcome = _outcome(session, told, event.occurred_at, secret=secret, at=at)
    if told is not None and row.outcome != "declared":
        row.email, row.skills = told["email"], list(told["skills"])
        row.name = told["name"] or arrivals.name_in(told["email"])
    session.add(row)
    session.flush()
    return row


def _outcome(
    session: Session, told: arrivals.Told | None, since: datetime, *, secret: str, at: datetime
) -> Outcome:
    """Declare what was told, if it can be; otherwise why the concierge has to look."""
    if told is None:
        return "unreadable"
    if not at - OLDEST <= since <= at + AHEAD:
        return "clock"
    since = min(since, at)
    if min(told["until"], hours.closing(session, lieu=told["lieu"], at=since)) <= at:
        return "over"
    arrivals.declare_at_kiosk(session, secret=secret, at=at, since=since, **told)
    return "declared"


def _told(session: Session, kiosk: Kiosk, event: Event, *, secret: str) -> arrivals.Told | None:
    """The words of a kept check-in; None when they are none that we could keep."""
    try:
        said = json.loads(sealing.opened(secret, kiosk.public_id, event.sealed, event.about))
        lieu = session.get_one(Lieu, kiosk.lieu_id)
        return _as_told(said, lieu, hours.closing(session, lieu=lieu, at=event.occurred_at))
    except (Invalid, ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None


def _as_told(said: Any, lieu: Lieu, closing: datetime) -> arrivals.Told:
    """What was said, cut to what fits: nobody stands there any more to say it shorter."""
    offered = [one[: words.MOST] for one in skills.split(said["skills"])][: skills.MOST_SKILLS]
    return arrivals.Told(
        lieu=lieu,
        email=members.plain_email(said["email"]),
        name=words.line(said["name"][: members.LONGEST_NAME], field="name"),
        skills=list(skills.distinct(offered).values()),
        need=words.line(said["need"][: words.MOST], field="need"),
        until=EPOCH + timedelta(seconds=int(said["until"])) if said["until"] else closing,
        choices=arrivals.Choices(*(said[name] is True for name in arrivals.SWITCHES)),
        language=said["language"] if said["language"] in members.SCREEN_LANGUAGES else "en",
    )


def waiting(session: Session, *, lieu_id: int) -> list[KeptCheckIn]:
    """Those of this lieu that a concierge has to look at, oldest first."""
    return list(
        session.scalars(
            select(KeptCheckIn)
            .join(Kiosk, Kiosk.id == KeptCheckIn.kiosk_id)
            .where(
                Kiosk.lieu_id == lieu_id,
                KeptCheckIn.outcome != "declared",
                KeptCheckIn.settled_at.is_(None),
            )
            .order_by(KeptCheckIn.occurred_at, KeptCheckIn.id)
        )
    )


def settle(session: Session, *, public_id: str, lieu_id: int, at: datetime) -> KeptCheckIn:
    """The concierge has looked at it: it is no longer listed, and its words are forgotten.

    Raises
    ------
    NoSuchKeptCheckIn
        None at this lieu that waits.
    """
    row = _waiting(session, public_id, lieu_id)
    row.settled_at = at
    _empty(row)
    session.flush()
    return row


def vouch(session: Session, *, public_id: str, lieu_id: int, at: datetime) -> Presence:
    """The concierge sees the person: they are here, from now until closing time.

    As with any declaration, seeing somebody proves no address: a known member gets the stay only.

    Raises
    ------
    NoSuchKeptCheckIn
        None at this lieu that waits and says who it was.
    """
    row = _waiting(session, public_id, lieu_id)
    if not row.email:
        raise NoSuchKeptCheckIn()
    lieu = session.get_one(Lieu, lieu_id)
    known = members.member_with_email(session, row.email)
    stay = arrivals.arrive(
        session,
        lieu=lieu,
        member=known,
        email=row.email,
        name=row.name,
        skills=None if known else row.skills,
        until=hours.closing(session, lieu=lieu, at=at),
        how_in="concierge",
        at=at,
        confirmed=True,
    )
    settle(session, public_id=public_id, lieu_id=lieu_id, at=at)
    return stay


def _waiting(session: Session, public_id: str, lieu_id: int) -> KeptCheckIn:
    for row in waiting(session, lieu_id=lieu_id):
        if row.public_id == public_id:
            return row
    raise NoSuchKeptCheckIn()


def _empty(row: KeptCheckIn) -> None:
    row.name, row.email, row.skills = "", "", []


def forget(session: Session, *, at: datetime) -> int:
    """Drop what came a month ago: sent once more, it would be too old to count."""
    gone = session.execute(
        delete(KeptCheckIn).where(KeptCheckIn.received_at < at - KEPT).returning(KeptCheckIn.id)
    )
    return len(gone.all())


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    for row in session.scalars(select(KeptCheckIn).where(KeptCheckIn.email == member.email)):
        _empty(row)

"""The outbox: what is owed, to whom, and whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import many, members
from serendipity.db import Base, Key, PublicId, add_if_new, new_public_id
from serendipity.errors import Invalid, NotFound, Refused
from serendipity.members import Member

CLAIM: Final = timedelta(minutes=2)
MINUTE: Final = timedelta(minutes=1)
COUNTING: Final = 7_301  # our number among PostgreSQL's advisory locks
# A server may take ten minutes to answer DATA (RFC 5321, 4.5.3.2.6); nobody is still at it after.
DATA_WINDOW: Final = timedelta(minutes=10)
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=6)
MOST_TRIES: Final = 12  # with the waits doubling, a server may be away for a day and a half


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of letter is, beside its template."""

    urgent: bool = False  # somebody waits in front of a screen: it leaves before the night's
    lives: timedelta | None = None  # pointless after; then it is withdrawn
    secrets: tuple[str, ...] = ()  # facts that are wiped when it has left
    by_consent: bool = False  # only while everybody in it agrees to introductions by mail


KINDS: Final[dict[str, Kind]] = {
    "code": Kind(urgent=True, lives=timedelta(minutes=10), secrets=("code",)),
    "call": Kind(urgent=True, lives=timedelta(minutes=10)),
    "missed": Kind(lives=timedelta(days=2), by_consent=True),
    "booking": Kind(),
    "seat": Kind(),
    "seat_reminder": Kind(lives=timedelta(hours=24)),
    "agreed": Kind(by_consent=True),
    "meeting": Kind(by_consent=True),
    "invoice": Kind(),
    "hurry": Kind(urgent=True, lives=timedelta(minutes=30)),
    "refund": Kind(),
    "introduction": Kind(lives=timedelta(hours=48), by_consent=True),
    "reminder": Kind(lives=timedelta(days=7), by_consent=True),
    "silence": Kind(lives=timedelta(days=7)),
    "word": Kind(lives=timedelta(days=7), by_consent=True),
    "digest": Kind(lives=timedelta(days=3)),
    "met": Kind(lives=timedelta(days=7), by_consent=True),
    "again": Kind(lives=timedelta(days=14), by_consent=True),
    "together": Kind(),  # each said so themself, knowing that a letter follows
    "story": Kind(lives=timedelta(days=14)),
}


class Letter(Base):
    __tablename__ = "letter"

    id: Mapped[Key]
    public_id: Mapped[PublicId]  # stable Message-ID
    kind: Mapped[str] = mapped_column(String(24))
    recipient: Mapped[str] = mapped_column(String(254))
    key: Mapped[str] = mapped_column(String(120))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    lieu_id: Mapped[int | None] = mapped_column(ForeignKey("lieu.id"), index=True)
    language: Mapped[str] = mapped_column(String(2))
    facts: Mapped[dict[str, Any]]  # what the template needs; rendered when sent
    urgent: Mapped[bool] = mapped_column(default=False)
    owed_at: Mapped[datetime]
    next_try_at: Mapped[datetime]  # also the end of a claim
    claimed_at: Mapped[datetime | None]  # somebody is at it, until `next_try_at`
    tries: Mapped[int] = mapped_column(default=0)
    sending_at: Mapped[datetime | None] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
    uncertain_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]  # no longer true or no longer agreed when its turn came
    bounced_at: Mapped[datetime | None]  # a server took it, and later it came back
    why: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        UniqueConstraint("kind", "recipient", "key"),
        # Only what still waits: the index stays small however many letters were ever sent.
        Index(
            "ix_letter_waiting",
            "urgent",
            "next_try_at",
            sqlite_where=text("sending_at IS NULL AND failed_at IS NULL AND withdrawn_at IS NULL"),
            postgresql_where=text(
                "sending_at IS NULL AND failed_at IS NULL AND withdrawn_at IS NULL"
            ),
        ),
        CheckConstraint("sent_at IS NULL OR sending_at IS NOT NULL", name="sending_first"),
        CheckConstraint("uncertain_at IS NULL OR sending_at IS NOT NULL", name="uncertain_after"),
        CheckConstraint("sent_at IS NULL OR failed_at IS NULL", name="one_end"),
    )


class NoSuchLetter(NotFound):
    """Fact: public_id."""


class NoSuchKind(Invalid):
    """Fact: kind."""


class UnusableAddress(Invalid):
    """An address that no mail can go to. Facts: field, given."""


class NotOurs(Refused):
    """The claim has run out and another may have the letter. Fact: letter."""


# --- owing ----------------------------------------------------------------------------------


def owe(
    session: Session,
    *,
    kind: str,
    recipient: str,
    key: str,
    facts: dict[str, Any],
    language: str,
    at: datetime,
    member_id: int | None = None,
    lieu_id: int | None = None,
    not_before: datetime | None = None,
) -> Letter:
    """Put a letter in the outbox, or return the one already owed under this key.

    Raises
    ------
    NoSuchKind, UnusableAddress
    """
    row = _row(
        kind=kind,
        recipient=recipient,
        key=key,
        facts=facts,
        language=language,
        at=at,
        member_id=member_id,
        lieu_id=lieu_id,
    )
    # One statement, because what a letter is about is locked until it is owed.
    row["next_try_at"] = not_before or at
    new = add_if_new(session, Letter, **row)
    if new is not None:
        return new
    return session.scalars(_under(kind, row["recipient"], key)).one()


def owe_all(session: Session, letters: Sequence[dict[str, Any]], *, at: datetime) -> int:
    """Put many letters in the outbox at once; how many were not owed yet.

    Each is what `owe` takes by name. Used by the night, which owes a thousand at once.

    Raises
    ------
    NoSuchKind, UnusableAddress
    """
    rows = [_row(**letter, at=at) for letter in letters]
    return len(many.add(session, Letter, rows, returning=[Letter.id], unless_there=True))


def _row(
    *,
    kind: str,
    recipient: str,
    key: str,
    facts: dict[str, Any],
    language: str,
    at: datetime,
    member_id: int | None = None,
    lieu_id: int | None = None,
) -> dict[str, Any]:
    if kind not in KINDS:
        raise NoSuchKind(kind=kind)
    return {
        "public_id": new_public_id(),
        "kind": kind,
        "recipient": usable_address(recipient),
        "key": key,
        "member_id": member_id,
        "lieu_id": lieu_id,
        "language": language,
        "facts": facts,
        "urgent": KINDS[kind].urgent,
        "owed_at": at,
        "next_try_at": at,
        "tries": 0,
        "why": "",
    }


def letter_owed(session: Session, *, kind: str, recipient: str, key: str) -> Letter | None:
    """The letter owed under this key, if any."""
    return session.scalar(_under(kind, recipient, key))


def _under(kind: str, recipient: str, key: str) -> Select[Letter]:
    return select(Letter).where(
        Letter.kind == kind, Letter.recipient == recipient, Letter.key == key
    )


def usable_address(given: str) -> str:
    """The address in the one spelling we keep.

    Raises
    ------
    UnusableAddress
        It has no @, is too long, or carries spaces, brackets or control characters, with which a
        header could be written.
    """
    address = given.strip().lower()
    local, at_sign, domain = address.rpartition("@")
    odd = any(ord(c) <= 32 or ord(c) == 127 or c in '<>,;\\"' for c in address)
    if odd or not local or not at_sign or not domain or len(address) > 254:
        raise UnusableAddress(field="email", given=given)
    return address


# --- claiming -------------------------------------------------------------------------------


def claim(
    session: Session, *, at: datetime, limit: int, per_minute: int | None = None
) -> Sequence[Letter]:
    """Letters whose turn it is, ours for two minutes: urgent ones first, then the oldest.

    Two workers never claim the same letter: PostgreSQL skips rows that another holds, SQLite has
    one writer at a time. With `per_minute`, no more are claimed than may still begin: those begun
    in the last minute and those that somebody holds now count, so that however many workers there
    are, no minute sees more.
    """
    if per_minute is not None:
        _one_at_a_time(session)
        limit = min(
            limit, per_minute - begun_since(session, since=at - MINUTE) - _held(session, at)
        )
    if limit <= 0:
        return []
    ids = session.scalars(
        select(Letter.id)
        .where(*_waiting(), Letter.next_try_at <= at)
        .order_by(Letter.urgent.desc(), Letter.next_try_at, Letter.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    session.execute(
        update(Letter).where(Letter.id.in_(ids)).values(next_try_at=at + CLAIM, claimed_at=at),
        execution_options={"synchronize_session": False},
    )
    return session.scalars(
        select(Letter)
        .where(Letter.id.in_(ids))
        .order_by(Letter.urgent.desc(), Letter.owed_at, Letter.id)
        .execution_options(populate_existing=True)
    ).all()


def due(session: Session, *, at: datetime) -> int:
    """How many letters wait for their turn now."""
    waiting = select(func.count()).where(*_waiting(), Letter.next_try_at <= at)
    return session.scalar(waiting) or 0


def _waiting() -> list[ColumnElement[bool]]:
    return [
        Letter.sending_at.is_(None),
        Letter.failed_at.is_(None),
        Letter.withdrawn_at.is_(None),
    ]


def _one_at_a_time(session: Session) -> None:
    """Who counts what may still leave must be alone in counting, until the claim is committed."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(COUNTING)))


def _held(session: Session, at: datetime) -> int:
    """How many letters are claimed by somebody now and have not begun."""
    held = select(func.count()).where(
        *_waiting(), Letter.next_try_at > at, Letter.claimed_at > at - CLAIM
    )
    return session.scalar(held) or 0


def begun_since(session: Session, *, since: datetime) -> int:
    """How many letters were begun after this instant: what the provider's limit counts."""
    begun = select(func.count()).select_from(Letter).where(Letter.sending_at > since)
    return session.scalar(begun) or 0


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    """Nothing more is sent, and no letter says any longer to whom it went or what it said."""
    letters = session.scalars(
        select(Letter).where(
            or_(Letter.member_id == member.id, Letter.recipient == str(member.email))
        )
    )
    for letter in letters:
        if letter.sending_at is None and letter.failed_at is None and letter.withdrawn_at is None:
            letter.withdrawn_at, letter.why = at, "erased"
        letter.recipient = f"erased-{letter.id}@invalid"
        letter.facts = {}
    session.flush()

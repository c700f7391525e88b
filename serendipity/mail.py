"""Mail: the outbox. An email is owed in the transaction that owes it, and delivered after.

Rules kept here: an email is owed once (unique kind, recipient, key). Who wants to send a letter
claims it for two minutes (a crash before it leaves costs those two minutes, no more). `sending` is
committed just before the DATA command and `sent` just after the server's 250; what died between
the two is `uncertain`, shown to a person and never sent again blindly. The honest promise: at most
once, and never silently lost. A secret in a letter (a sign-in code) is wiped when it has left.

What each kind of letter needs in its facts (instants in ISO 8601, ids are public ids):

    code          code, minutes                                 signing in
    introduction  introduction, reasons, members                the night; names nobody
    agreed        introduction                                  both said yes; names are looked up
    reminder      introduction                                  did you meet?
    call          call, words                                   somebody asks you for ten minutes
    booking       booking, organisation, room, starts_at, ends_at, people, net_cents, vat_cents,
                  currency                                      a room is booked
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import members
from serendipity.db import Base, Key, PublicId
from serendipity.errors import Invalid, NotFound, Refused
from serendipity.members import Member

CLAIM: Final = timedelta(minutes=2)
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
    by_consent: bool = False  # only for members who agreed to introductions by mail


KINDS: Final[dict[str, Kind]] = {
    "code": Kind(urgent=True, lives=timedelta(minutes=10), secrets=("code",)),
    "call": Kind(urgent=True, lives=timedelta(minutes=10)),
    "booking": Kind(),
    "agreed": Kind(),
    "introduction": Kind(lives=timedelta(hours=48), by_consent=True),
    "reminder": Kind(lives=timedelta(days=7), by_consent=True),
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
    tries: Mapped[int] = mapped_column(default=0)
    sending_at: Mapped[datetime | None] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
    uncertain_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]  # no longer true or no longer agreed when its turn came
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
    if kind not in KINDS:
        raise NoSuchKind(kind=kind)
    recipient = usable_address(recipient)
    owed = letter_owed(session, kind=kind, recipient=recipient, key=key)
    if owed is not None:
        return owed
    letter = Letter(
        kind=kind,
        recipient=recipient,
        key=key,
        member_id=member_id,
        lieu_id=lieu_id,
        language=language,
        facts=facts,
        urgent=KINDS[kind].urgent,
        owed_at=at,
        next_try_at=not_before or at,
    )
    try:
        with session.begin_nested():
            session.add(letter)
    except IntegrityError:  # another transaction owed it a moment ago: theirs is the letter
        owed = letter_owed(session, kind=kind, recipient=recipient, key=key)
        if owed is None:
            raise
        return owed
    return letter


def letter_owed(session: Session, *, kind: str, recipient: str, key: str) -> Letter | None:
    """The letter owed under this key, if any."""
    return session.scalar(
        select(Letter).where(Letter.kind == kind, Letter.recipient == recipient, Letter.key == key)
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


def claim(session: Session, *, at: datetime, limit: int) -> Sequence[Letter]:
    """Letters whose turn it is, ours for two minutes: urgent ones first, then the oldest.

    Two workers never claim the same letter: PostgreSQL skips rows that another holds, SQLite has
    one writer at a time.
    """
    if limit <= 0:
        return []
    ids = session.scalars(
        select(Letter.id)
        .where(
            Letter.sending_at.is_(None),
            Letter.failed_at.is_(None),
            Letter.withdrawn_at.is_(None),
            Letter.next_try_at <= at,
        )
        .order_by(Letter.urgent.desc(), Letter.next_try_at, Letter.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    session.execute(
        update(Letter).where(Letter.id.in_(ids)).values(next_try_at=at + CLAIM),
        execution_options={"synchronize_session": False},
    )
    return session.scalars(
        select(Letter)
        .where(Letter.id.in_(ids))
        .order_by(Letter.urgent.desc(), Letter.owed_at, Letter.id)
        .execution_options(populate_existing=True)
    ).all()


def begun_since(session: Session, *, since: datetime) -> int:
    """How many letters were begun after this instant: what the provider's limit counts."""
    return (
        session.scalar(select(func.count()).select_from(Letter).where(Letter.sending_at > since))
        or 0
    )


# --- the life of a letter -------------------------------------------------------------------


def begin(session: Session, *, letter_id: int, claimed_until: datetime, at: datetime) -> None:
    """Commit this, then send: from here on the letter may have left.

    Raises
    ------
    NotOurs
        The claim ran out and somebody else took the letter, or it was withdrawn meanwhile.
    """
    begun = session.execute(
        update(Letter)
        .where(
            Letter.id == letter_id,
            Letter.next_try_at == claimed_until,
            Letter.sending_at.is_(None),
            Letter.failed_at.is_(None),
            Letter.withdrawn_at.is_(None),
        )
        .values(sending_at=at, tries=Letter.tries + 1)
    )
    if begun.rowcount != 1:  # type: ignore[attr-defined]
        raise NotOurs(letter=letter_id)


def sent(session: Session, *, letter_id: int, at: datetime) -> None:
    """The server took it."""
    letter = _letter(session, letter_id)
    letter.sent_at = at
    letter.why = ""
    _wipe(letter)


def uncertain(session: Session, *, letter_id: int, why: str, at: datetime) -> None:
    """It may have left or not; a person decides, no machine sends it again."""
    letter = _letter(session, letter_id)
    letter.uncertain_at = at
    letter.why = why
    _wipe(letter)


def failed(session: Session, *, letter_id: int, why: str, at: datetime) -> None:
    """It will never arrive like this: the address or the letter is refused for good."""
    letter = _letter(session, letter_id)
    letter.sending_at = None
    letter.failed_at = at
    letter.why = why
    _wipe(letter)


def withdraw(session: Session, *, letter_id: int, why: str, at: datetime) -> None:
    """It is no longer true, or no longer agreed to."""
    letter = _letter(session, letter_id)
    letter.withdrawn_at = at
    letter.why = why
    _wipe(letter)


def try_again(session: Session, *, letter_id: int, why: str, at: datetime) -> None:
    """The server said "later", or was away: it has not left. After the last try it has failed."""
    letter = _letter(session, letter_id)
    if letter.sending_at is None:
        letter.tries += 1
    letter.sending_at = None
    if letter.tries >= MOST_TRIES:
        failed(session, letter_id=letter_id, why=why, at=at)
        return
    letter.next_try_at = at + waiting_time(letter.tries)
    letter.why = why


def waiting_time(tries: int) -> timedelta:
    """How long to wait after so many tries: one minute, two, four, … at most six hours."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(max(tries, 1) - 1, 16)
    return min(doubled, LONGEST_WAIT)


def send_again(session: Session, *, public_id: str, at: datetime) -> Letter:
    """A person looked at a failed or uncertain letter and wants it sent once more.

    Raises
    ------
    NoSuchLetter
        There is none, or it is neither failed nor uncertain, or its secret is gone.
    """
    letter = session.scalar(
        select(Letter).where(Letter.public_id == public_id, Letter.sent_at.is_(None))
    )
    if letter is None or not (letter.failed_at or letter.uncertain_at) or _is_wiped(letter):
        raise NoSuchLetter(public_id=public_id)
    letter.failed_at = letter.uncertain_at = letter.sending_at = None
    letter.tries = 0
    letter.next_try_at = at
    return letter


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


# --- reads ----------------------------------------------------------------------------------


def orphans(session: Session, *, at: datetime) -> Sequence[Letter]:
    """Letters begun so long ago that whoever sent them is dead, with no word of how it ended."""
    return session.scalars(
        select(Letter).where(
            Letter.sending_at <= at - DATA_WINDOW,
            Letter.sent_at.is_(None),
            Letter.uncertain_at.is_(None),
            Letter.failed_at.is_(None),
        )
    ).all()


def troubles(session: Session, *, limit: int = 100) -> Sequence[Letter]:
    """Letters that a person should look at: uncertain or failed, newest first."""
    return session.scalars(
        select(Letter)
        .where(Letter.uncertain_at.is_not(None) | Letter.failed_at.is_not(None))
        .where(Letter.sent_at.is_(None))
        .order_by(Letter.owed_at.desc())
        .limit(limit)
    ).all()


def tally(session: Session) -> dict[str, int]:
    """How many letters are waiting, sending, sent, uncertain, failed, withdrawn."""
    names = ("sent", "uncertain", "failed", "withdrawn")
    columns = [func.count(getattr(Letter, f"{name}_at")) for name in names]
    row = session.execute(select(func.count(), func.count(Letter.sending_at), *columns)).one()
    total, begun, *ends = row
    counts = dict(zip(names, ends, strict=True))
    counts["sending"] = begun - counts["sent"] - counts["uncertain"]
    counts["waiting"] = total - begun - counts["failed"] - counts["withdrawn"]
    return counts


def is_too_late(letter: Letter, *, at: datetime) -> bool:
    """Whether the letter has outlived its sense."""
    lives = KINDS[letter.kind].lives
    return lives is not None and at >= letter.owed_at + lives


def _letter(session: Session, letter_id: int) -> Letter:
    letter = session.get(Letter, letter_id, populate_existing=True)
    if letter is None:
        raise NoSuchLetter(letter=letter_id)
    return letter


def _wipe(letter: Letter) -> None:
    secrets = KINDS[letter.kind].secrets
    if secrets:
        letter.facts = {name: fact for name, fact in letter.facts.items() if name not in secrets}


def _is_wiped(letter: Letter) -> bool:
    return any(name not in letter.facts for name in KINDS[letter.kind].secrets)

"""The life of a letter, from its first try to its end, and what to tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from serendipity.mail.outbox import (
    DATA_WINDOW,
    FIRST_WAIT,
    KINDS,
    LONGEST_WAIT,
    MOST_TRIES,
    Letter,
    NoSuchLetter,
    NotOurs,
)


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
    letter.sending_at = letter.claimed_at = None
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
    letter.failed_at = letter.uncertain_at = letter.sending_at = letter.claimed_at = None
    letter.tries = 0
    letter.next_try_at = at
    return letter


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
    """Letters that a person should look at: uncertain, failed or come back, newest first."""
    ended_badly = Letter.uncertain_at.is_not(None) | Letter.failed_at.is_not(None)
    return session.scalars(
        select(Letter)
        .where((ended_badly & Letter.sent_at.is_(None)) | Letter.bounced_at.is_not(None))
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

"""Stopping letters: from the letter itself, without signing in.

Every letter that goes out by consent carries an address that only its reader can know: the
letter's public id and a signature of it. Reading that page changes nothing (mail scanners open
links); posting to it, by a person or by the mail program's own button (RFC 8058), does.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import consent, members
from serendipity.mail.outbox import Letter, NoSuchLetter

PAUSE: Final = timedelta(days=30)


def stop_token(letter: Letter, *, secret: str) -> str:
    """What the address in the letter ends with."""
    return f"{letter.public_id}.{_signature(letter.public_id, secret)}"


def letter_of(session: Session, *, token: str, secret: str) -> Letter:
    """The letter that this address was in.

    Raises
    ------
    NoSuchLetter
        Not our signature, or a letter that belongs to no member and lieu.
    """
    public_id, _, signature = token.rpartition(".")
    right = hmac.compare_digest(_signature(public_id, secret).encode(), signature.encode())
    letter = session.scalar(
        select(Letter).where(
            Letter.public_id == public_id,
            Letter.member_id.is_not(None),
            Letter.lieu_id.is_not(None),
        )
    )
    if not right or letter is None:
        raise NoSuchLetter(token=token[:80])
    return letter


def stop(session: Session, *, token: str, secret: str, at: datetime) -> Letter:
    """No more introductions by mail from this lieu; doing it twice changes nothing."""
    letter = letter_of(session, token=token, secret=secret)
    member_id, lieu_id = _whose(letter)
    before = consent.of(session, member_id=member_id, lieu_id=lieu_id)
    if before.by_mail:
        consent.choose(
            session,
            member_id=member_id,
            lieu_id=lieu_id,
            here_today=before.here_today,
            by_mail=False,
            other_lieux=before.other_lieux,
            at=at,
        )
    return letter


def pause(session: Session, *, token: str, secret: str, at: datetime) -> Letter:
    """No suggestions for a month; a longer pause that is already there stays."""
    letter = letter_of(session, token=token, secret=secret)
    member_id, _ = _whose(letter)
    until = at + PAUSE
    member = members.member_named(session, member_id)
    if member.paused_until is None or member.paused_until < until:
        members.pause(session, member_id=member_id, until=until)
    return letter


def _whose(letter: Letter) -> tuple[int, int]:
    if letter.member_id is None or letter.lieu_id is None:
        raise NoSuchLetter(public_id=letter.public_id)
    return letter.member_id, letter.lieu_id


def _signature(public_id: str, secret: str) -> str:
    keyed = hmac.new(secret.encode(), f"letter:{public_id}".encode(), hashlib.sha256)
    return keyed.hexdigest()[:32]

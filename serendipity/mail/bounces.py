"""Bounces: addresses that no longer take mail, and how we learn of it.

Two ways: the server refuses the recipient for good while we hand a letter over, or it takes the
letter and a delivery report (RFC 3464) comes back later, which `serendipity mail bounces` reads.

Rules kept here: an address is marked once, with the reason; nothing is sent to a marked address
but what somebody is waiting for in front of a screen (a sign-in code), and a letter that a server
takes lifts the mark; a report about a letter that is not ours, or about a delay, marks nothing.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import Message
from typing import Any

from sqlalchemy import String, Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import members
from serendipity.db import Base, insert_new
from serendipity.mail.outbox import Letter, UnusableAddress, usable_address
from serendipity.members import Member

# 5.1.x: the address is wrong; 5.2.1: the mailbox is switched off. Others (too large, policy, spam)
# say nothing about the address.
ADDRESS_IS_GONE = re.compile(r"\b5\.(?:1\.\d+|2\.1)\b")
ANY_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
GONE_CODES = ("550", "551", "553")


class BouncedAddress(Base):
    __tablename__ = "bounced_address"

    address: Mapped[str] = mapped_column(String(254), primary_key=True)
    at: Mapped[datetime]
    why: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class Report:
    """What a delivery report says of one recipient."""

    recipient: str
    message_id: str  # of our letter, without the brackets; empty when it does not say
    why: str


def says_gone(answer: str) -> bool:
    """Whether a server's refusal of a recipient means that the address takes no mail.

    Examples
    --------
    >>> says_gone("550 5.1.1 no such person"), says_gone("550 5.7.1 relaying denied")
    (True, False)
    >>> says_gone("550 unknown"), says_gone("552 message too large")
    (True, False)
    """
    if ANY_STATUS.search(answer):
        return bool(ADDRESS_IS_GONE.search(answer))
    return answer.startswith(GONE_CODES)


def mark(session: Session, *, address: str, why: str, at: datetime) -> BouncedAddress:
    """Nothing more goes to this address; marked twice is marked once, with the first reason."""
    row = {"address": usable_address(address), "why": why[:500], "at": at}
    session.execute(insert_new(session, BouncedAddress).values(row).on_conflict_do_nothing())
    return session.get_one(BouncedAddress, row["address"])


def lift(session: Session, *, address: str) -> None:
    """A letter got through, or a person says that the address is well again."""
    session.execute(delete(BouncedAddress).where(BouncedAddress.address == address.strip().lower()))


def why_marked(session: Session, *, address: str) -> str | None:
    """The reason why nothing is sent there; None when the address is not marked."""
    return session.scalar(select(BouncedAddress.why).where(BouncedAddress.address == address))


def bounced(session: Session, *, limit: int = 100) -> Sequence[BouncedAddress]:
    """Marked addresses, the newest first."""
    return session.scalars(
        select(BouncedAddress).order_by(BouncedAddress.at.desc()).limit(limit)
    ).all()


def take_report(session: Session, raw: bytes, *, at: datetime) -> list[str]:
    """Read one message that came back; the addresses it marks.

    A report counts only when it is about a letter of ours to that very address: anybody can write
    a message that looks like one.
    """
    marked = []
    for report in reports(raw):
        letter = _letter(session, report)
        if letter is not None:
            letter.bounced_at, letter.why = letter.bounced_at or at, report.why[:500]
            mark(session, address=report.recipient, why=report.why, at=at)
            marked.append(report.recipient)
    session.flush()
    return marked


def _letter(session: Session, report: Report) -> Letter | None:
    public_id = report.message_id.partition("@")[0]
    return session.scalar(
        select(Letter).where(Letter.public_id == public_id, Letter.recipient == report.recipient)
    )


def reports(raw: bytes) -> Iterator[Report]:
    """What a message says for good of its recipients; nothing when it is no delivery report."""
    message = email.message_from_bytes(raw, policy=policy.compat32)
    message_id = _original_id(message)
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            yield from _of_recipients(part, message_id)


def _of_recipients(part: Message, message_id: str) -> Iterator[Report]:
    for fields in part.get_payload():
        if not isinstance(fields, Message) or str(fields.get("Action", "")).lower() != "failed":
            continue
        _, _, given = str(fields.get("Original-Recipient", "")).partition(";")
        _, _, final = str(fields.get("Final-Recipient", "")).partition(";")
        why = str(fields.get("Diagnostic-Code") or fields.get("Status") or "it came back")
        try:
            recipient = usable_address(given or final)
        except UnusableAddress:
            continue
        if says_gone(str(fields.get("Status", ""))):
            yield Report(recipient, message_id, " ".join(why.split()))


def _original_id(message: Message) -> str:
    """The Message-ID of the letter that came back, from its copy inside the report."""
    for part in message.walk():
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers"):
            inner: Any = part.get_payload()
            words = inner[0] if isinstance(inner, list) else email.message_from_string(str(inner))
            return str(words.get("Message-ID", "")).strip().strip("<>")
    return ""


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    lift(session, address=str(member.email))

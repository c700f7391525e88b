"""Addresses that no longer take mail: how they are marked, and what cannot mark them."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from serendipity import mail
from serendipity.mail import Letter, bounces
from tests.conftest import NOON

REPORT = """\
From: Mail Delivery System <MAILER-DAEMON@mail.example>
To: serendipity@lieu.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I am sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 <{recipient}>: no such person

--b
Content-Type: message/rfc822

From: Serendipity <serendipity@lieu.example>
To: awa@example.org
Message-ID: <{message_id}@lieu.example>
Subject: Somebody here can help you.

Hello

--b--
"""


@pytest.fixture
def letter(session: Session) -> Letter:
    return mail.owe(
        session, kind="booking", recipient="awa@example.org", key="1", facts={}, language="fr",
        at=NOON,
    )  # fmt: skip


def report(letter: Letter, **facts: str) -> bytes:
    given = {
        "recipient": "Awa@Example.org", "action": "failed", "status": "5.1.1",
        "message_id": letter.public_id, **facts,
    }  # fmt: skip
    return REPORT.format(**given).replace("\n", "\r\n").encode()


def test_a_delivery_report_marks_the_address_and_shows_the_letter(
    session: Session, letter: Letter
) -> None:
    assert bounces.take_report(session, report(letter), at=NOON) == ["awa@example.org"]
    assert "no such person" in str(bounces.why_marked(session, address="awa@example.org"))
    assert letter.bounced_at == NOON
    assert mail.troubles(session) == [letter]
    assert bounces.take_report(session, report(letter), at=NOON) == ["awa@example.org"]
    assert len(bounces.bounced(session)) == 1


@pytest.mark.parametrize(
    "facts",
    [
        {"action": "delayed", "status": "4.4.1"},
        {"status": "5.2.2"},  # the mailbox is full
        {"status": "5.7.1"},  # policy
        {"recipient": "somebody@else.example"},
        {"recipient": ""},
        {"message_id": "not-ours"},
    ],
)
def test_a_delay_a_policy_or_a_letter_that_is_not_ours_marks_nobody(
    session: Session, letter: Letter, facts: dict[str, str]
) -> None:
    assert bounces.take_report(session, report(letter, **facts), at=NOON) == []
    assert bounces.bounced(session) == []


@pytest.mark.parametrize("raw", [b"", b"\0\xff", b"From: a\r\n\r\nI am on holiday.", b"\r\n" * 99])
def test_what_is_no_report_marks_nobody(session: Session, letter: Letter, raw: bytes) -> None:
    assert bounces.take_report(session, raw, at=NOON) == []


def test_a_mark_can_be_lifted(session: Session) -> None:
    bounces.mark(session, address="awa@example.org", why="550 gone", at=NOON)
    bounces.lift(session, address=" Awa@example.org")
    assert bounces.why_marked(session, address="awa@example.org") is None

"""Delivery: each letter at most once, none silently lost, through a real server and real files."""

from __future__ import annotations

import dataclasses
import logging
import os
import ssl
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from serendipity import clock, consent, mail, members, rhythms
from serendipity.config import Settings
from serendipity.db import reading, writing
from serendipity.jobs import delivery, letters, post
from serendipity.jobs.delivery import Desk
from serendipity.jobs.post import FilePost, SmtpPost
from serendipity.mail import Letter
from serendipity.presence import Presence
from tests.conftest import NOON, Clock
from tests.jobs.post_office import Cutting, Office, Open
from tests.rows import a_lieu, a_member

MINUTE = timedelta(minutes=1)
pytestmark = pytest.mark.usefixtures("held_clock")


class Killed(BaseException):
    """The machine stops here."""


@pytest.fixture
def desk(app: Flask) -> Iterator[Desk]:
    """Letters as files."""
    settings: Settings = app.config["SETTINGS"]
    settings = dataclasses.replace(settings, public_url="https://serendipity.example")
    with app.app_context():
        yield Desk(reading, FilePost(settings.instance / "mail"), settings, clock.now)


@pytest.fixture
def office_and_desk(desk: Desk) -> Iterator[tuple[Office, Desk]]:
    """Letters through a real SMTP server."""
    with Open() as (office, url):
        way_out = SmtpPost(url)
        yield office, dataclasses.replace(desk, post=way_out)
        way_out.close()


def owed(key: str = "1", **given: Any) -> int:
    facts = {"code": "123456", "minutes": 10}
    with writing() as session:
        letter = mail.owe(
            session,
            **{
                "kind": "code", "recipient": "awa@example.org", "key": key, "facts": facts,
                "language": "en", "at": clock.now(), **given,
            },
        )  # fmt: skip
        return letter.id


def owed_offer() -> tuple[int, int, int]:
    """A letter that goes out by consent; the letter, its reader and the lieu."""
    with writing() as session:
        lieu, member = a_lieu(session), a_member(session)
        consent.choose(
            session, member_id=member.id, lieu_id=lieu.id, here_today=True, by_mail=True,
            other_lieux=False, at=NOON,
        )  # fmt: skip
        ids, address = (member.id, lieu.id), str(member.email)
    letter = owed(kind="reminder", recipient=address, facts={}, member_id=ids[0], lieu_id=ids[1])
    return letter, *ids


def state(letter_id: int) -> str:
    letter = reading().get_one(Letter, letter_id, populate_existing=True)
    for name in ("sent", "uncertain", "failed", "withdrawn", "sending"):
        if getattr(letter, f"{name}_at"):
            return name
    return "waiting"


def test_a_letter_leaves_whole_through_a_real_server(
    office_and_desk: tuple[Office, Desk],
) -> None:
    office, desk = office_and_desk
    letter = reading().get_one(Letter, owed())
    assert delivery.deliver_due(desk) == {"sent": 1}
    assert delivery.deliver_due(desk) == {}
    (message,) = office.received
    assert message["To"] == "awa@example.org"
    assert message["Message-ID"] == f"<{letter.public_id}@serendipity.example>"
    assert message["Subject"] == "123456 is your code for Serendipity"
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        assert "123456" in body.get_content()


def test_a_letter_becomes_one_file_under_its_own_name(desk: Desk) -> None:
    letter = owed()
    assert delivery.deliver_due(desk) == {"sent": 1}
    (file,) = (desk.settings.instance / "mail").iterdir()
    assert reading().get_one(Letter, letter).public_id in file.name


def test_a_file_that_is_there_already_is_the_letter_and_stays_as_it_was(tmp_path: Path) -> None:
    post = FilePost(tmp_path)
    post.hand_over(b"first", name="letter")
    post.hand_over(b"second", name="letter")
    assert [path.name for path in tmp_path.iterdir()] == ["letter.eml"]
    assert (tmp_path / "letter.eml").read_bytes() == b"first"


@pytest.mark.parametrize(
    ("words", "ended", "after"),
    [
        ({"to_recipient": "450 greylisted"}, "later", "waiting"),
        ({"to_recipient": "550 no such person"}, "failed", "failed"),
        ({"to_sender": "550 not from there"}, "later", "waiting"),
        ({"to_data": "452 disk full"}, "later", "waiting"),
        ({"to_data": "554 looks like spam"}, "failed", "failed"),
    ],
)
def test_what_the_server_says_decides_whether_it_comes_again(
    office_and_desk: tuple[Office, Desk], words: dict[str, str], ended: str, after: str
) -> None:
    office, desk = office_and_desk
    for name, answer in words.items():
        setattr(office, name, answer)
    letter = owed()
    assert delivery.deliver_due(desk) == {ended: 1}
    assert state(letter) == after
    (answer,) = words.values()
    assert answer in reading().get_one(Letter, letter).why


def test_a_put_off_letter_arrives_once_when_the_server_is_well_again(
    office_and_desk: tuple[Office, Desk], held_clock: Clock
) -> None:
    office, desk = office_and_desk
    office.to_recipient = "450 greylisted"
    letter = owed(kind="booking", facts=BOOKING)
    delivery.deliver_due(desk)
    office.to_recipient = ""
    assert delivery.deliver_due(desk) == {}  # not before its time
    held_clock.now += MINUTE
    assert delivery.deliver_due(desk) == {"sent": 1}
    assert len(office.received) == 1
    assert state(letter) == "sent"


BOOKING = {
    "booking": "abc",
    "sequence": 0,
    "organisation": "toits",
    "lieu": "La Navette",
    "address": "12 rue du Coq, Roubaix",
    "what": "confirmed", "organisation_name": "Coop", "room": "Atelier", "timezone": "Europe/Paris",
    "starts_at": NOON.isoformat(), "ends_at": (NOON + timedelta(hours=2)).isoformat(), "people": 4,
    "net_cents": 5000, "vat_cents": 1000, "due_cents": 6000, "currency": "EUR",
}  # fmt: skip


def test_a_server_that_is_away_costs_waiting_and_no_letter(desk: Desk) -> None:
    letter = owed()
    away = dataclasses.replace(desk, post=SmtpPost("smtp://127.0.0.1:1"))
    assert delivery.deliver_due(away) == {"later": 1}
    assert state(letter) == "waiting"


def test_half_an_answer_after_data_is_uncertain_and_never_sent_again(
    office_and_desk: tuple[Office, Desk], held_clock: Clock
) -> None:
    office, desk = office_and_desk
    office.hangs.set()
    letter = owed(kind="booking", facts=BOOKING)
    assert delivery.deliver_due(desk) == {"uncertain": 1}
    office.hangs.clear()
    for _ in range(3):
        held_clock.now += timedelta(days=1)
        assert delivery.deliver_due(desk) == {}
    assert state(letter) == "uncertain"
    assert len(office.received) == 1


@pytest.mark.parametrize(
    ("answer", "ended"),
    [
        (b"250 taken\r\n", "sent"),
        (b"250", "sent"),  # the line broke off, and what it said is said
        (b"25", "uncertain"),
        (b"2", "uncertain"),
        (b"4", "uncertain"),
        (b"55", "uncertain"),
        (b"<html>", "uncertain"),
        (b"354 go on", "uncertain"),
        (b"", "uncertain"),
        (b"451 later\r\n", "later"),
        (b"554 no\r\n", "failed"),
    ],
)
def test_half_an_answer_is_no_answer(
    desk: Desk, held_clock: Clock, answer: bytes, ended: str
) -> None:
    letter = owed(kind="booking", facts=BOOKING)
    with Cutting(answer) as office:
        desk = dataclasses.replace(desk, post=SmtpPost(office.url))
        assert delivery.deliver_due(desk) == {ended: 1}
        held_clock.now += timedelta(days=1)
        again = {"later": 1} if ended == "later" else {}
        assert delivery.deliver_due(desk) == again
        desk.post.close()
    assert office.bodies == (2 if ended == "later" else 1)
    assert state(letter) == {"later": "waiting"}.get(ended, ended)


@pytest.mark.parametrize(
    ("slow", "ended"), [("slow_to_recipient", "later"), ("never_answers", "uncertain")]
)
def test_a_server_that_takes_too_long_is_left(
    office_and_desk: tuple[Office, Desk], monkeypatch: pytest.MonkeyPatch, slow: str, ended: str
) -> None:
    office, desk = office_and_desk
    monkeypatch.setattr(post, "SECONDS", 0.5)
    getattr(office, slow).set()
    letter = owed()
    assert delivery.deliver_due(desk) == {ended: 1}
    getattr(office, slow).clear()
    assert state(letter) == {"later": "waiting"}.get(ended, ended)


# --- killed at every step -------------------------------------------------------------------

STEPS = ["claim", "written", "announce", "begin", "hand over", "handed over", "sent"]


def killed_at(step: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliver with a machine that stops just before `step`, as far as the database can tell."""

    def stop(*_: object, **__: object) -> None:
        raise Killed

    after = desk.post.hand_over

    def handed_over(message: bytes, *, name: str) -> None:
        after(message, name=name)
        raise Killed

    with monkeypatch.context() as patch:
        match step:
            case "claim":
                patch.setattr(mail, "claim", stop)
            case "written":
                patch.setattr(delivery, "_written", stop)
            case "announce":
                patch.setattr(desk.post, "announce", stop)
            case "begin":
                patch.setattr(mail, "begin", stop)
            case "hand over":
                patch.setattr(desk.post, "hand_over", stop)
            case "handed over":
                patch.setattr(desk.post, "hand_over", handed_over)
            case "sent":
                patch.setattr(mail, "sent", stop)
        with pytest.raises(Killed):
            delivery.deliver_due(desk)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_a_file_is_written_once(
    desk: Desk, held_clock: Clock, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    letter = owed(kind="booking", facts=BOOKING)
    killed_at(step, desk, monkeypatch)
    for _ in range(4):
        held_clock.now += 11 * MINUTE
        delivery.deliver_due(desk)
    assert state(letter) == "sent"
    assert len(list((desk.settings.instance / "mail").iterdir())) == 1


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_a_server_gets_it_at_most_once_and_nothing_is_lost_in_silence(
    office_and_desk: tuple[Office, Desk],
    held_clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    office, desk = office_and_desk
    letter = owed(kind="booking", facts=BOOKING)
    killed_at(step, desk, monkeypatch)
    for _ in range(4):
        held_clock.now += 11 * MINUTE
        delivery.deliver_due(desk)
    in_window = step in ("hand over", "handed over", "sent")
    assert state(letter) == ("uncertain" if in_window else "sent")
    assert len(office.received) == (0 if step == "hand over" else 1)


# --- asked again at the last moment ---------------------------------------------------------


def withdraw_consent(session: Any, member: int, lieu: int) -> None:
    consent.choose(
        session, member_id=member, lieu_id=lieu, here_today=True, by_mail=False,
        other_lieux=False, at=NOON,
    )  # fmt: skip


def pause(session: Any, member: int, lieu: int) -> None:
    members.pause(session, member_id=member, until=NOON + timedelta(days=1))


def erase(session: Any, member: int, lieu: int) -> None:
    members.erase(session, member_id=member, at=NOON)


def move_house(session: Any, member: int, lieu: int) -> None:
    members.member_named(session, member).email = "elsewhere@example.org"


@pytest.mark.parametrize("change", [withdraw_consent, pause, erase, move_house])
def test_who_changed_their_mind_after_the_plan_gets_no_letter(desk: Desk, change: Any) -> None:
    letter, member, lieu = owed_offer()
    with writing() as session:
        change(session, member, lieu)
    delivery.deliver_due(desk)
    assert state(letter) == "withdrawn"
    assert not (desk.settings.instance / "mail").exists()


def hide(session: Any, member: int, lieu: int) -> None:
    session.add(
        Presence(member_id=member, lieu_id=lieu, started_at=NOON, until=NOON + timedelta(hours=4),
                 how_in="qr", confirmed_at=NOON, hidden_at=NOON)
    )  # fmt: skip


def choose_anew(session: Any, member: int, lieu: int) -> None:
    rhythms.choose(session, member_id=member, every="monthly", at=NOON)


def nothing(session: Any, member: int, lieu: int) -> None:
    """They leave it as it is."""


@pytest.mark.parametrize("change", [withdraw_consent, pause, erase, hide, choose_anew, nothing])
def test_who_chose_after_the_pause_for_silence_is_not_told_of_it(desk: Desk, change: Any) -> None:
    _, member, lieu = owed_offer()
    with writing() as session:
        rhythms.pause_for_silence(session, member_id=member, at=NOON)
        address = str(members.member_named(session, member).email)
    letter = owed(kind="silence", recipient=address, facts={}, member_id=member, lieu_id=lieu)
    with writing() as session:
        change(session, member, lieu)
    delivery.deliver_due(desk)
    assert state(letter) == ("sent" if change is nothing else "withdrawn")


def test_who_changes_their_mind_while_it_is_being_announced_gets_no_letter(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter, member, lieu = owed_offer()
    monkeypatch.setattr(
        delivery, "_written", lambda *_: delivery.Ready("reminder", "name", "a@b.c", b"")
    )

    class Slow(FilePost):
        def announce(self, *, sender: str, recipient: str) -> None:
            with writing() as session:
                withdraw_consent(session, member, lieu)

    slow = dataclasses.replace(desk, post=Slow(desk.settings.instance / "mail"))
    assert delivery.deliver_due(slow) == {"withdrawn": 1}
    assert state(letter) == "withdrawn"


def test_a_code_that_comes_too_late_is_withdrawn_with_its_secret(
    desk: Desk, held_clock: Clock
) -> None:
    letter = owed()
    held_clock.now += timedelta(minutes=10)
    assert delivery.deliver_due(desk) == {"withdrawn": 1}
    assert "code" not in reading().get_one(Letter, letter).facts


# --- many letters ---------------------------------------------------------------------------


def test_one_letter_that_cannot_be_written_does_not_stop_the_others(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    broken = owed("broken", kind="booking", facts={"starts_at": "never"})
    whole = owed("whole")
    with caplog.at_level(logging.ERROR):
        assert delivery.deliver_due(desk) == {"failed": 1, "sent": 1}
    assert (state(broken), state(whole)) == ("failed", "sent")
    assert "cannot be written" in caplog.text


def test_no_more_leave_in_a_minute_than_the_provider_takes(desk: Desk, held_clock: Clock) -> None:
    for i in range(12):
        owed(str(i), kind="booking", facts=BOOKING)
    desk = dataclasses.replace(desk, settings=dataclasses.replace(desk.settings, mail_per_minute=5))
    assert delivery.deliver_due(desk) == {"sent": 5}
    assert delivery.deliver_due(desk) == {}
    held_clock.now += MINUTE
    assert delivery.deliver_due(desk) == {"sent": 5}


def test_ten_thousand_letters_leave_at_the_providers_pace_and_each_once(
    app: Flask, held_clock: Clock
) -> None:
    """Three workers, a hand that dies now and then; a tenth of it, or SERENDIPITY_LETTERS=10000."""
    letters = int(os.environ.get("SERENDIPITY_LETTERS", "1000"))
    limit, died = letters // 100, set()
    at_once = max(7, limit // 5)
    with app.app_context():
        owe_many(letters)
        begun: Counter[int] = Counter()
        minutes: Counter[datetime] = Counter()
        while len(begun) < letters:
            for worker in range(3):
                with writing() as session:
                    held = mail.claim(session, at=clock.now(), limit=at_once, per_minute=limit)
                    ids = [(one.id, one.next_try_at) for one in held]
                if (
                    worker == 0 and ids and len(died) < letters // 50
                ):  # its letters wait two minutes
                    died.update(key for key, _ in ids)
                    continue
                with writing() as session:
                    for key, until in ids:
                        mail.begin(session, letter_id=key, claimed_until=until, at=clock.now())
                        begun[key] += 1
                        minutes[clock.now()] += 1
            held_clock.now += timedelta(seconds=20)
    assert set(begun.values()) == {1}
    assert died
    windows = [
        sum(n for when, n in minutes.items() if start <= when < start + MINUTE) for start in minutes
    ]
    assert max(windows) == limit
    assert held_clock.now - NOON <= MINUTE * (letters / limit + 10)


def owe_many(number: int) -> None:
    with writing() as session:
        letters = [
            {
                "kind": "booking", "recipient": f"m{i}@example.org", "key": "1", "facts": BOOKING,
                "language": "en",
            }
            for i in range(number)
        ]  # fmt: skip
        mail.owe_all(session, letters, at=clock.now())


def test_a_name_cannot_write_a_header(office_and_desk: tuple[Office, Desk]) -> None:
    office, desk = office_and_desk
    owed(kind="booking", facts={**BOOKING, "room": "Atelier\r\nBcc: all@example.org"})
    delivery.deliver_due(desk)
    (message,) = office.received
    assert message["Bcc"] is None
    assert "Atelier Bcc: all@example.org is yours" in message["Subject"]


def test_a_letter_sent_by_consent_can_be_stopped_with_one_click(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter, _, _ = owed_offer()
    monkeypatch.setitem(letters.LOOK_UPS, "reminder", lambda *_: {"names": "Bo"})
    delivery.deliver_due(desk)
    (file,) = (desk.settings.instance / "mail").iterdir()
    token = mail.stop_token(reading().get_one(Letter, letter), secret=desk.settings.secret_key)
    link = f"https://serendipity.example/letters/{token}/stop"
    # the raw bytes, not what a forgiving parser makes of them
    assert f"List-Unsubscribe: <{link}>\r\n".encode() in file.read_bytes()
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in file.read_bytes()


def test_each_letter_is_in_its_readers_language(desk: Desk) -> None:
    owed(kind="booking", facts=BOOKING, language="nl")
    delivery.deliver_due(desk)
    (file,) = (desk.settings.instance / "mail").iterdir()
    assert "donderdag 26 maart 2026" in file.read_text()


# --- bounces --------------------------------------------------------------------------------


def test_an_address_that_is_refused_gets_no_more_but_codes_and_a_code_taken_lifts_it(
    office_and_desk: tuple[Office, Desk], held_clock: Clock
) -> None:
    office, desk = office_and_desk
    office.to_recipient = "550 5.1.1 no such person"
    first = owed("first", kind="booking", facts=BOOKING)
    assert delivery.deliver_due(desk) == {"failed": 1}
    office.to_recipient = ""
    second = owed("second", kind="booking", facts=BOOKING)
    assert delivery.deliver_due(desk) == {"failed": 1}
    assert [state(first), state(second)] == ["failed", "failed"]
    assert "takes no mail" in reading().get_one(Letter, second).why
    owed("code")
    assert delivery.deliver_due(desk) == {"sent": 1}
    owed("third", kind="booking", facts=BOOKING)
    assert delivery.deliver_due(desk) == {"sent": 1}


@pytest.mark.parametrize("answer", ["550 5.7.1 relaying denied", "552 5.2.2 mailbox full"])
def test_a_refusal_for_another_reason_marks_no_address(
    office_and_desk: tuple[Office, Desk], answer: str
) -> None:
    office, desk = office_and_desk
    office.to_recipient = answer
    owed("first", kind="booking", facts=BOOKING)
    delivery.deliver_due(desk)
    office.to_recipient = ""
    owed("second", kind="booking", facts=BOOKING)
    assert delivery.deliver_due(desk) == {"sent": 1}


def test_what_several_workers_hold_counts_for_the_limit_too(desk: Desk, held_clock: Clock) -> None:
    for i in range(30):
        owed(str(i), kind="booking", facts=BOOKING)
    for expected in (7, 3, 0):
        with writing() as session:
            held = mail.claim(session, at=clock.now(), limit=7, per_minute=10)
            assert len(held) == expected


# --- TLS ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and certificate of our own for 127.0.0.1, made by the system's openssl."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(path), "-out", f"{path}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


def test_a_server_that_offers_tls_gets_no_letter_without_it(desk: Desk, certificate: Path) -> None:
    with Open(certificate, require_starttls=True) as (office, url):
        trusting = ssl.create_default_context(cafile=certificate)
        post = SmtpPost(url, context=trusting)
        owed()
        assert delivery.deliver_due(dataclasses.replace(desk, post=post)) == {"sent": 1}
        post.close()
        assert len(office.received) == 1


def test_a_certificate_that_nobody_vouches_for_gets_no_letter(
    desk: Desk, certificate: Path
) -> None:
    with Open(certificate, require_starttls=True) as (office, url):
        owed()
        assert delivery.deliver_due(dataclasses.replace(desk, post=SmtpPost(url))) == {"later": 1}
        assert office.received == []
        (letter,) = reading().scalars(select(Letter))
        assert "certificate" in letter.why.lower()

"""Passkeys: a challenge is used once and in time, a signature is looked at, a copy is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import members, passkeys
from serendipity.members import Member
from serendipity.passkeys import Passkey, PasskeyChallenge, Site
from serendipity.presence import Presence
from tests.conftest import NOON
from tests.device import Device
from tests.rows import a_lieu, a_member, somebody_here

SITE = Site("Serendipity", "https://lieu.example")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def awa(session: Session) -> Member:
    return a_member(session)


def a_device(site: Site = SITE) -> Device:
    return Device(site.origin, site.host)


def registered(session: Session, member: Member, device: Device, **given: Any) -> Passkey:
    options = passkeys.ask_to_register(
        session, member_id=member.id, browser="b", site=SITE, at=NOON
    )
    challenge = passkeys.take(session, what="register", browser="b", at=NOON)
    facts = {"answer": device.made(options), "challenge": challenge, "name": "Phone", **given}
    return passkeys.register(session, member_id=member.id, site=SITE, at=NOON, **facts)


def asked(session: Session) -> tuple[str, bytes]:
    options = passkeys.ask_to_sign_in(session, browser="b", site=SITE, at=NOON)
    return options, passkeys.take(session, what="sign-in", browser="b", at=NOON)


def test_a_passkey_proves_who_it_is_again_and_again(session: Session, awa: Member) -> None:
    device = a_device()
    held = registered(session, awa, device)
    for times in (1, 2):
        options, challenge = asked(session)
        proved = passkeys.prove(
            session, challenge=challenge, answer=device.signed(options), site=SITE, at=NOON
        )
        assert proved is awa
        assert held.sign_count == times


def test_options_ask_for_a_key_that_finds_its_owner_and_never_the_same_device_twice(
    session: Session, awa: Member
) -> None:
    held = registered(session, awa, a_device())
    options = json.loads(
        passkeys.ask_to_register(session, member_id=awa.id, browser="b", site=SITE, at=NOON)
    )
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "preferred"
    assert options["rp"]["id"] == "lieu.example"
    assert [one["id"] for one in options["excludeCredentials"]] == [held.credential]
    assert json.loads(asked(session)[0]).get("allowCredentials", []) == []


def test_a_challenge_is_used_once_in_five_minutes_in_its_own_browser(session: Session) -> None:
    def ask(browser: str) -> None:
        passkeys.ask_to_sign_in(session, browser=browser, site=SITE, at=NOON)

    def take(browser: str, minutes: int = 0, what: str = "sign-in") -> bytes:
        return passkeys.take(session, what=what, browser=browser, at=NOON + minutes * MINUTE)

    ask("one")
    for wrong in ({"browser": "two"}, {"browser": "one", "what": "register"}):
        with pytest.raises(passkeys.ChallengeGone):
            take(**wrong)
    take("one", 4)
    with pytest.raises(passkeys.ChallengeGone):
        take("one", 4)
    ask("one")
    with pytest.raises(passkeys.ChallengeGone):
        take("one", 5)


def test_the_newest_challenge_counts_and_old_ones_are_dropped(session: Session) -> None:
    first = passkeys.ask_to_sign_in(session, browser="b", site=SITE, at=NOON)
    second = passkeys.ask_to_sign_in(session, browser="b", site=SITE, at=NOON)
    assert json.loads(first)["challenge"] != json.loads(second)["challenge"]
    assert session.scalar(select(func.count()).select_from(PasskeyChallenge)) == 1
    passkeys.forget(session, at=NOON + passkeys.LIVES)
    assert session.scalar(select(func.count()).select_from(PasskeyChallenge)) == 0


def another_challenge(device: Device, options: str) -> str:
    other = {**json.loads(options), "challenge": "AAAA"}
    return device.signed(json.dumps(other))


def another_site(device: Device, options: str) -> str:
    device.origin = "https://evil.example"
    return device.signed(options)


def another_host(device: Device, options: str) -> str:
    device.host = "evil.example"
    return device.signed(options)


def another_key(device: Device, options: str) -> str:
    return Device(device.origin, device.host, credential=device.credential).signed(options)


def a_copy(device: Device, options: str) -> str:
    device.count -= 1
    return device.signed(options)


@pytest.mark.parametrize(
    "cheat",
    [
        another_challenge,
        another_site,
        another_host,
        another_key,
        a_copy,
        lambda device, options: a_device().signed(options),
        lambda device, options: "",
        lambda device, options: "[]",
        lambda device, options: json.dumps({"id": json.loads(device.signed(options))["id"]}),
    ],
)
def test_what_proves_nothing_opens_nothing(
    session: Session, awa: Member, cheat: Callable[[Device, str], str]
) -> None:
    device = a_device()
    registered(session, awa, device)
    options, challenge = asked(session)
    passkeys.prove(session, challenge=challenge, answer=device.signed(options), site=SITE, at=NOON)
    options, challenge = asked(session)
    with pytest.raises(passkeys.BadPasskey):
        passkeys.prove(
            session, challenge=challenge, answer=cheat(device, options), site=SITE, at=NOON
        )


@pytest.mark.parametrize("answer", ["", "{}", "null", '{"id": "x", "rawId": "y"}'])
def test_what_is_no_passkey_is_not_kept(session: Session, awa: Member, answer: str) -> None:
    with pytest.raises(passkeys.BadPasskey):
        registered(session, awa, a_device(), answer=answer)


def test_a_device_belongs_to_one_member(session: Session, awa: Member) -> None:
    device = a_device()
    held = registered(session, awa, device)
    with pytest.raises(passkeys.PasskeyKnown):
        registered(session, a_member(session), device)
    copied = {"credential": held.credential, "public_key": b"x", "sign_count": 0}
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(Passkey(member_id=awa.id, name="Copy", made_at=NOON, **copied))


def test_of_two_answers_with_one_counter_the_second_is_refused(
    session: Session, awa: Member
) -> None:
    device = a_device()
    held = registered(session, awa, device)
    options, challenge = asked(session)
    answer = device.signed(options)
    session.execute(
        update(Passkey).values(sign_count=1).execution_options(synchronize_session=False)
    )  # the other one was a moment quicker
    assert held.sign_count == 0
    with pytest.raises(passkeys.BadPasskey):
        passkeys.prove(session, challenge=challenge, answer=answer, site=SITE, at=NOON)


def test_ten_devices_are_enough(session: Session, awa: Member) -> None:
    for _ in range(passkeys.MOST):
        registered(session, awa, a_device())
    with pytest.raises(passkeys.TooManyPasskeys):
        registered(session, awa, a_device())


def test_only_its_owner_renames_or_removes_a_passkey(session: Session, awa: Member) -> None:
    device = a_device()
    held, other = registered(session, awa, device), a_member(session)
    for verb in (
        lambda: passkeys.rename(session, public_id=held.public_id, member_id=other.id, name="Mine"),
        lambda: passkeys.remove(session, public_id=held.public_id, member_id=other.id),
    ):
        with pytest.raises(passkeys.NoSuchPasskey):
            verb()
    passkeys.rename(session, public_id=held.public_id, member_id=awa.id, name=" Awa’s  phone ")
    assert held.name == "Awa’s phone"
    passkeys.remove(session, public_id=held.public_id, member_id=awa.id)
    options, challenge = asked(session)
    with pytest.raises(passkeys.BadPasskey):
        passkeys.prove(
            session, challenge=challenge, answer=device.signed(options), site=SITE, at=NOON
        )


def test_who_is_forgotten_has_no_passkey(session: Session, awa: Member) -> None:
    registered(session, awa, a_device())
    passkeys.decline(session, member_id=awa.id, at=NOON)
    members.erase(session, member_id=awa.id, at=NOON)
    assert session.scalar(select(func.count()).select_from(Passkey)) == 0


def test_it_is_offered_at_the_third_visit_until_declined_or_made(session: Session) -> None:
    lieu = a_lieu(session)
    awa = somebody_here(session, lieu)
    seen = [passkeys.is_offered(session, member_id=awa.id)]
    for _ in range(2):
        session.add(
            Presence(
                member_id=awa.id,
                lieu_id=lieu.id,
                started_at=NOON - timedelta(days=1),
                until=NOON,
                ended_at=NOON,
                how_in="qr",
                how_out="until",
            )
        )
        session.flush()
        seen.append(passkeys.is_offered(session, member_id=awa.id))
    assert seen == [False, False, True]
    for _ in range(2):  # twice is once
        passkeys.decline(session, member_id=awa.id, at=NOON)
    assert not passkeys.is_offered(session, member_id=awa.id)


@pytest.mark.parametrize(
    ("origin", "can"),
    [
        ("https://lieu.example", True),
        ("http://lieu.example", False),
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", False),
        ("https://[::1]", False),
    ],
)
def test_browsers_make_passkeys_for_names_only(origin: str, can: bool) -> None:
    assert passkeys.site_of(origin).can is can

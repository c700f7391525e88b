"""Kiosks: paired once, revoked at once; codes that rotate and cannot be made up."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from serendipity import kiosks
from serendipity.kiosks import Kiosk
from serendipity.lieux import Lieu
from tests.rows import a_lieu

SECRET = "for tests"
SECOND = timedelta(seconds=1)


def a_kiosk(session: Session, lieu: Lieu, at: datetime) -> Kiosk:
    code = kiosks.make_pairing(session, lieu_id=lieu.id, name="Front door", at=at)
    return kiosks.pair(session, code=code, at=at)[0]


def behind(session: Session, code: str, at: datetime) -> kiosks.Door:
    return kiosks.door_behind(session, code, secret=SECRET, at=at)


def test_pairing_gives_a_token_that_only_its_kiosk_has(session: Session, at: datetime) -> None:
    lieu = a_lieu(session)
    code = kiosks.make_pairing(session, lieu_id=lieu.id, name="Front door", at=at)
    kiosk, token = kiosks.pair(session, code=f"{code[:3]}-{code[3:]}", at=at)
    assert (kiosk.lieu_id, kiosk.name, kiosk.paired_at) == (lieu.id, "Front door", at)
    assert kiosks.kiosk_with_token(session, token) is kiosk
    assert token not in str(kiosk.token_hash)
    with pytest.raises(kiosks.NotPaired):
        kiosks.kiosk_with_token(session, token + "x")


def test_a_pairing_code_dies_on_use(session: Session, at: datetime) -> None:
    code = kiosks.make_pairing(session, lieu_id=a_lieu(session).id, name="", at=at)
    kiosks.pair(session, code=code, at=at)
    with pytest.raises(kiosks.BadPairingCode):
        kiosks.pair(session, code=code, at=at)


@pytest.mark.parametrize(("minutes", "good"), [(9.9, True), (10, False)])
def test_a_pairing_code_lives_ten_minutes(
    session: Session, at: datetime, minutes: float, good: bool
) -> None:
    code = kiosks.make_pairing(session, lieu_id=a_lieu(session).id, name="", at=at)
    then = at + timedelta(minutes=minutes)
    if good:
        assert kiosks.pair(session, code=code, at=then)
    else:
        with pytest.raises(kiosks.BadPairingCode):
            kiosks.pair(session, code=code, at=then)


@pytest.mark.parametrize("typed", ["", "abc", "\0", "\ud800"])
def test_a_code_of_no_digits_pairs_nothing(session: Session, at: datetime, typed: str) -> None:
    a_kiosk(session, a_lieu(session), at)
    with pytest.raises(kiosks.BadPairingCode):
        kiosks.pair(session, code=typed, at=at)


def test_a_revoked_kiosk_shows_and_opens_nothing(session: Session, at: datetime) -> None:
    lieu = a_lieu(session)
    code = kiosks.make_pairing(session, lieu_id=lieu.id, name="Front door", at=at)
    kiosk, token = kiosks.pair(session, code=code, at=at)
    shown = kiosks.door_code(kiosk, secret=SECRET, at=at)
    kiosks.revoke(session, public_id=kiosk.public_id, lieu_id=lieu.id, at=at)
    with pytest.raises(kiosks.KioskRevoked):
        kiosks.kiosk_with_token(session, token)
    with pytest.raises(kiosks.DoorClosed):
        behind(session, shown.code, at)
    with pytest.raises(kiosks.BadDoorCode):
        kiosks.door_with_digits(session, shown.digits, secret=SECRET, at=at)
    assert kiosks.kiosks_of(session, lieu_id=lieu.id) == []


def test_a_kiosk_waiting_for_its_code_can_be_revoked(session: Session, at: datetime) -> None:
    lieu = a_lieu(session)
    code = kiosks.make_pairing(session, lieu_id=lieu.id, name="", at=at)
    (waiting,) = kiosks.kiosks_of(session, lieu_id=lieu.id)
    kiosks.revoke(session, public_id=waiting.public_id, lieu_id=lieu.id, at=at)
    with pytest.raises(kiosks.BadPairingCode):
        kiosks.pair(session, code=code, at=at)


def test_a_kiosk_is_revoked_by_its_own_lieu(session: Session, at: datetime) -> None:
    kiosk = a_kiosk(session, a_lieu(session), at)
    with pytest.raises(kiosks.NoSuchKiosk):
        kiosks.revoke(session, public_id=kiosk.public_id, lieu_id=a_lieu(session).id, at=at)


def test_the_code_leads_to_the_kiosks_lieu(session: Session, at: datetime) -> None:
    lieu = a_lieu(session)
    shown = kiosks.door_code(a_kiosk(session, lieu, at), secret=SECRET, at=at)
    assert behind(session, shown.code, at) == kiosks.Door(lieu.id, "qr")
    assert shown.code.startswith("v1.")
    assert len(shown.digits) == 6


def test_the_code_changes_every_fifteen_seconds(session: Session, at: datetime) -> None:
    kiosk = a_kiosk(session, a_lieu(session), at)
    codes = {
        kiosks.door_code(kiosk, secret=SECRET, at=at + number * SECOND).code for number in range(60)
    }
    assert len(codes) == 4
    shown = kiosks.door_code(kiosk, secret=SECRET, at=at)
    assert shown.changes_at == at + 15 * SECOND


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (44.9, True), (45, False), (-0.1, False)])
def test_a_code_is_accepted_for_forty_five_seconds(
    session: Session, at: datetime, seconds: float, good: bool
) -> None:
    lieu = a_lieu(session)
    shown = kiosks.door_code(a_kiosk(session, lieu, at), secret=SECRET, at=at)
    then = at + seconds * SECOND
    if good:
        assert behind(session, shown.code, then).lieu_id == lieu.id
        digits = kiosks.door_with_digits(session, shown.digits, secret=SECRET, at=then)
        assert digits == kiosks.Door(lieu.id, "digits")
    else:
        with pytest.raises(kiosks.DoorCodeExpired):
            behind(session, shown.code, then)
        with pytest.raises(kiosks.BadDoorCode):
            kiosks.door_with_digits(session, shown.digits, secret=SECRET, at=then)


def test_no_changed_character_gets_through(session: Session, at: datetime) -> None:
    kiosk = a_kiosk(session, a_lieu(session), at)
    code = kiosks.door_code(kiosk, secret=SECRET, at=at).code
    for place in range(len(code)):
        for bit in (1, 2, 4):
            changed = code[:place] + chr(ord(code[place]) ^ bit) + code[place + 1 :]
            with pytest.raises(kiosks.BadDoorCode):
                behind(session, changed, at)


@pytest.mark.parametrize(
    "code",
    ["", ".", "v1", "v1...", "v1.x.y.z", "p1.lieu.mac", "é" * 300, "\0", "\ud800", "a" * 9999],
)
def test_what_we_never_showed_is_refused(session: Session, at: datetime, code: str) -> None:
    with pytest.raises(kiosks.BadDoorCode):
        behind(session, code, at)


def test_a_code_of_another_installation_is_refused(session: Session, at: datetime) -> None:
    kiosk = a_kiosk(session, a_lieu(session), at)
    foreign = kiosks.door_code(kiosk, secret="of another installation", at=at)
    with pytest.raises(kiosks.BadDoorCode):
        behind(session, foreign.code, at)


def test_a_posters_code_stays_and_only_declares(session: Session, at: datetime) -> None:
    lieu = a_lieu(session)
    code = kiosks.poster_code(session, lieu=lieu, secret=SECRET)
    later = at + timedelta(days=400)
    assert behind(session, code, later) == kiosks.Door(lieu.id, "poster")
    with pytest.raises(kiosks.BadDoorCode):
        behind(session, code.replace(lieu.slug, a_lieu(session).slug), at)


def test_digits_that_two_doors_show_open_neither(
    session: Session, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        a_kiosk(session, a_lieu(session), at)
    monkeypatch.setattr(kiosks, "_digits", lambda mac: "482917")
    with pytest.raises(kiosks.TwoDoorsShowIt):
        kiosks.door_with_digits(session, "482 917", secret=SECRET, at=at)

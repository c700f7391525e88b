"""The screen at the door: paired once, never a name, and dark when it is taken away."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode
from sqlalchemy.orm import Session

from kiosk import qr
from serendipity import kiosks, needs, presence, skills
from serendipity.db import write_transaction
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.skills import Concept, ConceptName, Family
from tests.conftest import NOON, Clock
from tests.kiosk.conftest import new_code
from tests.pages import rows, send, token_of
from tests.rows import a_member, signed_in, somebody_here


def test_a_paired_screen_shows_its_lieu_its_moment_and_a_code(screen: FlaskClient) -> None:
    page = screen.get("/kiosk/screen").text
    assert "La Navette" in page
    assert "now, until 17:00" in page
    assert "13:00" in page
    assert "Thursday" in page
    assert 'role="img" aria-label="QR code for checking in' in page


def spoken_on(screen: FlaskClient, path: str = "/kiosk/screen") -> tuple[str, bool]:
    """The language an answer names, and whether its page says that it is French."""
    answer = screen.get(path)
    return answer.headers["Content-Language"], '<html lang="fr">' in answer.text


def test_a_language_chosen_at_the_screen_stays_two_minutes_then_it_is_the_lieus(
    screen: FlaskClient, held_clock: Clock
) -> None:
    assert spoken_on(screen) == ("en", False)
    send(screen, "/language", "/kiosk/screen", language="fr")
    assert spoken_on(screen) == ("fr", True)
    held_clock.now += timedelta(seconds=119)
    assert spoken_on(screen) == ("fr", True)
    held_clock.now += timedelta(seconds=1)
    assert spoken_on(screen) == ("en", False)
    assert screen.get("/kiosk/code").headers["Content-Language"] == "en"


def test_the_screen_of_a_lieu_speaks_its_language_whatever_the_tablet_asks_for(
    screen: FlaskClient, session: Session, lieu: Lieu
) -> None:
    with write_transaction(session):
        session.get_one(Lieu, lieu.id).language = "fr"
    answer = screen.get("/kiosk/screen", headers={"Accept-Language": "nl"})
    assert answer.headers["Content-Language"] == "fr"


def test_the_shown_digits_and_code_open_the_door(
    screen: FlaskClient, app: Flask, session: Session, lieu: Lieu
) -> None:
    fragment = screen.get("/kiosk/code").text
    assert "<html" not in fragment
    found = re.search(r"</span>(\d{3})<span>(\d{3})</span>", fragment)
    assert found
    secret = str(app.config["SECRET_KEY"])
    door = kiosks.door_with_digits(session, "".join(found.groups()), secret=secret, at=NOON)
    assert door.lieu_id == lieu.id


def test_the_code_is_another_fifteen_seconds_later(screen: FlaskClient, held_clock: Clock) -> None:
    first = screen.get("/kiosk/code").text
    assert screen.get("/kiosk/code").text == first
    held_clock.now += timedelta(seconds=15)
    assert screen.get("/kiosk/code").text != first


def test_a_screen_that_is_not_paired_is_led_to_pairing(session: Session, app: Flask) -> None:
    stranger = app.test_client()
    for path in ("/kiosk/screen", "/kiosk/code", "/kiosk/room", "/kiosk/no-phone"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.location) == (302, "/kiosk/")
    stranger.set_cookie("kiosk", "made up")
    assert stranger.get("/kiosk/screen").status_code == 302


def test_a_pairing_code_works_once(
    session: Session, lieu: Lieu, client: FlaskClient, app: Flask
) -> None:
    code = new_code(session, lieu)
    assert send(client, "/kiosk/", "/kiosk/", code=code).status_code == 303
    answer = send(app.test_client(), "/kiosk/", "/kiosk/", code=code)
    assert answer.status_code == 404
    assert "No screen waits for this code" in answer.text


def test_pairing_codes_cannot_be_tried_out(
    session: Session, lieu: Lieu, client: FlaskClient
) -> None:
    code = new_code(session, lieu)
    token = token_of(client, "/kiosk/")
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(10):
        client.post("/kiosk/", data={"csrf_token": token, "code": wrong})
    assert client.post("/kiosk/", data={"csrf_token": token, "code": code}).status_code == 429


def test_a_revoked_screen_says_so_and_shows_no_code(
    screen: FlaskClient, session: Session, lieu: Lieu
) -> None:
    (kiosk,) = kiosks.kiosks_of(session, lieu_id=lieu.id)
    with write_transaction(session):
        kiosks.revoke(session, public_id=kiosk.public_id, lieu_id=lieu.id, at=NOON)
    for path in ("/kiosk/screen", "/kiosk/code", "/kiosk/room"):
        answer = screen.get(path)
        assert answer.status_code == 403
        assert "taken away" in answer.text
        assert "QR code" not in answer.text


@pytest.fixture
def people(session: Session, lieu: Lieu) -> Callable[..., list[Member]]:
    """Some people here who can weld."""
    with write_transaction(session):
        session.add(Family(id="making", vocabulary="starter", labels={"en": "Making things"}))
        for concept in ("welding", "baking", "sewing", "glazing"):
            session.add(
                Concept(
                    id=concept, vocabulary="starter", family="making",
                    labels={"en": concept.title()},
                )
            )  # fmt: skip
            session.flush()
            session.add(ConceptName(concept_id=concept, language="en", words=concept))

    def come(*words: str, **consents: bool) -> list[Member]:
        with write_transaction(session):
            came = []
            for number, one in enumerate(words):
                member = somebody_here(session, lieu, f"Name-{number} Nobody-sees", **consents)
                skills.offer(session, member_id=member.id, words=[one], language="en", at=NOON)
                came.append(member)
            return came

    return come


def test_three_people_make_a_skill_known_and_two_do_not(
    screen: FlaskClient, people: Callable[..., list[Member]]
) -> None:
    people("welding", "welding")
    assert "Welding" not in screen.get("/kiosk/room").text
    people("welding")
    assert re.search(r"Welding <span class=\"n\">3</span>", screen.get("/kiosk/room").text)


def test_skills_of_few_are_told_as_their_family(
    screen: FlaskClient, people: Callable[..., list[Member]]
) -> None:
    people("baking", "sewing", "glazing")
    page = screen.get("/kiosk/room").text
    assert "Making things" in page
    assert "Baking" not in page


def test_who_did_not_agree_or_hides_is_counted_as_a_person_only(
    screen: FlaskClient, people: Callable[..., list[Member]], session: Session
) -> None:
    people("welding", "welding", here_today=True)
    people("welding", here_today=False)
    (hidden,) = people("welding")
    with write_transaction(session):
        presence.hide(session, member_id=hidden.id, at=NOON)
    page = screen.get("/kiosk/room").text
    assert "Welding" not in page
    assert '<p class="big" aria-hidden="true">4</p>' in page


def test_wants_are_shown_without_a_name_and_only_of_those_who_agreed(
    screen: FlaskClient, people: Callable[..., list[Member]], session: Session, lieu: Lieu
) -> None:
    (seen,) = people("welding")
    (unseen,) = people("welding", here_today=False)
    with write_transaction(session):
        for member, words in ((seen, "read a grant file"), (unseen, "a secret plan")):
            stay = presence.here(session, member_id=member.id, at=NOON)
            needs.say(
                session, member_id=member.id, lieu_id=lieu.id, presence_id=stay.id, words=words,
                language="en", at=NOON, expires_at=NOON + timedelta(hours=3),
            )  # fmt: skip
    page = screen.get("/kiosk/screen").text
    assert "read a grant file" in page
    assert "secret" not in page
    assert "Nobody-sees" not in page


def test_looking_at_the_screen_changes_nothing_and_being_alive_does(
    screen: FlaskClient, app: Flask, session: Session, lieu: Lieu, held_clock: Clock
) -> None:
    before = rows(app)
    for path in ("/kiosk/screen", "/kiosk/code", "/kiosk/room", "/kiosk/no-phone"):
        assert screen.get(path).status_code == 200
    assert rows(app) == before
    held_clock.now += timedelta(minutes=5)
    assert send(screen, "/kiosk/alive", "/kiosk/screen").status_code == 204
    session.rollback()
    assert kiosks.kiosks_of(session, lieu_id=lieu.id)[0].seen_at == held_clock.now


def test_the_screen_holds_no_persons_session(
    session: Session, lieu: Lieu, client: FlaskClient
) -> None:
    with write_transaction(session):
        bertille = a_member(session, "Bertille Gast")
    screen = signed_in(client, bertille)  # who pairs it may have been signed in
    assert send(screen, "/kiosk/", "/kiosk/", code=new_code(session, lieu)).status_code == 303
    screen.get("/kiosk/screen")
    with screen.session_transaction() as browser:
        assert "_user_id" not in browser
    cookie = screen.get_cookie("kiosk")
    assert cookie is not None
    assert cookie.http_only


def test_a_drawing_has_every_dark_module_and_no_other() -> None:
    address = "https://lanavette.example/door/" + "x" * 60
    code: QRCode = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(address)
    drawn = qr.drawing(address)
    dark = {
        (int(x) + step, int(y))
        for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawn.path)
        for step in range(int(width))
    }
    rows = code.get_matrix()
    assert dark == {(x, y) for y, row in enumerate(rows) for x, cell in enumerate(row) if cell}
    assert drawn.side == len(rows)


def test_a_drawing_has_the_three_corners_of_a_qr_code() -> None:
    drawn = qr.drawing("https://lanavette.example/door/" + "x" * 60)
    corners = drawn.path.count("h7v1h-7z")
    assert corners >= 6  # top and bottom of each finder
    assert drawn.path.startswith("M0 0h7v1h-7z")
    assert drawn.side >= 33

"""Without a phone: said on the screen, proved by the letter or seen by the concierge."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import arrivals, consent, kiosks, needs, presence, skills
from serendipity.arrivals import Declaration
from serendipity.db import write_transaction
from serendipity.lieux import Lieu
from serendipity.mail import Letter
from serendipity.members import Member
from tests.conftest import NOON, Clock
from tests.pages import mailed_code, rows, send
from tests.rows import a_lieu, a_member, on_shift, signed_in

MINUTE = timedelta(minutes=1)
SAID = {
    "email": "awa.diallo@example.org",
    "name": "Awa Diallo",
    "skills": "Illustration, screen printing",
    "need": "How to price a board game",
    "until": str(int((NOON + timedelta(hours=2)).timestamp())),
    "by_mail": "1",
}


def say(screen: FlaskClient, **given: Any) -> Any:
    return send(screen, "/kiosk/no-phone", "/kiosk/no-phone", **{**SAID, **given})


def letter_page(session: Session) -> str:
    session.rollback()
    letter = session.scalars(select(Letter).order_by(Letter.id.desc())).first()
    assert letter is not None
    return f"/check-in/letter/{letter.facts['handle']}"


def test_what_is_said_is_declared_and_the_screen_forgets_it(
    screen: FlaskClient, session: Session, lieu: Lieu
) -> None:
    answer = say(screen)
    assert (answer.status_code, answer.location) == (303, "/kiosk/screen?came=said")
    (said,) = arrivals.declared_at(session, lieu_id=lieu.id, at=NOON)
    assert (said.name, said.how_in, said.by_mail, said.here_today) == (
        "Awa Diallo", "kiosk", True, False,
    )  # fmt: skip
    for path in (answer.location, "/kiosk/no-phone"):
        page = screen.get(path)
        assert "Awa" not in page.text
        assert "example.org" not in page.text
        assert page.headers["Cache-Control"] == "no-store"
    with screen.session_transaction() as browser:
        assert set(browser) <= {"csrf_token", "_fresh"}


def test_who_typed_in_french_is_thanked_in_french_and_the_next_person_sees_the_lieus_language(
    screen: FlaskClient, held_clock: Clock
) -> None:
    send(screen, "/language", "/kiosk/no-phone", language="fr")
    typing = screen.get("/kiosk/no-phone").text
    assert '<input type="hidden" name="language" value="fr">' in typing
    held_clock.now += 3 * MINUTE  # a long letter
    wrong = say(screen, email="awa@", language="fr")
    assert (wrong.status_code, wrong.headers["Content-Language"]) == (422, "fr")
    said = say(screen, language="fr")
    thanks = screen.get(said.location)
    assert (thanks.headers["Content-Language"], '<html lang="fr">' in thanks.text) == ("fr", True)
    held_clock.now += timedelta(seconds=20)
    assert screen.get("/kiosk/screen").headers["Content-Language"] == "en"


def test_the_code_of_the_letter_is_typed_in_any_browser_that_has_its_page(
    screen: FlaskClient, session: Session, lieu: Lieu, app: Flask, held_clock: Clock
) -> None:
    say(screen)
    computer, page = app.test_client(), letter_page(session)
    held_clock.now += 5 * MINUTE
    before = rows(app)
    shown = computer.get(page)
    assert "Illustration, screen printing" in shown.text
    assert "example.org" not in shown.text
    assert rows(app) == before
    answer = send(computer, page, page, code=mailed_code(session))
    assert (answer.status_code, answer.location) == (303, "/here")
    session.rollback()
    awa = session.scalars(select(Member)).one()
    stay = presence.of(session, member_id=awa.id, at=held_clock.now)
    assert stay is not None
    assert (stay.started_at, stay.how_in, stay.confirmed_at) == (NOON, "kiosk", held_clock.now)
    assert consent.of(session, member_id=awa.id, lieu_id=lieu.id).by_mail
    assert [need.words for need in needs.open_needs(session, lieu_id=lieu.id, at=NOON)]
    again = computer.get(page)
    assert again.status_code == 410
    assert "This letter has done its work" in again.text


def test_who_was_here_before_types_their_address_only(
    screen: FlaskClient, session: Session, app: Flask
) -> None:
    with write_transaction(session):
        awa = a_member(session, "Awa", email="awa.diallo@example.org")
        skills.offer(session, member_id=awa.id, words=["welding"], language="en", at=NOON)
    assert say(screen, name="", skills="").status_code == 303
    page = letter_page(session)
    assert send(app.test_client(), page, page, code=mailed_code(session)).location == "/here"
    session.rollback()
    assert session.get_one(Member, awa.id).name == "Awa"
    assert len(skills.skills_of(session, [awa.id])[awa.id]) == 1


def test_known_and_unknown_addresses_get_the_same_answers_and_rows(
    screen: FlaskClient, session: Session, app: Flask
) -> None:
    with write_transaction(session):
        a_member(session, "Kim", email="known@example.org")
    seen = []
    for email in ("known@example.org", "other@example.org"):
        before = rows(app)
        answer = say(screen, email=email, name="")
        after = rows(app)
        wrote = {name: after[name] - before[name] for name in after if name != "tries"}
        seen.append((answer.status_code, answer.location, answer.data, wrote))
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("awa.diallo@x.org", "Awa Diallo"),
        ("awa_diallo-petit+spam@x.org", "Awa Diallo Petit"),
        ("o'neil@x.org", "O'neil"),
        ("42@x.org", "42"),
    ],
)
def test_an_address_gives_a_name_to_who_typed_none(email: str, name: str) -> None:
    assert arrivals.name_in(email) == name


@pytest.mark.parametrize(
    ("given", "beside"),
    [
        ({"email": "awa@"}, "not an email address"),
        ({"skills": "x" * 10_000}, "10000 characters, and 240 fit"),
        ({"need": "y" * 241}, "241 characters, and 240 fit"),
        ({"until": "0"}, "That time has passed"),
        ({"name": "a\0b"}, "no screen can show"),
    ],
)
def test_what_cannot_be_right_is_said_beside_its_field_and_the_rest_is_kept(
    screen: FlaskClient, app: Flask, given: dict[str, str], beside: str
) -> None:
    screen.get("/kiosk/no-phone")
    before = rows(app)
    answer = say(screen, **given)
    assert answer.status_code == 422
    assert beside in answer.text
    for name in ("name", "email", "skills", "need"):
        assert name in given or f'value="{SAID[name]}"' in answer.text
    assert 'name="by_mail" value="1" checked' in answer.text
    assert rows(app) == before


def test_one_screen_cannot_send_letters_to_the_whole_town(
    screen: FlaskClient, session: Session
) -> None:
    for number in range(40):
        assert say(screen, email=f"p{number}@example.org").status_code == 303
    answer = say(screen)
    assert answer.status_code == 429
    assert "tried too often" in answer.text
    assert f'value="{SAID["skills"]}"' in answer.text


def test_a_stranger_who_used_up_the_letters_of_an_address_does_not_keep_its_owner_out(
    screen: FlaskClient, session: Session, lieu: Lieu
) -> None:
    for _ in range(8):
        assert say(screen).status_code == 303
    assert len(arrivals.declared_at(session, lieu_id=lieu.id, at=NOON)) == 8


def test_wrong_codes_have_a_limit_and_a_new_letter_brings_everything_back(
    screen: FlaskClient, session: Session, app: Flask
) -> None:
    say(screen)
    computer, page = app.test_client(), letter_page(session)
    right = mailed_code(session)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for left in ("4 tries are left", "3 tries", "2 tries", "One try is left", "ask for a new one"):
        answer = send(computer, page, page, code=wrong)
        assert answer.status_code == 422
        assert left in answer.text
    answer = send(computer, page, page, code=right)
    assert answer.status_code == 410
    assert "no longer works" in answer.text
    assert send(computer, f"{page}/again", page).location == page
    session.rollback()
    assert send(computer, page, page, code=mailed_code(session)).location == "/here"


def test_an_unknown_letter_and_a_used_one_answer_alike(
    screen: FlaskClient, session: Session, app: Flask
) -> None:
    say(screen)
    page = letter_page(session)
    send(app.test_client(), page, page, code=mailed_code(session))
    bodies = []
    for path in (page, "/check-in/letter/unknown"):
        answer = app.test_client().get(path)
        assert answer.status_code == 410
        bodies.append(re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text).replace(path, ""))
    assert bodies[0] == bodies[1]


def test_the_concierge_confirms_who_typed_no_code_and_the_letter_is_over(
    screen: FlaskClient, session: Session, lieu: Lieu, app: Flask
) -> None:
    say(screen)
    say(screen)  # twice, because nothing seemed to happen
    with write_transaction(session):
        bertille = a_member(session, "Bertille Gast")
        on_shift(session, lieu, bertille)
    desk = signed_in(app.test_client(), bertille)
    base = f"/concierge/{lieu.slug}"
    assert "Awa Diallo, here?" in desk.get(f"{base}/").text
    session.rollback()
    said = session.scalars(select(Declaration)).first()
    assert said is not None
    send(desk, f"{base}/declarations/{said.public_id}/vouch", f"{base}/check-in")
    session.rollback()
    assert arrivals.declared_at(session, lieu_id=lieu.id, at=NOON) == []
    assert app.test_client().get(letter_page(session)).status_code == 410


def test_the_posters_code_stays_until_the_concierge_replaces_it(
    session: Session, lieu: Lieu, app: Flask, held_clock: Clock
) -> None:
    with write_transaction(session):
        bertille = a_member(session, "Bertille Gast")
        on_shift(session, lieu, bertille)
        elsewhere = a_lieu(session)
    desk, base = signed_in(app.test_client(), bertille), f"/concierge/{lieu.slug}"
    first = desk.get(f"/kiosk/poster/{lieu.slug}").text
    assert "the concierge confirms it" in first
    held_clock.now += timedelta(minutes=90)
    assert desk.get(f"/kiosk/poster/{lieu.slug}").text == first
    secret = str(app.config["SECRET_KEY"])
    old = kiosks.poster_code(session, lieu=lieu, secret=secret)
    theirs = kiosks.poster_code(session, lieu=elsewhere, secret=secret)
    assert send(desk, f"{base}/poster", f"{base}/kiosks").location == f"{base}/kiosks"
    assert desk.get(f"/kiosk/poster/{lieu.slug}").text != first
    phone = app.test_client()
    answer = phone.get(f"/door/{old}")
    assert answer.status_code == 410
    assert "This poster has been replaced" in answer.text
    session.rollback()
    new = kiosks.poster_code(session, lieu=lieu, secret=secret)
    for code in (new, theirs):
        assert phone.get(f"/door/{code}").status_code == 303

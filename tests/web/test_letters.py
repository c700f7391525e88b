"""The page that stops letters: looking changes nothing, posting does, and only for its reader."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from serendipity import consent, mail
from serendipity.db import database, writing
from serendipity.members import Member
from tests.conftest import NOON, Clock
from tests.rows import a_lieu, a_member


@pytest.fixture
def address(app: Flask, held_clock: Clock) -> str:
    """The address in a letter of a member who switched letters on."""
    with app.app_context(), writing() as session:
        lieu, member = a_lieu(session, name="La Navette"), a_member(session)
        consent.choose(
            session, member_id=member.id, lieu_id=lieu.id, here_today=True, by_mail=True,
            other_lieux=True, at=NOON,
        )  # fmt: skip
        letter = mail.owe(
            session, kind="introduction", recipient=str(member.email), key="1", facts={},
            language="en", at=NOON, member_id=member.id, lieu_id=lieu.id,
        )  # fmt: skip
        token = mail.stop_token(letter, secret=app.config["SETTINGS"].secret_key)
    return f"/letters/{token}"


def choices(app: Flask) -> tuple[bool, bool, bool]:
    with app.app_context():
        (chosen,) = database.session.scalars(database.select(consent.Consent))
        return chosen.here_today, chosen.by_mail, chosen.other_lieux


def test_a_mail_scanner_that_opens_the_link_ten_times_changes_nothing(
    app: Flask, client: FlaskClient, address: str
) -> None:
    for _ in range(10):
        answer = client.get(f"{address}/stop")
        assert answer.status_code == 200
    assert "La Navette" in answer.text
    assert choices(app) == (True, True, True)


def test_one_button_stops_the_letters_and_nothing_else(
    app: Flask, client: FlaskClient, address: str
) -> None:
    answer = client.post(f"{address}/stop")
    assert answer.status_code == 303
    assert "No more letters" in client.get(answer.headers["Location"]).text
    assert choices(app) == (True, False, True)


def test_the_mail_programs_own_button_works_without_a_form_token_or_a_redirect(
    app: Flask, client: FlaskClient, address: str
) -> None:
    assert app.config.get("WTF_CSRF_ENABLED", True)
    answer = client.post(f"{address}/stop", data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.text) == (200, "")
    assert choices(app) == (True, False, True)


def test_a_pause_is_for_the_reader_of_the_letter(
    app: Flask, client: FlaskClient, address: str
) -> None:
    assert client.post(f"{address}/pause").status_code == 303
    with app.app_context():
        (member,) = database.session.scalars(database.select(Member))
        assert member.paused_until == NOON + mail.stopping.PAUSE
    assert choices(app) == (True, True, True)


@pytest.mark.parametrize("how", ["get", "post"])
def test_a_forged_address_is_a_missing_page(
    app: Flask, client: FlaskClient, address: str, how: str
) -> None:
    public_id = address.removeprefix("/letters/").rpartition(".")[0]
    for token in ("nothing", "a.b", f"{public_id}.{'0' * 32}", f"{public_id}.", "é.é"):
        assert getattr(client, how)(f"/letters/{token}/stop").status_code == 404
    assert choices(app) == (True, True, True)

"""Signing in by a code, and out; nothing tells who is known; nothing leads elsewhere."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from serendipity.db import write_transaction
from serendipity.members import Member
from tests.conftest import Clock
from tests.pages import beside, mailed_code, rows, send, token_of
from tests.rows import a_member

pytestmark = pytest.mark.usefixtures("held_clock")


@pytest.fixture
def awa(app: Flask) -> str:
    with beside(app) as session, write_transaction(session):
        return str(a_member(session, "Awa Diallo", email="awa@example.org").public_id)


def code_in_the_letter(app: Flask) -> str:
    with beside(app) as session:
        return mailed_code(session)


def who(client: FlaskClient) -> str:
    with client.session_transaction() as browser:
        return str(browser.get("_user_id", "")).partition(".")[0]


def test_a_code_signs_in_and_the_session_begins_anew(
    app: Flask, client: FlaskClient, awa: str
) -> None:
    answer = send(client, "/sign-in", "/sign-in", email=" AWA@example.org ")
    assert (answer.status_code, answer.location) == (303, "/sign-in/code")
    before = token_of(client, "/sign-in/code")
    answer = send(client, "/sign-in/code", "/sign-in/code", code=code_in_the_letter(app))
    assert (answer.status_code, answer.location) == (303, "/here")
    assert who(client) == awa
    with client.session_transaction() as browser:
        assert set(browser) & {"browser", "signin", "csrf_token"} == set()
    assert token_of(client, "/") != before


def test_signing_out_ends_the_session(client: FlaskClient, app: Flask, awa: str) -> None:
    send(client, "/sign-in", "/sign-in", email="awa@example.org")
    send(client, "/sign-in/code", "/sign-in/code", code=code_in_the_letter(app))
    assert send(client, "/sign-out", "/").location == "/"
    assert who(client) == ""


def test_known_and_unknown_addresses_get_the_same_bytes(app: Flask, awa: str) -> None:
    seen = []
    for email in ("awa@example.org", "zoe@example.org"):
        browser = app.test_client()
        answer = send(browser, "/sign-in", "/sign-in", email=email)
        page = browser.get("/sign-in/code").text.replace(email, "")
        # A token of a later second is another token: take out the one that stands in this page.
        seen.append((answer.status_code, answer.data, re.sub(r'value="[^"]{40,}"', "", page)))
    assert seen[0] == seen[1]


def test_an_address_proved_but_new_is_shown_the_way_in(app: Flask, client: FlaskClient) -> None:
    send(client, "/sign-in", "/sign-in", email="zoe@example.org")
    answer = send(client, "/sign-in/code", "/sign-in/code", code=code_in_the_letter(app))
    assert answer.status_code == 404
    assert "scan the code at its door" in answer.text
    assert rows(app)["member"] == 0


@pytest.mark.parametrize("given", ["", "awa", "awa@", "a\0@example.org"])
def test_an_address_that_cannot_be_is_kept_and_said(client: FlaskClient, given: str) -> None:
    answer = send(client, "/sign-in", "/sign-in", email=given)
    assert answer.status_code == 422
    assert "not an email address" in answer.text


@pytest.mark.parametrize(
    ("after", "led"),
    [
        ("/me", "/me"),
        ("/check-in", "/check-in"),
        ("https://evil.example", "/here"),
        ("//evil.example", "/here"),
        ("/\\evil.example", "/here"),
        ("javascript:alert(1)", "/here"),
    ],
)
def test_signing_in_leads_on_but_never_elsewhere(
    app: Flask, client: FlaskClient, awa: str, after: str, led: str
) -> None:
    token = token_of(client, "/sign-in")
    client.post(
        "/sign-in",
        query_string={"next": after},
        data={"csrf_token": token, "email": "awa@example.org"},
    )
    answer = send(client, "/sign-in/code", "/sign-in/code", code=code_in_the_letter(app))
    assert answer.location == led


def test_the_code_page_without_an_asked_code_leads_back(client: FlaskClient) -> None:
    for path in ("/sign-in/code", "/check-in/code"):
        assert client.get(path).status_code == 302
    assert send(client, "/sign-in/again", "/sign-in").location == "/sign-in"


def test_asking_over_and_over_is_refused_with_the_address_kept(
    client: FlaskClient, held_clock: Clock
) -> None:
    for _ in range(6):
        assert send(client, "/sign-in", "/sign-in", email="awa@example.org").status_code == 303
    answer = send(client, "/sign-in", "/sign-in", email="awa@example.org")
    assert answer.status_code == 429
    assert 'value="awa@example.org"' in answer.text
    again = send(client, "/sign-in/again", "/sign-in/code")
    assert again.status_code == 429


def test_a_session_of_before_sign_out_everywhere_is_over(
    app: Flask, client: FlaskClient, awa: str
) -> None:
    send(client, "/sign-in", "/sign-in", email="awa@example.org")
    send(client, "/sign-in/code", "/sign-in/code", code=code_in_the_letter(app))
    assert client.get("/sign-in").status_code == 302
    with beside(app) as session, write_transaction(session):
        session.query(Member).filter_by(public_id=awa).update({"session_epoch": 1})
    assert client.get("/sign-in").status_code == 200

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


@pytest.mark.parametrize("page", ["/here", "/here/_now", "/here/_room", "/me"])
def test_an_answer_that_comes_late_does_not_undo_a_signing_out(
    client: FlaskClient, app: Flask, awa: str, page: str
) -> None:
    send(client, "/sign-in", "/sign-in", email="awa@example.org")
    send(client, "/sign-in/code", "/sign-in/code", code=code_in_the_letter(app))
    assert client.get(page).status_code in (200, 204, 303)
    begun = client.get(page)  # its answer may come after the next one's
    send(client, "/sign-out", "/")
    assert "Set-Cookie" not in begun.headers


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
    assert "Please wait" in again.text
    assert "Six digits" in again.text  # the code that came before can still be typed


def test_an_address_typed_wrong_is_there_to_be_put_right(client: FlaskClient) -> None:
    send(client, "/sign-in", "/sign-in", email="awa@exmaple.org")
    assert "The address is wrong: go back" in client.get("/sign-in/code").text
    assert 'value="awa@exmaple.org"' in client.get("/sign-in").text


def test_a_code_wrong_five_times_says_how_many_are_left_and_then_what_to_do(
    app: Flask, client: FlaskClient, awa: str
) -> None:
    send(client, "/sign-in", "/sign-in", email="awa@example.org")
    right = code_in_the_letter(app)
    wrong = "111111" if right != "111111" else "222222"
    said = [send(client, "/sign-in/code", "/sign-in/code", code=wrong).text for _ in range(6)]
    assert "4 tries are left" in said[0]
    assert "One try is left" in said[3]
    assert "Please ask for a new one." in said[4]
    assert "This code no longer works" in said[5]
    assert who(client) == ""
    send(client, "/sign-in/again", "/sign-in/code")
    send(client, "/sign-in/code", "/sign-in/code", code=code_in_the_letter(app))
    assert who(client) == awa


def test_without_cookies_the_page_says_so(app: Flask) -> None:
    forgetful = app.test_client(use_cookies=False)
    answer = forgetful.post("/sign-in", data={"email": "awa@example.org"})
    assert answer.status_code == 400
    assert "Your browser keeps no cookies for this site" in answer.text


def test_a_session_of_before_sign_out_everywhere_is_over(
    app: Flask, client: FlaskClient, awa: str
) -> None:
    send(client, "/sign-in", "/sign-in", email="awa@example.org")
    send(client, "/sign-in/code", "/sign-in/code", code=code_in_the_letter(app))
    assert client.get("/sign-in").status_code == 302
    with beside(app) as session, write_transaction(session):
        session.query(Member).filter_by(public_id=awa).update({"session_epoch": 1})
    assert client.get("/sign-in").status_code == 200

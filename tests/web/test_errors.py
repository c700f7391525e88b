"""What went wrong is told, also when the database is what went wrong."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from serendipity.db import database, writing
from serendipity.web.addresses import same_origin_path
from tests.rows import a_member, signed_in


def test_a_lost_database_still_gets_a_page_in_the_browsers_language(app: Flask) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.testing = False
    with app.app_context(), writing() as session:
        member = a_member(session, language="nl")
        client = signed_in(app.test_client(), member)
    with app.app_context(), database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE member RENAME TO away"))
    answer = client.get("/here", headers={"Accept-Language": "fr"})
    assert answer.status_code == 500
    assert b'lang="fr"' in answer.data


def test_an_unknown_page_is_a_404_that_leads_home(app: Flask) -> None:
    answer = app.test_client().get("/nowhere")
    assert answer.status_code == 404
    assert b'href="/"' in answer.data


def test_a_request_under_another_host_name_is_refused(app: Flask) -> None:
    assert app.test_client().get("/", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    ("given", "goes"),
    [
        ("/here", "/here"),
        ("/here?x=1", "/here?x=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\nb", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_a_redirect_stays_on_this_site(given: str | None, goes: str) -> None:
    assert same_origin_path(given) == goes


@pytest.mark.parametrize(
    "path", ["/lieux/la%00x", "/lieux/nowhere?x=%00", "/introductions/%00", "/check-in?lieu=%00"]
)
def test_a_nul_in_an_address_is_an_answer_and_never_our_mistake(app: Flask, path: str) -> None:
    with app.app_context(), writing() as session:
        client = signed_in(app.test_client(), a_member(session))
    assert client.get(path).status_code < 500

"""Templates are compiled once, ahead, and never shown as they were before a change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask, render_template
from jinja2 import Environment

from serendipity import config
from serendipity.app import create_app
from serendipity.db import database
from serendipity.web import compiled

NewApp = Callable[[], Flask]


@pytest.fixture
def new_app(settings: config.Settings) -> Iterator[NewApp]:
    """Make apps, as many as there are processes; all let go of the database after the test."""
    made: list[Flask] = []

    def make() -> Flask:
        made.append(create_app(settings))
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            database.engine.dispose()


def folder(settings: config.Settings) -> Path:
    return settings.instance / "templates"


def test_what_was_compiled_ahead_is_compiled_by_nobody_else(
    new_app: NewApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled.ahead(new_app())
    other = new_app()

    def compile_anew(*_given: object, **_facts: object) -> None:
        raise AssertionError("compiled once more")

    monkeypatch.setattr(Environment, "compile", compile_anew)
    for name in other.jinja_env.list_templates():
        assert other.jinja_env.get_template(name).name == name


def test_only_the_owner_may_write_what_all_processes_run(
    settings: config.Settings, new_app: NewApp
) -> None:
    compiled.ahead(new_app())
    (kept,) = folder(settings).iterdir()
    assert kept.stat().st_mode & 0o777 == 0o700


def changing(new_app: NewApp, settings: config.Settings, words: str) -> Flask:
    """An app whose one template says these words."""
    (settings.instance / "own").mkdir(parents=True, exist_ok=True)
    (settings.instance / "own" / "one.html").write_text(words)
    app = new_app()
    app.template_folder = str(settings.instance / "own")
    app.__dict__.pop("jinja_loader", None)
    return app


def test_a_changed_template_is_shown_as_it_is_now(
    settings: config.Settings, new_app: NewApp
) -> None:
    for words in ("before", "after"):
        app = changing(new_app, settings, words)
        compiled.ahead(app)
        with app.test_request_context():
            assert render_template("one.html") == words


def test_where_nobody_made_the_folder_or_the_disk_is_full_pages_are_shown(
    settings: config.Settings, new_app: NewApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert new_app().test_client().get("/sign-in").status_code == 200
    assert not folder(settings).exists()

    def full(*_given: object, **_facts: object) -> None:
        raise OSError("No space left on device")

    app = new_app()
    compiled.ahead(changing(new_app, settings, "small"))
    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
    assert app.test_client().get("/sign-in").status_code == 200

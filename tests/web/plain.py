"""A service of templates and static files alone: what the visual language needs, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, flash, render_template, render_template_string, request
from flask_babel import Babel, get_locale

from serendipity.web import compression
from serendipity.web.language import LANGUAGES
from serendipity.web.security import asset_version, headers

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES, STATIC = ROOT / "templates", ROOT / "static"
ICONS = (ROOT / "scripts" / "icons.txt").read_text("utf-8").split()


def plain_app() -> Flask:
    """The pattern sheet, the error pages, and whatever else a test wants drawn."""
    app = Flask("plain", template_folder=str(TEMPLATES), static_folder=str(STATIC))
    app.config.update(SECRET_KEY="plain", TESTING=True)
    Babel(app, default_locale="en", locale_selector=lambda: request.args.get("language", "en"))
    app.jinja_env.globals["csrf_token"] = lambda: "a-token"
    app.context_processor(_given)
    app.after_request(headers)
    compression.init_app(app)
    language = Blueprint("language", __name__)
    language.add_url_rule("/language", "choose", lambda: "", methods=["POST"])
    app.register_blueprint(language)
    app.add_url_rule("/patterns", "patterns", _patterns)
    app.add_url_rule("/errors/<int:status>", "error", _error)
    return app


def drawn(source: str, **facts: Any) -> str:
    """A piece of template, as it comes out."""
    with plain_app().test_request_context("/piece"):
        return render_template_string(source, **facts)


def templates(folder: str = "") -> Iterator[Path]:
    """Pages and parts of pages; letters are another medium."""
    for path in sorted((TEMPLATES / folder).rglob("*.html")):
        if "email" not in path.parts:
            yield path


def _patterns() -> str:
    if request.args.get("toast"):
        flash("Your yes is kept quiet.")
    return render_template("components/patterns.html", icons=ICONS)


def _error(status: int) -> tuple[str, int]:
    return render_template(f"errors/{status}.html", status=status), status


def _given() -> dict[str, Any]:
    return {
        "locale": lambda: str(get_locale()),
        "languages": LANGUAGES,
        "asset_version": asset_version(str(STATIC)),
    }

"""Language: English, French or Dutch, as chosen, else as the member's, else as the browser asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import Blueprint, Flask, current_app, g, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_babel import Babel, get_locale
from flask_login import current_user

from serendipity import clock
from serendipity.web.access import access
from serendipity.web.addresses import same_origin_path

LANGUAGES = {"en": "English", "fr": "Français", "nl": "Nederlands"}
babel = Babel()
blueprint = Blueprint("language", __name__)
STAYS: Final = timedelta(minutes=2)  # on a screen that everybody uses; elsewhere for good


def chosen() -> str:
    """The language of this request."""
    if "language" in g:  # a front without cookies has settled it
        return str(g.language)
    given = session.get("language")
    if given in LANGUAGES:
        return str(given)
    if current_user and current_user.is_authenticated:
        return str(current_user.member.language)
    best = request.accept_languages.best_match(LANGUAGES)
    return best or str(current_app.config["BABEL_DEFAULT_LOCALE"])


@blueprint.post("/language")
@access("anyone")
def choose() -> ResponseReturnValue:
    """Remember the choice in the session and go back to the page."""
    if request.form.get("language") in LANGUAGES:
        session["language"] = request.form["language"]
        session["language_until"] = int((clock.now() + STAYS).timestamp())
    return redirect(same_origin_path(request.form.get("next")), 303)


def init_app(app: Flask) -> None:
    babel.init_app(app, locale_selector=chosen)
    app.register_blueprint(blueprint)
    app.context_processor(lambda: {"locale": lambda: str(get_locale()), "languages": LANGUAGES})

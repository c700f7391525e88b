"""A paired screen: six digits make a browser the screen of a lieu, and a cookie remembers it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import (
    Response,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
)
from flask import session as browser
from flask import url_for as url
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, refresh
from wtforms import StringField

from kiosk import blueprint
from serendipity import clock, kiosks, limits
from serendipity.db import reading, writing
from serendipity.kiosks import BadPairingCode
from serendipity.lieux import Lieu
from serendipity.web import forms, session
from serendipity.web.access import access
from serendipity.web.language import LANGUAGES, STAYS

TRIES, TRIED_WITHIN = 10, timedelta(minutes=10)  # of pairing codes, per network address
COOKIE_LIVES = timedelta(days=400)  # as long as browsers keep one; renewed while the screen is on


class Pairing(forms.Form):
    code = StringField()


@blueprint.record_once
def _register(state: BlueprintSetupState) -> None:
    check: Callable[[], None] = known_screen
    state.app.extensions["kiosk_check"] = check


def known_screen() -> None:
    """Set `g.kiosk`, or send the screen to where it is paired. Raises KioskRevoked."""
    try:
        g.kiosk = kiosks.kiosk_with_token(reading(), request.cookies.get(cookie_name(), ""))
    except kiosks.NotPaired:
        abort(redirect(url("kiosk.pair")))
    g.lieu = reading().get_one(Lieu, g.kiosk.lieu_id)
    chosen = clock.now().timestamp() < browser.get("language_until", 0)
    g.language = browser["language"] if chosen else g.lieu.language


def speak(language: str, *, stays: timedelta = STAYS) -> None:
    """Speak the language of who stands here a while longer; then it is the lieu's again."""
    if language in LANGUAGES and language != g.lieu.language:
        until = clock.now() + stays
        browser.update(language=language, language_until=int(until.timestamp()))
        g.language = language
        refresh()


def cookie_name() -> str:
    return "__Host-kiosk" if current_app.config["SESSION_COOKIE_SECURE"] else "kiosk"


def keep(response: Response, token: str) -> Response:
    """Put the screen's token in its cookie."""
    response.set_cookie(
        cookie_name(),
        token,
        max_age=COOKIE_LIVES,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return response


@blueprint.after_request
def say_when(response: Response) -> Response:
    """The service's clock: a tablet's own is not to be trusted, and a stored page's is old. And the
    language now spoken here, so that a screen that shows another loads itself anew."""
    response.headers["X-Now"] = clock.now().isoformat()
    response.content_language.add(str(get_locale()))
    return response


@blueprint.get("/")
@access("anyone")
def pair() -> ResponseReturnValue:
    return render_template("kiosk/pair.html", form=Pairing())


@blueprint.post("/")
@access("anyone")
def type_pairing() -> ResponseReturnValue:
    form, at = Pairing(), clock.now()
    try:
        with writing() as db:
            who = request.remote_addr or ""
            limits.spend(db, "pairing", who, most=TRIES, within=TRIED_WITHIN, at=at)
        with writing() as db:
            _, token = kiosks.pair(db, code=form.code.data or "", at=at)
    except (BadPairingCode, limits.TooOften) as error:
        page = render_template("kiosk/pair.html", form=forms.beside(form, error, "code"))
        return page, error.status
    session.sign_out()  # this browser stands at the door now: it is nobody's
    return keep(make_response(redirect(url("kiosk.screen"), 303)), token)

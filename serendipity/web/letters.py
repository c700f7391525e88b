"""Letters: the page on which somebody stops them, or pauses, without signing in.

A mail program's own "unsubscribe" button posts here from nowhere (RFC 8058), so these two
addresses take no form token; the signature in the address is what only the reader has.
"""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from serendipity import clock, lieux, mail
from serendipity.db import reading, writing
from serendipity.web.access import access

blueprint = Blueprint("letters", __name__, url_prefix="/letters")


@blueprint.get("/<token>/stop")
@access("anyone")
def stop(token: str) -> ResponseReturnValue:
    """Ask; a GET changes nothing."""
    letter = mail.letter_of(reading(), token=token, secret=_secret())
    lieu = reading().get(lieux.Lieu, letter.lieu_id)
    done = request.args.get("done")
    return render_template("letters/stop.html", token=token, lieu=lieu, done=done)


@blueprint.post("/<token>/stop")
@access("anyone")
def do_stop(token: str) -> ResponseReturnValue:
    with writing() as session:
        mail.stop(session, token=token, secret=_secret(), at=clock.now())
    if request.form.get("List-Unsubscribe") == "One-Click":
        return "", 200  # a machine asked: RFC 8058 wants no redirect
    return redirect(url_for("letters.stop", token=token, done="stopped"), 303)


@blueprint.post("/<token>/pause")
@access("anyone")
def do_pause(token: str) -> ResponseReturnValue:
    with writing() as session:
        mail.pause(session, token=token, secret=_secret(), at=clock.now())
    return redirect(url_for("letters.stop", token=token, done="paused"), 303)


def _secret() -> str:
    return str(current_app.config["SETTINGS"].secret_key)

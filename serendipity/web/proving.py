"""Proving, at one's own desk, what one said on the screen at the door.

The letter with the code names this page. Its address is known to nobody but the reader of the
letter: it stands for the browser that a kiosk does not have. Opening it changes nothing; typing the
code makes the stay, and signs in the browser where it was typed.
"""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from serendipity import arrivals, clock, limits, signin
from serendipity.arrivals import Declaration
from serendipity.db import reading, writing
from serendipity.errors import Expired, Refused
from serendipity.lieux import Lieu
from serendipity.web import forms
from serendipity.web import signin as signin_front
from serendipity.web.access import access
from serendipity.web.session import sign_in

blueprint = Blueprint("proving", __name__, url_prefix="/check-in/letter")


class LetterOver(Expired):
    """Nothing waits under this letter: it was proved, the concierge confirmed it, or it is over."""


def key(handle: str) -> str:
    return arrivals.key_of(handle, secret=str(current_app.config["SECRET_KEY"]))


def waiting(handle: str) -> Declaration:
    """What waits under this letter. Raises LetterOver."""
    said = arrivals.declared_by(reading(), browser=key(handle))
    if said is None:
        raise LetterOver()
    return said


@blueprint.get("/<handle>")
@access("anyone")
def page(handle: str) -> ResponseReturnValue:
    return shown(handle, waiting(handle), signin_front.Code())


def shown(
    handle: str, said: Declaration, form: signin_front.Code, error: Refused | None = None
) -> ResponseReturnValue:
    words = render_template(
        "proving/page.html",
        form=form if error is None else forms.beside(form, error, "code"),
        handle=handle,
        said=said,
        lieu=reading().get_one(Lieu, said.lieu_id),
    )
    return words, error.status if error else 200


@blueprint.post("/<handle>")
@access("anyone")
def prove(handle: str) -> ResponseReturnValue:
    form, at = signin_front.Code(), clock.now()
    said, browser = waiting(handle), key(handle)
    code, email = form.code.data or "", said.email
    try:
        with writing() as db:  # counted and committed, whatever it comes to
            guess = signin.guess(db, email=email, code=code, browser=browser, at=at)
        with writing() as db:
            entry = arrivals.enter(db, guess=guess, browser=browser, at=at)
    except (signin.WrongCode, signin.CodeGone) as error:
        return shown(handle, waiting(handle), form, error)
    sign_in(entry.member)
    return redirect(signin_front.AFTER, 303)


@blueprint.post("/<handle>/again")
@access("anyone")
def send_again(handle: str) -> ResponseReturnValue:
    """Another code to the same address; the one before is over."""
    said, form = waiting(handle), signin_front.Code()
    try:
        with writing() as db:
            signin.ask(
                db,
                email=said.email,
                browser=key(handle),
                language=said.language,
                place=request.remote_addr or "",
                handle=handle,
                at=clock.now(),
            )
    except limits.TooOften as error:
        return shown(handle, waiting(handle), form, error)
    flash(gettext("A new code is on its way. The one before no longer works."))
    return redirect(url("proving.page", handle=handle), 303)

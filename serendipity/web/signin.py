"""Signing in with a code by mail: `/sign-in`, `/sign-in/code`, and out again.

The browser holds a random value in its session; what the domain gets is a key made of it and of
the installation's secret, so that neither a stolen cookie nor a stolen table lets codes be tried.
Whatever address is typed, the answers are the same.
"""

from __future__ import annotations

import hmac
import secrets

from flask import Blueprint, current_app, flash, redirect, render_template, request, session
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import StringField

from serendipity import arrivals, clock, limits, members, passkeys, signin
from serendipity.db import reading, writing
from serendipity.errors import Refused
from serendipity.web import forms
from serendipity.web.access import access
from serendipity.web.addresses import same_origin_path
from serendipity.web.session import sign_in, sign_out

blueprint = Blueprint("signin", __name__)
AFTER = "/here"


class Email(forms.Form):
    email = StringField()


class Code(forms.Form):
    code = StringField()


def browser_key() -> str:
    """What the domain knows this browser by; the random part is made at first need."""
    held = session.setdefault("browser", secrets.token_urlsafe(16))
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.digest(secret, f"browser {held}".encode(), "sha256").hex()


def screen_language() -> str:
    return str(get_locale())


def wait_for_code(email: str, after: str = AFTER) -> None:
    """Remember in this browser which address a code was sent to."""
    session["signin"] = {"email": members.plain_email(email), "after": after}


def awaited() -> dict[str, str]:
    """The address a code was sent to, and where to go with it; empty when none is awaited."""
    return dict(session.get("signin") or {})


def enter(code: str) -> arrivals.Entry:
    """Sign in with a typed code. The guess is committed first, whatever it came to."""
    at, browser = clock.now(), browser_key()
    with writing() as db:
        guess = signin.guess(db, email=awaited()["email"], code=code, browser=browser, at=at)
    with writing() as db:
        entry = arrivals.enter(db, guess=guess, browser=browser, at=at)
    begin(entry.member, at_door=entry.presence is None)
    return entry


def begin(member: members.Member, *, at_door: bool = True) -> None:
    """Begin a session of this member; who signs in at the door still stands there."""
    door = session.get("door")
    sign_in(member)
    if door and at_door:
        session["door"] = door


@blueprint.get("/sign-in")
@access("anyone")
def ask() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(same_origin_path(request.args.get("next"), AFTER))
    return ask_page(Email(formdata=None, data={"email": awaited().get("email", "")}))


def ask_page(form: FlaskForm, status: int = 200) -> ResponseReturnValue:
    """The page that asks for an address; or for a passkey, where browsers can make them."""
    can = passkeys.site_of(current_app.config["SETTINGS"].public_url).can
    return render_template("signin/ask.html", form=form, passkeys_can=can), status


@blueprint.post("/sign-in")
@access("anyone")
def send() -> ResponseReturnValue:
    form = Email()
    try:
        with writing() as db:
            signin.ask(
                db,
                email=form.email.data or "",
                browser=browser_key(),
                language=screen_language(),
                at=clock.now(),
                place=request.remote_addr or "",
            )
    except (members.BadEmail, limits.TooOften) as error:
        return ask_page(forms.beside(form, error), error.status)
    wait_for_code(form.email.data or "", same_origin_path(request.args.get("next"), AFTER))
    return redirect(url("signin.code"), 303)


@blueprint.get("/sign-in/code")
@access("anyone")
def code() -> ResponseReturnValue:
    if not awaited():
        return redirect(url("signin.ask"))
    return code_page(Code())


@blueprint.post("/sign-in/code")
@access("anyone")
def type_code() -> ResponseReturnValue:
    form = Code()
    if not awaited():
        return redirect(url("signin.ask"), 303)
    after = awaited()["after"]
    try:
        entry = enter(form.code.data or "")
    except (signin.WrongCode, signin.CodeGone) as error:
        return code_page(form, error)
    return redirect(AFTER if entry.presence else after, 303)


def code_page(form: Code, error: Refused | None = None) -> ResponseReturnValue:
    """The page to type the code on; the same for signing in and for a first check-in."""
    if isinstance(error, signin.WrongCode | limits.TooOften):
        forms.beside(form, error)
    declared = arrivals.declared_by(reading(), browser=browser_key())
    words = render_template(
        "signin/code.html",
        form=form,
        email=awaited().get("email", ""),
        declared=declared,
        gone=isinstance(error, signin.CodeGone),
    )
    return words, error.status if error else 200


@blueprint.post("/sign-in/again")
@access("anyone")
def send_again() -> ResponseReturnValue:
    """Another code to the same address; the one before is over."""
    if not awaited():
        return redirect(url("signin.ask"), 303)
    try:
        with writing() as db:
            signin.ask(
                db,
                email=awaited()["email"],
                browser=browser_key(),
                language=screen_language(),
                at=clock.now(),
                place=request.remote_addr or "",
            )
    except limits.TooOften as error:
        return code_page(Code(formdata=None), error)
    flash(gettext("A new code is on its way. The one before no longer works."))
    return redirect(url("signin.code"), 303)


@blueprint.post("/sign-out")
@access("anyone")
def leave() -> ResponseReturnValue:
    sign_out()
    return redirect("/", 303)

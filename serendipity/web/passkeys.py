"""Passkeys on the pages: making one, signing in with one, and one's list on `/me`.

`static/js/passkey.js` fetches the options, lets the device answer, puts the answer into the form
and sends it: what comes back is an ordinary page. Without scripts nothing of it is shown, and the
emailed code does the same.
"""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from serendipity import clock, passkeys
from serendipity.db import writing
from serendipity.errors import Refused
from serendipity.passkeys import Site
from serendipity.web import forms, signin
from serendipity.web.access import access, current_member
from serendipity.web.addresses import same_origin_path

blueprint = Blueprint("passkeys", __name__)


def site() -> Site:
    return passkeys.site_of(current_app.config["SETTINGS"].public_url)


def _json(words: str) -> ResponseReturnValue:
    return current_app.response_class(words, mimetype="application/json")


@blueprint.post("/sign-in/passkey/options")
@access("anyone")
def ask_to_sign_in() -> ResponseReturnValue:
    with writing() as db:
        words = passkeys.ask_to_sign_in(
            db, browser=signin.browser_key(), site=site(), at=clock.now()
        )
    return _json(words)


@blueprint.post("/sign-in/passkey")
@access("anyone")
def sign_in() -> ResponseReturnValue:
    at, browser = clock.now(), signin.browser_key()
    after = same_origin_path(request.form.get("next"), signin.AFTER)
    try:
        with writing() as db:
            challenge = passkeys.take(db, what="sign-in", browser=browser, at=at)
        with writing() as db:
            member = passkeys.prove(
                db, challenge=challenge, answer=request.form.get("answer", ""), site=site(), at=at
            )
    except (passkeys.ChallengeGone, passkeys.BadPasskey) as error:
        flash(forms.complaint(error))
        return redirect(url("signin.ask", next=after), 303)
    signin.begin(member)
    return redirect(after, 303)


@blueprint.post("/me/passkeys/options")
@access("member")
def ask_to_register() -> ResponseReturnValue:
    with writing() as db:
        words = passkeys.ask_to_register(
            db,
            member_id=current_member().id,
            browser=signin.browser_key(),
            site=site(),
            at=clock.now(),
        )
    return _json(words)


@blueprint.post("/me/passkeys")
@access("member")
def register() -> ResponseReturnValue:
    at, browser, member_id = clock.now(), signin.browser_key(), current_member().id
    try:
        with writing() as db:
            challenge = passkeys.take(db, what="register", browser=browser, at=at)
        with writing() as db:
            passkeys.register(
                db,
                member_id=member_id,
                challenge=challenge,
                answer=request.form.get("answer", ""),
                name=request.form.get("name", "").strip() or gettext("My device"),
                site=site(),
                at=at,
            )
    except Refused as error:
        flash(forms.complaint(error))
        return _back()
    flash(gettext("Kept. Next time, a finger or a glance is enough; the emailed code still works."))
    return _back()


@blueprint.post("/me/passkeys/decline")
@access("member")
def decline() -> ResponseReturnValue:
    with writing() as db:
        passkeys.decline(db, member_id=current_member().id, at=clock.now())
    flash(gettext("Fine. We will not ask again; it stays on your own page."))
    return redirect(url("coworker.here"), 303)


@blueprint.post("/me/passkeys/<public_id>")
@access("member")
def rename(public_id: str) -> ResponseReturnValue:
    try:
        with writing() as db:
            passkeys.rename(
                db,
                public_id=public_id,
                member_id=current_member().id,
                name=request.form.get("name", ""),
            )
    except Refused as error:
        if isinstance(error, passkeys.NoSuchPasskey):
            raise
        flash(forms.complaint(error))
        return _back()
    flash(gettext("Kept."))
    return _back()


@blueprint.post("/me/passkeys/<public_id>/remove")
@access("member")
def remove(public_id: str) -> ResponseReturnValue:
    with writing() as db:
        passkeys.remove(db, public_id=public_id, member_id=current_member().id)
    flash(gettext("Removed here. Remove it in your device’s settings too."))
    return _back()


def _back() -> ResponseReturnValue:
    return redirect(url("coworker.me", _anchor="passkeys"), 303)

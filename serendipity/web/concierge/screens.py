"""Screens at the door: paired by a code that stands here and nowhere else, and the poster."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, session
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms import StringField

from serendipity import clock, kiosks
from serendipity.db import reading, writing
from serendipity.errors import Invalid
from serendipity.web import addresses, forms
from serendipity.web.access import access
from serendipity.web.concierge import blueprint
from serendipity.web.concierge.desk import shift_now


class Screen(forms.Form):
    name = StringField()


@blueprint.get("/<slug>/kiosks")
@access("concierge")
def screens(slug: str) -> ResponseReturnValue:
    return screens_page(Screen())


def screens_page(form: Screen) -> str:
    at, code = clock.now(), session.get("pairing")
    live = code and code["lieu"] == g.lieu.id and code["until"] > at.timestamp()
    return render_template(
        "concierge/screens.html",
        kiosks=kiosks.kiosks_of(reading(), lieu_id=g.lieu.id),
        code=code if live else None,
        at=at,
        form=form,
        address=addresses.public("/kiosk/"),
    )


@blueprint.post("/<slug>/kiosks")
@access("concierge")
def prepare_screen(slug: str) -> ResponseReturnValue:
    form, at = Screen(), clock.now()
    try:
        with writing() as db:
            lieu_id, name = shift_now(db).lieu_id, form.name.data or ""
            code = kiosks.make_pairing(db, lieu_id=lieu_id, name=name, at=at)
    except Invalid as error:
        return screens_page(forms.beside(form, error)), error.status
    until = int((at + kiosks.PAIRING_LIVES).timestamp())
    # In the signed session of this browser, so that the code is shown here and nowhere else.
    session["pairing"] = {"lieu": g.lieu.id, "code": code, "until": until}
    return redirect(url("concierge.screens", slug=slug), 303)


@blueprint.post("/<slug>/poster")
@access("concierge")
def replace_poster(slug: str) -> ResponseReturnValue:
    with writing() as db:
        kiosks.replace_poster(db, lieu_id=shift_now(db).lieu_id, at=clock.now())
    flash(gettext("The posters that hang open nothing any more. Print the new one."))
    return redirect(url("concierge.screens", slug=slug), 303)


@blueprint.post("/<slug>/kiosks/<kiosk>/revoke")
@access("concierge")
def revoke_screen(slug: str, kiosk: str) -> ResponseReturnValue:
    with writing() as db:
        kiosks.revoke(db, public_id=kiosk, lieu_id=shift_now(db).lieu_id, at=clock.now())
    flash(gettext("That screen shows nothing any more."))
    return redirect(url("concierge.screens", slug=slug), 303)

"""First set-up, by whoever has the link that the terminal printed: three short pages.

What was typed is kept in this browser's session until the last page; then one transaction makes
the operator and the first lieu, and the link is dead.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, session
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import refresh
from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField

from serendipity import clock, lieux, members, setup, words
from serendipity.db import reading, writing
from serendipity.errors import Invalid
from serendipity.web import forms, weektimes
from serendipity.web.access import access
from serendipity.web.language import LANGUAGES, chosen
from serendipity.web.session import sign_in

blueprint = Blueprint("setup", __name__, url_prefix="/set-up")
KEPT = "setup"


class You(FlaskForm):
    language = StringField()
    name = StringField()
    email = StringField()


class FirstLieu(FlaskForm):
    lieu = StringField()
    city = StringField()
    timezone = StringField()
    seats = IntegerField()
    siret = StringField()


class Hours(FlaskForm):
    """The rows are read by `weektimes`."""


def kept() -> dict[str, Any]:
    """What this browser typed so far."""
    return dict(session.get(KEPT) or {})


def keep(**facts: Any) -> None:
    session[KEPT] = {**kept(), **facts}


@blueprint.get("/<token>")
@access("anyone")
def you(token: str) -> ResponseReturnValue:
    setup.check(reading(), token)
    form = You(data={"language": chosen(), **kept()})
    return render_template("setup/you.html", form=form, token=token)


@blueprint.post("/<token>")
@access("anyone")
def keep_you(token: str) -> ResponseReturnValue:
    setup.check(reading(), token)
    form = You()
    try:
        keep(
            name=words.said(form.name.data or "", field="name", most=members.LONGEST_NAME),
            email=members.plain_email(form.email.data or ""),
            language=form.language.data if form.language.data in LANGUAGES else "en",
        )
    except Invalid as error:
        page = render_template("setup/you.html", form=forms.beside(form, error), token=token)
        return page, error.status
    session["language"] = kept()["language"]
    refresh()
    return redirect(url("setup.first_lieu", token=token), 303)


@blueprint.get("/<token>/lieu")
@access("anyone")
def first_lieu(token: str) -> ResponseReturnValue:
    setup.check(reading(), token)
    form = FirstLieu(data={"timezone": "Europe/Paris", "seats": 30, **kept()})
    return render_template(
        "setup/lieu.html",
        form=form,
        token=token,
        zones=[(zone, zone) for zone in sorted(lieux.zones())],
    )


@blueprint.post("/<token>/lieu")
@access("anyone")
def keep_lieu(token: str) -> ResponseReturnValue:
    setup.check(reading(), token)
    form = FirstLieu()
    try:
        keep(**checked_lieu(form))
    except Invalid as error:
        form = forms.beside(form, error)
        page = render_template(
            "setup/lieu.html",
            form=form,
            token=token,
            zones=[(zone, zone) for zone in sorted(lieux.zones())],
        )
        return page, error.status
    return redirect(url("setup.hours", token=token), 303)


def checked_lieu(form: FirstLieu) -> dict[str, Any]:
    """What was typed of the lieu, if it can be right."""
    return {
        "lieu": words.said(form.lieu.data or "", field="lieu", most=160),
        "city": words.line(form.city.data or "", field="city", most=120),
        "timezone": lieux.plain_zone(form.timezone.data or ""),
        "seats": lieux.plain_seats(-1 if form.seats.data is None else form.seats.data),
        "siret": lieux.plain_siret(form.siret.data or ""),
    }


@blueprint.get("/<token>/hours")
@access("anyone")
def hours(token: str) -> ResponseReturnValue:
    setup.check(reading(), token)
    if "email" not in kept() or "lieu" not in kept():
        return redirect(url("setup.you", token=token), 303)
    return hours_page(token, Hours(), weektimes.a_week())


def hours_page(token: str, form: Hours, rows: list[weektimes.Row]) -> str:
    return render_template(
        "setup/hours.html",
        form=form,
        rows=rows,
        weekdays=weektimes.weekdays(),
        token=token,
        lieu=kept().get("lieu", ""),
    )


@blueprint.post("/<token>/hours")
@access("anyone")
def finish(token: str) -> ResponseReturnValue:
    setup.check(reading(), token)
    rows, said = weektimes.typed(request.form, "hours"), kept()
    if "email" not in said or "lieu" not in said:
        return redirect(url("setup.you", token=token), 303)
    try:
        spans = weektimes.spans(rows, "hours")
        with writing() as db:
            operator, _ = setup.set_up(
                db,
                token=token,
                name=said["name"],
                email=said["email"],
                language=said["language"],
                lieu=setup.FirstLieu(
                    name=said["lieu"],
                    city=said["city"],
                    timezone=said["timezone"],
                    seats=said["seats"],
                    siret=said["siret"],
                    hours=spans,
                ),
                at=clock.now(),
            )
    except Invalid as error:
        return hours_page(token, forms.beside(Hours(), error), rows), error.status
    sign_in(operator)
    return redirect(url("operator.index", welcome=1), 303)

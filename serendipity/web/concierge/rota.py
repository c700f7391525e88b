"""The rota: who comes when. For the concierges of a lieu, on shift or not; it shows no visitor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from flask import flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms import StringField

from serendipity import clock, rota
from serendipity.db import reading, writing
from serendipity.errors import Invalid
from serendipity.lieux import Lieu
from serendipity.web import forms, weektimes
from serendipity.web.access import access, current_member
from serendipity.web.concierge import blueprint

SHOWN = timedelta(weeks=4)


class BadDay(Invalid):
    """Not a day of the calendar. Fact: field."""


class Plan(forms.Form):
    """A time at the desk, on the lieu's own clock."""

    day = StringField()
    starts = StringField()
    ends = StringField()


def _lieu(slug: str) -> Lieu:
    return rota.lieu_of_concierge(reading(), slug=slug, member_id=current_member().id)


@blueprint.get("/rota/<slug>")
@access("member")
def rota_page(slug: str) -> ResponseReturnValue:
    return _page(_lieu(slug), Plan(formdata=None))


def _page(lieu: Lieu, form: Plan) -> str:
    at = clock.now()
    entries = rota.entries(reading(), lieu_id=lieu.id, since=at, until=at + SHOWN)
    days = [
        (day, list(some))
        for day, some in groupby(
            entries, key=lambda one: clock.local_date(one.plan.starts_at, lieu.timezone)
        )
    ]
    today = clock.local_date(at, lieu.timezone)
    return render_template(
        "concierge/rota.html", lieu=lieu, days=days, form=form, today=today, me=current_member()
    )


@blueprint.post("/rota/<slug>")
@access("member")
def plan_shift(slug: str) -> ResponseReturnValue:
    lieu, form = _lieu(slug), Plan()
    mine = request.form.get("who") != "open"
    try:
        starts_at, ends_at = _span(lieu, form)
        with writing() as db:
            rota.plan(
                db,
                lieu=lieu,
                starts_at=starts_at,
                ends_at=ends_at,
                member_id=current_member().id if mine else None,
                at=clock.now(),
            )
    except Invalid as error:
        return _page(_lieu(slug), forms.beside(form, error)), error.status
    flash(gettext("On the rota. Thank you.") if mine else gettext("Somebody is looked for."))
    return redirect(url("concierge.rota_page", slug=slug), 303)


def _span(lieu: Lieu, form: Plan) -> tuple[datetime, datetime]:
    """Both ends as instants; an end before its start is on the next day."""
    try:
        day = date.fromisoformat((form.day.data or "").strip())
    except ValueError as error:
        raise BadDay(field="day") from error
    starts, ends = (_time(form, field) for field in ("starts", "ends"))
    last = day + timedelta(days=1) if ends <= starts else day
    # On the night when clocks go back a plan means the first of the two hours: it is only a plan.
    return (
        clock.instant(day, starts, lieu.timezone, fold=0),
        clock.instant(last, ends, lieu.timezone, fold=0),
    )


def _time(form: Plan, field: str) -> time:
    given = form[field].data or ""
    try:
        return time.fromisoformat(given.strip())
    except ValueError as error:
        raise weektimes.BadTime(field=field, given=given[:20]) from error


def _do(slug: str, verb: Callable[..., Any], plan: str, said: str) -> ResponseReturnValue:
    me = current_member().id
    with writing() as db:
        lieu = rota.lieu_of_concierge(db, slug=slug, member_id=me)
        verb(db, lieu=lieu, public_id=plan, member_id=me)
    flash(said)
    return redirect(url("concierge.rota_page", slug=slug), 303)


@blueprint.post("/rota/<slug>/<plan>/take-on")
@access("member")
def take_on(slug: str, plan: str) -> ResponseReturnValue:
    return _do(slug, rota.take_on, plan, gettext("On the rota. Thank you."))


@blueprint.post("/rota/<slug>/<plan>/let-go")
@access("member")
def let_go(slug: str, plan: str) -> ResponseReturnValue:
    return _do(slug, rota.let_go, plan, gettext("Somebody else is looked for."))


@blueprint.post("/rota/<slug>/<plan>/strike")
@access("member")
def strike(slug: str, plan: str) -> ResponseReturnValue:
    return _do(slug, rota.strike, plan, gettext("Off the rota."))

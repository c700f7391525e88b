"""Seating: how many seats of each moment may be kept ahead, and who is expected.

The same page for the concierge on shift and for the operator; only who is expected is the
concierge's alone, because an operator has no business with who comes when.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from flask import Blueprint, flash, g, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from serendipity import clock, lieux, seats
from serendipity.db import reading, writing
from serendipity.errors import Invalid
from serendipity.lieux import Lieu
from serendipity.web import forms, traces, weektimes
from serendipity.web.access import access

blueprint = Blueprint("seating", __name__)
EXPECTED = (0, 1)  # days from today


@blueprint.get("/concierge/<slug>/seats")
@access("concierge")
def of_desk(slug: str) -> ResponseReturnValue:
    return page(g.lieu, expected=True)


@blueprint.post("/concierge/<slug>/seats")
@access("concierge")
def keep_at_desk(slug: str) -> ResponseReturnValue:
    return keep(g.lieu, url("seating.of_desk", slug=slug), expected=True)


@blueprint.get("/operator/lieux/<slug>/seats")
@access("operator")
def of_lieu(slug: str) -> ResponseReturnValue:
    return page(lieux.lieu_named(reading(), slug))


@blueprint.post("/operator/lieux/<slug>/seats")
@access("operator")
def keep_of_lieu(slug: str) -> ResponseReturnValue:
    return keep(lieux.lieu_named(reading(), slug), url("seating.of_lieu", slug=slug))


def page(
    lieu: Lieu,
    *,
    expected: bool = False,
    typed: Mapping[str, str] | None = None,
    wrong: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    """The moments of the week, each with its number; what was typed and refused stays."""
    today = clock.local_date(clock.now(), lieu.timezone)
    days = [today + timedelta(days=days) for days in EXPECTED] if expected else []
    kept = [(day, seats.reserved_on(reading(), lieu_id=lieu.id, day=day)) for day in days]
    if expected:
        ids = [member.id for _, some in kept for _, member in some]
        traces.leave(g.shift, {"seen-expected": ids})
    words = render_template(
        "seating/week.html",
        lieu=lieu,
        week=seats.week(reading(), lieu_id=lieu.id),
        weekdays=weektimes.weekdays(),
        clock=weektimes.clock,
        typed=typed or {},
        wrong=wrong,
        expected=kept,
        for_concierge=expected,
    )
    return words, status


def keep(lieu: Lieu, back: str, *, expected: bool = False) -> ResponseReturnValue:
    try:
        with writing() as session:
            _keep(session, lieux.lieu_named(session, lieu.slug), request.form)
    except Invalid as error:
        lieu = lieux.lieu_named(reading(), lieu.slug)
        wrong = forms.complaint(error)
        return page(lieu, expected=expected, typed=request.form, wrong=wrong, status=error.status)
    flash(gettext("Kept. Seats that were promised stay promised."))
    return redirect(back, 303)


def _keep(session: Session, lieu: Lieu, typed: Mapping[str, str]) -> None:
    """Take every number of the page; one that is no number is refused with all the others."""
    for one in seats.week(session, lieu_id=lieu.id):
        given = typed.get(f"seats-{one.weekday}-{one.starts}", str(one.seats)).strip() or "0"
        whole = given.isascii() and given.isdecimal() and len(given) < 6
        seats.offer(
            session,
            lieu=lieu,
            weekday=one.weekday,
            starts=one.starts,
            count=int(given) if whole else -1,
            at=clock.now(),
        )

"""Taking a shift, and handing it over with a note."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, g, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms import TextAreaField

from serendipity import clock, hours, shifts
from serendipity.db import reading, writing
from serendipity.errors import Invalid
from serendipity.lieux import Lieu
from serendipity.web import forms
from serendipity.web.access import access, current_member
from serendipity.web.concierge import blueprint


class HandOver(forms.Form):
    note = TextAreaField()


@blueprint.get("/")
@access("member")
def choose() -> ResponseReturnValue:
    at, member = clock.now(), current_member()
    rows = shifts.lieux_of(reading(), member_id=member.id)
    lieux = [
        {
            "lieu": lieu,
            "shift": shift if shift and shift.until > at else None,
            "unwritten": shift if shift and shift.until <= at else None,
            "ends": _ends(lieu, at),
            "last": shifts.last_note(reading(), lieu_id=lieu.id),
            "on_shift": shifts.current_shifts(reading(), lieu_id=lieu.id, at=at),
        }
        for lieu, shift in rows
    ]
    return render_template("concierge/choose.html", lieux=lieux, form=HandOver())


def _ends(lieu: Lieu, at: datetime) -> list[datetime]:
    """Sensible ends of a shift that begins now; closing time is the last."""
    latest = at + shifts.LONGEST
    return [end for end in hours.stays(reading(), lieu=lieu, at=at) if end <= latest] or [latest]


@blueprint.post("/")
@access("member")
def take() -> ResponseReturnValue:
    slug = request.form.get("lieu", "")
    try:
        with writing() as db:
            shifts.take_shift(
                db,
                slug=slug,
                member_id=current_member().id,
                until=_instant(request.form.get("until", "")),
                at=clock.now(),
            )
    except Invalid:  # the page was left open until that time had passed
        flash(gettext("Choose an end that is still to come, today."))
        return redirect(url("concierge.choose"), 303)
    return redirect(url("concierge.show", slug=slug), 303)


def _instant(given: str) -> datetime:
    """The instant that a radio button stands for."""
    if not given.isascii() or not given.isdecimal() or len(given) > 11:
        raise shifts.BadShiftEnd(field="until", until=given[:20], longest=shifts.LONGEST)
    return datetime.fromtimestamp(int(given), UTC)


def _leave_note(form: HandOver, slug: str) -> None:
    with writing() as db:
        shifts.hand_over(
            db,
            slug=slug,
            member_id=current_member().id,
            note=form.note.data or "",
            at=clock.now(),
        )


@blueprint.post("/late-note")
@access("member")
def write_late_note() -> ResponseReturnValue:
    """A shift ran out without a note: it can still be written, though nothing else be seen."""
    form, slug = HandOver(), request.form.get("lieu", "")
    try:
        _leave_note(form, slug)
    except Invalid as error:
        page = render_template(
            "concierge/late_note.html", form=forms.beside(form, error), slug=slug
        )
        return page, error.status
    flash(gettext("Thank you. The next concierge reads it first."))
    return redirect(url("concierge.choose"), 303)


@blueprint.get("/<slug>/hand-over")
@access("concierge")
def hand_over_form(slug: str) -> ResponseReturnValue:
    return render_template(
        "concierge/hand_over.html",
        form=HandOver(),
        note=shifts.last_note(reading(), lieu_id=g.lieu.id),
    )


@blueprint.post("/<slug>/hand-over")
@access("concierge")
def hand_over(slug: str) -> ResponseReturnValue:
    form = HandOver()
    try:
        _leave_note(form, slug)
    except Invalid as error:
        page = render_template("concierge/hand_over.html", form=forms.beside(form, error))
        return page, error.status
    flash(gettext("Handed over. Thank you for being here."))
    return redirect(url("concierge.choose"), 303)

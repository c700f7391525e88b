"""What keeps one well: a pause until a day, a private note on access, never meeting somebody."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import flash, redirect, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from serendipity import access_needs, clock, introductions, members, presence
from serendipity.db import writing
from serendipity.errors import Invalid
from serendipity.web import forms
from serendipity.web.access import access, current_member
from serendipity.web.coworker import blueprint, me

PAUSES = me.PAUSES
LONGEST = timedelta(days=366)


@blueprint.post("/me/pause")
@access("member")
def pause() -> ResponseReturnValue:
    """No suggestions for some days, or until a day; neither ends the pause."""
    try:
        until = _until(request.form.get("days", ""), request.form.get("until", ""))
    except (ValueError, OverflowError):
        flash(gettext("Choose a day after today and within a year. Nothing was changed."))
        return redirect(url("coworker.me", _anchor="pause"), 303)
    with writing() as session:
        members.pause(session, member_id=current_member().id, until=until)
    return redirect(url("coworker.me", _anchor="pause"), 303)


def _until(days: str, day: str) -> datetime | None:
    at, zone = clock.now(), me.zone_of(current_member())
    count = {str(count): count for count in PAUSES}.get(days)
    if count:
        return at + timedelta(days=count)
    if not day:
        return None
    until, _ = clock.day_bounds(date.fromisoformat(day), zone)
    if not at < until <= at + LONGEST:
        raise ValueError(day)
    return until


@blueprint.post("/me/access-need")
@access("member")
def note_access_need() -> ResponseReturnValue:
    try:
        with writing() as session:
            access_needs.note(
                session,
                member_id=current_member().id,
                words_said=request.form.get("access_need", ""),
                for_concierge="for_concierge" in request.form,
                at=clock.now(),
            )
    except Invalid as error:
        flash(forms.complaint(error))
    else:
        flash(gettext("Kept."))
    return redirect(url("coworker.me", _anchor="access-need"), 303)


@blueprint.post("/here/never")
@access("member")
def never_meet() -> ResponseReturnValue:
    """Never these two, said of somebody whose name I see in the room."""
    me_id, at = current_member().id, clock.now()
    with writing() as session:
        stay = presence.here(session, member_id=me_id, at=at)
        introductions.never_meet(
            session,
            member_id=me_id,
            public_id=request.form.get("member", ""),
            lieu_id=stay.lieu_id,
            at=at,
        )
    flash(gettext("Never these two. Nobody is told."))
    return redirect(url("coworker.here"), 303)

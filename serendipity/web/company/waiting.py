"""Waiting: a place in the line for a room that is taken."""

from __future__ import annotations

from flask import flash, g, redirect, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from serendipity import bookings, clock, lieux, organisations, rooms
from serendipity.db import reading, writing
from serendipity.errors import Busy, Refused
from serendipity.web.access import access, current_member
from serendipity.web.company import blueprint
from serendipity.web.company.forms import Search, Start
from serendipity.web.company.rooms import offered, page, refused


@blueprint.post("/lieux/<slug>/rooms/<room>/wait")
@access("member")
def wait(slug: str, room: str) -> ResponseReturnValue:
    lieu = lieux.lieu_named(reading(), slug)
    wanted = rooms.room_named(reading(), lieu=lieu, slug=room)
    form, start = Search(request.form), request.form.get("start", "")
    if not form.is_right():
        return page(lieu, form, [], None, 422)
    payer, _ = organisations.organisation_of(
        reading(), public_id=request.form.get("organisation", ""), member_id=current_member().id
    )
    try:
        starts_at = Start.read(form.date.data, start, lieu.timezone)
        with writing() as db:
            bookings.wait(
                db,
                room=wanted,
                organisation_id=payer.id,
                member_id=current_member().id,
                starts_at=starts_at,
                ends_at=starts_at + form.duration,
                people=form.people.data,
                at=clock.now(),
            )
    except (Refused, Busy) as error:
        return page(
            lieu, form, offered(lieu, form), refused(wanted, lieu, form, start, error), error.status
        )
    flash(gettext("You stand in line. When it is free it is held for you, and a letter says so."))
    return redirect(url("company.organisation", organisation=payer.public_id), 303)


@blueprint.post("/organisations/<organisation>/waits/<wait>/leave")
@access("company")
def leave_line(organisation: str, wait: str) -> ResponseReturnValue:
    with writing() as db:
        bookings.leave(
            db,
            public_id=wait,
            organisation_id=g.organisation.id,
            member_id=current_member().id,
            at=clock.now(),
        )
    flash(gettext("You no longer wait for it."))
    return redirect(url("company.organisation", organisation=organisation), 303)

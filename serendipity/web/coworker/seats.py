"""Seats ahead: `/seats` (mine), and a lieu's moments of the next four weeks to keep one in."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from flask import current_app, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select

from serendipity import clock, lieux, seats
from serendipity.db import reading, writing
from serendipity.errors import Refused
from serendipity.lieux import Lieu
from serendipity.web import addresses, forms
from serendipity.web.access import access, current_member
from serendipity.web.coworker import blueprint

FIRST_DAYS = 7  # shown at once; the others unfold


@blueprint.get("/seats")
@access("member")
def my_seats() -> ResponseReturnValue:
    return render_template(
        "coworker/seats.html",
        mine=mine_ahead(),
        lieux=[
            lieu
            for lieu in lieux.open_lieux(reading())
            if seats.are_offered(reading(), lieu_id=lieu.id)
        ],
    )


def mine_ahead() -> list[dict[str, Any]]:
    """The seats that the signed-in member keeps, with their lieux."""
    kept = seats.kept_by(reading(), member_id=current_member().id, at=clock.now())
    ids = {one.lieu_id for one in kept}
    by_id = {one.id: one for one in reading().scalars(select(Lieu).where(Lieu.id.in_(ids)))}
    return [{"seat": one, "lieu": by_id[one.lieu_id]} for one in kept]


@blueprint.get("/lieux/<slug>/seats")
@access("member")
def choose_seat(slug: str) -> ResponseReturnValue:
    return seats_page(lieux.lieu_named(reading(), slug))


def seats_page(lieu: Lieu, error: Refused | None = None) -> ResponseReturnValue:
    at = clock.now()
    found = seats.ahead(reading(), lieu=lieu, at=at, member_id=current_member().id)
    days = [(day, list(moments)) for day, moments in groupby(found, key=lambda one: one.day)]
    soon = clock.local_date(at, lieu.timezone).toordinal() + FIRST_DAYS
    page = render_template(
        "coworker/choose_seat.html",
        lieu=lieu,
        soon=[one for one in days if one[0].toordinal() < soon],
        later=[one for one in days if one[0].toordinal() >= soon],
        wrong=forms.complaint(error) if error else "",
    )
    return page, error.status if error else 200


@blueprint.post("/lieux/<slug>/seats")
@access("member")
def keep_seat(slug: str) -> ResponseReturnValue:
    given = request.form.get("starts_at", "")
    seconds = int(given) if given.isascii() and given.isdecimal() and len(given) < 12 else 0
    try:
        with writing() as session:
            seats.reserve(
                session,
                member_id=current_member().id,
                lieu=lieux.lieu_named(session, slug),
                starts_at=datetime.fromtimestamp(seconds, UTC),
                at=clock.now(),
            )
    except (seats.AlreadyKept, seats.NoSeatLeft, seats.TooManySeats, seats.NoSuchMoment) as error:
        return seats_page(lieux.lieu_named(reading(), slug), error)
    flash(gettext("Your seat is kept. A letter says so, with an entry for your calendar."))
    return redirect(url("coworker.my_seats"), 303)


@blueprint.post("/seats/<public_id>/cancel")
@access("member")
def cancel_seat(public_id: str) -> ResponseReturnValue:
    with writing() as session:
        seats.cancel(session, public_id=public_id, member_id=current_member().id, at=clock.now())
    flash(gettext("Given back. Somebody else may have it."))
    return redirect(url("coworker.my_seats"), 303)


@blueprint.get("/seats/<public_id>/calendar.ics")
@access("member")
def seat_calendar(public_id: str) -> ResponseReturnValue:
    """The entry for a calendar; for a seat that was let go, its end."""
    kept = seats.seat_of(reading(), public_id=public_id, member_id=current_member().id)
    lieu = reading().get_one(Lieu, kept.lieu_id)
    words = seats.calendar_file(
        seats.facts_of(reading(), kept, what="kept" if kept.kept else "cancelled", at=clock.now()),
        at=kept.cancelled_at or kept.freed_at or kept.kept_at,
        summary=gettext("%(moment)s at %(place)s", moment=kept.moment, place=lieu.name),
        link=addresses.public("/seats"),
        organiser=addresses.sender(),
    )
    answer = current_app.response_class(words, mimetype="text/calendar")
    answer.headers["Content-Disposition"] = "attachment; filename=seat.ics"
    return answer

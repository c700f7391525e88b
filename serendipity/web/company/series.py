"""Series: the same hours on several days; planned, held, confirmed, and its rest let go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import time
from typing import Any

from flask import g, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from serendipity import bookings, clock, lieux, organisations, rooms
from serendipity.bookings import Occurrence, Wanted
from serendipity.db import reading, writing
from serendipity.errors import Busy, Refused
from serendipity.lieux import Lieu
from serendipity.rooms import Room
from serendipity.web.access import access, current_member
from serendipity.web.company import blueprint
from serendipity.web.company.forms import NotATime, Search, length_words
from serendipity.web.company.pressing import pressed
from serendipity.web.company.receipts import money_of
from serendipity.web.company.rooms import page as rooms_page
from serendipity.web.company.rooms import payers
from serendipity.web.company.wording import complaint

RHYTHMS = (
    ("weekly", _("Every week")),
    ("fortnightly", _("Every second week")),
    ("daily", _("Every day")),
)


def asked(room: Room, form: Search) -> Wanted:
    """What the address or the form asks for.

    Raises
    ------
    NotATime, bookings.BadTimes
    """
    given, _, fold = request.values.get("start", "").partition("-")
    times = request.values.get("times", "6")
    try:
        start = time.fromisoformat(given)
    except ValueError as error:
        raise NotATime(field="start", given=given[:20]) from error
    if not (times.isascii() and times.isdigit() and len(times) < 5):
        raise bookings.BadTimes(field="times", given=times[:20], most=bookings.MOST_TIMES)
    return Wanted(
        room=room,
        first=form.date.data,
        start=start,
        length=form.duration,
        rhythm=request.values.get("rhythm", "weekly"),
        times=int(times),
        people=form.people.data,
        fold=int(fold) if fold in {"0", "1"} else None,
    )


@blueprint.get("/lieux/<slug>/rooms/<room>/series")
@access("anyone")
def plan_series(slug: str, room: str) -> ResponseReturnValue:
    """The days, with what cannot be had; a GET, so nothing is held."""
    lieu = lieux.lieu_named(reading(), slug)
    wanted_room = rooms.room_named(reading(), lieu=lieu, slug=room)
    form = Search(request.args)
    if not form.is_right():
        return rooms_page(lieu, form, [], None, 422)
    try:
        wanted = asked(wanted_room, form)
        days = planned(wanted)
    except Refused as error:
        return plan_page(lieu, wanted_room, form, [], why=complaint(error), status=error.status)
    return plan_page(lieu, wanted_room, form, days)


def planned(wanted: Wanted) -> list[Occurrence]:
    mine = payers()
    payer = mine[0].id if len(mine) == 1 else None  # residents see their own price
    return bookings.plan(reading(), wanted=wanted, at=clock.now(), organisation_id=payer)


def plan_page(
    lieu: Lieu,
    room: Room,
    form: Search,
    days: Sequence[Occurrence],
    *,
    why: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    free = [day.quoted for day in days if day.quoted]
    paying = payers()
    page = render_template(
        "company/series_plan.html",
        lieu=lieu,
        room=room,
        form=form,
        days=[(day, why_not(day)) for day in days],
        free=free,
        net=sum(quoted.price.net_cents for quoted in free),
        gross=sum(quoted.price.gross_cents for quoted in free),
        length=length_words(form.length.data) if form.length.data else "",
        rhythms=RHYTHMS,
        typed={name: request.values.get(name, "") for name in ("start", "rhythm", "times")},
        payers=paying,
        payer_options=[(payer.public_id, payer.name) for payer in paying],
        here=request.full_path if request.method == "GET" else "",
        why=why,
    )
    return page, status


def why_not(day: Occurrence) -> str:
    """Why this day cannot be had, in a row of a table: nothing else is offered beside it."""
    if isinstance(day.why, bookings.RoomTaken):
        return str(gettext("Taken"))
    return complaint(day.why) if day.why else ""


@blueprint.post("/lieux/<slug>/rooms/<room>/series")
@access("member")
def hold_series(slug: str, room: str) -> ResponseReturnValue:
    lieu = lieux.lieu_named(reading(), slug)
    wanted_room = rooms.room_named(reading(), lieu=lieu, slug=room)
    form = Search(request.form)
    if not form.is_right():
        return rooms_page(lieu, form, [], None, 422)
    days: Sequence[Occurrence] = []
    try:
        wanted = asked(wanted_room, form)
        days = planned(wanted)
        payer, _role = organisations.organisation_of(
            reading(),
            public_id=request.form.get("organisation", ""),
            member_id=current_member().id,
        )
        with writing() as db:
            made = bookings.hold_series(
                db,
                wanted=wanted,
                organisation_id=payer.id,
                member_id=current_member().id,
                skip=[day.day for day in days if day.why] if request.form.get("skip") else [],
                at=clock.now(),
            )
    except organisations.NoSuchOrganisation:
        raise
    except (Refused, Busy) as error:
        days = error.facts.get("days", days)
        return plan_page(lieu, wanted_room, form, days, why=complaint(error), status=error.status)
    return redirect(url("company.series", organisation=payer.public_id, series=made.public_id), 303)


@blueprint.get("/organisations/<organisation>/series/<series>")
@access("company")
def series(organisation: str, series: str) -> ResponseReturnValue:
    return series_page(series)


def series_page(public_id: str, why: str = "", status: int = 200) -> ResponseReturnValue:
    at = clock.now()
    made, days = bookings.series_of(
        reading(), public_id=public_id, organisation_id=g.organisation.id
    )
    room = reading().get_one(Room, days[0].room_id)
    held = [one for one in days if bookings.is_held(one, at)]
    page = render_template(
        "company/series.html",
        organisation=g.organisation,
        role=g.role,
        series=made,
        days=days,
        held=held,
        coming=bookings.still_to_come(days, at=at),
        total=bookings.price_of(held or days),
        room=room,
        lieu=reading().get_one(Lieu, room.lieu_id),
        at=at,
        is_booked=bookings.is_booked,
        **money_of(days, at),
        why=why,
    )
    return page, status


def address_of(series: str) -> str:
    return url("company.series", organisation=g.organisation.public_id, series=series)


@blueprint.post("/organisations/<organisation>/series/<series>/confirm")
@access("company")
def confirm_series(organisation: str, series: str) -> ResponseReturnValue:
    return _changed(
        bookings.confirm_series, series, gettext("All days are booked. A letter is on its way.")
    )


@blueprint.post("/organisations/<organisation>/series/<series>/cancel")
@access("company")
def cancel_series(organisation: str, series: str) -> ResponseReturnValue:
    return _changed(bookings.cancel_rest, series, gettext("The days to come are free again."))


def _changed(verb: Callable[..., Any], public_id: str, words: str) -> ResponseReturnValue:
    return pressed(
        lambda db: verb(
            db,
            public_id=public_id,
            organisation_id=g.organisation.id,
            member_id=current_member().id,
            at=clock.now(),
        ),
        words,
        then=address_of(public_id),
        else_=lambda why, status: series_page(public_id, why, status),
    )

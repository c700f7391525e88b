"""A booking: its slip with the countdown of the hold, then confirm, move, cancel, calendar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Response, g, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from serendipity import bookings, calendars, clock, rooms, skillmap
from serendipity.bookings import Booking
from serendipity.db import reading
from serendipity.errors import Refused
from serendipity.lieux import Lieu
from serendipity.rooms import Room
from serendipity.web.access import access, current_member
from serendipity.web.company import blueprint
from serendipity.web.company.forms import Search, Start
from serendipity.web.company.pressing import pressed
from serendipity.web.company.questions import answered
from serendipity.web.company.receipts import money_of
from serendipity.web.company.rooms import Offered, offer_of
from serendipity.web.company.wording import complaint


@dataclass(frozen=True)
class Booked:
    """A booking with where it is."""

    booking: Booking
    room: Room
    lieu: Lieu


def booked(public_id: str) -> Booked:
    """The booking in the address, of the organisation in the address.

    Raises
    ------
    NotYours
    """
    found = bookings.booking_of(reading(), public_id=public_id, organisation_id=g.organisation.id)
    room = reading().get_one(Room, found.room_id)
    return Booked(found, room, reading().get_one(Lieu, room.lieu_id))


@blueprint.get("/organisations/<organisation>/bookings/<booking>")
@access("company")
def booking(organisation: str, booking: str) -> ResponseReturnValue:
    return booking_page(booked(booking))


def booking_page(found: Booked, why: str = "", status: int = 200) -> ResponseReturnValue:
    at, row = clock.now(), found.booking
    page = render_template(
        "company/booking.html",
        organisation=g.organisation,
        role=g.role,
        booking=row,
        room=found.room,
        lieu=found.lieu,
        at=at,
        is_held=bookings.is_held(row, at),
        is_booked=bookings.is_booked(row),
        is_asked=bookings.is_asked(row, at),
        can_come=row.came_at is None and bookings.can_come(row, at),
        can_move=bookings.is_booked(row) and at < min(row.free_until, row.starts_at),
        can_cancel=bookings.is_booked(row) and at < row.starts_at,
        can_wait=row.hold_expires_at - row.held_at <= bookings.HOLD,
        cancelling_costs=bookings.cancelling_costs(row, at),
        late_price=bookings.share(row.price, row.late_points, row.vat_points),
        due=bookings.due(row),
        opens_at=row.starts_at - skillmap.BEFORE,
        lets_go_at=row.starts_at + timedelta(minutes=found.room.no_show_minutes),
        of_series=reading().get(bookings.Series, row.series_id or 0),
        questions=answered(row, found.lieu) if current_member().id == row.booked_by_id else [],
        member=current_member(),
        **money_of([row], at),
        why=why,
    )
    return page, status


@blueprint.post("/organisations/<organisation>/bookings/<booking>/confirm")
@access("company")
def confirm(organisation: str, booking: str) -> ResponseReturnValue:
    return changed(bookings.confirm, booking, gettext("Booked. A letter is on its way."))


@blueprint.post("/organisations/<organisation>/bookings/<booking>/longer")
@access("company")
def hold_longer(organisation: str, booking: str) -> ResponseReturnValue:
    return changed(bookings.hold_longer, booking, gettext("Ten minutes more."))


@blueprint.post("/organisations/<organisation>/bookings/<booking>/cancel")
@access("company")
def cancel(organisation: str, booking: str) -> ResponseReturnValue:
    return changed(bookings.cancel, booking, gettext("The room is free again."))


@blueprint.post("/organisations/<organisation>/bookings/<booking>/ask")
@access("company")
def ask_lieu(organisation: str, booking: str) -> ResponseReturnValue:
    return changed(bookings.ask_for_yes, booking, gettext("The lieu is asked. A letter follows."))


@blueprint.post("/organisations/<organisation>/bookings/<booking>/here")
@access("company")
def we_are_here(organisation: str, booking: str) -> ResponseReturnValue:
    return changed(bookings.come, booking, gettext("Welcome. The room is yours."))


@blueprint.post("/organisations/<organisation>/bookings/<booking>/bring-back")
@access("company")
def bring_back(organisation: str, booking: str) -> ResponseReturnValue:
    return changed(bookings.bring_back, booking, gettext("The room is yours again."))


def changed(
    verb: Callable[..., Booking], public_id: str, words: str, **given: Any
) -> ResponseReturnValue:
    """Do one thing to the booking and show it; a rule's no is shown on the booking's page."""
    return pressed(
        lambda db: verb(
            db,
            public_id=public_id,
            organisation_id=g.organisation.id,
            member_id=current_member().id,
            at=clock.now(),
            **given,
        ),
        words,
        then=address(public_id),
        else_=lambda why, status: booking_page(booked(public_id), why, status),
    )


def address(public_id: str) -> str:
    return url("company.booking", organisation=g.organisation.public_id, booking=public_id)


@blueprint.get("/organisations/<organisation>/bookings/<booking>/move")
@access("company")
def other_times(organisation: str, booking: str) -> ResponseReturnValue:
    found = booked(booking)
    form = move_search(found)
    return move_page(found, form, right=form.is_right() if request.args.get("date") else True)


def move_search(found: Booked) -> Search:
    """The booking's own day, length and people, until something else is asked for."""
    row = found.booking
    form = Search(request.args if request.args.get("date") else None)
    if not request.args.get("date"):
        form.date.data = clock.local_date(row.starts_at, found.lieu.timezone)
        form.length.data = int((row.ends_at - row.starts_at).total_seconds()) // 60
        form.people.data = row.people
        form.access.data = "any"
    return form


def move_page(
    found: Booked, form: Search, *, right: bool, why: str = "", status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "company/move.html",
        organisation=g.organisation,
        booking=found.booking,
        room=found.room,
        lieu=found.lieu,
        form=form,
        found=other_rooms(found, form) if right else [],
        why=why,
    )
    return page, status if right else 422


def other_rooms(found: Booked, form: Search) -> list[Offered]:
    """Rooms of the same lieu that fit, with their free starts; the booking's own time is free."""
    fitting = [
        room
        for room in rooms.rooms_of(reading(), found.lieu)
        if room.capacity >= form.people.data and (room.step_free or form.access.data != "step-free")
    ]
    free = rooms.free_starts_of(
        reading(),
        lieu=found.lieu,
        rooms=fitting,
        day=form.date.data,
        length=form.duration,
        at=clock.now(),
        but_not=found.booking.id,
    )
    return [offer_of(room, found.lieu, free[room.id], form) for room in fitting]


@blueprint.post("/organisations/<organisation>/bookings/<booking>/move")
@access("company")
def move(organisation: str, booking: str) -> ResponseReturnValue:
    found = booked(booking)
    form = Search(request.form)
    if not form.is_right():
        return move_page(found, form, right=False)
    try:
        room = rooms.room_named(reading(), lieu=found.lieu, slug=request.form.get("room", ""))
        starts_at = Start.read(form.date.data, request.form.get("start", ""), found.lieu.timezone)
    except Refused as error:
        return move_page(found, form, right=True, why=complaint(error), status=error.status)
    return changed(
        bookings.move,
        booking,
        gettext("Moved. A letter with the new time is on its way."),
        room=room,
        people=form.people.data,
        starts_at=starts_at,
        ends_at=starts_at + form.duration,
    )


@blueprint.get("/organisations/<organisation>/bookings/<booking>.ics")
@access("company")
def calendar(organisation: str, booking: str) -> ResponseReturnValue:
    found = booked(booking)
    if found.booking.confirmed_at is None:
        raise bookings.NotYours()  # a hold is nobody's appointment yet
    what = "cancelled" if found.booking.cancelled_at else "confirmed"
    facts = bookings.facts_of(
        found.booking, what=what, organisation=g.organisation, room=found.room, lieu=found.lieu
    )
    summary = gettext("%(room)s, %(lieu)s", room=found.room.name, lieu=found.lieu.name)
    answer = Response(
        calendars.booking_event(facts, at=clock.now(), summary=summary),
        mimetype="text/calendar",
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.room.slug}.ics"'
    return answer

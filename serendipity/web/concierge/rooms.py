"""Today's rooms, as the concierge sees them: what waits for a yes, who comes, who is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g, render_template
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from serendipity import bookings, clock
from serendipity.db import reading
from serendipity.web.access import access
from serendipity.web.company.pressing import pressed
from serendipity.web.concierge import blueprint
from serendipity.web.concierge.desk import shift_now


@blueprint.get("/<slug>/rooms")
@access("concierge")
def rooms(slug: str) -> ResponseReturnValue:
    return rooms_page()


def rooms_page(why: str = "", status: int = 200) -> ResponseReturnValue:
    at = clock.now()
    since, until = clock.day_bounds(clock.local_date(at, g.lieu.timezone), g.lieu.timezone)
    page = render_template(
        "concierge/rooms.html",
        lieu=g.lieu,
        waiting=bookings.waiting_for_yes(reading(), lieu_id=g.lieu.id, at=at),
        today=bookings.today(reading(), lieu_id=g.lieu.id, since=since, until=until),
        can_come=lambda booking: bookings.can_come(booking, at),
        why=why,
    )
    return page, status


@blueprint.post("/<slug>/rooms/<booking>/approve")
@access("concierge")
def approve(slug: str, booking: str) -> ResponseReturnValue:
    return _answered(bookings.approve, booking, gettext("Booked. They have a letter."))


@blueprint.post("/<slug>/rooms/<booking>/turn-down")
@access("concierge")
def turn_down(slug: str, booking: str) -> ResponseReturnValue:
    return _answered(bookings.turn_down, booking, gettext("Said no. They have a letter."))


@blueprint.post("/<slug>/rooms/<booking>/here")
@access("concierge")
def they_are_here(slug: str, booking: str) -> ResponseReturnValue:
    return _answered(bookings.seen, booking, gettext("Noted: they are here."))


def _answered(verb: Callable[..., Any], public_id: str, words: str) -> ResponseReturnValue:
    return pressed(
        lambda db: verb(db, lieu_id=shift_now(db).lieu_id, public_id=public_id, at=clock.now()),
        words,
        then=url("concierge.rooms", slug=g.lieu.slug),
        else_=rooms_page,
    )

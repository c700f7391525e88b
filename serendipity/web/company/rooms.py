"""Rooms: what is free at a lieu, what it costs, and holding one.

The page is public and asks nothing of the database that a form could tamper with: a choice is a
room, a start, a length and a number of people. The price is worked out here each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_login import current_user

from serendipity import bookings, clock, lieux, organisations, photos, rooms
from serendipity.bookings import Alternative, Quote
from serendipity.db import reading, writing
from serendipity.errors import AmbiguousTimeError, Busy, Refused
from serendipity.lieux import Lieu
from serendipity.organisations import Organisation
from serendipity.rooms import Price, Room
from serendipity.web.access import access, current_member
from serendipity.web.company import blueprint
from serendipity.web.company.forms import Hold, Search, Start, length_words
from serendipity.web.company.wording import complaint
from serendipity.web.walltime import wall

EASY = 6  # starts shown at once; the others open below


@dataclass(frozen=True)
class Offer:
    """A start that can be chosen, as a button carries and shows it."""

    value: str
    words: str


@dataclass(frozen=True)
class Offered:
    """A room with its free starts on the day that was asked for."""

    room: Room
    price: Price
    easy: Sequence[Offer]
    others: Sequence[Offer]


@dataclass(frozen=True)
class Choice:
    """What somebody chose, or tried to: a quote, or why there is none."""

    room: Room
    start: str
    quoted: Quote | None = None
    why: str = ""
    twice: Sequence[Offer] = ()
    alternatives: Sequence[Alternative] = ()


@blueprint.get("/lieux/<slug>/rooms")
@access("anyone")
def find(slug: str) -> ResponseReturnValue:
    lieu = lieux.lieu_named(reading(), slug)
    form = search(lieu)
    if not form.is_right():
        return page(lieu, form, [], None, 422)
    choice = chosen(lieu, form) if request.args.get("start") else None
    status = 422 if choice and choice.quoted is None else 200
    return page(lieu, form, offered(lieu, form), choice, status)


@blueprint.post("/lieux/<slug>/rooms/<room>/hold")
@access("member")
def hold(slug: str, room: str) -> ResponseReturnValue:
    lieu = lieux.lieu_named(reading(), slug)
    wanted = rooms.room_named(reading(), lieu=lieu, slug=room)
    form = Search(request.form)
    if not form.is_right():
        return page(lieu, form, [], None, 422)
    given = Hold()
    try:
        starts_at = Start.read(form.date.data, given.start.data or "", lieu.timezone)
        payer, _ = organisations.organisation_of(
            reading(), public_id=given.organisation.data or "", member_id=current_member().id
        )
        with writing() as db:
            held = bookings.hold(
                db,
                room=wanted,
                organisation_id=payer.id,
                member_id=current_member().id,
                starts_at=starts_at,
                ends_at=starts_at + form.duration,
                people=form.people.data,
                at=clock.now(),
            )
    except organisations.NoSuchOrganisation:
        raise
    except (Refused, Busy) as error:
        choice = refused(wanted, lieu, form, given.start.data or "", error)
        return page(lieu, form, offered(lieu, form), choice, error.status)
    return redirect(
        url("company.booking", organisation=payer.public_id, booking=held.public_id), 303
    )


# --- what the page shows --------------------------------------------------------------------


def search(lieu: Lieu) -> Search:
    """What was asked for, or a room for two hours today for a few people."""
    if request.args.get("date"):
        return Search(request.args)
    given = {
        "date": first_day(lieu).isoformat(),
        "people": "4",
        "length": "120",
        "access": "any",
        **request.args,
    }
    return Search(_Typed(given))


class _Typed(dict[str, str]):
    """A plain mapping in the shape WTForms reads: several values per name."""

    def getlist(self, name: str) -> list[str]:
        return [self[name]] if name in self else []


def first_day(lieu: Lieu) -> date:
    """Today, or tomorrow when today's last hour has passed."""
    at = clock.now()
    here = rooms.rooms_of(reading(), lieu)
    today = clock.local_date(at, lieu.timezone)
    free = rooms.free_starts_of(
        reading(), lieu=lieu, rooms=here, day=today, length=timedelta(hours=1), at=at
    )
    return today if any(free.values()) or not here else today + timedelta(days=1)


def offered(lieu: Lieu, form: Search) -> list[Offered]:
    """Rooms that fit, with starts and price; those that are free all day come with none."""
    fitting = [
        room
        for room in rooms.rooms_of(reading(), lieu)
        if room.capacity >= form.people.data and (room.step_free or form.access.data != "step-free")
    ]
    free = rooms.free_starts_of(
        reading(),
        lieu=lieu,
        rooms=fitting,
        day=form.date.data,
        length=form.duration,
        at=clock.now(),
    )
    return [offer_of(room, lieu, free[room.id], form) for room in fitting]


def offer_of(room: Room, lieu: Lieu, free: Sequence[datetime], form: Search) -> Offered:
    easy, others = easy_starts(free, lieu.timezone)
    start = clock.day_bounds(form.date.data, lieu.timezone)[0]
    return Offered(
        room=room,
        price=rooms.price(room, start, start + form.duration),
        easy=[offer(at, lieu.timezone) for at in easy],
        others=[offer(at, lieu.timezone) for at in others],
    )


def offer(at: datetime, zone: str) -> Offer:
    value = Start.written(at, zone)
    words = wall(at, zone)
    if value != words:  # the clock shows it twice that night: say which by its zone's name
        words = f"{words} {clock.local(at, zone).tzname()}"
    return Offer(value, words)


def easy_starts(
    free: Sequence[datetime], zone: str
) -> tuple[Sequence[datetime], Sequence[datetime]]:
    """A few starts on the hour, spread over the day, and all of them."""
    if len(free) <= EASY:
        return free, ()
    whole = [at for at in free if clock.local(at, zone).minute == 0] or list(free)
    step = max(1, -(-len(whole) // EASY))
    return whole[::step], free


def chosen(lieu: Lieu, form: Search) -> Choice:
    """The quote for the room and start in the address, or why there is none."""
    room = rooms.room_named(reading(), lieu=lieu, slug=request.args.get("room", ""))
    start = request.args.get("start", "")
    try:
        starts_at = Start.read(form.date.data, start, lieu.timezone)
        quoted = bookings.quote(
            reading(),
            room=room,
            starts_at=starts_at,
            ends_at=starts_at + form.duration,
            people=form.people.data,
            at=clock.now(),
        )
    except Refused as error:
        return refused(room, lieu, form, start, error)
    return Choice(room, start, quoted)


def refused(room: Room, lieu: Lieu, form: Search, start: str, error: Any) -> Choice:
    """Why not, and what else there is."""
    twice: Sequence[Offer] = ()
    if isinstance(error, AmbiguousTimeError):
        both = (Start.read(form.date.data, f"{start[:5]}-{fold}", lieu.timezone) for fold in "01")
        twice = [offer(at, lieu.timezone) for at in both]
    return Choice(
        room,
        start,
        why=complaint(error),
        twice=twice,
        alternatives=error.facts.get("alternatives", ()),
    )


def page(
    lieu: Lieu, form: Search, found: Sequence[Offered], choice: Choice | None, status: int
) -> ResponseReturnValue:
    asked = {
        "date": form.date.data.isoformat() if form.date.data else "",
        "people": form.people.data,
        "length": form.length.data,
        "access": form.access.data,
    }
    words = render_template(
        "company/rooms.html",
        lieu=lieu,
        form=form,
        found=found,
        photos=photos.photos_of(reading(), room_ids=[one.room.id for one in found]),
        choice=choice,
        asked=asked,
        offer=offer,
        length=length_words(form.length.data) if form.length.data else "",
        payers=(paying := payers()),
        payer_options=[(payer.public_id, payer.name) for payer in paying],
        here=address(slug=lieu.slug, choice=choice, asked=asked),
    )
    return words, status


def address(*, slug: str, choice: Choice | None, asked: Mapping[str, Any]) -> str:
    """The page with what was chosen, to come back to after signing in."""
    if choice is None:
        return url("company.find", slug=slug, **asked)
    return url("company.find", slug=slug, room=choice.room.slug, start=choice.start, **asked)


def payers() -> list[Organisation]:
    """The organisations that the reader may book for."""
    if not current_user.is_authenticated:
        return []
    found = organisations.organisations_of(reading(), member_id=current_member().id)
    return [payer for payer, role in found if organisations.may(role, "book")]

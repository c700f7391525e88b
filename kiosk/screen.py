"""What the screen at the door shows: the lieu, the moment, a code that changes by itself.

It tells numbers: how many are here, and the skills and families that at least three people hold
who agreed to be seen; never a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, g, make_response, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from kiosk import blueprint, qr
from kiosk.paired import cookie_name, keep
from serendipity import clock, consent, kiosks, needs, presence, skills
from serendipity.db import reading, writing
from serendipity.kiosks import DoorCode
from serendipity.lieux import Lieu
from serendipity.web import moments, walltime
from serendipity.web.access import access
from serendipity.web.addresses import public

AT_LEAST = 3  # fewer people than this are not a crowd to be hidden in
MOST_CHIPS, MOST_WANTS, MOST_MOMENTS = 8, 2, 4


@dataclass(frozen=True)
class Room:
    """What the screen tells about the people here."""

    how_many: int
    chips: list[tuple[str, int]]
    wants: list[str]


@blueprint.get("/screen")
@access("kiosk")
def screen() -> ResponseReturnValue:
    at = clock.now()
    page = render_template(
        "kiosk/screen.html",
        lieu=g.lieu,
        kiosk=g.kiosk,
        wall=walltime.wall(at, g.lieu.timezone),
        moments=moments.ribbon(g.lieu, at=at, most=MOST_MOMENTS),
        at=at,
        room=people_here(g.lieu),
        shown=shown_now(),
        came=request.args.get("came"),
    )
    return keep(make_response(page), request.cookies[cookie_name()])


@blueprint.get("/code")
@access("kiosk")
def code() -> ResponseReturnValue:
    """The part of the screen that changes every fifteen seconds."""
    return render_template("kiosk/_code.html", lieu=g.lieu, shown=shown_now())


@blueprint.get("/room")
@access("kiosk")
def room() -> ResponseReturnValue:
    """The part of the screen that changes when people come and go."""
    return render_template("kiosk/_room.html", lieu=g.lieu, room=people_here(g.lieu))


@blueprint.post("/alive")
@access("kiosk")
def alive() -> ResponseReturnValue:
    """The screen says that it is on; nothing else about it changes."""
    with writing() as db:
        kiosks.seen(db, kiosk_id=g.kiosk.id, at=clock.now())
    return "", 204


def shown_now() -> dict[str, Any]:
    """The code of this instant, its drawing, and in how many seconds the next one comes."""
    at = clock.now()
    shown: DoorCode = kiosks.door_code(g.kiosk, secret=str(current_app.config["SECRET_KEY"]), at=at)
    address = public(url("door.scan", code=shown.code))
    return {
        "digits": shown.digits,
        "address": address,
        "site": public("").split("://", 1)[-1],
        "drawing": qr.drawing(address),
        "seconds": max(1, round((shown.changes_at - at).total_seconds())),
    }


def people_here(lieu: Lieu) -> Room:
    at, language = clock.now(), str(get_locale())
    seen = consent.seen_by_all(reading(), lieu_id=lieu.id, at=at)
    wanted = [
        need.words
        for need in needs.open_needs(reading(), lieu_id=lieu.id, at=at)
        if need.member_id in seen
    ]
    return Room(
        how_many=presence.how_many(reading(), lieu_id=lieu.id, at=at),
        chips=chips_of(seen, language),
        wants=wanted[-MOST_WANTS:],
    )


def chips_of(member_ids: set[int], language: str) -> list[tuple[str, int]]:
    """Skills that enough of these people hold, then families of the rest, with how many do."""
    concepts, families = skills.held(reading(), member_ids, at_least=AT_LEAST)
    named = skills.labels(reading(), concepts, language)
    grouped = skills.family_labels(reading(), families, language)
    chips = [(named[key], n) for key, n in concepts.most_common()]
    chips += [(grouped[key], n) for key, n in families.most_common() if key in grouped]
    return chips[:MOST_CHIPS]

"""The screen at the door: paired once by six digits, then a code that changes by itself.

Its cookie holds a random token and no person's session. It shows numbers: how many are here, and
the skills and families that at least three people hold who agreed to be seen; never a name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
)
from flask import url_for as url
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from flask_wtf import FlaskForm
from wtforms import StringField

from kiosk import qr
from serendipity import clock, consent, hours, kiosks, limits, needs, presence, skills
from serendipity.db import reading, writing
from serendipity.kiosks import BadPairingCode, DoorCode
from serendipity.lieux import Lieu
from serendipity.web import forms, walltime
from serendipity.web.access import access
from serendipity.web.addresses import public

blueprint = Blueprint("kiosk", __name__, url_prefix="/kiosk")
AT_LEAST = 3  # fewer people than this are not a crowd to be hidden in
MOST_CHIPS, MOST_WANTS = 8, 2
TRIES, TRIED_WITHIN = 10, timedelta(minutes=10)  # of pairing codes, per network address
COOKIE_LIVES = timedelta(days=400)  # as long as browsers keep one; renewed while the screen is on


class Pairing(FlaskForm):
    code = StringField()


@dataclass(frozen=True)
class Room:
    """What the screen tells about the people here."""

    how_many: int
    chips: list[tuple[str, int]]
    wants: list[str]


@blueprint.record_once
def _register(state: BlueprintSetupState) -> None:
    check: Callable[[], None] = known_screen
    state.app.extensions["kiosk_check"] = check


def known_screen() -> None:
    """Set `g.kiosk`, or send the screen to where it is paired. Raises KioskRevoked."""
    try:
        g.kiosk = kiosks.kiosk_with_token(reading(), request.cookies.get(cookie_name(), ""))
    except kiosks.NotPaired:
        abort(redirect(url("kiosk.pair")))
    g.lieu = reading().get_one(Lieu, g.kiosk.lieu_id)


def cookie_name() -> str:
    return "__Host-kiosk" if current_app.config["SESSION_COOKIE_SECURE"] else "kiosk"


def keep(response: Response, token: str) -> Response:
    """Put the screen's token in its cookie."""
    response.set_cookie(
        cookie_name(),
        token,
        max_age=COOKIE_LIVES,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return response


@blueprint.get("/")
@access("anyone")
def pair() -> ResponseReturnValue:
    return render_template("kiosk/pair.html", form=Pairing())


@blueprint.post("/")
@access("anyone")
def type_pairing() -> ResponseReturnValue:
    form, at = Pairing(), clock.now()
    try:
        with writing() as db:
            who = request.remote_addr or ""
            limits.spend(db, "pairing", who, most=TRIES, within=TRIED_WITHIN, at=at)
        with writing() as db:
            _, token = kiosks.pair(db, code=form.code.data or "", at=at)
    except (BadPairingCode, limits.TooOften) as error:
        page = render_template("kiosk/pair.html", form=forms.beside(form, error, "code"))
        return page, error.status
    return keep(make_response(redirect(url("kiosk.screen"), 303)), token)


@blueprint.get("/screen")
@access("kiosk")
def screen() -> ResponseReturnValue:
    at = clock.now()
    page = render_template(
        "kiosk/screen.html",
        lieu=g.lieu,
        wall=walltime.wall(at, g.lieu.timezone),
        moments=ribbon(g.lieu),
        at=at,
        room=people_here(g.lieu),
        shown=shown_now(),
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


@blueprint.get("/poster")
@access("kiosk")
def poster() -> ResponseReturnValue:
    """A sheet to print: its code never changes, so who uses it has only declared."""
    posted = kiosks.poster_code(g.lieu, secret=str(current_app.config["SECRET_KEY"]))
    address = public(url("door.scan", code=posted))
    return render_template("kiosk/poster.html", lieu=g.lieu, drawing=qr.drawing(address))


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


def ribbon(lieu: Lieu) -> list[dict[str, Any]]:
    """The moments of today as the ribbon draws them, in fourteenths of its width."""
    at = clock.now()
    slots = hours.moments_today(reading(), lieu=lieu, at=at)
    shown = [slot for slot in slots if slot.ends > at][:4] or slots[-1:]
    width = {1: 5, 2: 5, 3: 4}.get(len(shown), 3)
    return [
        {
            "name": slot.name,
            "when": when(slot, lieu, at),
            "width": width,
            "now": slot.is_now(at),
        }
        for slot in shown
    ]


def when(slot: hours.Slot, lieu: Lieu, at: datetime) -> str:
    if slot.is_now(at):
        return str(gettext("now, until %(time)s", time=walltime.wall(slot.ends, lieu.timezone)))
    return str(gettext("from %(time)s", time=walltime.wall(slot.starts, lieu.timezone)))


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

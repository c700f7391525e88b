"""The addresses of streams: who may follow what, said as every page says it.

`/live/lieux/<slug>` is for anybody, and tells more to who is there; `/live/me`, the desk's and a
booking's are for those whose page they belong to; `/live/door` is for the screen at the door.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Blueprint, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user
from sqlalchemy import select

from serendipity import bookings, clock, lieux, skillmap, sockets
from serendipity.bookings import Booking
from serendipity.db import reading, writing
from serendipity.live import grants, handover, telling
from serendipity.live.grants import Grant, What
from serendipity.organisations import OrganisationMember
from serendipity.web.access import access, current_member

blueprint = Blueprint("live", __name__, url_prefix="/live")
STREAMS: Final = 3  # of one person or screen: a phone, a laptop, a tab forgotten
STREAMS_OF_ADDRESS: Final = 60  # of strangers behind one network address, often a whole lieu
LOOK_AGAIN: Final = 10_000  # milliseconds, when there is nobody who could keep the stream
FULL_FOR: Final = "60"  # seconds


@blueprint.get("/lieux/<slug>")
@access("anyone")
def lieu(slug: str) -> ResponseReturnValue:
    """Counts of the quarter of an hour; to who is there, also how many are there now."""
    found = lieux.lieu_named(reading(), slug)
    if current_user.is_authenticated:
        inside = _mine("house", found.id)
        if grants.holding(reading(), [inside], at=clock.now()):
            return stream(inside)
    return stream(Grant("lieu", found.id, _language()))


@blueprint.get("/door")
@access("kiosk")
def door() -> ResponseReturnValue:
    """What the screen at the door shows has changed."""
    return stream(Grant("house", g.lieu.id, _language(), kiosk_id=g.kiosk.id))


@blueprint.get("/me")
@access("member")
def me() -> ResponseReturnValue:
    """There is something new on my own page."""
    return stream(_mine("me", current_member().id))


@blueprint.get("/lieux/<slug>/desk")
@access("concierge")
def desk(slug: str) -> ResponseReturnValue:
    """There is something new at the concierge's desk."""
    return stream(_mine("desk", g.lieu.id))


@blueprint.get("/bookings/<booking>")
@access("member")
def booking(booking: str) -> ResponseReturnValue:
    """The map of a booked room. Somebody else's booking answers like one that does not exist."""
    found = reading().scalar(
        select(Booking)
        .join(OrganisationMember, OrganisationMember.organisation_id == Booking.organisation_id)
        .where(Booking.public_id == booking, OrganisationMember.member_id == current_member().id)
    )
    if found is None:
        raise bookings.NotYours()
    skillmap.refuse_unless_open(found, at=clock.now())
    return stream(_mine("booking", found.id))


def _mine(what: What, key: int) -> Grant:
    member = current_member()
    return Grant(what, key, _language(), member_id=member.id, epoch=member.session_epoch)


def _language() -> str:
    return str(get_locale())


# --- answering ------------------------------------------------------------------------------


def stream(grant: Grant) -> Response:
    """Give the connection to the live process; without one, answer what there is to know now."""
    answer = Response("", mimetype="text/event-stream")
    answer.headers["X-Accel-Buffering"] = "no"  # a proxy must not collect it
    if request.method == "HEAD":
        return answer
    message = grants.message(
        grant,
        who=_who(grant),
        most=STREAMS_OF_ADDRESS if grant.what == "lieu" else STREAMS,
        since=request.headers.get("Last-Event-ID", "")[:40],
    )
    try:
        answer.call_on_close(handover.hand_over(request.environ, message, socket_path()))
    except handover.TooManyStreams:
        return Response(status=503, headers={"Retry-After": FULL_FOR})
    except handover.NobodyThere:
        answer.set_data(snapshot(grant))
    return answer


def _who(grant: Grant) -> str:
    """Whose stream it is, to count them."""
    if grant.member_id is not None:
        return f"member:{grant.member_id}"
    if grant.kiosk_id is not None:
        return f"kiosk:{grant.kiosk_id}"
    return f"address:{request.remote_addr}"


def snapshot(grant: Grant) -> bytes:
    """One event and the end: the browser comes back by itself after a while."""
    topic = grant.topic
    found = telling.look(reading(), [topic], at=clock.now(), writing=writing).get(topic)
    return f"retry: {LOOK_AGAIN}\n\n".encode() + (found.event if found else b"")


def socket_path() -> Path:
    return sockets.path_of(current_app.config["SETTINGS"], "live")

"""The demo's front door: one address a role. Registered only when the setting `demo` is on."""

from __future__ import annotations

from flask import Blueprint, abort, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from kiosk import paired
from serendipity import clock, kiosks, lieux, organisations
from serendipity.bookings import Booking
from serendipity.db import reading, writing
from serendipity.demo import places
from serendipity.members import Member
from serendipity.web import session
from serendipity.web.access import access

blueprint = Blueprint("demo", __name__, url_prefix="/demo")

ROLES = {
    "coworker": places.COWORKER,
    "helper": places.HELPER,
    "company": places.COMPANY[2],
    "concierge": places.NAVETTE.concierges[0],
    "operator": places.OPERATOR,
}


@blueprint.get("/")
@access("anyone")
def doors() -> ResponseReturnValue:
    """All doors on one page."""
    return render_template("demo/doors.html", roles=ROLES, places=places.PLACES)


@blueprint.get("/as/<role>")
@access("anyone")
def enter(role: str) -> ResponseReturnValue:
    """Sign in as the one who plays this role, and go where they would go."""
    if role not in ROLES:
        abort(404)
    member = reading().scalars(select(Member).where(Member.name == ROLES[role])).one()
    session.sign_in(member)
    return redirect(_first_page(role, member), 303)


@blueprint.get("/kiosk/<slug>")
@access("anyone")
def kiosk(slug: str) -> ResponseReturnValue:
    """Let this browser be the screen at the door of a lieu."""
    lieu, at = lieux.lieu_named(reading(), slug), clock.now()
    with writing() as db:
        code = kiosks.make_pairing(db, lieu_id=lieu.id, name="Demo", at=at)
        _, token = kiosks.pair(db, code=code, at=at)
    return paired.keep(make_response(redirect(url_for("kiosk.screen"), 303)), token)


def _first_page(role: str, member: Member) -> str:
    if role == "concierge":
        return url_for("concierge.show", slug=places.NAVETTE.slug)
    if role == "operator":
        return url_for("operator.index")
    if role == "company":
        organisation, _ = organisations.organisations_of(reading(), member_id=member.id)[0]
        booking = (
            reading()
            .scalars(
                select(Booking)
                .where(Booking.organisation_id == organisation.id, Booking.ends_at > clock.now())
                .order_by(Booking.starts_at)
            )
            .first()
        )
        if booking is None:
            return url_for("company.organisation", organisation=organisation.public_id)
        return url_for(
            "company.skill_map", organisation=organisation.public_id, booking=booking.public_id
        )
    return url_for("coworker.here")

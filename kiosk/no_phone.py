"""A check-in typed on the screen at the door, by somebody without a phone.

What is said there is kept as a declaration: the letter that goes to the address says on which page
its code is typed, at one's own desk; or the concierge, who sees the person, confirms. The screen
itself never learns who it was, and forgets what was typed when it is sent, or after a minute.
"""

from __future__ import annotations

from datetime import timedelta

from flask import current_app, g, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from kiosk import blueprint
from kiosk.paired import speak
from serendipity import arrivals, clock, limits, rules, skills
from serendipity.db import reading, writing
from serendipity.errors import Busy, Invalid, SerendipityError
from serendipity.web import forms, walltime
from serendipity.web.access import access
from serendipity.web.saying import CheckIn

# At one screen people type one after the other: more than this is somebody playing with addresses.
MOST, WITHIN = 40, timedelta(minutes=10)
THANKS = timedelta(seconds=20)  # are read in the language of who has just checked in


@blueprint.get("/no-phone")
@access("kiosk")
def no_phone() -> ResponseReturnValue:
    return page(CheckIn())


@blueprint.post("/no-phone")
@access("kiosk")
def arrive() -> ResponseReturnValue:
    speak(request.form.get("language", ""))  # of the page, however long its words took
    form, at = CheckIn(), clock.now()
    try:
        until = form.until_when()
        with writing() as db:
            limits.spend(db, "said at", g.kiosk.public_id, most=MOST, within=WITHIN, at=at)
            arrivals.declare_at_kiosk(
                db,
                lieu=g.lieu,
                secret=str(current_app.config["SECRET_KEY"]),
                email=form.email.data or "",
                name=form.name.data or "",
                skills=skills.split(form.skills.data or ""),
                need=form.need.data or "",
                until=until,
                choices=form.choices_made(),
                language=str(get_locale()),
                at=at,
            )
    except (Invalid, limits.TooOften, Busy) as error:
        return page(forms.beside(form, error), error)
    speak(str(get_locale()), stays=THANKS)
    return redirect(url("kiosk.screen", came="said"), 303)


def page(form: CheckIn, error: SerendipityError | None = None) -> ResponseReturnValue:
    at = clock.now()
    closing = form.offer_times(g.lieu, at=at)
    words = render_template(
        "kiosk/no_phone.html",
        lieu=g.lieu,
        form=form,
        house=rules.in_force(reading(), lieu_id=g.lieu.id, at=at),
        closing=walltime.wall(closing, g.lieu.timezone),
    )
    return words, error.status if error else 200

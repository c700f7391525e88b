"""What a screen kept while the line was down: keys agreed for it, its worker, and taking it.

A page that a screen had stored may be older than its session, so what it kept is not sent with a
form's token: the screen signs each check-in, and nobody else can.
"""

from __future__ import annotations

from flask import current_app, g, jsonify, request
from flask.typing import ResponseReturnValue

from kiosk import blueprint
from serendipity import clock, kiosks, sealing
from serendipity import kept as kept_check_ins
from serendipity.db import writing
from serendipity.errors import Invalid
from serendipity.kiosks import Kiosk
from serendipity.web.access import access

MOST = 50  # in one message


def secret() -> str:
    return str(current_app.config["SECRET_KEY"])


@blueprint.post("/key")
@access("kiosk")
def agree() -> ResponseReturnValue:
    """The screen says what it signs with, and learns for which key it closes what it keeps."""
    given = str(request.form.get("key", ""))
    try:
        key = sealing.checked_key(given)
    except Invalid as error:
        return {"field": error.facts["field"]}, error.status
    with writing() as db:
        kiosks.sign_with(db, kiosk_id=g.kiosk.id, device_key=key)
    return {"key": sealing.service_key(secret(), g.kiosk.public_id)}


@blueprint.get("/worker.js")
@access("anyone")
def worker() -> ResponseReturnValue:
    """The script that keeps the screen's pages; its address is what keeps it to /kiosk/."""
    return current_app.send_static_file("js/kiosk-worker.js")


@blueprint.post("/kept")
@access("kiosk")
def take() -> ResponseReturnValue:
    """Take what was kept, and say what became of each: the screen then drops it."""
    given = request.get_json(silent=True)
    if not isinstance(given, list) or len(given) > MOST:
        return {"field": "body"}, 422
    answers = {}
    for one in given:
        try:
            event = kept_check_ins.event_from(one)
            answers[event.event] = _outcome(event)
        except sealing.NotSealed:
            answers[event.event] = "refused"
        except Invalid as error:
            return {"field": error.facts["field"]}, error.status
    return jsonify(answers)


def _outcome(event: kept_check_ins.Event) -> str:
    """Each in a transaction of its own: one that fails takes nothing with it."""
    with writing() as db:
        kiosk = db.get_one(Kiosk, g.kiosk.id)
        row = kept_check_ins.take(db, kiosk=kiosk, event=event, secret=secret(), at=clock.now())
        return row.outcome

"""The poster: a sheet to print, for a door where no screen can hang.

Its code stays until the concierge replaces the poster, so who comes in by it has only declared it.
"""

from __future__ import annotations

from flask import current_app, g, render_template
from flask import url_for as url
from flask.typing import ResponseReturnValue

from kiosk import blueprint, qr
from serendipity import kiosks
from serendipity.db import reading
from serendipity.web.access import access
from serendipity.web.addresses import public


@blueprint.get("/poster/<slug>")
@access("concierge")
def poster(slug: str) -> ResponseReturnValue:
    secret = str(current_app.config["SECRET_KEY"])
    posted = kiosks.poster_code(reading(), lieu=g.lieu, secret=secret)
    address = public(url("door.scan", code=posted))
    return render_template("kiosk/poster.html", lieu=g.lieu, drawing=qr.drawing(address))

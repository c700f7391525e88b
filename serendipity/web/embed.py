"""Embedded: a lieu's week, skills and rooms as a frame on the lieu's own site.

The one place where another site may frame us. Nothing here reads or sets a cookie, takes a form or
runs a script; its links open outside the frame. The language is the address's, else the lieu's.
"""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from serendipity import clock, lieux, photos, rooms, skillmap
from serendipity.db import reading
from serendipity.web import moments
from serendipity.web.access import access
from serendipity.web.language import LANGUAGES

blueprint = Blueprint("embed", __name__)
FRAMED = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors *"
)
A_YEAR = "public, max-age=31536000, immutable"


@blueprint.get("/embed/lieux/<slug>")
@access("anyone")
def lieu(slug: str) -> ResponseReturnValue:
    found = lieux.lieu_named(reading(), slug)
    given = request.args.get("language", "")
    g.language = given if given in LANGUAGES else found.language
    here = rooms.rooms_of(reading(), found)
    page = render_template(
        "embed/lieu.html",
        lieu=found,
        week=moments.week(found),
        rooms=here,
        photos=photos.photos_of(reading(), room_ids=[room.id for room in here]),
        families=families(found.id),
    )
    answer = make_response(page)
    answer.headers["Content-Security-Policy"] = FRAMED
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


def families(lieu_id: int) -> list[str]:
    """The families of the skills that are in the house now, by name; no sizes."""
    seen = skillmap.skill_map(reading(), lieu_id=lieu_id, language=str(g.language), at=clock.now())
    return sorted({table.family_label for table in seen.tables if table.family_label})


@blueprint.get("/photos/<photo>/<size>.<kind>")
@access("anyone")
def photo(photo: str, size: str, kind: str) -> ResponseReturnValue:
    """A photo of a room. What an address shows never changes."""
    data = photos.file_of(reading(), public_id=photo, size=size, kind=kind)
    answer = Response(data, mimetype=photos.KINDS[kind])
    answer.headers["Cache-Control"] = A_YEAR
    answer.headers["Content-Security-Policy"] = "default-src 'none'"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer

"""What anyone may see: the home page, and a lieu's own page."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from serendipity import clock, evidence, lieux, rooms, rules, seats, skillmap
from serendipity import stories as told_stories
from serendipity.db import reading, writing
from serendipity.web import door, moments
from serendipity.web.access import access

blueprint = Blueprint("public", __name__)


@blueprint.get("/")
@access("anyone")
def home() -> ResponseReturnValue:
    return render_template(
        "public/home.html", form=door.Digits(), lieux=lieux.open_lieux(reading())
    )


@blueprint.get("/lieux/<slug>")
@access("anyone")
def lieu(slug: str) -> ResponseReturnValue:
    """A lieu's own page: what happens when, what one could ask about, rooms and prices."""
    found, at = lieux.lieu_named(reading(), slug), clock.now()
    if found.opened_at and skillmap.is_due(reading(), lieu_id=found.id, at=at):
        with writing() as db:  # counts are nobody's action; see serendipity.web.company.map
            skillmap.count(db, lieu_id=found.id, at=at)
    language = str(get_locale())
    return render_template(
        "public/lieu.html",
        lieu=found,
        ribbon=moments.ribbon(found, at=at),
        week=moments.week(found),
        house=rules.in_force(reading(), lieu_id=found.id, at=at),
        evidence_shown=evidence.public_since(reading(), lieu_id=found.id) is not None,
        rooms=rooms.rooms_of(reading(), found),
        seats_ahead=seats.are_offered(reading(), lieu_id=found.id),
        tells=bool(told_stories.told(reading(), lieu_id=found.id, most=1)),
        seen=skillmap.skill_map(reading(), lieu_id=found.id, language=language, at=at),
    )


@blueprint.get("/lieux/<slug>/stories")
@access("anyone")
def stories(slug: str) -> ResponseReturnValue:
    """What the lieu tells of its encounters: only what everybody named agreed to."""
    found = lieux.lieu_named(reading(), slug)
    return render_template(
        "public/stories.html", lieu=found, told=told_stories.told(reading(), lieu_id=found.id)
    )

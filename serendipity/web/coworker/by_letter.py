"""By letter: how often one wants to be introduced, and when two who said yes will meet."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import abort, flash, redirect, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from serendipity import clock, introductions, rhythms
from serendipity.db import reading, writing
from serendipity.introductions import Introduction
from serendipity.lieux import Lieu
from serendipity.web.access import access, current_member
from serendipity.web.coworker import blueprint


@blueprint.post("/me/rhythm")
@access("member")
def choose_rhythm() -> ResponseReturnValue:
    """Weekly, fortnightly, monthly, or no letters for now."""
    with writing() as session:
        rhythms.choose(
            session,
            member_id=current_member().id,
            every=request.form.get("every", ""),
            at=clock.now(),
        )
    flash(gettext("Kept."))
    return redirect(url("coworker.me", _anchor="rhythm"), 303)


@blueprint.post("/introductions/<public_id>/time")
@access("member")
def choose_time(public_id: str) -> ResponseReturnValue:
    """One of the times that were proposed; everybody gets it for their calendars."""
    try:
        meet_at = datetime.fromisoformat(request.form.get("meet_at", "")).astimezone(UTC)
    except ValueError:
        abort(400)
    with writing() as session:
        introductions.choose_time(
            session,
            public_id=public_id,
            member_id=current_member().id,
            meet_at=meet_at,
            at=clock.now(),
        )
    flash(gettext("Kept. You both get a letter with the calendar entry."))
    return redirect(url("coworker.introduction", public_id=public_id), 303)


@blueprint.get("/introductions/<public_id>/meeting.ics")
@access("member")
def meeting_calendar(public_id: str) -> ResponseReturnValue:
    """The meeting as a calendar file, for the people in it."""
    me = current_member().id
    found = introductions.own_introduction(reading(), public_id=public_id, member_id=me)
    if found.meet_at is None:
        raise introductions.NoSuchIntroduction()
    told = introductions.revealed(reading(), introduction=found, member_id=me)
    lieu = reading().get_one(Lieu, found.lieu_id)
    names = ", ".join(person.member.name for person in told.people)
    words = introductions.calendar_entry(
        found, summary=gettext("Meeting %(names)s", names=names), place=lieu.name, at=clock.now()
    )
    return words, 200, {"Content-Type": "text/calendar; charset=utf-8; method=PUBLISH"}


def times_of(introduction: Introduction) -> dict[str, Any]:
    """What the page of an introduction says about when to meet."""
    if not introduction.agreed or introduction.withdrawn_at is not None:
        return {"meet_at": None, "times": []}
    proposed = introductions.proposals(reading(), introduction=introduction, at=clock.now())
    return {
        "meet_at": introduction.meet_at,
        "times": [one for one in proposed if one != introduction.meet_at],
    }

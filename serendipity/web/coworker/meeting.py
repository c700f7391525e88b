"""Introductions and encounters: one's answers. What they are answered with tells nothing."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from serendipity import clock, encounters, introductions
from serendipity.db import reading, writing
from serendipity.introductions import Introduction
from serendipity.lieux import Lieu
from serendipity.web.access import access, current_member
from serendipity.web.addresses import same_origin_path
from serendipity.web.coworker import blueprint, by_letter, slips

ANSWERS = {
    "yes": introductions.say_yes,
    "no": introductions.say_no,
    "never": introductions.never,
    "undo": introductions.undo,
}


@blueprint.get("/introductions/<public_id>")
@access("member")
def introduction(public_id: str) -> ResponseReturnValue:
    """One introduction, for the link in a letter."""
    me, at = current_member(), clock.now()
    found = introductions.own_introduction(reading(), public_id=public_id, member_id=me.id)
    lieu = reading().get_one(Lieu, found.lieu_id)
    room = slips.room_of(reading(), lieu=lieu, member_id=me.id, at=at)
    waiting = encounters.waiting_for(reading(), member_id=me.id, at=at)
    ours = [one for one in waiting if one.encounter.introduction_id == found.id]
    return render_template(
        "coworker/introduction.html",
        lieu=lieu,
        slip=slips.slip(reading(), room, found),
        over=bool(found.withdrawn_at) or found.expires_at <= at,
        refused=found.side_of(me.id).no_at is not None,
        meetings=slips.meetings(reading(), ours, member_id=me.id) if found.agreed else [],
        **by_letter.times_of(found),
    )


@blueprint.post("/introductions/<public_id>")
@access("member")
def answer(public_id: str) -> ResponseReturnValue:
    given = request.form.get("answer", "")
    verb = ANSWERS.get(given) or abort(400)
    with writing() as session:
        found = verb(session, public_id=public_id, member_id=current_member().id, at=clock.now())
        flash(_said(given, found))
    return redirect(same_origin_path(request.form.get("next"), url("coworker.here")), 303)


def _said(given: str, found: Introduction) -> str:
    """What we say to an answer: of the others it tells nothing until all said yes."""
    if found.agreed:
        return str(gettext("You both said yes."))
    words = {
        "yes": gettext("Your yes is kept quiet. If they say yes too, you both hear at once."),
        "no": gettext("Not now. Nobody is told."),
        "never": gettext("Never these two. Nobody is told."),
        "undo": gettext("Undone. Nobody was told anything."),
    }
    return str(words[given])


def mine(public_id: str) -> dict[str, Any]:
    """What every word on an encounter says: which, whose word, and when."""
    return {"public_id": public_id, "member_id": current_member().id, "at": clock.now()}


@blueprint.post("/encounters/<public_id>")
@access("member")
def met(public_id: str) -> ResponseReturnValue:
    """Did you meet? "helped", "met" or "not"."""
    given = request.form.get("answer", "")
    with writing() as session:
        if given == "not":
            encounters.deny(session, **mine(public_id))
        elif given in ("helped", "met"):
            encounters.confirm(session, helped=given == "helped", **mine(public_id))
        else:
            abort(400)
    flash(gettext("Thank you. It counts once you both say so."))
    return redirect(same_origin_path(request.form.get("next"), url("coworker.here")), 303)

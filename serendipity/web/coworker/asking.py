"""Calls and needs: asking the room, answering it, and saying that one is helped."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from serendipity import calls, clock, hours, needs, presence
from serendipity.db import writing
from serendipity.errors import Refused
from serendipity.lieux import Lieu
from serendipity.web import forms
from serendipity.web.access import access, current_member
from serendipity.web.coworker import blueprint
from serendipity.web.coworker.here import Words, here_page

CALL_ANSWERS = {
    "yes": calls.accept,
    "no": calls.decline,
    "withdraw": calls.withdraw,
    "enough": calls.enough,
}
NEED_ANSWERS = {"answered": needs.answered, "withdraw": needs.withdraw, "undo": needs.undo}


def _back() -> ResponseReturnValue:
    return redirect(url("coworker.here"), 303)


@blueprint.post("/calls")
@access("member")
def call() -> ResponseReturnValue:
    """Put a question to the lieu where one is."""
    form, me, at = Words(), current_member(), clock.now()
    try:
        with writing() as session:
            stay = presence.here(session, member_id=me.id, at=at)
            calls.call(
                session,
                lieu_id=stay.lieu_id,
                member_id=me.id,
                words=form.words.data or "",
                language=str(get_locale()),
                at=at,
                people=calls.MOST_PEOPLE if form.circle else 1,
            )
    except Refused as error:
        return here_page(forms.beside(form, error, "words"), error.status)
    if form.circle:
        flash(gettext("Asked. It goes to a few people, without your name."))
    else:
        flash(gettext("Asked. It goes to one person at a time, without your name."))
    return _back()


@blueprint.post("/calls/<public_id>")
@access("member")
def answer_call(public_id: str) -> ResponseReturnValue:
    given = request.form.get("answer", "")
    verb = CALL_ANSWERS.get(given) or abort(400)
    with writing() as session:
        verb(session, public_id=public_id, member_id=current_member().id, at=clock.now())
    if given == "yes":
        flash(gettext("They know now who you are. Thank you."))
    return _back()


@blueprint.post("/needs")
@access("member")
def say_need() -> ResponseReturnValue:
    form, me, at = Words(), current_member(), clock.now()
    try:
        with writing() as session:
            stay = presence.here(session, member_id=me.id, at=at)
            lieu = session.get_one(Lieu, stay.lieu_id)
            needs.say(
                session,
                member_id=me.id,
                lieu_id=lieu.id,
                presence_id=stay.id,
                words=form.need.data or "",
                language=str(get_locale()),
                at=at,
                expires_at=hours.tonight(lieu=lieu, at=at),
            )
    except Refused as error:
        return here_page(forms.beside(form, error, "need"), error.status)
    return _back()


@blueprint.post("/needs/<public_id>")
@access("member")
def answer_need(public_id: str) -> ResponseReturnValue:
    """Helped, never mind, "yes, that" to a concept, or "not that"."""
    given, concept = request.form.get("answer", ""), request.form.get("concept")
    facts: dict[str, Any] = {
        "public_id": public_id,
        "member_id": current_member().id,
        "at": clock.now(),
    }
    with writing() as session:
        if concept is not None:
            needs.confirm(session, concept_id=concept, **facts)
        else:
            verb = NEED_ANSWERS.get(given) or abort(400)
            verb(session, **facts)
    return _back()

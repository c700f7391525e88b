"""Stories that name me: to read before anybody else, and to agree to, or not; also afterwards."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from serendipity import clock, stories
from serendipity.db import reading, writing
from serendipity.lieux import Lieu
from serendipity.web.access import access, current_member
from serendipity.web.coworker import blueprint


@blueprint.get("/stories")
@access("member")
def story_list() -> ResponseReturnValue:
    return render_template(
        "coworker/stories.html", rows=stories.naming(reading(), member_id=current_member().id)
    )


@blueprint.get("/stories/<public_id>")
@access("member")
def story(public_id: str) -> ResponseReturnValue:
    for found, named in stories.naming(reading(), member_id=current_member().id):
        if found.public_id == public_id:
            lieu = reading().get_one(Lieu, found.lieu_id)
            return render_template("coworker/story.html", story=found, named=named, lieu=lieu)
    raise stories.NoSuchStory()


@blueprint.post("/stories/<public_id>")
@access("member")
def answer_story(public_id: str) -> ResponseReturnValue:
    given = request.form.get("answer", "")
    verb = {"yes": stories.agree, "no": stories.refuse}.get(given) or abort(400)
    with writing() as session:
        verb(session, public_id=public_id, member_id=current_member().id, at=clock.now())
    flash(
        gettext("Your yes is kept. You can take it back here at any time.")
        if given == "yes"
        else gettext("It is not told with your name. Nobody is told that it was you.")
    )
    return redirect(url("coworker.story", public_id=public_id), 303)

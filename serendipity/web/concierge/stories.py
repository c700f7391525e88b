"""Stories: writing them down, asking those they name, telling them."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms import SelectMultipleField, StringField, TextAreaField

from serendipity import clock, stories
from serendipity.db import reading, writing
from serendipity.encounters import Encounter
from serendipity.errors import Invalid
from serendipity.members import Member
from serendipity.postures import write
from serendipity.stories import Story
from serendipity.web import forms, traces
from serendipity.web.access import access
from serendipity.web.concierge import blueprint
from serendipity.web.concierge.desk import done, shift_now


class Telling(forms.Form):
    """A story as it is typed; whom it names is checked by the rule, not by the form."""

    title = StringField()
    body = TextAreaField()
    named = SelectMultipleField(validate_choice=False)


@blueprint.get("/<slug>/stories")
@access("concierge")
def story_list(slug: str) -> ResponseReturnValue:
    outcomes = write.outcomes(reading(), lieu=g.lieu, at=clock.now())
    traces.leave(g.shift, {"seen-outcome": [two.id for one in outcomes for two in (one.a, one.b)]})
    return render_template(
        "concierge/stories.html",
        lieu=g.lieu,
        sheets=stories.sheets(reading(), lieu_id=g.lieu.id),
        outcomes=outcomes,
    )


@blueprint.get("/<slug>/stories/new")
@access("concierge")
def new_story(slug: str) -> ResponseReturnValue:
    encounter = _encounter()
    form = Telling(formdata=None)
    if encounter:
        pair = (encounter.a_id, encounter.b_id)
        form.named.data = [reading().get_one(Member, one).public_id for one in pair]
    return _page(form, encounter=encounter)


def _encounter() -> Encounter | None:
    public_id = request.values.get("encounter", "")
    if not public_id:
        return None
    return stories.encounter_of(reading(), public_id=public_id, lieu_id=g.lieu.id)


def _page(form: Telling, *, encounter: Encounter | None = None, story: Story | None = None) -> str:
    if story is not None and story.encounter_id:
        encounter = reading().get(Encounter, story.encounter_id)
    people = write.may_name(
        reading(), shift=g.shift, at=clock.now(), encounter=encounter, story=story
    )
    traces.leave(g.shift, {"seen-story": [one.id for one in people]})
    return render_template(
        "concierge/story.html",
        lieu=g.lieu,
        form=form,
        people=people,
        encounter=encounter,
        story=story,
        most=stories.BODY_MOST,
    )


@blueprint.post("/<slug>/stories/new")
@access("concierge")
def keep_new_story(slug: str) -> ResponseReturnValue:
    form = Telling()
    try:
        with writing() as db:
            story = write.draft(
                db,
                shift=shift_now(db),
                encounter=request.form.get("encounter", ""),
                at=clock.now(),
                **_told(form),
            )
            public_id = story.public_id
    except Invalid as error:
        return _page(forms.beside(form, error), encounter=_encounter()), error.status
    flash(gettext("Kept as a draft. Nobody has been asked yet."))
    return redirect(url("concierge.story", slug=slug, story=public_id), 303)


def _told(form: Telling) -> dict[str, Any]:
    return {
        "title": form.title.data or "",
        "body": form.body.data or "",
        "named": form.named.data or [],
    }


@blueprint.get("/<slug>/stories/<story>")
@access("concierge")
def story(slug: str, story: str) -> ResponseReturnValue:
    found = stories.story_of(reading(), public_id=story, lieu_id=g.lieu.id)
    sheet = stories.sheet(reading(), found)
    traces.leave(g.shift, {"seen-story": [one.id for one in sheet.named]})
    return render_template("concierge/story_sheet.html", lieu=g.lieu, sheet=sheet)


@blueprint.get("/<slug>/stories/<story>/change")
@access("concierge")
def change_story(slug: str, story: str) -> ResponseReturnValue:
    found = stories.story_of(reading(), public_id=story, lieu_id=g.lieu.id)
    form = Telling(formdata=None, title=found.title, body=found.body)
    form.named.data = [one.public_id for one in stories.sheet(reading(), found).named]
    return _page(form, story=found)


@blueprint.post("/<slug>/stories/<story>/change")
@access("concierge")
def keep_story(slug: str, story: str) -> ResponseReturnValue:
    form = Telling()
    try:
        with writing() as db:
            write.rewrite(db, shift=shift_now(db), public_id=story, at=clock.now(), **_told(form))
    except Invalid as error:
        found = stories.story_of(reading(), public_id=story, lieu_id=g.lieu.id)
        return _page(forms.beside(form, error), story=found), error.status
    flash(gettext("Kept. Words that changed are asked about anew."))
    return redirect(url("concierge.story", slug=slug, story=story), 303)


@blueprint.post("/<slug>/stories/<story>/ask")
@access("concierge")
def ask_about_story(slug: str, story: str) -> ResponseReturnValue:
    done(write.ask, story, gettext("Each of them gets a letter, and decides alone."))
    return redirect(url("concierge.story", slug=slug, story=story), 303)


@blueprint.post("/<slug>/stories/<story>/publish")
@access("concierge")
def publish_story(slug: str, story: str) -> ResponseReturnValue:
    done(write.publish, story, gettext("Told, on the page of the lieu."))
    return redirect(url("concierge.story", slug=slug, story=story), 303)


@blueprint.post("/<slug>/stories/<story>/drop")
@access("concierge")
def drop_story(slug: str, story: str) -> ResponseReturnValue:
    done(write.drop, story, gettext("Taken away. It is told nowhere."))
    return redirect(url("concierge.story_list", slug=slug), 303)

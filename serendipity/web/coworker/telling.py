"""Telling whom one met without a suggestion, what came of it, and taking back what was said."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms import BooleanField, RadioField, StringField

from serendipity import clock, encounters, telling, together
from serendipity.db import reading, writing
from serendipity.encounters import NoSuchOutcome
from serendipity.errors import Invalid
from serendipity.members import Member
from serendipity.telling import NotHereToday
from serendipity.web import forms
from serendipity.web.access import access, current_member
from serendipity.web.addresses import same_origin_path
from serendipity.web.coworker import blueprint, slips
from serendipity.web.coworker.meeting import mine


class Told(forms.Form):
    """Whom one met, by name or by address; whether they helped; what came of it, if known."""

    who = RadioField(validate_choice=False)
    email = StringField()
    helped = BooleanField()
    outcome = RadioField(validate_choice=False)

    def facts(self) -> dict[str, Any]:
        return {
            "member_id": current_member().id,
            "helped": bool(self.helped.data),
            "outcome": self.outcome.data or "",
            "at": clock.now(),
        }


class Came(forms.Form):
    outcome = RadioField(validate_choice=False)


@blueprint.get("/here/met")
@access("member")
def tell_form() -> ResponseReturnValue:
    return tell_page(Told(formdata=None))


def tell_page(form: Told, status: int = 200) -> ResponseReturnValue:
    try:
        people = telling.whom(reading(), member_id=current_member().id, at=clock.now())
        here = True
    except NotHereToday:
        people, here = [], False
    return render_template("coworker/tell.html", form=form, people=people, here=here), status


@blueprint.post("/here/met")
@access("member")
def tell() -> ResponseReturnValue:
    """The answer is the same whoever the address is of."""
    form = Told()
    try:
        with writing() as session:
            if form.email.data or not form.who.data:
                telling.tell_by_address(session, email=form.email.data or "", **form.facts())
            else:
                telling.tell(session, other_public_id=form.who.data, **form.facts())
    except (Invalid, NotHereToday) as error:
        return tell_page(forms.beside(form, error), error.status)
    flash(gettext("Kept. If they say so too, it counts for both of you."))
    return redirect(url("coworker.here"), 303)


@blueprint.get("/encounters/<public_id>")
@access("member")
def encounter(public_id: str) -> ResponseReturnValue:
    """One encounter, for the link in a letter: did you meet, or what came of it."""
    me, at = current_member().id, clock.now()
    asked = [
        one
        for one in encounters.waiting_for(reading(), member_id=me, at=at)
        if one.encounter.public_id == public_id and not one.said
    ]
    if asked:
        found = slips.meetings(reading(), asked, member_id=me)
        return render_template("coworker/did_you_meet.html", meetings=found)
    return encounter_page(public_id, Came(formdata=None))


def encounter_page(public_id: str, form: Came, status: int = 200) -> ResponseReturnValue:
    me, session = current_member(), reading()
    met = encounters.encounter_of(session, public_id=public_id, member_id=me.id)
    if met.confirmed_by(me.id) is None:  # too long ago to be asked whether it happened
        raise encounters.NoSuchEncounter()
    page = render_template(
        "coworker/encounter.html",
        met=met,
        other=session.get_one(Member, met.other_than(me.id)),
        said=met.came_of_it(me.id),
        form=form,
        back=encounters.may_be_taken_back(met, at=clock.now()),
        wish=together.wish(session, encounter=met, member_id=me.id),
    )
    return page, status


@blueprint.post("/encounters/<public_id>/came")
@access("member")
def what_came(public_id: str) -> ResponseReturnValue:
    form = Came()
    try:
        with writing() as session:
            encounters.say_what_came(session, outcome=form.outcome.data or "", **mine(public_id))
    except NoSuchOutcome as error:
        return encounter_page(public_id, forms.beside(form, error), error.status)
    flash(gettext("Thank you. It shows what this place does."))
    return redirect(url("coworker.account"), 303)


@blueprint.post("/encounters/<public_id>/back")
@access("member")
def take_back(public_id: str) -> ResponseReturnValue:
    if request.form.get("sure") != "1":
        return redirect(url("coworker.encounter", public_id=public_id), 303)
    with writing() as session:
        encounters.take_back(session, **mine(public_id))
    flash(gettext("Taken back: the answers, and what it added to your tie."))
    return redirect(url("coworker.account"), 303)


@blueprint.post("/encounters/<public_id>/together")
@access("member")
def work_together(public_id: str) -> ResponseReturnValue:
    """ "want" or "unwant"; what is answered tells nothing of the other until both said so."""
    given = request.form.get("answer", "")
    with writing() as session:
        if given == "want":
            flash(_wanted(together.want(session, **mine(public_id))))
        elif given == "unwant":
            together.unwant(session, public_id=public_id, member_id=current_member().id)
            flash(gettext("Taken back. Nobody was told anything."))
        else:
            abort(400)
    where = url("coworker.encounter", public_id=public_id)
    return redirect(same_origin_path(request.form.get("next"), where), 303)


def _wanted(said: together.Together) -> str:
    if said.agreed_at is not None:
        return str(gettext("You both said so. Each of you has the other’s name and address."))
    return str(gettext("Kept quiet. If they say so too, you both hear at once."))

"""The lieu's ledger, for its concierge: sums in three columns, and where it is worth asking.

Nobody is ranked: people stand in the order of their names and without figures, and each of them
can read that they were listed.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, flash, g, redirect, render_template
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms import SelectField

from serendipity import clock, encounters, ledger, presence, returns, shifts, thanks
from serendipity.db import reading, writing
from serendipity.errors import Invalid
from serendipity.members import Member
from serendipity.web import forms, traces
from serendipity.web.access import access, current_member

blueprint = Blueprint("commons", __name__)
MONTH = timedelta(days=31)


class Workshop(forms.Form):
    """Who gave a workshop here today."""

    who = SelectField(validate_choice=False)


class NobodyHere(Invalid):
    """A workshop is thanked for while its giver is here. Fact: field."""


@blueprint.get("/concierge/<slug>/ledger")
@access("concierge")
def show(slug: str) -> ResponseReturnValue:
    return show_page(Workshop(formdata=None))


def show_page(form: Workshop) -> str:
    db, at, lieu_id = reading(), clock.now(), g.lieu.id
    uneven = returns.uneven(db, lieu_id=lieu_id, at=at)
    rings = encounters.rings(db, lieu_id=lieu_id, at=at)
    here = _here(lieu_id)
    listed = [
        *uneven.carrying,
        *uneven.unanswered,
        *(one for ring in rings for one in ring.members),
    ]
    traces.leave(
        g.shift,
        {"seen-ledger": [one.id for one in listed], "seen-present": [one.id for one in here]},
    )
    return render_template(
        "commons/show.html",
        lieu=g.lieu,
        columns=returns.of_lieu(db, lieu_id=lieu_id, since=at - MONTH, until=at),
        uneven=uneven,
        rings=rings,
        form=form,
        here=here,
        worth=thanks.worth(db, lieu_id=lieu_id, what="workshop", at=at),
    )


def _here(lieu_id: int) -> list[Member]:
    found = presence.who_is_here(reading(), lieu_id=lieu_id, at=clock.now())
    return sorted((member for _, member in found), key=lambda one: (one.name, one.id))


@blueprint.post("/concierge/<slug>/ledger/workshop")
@access("concierge")
def thank(slug: str) -> ResponseReturnValue:
    """Somebody here gave a workshop today: it counts as the house rules say, once a day."""
    form, at, me = Workshop(), clock.now(), current_member().id
    try:
        with writing() as db:
            shifts.shift_of(db, member_id=me, lieu_id=g.lieu.id, at=at)
            thanks.thank(
                db,
                lieu_id=g.lieu.id,
                member_id=_chosen(form, me),
                what="workshop",
                key=f"{form.who.data}:{g.lieu.id}:{clock.local_date(at, g.lieu.timezone)}",
                at=at,
            )
    except (Invalid, thanks.DoesNotCount, ledger.AlreadyPosted) as error:
        return show_page(forms.beside(form, error, "who")), error.status
    flash(gettext("Thanked. It stands in their ledger."))
    return redirect(url("commons.show", slug=slug), 303)


def _chosen(form: Workshop, me: int) -> int:
    """The member of the list; nobody thanks themself."""
    for one in _here(g.lieu.id):
        if one.public_id == form.who.data and one.id != me:
            return one.id
    raise NobodyHere(field="who")

"""House rules on the web: to read for anyone, to accept, and to write the next version.

A concierge on shift writes those of their lieu, an operator those of any; the page is one.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField, TextAreaField

from serendipity import clock, lieux, rules, shifts
from serendipity.db import reading, writing
from serendipity.errors import Invalid
from serendipity.lieux import Lieu
from serendipity.rules import InForce, RulesMoved, SameRules, Terms
from serendipity.web import forms
from serendipity.web.access import access, current_member
from serendipity.web.addresses import same_origin_path
from serendipity.web.language import LANGUAGES

blueprint = Blueprint("rules", __name__)


class Rules(FlaskForm):
    """The figures and the words of a version."""

    after = HiddenField()
    stay_costs = IntegerField()
    shift = IntegerField()
    story = IntegerField()
    workshop = IntegerField()
    promotion = IntegerField()
    text_en = TextAreaField()
    text_fr = TextAreaField()
    text_nl = TextAreaField()

    def facts(self) -> dict[str, Any]:
        """What was typed, for the rules to check; what is no whole number is none of theirs."""
        figures = {
            name: -1 if self[name].data is None else self[name].data for name in asdict(Terms())
        }
        return {
            "terms": Terms(**figures),
            "text": {code: self[f"text_{code}"].data or "" for code in LANGUAGES},
            "after": _version(self.after.data or ""),
        }


def _version(given: str) -> int:
    """The number of a version; 0, which none has, for what is no number."""
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else 0


@blueprint.get("/lieux/<slug>/rules")
@access("anyone")
def show(slug: str) -> ResponseReturnValue:
    lieu, at = lieux.lieu_named(reading(), slug), clock.now()
    asked = None
    if current_user.is_authenticated:
        mine = {"member_id": current_member().id, "lieu_id": lieu.id}
        asked = rules.to_accept(reading(), at=at, **mine)
    return render_template(
        "rules/show.html",
        lieu=lieu,
        house=rules.in_force(reading(), lieu_id=lieu.id, at=at),
        language=str(get_locale()),
        asked=asked,
        before=rules.versions(reading(), lieu_id=lieu.id)[1:],
    )


@blueprint.post("/lieux/<slug>/rules")
@access("member")
def accept(slug: str) -> ResponseReturnValue:
    version = _version(request.form.get("version", ""))
    with writing() as session:
        lieu_id = lieux.lieu_named(session, slug).id
        member_id = current_member().id
        rules.accept(session, member_id=member_id, lieu_id=lieu_id, version=version, at=clock.now())
    flash(gettext("Accepted. You are asked again when they change."))
    return redirect(same_origin_path(request.form.get("next"), url("coworker.here")), 303)


# --- writing the next version ---------------------------------------------------------------


@blueprint.get("/concierge/<slug>/rules")
@access("concierge")
def edit(slug: str) -> ResponseReturnValue:
    return edit_page(g.lieu, None)


@blueprint.post("/concierge/<slug>/rules")
@access("concierge")
def write(slug: str) -> ResponseReturnValue:
    return _write(slug)


@blueprint.get("/operator/lieux/<slug>/rules")
@access("operator")
def edit_any(slug: str) -> ResponseReturnValue:
    return edit_page(lieux.lieu_named(reading(), slug), None)


@blueprint.post("/operator/lieux/<slug>/rules")
@access("operator")
def write_any(slug: str) -> ResponseReturnValue:
    return _write(slug)


def edit_page(lieu: Lieu, form: Rules | None) -> str:
    """The page to write on: with what holds now, or with what was typed and refused."""
    house = rules.in_force(reading(), lieu_id=lieu.id, at=clock.now())
    desk = url("concierge.show", slug=lieu.slug)
    return render_template(
        "rules/edit.html",
        lieu=lieu,
        form=form or _filled(house),
        house=house,
        back=desk if "shift" in g else url("operator.lieu", slug=lieu.slug),
        most=rules.MOST,
    )


def _filled(house: InForce) -> Rules:
    words = {f"text_{code}": house.text.get(code, "") for code in LANGUAGES}
    return Rules(formdata=None, data={"after": house.version, **asdict(house.terms), **words})


def _write(slug: str) -> ResponseReturnValue:
    form, member_id, at = Rules(), current_member().id, clock.now()
    try:
        with writing() as session:
            lieu = lieux.lieu_named(session, slug)
            if "shift" in g:  # it may have ended a moment ago
                shifts.shift_of(session, member_id=member_id, lieu_id=lieu.id, at=at)
            made = rules.write(session, lieu=lieu, **form.facts(), by=member_id, at=at)
            version = made.version
    except (Invalid, SameRules, RulesMoved) as error:
        shown = lieux.lieu_named(reading(), slug)
        return edit_page(shown, forms.beside(form, error)), error.status
    flash(
        gettext(
            "Version %(number)s holds from now on. Members are asked to accept it when they "
            "next come in.",
            number=version,
        )
    )
    return redirect(url("rules.show", slug=slug), 303)

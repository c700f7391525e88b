"""The operator: lieux, their hours and concierges; the health of the service; sample letters.

Setting up for the first time is in `web.setup`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import IntegerField, StringField

from serendipity import audit, clock, kiosks, lieux, mail, members, schema, shifts
from serendipity.db import database, reading, writing
from serendipity.errors import Invalid, NotFound
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.web import forms, samples, weektimes
from serendipity.web.access import access, current_member
from serendipity.web.health import told
from serendipity.web.language import LANGUAGES

blueprint = Blueprint("operator", __name__, url_prefix="/operator")

# A letter brings its own style and nothing else; it is shown as mail programs show it.
LETTER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; sandbox"


class NobodyWithEmail(NotFound):
    """No member has this address. Fact: field."""


class About(FlaskForm):
    """What a lieu is."""

    name = StringField()
    city = StringField()
    timezone = StringField()
    language = StringField()
    seats = IntegerField()
    siret = StringField()

    def facts(self) -> dict[str, Any]:
        """What was typed, for the rules to check."""
        return {
            "name": self.name.data or "",
            "city": self.city.data or "",
            "timezone": self.timezone.data or "",
            "language": self.language.data or "",
            "seats": -1 if self.seats.data is None else self.seats.data,
            "siret": self.siret.data or "",
        }


class Times(FlaskForm):
    """Hours or moments; their rows are read by `weektimes`."""


class Name(FlaskForm):
    email = StringField()


@blueprint.get("/")
@access("operator")
def index() -> ResponseReturnValue:
    search = request.args.get("search", "")
    session = reading()
    return render_template(
        "operator/index.html",
        lieux=lieux.open_lieux(session),
        imported=lieux.imported_count(session),
        search=search,
        found=lieux.imported_lieux(session, search=search) if search.strip() else [],
    )


@blueprint.get("/lieux/new")
@access("operator")
def new_lieu() -> ResponseReturnValue:
    form = About(data={"timezone": "Europe/Paris", "language": "fr", "seats": 40})
    return render_template("operator/new_lieu.html", form=form)


@blueprint.post("/lieux/new")
@access("operator")
def found_lieu() -> ResponseReturnValue:
    form = About()
    try:
        with writing() as session:
            lieu = lieux.found(session, **form.facts(), at=clock.now())
    except Invalid as error:
        page = render_template("operator/new_lieu.html", form=forms.beside(form, error))
        return page, error.status
    flash(gettext("Founded. Now its hours, and who is its concierge."))
    return redirect(url("operator.lieu", slug=lieu.slug), 303)


@blueprint.post("/lieux/<slug>/open")
@access("operator")
def open_lieu(slug: str) -> ResponseReturnValue:
    with writing() as session:
        lieux.open_up(session, lieu=lieux.lieu_named(session, slug), at=clock.now())
    flash(gettext("It is run here from now on. Now its hours, and who is its concierge."))
    return redirect(url("operator.lieu", slug=slug), 303)


@blueprint.get("/lieux/<slug>")
@access("operator")
def lieu(slug: str) -> ResponseReturnValue:
    return lieu_page(lieux.lieu_named(reading(), slug))


def lieu_page(
    shown: Lieu,
    *,
    about: About | None = None,
    open_times: Times | None = None,
    moment_times: Times | None = None,
    name: Name | None = None,
    hours: Sequence[weektimes.Row] | None = None,
    moments: Sequence[weektimes.Row] | None = None,
) -> str:
    """Everything about a lieu; what was typed and refused stands where it was typed."""
    session = reading()
    return render_template(
        "operator/lieu.html",
        lieu=shown,
        about=about or About(None, obj=shown),
        open_times=open_times or Times(None),
        moment_times=moment_times or Times(None),
        name=name or Name(None),
        hours=hours or weektimes.rows(lieux.hours_of(session, lieu_id=shown.id)),
        moments=moments or weektimes.rows(lieux.moments_of(session, lieu_id=shown.id)),
        weekdays=weektimes.weekdays(),
        concierges=shifts.concierges_of(session, lieu_id=shown.id),
        kiosks=kiosks.kiosks_of(session, lieu_id=shown.id),
    )


@blueprint.post("/lieux/<slug>/about")
@access("operator")
def describe(slug: str) -> ResponseReturnValue:
    form = About()
    try:
        with writing() as session:
            lieux.describe(session, lieu=lieux.lieu_named(session, slug), **form.facts())
    except Invalid as error:
        shown = lieux.lieu_named(reading(), slug)
        return lieu_page(shown, about=forms.beside(form, error)), error.status
    return _kept(slug, "about")


@blueprint.post("/lieux/<slug>/hours")
@access("operator")
def keep_hours(slug: str) -> ResponseReturnValue:
    rows = weektimes.typed(request.form, "hours")
    try:
        with writing() as session:
            spans = weektimes.spans(rows, "hours")
            lieux.keep_hours(session, lieu=lieux.lieu_named(session, slug), spans=spans)
    except Invalid as error:
        shown = lieux.lieu_named(reading(), slug)
        return lieu_page(shown, open_times=forms.beside(Times(), error), hours=rows), error.status
    return _kept(slug, "hours")


@blueprint.post("/lieux/<slug>/moments")
@access("operator")
def keep_moments(slug: str) -> ResponseReturnValue:
    rows = weektimes.typed(request.form, "moments")
    try:
        with writing() as session:
            spans = weektimes.spans(rows, "moments")
            lieux.keep_moments(session, lieu=lieux.lieu_named(session, slug), spans=spans)
    except Invalid as error:
        shown = lieux.lieu_named(reading(), slug)
        return lieu_page(
            shown, moment_times=forms.beside(Times(), error), moments=rows
        ), error.status
    return _kept(slug, "moments")


def _kept(slug: str, part: str) -> ResponseReturnValue:
    flash(gettext("Kept."))
    return redirect(url("operator.lieu", slug=slug, _anchor=part), 303)


# --- concierges -----------------------------------------------------------------------------


@blueprint.post("/lieux/<slug>/concierges")
@access("operator")
def name_concierge(slug: str) -> ResponseReturnValue:
    form, at = Name(), clock.now()
    try:
        with writing() as session:
            place = lieux.lieu_named(session, slug)
            member = _member(session, form.email.data or "")
            shifts.name_concierge(session, lieu_id=place.id, member_id=member.id, at=at)
            _trace(session, "named-concierge", member, place)
    except (Invalid, NobodyWithEmail) as error:
        shown = lieux.lieu_named(reading(), slug)
        return lieu_page(shown, name=forms.beside(form, error)), error.status
    return _kept(slug, "concierges")


def _member(session: Session, email: str) -> Member:
    member = members.member_with_email(session, members.plain_email(email))
    if member is None:
        raise NobodyWithEmail(field="email")
    return member


def _trace(session: Session, what: str, member: Member, place: Lieu) -> None:
    audit.record(
        session,
        actor_id=current_member().id,
        what=what,
        concerns_id=member.id,
        lieu_id=place.id,
        at=clock.now(),
    )


@blueprint.post("/lieux/<slug>/concierges/<member>/end")
@access("operator")
def unname_concierge(slug: str, member: str) -> ResponseReturnValue:
    with writing() as session:
        place = lieux.lieu_named(session, slug)
        for one in shifts.concierges_of(session, lieu_id=place.id):
            if one.public_id == member:
                shifts.unname_concierge(session, lieu_id=place.id, member_id=one.id, at=clock.now())
                _trace(session, "no-longer-concierge", one, place)
    return _kept(slug, "concierges")


# --- health and letters ---------------------------------------------------------------------


@blueprint.get("/health")
@access("operator")
def health() -> ResponseReturnValue:
    session, at = reading(), clock.now()
    return render_template(
        "operator/health.html",
        migrations=schema.state(database.engine),
        revision=schema.current(database.engine),
        **told(),
        bounced=mail.bounces.bounced(session),
        tally=mail.tally(session),
        troubles=mail.troubles(session),
        kiosks=[
            (one, kiosk)
            for one in lieux.open_lieux(session)
            for kiosk in kiosks.kiosks_of(session, lieu_id=one.id)
        ],
        at=at,
    )


@blueprint.post("/letters/<letter>/again")
@access("operator")
def send_again(letter: str) -> ResponseReturnValue:
    """A person has looked and decided: this one goes out once more."""
    with writing() as session:
        mail.send_again(session, public_id=letter, at=clock.now())
    flash(gettext("It goes out once more."))
    return redirect(url("operator.health"), 303)


@blueprint.post("/addresses/lift")
@access("operator")
def lift_bounce() -> ResponseReturnValue:
    """Somebody says that this mailbox is well again."""
    with writing() as session:
        mail.bounces.lift(session, address=request.form.get("address", ""))
    flash(gettext("Letters go there again."))
    return redirect(url("operator.health"), 303)


@blueprint.get("/letters")
@access("operator")
def letters() -> ResponseReturnValue:
    return render_template("operator/letters.html", kinds=list(mail.KINDS))


@blueprint.get("/letters/<kind>/<language>.<form>")
@access("operator")
def letter(kind: str, language: str, form: str) -> ResponseReturnValue:
    """One kind of letter, with invented people."""
    if kind not in mail.KINDS or language not in LANGUAGES or form not in ("html", "txt"):
        abort(404)
    words = samples.sample(kind, form, language)
    headers = {"Content-Security-Policy": LETTER_POLICY}
    mimetype = "text/html" if form == "html" else "text/plain"
    return words, 200, {**headers, "Content-Type": f"{mimetype}; charset=utf-8"}

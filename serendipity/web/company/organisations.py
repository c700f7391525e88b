"""Organisations: sign up, found one, see its bookings, say who belongs to it."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, session
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from serendipity import bookings, clock, organisations, signin
from serendipity.db import reading, writing
from serendipity.errors import Busy, Invalid, Refused
from serendipity.limits import TooOften
from serendipity.web import forms
from serendipity.web import signin as signin_front
from serendipity.web.access import access, current_member
from serendipity.web.addresses import same_origin_path
from serendipity.web.company import blueprint
from serendipity.web.company.forms import Colleague, Founding, Joining
from serendipity.web.session import sign_in


@blueprint.get("/organisations/join")
@access("anyone")
def join() -> ResponseReturnValue:
    """For somebody who never checked in anywhere: a company's person is no coworker."""
    after = same_origin_path(request.args.get("next"), url("company.new"))
    if current_user.is_authenticated:
        return redirect(after)
    return render_template("company/join.html", form=Joining(), after=after)


@blueprint.post("/organisations/join")
@access("anyone")
def send_join_code() -> ResponseReturnValue:
    form = Joining()
    after = same_origin_path(request.args.get("next"), url("company.new"))
    email, name = form.email.data or "", form.name.data or ""
    try:
        with writing() as db:
            organisations.ask_to_join(
                db,
                email=email,
                name=name,
                browser=signin_front.browser_key(),
                language=signin_front.screen_language(),
                at=clock.now(),
            )
    except (Invalid, TooOften, Busy) as error:
        form = forms.beside(form, error)
        return render_template("company/join.html", form=form, after=after), error.status
    session["join"] = {"email": email, "name": name, "after": after}
    return redirect(url("company.join_code"), 303)


@blueprint.get("/organisations/join/code")
@access("anyone")
def join_code() -> ResponseReturnValue:
    if "join" not in session:
        return redirect(url("company.join"))
    return join_code_page(signin_front.Code())


@blueprint.post("/organisations/join/code")
@access("anyone")
def type_join_code() -> ResponseReturnValue:
    said = session.get("join")
    if said is None:
        return redirect(url("company.join"), 303)
    form, at, browser = signin_front.Code(), clock.now(), signin_front.browser_key()
    try:
        with writing() as db:  # the guess is counted first, whatever it comes to
            guess = signin.guess(
                db, email=said["email"], code=form.code.data or "", browser=browser, at=at
            )
        with writing() as db:
            member = organisations.join(
                db,
                guess=guess,
                name=said["name"],
                language=signin_front.screen_language(),
                at=at,
            )
    except (signin.WrongCode, signin.CodeGone) as error:
        return join_code_page(form, error)
    sign_in(member)
    return redirect(same_origin_path(said["after"], url("company.new")), 303)


def join_code_page(form: signin_front.Code, error: Refused | None = None) -> ResponseReturnValue:
    gone = isinstance(error, signin.CodeGone)
    if error is not None and not gone:
        forms.beside(form, error)
    page = render_template(
        "company/join_code.html", form=form, email=session["join"]["email"], gone=gone
    )
    return page, error.status if error else 200


@blueprint.get("/organisations/")
@access("member")
def mine() -> ResponseReturnValue:
    found = organisations.organisations_of(reading(), member_id=current_member().id)
    if not found:
        return redirect(url("company.new"))
    return render_template("company/mine.html", organisations=found)


@blueprint.get("/organisations/new")
@access("member")
def new() -> ResponseReturnValue:
    form = Founding(email=current_member().email, language=signin_front.screen_language())
    return founding_page(form)


@blueprint.post("/organisations/new")
@access("member")
def found() -> ResponseReturnValue:
    form = Founding()
    try:
        with writing() as db:
            organisation = organisations.found(
                db,
                **form.facts(),
                by=current_member().id,
                at=clock.now(),
            )
    except (Invalid, Busy) as error:
        return founding_page(forms.beside(form, error), error.status)
    flash(gettext("%(name)s can book rooms now.", name=organisation.name))
    home = url("company.organisation", organisation=organisation.public_id)
    return redirect(same_origin_path(request.args.get("next"), home), 303)


def founding_page(form: Founding, status: int = 200) -> ResponseReturnValue:
    after = same_origin_path(request.args.get("next"), "")
    return render_template("company/new.html", form=form, after=after), status


@blueprint.get("/organisations/<organisation>/facts")
@access("company")
def facts(organisation: str) -> ResponseReturnValue:
    organisations.refuse_unless_may(
        reading(), organisation_id=g.organisation.id, member_id=current_member().id, role="pay"
    )
    return facts_page(Founding(None, obj=g.organisation))


@blueprint.post("/organisations/<organisation>/facts")
@access("company")
def keep_facts(organisation: str) -> ResponseReturnValue:
    form = Founding()
    try:
        with writing() as db:
            organisations.describe(
                db, organisation_id=g.organisation.id, by=current_member().id, **form.facts()
            )
    except (Invalid, Busy) as error:
        return facts_page(forms.beside(form, error), error.status)
    flash(gettext("Kept. It stands on the next invoices."))
    return redirect(url("company.organisation", organisation=organisation), 303)


def facts_page(form: Founding, status: int = 200) -> ResponseReturnValue:
    page = render_template(
        "company/facts.html", organisation=g.organisation, role=g.role, form=form
    )
    return page, status


@blueprint.get("/organisations/<organisation>/")
@access("company")
def organisation(organisation: str) -> ResponseReturnValue:
    return organisation_page(Colleague())


def organisation_page(form: Colleague, status: int = 200) -> ResponseReturnValue:
    at = clock.now()
    booked = bookings.bookings_of(reading(), organisation_id=g.organisation.id, at=at)
    page = render_template(
        "company/organisation.html",
        organisation=g.organisation,
        role=g.role,
        at=at,
        held=[row for row in booked if bookings.is_held(row[0], at)],
        coming=[row for row in booked if bookings.is_booked(row[0]) and row[0].ends_at > at],
        past=[row for row in booked if row[0].ends_at <= at or row[0].cancelled_at][::-1],
        due=bookings.due,
        waits=bookings.waits_of(reading(), organisation_id=g.organisation.id, at=at),
        colleagues=organisations.colleagues(reading(), organisation_id=g.organisation.id),
        may=organisations.may,
        form=form,
    )
    return page, status


@blueprint.post("/organisations/<organisation>/colleagues")
@access("company")
def add_colleague(organisation: str) -> ResponseReturnValue:
    form = Colleague()
    try:
        with writing() as db:
            organisations.add(
                db,
                organisation_id=g.organisation.id,
                email=form.email.data or "",
                name=form.name.data or "",
                role=form.role.data if form.role.data in organisations.ROLES else "see",
                by=current_member().id,
                at=clock.now(),
            )
    except (Invalid, organisations.LastWhoPays, Busy) as error:
        return organisation_page(forms.beside(form, error), error.status)
    flash(gettext("They sign in with their address; a code by mail is all it takes."))
    return redirect(url("company.organisation", organisation=organisation), 303)


@blueprint.post("/organisations/<organisation>/colleagues/<colleague>/remove")
@access("company")
def remove_colleague(organisation: str, colleague: str) -> ResponseReturnValue:
    me = current_member()
    with writing() as db:
        organisations.remove(db, organisation_id=g.organisation.id, public_id=colleague, by=me.id)
    if colleague == me.public_id:
        return redirect(url("company.mine"), 303)
    return redirect(url("company.organisation", organisation=organisation), 303)

"""`/me`: everything kept about me, to read, to change, to take away and to have forgotten."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from sqlalchemy import select
from wtforms import SelectMultipleField, StringField

from serendipity import (
    access_needs,
    audit,
    clock,
    consent,
    exports,
    ledger,
    lieux,
    meanings,
    members,
    naming,
    passkeys,
    presence,
    rhythms,
    skills,
)
from serendipity.db import reading, writing
from serendipity.errors import Invalid
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.web import forms, wording
from serendipity.web.access import access, current_member
from serendipity.web.coworker import blueprint
from serendipity.web.heard import said
from serendipity.web.language import LANGUAGES
from serendipity.web.session import sign_out

SPOKEN = ("en", "fr", "nl", "ar", "de", "es", "it", "pl", "pt", "ro", "tr", "uk")
PAUSES = (7, 30)  # days


class Profile(forms.Form):
    name = StringField()
    language = StringField()
    languages = SelectMultipleField(validate_choice=False)


class Offered(forms.Form):
    skills = StringField()


@blueprint.get("/me")
@access("member")
def me() -> ResponseReturnValue:
    return me_page(profile_of(current_member()), offered_by(current_member()))


def profile_of(member: Member) -> Profile:
    return Profile(
        formdata=None,
        data={"name": member.name, "language": member.language, "languages": member.languages},
    )


def offered_by(member: Member) -> Offered:
    held = skills.skills_of(reading(), [member.id])[member.id]
    return Offered(formdata=None, data={"skills": ", ".join(one.words for one in held)})


def me_page(profile: Profile, offered: Offered, status: int = 200) -> ResponseReturnValue:
    member = current_member()
    spoken = list(dict.fromkeys([*SPOKEN, *member.languages]))
    page = render_template(
        "coworker/me.html",
        profile=profile,
        offered=offered,
        member=member,
        languages_spoken=[(code, wording.language_name(code)) for code in spoken],
        screen_languages=LANGUAGES,
        held=heard_skills(member),
        places=choices_of(member),
        paused=member.paused_until is not None and member.paused_until > clock.now(),
        zone=zone_of(member),
        pauses=PAUSES,
        access_need=access_needs.of(reading(), member_id=member.id),
        rhythm=rhythms.of(reading(), member_id=member.id),
        passkeys=passkeys.passkeys_of(reading(), member_id=member.id),
        passkeys_can=passkeys.site_of(current_app.config["SETTINGS"].public_url).can,
        apart=naming.kept_apart(reading(), member_id=member.id),
        traces=audit.concerning(reading(), member.id, most=20),
    )
    return page, status


def zone_of(member: Member) -> str:
    """The clock on which this member reads times: where they are, else their home, else UTC."""
    stay = presence.of(reading(), member_id=member.id, at=clock.now())
    lieu_id = stay.lieu_id if stay else member.home_lieu_id
    return reading().get_one(Lieu, lieu_id).timezone if lieu_id else "UTC"


def heard_skills(member: Member) -> list[dict[str, Any]]:
    """Each skill with what it was heard as, or what it may mean."""
    held = skills.skills_of(reading(), [member.id])[member.id]
    ids = {one.concept_id for one in held if one.concept_id}
    ids |= {concept for one in held for concept, _ in one.proposals}
    labels = skills.labels(reading(), ids, str(get_locale()))
    return [
        {
            "skill": one,
            "heard": labels.get(one.concept_id or ""),
            "proposals": [(key, labels[key]) for key, _ in one.proposals if key in labels],
        }
        for one in held
    ]


def choices_of(member: Member) -> list[dict[str, Any]]:
    """The lieux where the member chose, comes from, or is; with what was chosen."""
    stay = presence.of(reading(), member_id=member.id, at=clock.now())
    ids = {one.lieu_id for one in consent.chosen_by(reading(), member_id=member.id)}
    ids |= {key for key in (member.home_lieu_id, stay.lieu_id if stay else None) if key}
    found = reading().scalars(select(Lieu).where(Lieu.id.in_(ids)).order_by(Lieu.name))
    return [
        {
            "lieu": lieu,
            "chosen": consent.of(reading(), member_id=member.id, lieu_id=lieu.id),
            "promised": ledger.promised(reading(), member_id=member.id, lieu_id=lieu.id),
        }
        for lieu in found
    ]


def _back(part: str = "") -> ResponseReturnValue:
    return redirect(url("coworker.me", _anchor=part or None), 303)


@blueprint.post("/me")
@access("member")
def describe() -> ResponseReturnValue:
    form = Profile()
    try:
        with writing() as session:
            members.describe(
                session,
                member_id=current_member().id,
                name=form.name.data or "",
                language=form.language.data or "",
                languages=form.languages.data or [],
            )
    except Invalid as error:
        return me_page(forms.beside(form, error), offered_by(current_member()), error.status)
    flash(gettext("Kept."))
    return _back()


@blueprint.post("/me/skills")
@access("member")
def offer() -> ResponseReturnValue:
    form = Offered()
    try:
        with writing() as session:
            skills.offer(
                session,
                member_id=current_member().id,
                words=skills.split(form.skills.data or ""),
                language=str(get_locale()),
                at=clock.now(),
            )
            meanings.settle(
                session, said(request.form), member_id=current_member().id, at=clock.now()
            )
    except Invalid as error:
        profile = profile_of(current_member())
        return me_page(profile, forms.beside(form, error, "skills"), error.status)
    flash(gettext("Kept."))
    return _back("skills")


@blueprint.post("/me/skills/<public_id>")
@access("member")
def hear(public_id: str) -> ResponseReturnValue:
    """Yes, that is what I mean; or not that."""
    facts: dict[str, Any] = {
        "public_id": public_id,
        "member_id": current_member().id,
        "at": clock.now(),
    }
    concept = request.form.get("concept")
    with writing() as session:
        if concept is None:
            skills.undo(session, **facts)
        else:
            skills.confirm(session, concept_id=concept, **facts)
    return _back("skills")


@blueprint.post("/me/choices/<slug>")
@access("member")
def choose(slug: str) -> ResponseReturnValue:
    """The three switches at a lieu."""
    with writing() as session:
        consent.choose(
            session,
            member_id=current_member().id,
            lieu_id=lieux.lieu_named(session, slug).id,
            here_today="here_today" in request.form,
            by_mail="by_mail" in request.form,
            other_lieux="other_lieux" in request.form,
            at=clock.now(),
        )
    flash(gettext("Kept."))
    return _back("choices")


@blueprint.post("/me/apart")
@access("member")
def lift() -> ResponseReturnValue:
    """Lift a block, told by its instant: its list may not say of whom it is."""
    try:
        since = datetime.fromisoformat(request.form.get("since", ""))
    except ValueError:
        abort(400)
    with writing() as session:
        naming.lift(session, member_id=current_member().id, since=since.astimezone(UTC))
    return _back("apart")


@blueprint.get("/me/export")
@access("member")
def export() -> ResponseReturnValue:
    """Everything kept about me, as a file that machines read too."""
    taken = exports.of_member(reading(), member=current_member())
    answer = current_app.response_class(
        current_app.json.dumps(taken, indent=2, ensure_ascii=False), mimetype="application/json"
    )
    answer.headers["Content-Disposition"] = "attachment; filename=serendipity.json"
    return answer


@blueprint.post("/me/sign-out")
@access("member")
def sign_out_everywhere() -> ResponseReturnValue:
    with writing() as session:
        members.end_sessions(session, member_id=current_member().id)
    sign_out()
    return redirect("/", 303)


@blueprint.get("/me/erase")
@access("member")
def ask_to_erase() -> ResponseReturnValue:
    return render_template("coworker/erase.html")


@blueprint.post("/me/erase")
@access("member")
def erase() -> ResponseReturnValue:
    if request.form.get("sure") != "1":
        return render_template("coworker/erase.html", unsure=True), 422
    with writing() as session:
        members.erase(session, member_id=current_member().id, at=clock.now())
    sign_out()
    flash(gettext("Forgotten. Thank you for having been here."))
    return redirect("/", 303)

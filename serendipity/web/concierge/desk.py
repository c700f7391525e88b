"""The concierge's desk: who is here, whom to introduce, what to settle, and handing it over.

The page is made of parts (`_watch`, `_garden`, `_post`, `_write`, `_weave`, `_settle`), which
`live` sends again every ten seconds, each to replace itself; what is typed stands on pages of its
own, so that nothing typed is ever replaced. What the parts show is put together in `web.desk`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import flash, g, redirect, render_template, request, session
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import StringField, TextAreaField

from serendipity import access_needs, clock, hours, kiosks, shifts, skills
from serendipity.db import reading, writing
from serendipity.errors import Invalid
from serendipity.lieux import Lieu
from serendipity.postures import garden, post, settling, watch
from serendipity.shifts import Shift
from serendipity.web import addresses, forms
from serendipity.web.access import access, current_member
from serendipity.web.concierge import blueprint
from serendipity.web.desk import look
from serendipity.web.language import chosen
from serendipity.web.saying import CheckIn

SHOWN = 7  # people with a sign on the first page; the others are a click away


class HandOver(FlaskForm):
    note = TextAreaField()


class Screen(FlaskForm):
    name = StringField()


# --- taking a shift -------------------------------------------------------------------------


@blueprint.get("/")
@access("member")
def choose() -> ResponseReturnValue:
    at, member = clock.now(), current_member()
    rows = shifts.lieux_of(reading(), member_id=member.id)
    lieux = [
        {
            "lieu": lieu,
            "shift": shift if shift and shift.until > at else None,
            "unwritten": shift if shift and shift.until <= at else None,
            "ends": _ends(lieu, at),
            "last": shifts.last_note(reading(), lieu_id=lieu.id),
            "on_shift": shifts.current_shifts(reading(), lieu_id=lieu.id, at=at),
        }
        for lieu, shift in rows
    ]
    return render_template("concierge/choose.html", lieux=lieux, form=HandOver())


def _ends(lieu: Lieu, at: datetime) -> list[datetime]:
    """Sensible ends of a shift that begins now; closing time is the last."""
    latest = at + shifts.LONGEST
    return [end for end in hours.stays(reading(), lieu=lieu, at=at) if end <= latest] or [latest]


@blueprint.post("/")
@access("member")
def take() -> ResponseReturnValue:
    slug = request.form.get("lieu", "")
    try:
        with writing() as db:
            shifts.take_shift(
                db,
                slug=slug,
                member_id=current_member().id,
                until=_instant(request.form.get("until", "")),
                at=clock.now(),
            )
    except Invalid:  # the page was left open until that time had passed
        flash(gettext("Choose an end that is still to come, today."))
        return redirect(url("concierge.choose"), 303)
    return redirect(url("concierge.show", slug=slug), 303)


def _instant(given: str) -> datetime:
    """The instant that a radio button stands for."""
    if not given.isascii() or not given.isdecimal() or len(given) > 11:
        raise shifts.BadShiftEnd(field="until", until=given[:20], longest=shifts.LONGEST)
    return datetime.fromtimestamp(int(given), UTC)


@blueprint.post("/late-note")
@access("member")
def write_late_note() -> ResponseReturnValue:
    """A shift ran out without a note: it can still be written, though nothing else be seen."""
    form = HandOver()
    slug = request.form.get("lieu", "")
    try:
        with writing() as db:
            shifts.hand_over(
                db,
                slug=slug,
                member_id=current_member().id,
                note=form.note.data or "",
                at=clock.now(),
            )
    except Invalid as error:
        page = render_template(
            "concierge/late_note.html", form=forms.beside(form, error), slug=slug
        )
        return page, error.status
    flash(gettext("Thank you. The next concierge reads it first."))
    return redirect(url("concierge.choose"), 303)


# --- the desk -------------------------------------------------------------------------------


@blueprint.get("/<slug>/")
@access("concierge")
def show(slug: str) -> ResponseReturnValue:
    return render_template(
        "concierge/show.html",
        desk=look(g.lieu, g.shift),
        shown=SHOWN,
        note=shifts.last_note(reading(), lieu_id=g.lieu.id),
    )


@blueprint.get("/<slug>/live")
@access("concierge")
def live(slug: str) -> ResponseReturnValue:
    """The parts of the page that change by themselves, each to replace itself."""
    return render_template(
        "concierge/live.html", desk=look(g.lieu, g.shift), shown=SHOWN, again=True
    )


@blueprint.get("/<slug>/people")
@access("concierge")
def people(slug: str) -> ResponseReturnValue:
    desk = look(g.lieu, g.shift)
    here = [one.member.id for one in desk.gathering.people]
    told = access_needs.told(reading(), lieu_id=g.lieu.id, member_ids=here, at=desk.at)
    return render_template("concierge/people.html", desk=desk, told=told)


# --- one button each ------------------------------------------------------------------------


def do(verb: Callable[..., Any], public_id: str, said: str, part: str) -> ResponseReturnValue:
    """Do one thing at this desk, say it in a line, and come back to where the button was."""
    with writing() as db:
        verb(db, shift=shift_now(db), public_id=public_id, at=clock.now())
    flash(said)
    return redirect(url("concierge.show", slug=g.lieu.slug, _anchor=part), 303)


def shift_now(db: Session) -> Shift:
    """The shift, looked up again inside the transaction: it may have ended a moment ago."""
    return shifts.shift_of(db, member_id=current_member().id, lieu_id=g.lieu.id, at=clock.now())


@blueprint.post("/<slug>/stays/<stay>/confirm")
@access("concierge")
def confirm_stay(slug: str, stay: str) -> ResponseReturnValue:
    return do(watch.confirm_stay, stay, gettext("Confirmed: they are here."), "settle")


@blueprint.post("/<slug>/declarations/<declaration>/vouch")
@access("concierge")
def vouch(slug: str, declaration: str) -> ResponseReturnValue:
    return do(watch.vouch, declaration, gettext("Confirmed: they are here."), "settle")


@blueprint.post("/<slug>/kept/<event>/vouch")
@access("concierge")
def vouch_kept(slug: str, event: str) -> ResponseReturnValue:
    return do(watch.vouch_kept, event, gettext("Confirmed: they are here."), "settle")


@blueprint.post("/<slug>/kept/<event>/note")
@access("concierge")
def note_kept(slug: str, event: str) -> ResponseReturnValue:
    return do(watch.note_kept, event, gettext("Noted."), "settle")


@blueprint.post("/<slug>/stays/<stay>/end")
@access("concierge")
def check_out(slug: str, stay: str) -> ResponseReturnValue:
    return do(watch.check_out, stay, gettext("Checked out."), "watch")


@blueprint.post("/<slug>/suggestions/<suggestion>/introduce")
@access("concierge")
def introduce(slug: str, suggestion: str) -> ResponseReturnValue:
    said = gettext("Introduced. Both can now say on their phone that they met.")
    return do(post.introduce, suggestion, said, "post")


@blueprint.post("/<slug>/suggestions/<suggestion>/postpone")
@access("concierge")
def postpone(slug: str, suggestion: str) -> ResponseReturnValue:
    return do(post.postpone, suggestion, gettext("Later: back in an hour."), "post")


@blueprint.post("/<slug>/suggestions/<suggestion>/keep-apart")
@access("concierge")
def keep_apart(slug: str, suggestion: str) -> ResponseReturnValue:
    said = gettext("Taken back. Nobody is told.")
    return do(post.keep_apart, suggestion, said, "post")


@blueprint.post("/<slug>/suggestions/<suggestion>/not-today")
@access("concierge")
def not_today(slug: str, suggestion: str) -> ResponseReturnValue:
    return do(post.not_today, suggestion, gettext("Not today: back tomorrow."), "post")


@blueprint.post("/<slug>/members/<member>/forgive")
@access("concierge")
def forgive(slug: str, member: str) -> ResponseReturnValue:
    return do(garden.forgive, member, gettext("Let go. They can read that you did."), "garden")


@blueprint.post("/<slug>/encounters/<encounter>/ask")
@access("concierge")
def ask(slug: str, encounter: str) -> ResponseReturnValue:
    said = gettext("One letter goes out: did you meet?")
    return do(settling.ask, encounter, said, "settle")


# --- what is typed --------------------------------------------------------------------------


@blueprint.get("/<slug>/check-in")
@access("concierge")
def check_in_form(slug: str) -> ResponseReturnValue:
    return check_in_page(CheckIn())


def check_in_page(form: CheckIn) -> str:
    """Three fields do; what the person can help with and needs may be said, too."""
    closing = form.offer_times(g.lieu, at=clock.now(), chosen="closing")
    return render_template("concierge/check_in.html", form=form, closing=closing)


@blueprint.post("/<slug>/check-in")
@access("concierge")
def check_in(slug: str) -> ResponseReturnValue:
    form = CheckIn()
    try:
        until = form.until_when() if form.until.data else None
        with writing() as db:
            _, known = watch.check_in(
                db,
                shift=shift_now(db),
                name=form.name.data or "",
                email=form.email.data or "",
                skills=skills.split(form.skills.data or ""),
                need=form.need.data or "",
                until=until,
                language=chosen(),
                at=clock.now(),
            )
    except Invalid as error:
        return check_in_page(forms.beside(form, error)), error.status
    flash(_checked_in(form.name.data or "", known=known))
    return redirect(url("concierge.show", slug=slug, _anchor="watch"), 303)


def _checked_in(name: str, *, known: bool) -> str:
    if known:
        return str(
            gettext("Checked in. This address was a member already: what they said before counts.")
        )
    return str(gettext("%(name)s is checked in.", name=name))


@blueprint.get("/<slug>/hand-over")
@access("concierge")
def hand_over_form(slug: str) -> ResponseReturnValue:
    return render_template(
        "concierge/hand_over.html",
        form=HandOver(),
        note=shifts.last_note(reading(), lieu_id=g.lieu.id),
    )


@blueprint.post("/<slug>/hand-over")
@access("concierge")
def hand_over(slug: str) -> ResponseReturnValue:
    form = HandOver()
    try:
        with writing() as db:
            shifts.hand_over(
                db,
                slug=slug,
                member_id=current_member().id,
                note=form.note.data or "",
                at=clock.now(),
            )
    except Invalid as error:
        page = render_template("concierge/hand_over.html", form=forms.beside(form, error))
        return page, error.status
    flash(gettext("Handed over. Thank you for being here."))
    return redirect(url("concierge.choose"), 303)


# --- screens at the door --------------------------------------------------------------------


@blueprint.get("/<slug>/kiosks")
@access("concierge")
def screens(slug: str) -> ResponseReturnValue:
    return screens_page(Screen())


def screens_page(form: Screen) -> str:
    at, code = clock.now(), session.get("pairing")
    live = code and code["lieu"] == g.lieu.id and code["until"] > at.timestamp()
    return render_template(
        "concierge/screens.html",
        kiosks=kiosks.kiosks_of(reading(), lieu_id=g.lieu.id),
        code=code if live else None,
        at=at,
        form=form,
        address=addresses.public("/kiosk/"),
    )


@blueprint.post("/<slug>/kiosks")
@access("concierge")
def prepare_screen(slug: str) -> ResponseReturnValue:
    form, at = Screen(), clock.now()
    try:
        with writing() as db:
            lieu_id, name = shift_now(db).lieu_id, form.name.data or ""
            code = kiosks.make_pairing(db, lieu_id=lieu_id, name=name, at=at)
    except Invalid as error:
        return screens_page(forms.beside(form, error)), error.status
    until = int((at + kiosks.PAIRING_LIVES).timestamp())
    # In the signed session of this browser, so that the code is shown here and nowhere else.
    session["pairing"] = {"lieu": g.lieu.id, "code": code, "until": until}
    return redirect(url("concierge.screens", slug=slug), 303)


@blueprint.post("/<slug>/poster")
@access("concierge")
def replace_poster(slug: str) -> ResponseReturnValue:
    with writing() as db:
        kiosks.replace_poster(db, lieu_id=shift_now(db).lieu_id, at=clock.now())
    flash(gettext("The posters that hang open nothing any more. Print the new one."))
    return redirect(url("concierge.screens", slug=slug), 303)


@blueprint.post("/<slug>/kiosks/<kiosk>/revoke")
@access("concierge")
def revoke_screen(slug: str, kiosk: str) -> ResponseReturnValue:
    with writing() as db:
        kiosks.revoke(db, public_id=kiosk, lieu_id=shift_now(db).lieu_id, at=clock.now())
    flash(gettext("That screen shows nothing any more."))
    return redirect(url("concierge.screens", slug=slug), 303)

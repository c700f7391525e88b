"""The concierge's desk: who is here, whom to introduce, what to settle, one button each.

The page is made of parts (`_watch`, `_garden`, `_post`, `_write`, `_weave`, `_settle`), which
`live` sends again every ten seconds, each to replace itself; what is typed stands on pages of its
own, so that nothing typed is ever replaced. What the parts show is put together in `looking`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, g, redirect, render_template
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from serendipity import access_needs, clock, shifts, skills
from serendipity.db import reading, writing
from serendipity.errors import Invalid
from serendipity.postures import garden, post, settling, watch
from serendipity.shifts import Shift
from serendipity.web import forms, traces
from serendipity.web.access import access, current_member
from serendipity.web.concierge import blueprint
from serendipity.web.concierge.looking import Desk, look
from serendipity.web.language import chosen
from serendipity.web.saying import CheckIn

SHOWN = 7  # people with a sign on the first page; the others are a click away


@blueprint.get("/<slug>/")
@access("concierge")
def show(slug: str) -> ResponseReturnValue:
    note = shifts.last_note(reading(), lieu_id=g.lieu.id)
    return shown("concierge/show.html", look(g.lieu, g.shift), shown=SHOWN, note=note)


@blueprint.get("/<slug>/live")
@access("concierge")
def live(slug: str) -> ResponseReturnValue:
    """The parts of the page that change by themselves, each to replace itself."""
    return shown("concierge/live.html", look(g.lieu, g.shift), shown=SHOWN, again=True)


@blueprint.get("/<slug>/people")
@access("concierge")
def people(slug: str) -> ResponseReturnValue:
    desk = look(g.lieu, g.shift)
    here = [one.member.id for one in desk.gathering.people]
    told = access_needs.told(reading(), lieu_id=g.lieu.id, member_ids=here, at=desk.at)
    page = shown("concierge/people.html", desk, told=told)
    traces.leave(g.shift, {"seen-access-need": told})
    return page


def shown(template: str, desk: Desk, **facts: Any) -> str:
    """The page, and the trace of having looked, which is written before anybody has the page.

    It is written last: a write forgets all rows that the session holds, and a page of two hundred
    people would ask for each of them once more.
    """
    page = render_template(template, desk=desk, **facts)
    traces.leave(g.shift, desk.seen())
    return page


# --- one button each ------------------------------------------------------------------------


def done(verb: Callable[..., Any], public_id: str, said: str) -> None:
    """Do one thing with the rights of the shift, and say it in a line."""
    with writing() as db:
        verb(db, shift=shift_now(db), public_id=public_id, at=clock.now())
    flash(said)


def do(verb: Callable[..., Any], public_id: str, said: str, part: str) -> ResponseReturnValue:
    """Do one thing at this desk, and come back to where the button was."""
    done(verb, public_id, said)
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


@blueprint.post("/<slug>/suggestions/<suggestion>/accept")
@access("concierge")
def accept(slug: str, suggestion: str) -> ResponseReturnValue:
    said = gettext("Offered: it comes first on their screens, with your name.")
    return do(post.accept, suggestion, said, "post")


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
    return do(garden.forgive, member, gettext("Forgiven. They can read that you did."), "garden")


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

"""The door: a scanned or typed code becomes a fifteen-minute pass, and the pass a check-in.

`/door/…` writes nothing: it checks the code and puts a pass in the session cookie, so that typing
never runs out of time with the code. Signed in, the check-in is one button. Otherwise what was
said is kept as a declaration until the emailed code is typed (see `arrivals`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, session
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy.orm import Session
from wtforms import StringField

from serendipity import (
    arrivals,
    clock,
    consent,
    hours,
    kiosks,
    lieux,
    limits,
    presence,
    rules,
    signin,
    skills,
)
from serendipity.db import reading, writing
from serendipity.errors import Busy, Expired, Invalid, SerendipityError
from serendipity.kiosks import BadDoorCode, Door, TwoDoorsShowIt
from serendipity.lieux import Lieu
from serendipity.presence import Presence
from serendipity.web import forms, heard, walltime
from serendipity.web import signin as signin_front
from serendipity.web.access import access, current_member
from serendipity.web.saying import CheckIn

blueprint = Blueprint("door", __name__)
PASS_LIVES = timedelta(minutes=15)
# How often six digits may be tried in ten minutes by one browser, and from one network address,
# which is often all of a lieu.
BROWSER_TRIES, PLACE_TRIES, TRIED_WITHIN = 10, 200, timedelta(minutes=10)


class PassOver(Expired):
    """The pass of this browser has run out, or it has none."""


@dataclass(frozen=True)
class Pass:
    """Where this browser came in, and how."""

    lieu: Lieu
    how: str
    live: bool


AT_THE_DOOR = (PassOver, BadDoorCode, TwoDoorsShowIt)
# What a person can set right on the page itself, with all they typed still there.
AGAIN = (*AT_THE_DOOR, Invalid, limits.TooOften, Busy)


class Digits(forms.Form):
    digits = StringField()


def secret() -> str:
    return str(current_app.config["SECRET_KEY"])


def give_pass(door: Door) -> None:
    over = clock.now() + PASS_LIVES
    session["door"] = {"lieu": door.lieu_id, "how": door.how, "over": int(over.timestamp())}


def held_pass() -> Pass | None:
    """The pass of this browser, live or run out."""
    held = session.get("door")
    lieu = lieux.lieu_numbered(reading(), held["lieu"]) if held else None
    return Pass(lieu, held["how"], live=is_live(held)) if held and lieu else None


def is_live(held: dict[str, Any]) -> bool:
    return clock.now().timestamp() < held["over"]  # type: ignore[no-any-return]


def pass_by_digits(digits: str) -> None:
    """A pass for six typed digits; guessing has limits."""
    at = clock.now()
    with writing() as db:
        for who, most in (
            (signin_front.browser_key(), BROWSER_TRIES),
            (request.remote_addr or "", PLACE_TRIES),
        ):
            limits.spend(db, "digits", who, most=most, within=TRIED_WITHIN, at=at)
    give_pass(kiosks.door_with_digits(reading(), digits, secret=secret(), at=at))


@blueprint.get("/door/<code>")
@access("anyone")
def scan(code: str) -> ResponseReturnValue:
    give_pass(kiosks.door_behind(reading(), code, secret=secret(), at=clock.now()))
    return redirect(url("door.check_in", scanned=1), 303)


@blueprint.post("/door")
@access("anyone")
def type_digits() -> ResponseReturnValue:
    form = Digits()
    try:
        pass_by_digits(form.digits.data or "")
    except (*AT_THE_DOOR, limits.TooOften) as error:
        page = render_template("door/digits.html", form=forms.beside(form, error, "digits"))
        return page, error.status
    return redirect(url("door.check_in", scanned=1), 303)


@blueprint.get("/check-in")
@access("anyone")
def check_in() -> ResponseReturnValue:
    held = held_pass()
    if held is None or not held.live:
        # We gave a pass a moment ago and it did not come back: the browser keeps no cookies.
        cookies_off = "scanned" in request.args and held is None
        return render_template("door/digits.html", form=Digits(), cookies_off=cookies_off)
    return check_in_page(prefilled(held), held)


@blueprint.post("/check-in")
@access("anyone")
def arrive() -> ResponseReturnValue:
    form = CheckIn()
    try:
        renew_pass(form)
        # Who it is and where is looked up in the transaction that writes, and so only once.
        with writing() as db:
            held, known = live_pass(), current_user.is_authenticated
            news = arrive_as_member(db, form, held) if known else declare(db, form, held)
    except AGAIN as error:
        came_in = held_pass()
        if came_in is None:
            return render_template("door/digits.html", form=Digits(), cookies_off=True), 410
        field = "digits" if isinstance(error, AT_THE_DOOR) else ""
        return check_in_page(forms.beside(form, error, field), came_in, error)
    return here(news) if known else wait_for_code(form)


def renew_pass(form: CheckIn) -> None:
    """A pass that ran out lives again by the digits on the door, typed beside everything else."""
    held = session.get("door")
    if held and not is_live(held) and form.digits.data:
        pass_by_digits(form.digits.data)


def live_pass() -> Pass:
    """The pass of this browser.

    Raises
    ------
    PassOver
        It has none, or it ran out; what was typed in the form is kept.
    """
    held = held_pass()
    if held is None or not held.live:
        raise PassOver()
    return held


def arrive_as_member(db: Session, form: CheckIn, held: Pass) -> list[str]:
    """Check the signed-in member in; what they may not expect."""
    at = clock.now()
    stay = arrivals.arrive(
        db,
        lieu=held.lieu,
        member=current_member(),
        skills=skills.split(form.skills.data or ""),
        need=form.need.data or "",
        until=form.until_when(),
        choices=form.choices_made(),
        meanings=heard.said(request.form),
        language=signin_front.screen_language(),
        how_in=held.how,
        at=at,
        confirmed=held.how != "poster",
    )
    return news_of(db, stay, already=stay.started_at < at)


def here(news: list[str]) -> ResponseReturnValue:
    session.pop("door", None)
    for words in news:
        flash(words)
    return redirect(signin_front.AFTER, 303)


def news_of(db: Session, stay: Presence, *, already: bool) -> list[str]:
    """What a person may not expect: they were here already, or left another lieu."""
    if already:
        zone = db.get_one(Lieu, stay.lieu_id).timezone
        since = walltime.wall(stay.started_at, zone)
        return [gettext("You are already here, since %(time)s.", time=since)]
    left = presence.moved_from(db, stay)
    if left is None:
        return []
    return [gettext("Your stay at %(lieu)s has ended: you are here now.", lieu=left)]


def declare(db: Session, form: CheckIn, held: Pass) -> list[str]:
    """Keep what a browser says that has proved no address; nothing is news to it."""
    arrivals.declare(
        db,
        lieu=held.lieu,
        email=form.email.data or "",
        browser=signin_front.browser_key(),
        name=form.name.data or "",
        skills=skills.split(form.skills.data or ""),
        need=form.need.data or "",
        until=form.until_when(),
        choices=form.choices_made(),
        meanings=heard.said(request.form),
        language=signin_front.screen_language(),
        how_in=held.how,
        at=clock.now(),
        place=request.remote_addr or "",
    )
    return []


def wait_for_code(form: CheckIn) -> ResponseReturnValue:
    signin_front.wait_for_code(form.email.data or "")
    return redirect(url("door.code"), 303)


def prefilled(held: Pass) -> CheckIn:
    """The form as a person finds it: a member's skills and last choices, an empty need."""
    form = CheckIn()
    if current_user.is_authenticated:
        member = current_member()
        offered = skills.skills_of(reading(), [member.id])[member.id]
        form.skills.data = ", ".join(skill.words for skill in offered)
        chosen = consent.of(reading(), member_id=member.id, lieu_id=held.lieu.id)
        for name in arrivals.SWITCHES:
            form[name].data = getattr(chosen, name)
    return form


def check_in_page(
    form: CheckIn, held: Pass, error: SerendipityError | None = None
) -> ResponseReturnValue:
    at, lieu = clock.now(), held.lieu
    closing = form.offer_times(lieu, at=at)
    facts: dict[str, Any] = {
        "lieu": lieu,
        "moment": hours.moment_now(reading(), lieu=lieu, at=at),
        "how_many": presence.how_many(reading(), lieu_id=lieu.id, at=at),
        "live": held.live,
        "house": rules.in_force(reading(), lieu_id=lieu.id, at=at),
        "closing": walltime.wall(closing, lieu.timezone),
    }
    if current_user.is_authenticated:
        facts["here"] = presence.of(reading(), member_id=current_member().id, at=at)
    return render_template("door/check_in.html", form=form, **facts), error.status if error else 200


@blueprint.get("/check-in/code")
@access("anyone")
def code() -> ResponseReturnValue:
    if not signin_front.awaited():
        return redirect(url("door.check_in"))
    return signin_front.code_page(signin_front.Code())


@blueprint.post("/check-in/code")
@access("anyone")
def type_code() -> ResponseReturnValue:
    form = signin_front.Code()
    if not signin_front.awaited():
        return redirect(url("door.check_in"), 303)
    try:
        entry = signin_front.enter(form.code.data or "")
    except (signin.WrongCode, signin.CodeGone) as error:
        return signin_front.code_page(form, error)
    if entry.presence:
        for words in news_of(reading(), entry.presence, already=False):
            flash(words)
    return redirect(signin_front.AFTER, 303)

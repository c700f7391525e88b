"""`/here`: the room, now. Suggestions, calls, needs, my place; and leaving, hiding, focus."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from wtforms import StringField

from serendipity import (
    calls,
    clock,
    consent,
    encounters,
    hours,
    introductions,
    ledger,
    needs,
    passkeys,
    presence,
    rules,
    skills,
    suggestions,
    together,
)
from serendipity.db import reading, writing
from serendipity.errors import Refused
from serendipity.lieux import Lieu
from serendipity.presence import Presence
from serendipity.web import forms
from serendipity.web.access import access, current_member
from serendipity.web.coworker import blueprint, seats, slips

FOCUS = timedelta(hours=1)
LOOKS_FOR = timedelta(minutes=2)  # how long we say that we are still looking around the room


class Words(forms.Form):
    """The lines one may type on this page; each form of the page sends one of them."""

    words = StringField()  # a call
    whom = StringField()  # is asked: one person, or a circle
    need = StringField()
    place = StringField()

    @property
    def circle(self) -> bool:
        return bool(self.whom.data == "circle")


@dataclass(frozen=True)
class Stay:
    """Where the signed-in member is."""

    presence: Presence
    lieu: Lieu
    at: datetime

    @property
    def focused(self) -> bool:
        return self.presence.focus_until is not None and self.presence.focus_until > self.at

    @property
    def hidden(self) -> bool:
        return self.presence.hidden_at is not None


def stay_now() -> Stay | None:
    at = clock.now()
    current = presence.of(reading(), member_id=current_member().id, at=at)
    return Stay(current, reading().get_one(Lieu, current.lieu_id), at) if current else None


@blueprint.get("/here")
@access("member")
def here() -> ResponseReturnValue:
    return here_page(Words(formdata=None))


def here_page(form: Words, status: int = 200) -> ResponseReturnValue:
    """The page; with what was typed and what is wrong with it, when something is."""
    stay = stay_now()
    if stay is None:
        return away_page(form, status)
    me = current_member()
    at, lieu = stay.at, stay.lieu
    room = slips.room_of(reading(), lieu=lieu, member_id=me.id, at=at)
    facts = {
        "mine": calls.mine(reading(), member_id=me.id, at=at),
        "wanted": wanted(at),
        "house": rules.to_accept(reading(), member_id=me.id, lieu_id=lieu.id, at=at),
        "again": encounters.to_ask_again(reading(), member_id=me.id, at=at),
        "wishes": together.wishes(reading(), member_id=me.id, at=at)[:1],
        "month": ledger.this_month(reading(), member_id=me.id, lieu=lieu, at=at),
        "stays": hours.stays(reading(), lieu=lieu, at=at),
        "offer_passkey": offers_passkey(),
        **room_facts(stay),
    }
    page = render_template(
        "coworker/here.html", form=form, stay=stay, room=room, **facts, **now_facts(stay, room)
    )
    return page, status


def room_facts(stay: Stay) -> dict[str, Any]:
    """How many are here, and whether I am seen among them."""
    mine = consent.of(reading(), member_id=current_member().id, lieu_id=stay.lieu.id)
    return {
        "how_many": presence.how_many(reading(), lieu_id=stay.lieu.id, at=stay.at),
        "seen": mine.here_today,
    }


def offers_passkey() -> bool:
    """Whether to offer a passkey: at the third visit, once, where browsers can make one."""
    site = passkeys.site_of(current_app.config["SETTINGS"].public_url)
    return site.can and passkeys.is_offered(reading(), member_id=current_member().id)


def away_page(form: Words, status: int = 200) -> ResponseReturnValue:
    at, me = clock.now(), current_member()
    waiting = encounters.waiting_for(reading(), member_id=me.id, at=at)
    return (
        render_template(
            "coworker/away.html",
            form=form,
            meetings=slips.meetings(reading(), waiting, member_id=me.id),
            mine=calls.mine(reading(), member_id=me.id, at=at),
            seats=seats.mine_ahead(),
        ),
        status,
    )


@blueprint.get("/here/_now")
@access("member")
def now() -> ResponseReturnValue:
    """What changes by itself: calls to me, who said yes too, suggestions."""
    stay = stay_now()
    if stay is None:
        return "", 204
    room = slips.room_of(reading(), lieu=stay.lieu, member_id=current_member().id, at=stay.at)
    return render_template("coworker/_now.html", stay=stay, room=room, **now_facts(stay, room))


@blueprint.get("/here/_room")
@access("member")
def others() -> ResponseReturnValue:
    """Who is in the room, as it changes."""
    stay = stay_now()
    if stay is None:
        return "", 204
    room = slips.room_of(reading(), lieu=stay.lieu, member_id=current_member().id, at=stay.at)
    return render_template("coworker/_room.html", stay=stay, room=room, **room_facts(stay))


def now_facts(stay: Stay, room: slips.Room) -> dict[str, Any]:
    me, at = current_member(), stay.at
    mine: dict[str, Any] = {"member_id": me.id, "at": at}
    found = introductions.open_for(reading(), lieu_id=stay.lieu.id, **mine)
    open_ones = [one for one in found if not one.agreed]
    refused = introductions.refused_lately(reading(), lieu_id=stay.lieu.id, **mine)
    waiting = encounters.waiting_for(reading(), **mine)
    return {
        "asked": [] if stay.focused else calls.to_me(reading(), **mine),
        "meetings": slips.meetings(reading(), waiting, member_id=me.id),
        "slips": [] if stay.focused else slips.slips(reading(), room, open_ones),
        "refused": slips.slips(reading(), room, refused),
        "looking": is_looking(stay),
    }


def is_looking(stay: Stay) -> bool:
    """Whether the engine has still to look at the room with me in it."""
    since = stay.presence.confirmed_at
    if since is None or stay.hidden or stay.focused or stay.at - since > LOOKS_FOR:
        return False
    return not suggestions.looked_since(reading(), lieu_id=stay.lieu.id, since=since)


def wanted(at: datetime) -> list[dict[str, Any]]:
    """My open needs, with what they were heard as, or what they may mean."""
    found = needs.needs_of(reading(), member_id=current_member().id, at=at)
    heard = {one.concept_id for one in found if one.concept_id}
    heard |= {concept for one in found for concept, _ in one.proposals}
    labels = skills.labels(reading(), heard, str(get_locale()))
    return [
        {
            "need": one,
            "heard": labels.get(one.concept_id or ""),
            "proposals": [(key, labels[key]) for key, _ in one.proposals if key in labels],
        }
        for one in found
    ]


@blueprint.post("/here/place")
@access("member")
def sit() -> ResponseReturnValue:
    form = Words()
    try:
        with writing() as session:
            presence.sit(
                session,
                member_id=current_member().id,
                place=form.place.data or "",
                at=clock.now(),
            )
    except Refused as error:
        return here_page(forms.beside(form, error, "place"), error.status)
    return redirect(url("coworker.here"), 303)


@blueprint.post("/here/until")
@access("member")
def stay_until() -> ResponseReturnValue:
    """Stay longer or leave earlier than said."""
    me, at = current_member(), clock.now()
    given = request.form.get("until", "")
    seconds = int(given) if given.isascii() and given.isdecimal() and len(given) < 12 else 0
    with writing() as session:
        stay = presence.here(session, member_id=me.id, at=at)
        presence.check_in(
            session,
            member_id=me.id,
            lieu_id=stay.lieu_id,
            until=datetime.fromtimestamp(seconds, UTC),
            how_in=stay.how_in,
            at=at,
            confirmed=False,
        )
    return redirect(url("coworker.here"), 303)


@blueprint.post("/here/hide")
@access("member")
def hide() -> ResponseReturnValue:
    with writing() as session:
        presence.hide(session, member_id=current_member().id, at=clock.now())
    flash(gettext("You are hidden for this stay. You see no names either."))
    return redirect(url("coworker.here"), 303)


@blueprint.post("/here/show")
@access("member")
def show() -> ResponseReturnValue:
    with writing() as session:
        presence.show(session, member_id=current_member().id, at=clock.now())
    return redirect(url("coworker.here"), 303)


@blueprint.post("/here/focus")
@access("member")
def focus() -> ResponseReturnValue:
    """Not to be disturbed for an hour; or open again."""
    me, at = current_member(), clock.now()
    until = at + FOCUS if request.form.get("focus") == "on" else None
    with writing() as session:
        presence.focus(session, member_id=me.id, until=until, at=at)
    return redirect(url("coworker.here"), 303)


@blueprint.post("/here/leave")
@access("member")
def leave() -> ResponseReturnValue:
    with writing() as session:
        presence.leave(session, member_id=current_member().id, at=clock.now())
    flash(gettext("You have left. See you soon."))
    return redirect(url("coworker.here"), 303)

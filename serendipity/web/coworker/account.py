"""`/me/ledger`: what one gave, got and promised; giving on; and all of it as a file."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from flask import abort, current_app, flash, redirect, render_template
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import HiddenField, StringField

from serendipity import clock, encounters, ledger, lieux, presence, returns, sheets, thanks
from serendipity.db import reading, writing
from serendipity.encounters import Encounter
from serendipity.errors import Invalid
from serendipity.ledger import Line
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.web import forms
from serendipity.web.access import access, current_member
from serendipity.web.coworker import blueprint

MONTH = timedelta(days=31)
COLUMNS = ("at", "lieu", "kind", "what", "returns", "answers", "transaction")


class Gift(forms.Form):
    """Some of what one has, to somebody one has met. `key` makes two taps one gift."""

    who = StringField()
    amount = StringField()
    key = HiddenField()


class Brought(forms.Form):
    email = StringField()


class NobodyChosen(Invalid):
    """One gives to somebody one has met. Fact: field."""


@blueprint.get("/me/ledger")
@access("member")
def account() -> ResponseReturnValue:
    return account_page(Gift(formdata=None), Brought(formdata=None))


def account_page(gift: Gift, brought: Brought, status: int = 200) -> ResponseReturnValue:
    db, me, at = reading(), current_member(), clock.now()
    lines = ledger.statement(db, member_id=me.id)
    met = encounters.lately(db, member_id=me.id, at=at)
    own = ledger.balance_of(db, member_id=me.id)
    page = render_template(
        "coworker/account.html",
        places=[_place(lieu, me, at) for lieu in _lieux(lines, me)],
        columns=returns.of_member(db, member_id=me.id, since=at - MONTH, until=at),
        lines=lines,
        lieu_of={one.id: one for one in _lieux(lines, me)},
        met=[(one, other, one.came_of_it(me.id)) for one, other in met],
        own=own,
        known=_known(met),
        gift=gift,
        key=gift.key.data or uuid4().hex,
        brought=brought,
        new=thanks.may_say_who_brought_them(db, member=me, at=at),
    )
    return page, status


def _lieux(lines: list[Line], me: Member) -> list[Lieu]:
    stay = presence.of(reading(), member_id=me.id, at=clock.now())
    ids = {line.lieu_id for line in lines} | {stay.lieu_id if stay else me.home_lieu_id}
    known = select(Lieu).where(Lieu.id.in_([one for one in ids if one]))
    return list(reading().scalars(known.order_by(Lieu.name, Lieu.id)))


def _place(lieu: Lieu, me: Member, at: datetime) -> dict[str, Any]:
    month = ledger.this_month(reading(), member_id=me.id, lieu=lieu, at=at)
    return {"lieu": lieu, "month": month}


def _known(met: list[tuple[Encounter, Member]]) -> list[Member]:
    return sorted({other for _, other in met}, key=lambda one: (one.name, one.id))


@blueprint.get("/me/ledger.<form>")
@access("member")
def account_file(form: str) -> ResponseReturnValue:
    """One's ledger as a file: csv or json."""
    if form not in ("csv", "json"):
        abort(404)
    me = current_member()
    lines = ledger.statement(reading(), member_id=me.id)
    slugs = {one.id: one.slug for one in _lieux(lines, me)}
    rows = [_row(line, slugs) for line in lines]
    if form == "csv":
        words, kind = sheets.as_csv(COLUMNS, rows), "text/csv; charset=utf-8"
    else:
        told = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        words, kind = current_app.json.dumps(told, indent=2), "application/json"
    name = f"attachment; filename=ledger.{form}"
    return words, 200, {"Content-Type": kind, "Content-Disposition": name}


def _row(line: Line, slugs: dict[int, str]) -> list[Any]:
    told = asdict(line)
    return [
        line.at.isoformat(),
        slugs[line.lieu_id],
        *(told[name] for name in ("kind", "what", "returns", "amount", "transaction")),
    ]


@blueprint.post("/me/ledger/give")
@access("member")
def give() -> ResponseReturnValue:
    form, me, at = Gift(), current_member(), clock.now()
    try:
        with writing() as db:
            taker = _chosen(db, form, at)
            lieu = _where(db, me)
            ledger.give(
                db,
                giver_id=me.id,
                taker_id=taker.id,
                lieu_id=lieu,
                amount=_whole(form.amount.data),
                key=f"gift:{me.id}:{(form.key.data or uuid4().hex)[:40]}",
                at=at,
            )
    except ledger.AlreadyPosted:  # a second tap
        return redirect(url("coworker.account"), 303)
    except (Invalid, ledger.NotEnough) as error:
        field = "amount" if isinstance(error, ledger.NotEnough) else ""
        return account_page(forms.beside(form, error, field), Brought(formdata=None), error.status)
    flash(gettext("Given on."))
    return redirect(url("coworker.account"), 303)


def _chosen(db: Session, form: Gift, at: datetime) -> Member:
    for other in _known(encounters.lately(db, member_id=current_member().id, at=at)):
        if other.public_id == form.who.data:
            return other
    raise NobodyChosen(field="who")


def _whole(given: str | None) -> int:
    """The whole number that was typed; ledger.BadAmount for anything else."""
    typed = (given or "").strip()
    if not typed.isascii() or not typed.isdecimal() or len(typed) > 7:
        raise ledger.BadAmount(field="amount", given=typed[:40])
    return int(typed)


def _where(db: Session, me: Member) -> int:
    """The lieu in whose journal this stands: where one is, else one's home; else none is known."""
    stay = presence.of(db, member_id=me.id, at=clock.now())
    lieu_id = stay.lieu_id if stay else me.home_lieu_id
    if lieu_id is None:
        raise lieux.NoSuchLieu(slug="")
    return lieu_id


@blueprint.post("/me/ledger/brought")
@access("member")
def brought() -> ResponseReturnValue:
    """Who brought me; the answer is the same whoever the address is of."""
    form, me = Brought(), current_member()
    try:
        with writing() as db:
            thanks.say_who_brought_me(
                db,
                member_id=me.id,
                lieu_id=_where(db, me),
                email=form.email.data or "",
                at=clock.now(),
            )
    except (Invalid, thanks.NotNew) as error:
        return account_page(Gift(formdata=None), forms.beside(form, error, "email"), error.status)
    flash(gettext("Thank you. If they are a member, they are thanked too."))
    return redirect(url("coworker.account"), 303)

"""Keeping rooms: what a lieu's operator says of its rooms, their photos, its special days and who
pays its own rates; and the lines with which the lieu's own site shows it all."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, DecimalField, FileField, IntegerField, StringField

from serendipity import clock, hours, lieux, photos, residents, rooms
from serendipity.db import reading, writing
from serendipity.errors import Invalid, NotFound
from serendipity.lieux import Lieu
from serendipity.rooms import About, Room
from serendipity.web import forms, weektimes
from serendipity.web.access import access
from serendipity.web.company.wording import complaint

blueprint = Blueprint("roomkeeping", __name__, url_prefix="/operator/lieux/<slug>/rooms")


class RoomForm(FlaskForm):
    """A room, in the units that people write: euros, percents, hours."""

    name = StringField(_("Name"))
    capacity = IntegerField(_("People who fit"))
    description = StringField(_("In a line"))
    shape = StringField(_("How it is set"))
    shapes = (("table", _("One table")), ("round", _("A round table")), ("rows", _("Rows")))
    hour = DecimalField(_("Price an hour, before VAT"))
    half_day = DecimalField(_("Price of half a day"))
    day = DecimalField(_("Price of a day"))
    vat = DecimalField(_("VAT, in percent"))
    residents_pay = DecimalField(_("Residents pay, in percent"))
    step_free = BooleanField(_("Step-free"))
    access = StringField(_("How one gets in"))
    buffer_minutes = IntegerField(_("Kept free after a booking, in minutes"))
    notice_hours = IntegerField(_("Booked at least so many hours before"))
    no_show_minutes = IntegerField(_("Freed when nobody came, after minutes (0: never)"))
    needs_yes = BooleanField(_("The lieu answers each booking"))

    def about(self) -> About:
        """What was typed, for the rules to check; what is no number is out of bounds."""
        return About(
            name=self.name.data or "",
            capacity=whole(self.capacity.data),
            description=self.description.data or "",
            shape=self.shape.data or "",
            hour_cents=hundredths(self.hour.data),
            half_day_cents=hundredths(self.half_day.data),
            day_cents=hundredths(self.day.data),
            vat_points=hundredths(self.vat.data),
            resident_points=hundredths(self.residents_pay.data),
            step_free=bool(self.step_free.data),
            access=self.access.data or "",
            buffer_minutes=whole(self.buffer_minutes.data),
            notice_minutes=whole(self.notice_hours.data) * 60,
            no_show_minutes=whole(self.no_show_minutes.data),
            needs_yes=bool(self.needs_yes.data),
        )


# The fields of `About` under the names and in the units of the form.
NAMES = {
    "hour_cents": "hour",
    "half_day_cents": "half_day",
    "day_cents": "day",
    "vat_points": "vat",
    "resident_points": "residents_pay",
    "notice_minutes": "notice_hours",
}


class Day(FlaskForm):
    day = StringField(_("Date"))
    opens = StringField(_("Opens"))
    closes = StringField(_("Closes"))
    note = StringField(_("Why, in a word"))


class PhotoForm(FlaskForm):
    photo = FileField(_("A photo"))
    words = StringField(_("What it shows, for who does not see it"))


class Resident(FlaskForm):
    email = StringField(_("Address of the organisation's invoices"))


class BadDate(Invalid):
    """Not a date. Facts: field, given."""


def whole(given: int | None) -> int:
    return -1 if given is None else given


def hundredths(given: Any) -> int:
    """Cents, or basis points; half a one is rounded up."""
    if given is None or not given.is_finite() or abs(given) > 10**12:
        return -1
    return int((given * 100).to_integral_value("ROUND_HALF_UP"))


def form_of(room: Room | None) -> RoomForm:
    """The room as it is, or a new one as most are."""
    if room is None:
        usual = {"capacity": 8, "vat": 20, "residents_pay": 100, "no_show_minutes": 15}
        return RoomForm(None, data={**usual, "buffer_minutes": 0, "notice_hours": 0})
    said = {NAMES.get(one.name, one.name): getattr(room, one.name) for one in fields(About)}
    for name in ("hour", "half_day", "day", "vat", "residents_pay"):
        said[name] = said[name] / 100
    return RoomForm(None, data={**said, "notice_hours": room.notice_minutes // 60})


@blueprint.get("/")
@access("operator")
def index(slug: str) -> ResponseReturnValue:
    return index_page(lieux.lieu_named(reading(), slug))


def index_page(
    lieu: Lieu, *, day: Day | None = None, resident: Resident | None = None, status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "roomkeeping/index.html",
        lieu=lieu,
        rooms=rooms.rooms_of(reading(), lieu),
        special=hours.special_days(reading(), lieu=lieu, at=clock.now()),
        residents=residents.residents_of(reading(), lieu=lieu),
        day=day or Day(None),
        resident=resident or Resident(None),
        base=str(current_app.config["SETTINGS"].public_url).rstrip("/"),
    )
    return page, status


@blueprint.get("/new")
@access("operator")
def new(slug: str) -> ResponseReturnValue:
    return room_page(lieux.lieu_named(reading(), slug), None, form_of(None))


@blueprint.post("/new")
@access("operator")
def furnish(slug: str) -> ResponseReturnValue:
    lieu, form = lieux.lieu_named(reading(), slug), RoomForm()
    try:
        with writing() as db:
            room = rooms.furnish(db, lieu=lieu, about=form.about())
    except Invalid as error:
        return room_page(lieu, None, told(form, error), error.status)
    flash(gettext("The room is open for booking."))
    return redirect(url("roomkeeping.show", slug=slug, room=room.slug), 303)


def told(form: RoomForm, error: Invalid) -> Any:
    """The complaint beside the field that it is about."""
    error.facts["field"] = NAMES.get(error.facts.get("field", ""), error.facts.get("field", ""))
    return forms.beside(form, error)


@blueprint.get("/<room>")
@access("operator")
def show(slug: str, room: str) -> ResponseReturnValue:
    lieu = lieux.lieu_named(reading(), slug)
    found = rooms.room_named(reading(), lieu=lieu, slug=room)
    return room_page(lieu, found, form_of(found))


def room_page(
    lieu: Lieu,
    room: Room | None,
    form: RoomForm,
    status: int = 200,
    photo_form: PhotoForm | None = None,
) -> ResponseReturnValue:
    page = render_template(
        "roomkeeping/room.html",
        lieu=lieu,
        room=room,
        form=form,
        photo_form=photo_form or PhotoForm(None),
        photos=photos.photos_of(reading(), room_ids=[room.id])[room.id] if room else [],
    )
    return page, status


@blueprint.post("/<room>")
@access("operator")
def describe(slug: str, room: str) -> ResponseReturnValue:
    lieu, form = lieux.lieu_named(reading(), slug), RoomForm()
    found = rooms.room_named(reading(), lieu=lieu, slug=room)
    try:
        with writing() as db:
            rooms.describe(db, room=db.merge(found), about=form.about())
    except Invalid as error:
        return room_page(lieu, found, told(form, error), error.status)
    flash(gettext("Kept. What was booked keeps its price and its rule."))
    return redirect(url("roomkeeping.show", slug=slug, room=room), 303)


# --- photos ---------------------------------------------------------------------------------


@blueprint.url_value_preprocessor
def allow_a_photo(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """A photo may be larger than a form; said before anything reads the request."""
    if endpoint == "roomkeeping.add_photo":
        request.max_content_length = photos.MOST_BYTES + 100_000


@blueprint.post("/<room>/photos")
@access("operator")
def add_photo(slug: str, room: str) -> ResponseReturnValue:
    lieu, form = lieux.lieu_named(reading(), slug), PhotoForm()
    found = rooms.room_named(reading(), lieu=lieu, slug=room)
    data = b""
    if form.photo.data:
        with form.photo.data.stream as file:
            data = file.read()
    try:
        with writing() as db:
            photos.add(db, room=found, data=data, said=form.words.data or "", at=clock.now())
    except Invalid as error:
        return room_page(lieu, found, form_of(found), error.status, forms.beside(form, error))
    except photos.TooManyPhotos as error:
        flash(complaint(error))
    return redirect(url("roomkeeping.show", slug=slug, room=room, _anchor="photos"), 303)


@blueprint.post("/<room>/photos/<photo>/remove")
@access("operator")
def remove_photo(slug: str, room: str, photo: str) -> ResponseReturnValue:
    found = rooms.room_named(reading(), lieu=lieux.lieu_named(reading(), slug), slug=room)
    with writing() as db:
        photos.remove(db, room=found, public_id=photo)
    return redirect(url("roomkeeping.show", slug=slug, room=room, _anchor="photos"), 303)


# --- special days and residents -------------------------------------------------------------


@blueprint.post("/days")
@access("operator")
def keep_day(slug: str) -> ResponseReturnValue:
    lieu, form = lieux.lieu_named(reading(), slug), Day()
    try:
        rows = [weektimes.Row(0, form.opens.data or "", form.closes.data or "")]
        typed = weektimes.spans([row for row in rows if row.starts or row.ends], "opens")
        with writing() as db:
            hours.keep_day(
                db,
                lieu=lieu,
                day=_date(form.day.data or ""),
                spans=[(span.starts, span.ends) for span in typed],
                note=form.note.data or "",
                at=clock.now(),
            )
    except Invalid as error:
        return index_page(lieu, day=forms.beside(form, error), status=error.status)
    flash(gettext("Kept."))
    return redirect(url("roomkeeping.index", slug=slug, _anchor="days"), 303)


def _date(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise BadDate(field="day", given=given[:20]) from error


@blueprint.post("/days/<day>/forget")
@access("operator")
def forget_day(slug: str, day: str) -> ResponseReturnValue:
    with writing() as db:
        hours.forget_day(db, lieu=lieux.lieu_named(db, slug), day=_date(day))
    return redirect(url("roomkeeping.index", slug=slug, _anchor="days"), 303)


@blueprint.post("/residents")
@access("operator")
def take_in(slug: str) -> ResponseReturnValue:
    lieu, form = lieux.lieu_named(reading(), slug), Resident()
    try:
        with writing() as db:
            residents.take_in(db, lieu=lieu, email=form.email.data or "", at=clock.now())
    except (Invalid, NotFound) as error:
        return index_page(lieu, resident=forms.beside(form, error), status=error.status)
    return redirect(url("roomkeeping.index", slug=slug, _anchor="residents"), 303)


@blueprint.post("/residents/<organisation>/end")
@access("operator")
def let_leave(slug: str, organisation: str) -> ResponseReturnValue:
    with writing() as db:
        residents.let_leave(db, lieu=lieux.lieu_named(db, slug), public_id=organisation)
    return redirect(url("roomkeeping.index", slug=slug, _anchor="residents"), 303)

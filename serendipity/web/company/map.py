"""The skill map of a booking: the drawing, the same as a list, and asking for ten minutes.

Every part asks anew whether the map is still open. The first who looks in a quarter of an hour has
the counts taken if they are worn, which is the one thing that a GET writes here: they are nobody's
action, and the same whoever asks for them.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, g, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from serendipity import calls, clock, encounters, organisations, skillmap
from serendipity.db import reading, writing
from serendipity.errors import Busy, Invalid
from serendipity.skillmap import SkillMap, Table
from serendipity.web import forms
from serendipity.web.access import access, current_member
from serendipity.web.addresses import same_origin_path
from serendipity.web.company import blueprint
from serendipity.web.company.bookings import Booked, booked
from serendipity.web.company.floor import Floor, Spot, drawn
from serendipity.web.company.forms import Question
from serendipity.web.company.questions import Asked, answered, asked


def open_map(public_id: str) -> Booked:
    """The booking in the address, if its map is open now.

    Raises
    ------
    NotYours, MapClosed
    """
    found = booked(public_id)
    skillmap.refuse_unless_open(found.booking, at=clock.now())
    return found


def shown(lieu_id: int) -> SkillMap:
    """What everybody who looks sees."""
    at = clock.now()
    if skillmap.is_due(reading(), lieu_id=lieu_id, at=at):
        with writing() as db:
            skillmap.count(db, lieu_id=lieu_id, at=at)
    return skillmap.skill_map(reading(), lieu_id=lieu_id, language=str(get_locale()), at=at)


@blueprint.get("/organisations/<organisation>/bookings/<booking>/map")
@access("company")
def skill_map(organisation: str, booking: str) -> ResponseReturnValue:
    return map_page(open_map(booking), Question(request.args))


def map_page(found: Booked, form: Question, status: int = 200) -> ResponseReturnValue:
    seen = shown(found.lieu.id)
    about = named(seen.tables, form.about.data or "")
    page = render_template(
        "company/skill_map.html",
        **facts(found, seen),
        form=form,
        about=about,
        words=request.args.get("q", ""),
        listed=skillmap.tables_for(reading(), seen.tables, request.args.get("q", "")),
        at=clock.now(),
        opens_at=found.booking.starts_at - skillmap.BEFORE,
    )
    return page, status


def facts(found: Booked, seen: SkillMap) -> dict[str, object]:
    """What the parts of the page are drawn from."""
    questions = asked(found.booking, found.lieu, seen.tables)
    marks: dict[tuple[str, str], Asked] = {
        (one.table.kind, one.table.name): one for one in reversed(questions) if one.table
    }
    placed = drawn(seen.tables, max(130, 12 * len(found.room.name) + 70))
    return {
        "organisation": g.organisation,
        "role": g.role,
        "booking": found.booking,
        "room": found.room,
        "lieu": found.lieu,
        "seen": seen,
        "floor": placed,
        "marks": marks,
        "threads": threads(placed, marks),
        "questions": questions,
        "member": current_member(),
    }


def threads(placed: Floor, marks: dict[tuple[str, str], Asked]) -> list[tuple[Spot, Asked, str]]:
    """A line from the room's plate to each table that a question went to."""
    x, y = placed.plate
    found = []
    for spot in placed.spots:
        mark = marks.get((spot.table.kind, spot.table.name))
        if mark is not None:
            bend_x, bend_y = (x + spot.x) // 2 + (spot.y - y) // 5, (y + spot.y) // 2
            found.append((spot, mark, f"M{x} {y}Q{bend_x} {bend_y} {spot.x} {spot.y}"))
    return found


def named(tables: Sequence[Table], key: str) -> Table | None:
    """The table that "skill:bookkeeping" or "family:languages" names, if it is on the map."""
    kind, _, name = key.partition(":")
    return next((one for one in tables if (one.kind, one.name) == (kind, name)), None)


@blueprint.get("/organisations/<organisation>/bookings/<booking>/map/floor")
@access("company")
def map_floor(organisation: str, booking: str) -> ResponseReturnValue:
    """The drawing alone, asked for each minute."""
    return part(booking, "company/_floor.html")


@blueprint.get("/organisations/<organisation>/bookings/<booking>/map/questions")
@access("company")
def map_questions(organisation: str, booking: str) -> ResponseReturnValue:
    """The questions alone: who said yes."""
    return part(booking, "company/_questions.html")


@blueprint.get("/organisations/<organisation>/bookings/<booking>/map/list")
@access("company")
def map_list(organisation: str, booking: str) -> ResponseReturnValue:
    """The list alone, for what is typed in its filter."""
    return part(booking, "company/_list.html")


def part(public_id: str, template: str) -> ResponseReturnValue:
    """A part of the page; when the map has closed, the whole page is asked to load again."""
    try:
        found = open_map(public_id)
    except skillmap.MapClosed:
        return "", 200, {"HX-Refresh": "true"}
    seen = shown(found.lieu.id)
    words = request.args.get("q", "")
    listed = skillmap.tables_for(reading(), seen.tables, words)
    return render_template(template, **facts(found, seen), words=words, listed=listed)


@blueprint.post("/organisations/<organisation>/bookings/<booking>/map/questions")
@access("company")
def ask(organisation: str, booking: str) -> ResponseReturnValue:
    found = open_map(booking)
    form = Question()
    about = named(shown(found.lieu.id).tables, form.about.data or "")
    words = form.words.data or ""
    try:
        with writing() as db:
            skillmap.ask(
                db,
                booking=db.merge(found.booking),
                member_id=current_member().id,
                words=f"{about.label}: {words}" if about and words.strip() else words,
                language=str(get_locale()),
                at=clock.now(),
            )
    except (Invalid, calls.TooManyCalls, Busy) as error:
        return map_page(found, forms.beside(form, error), error.status)
    flash(gettext("Asked. You see a name here when somebody says yes."))
    return redirect(address(booking), 303)


@blueprint.post("/organisations/<organisation>/bookings/<booking>/map/questions/<call>/withdraw")
@access("company")
def withdraw(organisation: str, booking: str, call: str) -> ResponseReturnValue:
    found = open_map(booking)
    with writing() as db:
        organisations.refuse_unless_may(
            db, organisation_id=g.organisation.id, member_id=current_member().id, role="book"
        )
        calls.withdraw(db, public_id=call, booking_id=found.booking.id, at=clock.now())
    return redirect(address(booking), 303)


@blueprint.post("/organisations/<organisation>/bookings/<booking>/map/questions/<call>/met")
@access("company")
def met(organisation: str, booking: str, call: str) -> ResponseReturnValue:
    """They came; only who booked the room can say so, the encounter is theirs."""
    found = booked(booking)
    questions = answered(found.booking, found.lieu)
    with writing() as db:
        encounters.confirm(
            db,
            public_id=next(
                (
                    one.encounter.public_id
                    for one in questions
                    if one.call.public_id == call and one.encounter
                ),
                "",
            ),
            member_id=current_member().id,
            helped=request.form.get("helped") == "yes",
            at=clock.now(),
        )
    flash(gettext("Thank you. It counts when they say so too."))
    return redirect(same_origin_path(request.form.get("next"), address(booking)), 303)


def address(booking: str) -> str:
    return url("company.skill_map", organisation=g.organisation.public_id, booking=booking)

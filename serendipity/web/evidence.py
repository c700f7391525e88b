"""Evidence on the web: a lieu's for its concierge, the network's for the operator, and for anyone
what a lieu chose to show. Each page is also a sheet (CSV), with a dictionary of its columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from serendipity import clock, evidence, lieux, sheets, shifts
from serendipity.db import reading, writing
from serendipity.evidence import Shown
from serendipity.lieux import Lieu
from serendipity.web.access import access, current_member

blueprint = Blueprint("evidence", __name__)
NETWORK, NETWORK_ZONE = "network", "UTC"


# --- a lieu, for its concierge --------------------------------------------------------------


@blueprint.get("/concierge/<slug>/evidence")
@access("concierge")
def of_lieu(slug: str) -> ResponseReturnValue:
    return render_template(
        "evidence/of_lieu.html",
        lieu=g.lieu,
        found=_until_now(g.lieu),
        public=evidence.public_since(reading(), lieu_id=g.lieu.id),
    )


@blueprint.get("/concierge/<slug>/evidence.csv")
@access("concierge")
def of_lieu_sheet(slug: str) -> ResponseReturnValue:
    return _sheet(_until_now(g.lieu), scope=slug, zone=g.lieu.timezone)


@blueprint.post("/concierge/<slug>/evidence")
@access("concierge")
def switch(slug: str) -> ResponseReturnValue:
    """Show it to everybody, or no longer."""
    on, at, me = request.form.get("public") == "on", clock.now(), current_member().id
    with writing() as db:
        lieu_id = shifts.shift_of(db, member_id=me, lieu_id=g.lieu.id, at=at).lieu_id
        if on:
            evidence.show_to_everybody(db, lieu_id=lieu_id, by=me, at=at)
        else:
            evidence.hide_from_everybody(db, lieu_id=lieu_id)
    flash(gettext("Everybody may read it now.") if on else gettext("Nobody else reads it now."))
    return redirect(url("evidence.of_lieu", slug=slug), 303)


# --- the network, for the operator ----------------------------------------------------------


@blueprint.get("/operator/evidence")
@access("operator")
def of_network() -> ResponseReturnValue:
    """All lieux together, and each of them."""
    run = lieux.open_lieux(reading())
    found, each = _together(run)
    return render_template(
        "evidence/of_network.html", found=found, each=list(zip(run, each, strict=True))
    )


@blueprint.get("/operator/evidence.csv")
@access("operator")
def of_network_sheet() -> ResponseReturnValue:
    found, _ = _together(lieux.open_lieux(reading()))
    return _sheet(found, scope=NETWORK, zone=NETWORK_ZONE)


# --- what a lieu shows to everybody ---------------------------------------------------------


@blueprint.get("/lieux/<slug>/evidence")
@access("anyone")
def of_everybody(slug: str) -> ResponseReturnValue:
    lieu = _public(slug)
    return render_template("evidence/of_everybody.html", lieu=lieu, found=_whole_months(lieu))


@blueprint.get("/lieux/<slug>/evidence.csv")
@access("anyone")
def of_everybody_sheet(slug: str) -> ResponseReturnValue:
    lieu = _public(slug)
    return _sheet(_whole_months(lieu), scope=lieu.slug, zone=lieu.timezone)


@blueprint.get("/evidence/columns.csv")
@access("anyone")
def dictionary() -> ResponseReturnValue:
    """What the columns of the sheets mean."""
    return _csv(sheets.as_csv(("column", "meaning"), evidence.DICTIONARY), "columns")


def _public(slug: str) -> Lieu:
    """The lieu, if it shows its evidence; if not, there is no such page."""
    lieu = lieux.lieu_named(reading(), slug)
    if evidence.public_since(reading(), lieu_id=lieu.id) is None:
        abort(404)
    return lieu


def _until_now(lieu: Lieu) -> Shown:
    _, (found,) = _together([lieu])
    return found


def _together(run: Sequence[Lieu]) -> tuple[Shown, list[Shown]]:
    """Everything since the first of these lieux began: together, and each."""
    ids, at = [one.id for one in run], clock.now()
    since = min((one.opened_at or one.created_at for one in run), default=at)
    span = {"since": min(since, at), "until": at}
    return evidence.shown_together(evidence.counted(reading(), lieu_ids=ids, **span), **span)


def _whole_months(lieu: Lieu) -> Shown:
    since, until = evidence.whole_months(clock.now(), lieu.timezone)
    (counts,) = evidence.counted(reading(), lieu_ids=[lieu.id], since=since, until=until)
    return evidence.shown(counts)


def _sheet(found: Shown, *, scope: str, zone: str) -> ResponseReturnValue:
    rows: list[list[Any]] = evidence.sheet(found, scope=scope, zone=zone)
    return _csv(sheets.as_csv(evidence.SHEET, rows), f"evidence-{scope}")


def _csv(words: str, name: str) -> ResponseReturnValue:
    headers = {"Content-Disposition": f"attachment; filename={name}.csv"}
    return words, 200, {"Content-Type": "text/csv; charset=utf-8", **headers}

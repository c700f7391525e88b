"""Evidence on the web: a lieu's for its concierge, the network's for the operator, and for anyone
what a lieu chose to show. Each page is also a sheet (CSV), with a dictionary of its columns.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from serendipity import clock, evidence, lieux, sheets, shifts
from serendipity.db import reading, writing
from serendipity.evidence import Counts
from serendipity.lieux import Lieu
from serendipity.web.access import access, current_member

blueprint = Blueprint("evidence", __name__)
NETWORK, NETWORK_ZONE = "network", "UTC"


# --- a lieu, for its concierge --------------------------------------------------------------


@blueprint.get("/concierge/<slug>/evidence")
@access("concierge")
def of_lieu(slug: str) -> ResponseReturnValue:
    counts = _until_now([g.lieu])
    return render_template(
        "evidence/of_lieu.html",
        lieu=g.lieu,
        found=evidence.shown(counts),
        findings=evidence.trial(counts),
        public=evidence.public_since(reading(), lieu_id=g.lieu.id),
    )


@blueprint.get("/concierge/<slug>/evidence.csv")
@access("concierge")
def of_lieu_sheet(slug: str) -> ResponseReturnValue:
    return _sheet(_until_now([g.lieu]), scope=slug, zone=g.lieu.timezone)


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
    counts = _until_now(run)
    return render_template(
        "evidence/of_network.html",
        found=evidence.shown(counts),
        findings=evidence.trial(counts),
        each=[(one, evidence.shown(_until_now([one]))) for one in run],
    )


@blueprint.get("/operator/evidence.csv")
@access("operator")
def of_network_sheet() -> ResponseReturnValue:
    counts = _until_now(lieux.open_lieux(reading()))
    return _sheet(counts, scope=NETWORK, zone=NETWORK_ZONE)


# --- what a lieu shows to everybody ---------------------------------------------------------


@blueprint.get("/lieux/<slug>/evidence")
@access("anyone")
def of_everybody(slug: str) -> ResponseReturnValue:
    lieu = _public(slug)
    found = evidence.shown(_whole_months(lieu))
    return render_template("evidence/of_everybody.html", lieu=lieu, found=found)


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


def _until_now(found: list[Lieu]) -> Counts:
    """Everything since the first of these lieux began."""
    ids, at = [one.id for one in found], clock.now()
    since = min((one.opened_at or one.created_at for one in found), default=at)
    return evidence.counted(reading(), lieu_ids=ids, since=min(since, at), until=at)


def _whole_months(lieu: Lieu) -> Counts:
    since, until = evidence.whole_months(clock.now(), lieu.timezone)
    return evidence.counted(reading(), lieu_ids=[lieu.id], since=since, until=until)


def _sheet(counts: Counts, *, scope: str, zone: str) -> ResponseReturnValue:
    rows: list[list[Any]] = evidence.sheet(evidence.shown(counts), scope=scope, zone=zone)
    return _csv(sheets.as_csv(evidence.SHEET, rows), f"evidence-{scope}")


def _csv(words: str, name: str) -> ResponseReturnValue:
    headers = {"Content-Disposition": f"attachment; filename={name}.csv"}
    return words, 200, {"Content-Type": "text/csv; charset=utf-8", **headers}

"""Lieux from a file: the French government's list of third places, or our own columns.

Which of the two is told by the first line. A lieu that comes from a file is known, not open:
`opened_at` stays empty until somebody runs it here.

French list (Licence Ouverte; one row a third place): ID, NOM_TL, ADRESSE, CP, NOMCOM or COMINIT,
WEB, TYPO, LAT, LONG. Ours: name, postcode (needed), slug, kind, address, city, country, latitude,
longitude, website, timezone, language, currency, seats, source_id.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.orm import Session

from matching.text import normalised
from serendipity.imports import Report, UnusableRow, table
from serendipity.lieux import Lieu, slug_of

FRENCH: Final = ("ID", "NOM_TL", "ADRESSE", "CP", "TYPO", "LAT", "LONG")
OURS: Final = ("name", "postcode")
FRENCH_SOURCE: Final = "tiers-lieux"
OUR_SOURCE: Final = "csv"

# Overseas France shares the postcodes' list, not the clock.
ZONES: Final = {
    "971": "America/Guadeloupe",
    "972": "America/Martinique",
    "973": "America/Cayenne",
    "974": "Indian/Reunion",
    "975": "America/Miquelon",
    "976": "Indian/Mayotte",
    "987": "Pacific/Tahiti",
    "988": "Pacific/Noumea",
}
POSTCODES: Final = {
    "FR": re.compile(r"\d{5}"),
    "BE": re.compile(r"\d{4}"),
    "NL": re.compile(r"\d{4} ?[A-Z]{2}"),
}
WEBSITE: Final = re.compile(r"(?:https?://)?[\w-]+(?:\.[\w-]+)+(?:[/?#]\S*)?", re.IGNORECASE)
LENGTHS: Final = {"name": 160, "kind": 80, "address": 240, "city": 120, "source_id": 80}


@dataclass(slots=True)
class _Known:
    """What is already here, so that rows need no query each."""

    slugs: set[str]
    sources: set[tuple[str, str]]
    places: dict[tuple[str, str], str]  # (plain name, postcode) → where it was seen


def import_lieux(session: Session, path: Path, *, at: datetime) -> Report:
    """Add the lieux of a file that are not here yet.

    Raises
    ------
    table.UnreadableTable
    """
    names = table.columns(path)
    french = "NOM_TL" in names
    report, known = Report(), _already_here(session)
    for row in table.rows(path, needed=FRENCH if french else OURS):
        try:
            if row.odd:
                raise UnusableRow(why=row.odd)
            facts = _french(row) if french else _ours(row)
            if (facts["source"], facts["source_id"]) in known.sources:
                report.unchanged += 1
                continue
            _refuse_second(known, facts, f"line {row.line}")
            facts["slug"] = _free_slug(facts, known.slugs)
        except UnusableRow as refusal:
            report.refuse(row.line, str(refusal))
            continue
        known.slugs.add(facts["slug"])
        known.sources.add((facts["source"], facts["source_id"]))
        session.add(Lieu(**facts, created_at=at))
        report.new += 1
    session.flush()
    return report


def _already_here(session: Session) -> _Known:
    known = _Known(set(), set(), {})
    for slug, name, postcode, source, source_id in session.execute(
        select(Lieu.slug, Lieu.name, Lieu.postcode, Lieu.source, Lieu.source_id)
    ):
        known.slugs.add(slug)
        known.places[normalised(name), postcode] = f"the lieu {slug} that is already here"
        if source and source_id:
            known.sources.add((source, source_id))
    return known


def _refuse_second(known: _Known, facts: Mapping[str, Any], where: str) -> None:
    place = (normalised(facts["name"]), facts["postcode"])
    if place in known.places:
        raise UnusableRow(why=f"the same name and postcode as {known.places[place]}")
    known.places[place] = where


def _french(row: table.Row) -> dict[str, Any]:
    postcode = _postcode(row["CP"], "FR")
    return {
        "source": FRENCH_SOURCE,
        "source_id": _needed("ID", row["ID"], LENGTHS["source_id"]),
        "name": _needed("NOM_TL", _one_line(row["NOM_TL"]), LENGTHS["name"]),
        "kind": _kind(row["TYPO"]),
        "address": _short("ADRESSE", _one_line(row["ADRESSE"]), LENGTHS["address"]),
        "postcode": postcode,
        "city": _short("NOMCOM", row["NOMCOM"] or row["COMINIT"], LENGTHS["city"]),
        "country": "FR",
        "website": _website(row["WEB"]),
        "timezone": ZONES.get(postcode[:3], "Europe/Paris"),
        "language": "fr",
        **_coordinates(row["LAT"], row["LONG"]),
    }


def _ours(row: table.Row) -> dict[str, Any]:
    country = row["country"].upper() or "FR"
    if not re.fullmatch(r"[A-Z]{2}", country):
        raise UnusableRow(why=f"country must be two letters, not {country!r}")
    name = _needed("name", _one_line(row["name"]), LENGTHS["name"])
    postcode = _postcode(row["postcode"], country)
    facts = {
        "source": OUR_SOURCE,
        "source_id": _short("source_id", row["source_id"], 80)
        or f"{normalised(name)[:60]} {postcode}",
        "name": name,
        "kind": _short("kind", row["kind"], LENGTHS["kind"]),
        "address": _short("address", _one_line(row["address"]), LENGTHS["address"]),
        "postcode": postcode,
        "city": _short("city", row["city"], LENGTHS["city"]),
        "country": country,
        "website": _website(row["website"]),
        "timezone": _zone(row["timezone"] or ZONES.get(postcode[:3], "Europe/Paris")),
        "language": _one_of("language", row["language"] or "fr", ("en", "fr", "nl")),
        "currency": row["currency"].upper() or "EUR",
        "seats": _count("seats", row["seats"] or "40"),
        **_coordinates(row["latitude"], row["longitude"]),
    }
    if row["slug"]:
        facts["slug"] = row["slug"]
    return facts


# --- cells ----------------------------------------------------------------------------------


def _needed(column: str, given: str, longest: int) -> str:
    if not given:
        raise UnusableRow(why=f"{column} is empty")
    return _short(column, given, longest)


def _short(column: str, given: str, longest: int) -> str:
    if len(given) > longest:
        raise UnusableRow(why=f"{column} is longer than {longest} characters")
    return given


def _one_line(given: str) -> str:
    return " ".join(given.split())


def _postcode(given: str, country: str) -> str:
    pattern = POSTCODES.get(country, re.compile(r"[\w -]{2,12}"))
    if not pattern.fullmatch(given.upper()):
        raise UnusableRow(why=f"{given!r} is not a postcode")
    return given.upper()


def _coordinates(latitude: str, longitude: str) -> dict[str, float | None]:
    if not latitude and not longitude:
        return {"latitude": None, "longitude": None}
    try:
        north, east = float(latitude), float(longitude)
    except ValueError:
        north = east = math.nan
    if not (-90 <= north <= 90 and -180 <= east <= 180) or (north, east) == (0, 0):
        raise UnusableRow(why=f"({latitude}, {longitude}) is not a place on earth")
    return {"latitude": north, "longitude": east}


def _kind(typo: str) -> str:
    return typo.removeprefix("Tiers lieux à dominante ").strip()[: LENGTHS["kind"]]


def _website(given: str) -> str:
    """The address of a site; what is none ("en cours") says nothing worth refusing a lieu for."""
    if not WEBSITE.fullmatch(given) or len(given) > 230:
        return ""
    return given if given.lower().startswith("http") else f"http://{given}"


def _zone(given: str) -> str:
    try:
        ZoneInfo(given)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnusableRow(why=f"there is no time zone {given!r}") from None
    return given


def _one_of(column: str, given: str, choices: tuple[str, ...]) -> str:
    if given.lower() not in choices:
        raise UnusableRow(why=f"{column} must be {', '.join(choices)}, not {given!r}")
    return given.lower()


def _count(column: str, given: str) -> int:
    if not re.fullmatch(r"\d{1,5}", given):
        raise UnusableRow(why=f"{column} must be a whole number, not {given!r}")
    return int(given)


# --- slugs ----------------------------------------------------------------------------------


def _free_slug(facts: Mapping[str, Any], taken: set[str]) -> str:
    if "slug" in facts:
        return _own_slug(facts["slug"], taken)
    return next(slug for slug in _slugs(facts["name"], facts["city"]) if slug not in taken)


def _own_slug(given: str, taken: set[str]) -> str:
    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", given) or len(given) > 80:
        raise UnusableRow(why=f"slug must be small letters, digits and dashes, not {given!r}")
    if given in taken:
        raise UnusableRow(why=f"the slug {given} is already taken")
    return given


def _slugs(name: str, city: str) -> Iterator[str]:
    """`fablab`, then `fablab-lyon`, then `fablab-lyon-2`, …"""
    short = slug_of(name) or "lieu"
    long = f"{short}-{slug_of(city)}".strip("-")[:72]
    yield short
    yield long
    number = 2
    while True:
        yield f"{long}-{number}"
        number += 1

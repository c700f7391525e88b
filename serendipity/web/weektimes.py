"""Week times: opening hours and moments as people type them, "09:00", and back.

A row of the form is a weekday, a beginning, an end, and for a moment its name; a row without times
is no row. Midnight at the end of the day is typed 00:00.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import get_locale
from werkzeug.datastructures import MultiDict

from serendipity.errors import Invalid
from serendipity.lieux import Span

DAY = 24 * 60
SPARE_ROWS = 3


class BadTime(Invalid):
    """Not a time of day. Facts: field, given."""


@dataclass(frozen=True)
class Row:
    """One row as it was typed."""

    weekday: int
    starts: str
    ends: str
    name: str = ""


def typed(form: MultiDict[str, str], field: str) -> list[Row]:
    """The rows of this field as they were typed, to be shown again or read."""
    columns = [form.getlist(f"{field}-{part}") for part in ("weekday", "starts", "ends")]
    names = form.getlist(f"{field}-name") or [""] * len(columns[0])
    return [
        Row(int(weekday) if weekday in "0123456" and weekday else 0, starts, ends, name)
        for weekday, starts, ends, name in zip(*columns, names, strict=False)
    ]


def spans(rows: Iterable[Row], field: str) -> list[Span]:
    """What the rows say.

    Raises
    ------
    BadTime
        One of them is not a time of day.
    """
    return [
        Span(
            row.weekday,
            _minutes(row.starts, field),
            _minutes(row.ends, field) or DAY,
            row.name,
        )
        for row in rows
        if row.starts.strip() or row.ends.strip()
    ]


def rows(spans: Iterable[Span], *, spare: int = SPARE_ROWS) -> list[Row]:
    """The rows that say these spans, and some empty ones to type in."""
    kept = [Row(one.weekday, clock(one.starts), clock(one.ends), one.name) for one in spans]
    return kept + [Row(0, "", "")] * spare


def a_week(starts: str = "09:00", ends: str = "18:00") -> list[Row]:
    """A week to begin with: Monday to Friday, and two empty days."""
    return [Row(day, *((starts, ends) if day < 5 else ("", ""))) for day in range(7)]


def clock(minutes: int) -> str:
    """540 is 09:00; the end of the day is 00:00."""
    return f"{minutes % DAY // 60:02d}:{minutes % 60:02d}"


def weekdays() -> list[str]:
    """Monday to Sunday, in the language of the page."""
    names = get_locale().days["stand-alone"]["wide"]
    return [str(names[day]) for day in range(7)]


def _minutes(given: str, field: str) -> int:
    read = re.fullmatch(r"\s*([0-9]{1,2})\s*[:hu.]\s*([0-9]{2})?\s*", given.lower())
    hours, minutes = (int(read[1]), int(read[2] or 0)) if read else (99, 0)
    if hours > 24 or minutes > 59 or hours * 60 + minutes > DAY:
        raise BadTime(field=field, given=given[:20])
    return hours * 60 + minutes

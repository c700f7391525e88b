"""Calendars: a booking as an iCalendar event (RFC 5545), for letters and downloads.

Works on the facts of a booking (`bookings.facts_of`), so that a letter tells what was true when it
was owed. A move or a cancelling carries a higher SEQUENCE under the same UID: calendars then
change the entry they have instead of adding one. Times are UTC; nobody has to trust our zones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

STATUS = {"confirmed": "CONFIRMED", "moved": "CONFIRMED", "cancelled": "CANCELLED"}


def booking_event(facts: Mapping[str, Any], *, at: datetime, summary: str) -> str:
    """The calendar file of a booking: METHOD PUBLISH, or CANCEL when it was cancelled."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Serendipity//Bookings//EN",
        f"METHOD:{'CANCEL' if facts['what'] == 'cancelled' else 'PUBLISH'}",
        "BEGIN:VEVENT",
        f"UID:{facts['booking']}@serendipity",
        f"SEQUENCE:{facts['sequence']}",
        f"DTSTAMP:{stamp(at)}",
        f"DTSTART:{stamp(datetime.fromisoformat(facts['starts_at']))}",
        f"DTEND:{stamp(datetime.fromisoformat(facts['ends_at']))}",
        f"SUMMARY:{escaped(summary)}",
        f"LOCATION:{escaped(', '.join(filter(None, (facts['lieu'], facts['address']))))}",
        f"STATUS:{STATUS[facts['what']]}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{folded(line)}\r\n" for line in lines)


def stamp(at: datetime) -> str:
    """An instant in UTC: 20260330T100000Z."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def escaped(words: str) -> str:
    """Text as a value: no line can begin inside it.

    Examples
    --------
    >>> print(escaped("Jacquard; 8 people, no lift"))
    Jacquard\\; 8 people\\, no lift
    """
    for sign, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,")):
        words = words.replace(sign, written)
    return "\\n".join(words.splitlines())


def folded(line: str) -> str:
    """A line in pieces of at most 75 octets, none of which cuts a letter in two."""
    pieces: list[str] = []
    piece = ""
    for letter in line:
        if len((piece + letter).encode()) > (75 if not pieces else 74):
            pieces.append(piece)
            piece = ""
        piece += letter
    return "\r\n ".join([*pieces, piece])

"""Calendars: a booking as an iCalendar event (RFC 5545, RFC 5546), for letters and downloads.

Works on the facts of a booking (`bookings.facts_of`), so that a letter tells what was true when it
was owed. A change carries a higher SEQUENCE under the same UID: calendars then change the entry
they have instead of adding one. A letter is an invitation (REQUEST, or CANCEL) from the service to
its reader; a download is PUBLISHed. Times are UTC; nobody has to trust our zones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from icalendar import Calendar, Event

PRODUCT: Final = "-//Serendipity//Bookings//EN"
# What happened to a booking → what a calendar is to do about it; the rest concerns no calendar.
METHODS: Final = {
    "confirmed": "REQUEST",
    "moved": "REQUEST",
    "restored": "REQUEST",
    "cancelled": "CANCEL",
}


def booking_event(facts: Mapping[str, Any], *, at: datetime, summary: str) -> str:
    """The calendar file of a booking to download: METHOD PUBLISH, or CANCEL when cancelled."""
    method = "CANCEL" if facts["what"] == "cancelled" else "PUBLISH"
    calendar = _calendar(method)
    calendar.add_component(_event(facts, at=at, summary=summary))
    return _written(calendar)


def invitation(
    facts: Mapping[str, Any], *, at: datetime, summary: str, organiser: str, attendee: str
) -> str:
    """What goes with a letter about a booking; nothing where a calendar has nothing to do.

    A series is one file with an event for each of its days: each is moved on its own later.
    """
    method = METHODS.get(facts["what"])
    if method is None:
        return ""
    if facts.get("days"):
        return _several(facts, at=at, summary=summary)
    # Here and not above: the library takes 0.2 s to import, and a web process starts without it.
    import icalendar  # noqa: PLC0415

    event = _event(facts, at=at, summary=summary)
    event["organizer"] = icalendar.vCalAddress(f"mailto:{organiser}")
    reader = icalendar.vCalAddress(f"mailto:{attendee}")
    reader.params["PARTSTAT"] = icalendar.vText("ACCEPTED")  # they booked it: nobody has to answer
    reader.params["RSVP"] = icalendar.vText("FALSE")
    event.add("attendee", reader, encode=False)
    calendar = _calendar(method)
    calendar.add_component(event)
    return _written(calendar)


def _several(facts: Mapping[str, Any], *, at: datetime, summary: str) -> str:
    calendar = _calendar("PUBLISH")  # an invitation is about one UID; here each day has its own
    for booking, starts_at, ends_at in facts["days"]:
        day = {**facts, "booking": booking, "starts_at": starts_at, "ends_at": ends_at}
        calendar.add_component(_event(day, at=at, summary=summary))
    return _written(calendar)


def _calendar(method: str) -> Calendar:
    import icalendar  # noqa: PLC0415 - late, as above

    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    return calendar


def _event(facts: Mapping[str, Any], *, at: datetime, summary: str) -> Event:
    import icalendar  # noqa: PLC0415 - late, as above

    event = icalendar.Event()
    event.add("uid", f"{facts['booking']}@serendipity")
    event.add("sequence", facts["sequence"])
    event.add("dtstamp", at.astimezone(UTC))
    for name, fact in (("dtstart", "starts_at"), ("dtend", "ends_at")):
        event.add(name, datetime.fromisoformat(facts[fact]).astimezone(UTC))
    event.add("summary", summary)
    event.add("location", ", ".join(filter(None, (facts["lieu"], facts["address"]))))
    event.add("status", "CANCELLED" if facts["what"] == "cancelled" else "CONFIRMED")
    return event


def _written(calendar: Calendar) -> str:
    words: bytes = calendar.to_ical()
    return words.decode()

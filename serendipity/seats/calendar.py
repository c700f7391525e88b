"""A seat as an iCalendar file (RFC 5545), for letters and downloads.

The UID stays, and a cancelling carries a higher SEQUENCE: calendars change the entry they have
instead of adding one. Times are UTC; nobody has to trust our zones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def calendar_file(
    facts: Mapping[str, Any], *, at: datetime, summary: str, link: str, organiser: str
) -> str:
    """The calendar file of a seat: METHOD PUBLISH, or CANCEL when it is kept no more.

    `organiser` is the address that the lieu writes from: RFC 5546 asks for one in both.
    """
    # late: a web process needs it only when somebody takes a calendar file
    from icalendar import Calendar, Event  # noqa: PLC0415

    over = facts["what"] != "kept"
    event = Event()
    event.add("uid", f"seat-{facts['seat']}@serendipity")
    event.add("sequence", facts["sequence"])
    event.add("dtstamp", at)
    event.add("dtstart", datetime.fromisoformat(facts["starts_at"]))
    event.add("dtend", datetime.fromisoformat(facts["ends_at"]))
    event.add("summary", summary)
    event.add("location", ", ".join(filter(None, (facts["lieu_name"], facts["address"]))))
    event.add("status", "CANCELLED" if over else "CONFIRMED")
    event.add("organizer", f"mailto:{organiser}")
    event.add("url", link)
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Serendipity//Seats//EN")
    calendar.add("method", "CANCEL" if over else "PUBLISH")
    calendar.add_component(event)
    return str(calendar.to_ical().decode())

"""Calendars: an event that every calendar reads, and that no name can break out of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from serendipity import calendars

AT = datetime(2026, 3, 26, 12, 0, tzinfo=UTC)
FACTS: dict[str, Any] = {
    "what": "confirmed",
    "booking": "abc",
    "sequence": 0,
    "lieu": "La Navette",
    "address": "12 montée de la Soie, 69004 Lyon",
    "starts_at": "2026-10-25T02:30:00+02:00",
    "ends_at": "2026-10-25T02:30:00+01:00",
}


def event(**given: Any) -> str:
    return calendars.booking_event({**FACTS, **given}, at=AT, summary="Jacquard")


def test_an_event_says_when_in_utc_and_where() -> None:
    lines = event().split("\r\n")
    for line in (
        "VERSION:2.0",
        "PRODID:-//Serendipity//Bookings//EN",
        "METHOD:PUBLISH",
        "DTSTART:20261025T003000Z",  # 02:30 in summer
        "DTEND:20261025T013000Z",  # 02:30 in winter, an hour later
        "DTSTAMP:20260326T120000Z",
        "UID:abc@serendipity",
        "LOCATION:La Navette\\, 12 montée de la Soie\\, 69004 Lyon",
        "STATUS:CONFIRMED",
    ):
        assert line in lines


@pytest.mark.parametrize(
    ("what", "method", "status"),
    [("moved", "PUBLISH", "CONFIRMED"), ("cancelled", "CANCEL", "CANCELLED")],
)
def test_a_change_keeps_the_uid_and_counts_the_sequence(
    what: str, method: str, status: str
) -> None:
    text = event(what=what, sequence=3)
    for line in (f"METHOD:{method}", "UID:abc@serendipity", "SEQUENCE:3", f"STATUS:{status}"):
        assert f"{line}\r\n" in text


@given(st.text(max_size=200))
def test_no_name_of_a_lieu_adds_a_line_and_no_line_is_too_long(name: str) -> None:
    text = event(lieu=name.replace("\ud800", ""))
    lines = text.encode("utf-8", "replace").split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    whole = b"".join(line[1:] if line.startswith(b" ") else b"\r\n" + line for line in lines)
    heads = [line.split(b":")[0] for line in whole.split(b"\r\n") if line]
    assert heads == [line.split(":")[0].encode() for line in event().split("\r\n") if line]


def invited(**given: Any) -> str:
    return calendars.invitation(
        {**FACTS, **given},
        at=AT,
        summary="Jacquard",
        organiser="lieu@example.org",
        attendee="sofia@example.org",
    )


@pytest.mark.parametrize(
    ("what", "method"),
    [("confirmed", "REQUEST"), ("moved", "REQUEST"), ("cancelled", "CANCEL")],
)
def test_a_letter_invites_its_reader_in_the_name_of_the_service(what: str, method: str) -> None:
    read = Calendar.from_ical(invited(what=what, sequence=2))
    (event,) = read.walk("VEVENT")
    assert (read["method"], int(event["sequence"]), event["uid"]) == (method, 2, "abc@serendipity")
    assert event["organizer"] == "mailto:lieu@example.org"
    assert event["attendee"] == "mailto:sofia@example.org"
    assert event["dtstart"].dt == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_series_has_an_event_a_day_each_with_its_own_uid() -> None:
    days = [
        ["one", "2026-10-18T10:00:00+00:00", "2026-10-18T11:00:00+00:00"],
        ["two", "2026-10-25T11:00:00+00:00", "2026-10-25T12:00:00+00:00"],
    ]
    uids = [event["uid"] for event in Calendar.from_ical(invited(days=days)).walk("VEVENT")]
    assert uids == ["one@serendipity", "two@serendipity"]


@pytest.mark.parametrize("what", ["reminder", "asked", "released", "declined"])
def test_what_changes_no_appointment_carries_no_calendar(what: str) -> None:
    assert invited(what=what) == ""

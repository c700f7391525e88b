"""The letters of a seat, from keeping it to nobody coming: words, and a calendar entry."""

from __future__ import annotations

import email
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from icalendar import Calendar

from serendipity import clock, seats
from serendipity.config import Settings
from serendipity.db import reading, writing
from serendipity.jobs import delivery, housekeeping
from serendipity.jobs.delivery import Desk
from serendipity.jobs.post import FilePost
from serendipity.lieux import Lieu
from tests.conftest import NOON, Clock
from tests.domain.test_seats import NEXT_THURSDAY_NINE, a_lieu_with_seats
from tests.rows import a_member

DAY = timedelta(days=1)


def work(desk: Desk) -> None:
    """What the worker does by itself, now."""
    housekeeping.keep(reading, at=clock.now())
    while delivery.deliver_due(desk):
        pass


def letters(folder: Path) -> list[EmailMessage]:
    found = [
        email.message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in sorted(folder.glob("*.eml"))
    ]
    return [one for one in found if isinstance(one, EmailMessage)]


@pytest.mark.parametrize("language", ["en", "fr", "nl"])
def test_a_seat_is_written_about_when_kept_the_day_before_and_when_nobody_came(
    app: Flask, held_clock: Clock, language: str
) -> None:
    settings: Settings = app.config["SETTINGS"]
    folder = settings.instance / "mail"
    with app.app_context():
        desk = Desk(reading, FilePost(folder), settings, clock.now)
        with writing() as session:
            lieu = a_lieu_with_seats(session, name="La Navette; 2, quai", address="2, quai")
            member = a_member(session, "Awa\r\nBcc: all@example.org", language=language)
            lieu_id, member_id = lieu.id, member.id
        with writing() as session:
            seats.reserve(
                session,
                member_id=member_id,
                lieu=session.get_one(Lieu, lieu_id),
                starts_at=NEXT_THURSDAY_NINE,
                at=NOON,
            )
        for held_clock.now in (
            NOON,
            NEXT_THURSDAY_NINE - DAY,
            NEXT_THURSDAY_NINE - DAY / 2,
            NEXT_THURSDAY_NINE + seats.GRACE,
        ):
            work(desk)
    written = sorted(letters(folder), key=lambda one: one["Date"].datetime)
    assert len(written) == 3
    entries = []
    for one in written:
        assert "La Navette" in one["Subject"]
        assert one["Bcc"] is None
        (attached,) = one.iter_attachments()
        assert attached.get_content_type() == "text/calendar"
        entries.append(Calendar.from_ical(attached.get_content()))
        body = one.get_body(("plain",))
        assert body is not None
        assert "09:00" in body.get_content() or "9:00" in body.get_content()
    assert [str(one["METHOD"]) for one in entries] == ["PUBLISH", "PUBLISH", "CANCEL"]
    events = [one.walk("VEVENT")[0] for one in entries]
    assert len({str(one["UID"]) for one in events}) == 1
    assert [one["SEQUENCE"] for one in events] == [0, 0, 1]
    assert all(str(one["ORGANIZER"]).startswith("mailto:") for one in events)

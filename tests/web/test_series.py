"""Series, lines, the lieu's yes and "we are here", with a company's browser."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from serendipity import bookings
from serendipity.bookings import Booking, Wait
from serendipity.db import write_transaction
from tests.conftest import NOON
from tests.rows import an_organisation
from tests.web.test_company import ASKED, MINUTE, ROOMS, Company, company, nothing_is_held

__all__ = ["company"]
WEEKLY = {**ASKED, "start": "14:00", "rhythm": "weekly", "times": "4"}
PLAN = f"{ROOMS}/jacquard/series"


def hold_series(house: Company, **typed: str) -> TestResponse:
    said = {**WEEKLY, "organisation": house.organisation.public_id, **typed}
    return house.post(PLAN, **said)


def taken_by_another(house: Company, start: str = "2026-04-03T12:00:00+00:00") -> Booking:
    with write_transaction(house.session) as session:
        organisation, member = an_organisation(session)
        who = {"organisation_id": organisation.id, "member_id": member.id, "at": NOON}
        starts_at = datetime.fromisoformat(start)
        held = bookings.hold(
            session,
            room=house.room,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
            people=2,
            **who,
        )
        return bookings.confirm(session, public_id=held.public_id, **who)


def test_the_days_of_a_series_are_seen_with_their_price_before_anything_is_held(
    company: Company,
) -> None:
    taken_by_another(company)
    page = company.app.test_client().get(PLAN, query_string=WEEKLY).text
    assert "3 days" in page
    assert "<td>Taken</td>" in page
    assert "€172.80" in page  # three times 57.60
    assert len(company.bookings()) == 1


def test_conflicts_are_left_out_on_request_and_only_then(company: Company) -> None:
    taken_by_another(company)
    refused = hold_series(company)
    assert refused.status_code == 409
    assert "On some of these days the room cannot be had" in refused.text
    assert len(company.bookings()) == 1
    held = hold_series(company, skip="1")
    assert held.status_code == 303
    page = company.client.get(held.location).text
    assert "Book all days for €172.80" in page
    assert company.post(f"{held.location}/confirm").status_code == 303
    mine = [one for one in company.bookings() if one.organisation_id == company.organisation.id]
    assert [bookings.is_booked(one) for one in mine] == [True] * 3
    assert "Cancel the 3 days to come" in company.client.get(held.location).text
    company.post(f"{held.location}/cancel")
    assert all(one.cancelled_at for one in company.bookings() if one.series_id)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"times": "1"}, "From two days to 52."),
        ({"times": "-3"}, "From two days to 52."),
        ({"times": "1000000000000000000"}, "From two days to 52."),
        ({"rhythm": "hourly"}, "Choose how often from the list."),
        ({"start": "soon"}, "This is not a time yet"),
        ({"date": "2026-03-28", "start": "02:30", "rhythm": "daily", "times": "2"}, "no 02:30"),
        ({"date": "2026-10-24", "start": "02:30", "rhythm": "daily", "times": "2"}, "Which one?"),
    ],
)
def test_a_series_that_cannot_be_is_said_and_nothing_is_held(
    company: Company, given: dict[str, str], says: str
) -> None:
    assert says in company.client.get(PLAN, query_string={**WEEKLY, **given}).text
    refused = hold_series(company, **given)
    assert refused.status_code in {409, 422}
    assert nothing_is_held(company)


def test_who_waits_in_line_has_the_room_held_when_it_is_free(company: Company) -> None:
    other = taken_by_another(company)
    said = {**ASKED, "date": "2026-04-03", "organisation": company.organisation.public_id}
    assert company.post(f"{ROOMS}/jacquard/wait", start="14:00", **said).status_code == 303
    assert "You wait for" in company.client.get(company.home).text
    free = company.post(f"{ROOMS}/jacquard/wait", start="16:00", **said)
    assert "It is free: no need to wait." in free.text
    with write_transaction(company.session) as session:
        bookings.cancel(
            session,
            public_id=other.public_id,
            organisation_id=other.organisation_id,
            member_id=other.booked_by_id,
            at=NOON,
        )
    page = company.client.get(company.home).text
    assert "You wait for" not in page
    assert "Held until" in page


def test_a_line_is_left_by_who_stands_in_it_only(company: Company) -> None:
    taken_by_another(company)
    said = {**ASKED, "date": "2026-04-03", "organisation": company.organisation.public_id}
    company.post(f"{ROOMS}/jacquard/wait", start="14:00", **said)
    company.session.rollback()
    line = company.session.query(Wait).one()
    missing = company.post(f"{company.home}waits/nothing/leave")
    assert missing.status_code == 404
    assert company.post(f"{company.home}waits/{line.public_id}/leave").status_code == 303
    assert "You wait for" not in company.client.get(company.home).text


def test_a_room_that_needs_a_yes_is_asked_for(company: Company) -> None:
    with write_transaction(company.session):
        company.room.needs_yes = True
    address = company.held()
    page = company.client.get(address).text
    assert "Ask the lieu for it" in page
    assert "Book for" not in page
    assert company.post(f"{address}/confirm").status_code == 409
    assert company.post(f"{address}/ask").status_code == 303
    assert "The lieu is asked" in company.client.get(address).text
    (asked,) = company.bookings()
    assert asked.asked_at


def test_a_cancelling_is_undone_from_the_booking_s_page(company: Company) -> None:
    address = company.book()
    company.post(f"{address}/cancel")
    assert "Undo the cancelling" in company.client.get(address).text
    assert company.post(f"{address}/bring-back").status_code == 303
    assert bookings.is_booked(company.bookings()[0])


def test_who_arrives_says_so(company: Company) -> None:
    address = company.book(date="2026-03-26", start="14:00")  # in an hour
    assert "We are here" not in company.client.get(address).text
    refused = company.post(f"{address}/here")
    assert refused.status_code == 409
    assert "One arrives from half an hour before" in refused.text
    company.clock.now += 45 * MINUTE
    assert "goes to others at 14:15" in company.client.get(address).text
    assert company.post(f"{address}/here").status_code == 303
    assert "You are here" in company.client.get(address).text

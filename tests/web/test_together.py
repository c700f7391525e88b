"""After the ten minutes, in two browsers: "we met", and "we'd like to work together"."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from serendipity import calls
from serendipity.calls import Call, CallAsked
from serendipity.db import write_transaction
from serendipity.encounters import Encounter
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.organisations import OrganisationMember
from serendipity.together import Together
from serendipity.web import samples
from tests.conftest import NOON
from tests.pages import token_of
from tests.rows import an_organisation, signed_in
from tests.web.test_company import Company, company, house, map_of, plain

__all__ = ["company", "house"]
HOUR = timedelta(hours=1)


class Two:
    """A booking that is over, whose question somebody said yes to; the helper's own browser."""

    def __init__(self, house: Company) -> None:
        self.house = house
        address = map_of(house)
        self.booking = address.removesuffix("/map")
        house.post(f"{address}/questions", words="Is 9 € fair?")
        with write_transaction(house.session) as session:
            call = session.scalars(select(Call)).one()
            helper = session.scalars(select(Member).where(Member.name == "Awa0 Diallo")).one()
            session.add(CallAsked(call_id=call.id, member_id=helper.id, asked_at=NOON))
            session.flush()
            calls.accept(session, public_id=call.public_id, member_id=helper.id, at=house.clock.now)
            self.call, self.email = call.public_id, str(helper.email)
            self.own_email = str(session.merge(house.member).email)
            self.helper = signed_in(house.app.test_client(), helper)
            self.encounter = session.scalars(select(Encounter.public_id)).one()
        house.clock.now += 2 * HOUR

    def say(self, client: FlaskClient, path: str, **typed: str) -> int:
        data = {"csrf_token": token_of(client, "/"), **typed}
        return client.post(path, data=data).status_code

    def meet(self) -> None:
        self.say(self.house.client, f"{self.booking}/map/questions/{self.call}/met", helped="yes")
        self.say(self.helper, f"/encounters/{self.encounter}", answer="met")

    def together(self, client: FlaskClient, answer: str = "want") -> int:
        return self.say(client, f"/encounters/{self.encounter}/together", answer=answer)


@pytest.fixture
def two(house: Company) -> Two:
    return Two(house)


def test_after_the_end_who_booked_says_on_the_booking_page_that_they_met(two: Two) -> None:
    page = two.house.client.get(two.booking).text
    assert "Awa0" in page
    assert "Diallo" not in page
    assert "We met, it helped" in page
    answer = two.house.post(
        f"{two.booking}/map/questions/{two.call}/met", helped="yes", next=two.booking
    )
    assert answer.location == two.booking
    assert "You said that you met." in two.house.client.get(two.booking).text
    met = two.house.session.scalars(select(Encounter)).one()
    assert met.confirmed_by(two.house.member.id) == two.house.clock.now


def test_a_colleague_is_shown_nobody_on_the_booking_page(two: Two) -> None:
    with write_transaction(two.house.session) as session:
        _, colleague = an_organisation(session)
        organisation = session.merge(two.house.organisation)
        session.add(
            OrganisationMember(
                organisation_id=organisation.id,
                member_id=colleague.id,
                role="pay",
                since=NOON,
            )
        )
        session.flush()
        _ = colleague.public_id, colleague.session_epoch
    page = signed_in(two.house.app.test_client(), colleague).get(two.booking)
    assert page.status_code == 200
    assert "Awa0" not in page.text


def test_two_weeks_later_nobody_is_asked_any_more(two: Two) -> None:
    two.house.clock.now += timedelta(days=14)
    assert "Awa0" not in two.house.client.get(two.booking).text


def test_a_wish_of_one_shows_nothing_to_the_other(two: Two) -> None:
    two.meet()
    page = f"/encounters/{two.encounter}"
    two.helper.get(page)  # the thanks are said once
    before = [plain(two.helper.get(path)) for path in (page, "/here")]
    assert "We’d like to work together" in before[0]
    assert two.together(two.house.client) == 303
    assert [plain(two.helper.get(path)) for path in (page, "/here")] == before
    own = two.house.client.get(two.booking).text
    assert "Nobody is told unless they say so too." in own
    assert two.email not in own


def test_when_both_say_so_both_pages_and_letters_give_the_address(two: Two) -> None:
    two.meet()
    two.together(two.helper)
    two.together(two.house.client)
    assert two.email in two.house.client.get(two.booking).text
    theirs = two.helper.get(f"/encounters/{two.encounter}").text
    assert two.own_email in theirs
    assert "Toits Communs" in theirs
    data = {"csrf_token": token_of(two.helper, "/"), "answer": "unwant"}
    late = two.helper.post(f"/encounters/{two.encounter}/together", data=data)
    assert late.status_code == 409
    assert "You both said that you would like to work together" in late.text
    assert "so it cannot be unsaid. Nothing was changed.</p>" in late.text
    assert "Your ledger" in late.text
    two.house.session.rollback()
    letters = two.house.session.scalars(select(Letter).where(Letter.kind == "together"))
    assert {one.recipient for one in letters} == {two.email, two.own_email}


def test_a_wish_is_taken_back_and_an_unknown_answer_is_none(two: Two) -> None:
    two.meet()
    assert two.together(two.helper, "perhaps") == 400
    two.together(two.helper)
    two.together(two.helper, "unwant")
    two.house.session.rollback()
    assert two.house.session.scalars(select(Together)).all() == []
    assert "We’d like to work together" in two.helper.get(f"/encounters/{two.encounter}").text


def test_before_they_met_and_for_strangers_there_is_nothing_to_say(two: Two) -> None:
    assert two.together(two.helper) == 409
    with write_transaction(two.house.session) as session:
        _, stranger = an_organisation(session)
        _ = stranger.public_id, stranger.session_epoch
    elsewhere = signed_in(two.house.app.test_client(), stranger)
    missing = two.say(elsewhere, "/encounters/missing/together", answer="want")
    assert two.together(elsewhere) == missing == 404


@pytest.mark.parametrize("form", ["txt", "html"])
def test_the_letter_says_whom_to_write_to(two: Two, form: str) -> None:
    with two.house.app.test_request_context():
        words = samples.sample("together", form, "en")
    assert "ines@example.org" in words
    assert "La Bobine" in words

"""The same request under the same key has one effect, and is answered with the same bytes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serendipity import idempotency, members
from serendipity.bookings import Booking
from serendipity.db import database, write_transaction
from serendipity.idempotency import Answered, Asking
from tests.api.conftest import House, items
from tests.api.test_nouns import wanted
from tests.conftest import NOON, Clock
from tests.pages import beside
from tests.woven import at_once, engine_of

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
CLIENTS = 10


def count(app: Flask, table: Any) -> int:
    with beside(app) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_lost_answer_is_given_again_and_nothing_is_done_again(
    app: Flask, house: House, api: Any, held_clock: Clock
) -> None:
    base = f"/organisations/{house.organisation}/bookings"
    first = api("sofia").post(base, wanted(), key=KEY)
    held_clock.now += timedelta(minutes=3)
    again = api("sofia").post(base, wanted(), key=KEY)
    assert (first.status_code, first.data) == (again.status_code, again.data)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert count(app, Booking) == 1
    assert api("sofia").post(base, wanted()).status_code == 409  # the control: without a key


def test_the_order_of_fields_does_not_make_another_request(api: Any, house: House) -> None:
    base = f"/organisations/{house.organisation}/bookings"
    first = api("sofia").post(base, wanted(), key=KEY)
    turned = dict(reversed(wanted().items()))
    turned["starts_at"] = "2026-03-28T10:00:00+01:00"
    assert api("sofia").post(base, turned, key=KEY).data == first.data


def test_a_key_stands_for_one_request(api: Any, house: House) -> None:
    base = f"/organisations/{house.organisation}/bookings"
    held = api("sofia").post(base, wanted(), key=KEY).get_json()["id"]
    other = api("sofia").post(base, wanted("bobine"), key=KEY)
    assert other.status_code == 422
    assert other.get_json()["type"] == "urn:serendipity:problem:other-request"
    assert other.get_json()["field"] == "Idempotency-Key"
    second = api("sofia").post(base, wanted("bobine")).get_json()["id"]
    assert api("sofia").post(f"{base}/{held}/confirm", key=KEY).status_code == 200
    assert api("sofia").post(f"{base}/{second}/confirm", key=KEY).status_code == 422


def test_keys_of_two_members_do_not_meet(api: Any) -> None:
    mine = api("awa").post("/needs", {"words": "a welder"}, key=KEY).get_json()
    theirs = api("bob").post("/needs", {"words": "a printer"}, key=KEY).get_json()
    assert (mine["words"], theirs["words"]) == ("a welder", "a printer")


def test_a_refusal_is_not_kept(api: Any, house: House, held_clock: Clock) -> None:
    answer = api("away").post("/needs", {"words": "a welder"}, key=KEY)
    assert answer.status_code == 409
    given = {"lieu": "la-navette", "until": "2026-03-26T17:00:00Z"}
    assert api("away").post("/check-ins", given, key=KEY).status_code == 201
    assert api("away").post("/needs", {"words": "a welder"}, key=KEY).status_code == 201


def test_an_answer_is_kept_for_seven_days(
    app: Flask, house: House, api: Any, held_clock: Clock
) -> None:
    base = f"/organisations/{house.organisation}/bookings"
    first = api("sofia").post(base, wanted(), key=KEY)
    held_clock.now += idempotency.KEPT - timedelta(seconds=1)
    assert api("sofia").post(base, wanted(), key=KEY).data == first.data
    held_clock.now += timedelta(seconds=1)
    assert api("sofia").post(base, wanted(), key=KEY).status_code == 422  # that time has passed
    with beside(app) as session:
        assert idempotency.forget(session, at=held_clock.now) == 1
        assert idempotency.forget(session, at=held_clock.now) == 0


def test_a_forgotten_members_answers_go_with_them(app: Flask, house: House, api: Any) -> None:
    api("awa").post("/needs", {"words": "a welder"}, key=KEY)
    api("bob").post("/needs", {"words": "a printer"}, key=KEY)
    with beside(app) as session:
        members.erase(session, member_id=house.members["awa"], at=NOON)
        session.commit()
    assert count(app, Answered) == 1


@pytest.mark.parametrize("key", ["x" * 121, "two words", "clé"])
def test_a_key_is_short_and_visible(api: Any, key: str) -> None:
    answer = api("awa").post("/needs", {"words": "a welder"}, key=key)
    assert (answer.status_code, answer.get_json()["field"]) == (422, "Idempotency-Key")
    assert items(api("awa").get("/needs")) == []


def race(app: Flask, house: House, api: Any, keys: list[str]) -> list[Any]:
    """All hold the same room at the same instant; who is told to come back does so."""
    base = f"/organisations/{house.organisation}/bookings"

    def hold(key: str) -> Any:
        caller = api("sofia")
        for _ in range(200):
            answer = caller.post(base, wanted(), key=key)
            if "Retry-After" not in answer.headers:
                break
            assert answer.status_code in (409, 503), answer.text
        return answer

    return at_once([lambda key=key: hold(key) for key in keys])


def test_ten_at_once_under_one_key_have_one_effect_and_one_answer(
    app: Flask, house: House, api: Any
) -> None:
    answers = race(app, house, api, [KEY] * CLIENTS)
    assert {(one.status_code, one.data) for one in answers} == {(201, answers[0].data)}
    assert count(app, Booking) == count(app, Answered) == 1


def test_the_control_ten_at_once_with_keys_of_their_own_get_ten_answers(
    app: Flask, house: House, api: Any
) -> None:
    answers = race(app, house, api, [f"{KEY}-{n}" for n in range(CLIENTS)])
    assert sorted(one.status_code for one in answers) == [201] + [409] * (CLIENTS - 1)


def test_while_the_first_is_being_answered_the_second_is_told_to_come_back(
    app: Flask, house: House, database_url: str, dialect: str
) -> None:
    """On SQLite nobody else writes meanwhile: the second waits its turn and finds the answer."""
    asking = Asking("member:1", "api.needs_say", KEY, b"{}")
    engine = engine_of(database_url)
    try:
        with Session(engine) as first, Session(engine) as second:
            if dialect == "sqlite":
                with write_transaction(first) as db:
                    _keep(db, asking)
                with write_transaction(second) as db:
                    kept = idempotency.answer_of(db, asking, at=NOON)
                    assert kept is not None
                return
            assert idempotency.answer_of(first, asking, at=NOON) is None
            with pytest.raises(idempotency.InFlight) as told:
                idempotency.answer_of(second, asking, at=NOON)
            assert told.value.facts["retry_after"] == 1
            _keep(first, asking)
            first.commit()
            second.rollback()
            assert idempotency.answer_of(second, asking, at=NOON) is not None
    finally:
        engine.dispose()


def _keep(session: Session, asking: Asking) -> None:
    assert idempotency.answer_of(session, asking, at=NOON) is None
    idempotency.keep(session, asking, status=201, answer={"body": "{}"}, at=NOON)


def test_the_unique_key_judges_when_nothing_else_did(app: Flask, house: House) -> None:
    asking = Asking("member:1", "api.needs_say", KEY, b"{}")
    with app.app_context():
        _keep(database.session(), asking)
        with pytest.raises(idempotency.InFlight):
            idempotency.keep(database.session(), asking, status=201, answer={}, at=NOON)

"""What stands under a field while one types, and what comes back with the form."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from serendipity import skills
from serendipity.db import write_transaction
from serendipity.jobs import listening
from serendipity.skills import Alias, Concept, ConceptName, MemberSkill
from serendipity.web import heard
from serendipity.web.door import PASS_LIVES
from tests.conftest import Clock
from tests.jobs.test_listening import Reader
from tests.rows import signed_in
from tests.web.test_door import Door, beside
from tests.web.test_static import Page


@pytest.fixture
def door(app: Flask, client: FlaskClient, held_clock: Clock) -> Iterator[Door]:
    heard._left.clear()
    with beside(app) as session:
        with write_transaction(session):
            for key, label in (("metal", "welding"), ("bikes", "bicycle repair")):
                session.add(Concept(id=key, vocabulary="few", family=None, labels={"en": label}))
                session.flush()
                session.add(ConceptName(concept_id=key, language="en", words=label))
        yield Door(app, client, held_clock, session)


def hear(door: Door, typed: str, noun: str = "skills") -> Page:
    answer = door.client.get("/words", query_string={"typed": typed, "noun": noun})
    assert answer.status_code == 200
    return Page(answer.text)


def values(page: Page, name: str) -> list[str]:
    return [one["value"] for one in page.named("input") if one.get("name") == name]


def test_only_who_has_a_form_in_front_of_them_may_ask(door: Door) -> None:
    assert door.client.get("/words?typed=welding").status_code == 404
    door.scan()
    assert values(hear(door, "welding"), "heard") == ["skills|metal|welding"]
    door.clock.now += PASS_LIVES
    assert door.client.get("/words?typed=welding").status_code == 404
    member = door.member()
    signed_in(door.client, member)
    assert hear(door, "welding").named("input")


def test_asking_writes_nothing(door: Door) -> None:
    door.scan()
    hear(door, "welding, my bike", "skills")
    assert door.fresh().scalars(select(MemberSkill)).all() == []


def test_what_the_worker_hears_in_doubt_is_a_question_with_nothing_ticked(door: Door) -> None:
    door.scan()
    settings = door.app.config["SETTINGS"]
    reader = Reader()
    with listening.listening(settings, lambda: reader):
        page = hear(door, "my bike", "need")
    (box,) = [one for one in page.named("input") if one.get("type") == "checkbox"]
    assert box["value"] == "need|bikes|my bike"
    assert "checked" not in box
    assert reader.asked[-1][1] is True


def test_without_the_worker_exact_words_are_heard_all_the_same(door: Door) -> None:
    door.scan()
    page = hear(door, "my bike, welding")
    assert values(page, "means") == ["skills|metal|welding"]


def test_what_was_said_comes_with_the_check_in(door: Door) -> None:
    member = door.member()
    signed_in(door.client, member)
    door.scan()
    answer = door.say(
        skills="welding, my bike",
        heard=["skills|metal|welding"],
        means=["skills|bikes|my bike"],
    )
    assert (answer.status_code, answer.location) == (303, "/here")
    held = skills.skills_of(door.fresh(), [member.id])[member.id]
    assert {one.words: one.concept_id for one in held} == {"welding": None, "my bike": "bikes"}
    assert [one.words for one in door.session.scalars(select(Alias))] == ["my bike"]


def test_what_is_offered_already_is_not_asked_about_again(door: Door) -> None:
    member = door.member()
    signed_in(door.client, member)
    with write_transaction(door.session):
        skills.offer(
            door.session, member_id=member.id, words=["welding"], language="en", at=door.clock.now
        )
    page = hear(door, "welding, bicycle repair")
    assert values(page, "heard") == ["skills|bikes|bicycle repair"]


@pytest.mark.parametrize(
    "nonsense", ["", "|", "skills|metal", "roof|metal|x", "skills|" + "x" * 9000 + "|x"]
)
def test_nonsense_in_the_form_loses_nothing(door: Door, nonsense: str) -> None:
    member = door.member()
    signed_in(door.client, member)
    door.scan()
    answer = door.say(skills="welding", means=[nonsense], heard=[nonsense])
    assert (answer.status_code, answer.location) == (303, "/here")
    (skill,) = skills.skills_of(door.fresh(), [member.id])[member.id]
    assert skill.concept_id == "metal"


def test_an_address_that_asks_without_end_is_told_to_wait(door: Door) -> None:
    door.scan()
    statuses = [door.client.get("/words?typed=").status_code for _ in range(400)]
    assert statuses[0] == 200
    assert 429 in statuses


def test_words_are_escaped(door: Door) -> None:
    door.scan()
    answer = door.client.get("/words", query_string={"typed": "<b>welding</b>"})
    assert "<b>" not in answer.text


def test_a_word_of_ten_thousand_characters_is_no_trouble(door: Door) -> None:
    door.scan()
    assert hear(door, "x" * 10_000).named("input") == []

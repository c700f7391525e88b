"""The demo is built through the verbs of the house, opens its day, and the day goes on."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, func, select, text

from serendipity import clock, config, demo, ledger, lieux, presence, schema, vocabularies
from serendipity.cli import running
from serendipity.db import database, reading
from serendipity.demo import day, places
from serendipity.demo.people import people
from serendipity.encounters import Encounter
from serendipity.jobs.reading import take_starter
from serendipity.members import Member
from serendipity.presence import Presence
from tests.conftest import Clock


def test_sixty_people_in_three_languages_are_at_home_in_two_lieux() -> None:
    everybody = people()
    assert 55 <= len(everybody) <= 70
    assert {person.language for person in everybody} == {"en", "fr", "nl"}
    assert {person.lieu for person in everybody} == {place.slug for place in places.PLACES}
    assert len({person.email for person in everybody}) == len(everybody)


def test_the_demo_is_built_once_and_its_day_goes_on(app: Flask, held_clock: Clock) -> None:
    with app.app_context():
        take_starter(app.config["SETTINGS"])
        assert vocabularies.in_use(reading())
        told = demo.prepared("http://demo", step=lambda words: None)
        assert sum("http://demo/demo/" in line for line in told) >= 5
        navette = lieux.lieu_named(reading(), "la-navette")
        here = presence.how_many(reading(), lieu_id=navette.id, at=clock.now())
        assert here >= places.NAVETTE.arriving
        before = _counts()
        demo.prepared("http://demo", step=lambda words: None)
        assert _counts()["members"] == before["members"]
        assert ledger.total(reading()) == 0

        chance = random.Random(1)
        for _ in range(60):
            held_clock.now += timedelta(seconds=40)
            day.one_thing_happens(database.session, chance, at=clock.now())
        assert _counts()["stays"] > before["stays"]
        assert ledger.total(reading()) == 0


@pytest.mark.parametrize("minutes", [-12 * 60 + 5, 8 * 60 + 4, 10 * 60 + 40, 11 * 60 + 3])
def test_the_demo_is_built_and_opens_at_any_hour(
    app: Flask, held_clock: Clock, minutes: int
) -> None:
    """Just after midnight, just after the doors closed, and late: somebody is there."""
    held_clock.now += timedelta(minutes=minutes)
    with app.app_context():
        take_starter(app.config["SETTINGS"])
        demo.prepared("http://demo", step=lambda words: None)
        for place in places.PLACES:
            lieu = lieux.lieu_named(reading(), place.slug)
            here = presence.how_many(reading(), lieu_id=lieu.id, at=clock.now())
            assert here >= place.arriving


def _counts() -> dict[str, int]:
    nouns = {"members": Member, "stays": Presence, "encounters": Encounter}
    counted = {
        name: reading().scalar(select(func.count()).select_from(noun))
        for name, noun in nouns.items()
    }
    reading().rollback()
    return {name: number or 0 for name, number in counted.items()}


def test_a_demo_of_another_version_is_set_aside_and_one_of_this_version_is_not(
    tmp_path: Path,
) -> None:
    settings = config.load({}, instance=tmp_path, demo=True)
    engine = create_engine(f"sqlite:///{tmp_path}/serendipity.sqlite")
    for revision, aside in ((schema.head(), False), ("of-long-ago", True)):
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
            connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
            connection.execute(text("INSERT INTO alembic_version VALUES (:at)"), {"at": revision})
        engine.dispose()
        running.set_strange_demo_aside(settings)
        assert (tmp_path / "of-another-version-serendipity.sqlite").exists() is aside
        assert (tmp_path / "serendipity.sqlite").exists() is not aside

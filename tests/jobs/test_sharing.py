"""Many hosts, one PostgreSQL: they share the night, and one that dies costs nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import clock, config, consent, needs, skills
from serendipity.config import ROOT
from serendipity.db import KEEPALIVES, UNANSWERED, engine_options, write_transaction
from serendipity.introductions import Introduction
from serendipity.jobs import sharing
from serendipity.mail import Letter
from serendipity.runs import JobRun
from tests.jobs.post_office import Open
from tests.rows import a_lieu, a_member

LIEUX, PEOPLE = 4, 6
WORDS = ("accounting", "bike repair", "laser cutting", "photography", "law", "welding", "baking")


@pytest.fixture
def engine(network_url: str) -> Iterator[Engine]:
    engine = create_engine(network_url, poolclass=NullPool, **engine_options(network_url))
    yield engine
    engine.dispose()


def test_the_queue_is_made_once_and_anew_for_another_version(engine: Engine) -> None:
    assert sharing.install(engine) is False
    with engine.begin() as connection:
        connection.execute(text(f"COMMENT ON SCHEMA {sharing.SCHEMA} IS '0.1'"))
    assert sharing.install(engine) is True
    assert sharing.install(engine) is False


def test_a_beat_is_kept_by_one_host_at_a_time_and_by_another_when_it_is_gone(
    engine: Engine,
) -> None:
    alone = sharing.beat_alone
    with alone(engine, "a") as first, alone(engine, "a") as second, alone(engine, "b") as other:
        assert (first, second, other) == (True, False, True)
    with alone(engine, "a") as third:
        assert third


def test_a_night_that_waits_in_the_queue_is_not_put_there_again(
    network_url: str, tmp_path: Path
) -> None:
    queue = sharing.Queue(config.load({}, instance=tmp_path, database_url=network_url))
    due = [("navette", clock.now().date()), ("volcan", clock.now().date())]
    with queue.asking.open():
        assert queue.put_nights(due) == 2
        assert queue.put_nights(due) == 0
        assert queue.put_letters(21) == 2
        assert queue.put_letters(61) == 2


class TwoNights:
    """A worker whose nights end only when two are under way, and then stop it."""

    def __init__(self) -> None:
        self.both = threading.Barrier(2, action=self.stop)
        self.ended: list[str] = []

    def stop(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    def night(self, slug: str, _day: date) -> None:
        self.both.wait(60)
        self.ended.append(slug)


def two_nights(url: str, folder: Path) -> None:
    """Work until both nights are done: for a process of its own, which SIGTERM may stop."""
    worker = TwoNights()
    queue = sharing.Queue(
        config.load({}, instance=folder, database_url=url),
        worker,  # type: ignore[arg-type]
    )
    sharing.work(queue)
    assert sorted(worker.ended) == ["navette", "volcan"]


def test_one_night_thinks_while_another_waits(network_url: str, tmp_path: Path) -> None:
    queue = sharing.Queue(config.load({}, instance=tmp_path, database_url=network_url))
    with queue.asking.open():
        queue.put_nights([("navette", clock.now().date()), ("volcan", clock.now().date())])
    worker = get_context("spawn").Process(target=two_nights, args=(network_url, tmp_path))
    worker.start()
    worker.join(120)
    worker.kill()
    assert worker.exitcode == 0


def lieux_with_people(session: Session) -> None:
    now = clock.now()
    for number in range(LIEUX):
        lieu = a_lieu(session, slug=f"host-{number}", timezone="UTC",
                      opened_at=now - timedelta(days=9))  # fmt: skip
        for n in range(PEOPLE):
            member = a_member(session, f"Person {n}")
            consent.choose(
                session, member_id=member.id, lieu_id=lieu.id, here_today=True, by_mail=True,
                other_lieux=False, at=now,
            )  # fmt: skip
            skills.offer(session, member_id=member.id, words=[WORDS[n % 7]], language="en", at=now)
            needs.say(
                session, member_id=member.id, lieu_id=lieu.id, presence_id=None,
                words=WORDS[(n + 1) % 7], language="en", at=now,
                expires_at=now + timedelta(days=1),
            )  # fmt: skip


class Hosts:
    """Workers as processes, each with a folder of its own; none outlives the test."""

    def __init__(self, url: str, smtp: str, folder: Path) -> None:
        a_minute_ago = clock.now() - timedelta(minutes=1)
        self.environment = {
            **os.environ,
            "SERENDIPITY_DATABASE_URL": url,
            "SERENDIPITY_SMTP_URL": smtp,
            "SERENDIPITY_NIGHT_AT": f"{a_minute_ago:%H:%M}",
            "SERENDIPITY_SECRET_KEY": "one for all hosts",
        }
        self.folder = folder
        self.running: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Hosts:
        return self

    def start(self, name: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "serendipity", "--instance", str(self.folder / name), "worker"],
            cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self.environment,
        )  # fmt: skip
        self.running.append(process)
        return process

    def __exit__(self, *_: object) -> None:
        for process in self.running:
            process.kill()
            process.communicate()


def test_three_hosts_share_a_night_and_one_that_is_killed_in_it_costs_no_letter(
    network_url: str, engine: Engine, tmp_path: Path
) -> None:
    with Session(engine) as session, write_transaction(session):
        lieux_with_people(session)
    with ExitStack() as stack:
        office, smtp = stack.enter_context(Open())
        hosts = stack.enter_context(Hosts(network_url, smtp, tmp_path))
        started = [hosts.start(f"host{n}") for n in range(3)]
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "The worker is at work.\n"
        assert office.reached_data.wait(120)
        started[0].send_signal(signal.SIGKILL)
        wait_until_settled(engine, planned=LIEUX * PEOPLE)
        with Session(engine) as session:
            ended = Counter(
                "sent" if letter.sent_at else "begun" if letter.sending_at else "lost"
                for letter in session.scalars(select(Letter))
            )
        # looked at after the rows: what they call sent has come by now
        sent = Counter(message["Message-ID"] for message in office.received)
    with Session(engine) as session:
        assert len(session.scalars(select(JobRun).where(JobRun.job == "night")).all()) == LIEUX
        assert session.scalar(select(func.count()).select_from(Introduction)) == LIEUX * PEOPLE / 2
    assert ended["sent"] + ended["begun"] == LIEUX * PEOPLE
    assert ended["begun"] <= 1  # the one that was in the hands of the host that died
    assert set(sent.values()) == {1}
    assert len(sent) >= ended["sent"]


def wait_until_settled(engine: Engine, *, planned: int) -> None:
    """All letters of the night are owed, and each has begun."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        with Session(engine) as session:
            begun = session.scalar(select(func.count()).where(Letter.sending_at.is_not(None)))
            unsent = session.scalar(
                select(func.count()).where(Letter.sending_at.is_not(None), Letter.sent_at.is_(None))
            )
        if begun == planned and (unsent or 0) <= 1:
            return
    raise AssertionError(f"{begun} of {planned} letters began")


def test_both_ends_of_every_connection_notice_that_the_other_is_gone(
    network_url: str, engine: Engine, tmp_path: Path
) -> None:
    """Set for each session, and shown as set also where the line is a socket of this machine."""
    asked = "SELECT name, reset_val FROM pg_settings WHERE starts_with(name, 'tcp_')"
    wanted = {f"tcp_{name}": str(value) for name, value in KEEPALIVES.items()}
    wanted |= {name: str(value) for name, value in UNANSWERED.items()}
    with engine.connect() as connection:
        assert dict(connection.execute(text(asked)).all()) == wanted
        line = connection.connection.driver_connection
        assert line is not None
        ours = line.info.get_parameters()
        assert {name: ours[name] for name in KEEPALIVES} == {
            name: str(value) for name, value in KEEPALIVES.items()
        }
    queue = sharing.Queue(config.load({}, instance=tmp_path, database_url=network_url))
    with queue.asking.open():
        rows = queue.asking.connector.get_sync_connector().execute_query_all(asked)
        assert {row["name"]: row["reset_val"] for row in rows} == wanted

"""Web processes killed while people check in: a small part of `python -m benchmarks kills`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from benchmarks import kills
from serendipity import arrivals
from serendipity.arrivals import Choices
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.needs import Need
from serendipity.presence import Presence
from tests.conftest import NOON
from tests.rows import a_lieu, a_member

HOUR = timedelta(hours=1)

FAULTS = ("told to be in, and not", "in part, or twice", "errors", "damaged")


@pytest.fixture
def database(dialect: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The kind of database; the one of PostgreSQL stands on the server of these tests."""
    if dialect == "postgresql":
        server = request.getfixturevalue("postgresql_server")
        monkeypatch.setenv("DATABASE_URL", server)
    return dialect


def test_who_was_told_to_be_in_is_in_once_and_whole_when_the_web_is_killed(database: str) -> None:
    found = kills.one_database(database, kills=3)
    assert found["check-ins answered"] > 0
    assert {what: found[what] for what in FAULTS} == dict.fromkeys(FAULTS, 0)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def member(session: Session, lieu: Lieu) -> Member:
    """Somebody who checked in with everything a phone of the benchmark says."""
    member = a_member(session)
    arrivals.arrive(
        session, lieu=lieu, member=member, until=NOON + HOUR, how_in="qr", at=NOON, confirmed=True,
        skills=["welding", "bicycle repair"], need="bookkeeping",
        choices=Choices(here_today=True),
    )  # fmt: skip
    return member


def faults(session: Session, member: Member) -> dict[str, int]:
    heard = kills.Heard(let_in=[member.id])
    found = kills.counted(session, [member], heard)
    return {what: found[what] for what in FAULTS if found[what]}


def test_control_what_is_whole_is_no_fault(session: Session, member: Member) -> None:
    assert faults(session, member) == {}


def test_control_a_check_in_that_lost_its_need_is_seen(session: Session, member: Member) -> None:
    session.execute(delete(Need))
    assert faults(session, member) == {"in part, or twice": 1}


def test_control_a_check_in_twice_is_seen(session: Session, lieu: Lieu, member: Member) -> None:
    session.add(
        Presence(
            member_id=member.id, lieu_id=lieu.id, started_at=NOON - HOUR, until=NOON,
            ended_at=NOON, how_in="qr", how_out="left",
        )
    )  # fmt: skip
    session.flush()
    assert faults(session, member) == {"in part, or twice": 1}


def test_control_somebody_told_to_be_in_who_is_not_is_seen(session: Session) -> None:
    assert faults(session, a_member(session)) == {"told to be in, and not": 1}

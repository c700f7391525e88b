"""Set-up: once, by whoever reads the terminal."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import lieux, members, setup, shifts
from serendipity.db import engine_options, write_transaction
from serendipity.lieux import Lieu, Span
from serendipity.members import Member
from serendipity.setup import FirstLieu
from tests.conftest import NOON
from tests.rows import a_member

LIEU = FirstLieu(
    name="La Navette",
    city="Lyon",
    timezone="Europe/Paris",
    seats=24,
    hours=[Span(0, 540, 1080)],
)


def set_up(session: Session, token: str, at: datetime, **given: Any) -> tuple[Member, Lieu]:
    facts = {"name": "Maud", "email": "maud@example.org", "language": "fr", "lieu": LIEU}
    return setup.set_up(session, token=token, at=at, **{**facts, **given})


def test_the_link_makes_the_operator_and_a_lieu_with_hours_and_a_concierge(
    session: Session, at: datetime
) -> None:
    assert setup.needed(session)
    operator, lieu = set_up(session, setup.make_token(session, at=at), at)
    assert (operator.is_operator, operator.home_lieu_id) == (True, lieu.id)
    assert lieux.hours_of(session, lieu_id=lieu.id) == [Span(0, 540, 1080)]
    assert shifts.concierges_of(session, lieu_id=lieu.id) == [operator]
    assert not setup.needed(session)


def test_the_link_dies_on_use(session: Session, at: datetime) -> None:
    token = setup.make_token(session, at=at)
    set_up(session, token, at)
    with pytest.raises(setup.BadSetupToken):
        set_up(session, token, at, email="eve@example.org")
    assert session.query(Member).count() == 1


def test_a_new_link_replaces_the_one_before(session: Session, at: datetime) -> None:
    old, new = setup.make_token(session, at=at), setup.make_token(session, at=at)
    with pytest.raises(setup.BadSetupToken):
        setup.check(session, old)
    setup.check(session, new)


def test_no_link_works_once_there_is_an_operator(session: Session, at: datetime) -> None:
    token = setup.make_token(session, at=at)
    a_member(session, is_operator=True)
    with pytest.raises(setup.BadSetupToken):
        setup.check(session, token)


@pytest.mark.parametrize("token", ["", "x", "é\ud800", "a" * 5000])
def test_a_guess_is_refused(session: Session, at: datetime, token: str) -> None:
    setup.make_token(session, at=at)
    with pytest.raises(setup.BadSetupToken):
        set_up(session, token, at)


def test_the_token_itself_is_not_kept(session: Session, at: datetime) -> None:
    token = setup.make_token(session, at=at)
    (kept,) = session.query(setup.SetupToken).all()
    assert token not in kept.token_hash


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"email": "nobody"}, members.BadEmail),
        ({"lieu": FirstLieu(name="X", city="", timezone="Mars/Base", seats=1)}, lieux.BadZone),
    ],
)
def test_what_cannot_be_right_leaves_the_link_alive(
    session: Session, at: datetime, given: dict[str, Any], error: type[Exception]
) -> None:
    token = setup.make_token(session, at=at)
    with pytest.raises(error), session.begin_nested():
        set_up(session, token, at, **given)
    setup.check(session, token)


def test_an_imported_member_with_the_address_becomes_the_operator(
    session: Session, at: datetime
) -> None:
    known = a_member(session, "Maud", email="maud@example.org")
    operator, _ = set_up(session, setup.make_token(session, at=at), at, email="Maud@Example.org")
    assert operator is known


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url, poolclass=NullPool, **engine_options(database_url))
    yield engine
    engine.dispose()


def two_at_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many operators one link makes, used twice at once: both look before either writes."""
    with Session(engine) as session, write_transaction(session):
        token = setup.make_token(session, at=NOON)
    barrier, check = threading.Barrier(2), setup.check

    def check_together(session: Session, token: str) -> None:
        check(session, token)
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=2 if engine.dialect.name == "postgresql" else 0.05)

    monkeypatch.setattr(setup, "check", check_together)

    def use(number: int) -> None:
        with (
            contextlib.suppress(setup.BadSetupToken),
            Session(engine) as session,
            write_transaction(session),
        ):
            lieu = replace(LIEU, name=f"Lieu {number}")
            set_up(session, token, NOON, email=f"{number}@example.org", lieu=lieu)

    threads = [threading.Thread(target=use, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()
    with Session(engine) as session:
        return session.query(Member).filter_by(is_operator=True).count()


def test_two_who_use_the_link_at_the_same_instant_make_one_operator(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert two_at_once(engine, monkeypatch) == 1


def test_control_a_link_that_is_not_spent_makes_two(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, dialect: str
) -> None:
    monkeypatch.setattr(setup, "_use", lambda session, token: None)
    # SQLite's one writer still serves them in turn, and the second sees an operator.
    assert two_at_once(engine, monkeypatch) == {"sqlite": 1, "postgresql": 2}[dialect]

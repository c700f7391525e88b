"""Nobody is in two places; a second tap is the same stay; a stay ends."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import ledger, presence, rules
from serendipity.db import engine_options, write_transaction
from serendipity.errors import Busy
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.presence import Presence
from tests.conftest import NOON
from tests.rows import a_lieu, a_member

HOUR = timedelta(hours=1)
PAIRS = int(os.environ.get("SERENDIPITY_PAIRS", "15"))


def come(
    session: Session, member: Member, lieu: Lieu, at: datetime, *, confirmed: bool = True
) -> Presence:
    return presence.check_in(
        session,
        member_id=member.id,
        lieu_id=lieu.id,
        until=at + 4 * HOUR,
        how_in="qr",
        at=at,
        confirmed=confirmed,
    )


def open_stays(session: Session, member: Member) -> list[Presence]:
    return list(
        session.scalars(
            select(Presence).where(Presence.member_id == member.id, Presence.ended_at.is_(None))
        )
    )


def test_a_second_tap_is_the_same_stay_with_the_new_until(session: Session, at: datetime) -> None:
    lieu, member = a_lieu(session), a_member(session)
    first = come(session, member, lieu, at)
    second = come(session, member, lieu, at + HOUR)
    assert second is first
    assert (second.started_at, second.until) == (at, at + 5 * HOUR)


def test_checking_in_elsewhere_moves_the_person(session: Session, at: datetime) -> None:
    lieu, elsewhere, member = a_lieu(session), a_lieu(session), a_member(session)
    first = come(session, member, lieu, at)
    second = come(session, member, elsewhere, at + HOUR)
    assert (first.ended_at, first.how_out) == (at + HOUR, "moved")
    assert open_stays(session, member) == [second]


def test_a_stay_that_is_over_is_not_gone_on_with(session: Session, at: datetime) -> None:
    lieu, member = a_lieu(session), a_member(session)
    first = come(session, member, lieu, at)
    second = come(session, member, lieu, at + 5 * HOUR)
    assert second is not first
    assert (first.ended_at, first.how_out) == (at + 4 * HOUR, "until")


@pytest.mark.parametrize("before", [timedelta(0), HOUR])
def test_a_stay_ends_after_it_began(session: Session, at: datetime, before: timedelta) -> None:
    lieu, member = a_lieu(session), a_member(session)
    with pytest.raises(presence.BadUntil):
        presence.check_in(
            session, member_id=member.id, lieu_id=lieu.id, until=at - before, how_in="qr", at=at,
            confirmed=True,
        )  # fmt: skip


def test_a_stay_ends_at_closing_time_at_the_latest(session: Session, at: datetime) -> None:
    lieu, member = a_lieu(session), a_member(session)
    stay = come(session, member, lieu, at + 5 * HOUR)  # 18:00 in Paris, closes at 20:00
    assert stay.until == at + 7 * HOUR
    assert presence.end_due(session, at=at + 7 * HOUR - timedelta(seconds=1)) == 0
    assert presence.end_due(session, at=at + 8 * HOUR) == 1
    assert (stay.ended_at, stay.how_out) == (at + 7 * HOUR, "closing")


def test_a_stay_ends_by_itself_at_its_until(session: Session, at: datetime) -> None:
    lieu, member = a_lieu(session), a_member(session)
    stay = come(session, member, lieu, at)
    assert presence.of(session, member_id=member.id, at=at + 4 * HOUR) is None
    assert presence.how_many(session, lieu_id=lieu.id, at=at + 4 * HOUR) == 0
    presence.end_due(session, at=at + 6 * HOUR)
    assert (stay.ended_at, stay.how_out) == (at + 4 * HOUR, "until")
    assert presence.end_due(session, at=at + 6 * HOUR) == 0


def test_leaving_ends_the_stay_once(session: Session, at: datetime) -> None:
    lieu, member = a_lieu(session), a_member(session)
    come(session, member, lieu, at)
    left = presence.leave(session, member_id=member.id, at=at + HOUR)
    assert (left.ended_at, left.how_out) == (at + HOUR, "left")
    with pytest.raises(presence.NotHere):
        presence.leave(session, member_id=member.id, at=at + HOUR)


def test_those_here_are_listed_in_order_of_arrival(session: Session, at: datetime) -> None:
    lieu, elsewhere = a_lieu(session), a_lieu(session)
    a, b, c = (a_member(session) for _ in range(3))
    come(session, b, lieu, at)
    come(session, a, lieu, at + HOUR)
    come(session, c, elsewhere, at)
    listed = presence.who_is_here(session, lieu_id=lieu.id, at=at + HOUR)
    assert [member for _, member in listed] == [b, a]
    assert presence.how_many(session, lieu_id=lieu.id, at=at + HOUR) == 2


def test_hiding_focus_and_place_are_of_this_stay(session: Session, at: datetime) -> None:
    lieu, member = a_lieu(session), a_member(session)
    come(session, member, lieu, at)
    presence.hide(session, member_id=member.id, at=at)
    presence.focus(session, member_id=member.id, until=at + HOUR, at=at)
    stay = presence.sit(session, member_id=member.id, place=" long  table", at=at)
    assert (stay.hidden_at, stay.focus_until, stay.place) == (at, at + HOUR, "long table")
    presence.leave(session, member_id=member.id, at=at)
    again = come(session, member, lieu, at + HOUR)
    assert (again.hidden_at, again.focus_until, again.place) == (None, None, "")


def pledges(session: Session) -> list[str]:
    return list(session.scalars(select(ledger.Transaction.key).order_by(ledger.Transaction.id)))


def test_a_declared_stay_pledges_when_it_is_confirmed(session: Session, at: datetime) -> None:
    lieu, member = a_lieu(session), a_member(session)
    stay = come(session, member, lieu, at, confirmed=False)
    assert (stay.confirmed_at, pledges(session)) == (None, [])
    presence.confirm(session, presence_id=stay.id, at=at + HOUR)
    presence.confirm(session, presence_id=stay.id, at=at + 2 * HOUR)
    assert stay.confirmed_at == at + HOUR
    assert len(pledges(session)) == 1


def test_a_declared_stay_is_confirmed_by_a_scan_at_the_door(session: Session, at: datetime) -> None:
    lieu, member = a_lieu(session), a_member(session)
    stay = come(session, member, lieu, at, confirmed=False)
    assert come(session, member, lieu, at + HOUR) is stay
    assert stay.confirmed_at == at + HOUR


def test_a_desk_is_pledged_for_once_a_day(session: Session, at: datetime) -> None:
    lieu, elsewhere, member = a_lieu(session), a_lieu(session), a_member(session)
    come(session, member, lieu, at)
    presence.leave(session, member_id=member.id, at=at + HOUR)
    come(session, member, lieu, at + 2 * HOUR)
    assert len(pledges(session)) == 1
    come(session, member, elsewhere, at + 3 * HOUR)
    come(session, member, lieu, at + 24 * HOUR)
    assert len(pledges(session)) == 3


def test_a_lieu_may_cost_nothing(session: Session, at: datetime) -> None:
    lieu, member = a_lieu(session), a_member(session)
    rules.write(
        session, lieu=lieu, terms=rules.Terms(stay_costs=0), text={}, after=0, by=None, at=at
    )
    come(session, member, lieu, at)
    assert pledges(session) == []


# --- races ----------------------------------------------------------------------------------


def without_the_index(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX uq_presence_open"))


@pytest.fixture
def engine(database_url: str) -> Engine:
    return create_engine(database_url, poolclass=NullPool, **engine_options(database_url))


def stale_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next reading of the open presence sees what it was before somebody else wrote."""
    truth: Callable[[Session, int], Presence | None] = presence._open_presence
    readings: list[None] = []

    def reading(session: Session, member_id: int) -> Presence | None:
        readings.append(None)
        return None if len(readings) == 1 else truth(session, member_id)

    monkeypatch.setattr(presence, "_open_presence", reading)


@pytest.mark.parametrize("guarded", [True, False])
def test_a_check_in_that_read_too_early_moves_unless_the_index_is_gone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    if not guarded:
        without_the_index(engine)
    with Session(engine) as session:
        with write_transaction(session):
            lieu, elsewhere, member = a_lieu(session), a_lieu(session), a_member(session)
            come(session, member, lieu, NOON)
        stale_once(monkeypatch)
        with write_transaction(session):
            come(session, member, elsewhere, NOON + HOUR)
        assert len(open_stays(session, member)) == (1 if guarded else 2)


def all_at_once(engine: Engine, doors: int, monkeypatch: pytest.MonkeyPatch) -> list[Presence]:
    """One member checked in at `doors` lieux by as many threads, each about to write at once.

    On SQLite writers stand in a queue, so the others cannot arrive at the barrier and it breaks:
    the queue is the first guard there, and the index the second.
    """
    with Session(engine) as session, write_transaction(session):
        lieux = [a_lieu(session).id for _ in range(doors)]
        member_id = a_member(session).id
    barrier = threading.Barrier(doors)
    truth = presence.add_if_new
    begun = threading.local()

    def together(session: Session, noun: type[Presence], **values: Any) -> Presence | None:
        if not getattr(begun, "yes", False):
            begun.yes = True
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait(timeout=1 if engine.dialect.name == "postgresql" else 0.05)
        return truth(session, noun, **values)

    monkeypatch.setattr(presence, "add_if_new", together)
    failures: list[BaseException] = []

    def arrive(lieu_id: int) -> None:
        try:
            with Session(engine) as session, write_transaction(session):
                presence.check_in(
                    session, member_id=member_id, lieu_id=lieu_id, until=NOON + HOUR,
                    how_in="qr", at=NOON, confirmed=False,
                )  # fmt: skip
        except presence.TwoDoorsAtOnce as error:
            failures.append(error)

    threads = [threading.Thread(target=arrive, args=(lieu_id,)) for lieu_id in lieux]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()
    monkeypatch.undo()
    with Session(engine) as session:
        stays = list(session.scalars(select(Presence).where(Presence.member_id == member_id)))
    assert len(stays) + len(failures) == doors
    return [stay for stay in stays if stay.ended_at is None]


@pytest.mark.parametrize("doors", [2, 6])
def test_two_lieux_at_the_same_instant_leave_one_open_stay(
    engine: Engine, doors: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(all_at_once(engine, doors, monkeypatch)) == 1


def test_control_without_the_index_the_race_is_lost(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_the_index(engine)
    assert len(all_at_once(engine, 2, monkeypatch)) == 2


def test_many_people_at_two_lieux_at_once_are_each_in_one_place(engine: Engine) -> None:
    """Two doors, one person after the other in the same order: SERENDIPITY_PAIRS=10000 for all."""
    with Session(engine) as session, write_transaction(session):
        lieux = [a_lieu(session).id for _ in range(2)]
        people = [a_member(session).id for _ in range(PAIRS)]
    together = threading.Barrier(2)

    def door(lieu_id: int) -> int:
        lost = 0
        for member_id in people:
            together.wait(timeout=30)
            try:
                with Session(engine) as session, write_transaction(session):
                    presence.check_in(
                        session, member_id=member_id, lieu_id=lieu_id, until=NOON + HOUR,
                        how_in="qr", at=NOON, confirmed=False,
                    )  # fmt: skip
            except Busy:  # TwoDoorsAtOnce, or a turn that did not come: nothing was recorded
                lost += 1
        return lost

    with ThreadPoolExecutor(2) as pool:
        lost = sum(pool.map(door, lieux))
    with Session(engine) as session:
        stays = list(session.scalars(select(Presence)))
    opened = Counter(stay.member_id for stay in stays if stay.ended_at is None)
    assert opened == dict.fromkeys(people, 1)
    assert all(stay.how_out == "moved" for stay in stays if stay.ended_at is not None)
    assert len(stays) == 2 * PAIRS - lost


def test_the_schema_itself_refuses_a_second_open_stay(session: Session, at: datetime) -> None:
    lieu, elsewhere, member = a_lieu(session), a_lieu(session), a_member(session)
    come(session, member, lieu, at)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(
            Presence(
                member_id=member.id, lieu_id=elsewhere.id, started_at=at, until=at + HOUR,
                how_in="qr",
            )
        )  # fmt: skip

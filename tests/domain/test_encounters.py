"""It happened when both say so; then, once, the tie grows and the answer is paid."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serendipity import encounters, ledger, ties
from serendipity.db import write_transaction
from serendipity.encounters import Encounter
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.ties import Tie
from tests.conftest import NOON
from tests.rows import a_lieu, a_member
from tests.woven import at_once, engine_of

DAY = timedelta(days=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def two(session: Session) -> tuple[Member, Member]:
    return a_member(session, "Awa"), a_member(session, "Karim")


@pytest.fixture
def met(session: Session, lieu: Lieu, two: tuple[Member, Member]) -> Encounter:
    ids = [one.id for one in two]
    return encounters.set_up(session, lieu_id=lieu.id, member_ids=ids, at=NOON)[0]


def confirm(
    session: Session, met: Encounter, who: Member, *, helped: bool = False, outcome: str = ""
) -> Encounter:
    return encounters.confirm(
        session,
        public_id=met.public_id,
        member_id=who.id,
        helped=helped,
        at=NOON + DAY,
        outcome=outcome,
    )


def earned(session: Session, who: Member) -> int:
    return ledger.balance(session, ledger.account_of(session, member_id=who.id))


def test_one_word_alone_counts_for_nothing(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    confirm(session, met, two[0], helped=True)
    assert met.happened_at is None
    assert session.scalars(select(Tie)).all() == []
    assert earned(session, two[1]) == 0


def test_both_words_grow_the_tie_and_pay_the_one_who_helped(
    session: Session, met: Encounter, two: tuple[Member, Member], lieu: Lieu
) -> None:
    confirm(session, met, two[0], helped=True)
    confirm(session, met, two[1])
    assert met.happened_at == NOON + DAY
    assert (earned(session, two[0]), earned(session, two[1])) == (0, 1)
    tie = ties.tie_of(session, one_id=two[0].id, other_id=two[1].id)
    assert tie is not None
    assert tie.trace == 1.0
    month = ledger.this_month(session, member_id=two[0].id, lieu=lieu, at=NOON + DAY)
    assert (month.given, month.received) == (0, 1)


def test_a_trade_pays_both(session: Session, met: Encounter, two: tuple[Member, Member]) -> None:
    for who in two:
        confirm(session, met, who, helped=True)
    assert [earned(session, who) for who in two] == [1, 1]


def test_nobody_is_paid_on_their_own_word(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    confirm(session, met, two[0], helped=True)
    confirm(session, met, two[1], helped=False)
    assert earned(session, two[0]) == 0


def test_saying_it_again_changes_nothing_but_what_came_of_it(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    for helped in (True, False, True):
        for who in two:
            confirm(session, met, who, helped=helped, outcome="advice")
    assert [earned(session, who) for who in two] == [1, 1]
    assert session.scalars(select(Tie.trace)).all() == [1.0]
    assert met.outcome == "advice"


def test_an_outcome_is_one_of_the_known_ones(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    with pytest.raises(encounters.NoSuchOutcome):
        confirm(session, met, two[0], outcome="x" * 100)
    assert met.a_confirmed_at is None


def test_a_stranger_and_a_missing_encounter_answer_alike(session: Session, met: Encounter) -> None:
    stranger = a_member(session)
    for public_id in (met.public_id, "unknown"):
        for verb, facts in ((encounters.confirm, {"helped": True}), (encounters.deny, {})):
            with pytest.raises(encounters.NoSuchEncounter):
                verb(session, public_id=public_id, member_id=stranger.id, at=NOON, **facts)


def test_what_one_denies_is_over_for_both_unless_both_had_said_it(
    session: Session, met: Encounter, two: tuple[Member, Member], lieu: Lieu
) -> None:
    encounters.deny(session, public_id=met.public_id, member_id=two[0].id, at=NOON)
    with pytest.raises(encounters.NoSuchEncounter):
        confirm(session, met, two[1])
    assert encounters.waiting_for(session, member_id=two[1].id, at=NOON) == []
    lived = encounters.set_up(
        session, lieu_id=lieu.id, member_ids=[one.id for one in two], at=NOON
    )[0]
    for who in two:
        confirm(session, lived, who)
    with pytest.raises(encounters.AlreadyHappened):
        encounters.deny(session, public_id=lived.public_id, member_id=two[0].id, at=NOON)


def test_a_member_is_asked_for_two_weeks_and_not_after_both_said_so(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    def asked(who: Member, after: timedelta) -> list[tuple[str, bool]]:
        found = encounters.waiting_for(session, member_id=who.id, at=NOON + after)
        return [(one.other.name, one.said) for one in found]

    assert asked(two[0], DAY) == [("Karim", False)]
    confirm(session, met, two[0])
    assert asked(two[0], DAY) == [("Karim", True)]
    assert asked(two[1], DAY) == [("Awa", False)]
    assert asked(two[1], 15 * DAY) == []
    confirm(session, met, two[1])
    assert asked(two[0], DAY) == asked(two[1], DAY) == []


def test_meetings_tell_the_ties(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    for who in two:
        confirm(session, met, who)
    before = [(tie.a_id, tie.b_id, tie.trace) for tie in session.scalars(select(Tie))]
    assert ties.recompute(session, encounters.meetings(session)) == 1
    assert [(tie.a_id, tie.b_id, tie.trace) for tie in session.scalars(select(Tie))] == before


def eight_times_each(database_url: str) -> tuple[int, list[float], list[object]]:
    """Ledger answers and tie traces after both confirmed eight times at the same instant."""
    engine = engine_of(database_url)
    with Session(engine) as session, write_transaction(session):
        lieu = a_lieu(session)
        ids = [a_member(session).id, a_member(session).id]
        met = encounters.set_up(session, lieu_id=lieu.id, member_ids=ids, at=NOON)[0]
        public_id = met.public_id

    def say(member_id: int) -> None:
        with Session(engine) as own, write_transaction(own):
            encounters.confirm(
                own, public_id=public_id, member_id=member_id, helped=member_id == ids[0], at=NOON
            )

    results = at_once([lambda key=key: say(key) for key in ids * 4])  # type: ignore[misc]
    with Session(engine) as session:
        answers = session.scalar(select(func.count()).where(ledger.Transaction.kind == "answer"))
        return answers or 0, list(session.scalars(select(Tie.trace))), results


def test_both_confirming_many_times_at_once_is_one_answer_and_one_tie(database_url: str) -> None:
    assert eight_times_each(database_url) == (1, [1.0], [None] * 8)


def test_control_without_the_lock_the_two_words_miss_each_other(
    database_url: str, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite there is one writer, so nothing can be missed there even without the lock."""
    import threading

    from sqlalchemy.sql.selectable import Select

    meet = threading.Barrier(8)
    say = encounters._say

    def together(met: Encounter, member_id: int, **facts: object) -> None:
        if dialect == "postgresql":
            meet.wait(timeout=10)  # all have looked, none has written
        say(met, member_id, **facts)  # type: ignore[arg-type]

    monkeypatch.setattr(Select, "with_for_update", lambda self, **_: self)
    monkeypatch.setattr(encounters, "_say", together)
    answers, traces, _ = eight_times_each(database_url)
    assert (answers, traces) == ((0, []) if dialect == "postgresql" else (1, [1.0]))

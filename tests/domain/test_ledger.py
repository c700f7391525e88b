"""Capital moves and never appears; the past cannot be edited; what is paid is paid once."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session

from serendipity import ledger
from serendipity.db import write_transaction
from serendipity.ledger import Account, Transaction, Transfer
from serendipity.lieux import Lieu
from serendipity.members import Member
from tests.conftest import FULL, NOON
from tests.rows import a_lieu, a_member
from tests.woven import at_once, engine_of

DAY = timedelta(days=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def member(session: Session) -> Member:
    return a_member(session)


def own_balance(session: Session, member: Member) -> int:
    return ledger.balance(session, ledger.account_of(session, member_id=member.id))


def pledge(session: Session, member: Member, lieu: Lieu, key: str, amount: int = 1) -> Transaction:
    return ledger.pledge(
        session, member_id=member.id, lieu_id=lieu.id, amount=amount, key=key, at=NOON
    )


def answer(session: Session, member: Member, lieu: Lieu, key: str, **more: Any) -> Transaction:
    facts = {"at": NOON, **more}
    return ledger.answer(session, helper_id=member.id, lieu_id=lieu.id, key=key, **facts)


def test_a_desk_is_promised_and_an_answer_keeps_the_promise(
    session: Session, lieu: Lieu, member: Member
) -> None:
    pledge(session, member, lieu, "stay")
    assert own_balance(session, member) == -1
    assert ledger.promised(session, member_id=member.id, lieu_id=lieu.id) == 1
    answer(session, member, lieu, "help")
    assert own_balance(session, member) == 0
    assert ledger.promised(session, member_id=member.id, lieu_id=lieu.id) == 0
    assert ledger.balance(session, ledger.account_of(session, lieu_id=lieu.id)) == 0
    assert ledger.total(session) == 0


def test_a_promise_to_one_lieu_is_not_kept_at_another(
    session: Session, lieu: Lieu, member: Member
) -> None:
    pledge(session, member, lieu, "stay")
    answer(session, member, a_lieu(session), "elsewhere")
    assert ledger.promised(session, member_id=member.id, lieu_id=lieu.id) == 1


def test_the_same_key_pays_once(session: Session, lieu: Lieu, member: Member) -> None:
    answer(session, member, lieu, "help")
    with pytest.raises(ledger.AlreadyPosted):
        answer(session, member, lieu, "help")
    assert own_balance(session, member) == 1


@pytest.mark.parametrize(
    "amount", [0, -1, 1_000_001, 2**63, 1.0, math.nan, math.inf, True, "1", None]
)
def test_only_whole_numbers_from_one_to_a_million_move(
    session: Session, lieu: Lieu, member: Member, amount: Any
) -> None:
    with pytest.raises(ledger.BadAmount):
        pledge(session, member, lieu, "stay", amount)
    assert session.scalar(select(func.count()).select_from(Transaction)) == 0


@pytest.mark.parametrize("key", ["", "k" * 121, "a\0b"])
def test_a_key_is_short_and_says_something(
    session: Session, lieu: Lieu, member: Member, key: str
) -> None:
    with pytest.raises(ledger.BadKey):
        pledge(session, member, lieu, key)


def test_nobody_gives_to_themself(session: Session, lieu: Lieu, member: Member) -> None:
    own = ledger.account_of(session, member_id=member.id).id
    with pytest.raises(ledger.NotYourself):
        ledger.post(
            session, kind="gift", key="k", lieu_id=lieu.id, transfers=[(own, own, 1)], at=NOON
        )


def test_a_transaction_moves_something(session: Session, lieu: Lieu) -> None:
    with pytest.raises(ledger.NoTransfers):
        ledger.post(session, kind="gift", key="k", lieu_id=lieu.id, transfers=[], at=NOON)


def test_an_account_has_one_holder(session: Session, lieu: Lieu, member: Member) -> None:
    with pytest.raises(TypeError):
        ledger.account_of(session, member_id=member.id, lieu_id=lieu.id)
    first = ledger.account_of(session, member_id=member.id)
    assert ledger.account_of(session, member_id=member.id) is first


def test_a_gift_is_from_what_one_has(session: Session, lieu: Lieu, member: Member) -> None:
    other = a_member(session)
    gift = {"giver_id": member.id, "taker_id": other.id, "lieu_id": lieu.id, "at": NOON}
    answer(session, member, lieu, "help")
    with pytest.raises(ledger.NotEnough):
        ledger.give(session, amount=2, key="two", **gift)
    ledger.give(session, amount=1, key="one", **gift)
    assert (own_balance(session, member), own_balance(session, other)) == (0, 1)


def test_forgiveness_lets_go_of_what_is_promised_and_no_more(
    session: Session, lieu: Lieu, member: Member
) -> None:
    pledge(session, member, lieu, "stay", 3)
    ledger.forgive(session, member_id=member.id, lieu_id=lieu.id, key="f", at=NOON)
    assert own_balance(session, member) == 0
    with pytest.raises(ledger.NothingPromised):
        ledger.forgive(session, member_id=member.id, lieu_id=lieu.id, key="g", at=NOON)


def test_what_serves_the_lieu_is_thanked_for(session: Session, lieu: Lieu, member: Member) -> None:
    facts = {"member_id": member.id, "lieu_id": lieu.id, "amount": 1, "at": NOON}
    for kind, what in (("service", "shift"), ("service", "story"), ("promotion", "")):
        ledger.thank(session, kind=kind, what=what, key=f"{kind}{what}", **facts)
    assert own_balance(session, member) == 3
    assert session.scalars(select(Transaction.returns).order_by(Transaction.id)).all() == [
        "material",
        "informational",
        "symbolic",
    ]
    for kind, what in (("gift", ""), ("service", ""), ("promotion", "shift"), ("service", "nap")):
        with pytest.raises(ValueError, match="nobody is thanked"):
            ledger.thank(session, kind=kind, what=what, key="x", **facts)


def test_a_transaction_is_reversed_once_and_a_reversal_never(
    session: Session, lieu: Lieu, member: Member
) -> None:
    wrong = answer(session, member, lieu, "help")
    back = ledger.reverse(session, public_id=wrong.public_id, at=NOON + DAY)
    assert own_balance(session, member) == 0
    with pytest.raises(ledger.AlreadyReversed):
        ledger.reverse(session, public_id=wrong.public_id, at=NOON + DAY)
    with pytest.raises(ledger.ReversalStays):
        ledger.reverse(session, public_id=back.public_id, at=NOON + DAY)
    with pytest.raises(ledger.NoSuchTransaction):
        ledger.reverse(session, public_id="unknown", at=NOON)


@pytest.mark.parametrize(("after", "too_late"), [(7 * DAY, False), (7 * DAY + DAY / 9, True)])
def test_a_week_is_the_time_to_reverse(
    session: Session, lieu: Lieu, member: Member, after: timedelta, too_late: bool
) -> None:
    wrong = answer(session, member, lieu, "help")
    if too_late:
        with pytest.raises(ledger.TooLateToReverse):
            ledger.reverse(session, public_id=wrong.public_id, at=NOON + after)
    else:
        ledger.reverse(session, public_id=wrong.public_id, at=NOON + after)
    assert own_balance(session, member) == (1 if too_late else 0)


def test_a_statement_shows_what_moved_and_names_nobody(
    session: Session, lieu: Lieu, member: Member
) -> None:
    helped = a_member(session, "Karim")
    pledge(session, member, lieu, "stay")
    answer(session, member, lieu, "help", served_id=helped.id, at=NOON + DAY)
    lines = ledger.statement(session, member_id=member.id)
    assert [(line.kind, line.amount) for line in lines] == [("answer", 1), ("pledge", -1)]
    assert sum(line.amount for line in lines) == own_balance(session, member)
    assert not any("Karim" in str(line) for line in lines)


def test_reading_opens_no_account(session: Session, lieu: Lieu, member: Member) -> None:
    assert ledger.statement(session, member_id=member.id) == []
    assert ledger.promised(session, member_id=member.id, lieu_id=lieu.id) == 0
    assert ledger.this_month(session, member_id=member.id, lieu=lieu, at=NOON).given == 0
    assert session.scalar(select(func.count()).select_from(Account)) == 0


def test_the_month_counts_answers_given_and_received_but_not_those_taken_back(
    session: Session, lieu: Lieu, member: Member
) -> None:
    other = a_member(session)
    answer(session, member, lieu, "1", at=NOON - 25 * DAY, served_id=other.id)  # 1 March
    answer(session, other, lieu, "2", at=NOON, served_id=member.id)  # 26 March
    answer(session, member, lieu, "3", at=NOON - 30 * DAY)  # February
    wrong = answer(session, member, lieu, "4", at=NOON, served_id=other.id)
    ledger.reverse(session, public_id=wrong.public_id, at=NOON)
    pledge(session, member, lieu, "stay", 4)
    month = ledger.this_month(session, member_id=member.id, lieu=lieu, at=NOON)
    assert (month.given, month.received, month.promised) == (1, 1, 2)
    assert [(week.first, week.last) for week in month.weeks] == [
        (1, 7),
        (8, 14),
        (15, 21),
        (22, 26),
    ]
    assert [(week.given, week.received) for week in month.weeks] == [(1, 0), (0, 0), (0, 0), (0, 1)]


CHEATS = (
    "UPDATE ledger_transfer SET amount = 7",
    "DELETE FROM ledger_transfer",
    "UPDATE ledger_transaction SET kind = 'gift'",
    "DELETE FROM ledger_transaction",
)
CHEATS_BY_DIALECT = {
    "sqlite": (
        "INSERT OR REPLACE INTO ledger_transfer (id, transaction_id, giver_id, taker_id, amount)"
        " SELECT id, transaction_id, giver_id, taker_id, 7 FROM ledger_transfer",
        "INSERT OR REPLACE INTO ledger_transaction (public_id, kind, key, lieu_id, at)"
        " SELECT 'other', kind, key, lieu_id, 0 FROM ledger_transaction",
    ),
    "postgresql": (
        "TRUNCATE ledger_transfer",
        "INSERT INTO ledger_transfer (id, transaction_id, giver_id, taker_id, amount)"
        " SELECT id, transaction_id, giver_id, taker_id, 7 FROM ledger_transfer"
        " ON CONFLICT (id) DO UPDATE SET amount = 7",
    ),
}


def test_the_database_itself_refuses_every_edit_of_the_past(
    session: Session, lieu: Lieu, member: Member, dialect: str
) -> None:
    pledge(session, member, lieu, "stay")
    for cheat in CHEATS + CHEATS_BY_DIALECT[dialect]:
        with pytest.raises(DatabaseError, match="append-only"), session.begin_nested():
            session.execute(text(cheat))
    assert session.scalars(select(Transfer.amount)).all() == [1]


@pytest.mark.parametrize(
    "facts",
    [{"amount": 0}, {"amount": -1}, {"amount": 1_000_001}, {"giver": "taker"}],
    ids=["nothing", "negative", "too much", "to oneself"],
)
def test_the_schema_refuses_transfers_that_no_verb_would_post(
    session: Session, lieu: Lieu, member: Member, facts: dict[str, Any]
) -> None:
    made = pledge(session, member, lieu, "stay")
    taker = ledger.account_of(session, lieu_id=lieu.id).id
    giver = taker if "giver" in facts else ledger.account_of(session, member_id=member.id).id
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(
            Transfer(
                transaction_id=made.id,
                giver_id=giver,
                taker_id=taker,
                amount=facts.get("amount", 1),
            )
        )


def test_two_posts_of_one_key_at_once_are_one(database_url: str) -> None:
    engine = engine_of(database_url)
    with Session(engine) as session, write_transaction(session):
        lieu_id, member_id = a_lieu(session).id, a_member(session).id

    def pay() -> None:
        with Session(engine) as own, write_transaction(own):
            ledger.answer(own, helper_id=member_id, lieu_id=lieu_id, key="one", at=NOON)

    results = at_once([pay] * 8)
    assert sum(result is None for result in results) == 1
    assert {type(result) for result in results if result} == {ledger.AlreadyPosted}
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Transfer)) == 1
        assert session.scalar(select(func.count()).select_from(Account)) == 2


def test_two_gifts_at_once_do_not_give_more_than_there_is(database_url: str) -> None:
    engine = engine_of(database_url)
    with Session(engine) as session, write_transaction(session):
        lieu = a_lieu(session)
        giver, taker = a_member(session), a_member(session)
        answer(session, giver, lieu, "help")
        ledger.account_of(session, member_id=taker.id)
        ids = {"giver_id": giver.id, "taker_id": taker.id, "lieu_id": lieu.id}

    def give(key: str) -> None:
        with Session(engine) as own, write_transaction(own):
            ledger.give(own, amount=1, key=key, at=NOON, **ids)

    results = at_once([lambda key=f"gift{n}": give(key) for n in range(6)])  # type: ignore[misc]
    assert sum(result is None for result in results) == 1
    assert {type(result) for result in results if result} == {ledger.NotEnough}


JOURNAL = text(
    "SELECT giver.member_id, taker.member_id, amount FROM ledger_transfer"
    " JOIN account AS giver ON giver.id = giver_id JOIN account AS taker ON taker.id = taker_id"
)


class Ledger(RuleBasedStateMachine):
    """Anything anybody may do, in any order: the sum stays 0 and the journal explains it all."""

    connection: Connection  # one for all runs; what a run wrote is rolled back at its end
    steps = 0  # of all runs together

    def __init__(self) -> None:
        super().__init__()
        self.outer = self.connection.begin()
        self.session = Session(self.connection, join_transaction_mode="create_savepoint")
        self.lieu = a_lieu(self.session)
        self.members = [a_member(self.session) for _ in range(3)]
        self.posted: dict[str, tuple[str, dict[int, int]]] = {}  # key → public id, what it moved
        self.reversed: set[str] = set()
        self.expected = {member.id: 0 for member in self.members}

    def teardown(self) -> None:
        self.session.close()
        self.outer.rollback()

    who = st.integers(0, 2)
    keys = st.integers(0, 12)
    amounts = st.integers(1, 4)

    def _post(
        self,
        verb: Callable[..., Transaction],
        key: str,
        moves: dict[int, int],
        unless: type[Exception] | None = None,
        **facts: Any,
    ) -> None:
        """Post it, or be refused for a reason that the history so far gives."""
        why = unless or (ledger.AlreadyPosted if key in self.posted else None)
        facts |= {"lieu_id": self.lieu.id, "key": key, "at": NOON}
        if why:
            with pytest.raises(why):
                verb(self.session, **facts)
        else:
            self.posted[key] = verb(self.session, **facts).public_id, moves
            self._move(moves)

    def _move(self, moves: dict[int, int], sign: int = 1) -> None:
        for member_id, amount in moves.items():
            self.expected[member_id] += sign * amount

    @rule(who=who, key=keys, amount=amounts)
    def pledge(self, who: int, key: int, amount: int) -> None:
        one = self.members[who].id
        moves = {one: -amount}
        self._post(ledger.pledge, f"pledge:{key}", moves, member_id=one, amount=amount)

    @rule(who=who, key=keys)
    def answer(self, who: int, key: int) -> None:
        one = self.members[who].id
        self._post(ledger.answer, f"answer:{key}", {one: 1}, helper_id=one)

    @rule(who=who, key=keys, amount=amounts)
    def thank(self, who: int, key: int, amount: int) -> None:
        one = self.members[who].id
        facts = {"kind": "promotion", "member_id": one, "amount": amount}
        self._post(ledger.thank, f"thank:{key}", {one: amount}, **facts)

    @rule(who=who, key=keys)
    def forgive(self, who: int, key: int) -> None:
        one = self.members[who].id
        owes = -self.expected[one]
        refused = None if owes > 0 else ledger.NothingPromised
        self._post(ledger.forgive, f"forgive:{key}", {one: owes}, refused, member_id=one)

    @rule(who=who, other=who, key=keys, amount=amounts)
    def give(self, who: int, other: int, key: int, amount: int) -> None:
        giver, taker = self.members[who].id, self.members[other].id
        facts = {"giver_id": giver, "taker_id": taker, "amount": amount}
        refused = ledger.NotEnough if self.expected[giver] < amount else None
        if giver == taker:
            refused = ledger.NotYourself
        self._post(ledger.give, f"gift:{key}", {giver: -amount, taker: amount}, refused, **facts)

    @precondition(lambda self: self.posted)
    @rule(place=st.integers(0, 30))
    def reverse_twice(self, place: int) -> None:
        key = list(self.posted)[place % len(self.posted)]
        for _ in range(2):
            self._reverse(key)

    def _reverse(self, key: str) -> None:
        public_id, moves = self.posted[key]
        if key in self.reversed:
            with pytest.raises(ledger.AlreadyReversed):
                ledger.reverse(self.session, public_id=public_id, at=NOON)
        else:
            ledger.reverse(self.session, public_id=public_id, at=NOON)
            self.reversed.add(key)
            self._move(moves, -1)

    @invariant()
    def sums_to_zero_and_replays(self) -> None:
        type(self).steps += 1
        assert ledger.total(self.session) == 0
        for member_id, expected in self.expected.items():
            assert ledger.balance_of(self.session, member_id=member_id) == expected
        assert self._replayed() == {None: -sum(self.expected.values()), **self.expected}

    def _replayed(self) -> dict[int | None, int]:
        """What each member has, and the commons (None), told by the journal line by line."""
        has = dict.fromkeys([None, *self.expected], 0)
        for gave, took, amount in self.session.execute(JOURNAL):
            has[gave] -= amount
            has[took] += amount
        return has


def test_whatever_happens_the_ledger_sums_to_zero_and_replays(shared_engine: Engine) -> None:
    """`SERENDIPITY_TEST_FULL=1` goes on for 100,000 steps."""
    wanted = 100_000 if FULL else 1
    with shared_engine.connect() as connection:
        machine = type("Bound", (Ledger,), {"connection": connection})
        while machine.steps < wanted:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=100 if FULL else 12,
                    stateful_step_count=50 if FULL else 25,
                    deadline=None,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
    print(f"{machine.steps} steps")

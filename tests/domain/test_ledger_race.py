"""Many clients and processes at one ledger: it sums to nothing, replays, and pays once.

Small by default. `SERENDIPITY_TEST_FULL=1` runs it at full size: 100,000 steps of the state machine
in test_ledger.py, 32 clients here, and a thousand encounters that eight processes confirm at once.
"""

from __future__ import annotations

import multiprocessing
import random
from collections import Counter

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serendipity import encounters, ledger
from serendipity.db import write_transaction
from serendipity.errors import Busy, Refused
from serendipity.ledger import Account, Transaction, Transfer
from serendipity.lieux import Lieu
from serendipity.ties import Tie
from tests.confirming import Race, confirm_them_all
from tests.conftest import FULL, NOON
from tests.rows import a_lieu, a_member
from tests.woven import at_once, engine_of

CLIENTS, STEPS = (32, 150) if FULL else (8, 8)
PROCESSES, ENCOUNTERS = (8, 1000) if FULL else (3, 12)


def one_step(session: Session, chance: random.Random, lieu_id: int, ids: list[int]) -> None:
    """Anything anybody may do."""
    one, other = chance.sample(ids, 2)
    key = f"{chance.randrange(400)}"
    facts = {"lieu_id": lieu_id, "at": NOON}
    match chance.randrange(5):
        case 0:
            amount = chance.randint(1, 4)
            ledger.pledge(session, member_id=one, amount=amount, key=f"p{key}", **facts)
        case 1:
            ledger.answer(session, helper_id=one, served_id=other, key=f"a{key}", **facts)
        case 2:
            gift = {"giver_id": one, "taker_id": other, "amount": 1}
            ledger.give(session, key=f"g{key}", **gift, **facts)
        case 3:
            ledger.forgive(session, member_id=one, key=f"f{key}", **facts)
        case _:
            rows = session.scalars(select(Transaction.public_id).order_by(Transaction.id)).all()
            wrong = chance.choice(rows) if rows else "nothing yet"
            ledger.reverse(session, public_id=wrong, at=NOON)


def a_client(url: str, seed: int, lieu_id: int, ids: list[int]) -> Counter[str]:
    """Its steps, each tried twice, in transactions of their own; what each came to."""
    engine, came = engine_of(url), Counter[str]()
    for number in range(STEPS):
        for _ in range(2):
            try:
                with Session(engine) as session, write_transaction(session):
                    one_step(session, random.Random(seed * 10_000 + number), lieu_id, ids)
            except (Refused, Busy) as error:
                came[type(error).__name__] += 1
            else:
                came["done"] += 1
            with Session(engine) as session:
                assert ledger.total(session) == 0
    return came


def replayed(session: Session) -> Counter[int]:
    """Balances by going through the journal, transfer by transfer."""
    found: Counter[int] = Counter()
    for moved in session.scalars(select(Transfer).order_by(Transfer.id)):
        found[moved.giver_id] -= moved.amount
        found[moved.taker_id] += moved.amount
    return found


def test_many_clients_move_capital_and_none_appears(database_url: str) -> None:
    with Session(engine_of(database_url)) as session, write_transaction(session):
        lieu_id = a_lieu(session).id
        ids = [a_member(session).id for _ in range(6)]
    results = at_once(
        [
            lambda seed=seed: a_client(database_url, seed, lieu_id, ids)  # type: ignore[misc]
            for seed in range(CLIENTS)
        ],
        within=3600,
    )
    assert [one for one in results if isinstance(one, Exception)] == []
    came = sum(results, Counter[str]())
    print(f"{CLIENTS} clients: {dict(came)}")
    with Session(engine_of(database_url)) as session:
        assert ledger.total(session) == 0
        replay = replayed(session)
        for account in session.scalars(select(Account)):
            assert ledger.balance(session, account) == replay[account.id]
        back = session.scalars(select(Transaction.reverses_id).where(Transaction.reverses_id > 0))
        reversed_ones = back.all()
        assert len(reversed_ones) == len(set(reversed_ones))
        count = session.scalar(select(func.count()).select_from(Transaction))
    assert count == came["done"]
    assert {"AlreadyPosted", "AlreadyReversed"} <= set(came)


def test_encounters_confirmed_by_many_processes_at_once_pay_once_each(database_url: str) -> None:
    with Session(engine_of(database_url)) as session, write_transaction(session):
        lieu = a_lieu(session)
        people = [a_member(session).id for _ in range(2 * ENCOUNTERS)]
        pairs = list(zip(people[::2], people[1::2], strict=True))
        race = Race(database_url, [(_set_up(session, lieu, pair), pair) for pair in pairs], NOON)
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(PROCESSES)
    workers = [
        spawn.Process(target=confirm_them_all, args=(race, start, turn))
        for turn in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=3600)
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    with Session(engine_of(database_url)) as session:
        answers = session.scalars(select(Transaction.encounter_id)).all()
        assert len(answers) == len(set(answers)) == ENCOUNTERS
        assert set(session.scalars(select(Tie.trace))) == {1.0}
        assert session.scalar(select(func.count()).select_from(Tie)) == ENCOUNTERS
        assert ledger.total(session) == 0


def _set_up(session: Session, lieu: Lieu, pair: tuple[int, int]) -> str:
    found = encounters.set_up(session, lieu_id=lieu.id, member_ids=pair, at=NOON)
    return found[0].public_id

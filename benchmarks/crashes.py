"""Crashes: the night killed at every step and restarted, then many workers for many nights.

Real processes, real SIGKILL, a real SMTP server. Each run of the night is a fork that plans, owes
and delivers; at one step it kills itself. After so many deaths it runs to its end, on a clock that
went on meanwhile. Then several workers at once share thirty nights while somebody kills them at
random and members hide, withdraw, pause, block and leave between plan and sending.

What must hold is counted from both sides, the outbox and the server's own list.
"""

from __future__ import annotations

import dataclasses
import email
import multiprocessing
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from flask import Flask
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

import matching
from benchmarks import networks
from benchmarks.report import Bar, Report
from serendipity import clock, config, consent, lieux, mail, members, migrate, runs, suggestions
from serendipity.app import create_app
from serendipity.consent import Consent
from serendipity.db import database, engine_options, reading, write_transaction
from serendipity.errors import Busy
from serendipity.introductions import Introduction
from serendipity.jobs import delivery, night, post
from serendipity.lieux import Lieu
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.needs import Need
from serendipity.presence import Presence
from serendipity.skills import MemberSkill

START: Final = datetime(2026, 5, 4, 20, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
WORDS: Final = ("accounting", "bike repair", "laser cutting", "photography", "law", "welding")
FORK: Final = multiprocessing.get_context("fork")

# Where the night can die: what is called there, and whether before or after it.
STEPS: Final[dict[str, tuple[Any, str, str]]] = {
    "planned": (night, "_planned", "after"),
    "turn taken": (runs, "begin", "after"),
    "round kept": (suggestions, "record", "after"),
    "letters owed": (mail, "owe_all", "after"),
    "night committed": (night, "run", "after"),
    "claimed": (mail, "claim", "after"),
    "written": (delivery, "_written", "after"),
    "announced": (delivery, "_announce", "after"),
    "begun": (mail, "begin", "after"),
    "before DATA": (post.SmtpPost, "hand_over", "before"),
    "after DATA": (post.SmtpPost, "hand_over", "after"),
    "told as sent": (mail, "sent", "after"),
    "delivered": (delivery, "_deliver", "after"),
}
IN_DATA_WINDOW: Final = {"before DATA", "after DATA", "told as sent"}


# --- the post office ------------------------------------------------------------------------


class Office:
    """A real SMTP server that writes down what it took."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str]] = []  # message id, to, the whole words

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content)
        words = envelope.content.decode()
        self.taken.append((str(message["Message-ID"]), str(message["To"]), words))
        return "250 taken"


@contextmanager
def office() -> Iterator[tuple[Office, str]]:
    """An open office and its address."""
    from aiosmtpd.controller import Controller  # noqa: PLC0415 (of the tests' extra)

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    taking = Office()
    controller = Controller(taking, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield taking, f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


# --- people ---------------------------------------------------------------------------------


def fill(url: str, *, places: int, people: int) -> None:
    """Lieux whose members want letters, offer one thing and need another."""
    engine = create_engine(url, poolclass=NullPool, **engine_options(url))
    week_ago = START - 7 * DAY
    with Session(engine) as given, write_transaction(given) as session:
        for number in range(places):
            lieu = Lieu(slug=f"lieu-{number}", name=f"Lieu {number}", timezone="UTC",
                        created_at=week_ago, opened_at=week_ago)  # fmt: skip
            session.add(lieu)
            session.flush()
            for n in range(people):
                _person(session, lieu, n, week_ago)
    engine.dispose()


def _person(session: Session, lieu: Lieu, n: int, at: datetime) -> None:
    member = Member(
        # no name is a part of another: letters are searched for them
        email=f"m{lieu.id}-{n:03}@example.org", name=f"Member {lieu.id}-{n:03}", languages=["en"],
        home_lieu_id=lieu.id, created_at=at, email_confirmed_at=at,
    )  # fmt: skip
    session.add(member)
    session.flush()
    session.add_all(
        [
            Consent(member_id=member.id, lieu_id=lieu.id, by_mail=True, chosen_at=at),
            MemberSkill(member_id=member.id, words=WORDS[n % 6], language="en", read_at=at,
                        offered_at=at),
            Need(member_id=member.id, lieu_id=lieu.id, words=WORDS[(n + 1) % 6], language="en",
                 read_at=at, said_at=at, expires_at=at + 365 * DAY),
        ]
    )  # fmt: skip


# --- a worker that may die ------------------------------------------------------------------


@contextmanager
def night_app(url: str, smtp: str) -> Iterator[Flask]:
    """What every fork works with, made once: it takes longer than a small night."""
    _ = matching.Community  # the engine is loaded when first asked for; here, before the forks
    with tempfile.TemporaryDirectory() as folder:
        settings = config.load(
            {}, instance=Path(folder), database_url=url, smtp_url=smtp, secret_key="of the test",
            mail_per_minute=1_000_000,
        )  # fmt: skip
        app = create_app(settings)
        with app.app_context():
            database.engine.dispose()  # a connection is not shared with a fork
        yield app


def _run(app: Flask, now: datetime, what: str, die_at: str | None) -> None:
    """In a fork: plan the nights, deliver, or both; kill oneself at a step."""
    begun = time.monotonic()
    clock.set_source(lambda: now + timedelta(seconds=time.monotonic() - begun))
    if die_at is not None:
        _kill_at(*STEPS[die_at])
    with app.app_context():
        if what != "deliver":
            _plan(now)
        if what != "plan":
            _deliver(app.config["SETTINGS"])
        database.engine.dispose()


def _plan(now: datetime) -> None:
    """Every lieu's night; one that another has in hand for too long is due again later."""
    slugs = [lieu.slug for lieu in lieux.open_lieux(reading())]
    for slug in random.sample(slugs, len(slugs)):
        with suppress(Busy):
            night.run(reading, lieu=slug, local_date=now.date(), at=clock.now())


def _deliver(settings: config.Settings) -> None:
    """All that is due; a beat that meets a busy database leaves its work to the next one."""
    desk = delivery.Desk(reading, post.SmtpPost(settings.smtp_url), settings)
    found = 1
    while found:
        with suppress(Busy):
            found = sum(delivery.deliver_due(desk, limit=7).values())
    desk.post.close()


def _kill_at(owner: Any, name: str, when: str) -> None:
    """From now on, calling this is the end of the process."""
    real: Callable[..., Any] = getattr(owner, name)

    def deadly(*given: Any, **named: Any) -> Any:
        if when == "after":
            real(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, deadly)


def _started(app: Flask, now: datetime, what: str, die_at: str | None = None) -> Any:
    process = FORK.Process(target=_run, args=(app, now, what, die_at))
    process.start()
    return process


# --- killed at every step -------------------------------------------------------------------


@dataclasses.dataclass
class Found:
    """What the outbox and the server say, and what is wrong with it."""

    planned: int
    sent: int
    uncertain: int
    withdrawn: int
    taken: int
    twice: int
    lost: int  # planned, and neither sent, uncertain nor withdrawn; or sent and never taken
    outside: int  # uncertain without a death in the DATA window
    met_twice: int  # pairs that were introduced twice


def killed_at(url: str, step: str, *, restarts: int) -> Found:
    """Run the night, die at this step so many times, run it to its end, and look."""
    now = START
    with office() as (taking, smtp), night_app(url, smtp) as app:
        for _ in range(restarts):
            process = _started(app, now, "all", step)
            process.join()
            if process.exitcode != -signal.SIGKILL:
                break  # nothing was left to do at this step
            now += 11 * MINUTE
        for _ in range(2):  # the second finds nothing, or what the first had to wait for
            process = _started(app, now, "all")
            process.join()
            if process.exitcode:
                raise RuntimeError(f"the night ended with code {process.exitcode}")
            now += 11 * MINUTE
        return _found(url, taking, deaths=restarts if step in IN_DATA_WINDOW else 0)


def _found(url: str, taking: Office, *, deaths: int) -> Found:
    engine = create_engine(url, poolclass=NullPool, **engine_options(url))
    with Session(engine) as session:
        letters = list(session.scalars(select(Letter)))
        pairs = Counter(
            tuple(side.member_id for side in one.sides)
            for one in session.scalars(select(Introduction))
        )
    engine.dispose()
    ended = Counter(_end(letter) for letter in letters)
    taken = Counter(message_id.strip("<>").partition("@")[0] for message_id, _, _ in taking.taken)
    sent = {letter.public_id for letter in letters if letter.sent_at}
    return Found(
        planned=len(letters),
        sent=ended["sent"],
        uncertain=ended["uncertain"],
        withdrawn=ended["withdrawn"],
        taken=len(taken),
        twice=sum(count - 1 for count in taken.values()),
        lost=ended["lost"] + len(sent - set(taken)),
        outside=max(0, ended["uncertain"] - deaths),
        met_twice=sum(count - 1 for count in pairs.values()),
    )


def _end(letter: Letter) -> str:
    for name in ("sent", "uncertain", "withdrawn", "failed"):
        if getattr(letter, f"{name}_at"):
            return name
    return "lost"


# --- many workers, many nights --------------------------------------------------------------


@dataclasses.dataclass
class Nights:
    """The whole of it, and letters that reached or named somebody who had said no meanwhile."""

    found: Found
    told: int
    changes: int
    deaths: int


def many(url: str, *, workers: int, nights: int, seed: int) -> Nights:
    """So many workers at once, night after night, killed at random, while members change."""
    chance = random.Random(seed)
    told = changes = deaths = 0
    with office() as (taking, smtp), night_app(url, smtp) as app:
        for number in range(nights):
            now = START + number * DAY
            _come(url, number, now)
            deaths += _together(app, now, "plan", workers=workers, chance=chance)
            _together(app, now + MINUTE, "plan", workers=1)  # who died left something to do
            changed, undo = _change(url, now + 2 * MINUTE, chance)
            before = len(taking.taken)
            later = now + 3 * MINUTE
            deaths += _together(app, later, "deliver", workers=workers, chance=chance)
            _together(app, now + 15 * MINUTE, "deliver", workers=2)
            told += sum(
                any(no.is_broken_by(one) for no in changed) for one in taking.taken[before:]
            )
            changes += len(changed)
            undo()
        _together(app, now + DAY, "deliver", workers=1)
        return Nights(_found(url, taking, deaths=deaths), told, changes, deaths)


def _come(url: str, night: int, at: datetime) -> None:
    """Two newcomers at each lieu: the others have had their letter of the week."""
    engine = create_engine(url, poolclass=NullPool, **engine_options(url))
    with Session(engine) as given, write_transaction(given) as session:
        for lieu in session.scalars(select(Lieu)):
            for n in (0, 1):
                _person(session, lieu, 100 + 2 * night + n, at)
    engine.dispose()


def _together(
    app: Flask, now: datetime, what: str, *, workers: int, chance: random.Random | None = None
) -> int:
    """Workers side by side; with chance, one in four of them is killed on the way."""
    running = [_started(app, now, what) for _ in range(workers)]
    if chance is not None:
        for process in chance.sample(running, workers // 4):
            process.join(chance.uniform(0.05, 0.6))
            if process.is_alive():
                os.kill(process.pid, signal.SIGKILL)
    for process in running:
        process.join()
    if any(process.exitcode not in (0, -signal.SIGKILL) for process in running):
        raise RuntimeError(f"a worker ended with {[one.exitcode for one in running]}")
    return sum(process.exitcode == -signal.SIGKILL for process in running)


@dataclasses.dataclass(frozen=True)
class No:
    """Somebody who wants no letter, or (`apart`) none that joins them with one of these."""

    address: str
    name: str
    apart: Sequence[No] = ()

    def is_in(self, reader: str, words: str) -> bool:
        return self.address == reader or self.address in words or self.name in words

    def is_broken_by(self, taken: tuple[str, str, str]) -> bool:
        """Whether a letter is one that they did not want."""
        _, reader, words = taken
        if not self.is_in(reader, words):
            return False
        return not self.apart or any(other.is_in(reader, words) for other in self.apart)


def _change(url: str, at: datetime, chance: random.Random) -> tuple[list[No], Callable[[], None]]:
    """Have one member in six say no, each in another way; who, and how to undo it."""
    engine = create_engine(url, poolclass=NullPool, **engine_options(url))
    changed: list[No] = []
    with Session(engine) as given, write_transaction(given) as session:
        people = list(session.scalars(select(Member).where(Member.erased_at.is_(None))))
        some = chance.sample(people, len(people) // 6)
        for n, member in enumerate(some):
            changed.append(_say_no(session, member, n % 5, at, people))
        ids = [member.id for member in some]

    def undo() -> None:
        with Session(engine) as given, write_transaction(given) as session:
            session.execute(text("DELETE FROM presence"))
            session.execute(text("UPDATE member SET paused_until = NULL"))
            for row in session.scalars(select(Consent).where(Consent.member_id.in_(ids))):
                row.by_mail = True
        engine.dispose()

    return changed, undo


def _say_no(
    session: Session, member: Member, how: int, at: datetime, people: Sequence[Member]
) -> No:
    lieu_id, no = int(member.home_lieu_id or 0), No(str(member.email), member.name)
    if how == 0:  # hides
        session.add(Presence(member_id=member.id, lieu_id=lieu_id, started_at=at, until=at + DAY,
                             how_in="qr", confirmed_at=at, hidden_at=at))  # fmt: skip
    elif how == 1:  # withdraws
        consent.choose(session, member_id=member.id, lieu_id=lieu_id, here_today=False,
                       by_mail=False, other_lieux=False, at=at)  # fmt: skip
    elif how == 2:  # noqa: PLR2004 (pauses)
        members.pause(session, member_id=member.id, until=at + timedelta(hours=20))
    elif how == 3:  # noqa: PLR2004 (blocks everybody of the lieu)
        others = [one for one in people if one.home_lieu_id == lieu_id and one is not member]
        for other in others:
            members.block(session, blocker_id=member.id, blocked_id=other.id, at=at)
        return dataclasses.replace(no, apart=[No(str(one.email), one.name) for one in others])
    else:  # leaves
        members.erase(session, member_id=member.id, at=at)
    return no


# --- the benchmark --------------------------------------------------------------------------


def measure(data: Path | None, *, quick: bool) -> Report:
    """Both databases, every step with five deaths, then eight workers for thirty nights."""
    restarts, workers, nights = (1, 3, 3) if quick else (5, 8, 30)
    figures: dict[str, Any] = {}
    bad: Counter[str] = Counter()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(networks.server())
        for dialect, copies in (("sqlite", _sqlite(folder)), ("postgresql", _postgresql(server))):
            small, large = copies(1, 12), copies(6, 12)
            for step in STEPS:
                found = killed_at(next(small), step, restarts=restarts)
                figures[f"{dialect}, killed: {step}"] = dataclasses.asdict(found)
                print(f"{dialect}, killed: {step}: {found}", file=sys.stderr, flush=True)
                bad.update(_wrong(found))
            all_nights = many(next(large), workers=workers, nights=nights, seed=1)
            print(f"{dialect}: {all_nights}", file=sys.stderr, flush=True)
            figures[f"{dialect}, {workers} workers, {nights} nights"] = {
                **dataclasses.asdict(all_nights.found),
                "members who said no": all_nights.changes,
                "deaths": all_nights.deaths,
            }
            bad.update(_wrong(all_nights.found))
            bad["told"] += all_nights.told
    names = {
        "twice": "letters sent twice", "lost": "letters lost in silence",
        "outside": "uncertain without a death in the DATA window",
        "met_twice": "pairs introduced twice",
        "told": "letters to or about somebody who had said no to them",
    }  # fmt: skip
    return Report(figures, {words: Bar(bad[name], "== 0") for name, words in names.items()})


def _wrong(found: Found) -> dict[str, int]:
    return {name: getattr(found, name) for name in ("twice", "lost", "outside", "met_twice")}


Copies = Callable[[int, int], Iterator[str]]


def _sqlite(folder: Path) -> Copies:
    def copies(places: int, people: int) -> Iterator[str]:
        template = folder / f"template-{places}.sqlite"
        _prepared(f"sqlite:///{template}", places, people)
        for number in range(100):
            copy = folder / f"{places}-{number}.sqlite"
            shutil.copy(template, copy)
            yield f"sqlite:///{copy}"

    return copies


def _postgresql(server: str) -> Copies:
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)

    def copies(places: int, people: int) -> Iterator[str]:
        template = f"template_{places}"
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {template}"))
        _prepared(_named(server, template), places, people)
        for number in range(100):
            with engine.connect() as connection:
                connection.execute(text(f"CREATE DATABASE c_{places}_{number} TEMPLATE {template}"))
            yield _named(server, f"c_{places}_{number}")

    return copies


def _named(server: str, name: str) -> str:
    url = create_engine(server).url.set(database=name)
    return url.render_as_string(hide_password=False)


def _prepared(url: str, places: int, people: int) -> None:
    engine = create_engine(url, poolclass=NullPool, **engine_options(url))
    migrate.upgrade(engine)
    engine.dispose()
    fill(url, places=places, people=people)

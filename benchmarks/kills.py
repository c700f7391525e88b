"""Kills: web processes that die by SIGKILL while people check in, and what is left of it.

Eight phones check one person in after another through gunicorn, and send a check-in again until it
is answered, as a browser does; meanwhile its processes are killed, one by one, at any moment. Then
the rows are counted: who was told to be in must be in, with all that was said, once; and who was
not told is in whole or not at all.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from benchmarks import served
from benchmarks.report import Bar, Report
from serendipity import clock
from serendipity.consent import Consent
from serendipity.ledger import Account, Transaction, Transfer
from serendipity.members import Member
from serendipity.needs import Need
from serendipity.presence import Presence
from serendipity.skills import MemberSkill

KILLS: Final = 500
PHONES: Final = 8
MOST: Final = 20  # who are let in between two kills
MOMENT: Final = 0.01  # seconds; a kill comes at any time of what is written next
LONGEST: Final = 60  # seconds without anybody; then something is broken
IN, BUSY, CUT_OFF = 303, 503, 0  # answers
FINE: Final = {IN, BUSY, CUT_OFF}
# rows of one check-in: stay, pledge, skills, need, switches
WHOLE: Final = (1, 1, 2, 1, 1)
NOTHING: Final = (0, 0, 0, 0, 0)


@dataclass
class Heard:
    """What the phones were told."""

    let_in: list[int] = field(default_factory=list)  # members
    statuses: Counter[int] = field(default_factory=Counter)


def measure(data: Path | None, *, quick: bool) -> Report:
    """Measure on both databases; some minutes. `data` is not needed."""
    kills = 20 if quick else KILLS
    figures: dict[str, Any] = {"kills": kills, "phones": PHONES}
    bars: dict[str, Bar] = {}
    for dialect in served.DATABASES:
        found = one_database(dialect, kills)
        figures |= {f"{dialect}: {what}": value for what, value in found.items()}
        for what in ("told to be in, and not", "in part, or twice", "errors", "damaged"):
            bars[f"{dialect}: {what}"] = Bar(found[what], "== 0")
    return Report(figures, bars)


def one_database(dialect: str, kills: int) -> dict[str, int]:
    with served.installation(dialect) as here:
        people = here.people((MOST + PHONES) * (kills + 1), at=clock.now())
        with served.processes(here) as (port, (web,)):
            heard = come(here, port, people, lambda heard: kill(web.pid, kills, heard))
        with here.writing() as session:
            return counted(session, people, heard)


def counted(session: Session, people: list[Member], heard: Heard) -> dict[str, int]:
    """Who was told what, against what is there."""
    rows = written(session)
    let_in = set(heard.let_in)
    told = [rows.get(one, NOTHING) for one in let_in]
    others = [rows.get(one.id, NOTHING) for one in people if one.id not in let_in]
    return {
        "check-ins answered": len(let_in),
        "cut off, and sent again": heard.statuses[CUT_OFF],
        "told to be in, and not": told.count(NOTHING),
        "in part, or twice": sum(one not in (WHOLE, NOTHING) for one in (*told, *others)),
        "told to come back": heard.statuses[BUSY],
        "errors": sum(n for status, n in heard.statuses.items() if status not in FINE),
        "damaged": damaged(session),
    }


# --- the phones -----------------------------------------------------------------------------


def come(
    here: served.Installation,
    port: int,
    people: list[Member],
    meanwhile: Callable[[Heard], None],
) -> Heard:
    """People check in at eight phones until `meanwhile` is over."""
    heard, over, turn = Heard(), threading.Event(), threading.Lock()
    queue = iter(people)

    def check_in() -> None:
        with closing(Phone(port)) as phone:
            while not over.is_set():
                with turn:
                    member = next(queue)
                    caller = here.caller(
                        member, skills="welding, bicycle repair", need="bookkeeping"
                    )
                status = CUT_OFF
                while status != IN and not over.is_set():
                    status = phone.ask(caller.request("/check-in"))
                    with turn:
                        heard.statuses[status] += 1
                if status == IN:
                    heard.let_in.append(member.id)

    phones = [threading.Thread(target=check_in) for _ in range(PHONES)]
    for one in phones:
        one.start()
    try:
        meanwhile(heard)
    finally:
        over.set()
        for one in phones:
            one.join()
    return heard


class Phone:
    """One connection, opened again when it was cut off."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.line: socket.socket | None = None

    def ask(self, request: bytes) -> int:
        """The status of the answer; CUT_OFF without one."""
        try:
            self.line = self.line or socket.create_connection(("127.0.0.1", self.port), timeout=30)
            return served.answered(self.line, request)
        except OSError:
            self.close()
            return CUT_OFF

    def close(self) -> None:
        if self.line is not None:
            self.line.close()
            self.line = None


# --- the kills ------------------------------------------------------------------------------


def kill(master: int, times: int, heard: Heard) -> None:
    """SIGKILL one of gunicorn's workers, and another, and another, while people are let in."""
    chance = random.Random(1)
    for _ in range(times):
        enough, late = len(heard.let_in) + chance.randint(1, MOST), time.monotonic() + LONGEST
        while len(heard.let_in) < enough:
            if time.monotonic() > late:
                raise OSError("nobody is let in any more")
            time.sleep(0.001)
        time.sleep(chance.uniform(0, MOMENT))
        os.kill(chance.choice(workers(master)), signal.SIGKILL)


def workers(master: int) -> list[int]:
    """The processes that this one has forked; waits until there is one."""
    while not (found := Path(f"/proc/{master}/task/{master}/children").read_text().split()):
        time.sleep(0.01)
    return [int(one) for one in found]


# --- the rows -------------------------------------------------------------------------------


def written(session: Session) -> dict[int, tuple[int, ...]]:
    """Member → how many rows there are of each kind that a check-in writes."""
    kinds = [
        _each(session, Presence.member_id),
        _pledges(session),
        _each(session, MemberSkill.member_id),
        _each(session, Need.member_id),
        _each(session, Consent.member_id),
    ]
    return {one: tuple(kind[one] for kind in kinds) for one in set().union(*kinds)}


def _each(session: Session, member_id: Any) -> Counter[int]:
    rows: Any = session.execute(select(member_id, func.count()).group_by(member_id))
    return Counter(dict(rows.all()))


def _pledges(session: Session) -> Counter[int]:
    given: ColumnElement[bool] = Transfer.giver_id == Account.id
    rows: Any = session.execute(
        select(Account.member_id, func.count())
        .join(Transfer, given)
        .join(Transaction, Transaction.id == Transfer.transaction_id)
        .where(Transaction.kind == "pledge")
        .group_by(Account.member_id)
    )
    return Counter(dict(rows.all()))


def damaged(session: Session) -> int:
    """What SQLite finds wrong with its own file; PostgreSQL's processes did not die."""
    if session.get_bind().dialect.name != "sqlite":
        return 0
    wrong: Iterator[Any] = iter(session.execute(text("PRAGMA integrity_check")).scalars())
    missing = session.execute(text("PRAGMA foreign_key_check")).all()
    return sum(one != "ok" for one in wrong) + len(missing)

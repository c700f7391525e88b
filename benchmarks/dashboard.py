"""The concierge's desk with 200 people present and 5,000 ties among them: time and weight.

The whole answer through the app, on a database of its own (SQLite): looking everything up, the
drawing, the template. Server time is the processor time of the process, so that a busy machine
does not count; the floor is a page of the same app that looks nothing up. The first look is of a
shift that has seen nobody, so that it leaves a trace of everybody, by a process that has shown
nothing, so that it reads templates (compiled ahead, as the worker does) and makes each statement.
"""

from __future__ import annotations

import gc
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from benchmarks.report import Bar, Report
from serendipity import clock, config, groups, migrate
from serendipity.app import create_app
from serendipity.consent import Consent
from serendipity.db import database, write_transaction
from serendipity.lieux import Lieu, Opening
from serendipity.members import Member
from serendipity.needs import Need
from serendipity.presence import Presence
from serendipity.shifts import Concierge, Shift
from serendipity.suggestions import Round, Suggestion, SuggestionMember
from serendipity.ties import Tie
from serendipity.web import compiled

AT: Final = datetime(2026, 3, 26, 12, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
PEOPLE, TIES, IDEAS = 200, 5_000, 60
QUICK: Final = 10  # times less of everything


def measure(data: Path | None, *, quick: bool) -> Report:
    """Fill a lieu and look at its desk; `data` is not asked for."""
    share = QUICK if quick else 1
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(config.load({}, instance=Path(folder)))
        clock.set_source(lambda: AT)
        try:
            with app.app_context():
                migrate.upgrade(database.engine)
                with write_transaction(Session(database.engine)) as session:
                    key = _fill(session, PEOPLE // share, TIES // share**2, IDEAS // share)
            compiled.ahead(app)
            fresh = create_app(app.config["SETTINGS"])
            gc.freeze()  # as gunicorn_settings does
            return _report(_signed_in(fresh.test_client(), key), times=3 if quick else 20)
        finally:
            clock.set_source(None)


def _fill(session: Session, people: int, ties: int, ideas: int) -> str:
    """A lieu at noon; what signs its concierge in."""
    chance = random.Random(1)
    lieu = Lieu(slug="navette", name="La Navette", created_at=AT, opened_at=AT)
    members = [
        Member(email=f"m{n}@example.org", name=f"Member{n} Surname{n}", created_at=AT, languages=[])
        for n in range(people + 1)
    ]
    session.add_all([lieu, *members])
    session.flush()
    session.add_all(
        Opening(lieu_id=lieu.id, weekday=day, opens=480, closes=1200) for day in range(7)
    )
    concierge, *here = members
    session.add(Concierge(lieu_id=lieu.id, member_id=concierge.id, since=AT))
    session.add(
        Shift(lieu_id=lieu.id, member_id=concierge.id, started_at=AT - HOUR, until=AT + 4 * HOUR)
    )
    for member in here:
        session.add_all(_stay(lieu, member, chance))
    pairs = [(a.id, b.id) for place, a in enumerate(here) for b in here[place + 1 :]]
    session.add_all(
        Tie(a_id=a, b_id=b, first_at=AT, last_at=AT - chance.randrange(90) * 24 * HOUR)
        for a, b in chance.sample(pairs, min(ties, len(pairs)))
    )
    session.flush()
    _ideas(session, lieu, chance.sample(pairs, min(ideas, len(pairs))))
    groups.find(session, lieu=lieu, at=AT)
    return f"{concierge.public_id}.{concierge.session_epoch}"


def _stay(lieu: Lieu, member: Member, chance: random.Random) -> list[object]:
    came = AT - chance.randrange(1, 180) * HOUR / 60
    return [
        Consent(member_id=member.id, lieu_id=lieu.id, here_today=True, chosen_at=AT),
        Presence(
            member_id=member.id,
            lieu_id=lieu.id,
            started_at=came,
            until=AT + 5 * HOUR,
            how_in="qr",
            confirmed_at=came,
            place="long table",
        ),
        Need(
            member_id=member.id,
            lieu_id=lieu.id,
            words="somebody who reads a contract",
            language="en",
            said_at=came,
            expires_at=AT + 9 * HOUR,
        ),
    ]


def _ideas(session: Session, lieu: Lieu, pairs: list[tuple[int, int]]) -> None:
    looked = Round(
        lieu_id=lieu.id,
        kind="day",
        at=AT,
        local_date=AT.date(),
        policy="engine",
        seed=1,
        people=len(pairs),
        weight=1.0,
        bound=1.0,
        left_out={},
    )
    session.add(looked)
    session.flush()
    for a, b in pairs:
        facts = {"giver": a, "receiver": b, "need": "a contract", "skill": "contracts"}
        session.add(
            Suggestion(
                round_id=looked.id,
                lieu_id=lieu.id,
                at=AT,
                expires_at=AT + 4 * HOUR,
                score=1.0,
                arm="engine",
                propensity=1.0,
                reasons=[{"code": "helps_with", "facts": facts}],
                members=[SuggestionMember(member_id=one, serves=0.5) for one in (a, b)],
            )
        )
    session.flush()


def _signed_in(client: FlaskClient, key: str) -> FlaskClient:
    with client.session_transaction() as browser:
        browser["_user_id"], browser["_fresh"] = key, True
    return client


def _report(client: FlaskClient, *, times: int) -> Report:
    started = time.process_time()
    client.get("/concierge/navette/")
    first = time.process_time() - started
    size, page = _seconds(client, "/concierge/navette/", times)
    live_size, live = _seconds(client, "/concierge/navette/live", times)
    _, floor = _seconds(client, "/healthz", times)
    figures = {
        "page, ms of processor": page * 1000,
        "live parts, ms of processor": live * 1000,
        "first look of a shift, ms of processor": first * 1000,
        "a page that looks nothing up, ms": floor * 1000,
        "page, kB": size / 1000,
        "live parts, kB": live_size / 1000,
    }
    return Report(
        figures,
        {
            "page, ms": Bar(page * 1000, "<= 300"),
            "live parts, ms": Bar(live * 1000, "<= 300"),
            "first look of a shift, ms": Bar(first * 1000, "<= 300"),
            "page, kB": Bar(size / 1000, "<= 150"),
        },
    )


def _seconds(client: FlaskClient, path: str, times: int) -> tuple[int, float]:
    """Bytes of the answer, and the median processor time."""
    spent, answer = [], client.get(path)
    for _ in range(times):
        started = time.process_time()
        answer = client.get(path)
        spent.append(time.process_time() - started)
        if answer.status_code != 200:
            raise OSError(f"{path} answered {answer.status_code}")
    return len(answer.data), statistics.median(spent)

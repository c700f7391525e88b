"""Check-ins that a kiosk kept: each once, whatever the order; none dropped, none forged."""

from __future__ import annotations

import contextlib
import os
import random
import threading
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import arrivals, kept, kiosks, members, presence, sealing, signin
from serendipity.arrivals import Declaration
from serendipity.db import write_transaction
from serendipity.kept import KeptCheckIn
from serendipity.kiosks import Kiosk
from serendipity.lieux import Lieu
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.presence import Presence
from tests.conftest import NOON
from tests.kiosk.tablet import Tablet
from tests.rows import a_lieu, a_member
from tests.woven import at_once, engine_of

SECRET = "a secret of the installation"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# The figures of the promise are SERENDIPITY_KEPT=5000: about two minutes a database.
MANY = int(os.environ.get("SERENDIPITY_KEPT", "120"))


class Screen:
    """A paired kiosk, and the tablet that it is."""

    def __init__(self, session: Session, lieu: Lieu, at: datetime) -> None:
        self.session = session
        code = kiosks.make_pairing(session, lieu_id=lieu.id, name="Door", at=at)
        self.kiosk: Kiosk = kiosks.pair(session, code=code, at=at)[0]
        self.tablet = Tablet(sealing.service_key(SECRET, self.kiosk.public_id))
        kiosks.sign_with(session, kiosk_id=self.kiosk.id, device_key=self.tablet.shown)
        session.refresh(self.kiosk)

    def send(self, event: kept.Event, at: datetime) -> KeptCheckIn:
        return kept.take(self.session, kiosk=self.kiosk, event=event, secret=SECRET, at=at)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def screen(session: Session, lieu: Lieu, at: datetime) -> Screen:
    return Screen(session, lieu, at - HOUR)


def count(session: Session, noun: type) -> int:
    return session.scalar(select(func.count()).select_from(noun)) or 0


def test_a_kept_check_in_becomes_a_declaration_of_its_time_and_a_letter(
    session: Session, screen: Screen, lieu: Lieu, at: datetime
) -> None:
    event = screen.tablet.keep(at - 40 * MINUTE, need="a saw", by_mail=True)
    assert screen.send(event, at).outcome == "declared"
    (said,) = arrivals.declared_at(session, lieu_id=lieu.id, at=at)
    assert (said.said_at, said.how_in, said.name) == (at - 40 * MINUTE, "kiosk", "Awa Diallo")
    assert (said.skills, said.need) == (["Illustration", "screen printing"], "a saw")
    assert (said.here_today, said.by_mail, said.other_lieux) == (False, True, False)
    (letter,) = session.scalars(select(Letter))
    assert letter.recipient == "awa@example.org"
    key = arrivals.key_of(letter.facts["handle"], secret=SECRET)
    assert arrivals.declared_by(session, browser=key) is said


def test_many_kept_shuffled_and_sent_three_times_count_once_and_none_is_dropped(
    session: Session, screen: Screen, lieu: Lieu, at: datetime
) -> None:
    chance = random.Random(20260326)
    beyond = max(3, MANY // 100)
    fine = [
        screen.tablet.keep(
            at + timedelta(minutes=chance.uniform(-55, 4)), email=f"p{n}@example.org"
        )
        for n in range(MANY)
    ]
    wrong = [
        screen.tablet.keep(at + skew, email=f"late{n}@example.org")
        for n, skew in zip(
            range(beyond), [-timedelta(hours=73), timedelta(minutes=6)] * beyond, strict=False
        )
    ]
    outcomes: dict[str, set[str]] = {}
    for turn in range(3):
        events = [*fine, *wrong]
        chance.shuffle(events)
        for event in events:
            row = screen.send(event, at + turn * MINUTE)
            outcomes.setdefault(event.event, set()).add(row.outcome)
    assert all(len(said) == 1 for said in outcomes.values())
    assert Counter(said.pop() for said in outcomes.values()) == {"declared": MANY, "clock": beyond}
    assert (count(session, Declaration), count(session, Letter)) == (MANY, MANY)
    listed = kept.waiting(session, lieu_id=lieu.id)
    assert {row.email for row in listed} == {f"late{n}@example.org" for n in range(beyond)}


@pytest.mark.parametrize(
    ("skew", "outcome"),
    [
        (-4 * MINUTE, "declared"),
        (4 * MINUTE, "declared"),
        (5 * MINUTE, "declared"),
        (5 * MINUTE + timedelta(milliseconds=1), "clock"),
        (-72 * HOUR, "over"),
        (-72 * HOUR - timedelta(milliseconds=1), "clock"),
        (-26 * HOUR, "over"),
    ],
)
def test_the_window_has_exact_edges(
    session: Session, screen: Screen, at: datetime, skew: timedelta, outcome: str
) -> None:
    assert screen.send(screen.tablet.keep(at + skew), at).outcome == outcome
    assert count(session, Declaration) == (outcome == "declared")


def test_a_tablet_ahead_of_our_clock_has_nobody_come_in_the_future(
    session: Session, screen: Screen, at: datetime
) -> None:
    screen.send(screen.tablet.keep(at + 4 * MINUTE), at)
    assert session.scalars(select(Declaration.said_at)).one() == at


@pytest.mark.parametrize("what", ["event", "at", "sealed", "other tablet", "no key"])
def test_what_the_screen_did_not_sign_is_refused(
    session: Session, screen: Screen, at: datetime, what: str
) -> None:
    good = screen.tablet.keep(at)
    changed: dict[str, Any] = {"event": "another", "at": good.at + 1, "sealed": good.sealed[:-4]}
    event = kept.Event(**{**vars(good), what: changed[what]}) if what in changed else good
    if what == "other tablet":
        event = Tablet(screen.tablet.service_key).keep(at)
    if what == "no key":
        screen.kiosk.device_key = ""
    with pytest.raises(sealing.NotSealed):
        screen.send(event, at)
    assert count(session, KeptCheckIn) == 0


@pytest.mark.parametrize(
    "said",
    [
        {"email": "awa@"},
        {"email": None},
        {"until": "9" * 30},
        {"until": "soon"},
        {"skills": 7},
        {"name": "a\0b"},
    ],
)
def test_what_cannot_be_read_is_listed_and_not_dropped(
    session: Session, screen: Screen, lieu: Lieu, at: datetime, said: dict[str, Any]
) -> None:
    assert screen.send(screen.tablet.keep(at, **said), at).outcome == "unreadable"
    assert len(kept.waiting(session, lieu_id=lieu.id)) == 1


def test_words_closed_for_another_kiosk_or_another_time_stay_closed(
    session: Session, screen: Screen, lieu: Lieu, at: datetime
) -> None:
    other = Screen(session, lieu, at - HOUR)
    for_other = other.tablet.keep(at)
    moved = screen.tablet.keep(at)
    for event in (
        screen.tablet.signed(for_other.event, for_other.at, for_other.sealed),
        screen.tablet.signed(moved.event, moved.at + 60_000, moved.sealed),
    ):
        assert screen.send(event, at).outcome == "unreadable"


def test_what_is_stored_tells_nothing(screen: Screen, at: datetime) -> None:
    plain = sealing.decode(screen.tablet.keep(at).sealed)
    assert b"awa" not in plain.lower()
    assert screen.tablet.keep(at).sealed != screen.tablet.keep(at).sealed


def test_long_words_are_cut_since_nobody_stands_there_any_more(
    session: Session, screen: Screen, at: datetime
) -> None:
    event = screen.tablet.keep(at, skills="x" * 10_000, need="y" * 500, name="")
    assert screen.send(event, at).outcome == "declared"
    said = session.scalars(select(Declaration)).one()
    assert ([len(one) for one in said.skills], len(said.need), said.name) == ([240], 240, "Awa")


def test_letters_that_others_used_up_lose_no_check_in(
    session: Session, screen: Screen, at: datetime
) -> None:
    for _ in range(9):
        assert screen.send(screen.tablet.keep(at), at).outcome == "declared"
    assert count(session, Declaration) == 9
    assert 0 < count(session, Letter) < 9


def test_the_concierge_vouches_for_a_kept_check_in_once(
    session: Session, screen: Screen, lieu: Lieu, at: datetime
) -> None:
    row = screen.send(screen.tablet.keep(at - 80 * HOUR), at)
    given = {"public_id": row.public_id, "at": at}
    with pytest.raises(kept.NoSuchKeptCheckIn):
        kept.vouch(session, lieu_id=a_lieu(session).id, **given)
    stay = kept.vouch(session, lieu_id=lieu.id, **given)
    assert (stay.how_in, stay.confirmed_at, stay.started_at) == ("concierge", at, at)
    assert session.get_one(Member, stay.member_id).name == "Awa Diallo"
    assert (row.name, row.email, row.skills) == ("", "", [])
    with pytest.raises(kept.NoSuchKeptCheckIn):
        kept.vouch(session, lieu_id=lieu.id, **given)


def test_what_is_settled_is_forgotten_and_what_cannot_be_read_cannot_be_vouched_for(
    session: Session, screen: Screen, lieu: Lieu, at: datetime
) -> None:
    row = screen.send(screen.tablet.keep(at, email="?"), at)
    with pytest.raises(kept.NoSuchKeptCheckIn):
        kept.vouch(session, public_id=row.public_id, lieu_id=lieu.id, at=at)
    kept.settle(session, public_id=row.public_id, lieu_id=lieu.id, at=at)
    assert kept.waiting(session, lieu_id=lieu.id) == []
    assert count(session, Presence) == 0


def test_erasing_a_member_empties_what_a_screen_kept_of_them(
    session: Session, screen: Screen, at: datetime
) -> None:
    awa = a_member(session, email="awa@example.org")
    row = screen.send(screen.tablet.keep(at - 80 * HOUR), at)
    members.erase(session, member_id=awa.id, at=at)
    assert (row.name, row.email, row.skills) == ("", "", [])


def test_after_a_month_it_is_forgotten_and_sent_again_it_is_too_old(
    session: Session, screen: Screen, at: datetime
) -> None:
    event = screen.tablet.keep(at)
    screen.send(event, at)
    later = at + kept.KEPT
    assert kept.forget(session, at=later) == 0
    assert kept.forget(session, at=later + MINUTE) == 1
    assert screen.send(event, later + MINUTE).outcome == "clock"


@pytest.mark.parametrize(
    "given",
    [
        7,
        {},
        {"event": "e", "at": 1, "sealed": "s", "signature": "s", "more": 1},
        {"event": "e" * 37, "at": 1, "sealed": "s", "signature": "s"},
        {"event": "é", "at": 1, "sealed": "s", "signature": "s"},
        {"event": "e", "at": True, "sealed": "s", "signature": "s"},
        {"event": "e", "at": -1, "sealed": "s", "signature": "s"},
        {"event": "e", "at": 10**18, "sealed": "s", "signature": "s"},
        {"event": "e", "at": 1.5, "sealed": "s", "signature": "s"},
    ],
)
def test_what_is_no_event_is_refused(given: Any) -> None:
    with pytest.raises(kept.BadEvent):
        kept.event_from(given)


@pytest.mark.parametrize("given", ["", "!!!", "AAAA", "é", "A" * 87])
def test_what_is_no_key_is_refused(given: str) -> None:
    with pytest.raises(sealing.BadKey):
        sealing.checked_key(given)


def cheat(session: Session, screen: Screen, **given: Any) -> None:
    at = given.pop("at")
    facts = {"kiosk_id": screen.kiosk.id, "event": "e", "occurred_at": at, "received_at": at}
    with session.begin_nested():
        session.add(KeptCheckIn(**{**facts, "outcome": "declared", **given}))


@pytest.mark.parametrize(
    "given",
    [
        {"occurred_at": timedelta(hours=-73)},
        {"occurred_at": timedelta(minutes=6)},
        {"outcome": "dropped"},
        {"email": "awa@example.org"},
    ],
)
def test_the_schema_keeps_the_window_and_no_words_of_who_was_declared(
    session: Session, screen: Screen, at: datetime, given: dict[str, Any]
) -> None:
    if "occurred_at" in given:
        given = {"occurred_at": at + given["occurred_at"]}
    with pytest.raises(IntegrityError):
        cheat(session, screen, at=at, **given)


def test_the_schema_keeps_one_row_for_each_event(
    session: Session, screen: Screen, at: datetime
) -> None:
    cheat(session, screen, at=at)
    with pytest.raises(IntegrityError):
        cheat(session, screen, at=at)


def test_a_stay_proved_by_the_letter_began_when_it_was_typed(
    session: Session, screen: Screen, lieu: Lieu, at: datetime
) -> None:
    screen.send(screen.tablet.keep(at - 40 * MINUTE), at)
    (letter,) = session.scalars(select(Letter))
    browser = arrivals.key_of(letter.facts["handle"], secret=SECRET)
    guess = signin.guess(
        session, email="awa@example.org", code=letter.facts["code"], browser=browser, at=at
    )
    entry = arrivals.enter(session, guess=guess, browser=browser, at=at)
    assert entry.presence is not None
    assert entry.presence.started_at == at - 40 * MINUTE
    assert presence.of(session, member_id=entry.member.id, at=at) is entry.presence


# --- races ----------------------------------------------------------------------------------


def twice_at_once(url: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One event sent by two, each of whom had found nothing before the other wrote."""
    engine = engine_of(url)
    at = NOON
    with Session(engine) as session, write_transaction(session):
        screen = Screen(session, a_lieu(session), at)
        kiosk_id, event = screen.kiosk.id, screen.tablet.keep(at)
    together, truth = threading.Barrier(2), kept._taken
    looked = threading.local()

    def first_look(session: Session, kiosk_id: int, event: str) -> KeptCheckIn | None:
        found = truth(session, kiosk_id, event)
        if not getattr(looked, "yes", False):
            looked.yes = True
            with contextlib.suppress(threading.BrokenBarrierError):
                together.wait(timeout=2 if engine.dialect.name == "postgresql" else 0.05)
        return found

    monkeypatch.setattr(kept, "_taken", first_look)

    def send() -> str:
        with Session(engine) as session, write_transaction(session):
            kiosk = session.get_one(Kiosk, kiosk_id)
            return kept.take(session, kiosk=kiosk, event=event, secret=SECRET, at=at).outcome

    answers = at_once([send, send])
    monkeypatch.undo()
    assert answers == ["declared", "declared"]
    with Session(engine) as session:
        return list(session.scalars(select(Declaration)))


def test_one_event_sent_twice_at_once_counts_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(twice_at_once(database_url, monkeypatch)) == 1


def test_control_without_the_constraint_it_counts_twice(
    database_url: str, monkeypatch: pytest.MonkeyPatch, dialect: str
) -> None:
    if dialect == "postgresql":
        with engine_of(database_url).begin() as connection:
            connection.execute(
                text("ALTER TABLE kept_check_in DROP CONSTRAINT uq_kept_check_in_kiosk_id_event")
            )
    # SQLite's one writer still serves them in turn; PostgreSQL lets both in.
    expected = {"sqlite": 1, "postgresql": 2}
    assert len(twice_at_once(database_url, monkeypatch)) == expected[dialect]

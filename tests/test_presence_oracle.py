"""Nobody can find out by asking: absent, hidden, silent, blocking and unknown people look the same.

One member looks at everything a member can look at, and tries every button with ids that are
somebody else's, while that somebody is in turn away, here but hidden, here but silent (nothing
agreed to), here and blocking the one who looks, and not registered at all. Status, headers and body
must be the same bytes. Only a form's token is left out: it is a new one each time.

How many are here is told to everybody, and rightly counts those who hide; so that this number is
the same throughout, another who agreed to nothing is here whenever the target is not.

The time that answers take: `SERENDIPITY_PROBES=2000 python -m pytest tests/test_presence_oracle.py
-k time -s --database sqlite` (some minutes; quiet machine). By default a few probes, and no bar.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, false, or_, select
from sqlalchemy.orm import Session

from serendipity import consent, introductions, members, needs, presence, skills, tokens
from serendipity.db import Base, write_transaction
from serendipity.lieux import Lieu
from serendipity.members import Block, Member
from serendipity.needs import Need
from serendipity.presence import Presence
from tests.access_matrix import MATRIX
from tests.conftest import NOON, Clock
from tests.pages import beside
from tests.rows import a_lieu, a_member, a_room, signed_in, somebody_here
from tests.woven import an_introduction, helps

STATES = ("absent", "hidden", "silent", "blocking", "nobody")
PROBES = int(os.environ.get("SERENDIPITY_PROBES", "0"))
TOKEN = re.compile(rb'(name="csrf_token" value|data-csrf)="[^"]*"')
EMAIL = "target@example.org"
TARGET = {"presence": "target-presence", "need": "target-need", "member": "target-member"}
# Streams stay open; what they say is held to the same rules in tests/live.
LEFT_OUT = ("live.",)


class World:
    """A lieu, the member who looks, two others; and the target, in one state after the other."""

    def __init__(self, app: Flask, session: Session) -> None:
        self.app, self.session = app, session
        with write_transaction(session):
            self.lieu: Lieu = a_lieu(session, slug="navette", name="La Navette")
            a_room(session, self.lieu, slug="jacquard")
            self.viewer = somebody_here(session, self.lieu, "Viewer")
            self.others = [somebody_here(session, self.lieu, name) for name in ("Inès", "Karim")]
            self.stand_in = a_member(session, "Stand In")
            for one in (self.viewer, *self.others):
                skills.offer(session, member_id=one.id, words=["baking"], language="en", at=NOON)
            _, shown = tokens.create(session, role="member", member_id=self.viewer.id, at=NOON)
        self.token = shown
        self.browser = signed_in(app.test_client(), self.viewer)
        self.caller = app.test_client()

    def become(self, state: str) -> None:
        """Put the target into this state, and nothing else into another."""
        with write_transaction(self.session) as session:
            self._clear(session)
            if state != "nobody":
                self._come(session, self._registered(session, silent=state == "silent"), state)
            if state in ("absent", "nobody"):
                self._here(session, self.stand_in)

    def meet(self) -> None:
        """The one who looks and the target were introduced, and both said yes."""
        with write_transaction(self.session) as session:
            target = self._registered(session, silent=False)
            found = an_introduction(
                session, self.lieu, self.viewer, target, reasons=[helps(target, self.viewer)]
            )
            found.public_id = "of-both"
            session.flush()
            for one in (self.viewer, target):
                introductions.say_yes(session, public_id="of-both", member_id=one.id, at=NOON)

    def become_after_meeting(self, state: str) -> None:
        with write_transaction(self.session) as session:
            target = members.member_with_email(session, EMAIL)
            assert target is not None
            for noun in (Need, Presence):
                session.execute(
                    delete(noun).where(noun.member_id.in_([target.id, self.stand_in.id]))
                )
            session.execute(delete(Block))
            self._come(session, target, state)
            if state == "absent":
                self._here(session, self.stand_in)

    def _registered(self, session: Session, *, silent: bool) -> Member:
        target = a_member(session, "Target", public_id=TARGET["member"], email=EMAIL)
        skills.offer(session, member_id=target.id, words=["welding"], language="en", at=NOON)
        if not silent:
            consent.choose(
                session, member_id=target.id, lieu_id=self.lieu.id, here_today=True, by_mail=True,
                other_lieux=True, at=NOON,
            )  # fmt: skip
        return target

    def _come(self, session: Session, target: Member, state: str) -> None:
        if state == "absent":
            return
        stay = self._here(session, target)
        need = needs.say(
            session, member_id=target.id, lieu_id=self.lieu.id, presence_id=stay.id,
            words="a quiet corner", language="en", at=NOON, expires_at=NOON + timedelta(hours=5),
        )  # fmt: skip
        need.public_id = TARGET["need"]
        if state == "hidden":
            presence.hide(session, member_id=target.id, at=NOON)
        if state == "blocking":
            members.block(session, blocker_id=target.id, blocked_id=self.viewer.id, at=NOON)

    def _clear(self, session: Session) -> None:
        """Forget the target and whoever stood in: every row that points to one of them."""
        target = members.member_with_email(session, EMAIL)
        gone = [one.id for one in (target, self.stand_in) if one]
        for table in reversed(Base.metadata.sorted_tables):
            pointing = [
                key.parent for key in table.foreign_keys if key.target_fullname == "member.id"
            ]
            theirs = or_(false(), *(one.in_(gone) for one in pointing))
            # Not even an empty deletion is let through by what is append-only.
            if session.execute(select(table).where(theirs)).first():
                session.execute(delete(table).where(theirs))
        session.execute(delete(Member).where(Member.email == EMAIL))
        session.expire_all()

    def _here(self, session: Session, member: Member) -> Presence:
        stay = Presence(
            public_id=TARGET["presence"], member_id=member.id, lieu_id=self.lieu.id,
            started_at=NOON - timedelta(minutes=30), until=NOON + timedelta(hours=3),
            how_in="qr", confirmed_at=NOON, place="by the window",
        )  # fmt: skip
        session.add(stay)
        session.flush()
        return stay

    def probes(self) -> Iterator[tuple[str, str]]:
        """(method, path) of all that a member may ask, with the target's ids wherever one fits."""
        for rule in self.app.url_map.iter_rules():
            if MATRIX[rule.endpoint] not in ("member", "anyone", "token"):
                continue
            if rule.endpoint.startswith(LEFT_OUT):
                continue
            named = "slug" in rule.arguments or not rule.arguments
            for given in [None] if named else TARGET.values():
                arguments = dict.fromkeys(rule.arguments, given or "navette")
                if rule.arguments and given and "int" in str(rule._converters):
                    continue
                with self.app.test_request_context():
                    path = self.app.url_map.bind("localhost").build(rule.endpoint, arguments)
                if "GET" in rule.methods:
                    yield "GET", path
                # A button without somebody's id does something to the one who looks.
                if "POST" in rule.methods and given:
                    yield "POST", path

    def ask(self, method: str, path: str) -> tuple[Any, ...]:
        said: dict[str, Any] = {}
        if path.startswith("/api/"):
            client, said["headers"] = self.caller, {"Authorization": f"Bearer {self.token}"}
            body: dict[str, Any] = {"json": {}}
        else:
            client, body = self.browser, {"data": {"answer": "yes"}}
        said |= body if method == "POST" else {}
        answer = client.open(path, method=method, buffered=True, **said)
        left_out = ("Set-Cookie", "Content-Length", "Date")  # of files; of pages the server's
        shown = sorted(header for header in answer.headers if header[0] not in left_out)
        return answer.status_code, shown, TOKEN.sub(b"", answer.data)


@pytest.fixture
def world(app: Flask, held_clock: Clock) -> Iterator[World]:
    app.config["WTF_CSRF_ENABLED"] = False
    with beside(app) as session:
        yield World(app, session)


def test_absent_hidden_silent_blocking_and_unknown_people_look_the_same(world: World) -> None:
    seen: dict[str, dict[tuple[str, str], tuple[Any, ...]]] = {}
    for state in STATES:
        world.become(state)
        seen[state] = {probe: world.ask(*probe) for probe in world.probes()}
    assert len(seen["absent"]) > 60
    assert sum(answer[0] == 200 for answer in seen["absent"].values()) > 20
    for one, other in combinations(STATES, 2):
        differ = [probe for probe in seen[one] if seen[one][probe] != seen[other][probe]]
        assert differ == [], f"{one} and {other} differ"


def test_the_oracle_would_notice_somebody_who_is_seen(world: World) -> None:
    """The control: somebody who agreed to be seen makes a difference."""
    world.become("absent")
    before = {probe: world.ask(*probe) for probe in world.probes()}
    world.become("hidden")
    with write_transaction(world.session) as session:
        target = members.member_with_email(session, EMAIL)
        assert target is not None
        presence.show(session, member_id=target.id, at=NOON)
    differ = [probe for probe, answer in before.items() if world.ask(*probe) != answer]
    assert ("GET", "/here") in differ


def test_who_was_introduced_before_cannot_follow_who_hides_or_blocks(world: World) -> None:
    world.meet()
    paths = ("/here", "/here/_now", "/introductions/of-both", "/api/v1/introductions",
             "/api/v1/introductions/of-both")  # fmt: skip
    seen = {}
    for state in ("absent", "hidden", "blocking"):
        world.become_after_meeting(state)
        seen[state] = {path: world.ask("GET", path) for path in paths}
    assert all(answer[0] == 200 for answer in seen["absent"].values())
    for path in paths:
        assert seen["hidden"][path] == seen["absent"][path] == seen["blocking"][path], path
    world.become_after_meeting("here")
    assert b"by the window" in world.ask("GET", "/introductions/of-both")[2]


def auc(one: list[float], other: list[float]) -> float:
    """The chance that an answer of the first took longer than one of the second."""
    wins = sum((a > b) + 0.5 * (a == b) for a in one for b in other)
    return wins / (len(one) * len(other))


def test_the_time_that_an_answer_takes_tells_nothing(world: World) -> None:
    """Each state asked in turn, in a shuffled order, so that a slow minute is everybody's."""
    each = PROBES or 5
    chance = random.Random(20260326)
    took: dict[str, list[float]] = {state: [] for state in STATES}
    for _ in range(each):
        for state in chance.sample(STATES, len(STATES)):
            world.become(state)
            world.ask("GET", "/here")  # the first after a write warms up
            began = time.perf_counter()
            assert world.ask("GET", "/here")[0] == 200
            took[state].append(time.perf_counter() - began)
    found = {pair: auc(took[pair[0]], took[pair[1]]) for pair in combinations(STATES, 2)}
    print({" / ".join(pair): round(value, 3) for pair, value in found.items()})
    if PROBES:
        assert all(0.45 <= value <= 0.55 for value in found.values()), found

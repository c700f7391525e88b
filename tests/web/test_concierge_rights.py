"""A concierge's rights end at the lieu of the shift and with the shift: every route, from the map.

The routes are read from the application itself. One with a name in its address that this file does
not know is red here until it is told what of another lieu that name could stand for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from serendipity import arrivals, bookings, rota, stories
from serendipity.db import write_transaction
from serendipity.kept import KeptCheckIn
from serendipity.kiosks import Kiosk
from serendipity.lieux import Lieu
from serendipity.presence import Presence
from serendipity.shifts import Concierge
from tests.access_matrix import ROLES
from tests.conftest import NOON, Clock
from tests.half_said import half_said
from tests.rows import a_lieu, a_member, a_room, an_organisation, on_shift, signed_in, somebody_here
from tests.weaving import a_suggestion

HOUR = timedelta(hours=1)
NEVER = "what-never-was"
THE_ROTA = {
    "concierge.rota_page",
    "concierge.plan_shift",
    "concierge.take_on",
    "concierge.let_go",
    "concierge.strike",
}
OURS = {*ROLES["concierge"], *THE_ROTA}
FORM = {"title": "A chair", "body": "It stands again.", "note": "All is well here.", "public": "on"}


def what_is_there(session: Session, lieu: Lieu) -> dict[str, str]:
    """Something of this lieu for each name that an address may hold, by its public id."""
    one, other = (somebody_here(session, lieu, name) for name in ("Zoé Far", "Yves Far"))
    suggestion = a_suggestion(session, lieu, one, other)
    met = half_said(session, lieu, one, other, origin="by hand", at=NOON)
    kiosk = Kiosk(lieu_id=lieu.id, name="door", paired_at=NOON, seen_at=NOON)
    session.add(kiosk)
    session.flush()
    event = KeptCheckIn(
        kiosk_id=kiosk.id, event="e", occurred_at=NOON, received_at=NOON, outcome="clock",
        name="Zoé", email="zoe@example.org",
    )  # fmt: skip
    session.add(event)
    story = stories.draft(
        session, lieu_id=lieu.id, author_id=one.id, title="Far", body="It was.", named=[], at=NOON
    )
    planned = rota.plan(
        session, lieu=lieu, starts_at=NOON + 2 * HOUR, ends_at=NOON + 4 * HOUR, at=NOON
    )
    declared = arrivals.declare(
        session, lieu=lieu, email="malik@example.org", browser="browser", name="Malik", skills=[],
        need="", until=NOON + HOUR, choices=arrivals.Choices(), language="fr", how_in="poster",
        at=NOON,
    )  # fmt: skip
    stay = session.query(Presence).filter_by(member_id=one.id).one()
    session.flush()
    return {
        "stay": stay.public_id,
        "suggestion": suggestion.public_id,
        "member": one.public_id,
        "encounter": met.public_id,
        "kiosk": kiosk.public_id,
        "event": event.public_id,
        "story": story.public_id,
        "plan": planned.public_id,
        "declaration": declared.public_id,
        "booking": _a_booking(session, lieu),
    }


def _a_booking(session: Session, lieu: Lieu) -> str:
    organisation, member = an_organisation(session)
    who: dict[str, Any] = {"organisation_id": organisation.id, "member_id": member.id}
    held = bookings.hold(
        session, room=a_room(session, lieu), starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR,
        people=2, at=NOON, **who,
    )  # fmt: skip
    return bookings.confirm(session, public_id=held.public_id, at=NOON, **who).public_id


class Desk:
    """Bertille, on shift at La Navette; a lieu elsewhere, full of what is none of her business."""

    def __init__(self, app: Flask, session: Session) -> None:
        self.app = app
        with write_transaction(session) as db:
            here = a_lieu(db, slug="navette")
            bertille = a_member(db, "Bertille Gast")
            on_shift(db, here, bertille)
            self.theirs = what_is_there(db, a_lieu(db, slug="elsewhere"))
        self.client: FlaskClient = signed_in(app.test_client(), bertille)

    def routes(self) -> Iterator[tuple[str, str, set[str]]]:
        """(endpoint, method, the names in its address besides the lieu's)."""
        for rule in self.app.url_map.iter_rules():
            if rule.endpoint in OURS:
                for method in sorted({"GET", "POST"} & set(rule.methods or ())):
                    yield rule.endpoint, method, rule.arguments - {"slug"}

    def ask(self, endpoint: str, method: str, **names: str) -> TestResponse:
        with self.app.test_request_context():
            path = self.app.url_map.bind("localhost").build(endpoint, names)
        return self.client.open(path, method=method, data=FORM if method == "POST" else None)


@pytest.fixture
def desk(app: Flask, session: Session) -> Desk:
    return Desk(app, session)


def told(answer: TestResponse, *names: str) -> tuple[int, str, dict[str, str]]:
    """An answer without what was asked for, its form token and the length these have."""
    words = re.sub(r'name="csrf_token" value="[^"]*"', "", answer.text)
    for name in names:
        words = words.replace(name, "…")
    kept = {"Set-Cookie", "Content-Length"}
    return answer.status_code, words, {k: v for k, v in answer.headers.items() if k not in kept}


def test_every_route_of_another_lieu_is_as_unknown_as_one_of_a_lieu_that_never_was(
    desk: Desk,
) -> None:
    asked = set()
    for endpoint, method, names in desk.routes():
        theirs = {name: desk.theirs[name] for name in names}
        foreign = desk.ask(endpoint, method, slug="elsewhere", **theirs)
        missing = desk.ask(endpoint, method, slug="nowhere", **theirs)
        assert foreign.status_code == 404, (endpoint, method)
        assert told(foreign, "elsewhere") == told(missing, "nowhere"), (endpoint, method)
        asked.add(endpoint)
    assert asked == OURS


def test_whatever_of_another_lieu_is_asked_for_at_ones_own_answers_like_what_never_was(
    desk: Desk, session: Session
) -> None:
    for endpoint, method, names in desk.routes():
        if not names:
            continue
        theirs = {name: desk.theirs[name] for name in names}
        foreign = desk.ask(endpoint, method, slug="navette", **theirs)
        missing = desk.ask(endpoint, method, slug="navette", **dict.fromkeys(names, NEVER))
        assert foreign.status_code == 404, (endpoint, method)
        assert told(foreign, *theirs.values()) == told(missing, NEVER), (endpoint, method)
    session.expire_all()
    assert session.query(Presence).filter(Presence.ended_at.is_not(None)).count() == 0


def test_every_right_is_gone_on_the_next_request_after_the_shift(
    desk: Desk, held_clock: Clock
) -> None:
    mine = [route for route in desk.routes() if route[0] not in THE_ROTA]
    held_clock.now = NOON + 4 * HOUR - timedelta(seconds=1)
    pages = [
        (endpoint, method) for endpoint, method, names in mine if method == "GET" and not names
    ]
    for endpoint, method in pages:  # the control: a second before, they are there
        assert desk.ask(endpoint, method, slug="navette").status_code == 200, endpoint
    held_clock.now += timedelta(seconds=1)
    for endpoint, method, names in mine:
        gone = desk.ask(endpoint, method, slug="navette", **dict.fromkeys(names, NEVER))
        never = desk.ask(endpoint, method, slug="nowhere", **dict.fromkeys(names, NEVER))
        assert gone.status_code == 404, (endpoint, method)
        assert told(gone, "navette") == told(never, "nowhere"), (endpoint, method)


def test_the_rota_of_another_lieu_is_its_own_concierges(desk: Desk, session: Session) -> None:
    """Plans are for all concierges of a lieu, on shift or not, and for no others."""
    with write_transaction(session) as db:
        lieu = db.query(Lieu).filter_by(slug="elsewhere").one()
        nour = a_member(db, "Nour")
        db.add(Concierge(lieu_id=lieu.id, member_id=nour.id, since=NOON))
    client = signed_in(desk.app.test_client(), nour)
    assert client.get("/rota/elsewhere").status_code == 404
    assert client.get("/concierge/rota/elsewhere").status_code == 200
    assert client.get("/concierge/rota/navette").status_code == 404

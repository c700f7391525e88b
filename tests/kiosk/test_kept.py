"""What a screen kept, over the wire: keys, one answer for each, and nobody else's word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from serendipity import arrivals, kept, kiosks
from serendipity.db import write_transaction
from serendipity.lieux import Lieu
from tests.conftest import NOON, Clock
from tests.kiosk.tablet import Tablet
from tests.pages import rows
from tests.rows import a_member, on_shift, signed_in

MINUTE = timedelta(minutes=1)


def token(screen: FlaskClient) -> str:
    return screen.get("/kiosk/screen").text.split('data-csrf="')[1].split('"')[0]


@pytest.fixture
def tablet(screen: FlaskClient) -> Tablet:
    """The screen's browser, after the two have agreed on their keys."""
    tablet = Tablet()
    answer = screen.post("/kiosk/key", data={"key": tablet.shown, "csrf_token": token(screen)})
    tablet.service_key = answer.json["key"]
    return tablet


def sent(screen: FlaskClient, *events: kept.Event) -> Any:
    return screen.post("/kiosk/kept", json=[vars(event) for event in events])


def test_each_is_answered_and_counts_once(
    screen: FlaskClient, tablet: Tablet, session: Session, lieu: Lieu
) -> None:
    events = [
        tablet.keep(NOON - number * MINUTE, email=f"p{number}@example.org") for number in range(5)
    ]
    late = tablet.keep(NOON - timedelta(days=4))
    for _ in range(3):
        answer = sent(screen, *events, late)
        assert answer.json == {**{e.event: "declared" for e in events}, late.event: "clock"}
    assert len(arrivals.declared_at(session, lieu_id=lieu.id, at=NOON)) == 5


def test_it_needs_no_form_token_but_the_screens_own_signature(
    screen: FlaskClient, tablet: Tablet, app: Flask
) -> None:
    forged = Tablet(tablet.service_key).keep(NOON)
    assert sent(screen, forged).json == {forged.event: "refused"}
    assert rows(app)["kept_check_in"] == 0


def test_a_screen_that_is_not_paired_or_taken_away_sends_nothing(
    screen: FlaskClient, tablet: Tablet, app: Flask, session: Session, lieu: Lieu
) -> None:
    event = tablet.keep(NOON)
    assert sent(app.test_client(), event).status_code == 302
    with write_transaction(session):
        (kiosk,) = kiosks.kiosks_of(session, lieu_id=lieu.id)
        kiosks.revoke(session, public_id=kiosk.public_id, lieu_id=lieu.id, at=NOON)
    assert sent(screen, event).status_code == 403
    assert rows(app)["kept_check_in"] == 0


@pytest.mark.parametrize("body", ["", "{}", "[1]", '[{"event": "e"}]', "[" + "{}," * 60 + "{}]"])
def test_what_is_no_list_of_events_is_refused(screen: FlaskClient, body: str) -> None:
    answer = screen.post("/kiosk/kept", data=body, content_type="application/json")
    assert answer.status_code == 422


def test_a_key_is_taken_with_the_token_only(screen: FlaskClient) -> None:
    assert screen.post("/kiosk/key", data={"key": Tablet().shown}).status_code == 400
    given = {"key": "nonsense", "csrf_token": token(screen)}
    assert screen.post("/kiosk/key", data=given).status_code == 422


def test_the_worker_is_served_for_the_kiosk_alone(screen: FlaskClient) -> None:
    answer = screen.get("/kiosk/worker.js", buffered=True)
    assert answer.mimetype == "text/javascript"
    assert "Service-Worker-Allowed" not in answer.headers  # so its folder is its scope


def test_the_screen_says_the_services_clock(screen: FlaskClient, held_clock: Clock) -> None:
    held_clock.now += MINUTE
    assert screen.get("/kiosk/code").headers["X-Now"] == (NOON + MINUTE).isoformat()


def test_the_concierge_finds_what_does_not_add_up_and_settles_it(
    screen: FlaskClient, tablet: Tablet, session: Session, lieu: Lieu, app: Flask
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    late, odd = tablet.keep(NOON - timedelta(days=4)), tablet.keep(NOON, email="?")
    sent(screen, late, odd)
    with write_transaction(session):
        bertille = a_member(session, "Bertille Gast")
        on_shift(session, lieu, bertille)
    desk, base = signed_in(app.test_client(), bertille), f"/concierge/{lieu.slug}"
    page = desk.get(f"{base}/").text
    assert "whose clock was wrong" in page
    assert "cannot be read" in page
    assert "awa@example.org" not in page
    listed = {row.outcome: row.public_id for row in kept.waiting(session, lieu_id=lieu.id)}
    session.rollback()
    for path in (f"{listed['clock']}/vouch", f"{listed['unreadable']}/note"):
        assert desk.post(f"{base}/kept/{path}").status_code == 303
        assert desk.post(f"{base}/kept/{path}").status_code == 404
    session.rollback()
    assert kept.waiting(session, lieu_id=lieu.id) == []
    assert "Awa Diallo" in desk.get(f"{base}/people").text

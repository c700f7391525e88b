"""The access matrix: every endpoint states its role, stands here, and keeps everybody else out.

A new route without an entry in `MATRIX` is red. The second half knocks at every door as everybody
who does not have the role, with real ids of somebody else's lieu, organisation and booking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.routing import Rule

from serendipity import organisations
from serendipity.bookings import Booking
from serendipity.db import database, writing
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.rooms import Room
from serendipity.web.access import role_of
from tests.access_matrix import MATRIX
from tests.conftest import NOON, Clock
from tests.rows import a_lieu, a_member, on_shift, signed_in, somebody_here

KEPT_OUT = {302, 303, 401, 403, 404}


def rules(app: Flask) -> Iterator[Rule]:
    yield from app.url_map.iter_rules()


def test_every_endpoint_stands_in_the_matrix_with_its_role(app: Flask) -> None:
    stated = {rule.endpoint: role_of(app, rule.endpoint) for rule in rules(app)}
    assert stated == MATRIX


@pytest.fixture
def others(app: Flask, held_clock: Clock) -> dict[str, Member]:
    """People with every role, each at a lieu or an organisation that is not the one knocked at."""
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context(), writing() as session:
        theirs = a_lieu(session, slug="theirs")
        elsewhere = a_lieu(session, slug="elsewhere")
        owner = somebody_here(session, theirs, "Owner Theirs")
        concierge = a_member(session, "Concierge Elsewhere")
        on_shift(session, elsewhere, concierge)
        company = a_member(session, "Company Elsewhere")
        owned = 0
        for member, name in ((owner, "theirs"), (company, "elsewhere")):
            organisation = organisations.Organisation(
                name=name, email=f"{name}@example.org", created_at=NOON, public_id=f"org-{name}"
            )
            session.add(organisation)
            session.flush()
            owned = owned or organisation.id
            session.add(
                organisations.OrganisationMember(
                    organisation_id=organisation.id, member_id=member.id, role="book", since=NOON
                )
            )
        room = Room(
            lieu_id=theirs.id,
            slug="room",
            name="Room",
            capacity=4,
            hour_cents=1000,
            half_day_cents=3000,
            day_cents=5000,
            public_id="room-theirs",
        )
        session.add(room)
        session.flush()
        session.add(
            Booking(
                public_id="booking-theirs",
                room_id=room.id,
                organisation_id=owned,
                booked_by_id=owner.id,
                starts_at=NOON,
                ends_at=NOON + timedelta(hours=1),
                people=2,
                held_at=NOON,
                hold_expires_at=NOON,
                confirmed_at=NOON,
                net_cents=1000,
                vat_cents=200,
                currency="EUR",
            )
        )
        plain = a_member(session, "Plain Member")
        found = {"member": plain, "concierge": concierge, "company": company}
        session.flush()
        for member in found.values():
            _ = member.public_id, member.session_epoch
        session.expunge_all()
    return found


# Which of the people above have a role of the same name, though elsewhere.
ACTORS = ("anonymous", "member", "concierge", "company")
SHUT = {
    "member": ("anonymous",),
    "company": ACTORS,
    "concierge": ACTORS,
    "operator": ACTORS,
    "kiosk": ACTORS,
    "token": ACTORS,
}
ARGUMENTS = {
    "slug": "theirs",
    "organisation": "org-theirs",
    "booking": "booking-theirs",
    "room": "room-theirs",
}


@pytest.mark.parametrize("actor", ACTORS)
def test_nobody_without_the_role_gets_in(app: Flask, others: dict[str, Member], actor: str) -> None:
    leaks = []
    for rule in rules(app):
        role = MATRIX[rule.endpoint]
        if actor not in SHUT.get(role, ()):
            continue
        arguments = {
            name: ARGUMENTS.get(
                name, 1 if "int" in type(rule._converters[name]).__name__.lower() else "unknown"
            )
            for name in rule.arguments
        }
        with app.test_request_context():
            path = app.url_map.bind("localhost").build(rule.endpoint, arguments)
        client = app.test_client()
        if actor != "anonymous":
            signed_in(client, others[actor])
        for method in sorted(set(rule.methods or ()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
            answer = client.open(path, method=method)
            if answer.status_code not in KEPT_OUT:
                leaks.append((rule.endpoint, method, answer.status_code))
    assert leaks == []


def test_a_lieu_that_is_not_yours_answers_like_one_that_does_not_exist(
    app: Flask, others: dict[str, Member]
) -> None:
    client = signed_in(app.test_client(), others["concierge"])
    foreign, missing = client.get("/concierge/theirs/"), client.get("/concierge/nowhere/")
    assert foreign.status_code == missing.status_code == 404
    token = re.compile(r'name="csrf_token" value="[^"]+"')  # it holds the second it was made in
    assert token.sub("", foreign.text) == token.sub("", missing.text).replace("nowhere", "theirs")
    with app.app_context():
        assert database.session.query(Lieu).count() == 2

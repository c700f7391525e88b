"""Letters about an encounter leave while they are true: did you meet, and we would go on."""

from __future__ import annotations

import dataclasses
import email
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import clock, consent, encounters, members, presence
from serendipity.db import reading, writing
from serendipity.encounters import Encounter
from serendipity.jobs import delivery
from serendipity.jobs.delivery import Desk
from serendipity.jobs.post import FilePost
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.postures import settling
from tests.conftest import NOON
from tests.domain.test_together import Met
from tests.half_said import ORIGINS, half_said, say_so
from tests.rows import a_lieu, a_member, on_shift, signed_in, somebody_here

DAY = timedelta(days=1)
pytestmark = pytest.mark.usefixtures("held_clock")


@pytest.fixture
def desk(app: Flask) -> Iterator[Desk]:
    settings = app.config["SETTINGS"]
    settings = dataclasses.replace(settings, public_url="https://serendipity.example")
    with app.app_context():
        yield Desk(reading, FilePost(settings.instance / "mail"), settings, clock.now)


def letters_left(desk: Desk) -> list[EmailMessage]:
    files = sorted((desk.settings.instance / "mail").glob("*.eml"))
    return [email.message_from_bytes(one.read_bytes(), policy=default) for one in files]


def asked(origin: str = "introduction") -> str:
    """A concierge has Bo asked whether he met Awa, who says so; the encounter's public id."""
    with writing() as session:
        lieu = a_lieu(session, name="La Navette")
        awa, bo = (somebody_here(session, lieu, name) for name in ("Awa Diallo", "Bo Peeters"))
        bo.language = "en"
        met = half_said(session, lieu, awa, bo, origin=origin, at=NOON)
        shift = on_shift(session, lieu, a_member(session, "Nour"))
        settling.ask(session, shift=shift, public_id=met.public_id, at=NOON)
        return met.public_id


@pytest.mark.parametrize("origin", ORIGINS)
def test_the_one_who_has_not_said_so_is_asked_whether_they_met(desk: Desk, origin: str) -> None:
    public_id = asked(origin)
    assert delivery.deliver_due(desk)["sent"] >= 1
    (letter,) = (one for one in letters_left(desk) if one["Subject"] == "Did you meet Awa Diallo?")
    assert letter["List-Unsubscribe"]
    body = letter.get_body(("plain",))
    assert body is not None
    assert f"https://serendipity.example/encounters/{public_id}" in body.get_content()
    # that Awa said so is not told, where it was not Awa who told of the two
    assert "says" not in body.get_content()


def _pair(session: Session) -> tuple[Encounter, Member, Member]:
    met = session.scalars(select(Encounter)).one()
    return met, session.get_one(Member, met.a_id), session.get_one(Member, met.b_id)


def said(session: Session) -> None:
    met, _, bo = _pair(session)
    say_so(session, met, bo, NOON)


def denied(session: Session) -> None:
    met, awa, _ = _pair(session)
    encounters.deny(session, public_id=met.public_id, member_id=awa.id, at=NOON)


def blocked(session: Session) -> None:
    _, awa, bo = _pair(session)
    members.block(session, blocker_id=bo.id, blocked_id=awa.id, at=NOON)


def gone(session: Session) -> None:
    members.erase(session, member_id=_pair(session)[1].id, at=NOON)


def stopped(session: Session) -> None:
    met, _, bo = _pair(session)
    no = {"here_today": True, "by_mail": False, "other_lieux": False}
    consent.choose(session, member_id=bo.id, lieu_id=met.lieu_id, at=NOON, **no)


def hidden(session: Session) -> None:
    presence.hide(session, member_id=_pair(session)[2].id, at=NOON)


@pytest.mark.parametrize("change", [said, denied, blocked, gone, stopped, hidden])
def test_what_is_said_or_changed_meanwhile_is_not_asked(
    desk: Desk, change: Callable[[Session], None]
) -> None:
    asked()
    with writing() as session:
        change(session)
    delivery.deliver_due(desk)
    letter = reading().scalars(select(Letter).where(Letter.kind == "met")).one()
    assert letter.sent_at is None
    assert letter.withdrawn_at == NOON


def test_the_link_in_the_letter_leads_to_the_question_and_then_to_what_came_of_it(
    desk: Desk, app: Flask
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    path = f"/encounters/{asked('by hand')}"
    bo = reading().scalars(select(Member).where(Member.name == "Bo Peeters")).one()
    client: FlaskClient = signed_in(app.test_client(), bo)
    page = client.get(path).text
    assert "Did you meet?" in page
    assert "We met, and it helped me" in page
    assert client.post(path, data={"answer": "helped"}).status_code == 303
    assert "What came of it" in client.get(path).text


def both_want(session: Session) -> None:
    met = Met(session)
    met.confirm()
    met.want(met.booker, met.helper)


def test_both_who_want_to_work_together_have_a_letter_with_the_others_address(desk: Desk) -> None:
    with writing() as session:
        both_want(session)
    delivery.deliver_due(desk)
    kept = reading().scalars(select(Letter).where(Letter.kind == "together")).all()
    assert [(one.sent_at, one.why) for one in kept] == [(NOON, "")] * 2
    told = {str(one["To"]): one.as_string() for one in letters_left(desk)}
    for one, other in (kept, reversed(kept)):
        assert other.recipient in told[one.recipient]


def test_addresses_are_not_given_once_something_came_between_the_two(desk: Desk) -> None:
    with writing() as session:
        both_want(session)
        met = session.scalars(select(Encounter)).one()
        members.block(session, blocker_id=met.a_id, blocked_id=met.b_id, at=NOON)
    delivery.deliver_due(desk)
    kept = reading().scalars(select(Letter).where(Letter.kind == "together")).all()
    assert [one.withdrawn_at for one in kept] == [NOON] * 2

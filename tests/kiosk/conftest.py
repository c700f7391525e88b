"""A lieu with a kiosk that is paired: `screen` is its browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from serendipity import kiosks
from serendipity.db import write_transaction
from serendipity.lieux import Lieu, Moment
from tests.conftest import NOON, Clock
from tests.pages import beside, send
from tests.rows import a_lieu


@pytest.fixture
def session(app: Flask, held_clock: Clock) -> Iterator[Session]:
    with beside(app) as session:
        yield session


@pytest.fixture
def lieu(session: Session) -> Lieu:
    with write_transaction(session):
        lieu = a_lieu(session, name="La Navette", language="en")
        session.add(Moment(lieu_id=lieu.id, weekday=3, starts=540, ends=1020, name="Coworking"))
        return lieu


def new_code(session: Session, lieu: Lieu) -> str:
    with write_transaction(session):
        return kiosks.make_pairing(session, lieu_id=lieu.id, name="Front door", at=NOON)


@pytest.fixture
def screen(session: Session, lieu: Lieu, client: FlaskClient) -> FlaskClient:
    answer = send(client, "/kiosk/", "/kiosk/", code=new_code(session, lieu))
    assert (answer.status_code, answer.location) == (303, "/kiosk/screen")
    return client

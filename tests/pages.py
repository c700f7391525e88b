"""Reading pages as a person does: a form's token, the code in a letter; and the rows written.

No test may hold the app's context while a client works: the requests would share its `g`, and with
it who is signed in. `beside` gives a session of one's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from werkzeug.test import TestResponse

from serendipity.db import Base, engine_options
from serendipity.mail import Letter


def token_of(client: FlaskClient, path: str) -> str:
    """The CSRF token of the first form of a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found, f"{path} has no form"
    return found[1]


def send(client: FlaskClient, path: str, page: str = "/", **typed: Any) -> TestResponse:
    """Fill in the form of `page` and send it to `path`."""
    return client.post(path, data={"csrf_token": token_of(client, page), **typed})


def mailed_code(session: Session) -> str:
    """The code of the newest letter in the outbox."""
    letter = session.scalars(
        select(Letter).where(Letter.kind == "code").order_by(Letter.id.desc())
    ).first()
    assert letter is not None
    return str(letter.facts["code"])


@contextmanager
def beside(app: Flask) -> Iterator[Session]:
    """A session on the app's database, apart from its requests."""
    url = str(app.config["SQLALCHEMY_DATABASE_URI"])
    engine = create_engine(url, poolclass=NullPool, **engine_options(url))
    with Session(engine) as session:
        yield session


def fresh(session: Session) -> Session:
    """The session, looking again: what it read before is an older state of the rows."""
    session.rollback()
    return session


def rows(app: Flask) -> dict[str, int]:
    """How many rows each table holds."""
    with beside(app) as session:
        return {
            name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in Base.metadata.tables.items()
        }

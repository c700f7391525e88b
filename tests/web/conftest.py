"""For tests that read and write rows beside the browsers they drive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from serendipity.db import database
from tests.conftest import Clock


@pytest.fixture
def session(app: Flask, held_clock: Clock) -> Iterator[Session]:
    """The test's own session: no app context is held open, or all browsers would share one `g`."""
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        engine = database.engine
    with Session(engine) as session:
        yield session

"""/healthz: this process answers. /readyz: the database answers, at head, and jobs have run."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from serendipity import clock, runs, schema
from serendipity.db import database, reading
from serendipity.web.access import access

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@access("anyone")
def healthz() -> ResponseReturnValue:
    return {"ok": True}


@blueprint.get("/readyz")
@access("anyone")
def readyz() -> ResponseReturnValue:
    """200 when the service can do its work, 503 when it cannot yet."""
    reading().execute(text("SELECT 1"))
    state = schema.state(database.engine)
    jobs = runs.last_runs(reading(), at=clock.now())
    ready = state == "head"
    return {"ready": ready, "migrations": state, "jobs": jobs}, 200 if ready else 503

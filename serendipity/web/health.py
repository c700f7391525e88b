"""/healthz: this process answers. /readyz: the database answers, at head, and jobs have run.

An alarm makes nothing unready: the pages work while a night is late. It stands in the answer, for
a monitor to read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from serendipity import alarms, clock, runs, schema
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
    if state != "head":
        return {"ready": False, "migrations": state, "jobs": {}, "alarms": []}, 503
    return {"ready": True, "migrations": state, **told()}, 200


def told() -> dict[str, Any]:
    """When each job last ran and what it did; what is silent, since when."""
    session, at = reading(), clock.now()
    jobs = alarms.beats(session, at=at) | runs.last_runs(session, at=at)
    folder = current_app.config["SETTINGS"].backup_folder
    ringing = alarms.alarms(session, backup_folder=Path(folder) if folder else None, at=at)
    return {
        "jobs": jobs,
        "alarms": [
            {
                "what": one.what,
                "lieu": one.lieu,
                "since": one.since.isoformat() if one.since else None,
            }
            for one in ringing
        ],
    }

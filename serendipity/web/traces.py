"""Traces: whom a concierge saw on a page, and as what; once a shift, for them to read (`audit`).

The one thing that a GET writes: a page that refreshes itself every few seconds writes nothing most
of the time.
"""

from __future__ import annotations

from typing import Any

from serendipity import audit, clock
from serendipity.audit import Seen
from serendipity.db import reading, writing
from serendipity.shifts import Shift


def leave(shift: Shift, seen: Seen) -> None:
    """Write down who was seen in this shift and is not written down yet."""
    kept = {name: list(ids) for name, ids in seen.items()}
    who: dict[str, Any] = {
        "actor_id": shift.member_id,
        "lieu_id": shift.lieu_id,
        "since": shift.started_at,
    }
    if audit.unseen(reading(), seen=kept, **who):
        with writing() as session:
            audit.record_views(session, seen=kept, at=clock.now(), **who)

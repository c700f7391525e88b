"""The lieu's ledger, for its concierge: sums in three columns, and where it is worth asking.

Nobody is ranked: people stand in the order of their names and without figures, and each of them
can read that they were listed.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue

from serendipity import audit, clock, encounters, returns
from serendipity.db import reading, writing
from serendipity.web.access import access

blueprint = Blueprint("commons", __name__)
MONTH = timedelta(days=31)


@blueprint.get("/concierge/<slug>/ledger")
@access("concierge")
def show(slug: str) -> ResponseReturnValue:
    db, at, lieu_id = reading(), clock.now(), g.lieu.id
    uneven = returns.uneven(db, lieu_id=lieu_id, at=at)
    rings = encounters.rings(db, lieu_id=lieu_id, at=at)
    ringed = [one for ring in rings for one in ring.members]
    _leave_trace([one.id for one in (*uneven.carrying, *uneven.unanswered, *ringed)])
    return render_template(
        "commons/show.html",
        lieu=g.lieu,
        columns=returns.of_lieu(db, lieu_id=lieu_id, since=at - MONTH, until=at),
        uneven=uneven,
        rings=rings,
    )


def _leave_trace(member_ids: list[int]) -> None:
    """Looking is written down once a shift; see `web.desk`."""
    at, shift = clock.now(), g.shift
    unseen = audit.not_yet_seen(
        reading(),
        actor_id=shift.member_id,
        lieu_id=shift.lieu_id,
        what="seen-ledger",
        since=shift.started_at,
        member_ids=member_ids,
    )
    if unseen:
        with writing() as db:
            returns.look(db, shift=shift, member_ids=member_ids, at=at)

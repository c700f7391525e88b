"""Audit: what is looked at and changed leaves a trace that the person can read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from serendipity import audit
from serendipity.audit import AuditEntry
from tests.rows import a_lieu, a_member


def test_a_member_reads_what_concerns_them_newest_first_and_nothing_else(
    session: Session, at: datetime
) -> None:
    lieu = a_lieu(session, name="La Navette")
    concierge, awa, other = (a_member(session, name) for name in ("Bertille", "Awa", "Inès"))
    for minute, (what, whom) in enumerate(
        [("seen-present", awa), ("checked-out", other), ("confirmed-stay", awa)]
    ):
        audit.record(
            session,
            actor_id=concierge.id,
            what=what,
            concerns_id=whom.id,
            lieu_id=lieu.id,
            at=at + timedelta(minutes=minute),
        )
    traces = audit.concerning(session, awa.id)
    assert [trace.what for trace in traces] == ["confirmed-stay", "seen-present"]
    assert {(trace.actor, trace.lieu) for trace in traces} == {("Bertille", "La Navette")}


def test_a_deed_without_a_word_for_it_is_a_mistake(session: Session, at: datetime) -> None:
    with pytest.raises(audit.UnknownDeed):
        audit.record(session, actor_id=None, what="peeped", concerns_id=None, lieu_id=None, at=at)


def test_looking_again_in_the_same_shift_is_one_view_and_in_the_next_another(
    session: Session, at: datetime
) -> None:
    lieu = a_lieu(session)
    concierge, awa, ines = (a_member(session) for _ in range(3))

    def look(since: datetime, now: datetime) -> int:
        return audit.record_views(
            session,
            actor_id=concierge.id,
            lieu_id=lieu.id,
            since=since,
            seen={"seen-present": [awa.id, concierge.id], "seen-outcome": [ines.id]},
            at=now,
        )

    later = at + timedelta(hours=5)
    assert [look(at, at), look(at, at + timedelta(seconds=10)), look(later, later)] == [2, 0, 2]
    assert session.query(AuditEntry).filter_by(concerns_id=concierge.id).count() == 0


@pytest.mark.parametrize("edit", [update(AuditEntry).values(what="x"), delete(AuditEntry)])
def test_the_database_itself_refuses_to_change_what_was_seen(
    session: Session, at: datetime, edit: Any
) -> None:
    awa = a_member(session)
    audit.record(
        session, actor_id=None, what="seen-present", concerns_id=awa.id, lieu_id=None, at=at
    )
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(edit)
    assert len(audit.concerning(session, awa.id)) == 1

"""Rounds: where somebody came, words were read or a moment began, suggest anew; pass calls on."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from matching.meaning import EncoderMeaning
from serendipity import calls, suggestions
from serendipity.db import write_transaction
from serendipity.jobs.reading import Shelf
from serendipity.lieux import Lieu

Sessions = Callable[[], Session]


def run_due(sessions: Sessions, shelf: Shelf, *, at: datetime) -> int:
    """Run a round at each lieu where something changed since the last; how many."""
    with sessions() as session:
        due = list(suggestions.lieux_due(session, at=at))
    return sum(_run(sessions, shelf, lieu_id, at) for lieu_id in due)


def _run(sessions: Sessions, shelf: Shelf, lieu_id: int, at: datetime) -> int:
    """The engine thinks outside of any write, so that a check-in never waits for it."""
    with sessions() as session:
        lieu = session.get_one(Lieu, lieu_id)
        planned = suggestions.plan(
            session,
            lieu=lieu,
            at=at,
            kind="day",
            seed=seed_of(lieu.slug, at.isoformat()),
            meaning=EncoderMeaning(),
            vocabulary=shelf.vocabulary(),
        )
    with write_transaction(sessions()) as session:
        suggestions.record(session, planned, at=at)
    return 1


def pass_calls_on(sessions: Sessions, shelf: Shelf, *, at: datetime) -> int:
    """End turns that ran out and put each waiting call to the next person; how many were asked.

    The engine thinks between two writes, so that a check-in never waits for it.
    """
    with write_transaction(sessions()) as session:
        calls.end_turns(session, at=at)
    with sessions() as session:
        planned = calls.plan(
            session, at=at, meaning=EncoderMeaning(), vocabulary=shelf.vocabulary()
        )
    if not planned:
        return 0
    with write_transaction(sessions()) as session:
        return calls.put(session, planned, at=at)


def calls_wait(sessions: Sessions, *, at: datetime) -> bool:
    """Whether a call is in nobody's hands; asked first, so that most beats write nothing."""
    with sessions() as session:
        return bool(calls.waiting(session, at=at))


def seed_of(*words: str) -> int:
    """The same round draws the same chances when it is run again after a crash."""
    return zlib.crc32(" ".join(words).encode())

"""Housekeeping: what ends by itself. Stays, questions nobody took, codes, suggestions.

Needs end by their own instant and ask for no keeping. Each verb here is safe to run at any time
and by anybody: run twice, it finds nothing the second time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from serendipity import (
    arrivals,
    bookings,
    calls,
    digests,
    encounters,
    groups,
    idempotency,
    introductions,
    kept,
    limits,
    passkeys,
    presence,
    retention,
    rhythms,
    seats,
    signin,
    skillmap,
    suggestions,
)
from serendipity.db import write_transaction

Sessions = Callable[[], Session]
VERBS: Final[dict[str, Callable[..., Any]]] = {
    "stays": presence.end_due,
    "seats nobody came for": seats.free_no_shows,
    "seat reminders": seats.owe_reminders,
    "did you meet?": introductions.owe_reminders,
    "turns": rhythms.forget,
    "retention": retention.purge_due,
    "words of needs": retention.forget_needs,
    "digests": digests.owe_due,
    "calls": calls.lapse,
    "calls nobody answered": calls.owe_missed,
    "suggestions": suggestions.lapse,
    "asking again": encounters.owe_asking_again,
    "codes": signin.forget,
    "passkey challenges": passkeys.forget,
    "declared": arrivals.forget,
    "kept check-ins": kept.forget,
    "limits": limits.forget,
    "answers": idempotency.forget,
    "skill maps": skillmap.count_all,
    "reminders of rooms": bookings.owe_reminders,
    "unanswered rooms": bookings.lapse_asked,
    "absent": bookings.warn_absent,
    "no-shows": bookings.release_no_shows,
    "waiting lists": bookings.offer_waiting,
    "groups": groups.find_due,
}


def keep(sessions: Sessions, *, at: datetime) -> dict[str, int]:
    """Run them all, each in a transaction of its own; how much each ended."""
    kept: dict[str, int] = {}
    for name, verb in VERBS.items():
        with write_transaction(sessions()) as session:
            ended = verb(session, at=at)
        kept[name] = ended if isinstance(ended, int) else len(ended or ())
    return kept

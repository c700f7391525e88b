"""Hearing: what members wrote becomes concepts, in the worker, a moment after they wrote it.

Skills, needs and calls are written in free text and wait with an empty `read_at` (exact words of
the vocabulary were recognised when they were written). Rules kept here: a sure reading is taken, a
doubtful one is proposed to the member, never imposed; what somebody confirmed is not touched; the
words stay as they are.

Reading takes the encoder some thirty milliseconds a phrase, so it happens between two short
transactions: `waiting` looks, `record` writes. `read_waiting` is both, for commands and tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity.calls import Call
from serendipity.needs import Need
from serendipity.skills import Alias, Concept, MemberSkill

SURE: Final = 0.5  # a concept is taken: rather right than wrong, and undone with one tap
DOUBTFUL: Final = 0.12  # below, not worth a question
MOST_PROPOSALS: Final = 3


class Heard(Protocol):
    """A concept that a phrase may name, with a probability (`matching.reading.Heard`)."""

    @property
    def concept_id(self) -> str: ...
    @property
    def p(self) -> float: ...


class Reader(Protocol):
    """What reads (`matching.reading.Reader`)."""

    def read_many(
        self, items: Sequence[tuple[str, str | None]], top: int = 10, *, wanted: bool = False
    ) -> Sequence[Sequence[Heard]]: ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """Words that nobody has read yet, and the row that holds them."""

    noun: str  # skill, need or call
    id: int
    words: str
    language: str | None


Reading = tuple[Waiting, Sequence[Heard]]
NOUNS: Final[dict[str, Any]] = {"need": Need, "call": Call, "skill": MemberSkill}


def read_waiting(session: Session, reader: Reader, *, at: datetime, limit: int = 200) -> int:
    """Read what waits, and say how many phrases that were."""
    readings = readings_of(reader, waiting(session, at=at, limit=limit))
    return record(session, readings, at=at)


def waiting(session: Session, *, at: datetime, limit: int = 200) -> list[Waiting]:
    """Words that wait: needs and calls first, since somebody is waiting behind them."""
    found: list[Waiting] = []
    for name, noun in NOUNS.items():
        found += [
            Waiting(name, key, words, language)
            for key, words, language in session.execute(
                select(noun.id, noun.words, noun.language)
                .where(noun.read_at.is_(None), noun.withdrawn_at.is_(None), *_open(noun, at))
                .order_by(noun.id)
                .limit(limit - len(found))
            )
        ]
    return found


def _open(noun: Any, at: datetime) -> list[Any]:
    return [] if noun is MemberSkill else [noun.expires_at > at]


def readings_of(reader: Reader, waiting: Sequence[Waiting]) -> list[Reading]:
    """What the reader hears in each; no database here. A wish to learn is a need, not a skill."""
    offered = [one for one in waiting if one.noun == "skill"]
    wanted = [one for one in waiting if one.noun != "skill"]
    readings: list[Reading] = []
    for some, is_wanted in ((wanted, True), (offered, False)):
        if some:
            items = [(one.words, one.language) for one in some]
            heard = reader.read_many(items, MOST_PROPOSALS + 2, wanted=is_wanted)
            readings += zip(some, heard, strict=True)
    return readings


def record(session: Session, readings: Sequence[Reading], *, at: datetime) -> int:
    """Keep what was heard; words that were withdrawn or confirmed meanwhile are left alone."""
    if not readings:
        return 0
    known = _known(session, {heard.concept_id for _, some in readings for heard in some})
    written = 0
    for waiting, heard in readings:
        row = session.get(NOUNS[waiting.noun], waiting.id)
        if row is None or row.read_at is not None or row.withdrawn_at is not None:
            continue
        row.read_at = at
        _take(row, [one for one in heard if one.concept_id in known])
        written += 1
    session.flush()
    return written


def _take(row: Any, heard: Sequence[Heard]) -> None:
    if getattr(row, "confirmed_at", None) is not None:
        return
    if heard and heard[0].p >= SURE:
        row.concept_id, row.proposals = heard[0].concept_id, []
        return
    worth_asking = [one for one in heard if one.p >= DOUBTFUL][:MOST_PROPOSALS]
    row.proposals = [[one.concept_id, round(one.p, 3)] for one in worth_asking]


def _known(session: Session, concept_ids: set[str]) -> set[str]:
    return set(session.scalars(select(Concept.id).where(Concept.id.in_(concept_ids))))


def aliases(session: Session) -> list[tuple[str, str]]:
    """What members confirmed: (words, concept id), for the reader."""
    rows = session.execute(select(Alias.words, Alias.concept_id).distinct().order_by(Alias.words))
    return [(words, concept_id) for words, concept_id in rows]

"""Meanings: what typed words are heard as, while they are typed, and what the person said to that.

Under the words stands what they are heard as, to confirm or undo, before anything is kept. Exact
words are looked up here; the others are read by the worker, which holds the encoder, within a
tenth of a second or not at all: then they are read after they were kept, as always (`hearing`).

Rules kept here: a sure reading is shown as taken and can be undone; a doubtful one is shown as a
question and counts only when it was answered; what was undone is not read again; what was
confirmed becomes an alias, as anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from matching.text import normalised
from serendipity import needs, skills
from serendipity.hearing import DOUBTFUL, MOST_PROPOSALS, SURE
from serendipity.needs import Need
from serendipity.skills import Concept, MemberSkill

MOST_PHRASES: Final = 12  # shown at once; the others are read after they were kept
Noun = Literal["skills", "need"]
# (phrases, language, wanted) → for each phrase (concept id, probability), or nothing in time
Ask = Callable[[Sequence[str], str | None, bool], Sequence[Sequence[tuple[str, float]]]]


@dataclass(frozen=True)
class Proposal:
    """What a phrase is heard as: one concept for sure, or some that it may mean."""

    words: str
    sure: str | None
    doubtful: tuple[str, ...]


@dataclass(frozen=True)
class Meaning:
    """What a person said that their words mean; no concept: not what was heard."""

    noun: Noun
    words: str
    concept_id: str | None
    confirmed: bool  # they said so; else they left it as it was heard

    def as_list(self) -> list[Any]:
        return [self.noun, self.words, self.concept_id, self.confirmed]


def nobody_reads(
    phrases: Sequence[str], language: str | None, wanted: bool
) -> Sequence[Sequence[tuple[str, float]]]:
    """Nobody to ask: exact words only."""
    return [()] * len(phrases)


def proposals(
    session: Session,
    phrases: Iterable[str],
    *,
    language: str | None,
    wanted: bool = False,
    ask: Ask = nobody_reads,
) -> list[Proposal]:
    """What these phrases are heard as, in their order; phrases that say nothing are left out."""
    asked = list(dict.fromkeys(one for one in phrases if normalised(one)))[:MOST_PHRASES]
    exact = skills.recognised_all(session, asked, language)
    unread = [one for one in asked if exact[one] is None]
    heard = dict(zip(unread, ask(unread, language, wanted) if unread else (), strict=False))
    found = [_proposal(one, exact[one], heard.get(one, ())) for one in asked]
    return [one for one in found if one.sure or one.doubtful]


def _proposal(words: str, exact: str | None, heard: Sequence[tuple[str, float]]) -> Proposal:
    if exact is not None:
        return Proposal(words, exact, ())
    if heard and heard[0][1] >= SURE:
        return Proposal(words, heard[0][0], ())
    worth = [concept for concept, p in heard if p >= DOUBTFUL]
    return Proposal(words, None, tuple(worth[:MOST_PROPOSALS]))


def settle(session: Session, said: Sequence[Meaning], *, member_id: int, at: datetime) -> int:
    """Let the member's words mean what they said; how many words that concerned.

    Words that they do not offer or need are left alone, and so are concepts that are no more.
    """
    asked = {one.concept_id for one in said if one.concept_id}
    known = set(session.scalars(select(Concept.id).where(Concept.id.in_(asked))))
    told = {
        (one.noun, normalised(one.words)): one
        for one in said
        if one.concept_id is None or one.concept_id in known
    }
    held = skills.skills_of(session, [member_id])[member_id]
    wanted = needs.needs_of(session, member_id=member_id, at=at)
    rows: list[tuple[Noun, MemberSkill | Need]] = [("skills", one) for one in held]
    rows += [("need", one) for one in wanted]
    settled = 0
    for noun, row in rows:
        meaning = told.get((noun, normalised(row.words)))
        if meaning is not None and row.confirmed_at is None:
            _settle(session, row, meaning, member_id=member_id, at=at)
            settled += 1
    session.flush()
    return settled


def _settle(
    session: Session, row: MemberSkill | Need, meaning: Meaning, *, member_id: int, at: datetime
) -> None:
    verbs: Any = needs if isinstance(row, Need) else skills
    whose: dict[str, Any] = {"public_id": row.public_id, "member_id": member_id, "at": at}
    if meaning.concept_id is None:
        verbs.undo(session, **whose)
    elif meaning.confirmed:
        verbs.confirm(session, concept_id=meaning.concept_id, **whose)
    else:
        row.concept_id, row.proposals, row.read_at = meaning.concept_id, [], at


def from_lists(kept: Iterable[list[Any]]) -> list[Meaning]:
    """Meanings as they were kept beside a declaration."""
    return [Meaning(*one) for one in kept]

"""Phrases: what the members of a whole lieu offer and need, as plain values.

For the engine, which is told of hundreds at a time and changes none: an object of the session for
each skill and need would take longer to make than the round to think.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from serendipity import many, needs
from serendipity.db import look_up
from serendipity.needs import Need
from serendipity.skills import MemberSkill


class Phrase(NamedTuple):
    """What a member said, and the concept it was heard as."""

    member_id: int
    words: str
    concept_id: str | None


_OFFERED: Final = (
    select(MemberSkill.member_id, MemberSkill.words, MemberSkill.concept_id)
    .where(many.among(MemberSkill.member_id, "ids"), MemberSkill.withdrawn_at.is_(None))
    .order_by(MemberSkill.id)
)
_NEEDED: Final = (
    select(Need.member_id, Need.words, Need.concept_id)
    .where(
        many.among(Need.member_id, "ids"),
        Need.lieu_id == bindparam("lieu_id"),
        *needs.is_open(bindparam("at")),
    )
    .order_by(Need.id)
)


def offered(session: Session, member_ids: Collection[int]) -> list[Phrase]:
    """What these members can help with, in the order they said it."""
    return [Phrase(*row) for row in look_up(session, _OFFERED, ids=member_ids)]


def needed(
    session: Session, member_ids: Collection[int], *, lieu_id: int, at: datetime
) -> list[Phrase]:
    """What these members still need at this lieu, also when they have left: for the night."""
    rows = look_up(session, _NEEDED, ids=member_ids, lieu_id=lieu_id, at=at)
    return [Phrase(*row) for row in rows]

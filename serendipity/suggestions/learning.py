"""Learning: what the answers of a lieu say about who agrees to meet whom.

Rules kept here: only answers count, silence is not a no; only those of half a year, and only those
given before the day of the round, so that all rounds of a day know the same; a lieu learns from
its own members alone; below a few dozen answers nothing is learned. Nothing is kept: a round works
it out again, and nobody is ever shown it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby, permutations
from typing import Any, Final

from sqlalchemy import Row, Select, and_, bindparam, case, or_, select
from sqlalchemy.orm import Session, aliased

from serendipity import clock
from serendipity.db import Instant, look_up
from serendipity.introductions import Introduction, Side
from serendipity.lieux import Lieu
from serendipity.suggestions.ideas import Suggestion, SuggestionMember

REMEMBERED: Final = timedelta(days=182)
PAIR: Final = 2
MOST: Final = 8_000  # sides, the newest; a round must not wait for a long memory


def willingness(session: Session, *, lieu: Lieu, day: date) -> Callable[[Any, Any], Any] | None:
    """What `matching.Community` takes as chance, or nothing where there is too little to learn."""
    sides = list(_sides(session, lieu, day))
    # numpy, and web processes plan no rounds
    from matching.willingness import ENOUGH, Said, Willingness  # noqa: PLC0415

    said = [
        Said(
            one.member_id,
            other.member_id,
            yes=one.yes_at is not None,
            served=one.serves,
            serving=other.serves,
            propensity=one.propensity,
        )
        for pair in _pairs(sides)
        for one, other in permutations(pair)
        if one.yes_at is not None or one.no_at is not None
    ]
    return Willingness(said) if len(said) >= ENOUGH else None


def _answered() -> Select[Any]:
    """Both sides of every introduction at `lieu_id` that somebody answered, the newest first."""
    until, other = bindparam("until", type_=Instant()), aliased(Side)
    answered = select(other.introduction_id).where(
        other.introduction_id == Introduction.id,
        or_(other.yes_at < until, other.no_at < until),
    )
    return (
        select(
            Suggestion.id,
            Suggestion.propensity,
            Side.member_id,
            case((Side.yes_at < until, Side.yes_at)).label("yes_at"),
            case((Side.no_at < until, Side.no_at)).label("no_at"),
            SuggestionMember.serves,
        )
        .join(Introduction, Introduction.suggestion_id == Suggestion.id)
        .join(Side, Side.introduction_id == Introduction.id)
        .join(
            SuggestionMember,
            and_(
                SuggestionMember.suggestion_id == Suggestion.id,
                SuggestionMember.member_id == Side.member_id,
            ),
        )
        .where(
            Suggestion.lieu_id == bindparam("lieu_id"),
            Suggestion.at >= bindparam("since"),
            Suggestion.at < until,
            Suggestion.arm != "concierge",
            answered.exists(),
        )
        .order_by(Suggestion.id.desc(), Side.member_id)
        .limit(MOST)
    )


_ANSWERED: Final = _answered()


def _sides(session: Session, lieu: Lieu, day: date) -> Iterable[Row[Any]]:
    until, _ = clock.day_bounds(day, lieu.timezone)
    when = {"since": until - REMEMBERED, "until": until}
    return look_up(session, _ANSWERED, lieu_id=lieu.id, **when)


def _pairs(sides: Iterable[Row[Any]]) -> Iterator[list[Row[Any]]]:
    """The introductions of two; in a circle nobody can say to whom a yes was said."""
    for _, rows in groupby(sides, key=lambda row: row.id):
        both = list(rows)
        if len(both) == PAIR:
            yield both

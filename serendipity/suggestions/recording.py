"""Recording: keep what was planned, as far as it is still true, and offer it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import introductions, many, members, rhythms
from serendipity.db import new_public_id
from serendipity.lieux import Lieu
from serendipity.suggestions import gathering, guests
from serendipity.suggestions.ideas import Round, SuggestedPair, Suggestion, SuggestionMember
from serendipity.suggestions.thinking import Idea, Plan, had_wild_card

# One round of a lieu at a time; rows that point to the lieu may still be written.
_ITS_TURN: Final = (
    select(Lieu).where(Lieu.id == bindparam("lieu_id")).with_for_update(key_share=True)
)


def record(session: Session, planned: Plan, *, at: datetime) -> Round:
    """Keep what was planned, as far as it is still true, and offer it to the people in it."""
    lieu = session.scalars(_ITS_TURN, {"lieu_id": planned.lieu_id}).one()
    kept = Round(
        lieu_id=lieu.id,
        kind=planned.kind,
        at=at,
        local_date=planned.local_date,
        policy=planned.arm,
        seed=planned.seed,
        people=planned.people,
        weight=planned.weight,
        bound=planned.bound,
        left_out={},
    )
    session.add(kept)
    session.flush()
    dropped = _keep(session, planned, kept, lieu, at)
    kept.left_out = dict(planned.left_out + dropped)
    session.flush()
    return kept


def _keep(session: Session, planned: Plan, kept: Round, lieu: Lieu, at: datetime) -> Counter[str]:
    """Write the ideas that are still good; who is left without any by that, and why."""
    desk = _Desk(session, planned, lieu, at)
    good = []
    for idea in sorted(planned.ideas, key=lambda one: (-one.score, one.members)):
        why = desk.why_not(idea)
        if why:
            desk.drop(idea, why)
        else:
            desk.take(idea)
            good.append(idea)
    if planned.kind == "night":
        good = desk.with_turns(good)
    if not _written(session, good, planned, kept, at):
        # A round of another lieu was quicker with one of these pairs: find out with which.
        for idea in good:
            if not _written(session, [idea], planned, kept, at):
                desk.lose(idea)
    return desk.left_without()


class _Desk:
    """What `record` knows while it goes through the ideas, one after the other."""

    def __init__(self, session: Session, planned: Plan, lieu: Lieu, at: datetime) -> None:
        ids = {member for idea in planned.ideas for member in idea.members}
        self.per_person = planned.per_person
        self.session, self.day = session, planned.local_date
        self.at_night = planned.kind == "night"
        here, _ = gathering.who(session, lieu=lieu, kind=planned.kind, at=at)
        self.ready = set(here)
        self.tired: set[int] = set()
        if self.at_night:
            self.ready |= set(guests.free(session, planned.guests, at=at, day=self.day))
            self.tired = rhythms.resting(session, ids, day=self.day)
        self.open = (
            introductions.how_many_open(session, member_ids=ids, lieu_id=lieu.id, at=at)
            if planned.kind == "day"
            else dict.fromkeys(ids, 0)
        )
        self.apart = members.blocked_pairs(session, ids) | suggested_pairs(session, ids)
        self.had_wild = had_wild_card(session, lieu, planned.kind, at)
        self.before = dict(self.open)
        self.served: set[int] = set()
        self.dropped: dict[int, str] = {}

    def why_not(self, idea: Idea) -> str:
        if any(member not in self.ready for member in idea.members):
            return "changed"
        if self.apart.intersection(idea.pairs()):
            return "changed"
        if any(self.open[member] >= self.per_person for member in idea.members):
            return "cap"
        if self.tired.intersection(idea.members):
            return "cap"  # another lieu introduced them meanwhile
        if idea.is_wild and self.had_wild.intersection(idea.members):
            return "wild_card"  # one a day, also when two rounds were planned at once
        return ""

    def take(self, idea: Idea) -> None:
        self.served.update(idea.members)
        for member in idea.members:
            self.open[member] += 1
        if idea.is_wild:
            self.had_wild.update(idea.members)

    def with_turns(self, ideas: Sequence[Idea]) -> list[Idea]:
        """The ideas whose people all had their turn of the week left; another night may race us."""
        wanted = {member for idea in ideas for member in idea.members}
        got = rhythms.take_turns(self.session, wanted, day=self.day)
        kept = [idea for idea in ideas if got.issuperset(idea.members)]
        for idea in ideas:
            if not got.issuperset(idea.members):
                self.lose(idea, got)
        return kept

    def drop(self, idea: Idea, why: str) -> None:
        self.dropped |= dict.fromkeys(idea.members, why)

    def lose(self, idea: Idea, got: Collection[int] | None = None) -> None:
        """It was taken, and then it turned out that it could not be written."""
        if self.at_night:
            ours = set(idea.members) if got is None else set(got).intersection(idea.members)
            rhythms.give_back(self.session, ours, day=self.day)
        for member in idea.members:
            self.open[member] -= 1
        self.served = {one for one in self.served if self.open[one] > self.before[one]}
        self.drop(idea, "changed")

    def left_without(self) -> Counter[str]:
        return Counter(why for who, why in self.dropped.items() if who not in self.served)


def suggested_pairs(session: Session, ids: Collection[int]) -> set[tuple[int, int]]:
    """Those pairs among these members that were suggested before and are remembered."""
    return {(a, b) for a, b, _ in gathering.remembered(session, ids)}


def _written(
    session: Session, ideas: Sequence[Idea], planned: Plan, kept: Round, at: datetime
) -> bool:
    """Write suggestions and offer them; False, and nothing written, if a pair was taken.

    Row by row through the ORM this would be most of a night's time; so each table gets one
    statement with many rows.
    """
    if not ideas:
        return True
    made = [(new_public_id(), idea) for idea in ideas]
    many.find_by_key(session)
    try:
        with session.begin_nested():
            rows = [_suggestion(key, idea, kept, at) for key, idea in made]
            keys = [Suggestion.public_id, Suggestion.id]
            ids = dict(many.add(session, Suggestion, rows, returning=keys))
            _write_people(session, [(ids[key], idea) for key, idea in made], at)
            introductions.offer_each(
                session,
                [(ids[key], idea.members, idea.expires_at) for key, idea in made],
                lieu_id=kept.lieu_id,
                how="here" if planned.kind == "day" else "mail",
                at=at,
                guests=planned.guests,
            )
    except IntegrityError:
        return False
    session.expire(kept, ["suggestions"])
    return True


def _write_people(session: Session, made: Sequence[tuple[int, Idea]], at: datetime) -> None:
    """Who is in each suggestion, and the memory of every pair."""
    many.add(
        session,
        SuggestionMember,
        [
            {"suggestion_id": key, "member_id": one, "serves": idea.serves[one]}
            for key, idea in made
            for one in idea.members
        ],
    )
    many.add(
        session,
        SuggestedPair,
        [
            {"a_id": a, "b_id": b, "suggestion_id": key, "at": at}
            for key, idea in made
            for a, b in idea.pairs()
        ],
    )


def _suggestion(public_id: str, idea: Idea, kept: Round, at: datetime) -> dict[str, Any]:
    return {
        "public_id": public_id,
        "round_id": kept.id,
        "lieu_id": kept.lieu_id,
        "at": at,
        "expires_at": idea.expires_at,
        "score": idea.score,
        "arm": idea.arm,
        "propensity": idea.propensity,
        "reasons": idea.reasons,
    }

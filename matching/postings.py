"""Postings: what one newcomer needs at the door, read from lists kept ready.

A round looks at everybody; an arrival looks at the few people on the posting lists of one
person. Plain dictionaries and no arrays: a check-in costs microseconds, and the answer is the
start of the newcomer's day, not the last word; the round of the next tick may improve on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from math import inf, sqrt
from typing import TYPE_CHECKING

from matching.errors import UnknownPerson
from matching.people import Id, Person
from matching.reasons import Reason, reasons
from matching.roster import Ints
from matching.rounds import Suggestion

if TYPE_CHECKING:
    from matching.community import Community

WEEK = 7 * 86_400.0
# Strangers looked at when nobody's skill fits.
WILD = 50

# (other, score, chance to be served, chance to serve)
Row = tuple[Id, float, float, float]
Here = set[Id] | frozenset[Id] | dict[Id, object]


class Postings:
    """Posting lists of a community by id.

    Attributes
    ----------
    useful : dict
        For each person, (other, score, chance to be served, chance to serve) of everyone whose
        skills and needs fit, the best first.
    never : dict
        For each person, the others they never meet, from an instant on.
    """

    def __init__(self, community: Community) -> None:
        self.community = community
        people = community.roster.people
        self.people: dict[Id, Person] = {p.id: p for p in people}
        self.until = dict(zip(self.people, community.roster.until.tolist(), strict=True))
        ids = self.ids = list(self.people)
        self.place = community.roster.index
        self.useful = self._useful(ids)
        self.never: dict[Id, dict[Id, float]] = {id: {} for id in ids}
        self._forbid(ids)
        self.times: dict[Id, list[float]] = {}
        asked = community.asked
        for ends in (asked.a, asked.b):
            for i, at in zip(ends.tolist(), asked.at.tolist(), strict=True):
                self.times.setdefault(ids[i], []).append(at)

    def _useful(self, ids: list[Id]) -> dict[Id, list[Row]]:
        """Score every pair that fits once, both ways round, and sort each person's list."""
        community, settings = self.community, self.community.settings
        receiver, giver, _, sure = community.affinity.everyone or community.affinity.helped(
            community._here(None), width=2**31, seed=0
        )
        chances = dict(
            zip(zip(receiver.tolist(), giver.tolist(), strict=True), sure.tolist(), strict=True)
        )
        first = (settings.fairness * community.priority()).tolist()
        useful: dict[Id, list[Row]] = {id: [] for id in ids}
        for i, j in {(min(pair), max(pair)) for pair in chances}:
            a, b = chances.get((i, j), 0.0), chances.get((j, i), 0.0)
            score = 1 - (1 - a) * (1 - b) + settings.mutual * sqrt(a * b) + settings.floor
            score += first[i] * a + first[j] * b
            useful[ids[i]].append((ids[j], score, a, b))
            useful[ids[j]].append((ids[i], score, b, a))
        for id, rows in useful.items():
            rows.sort(key=lambda row: (-row[1], self.place[row[0]]))
            useful[id] = rows
        return useful

    def _forbid(self, ids: list[Id]) -> None:
        community = self.community
        always = ((key, -inf) for keys in _keys(community) for key in keys.tolist())
        known = zip(community.ties.key.tolist(), community.ties.known_since.tolist(), strict=True)
        for key, since in (*known, *always):
            i, j = divmod(key, len(ids))
            self.never[ids[i]][ids[j]] = self.never[ids[j]][ids[i]] = since

    def suggestions(
        self, id: Id, present: Iterable[Id], now: float, top: int
    ) -> tuple[Suggestion, ...]:
        """Return up to `top` suggestions for one newcomer, the best first.

        Raises
        ------
        UnknownPerson
        """
        if id not in self.people:
            raise UnknownPerson(id)
        here = present if isinstance(present, (set, frozenset, dict)) else set(present)
        if not self._takes(id, now):
            return ()
        found: list[Suggestion] = []
        for row in self._ranked(id, here):
            if len(found) >= top:
                break
            if self._may_meet(id, row[0], now):
                found.append(self._suggestion(id, row, now))
        return tuple(found)

    def _ranked(self, id: Id, here: Here) -> Iterator[Row]:
        """Yield the useful who are here, the best first, and then some at random."""
        for row in self.useful[id]:
            if row[0] in here:
                yield row
        seen = {row[0] for row in self.useful[id]}
        strangers = sorted(self.place[o] for o in here if o in self.place and o not in seen)
        for place in strangers[:WILD]:
            if self.ids[place] != id:
                yield self.ids[place], self.community.settings.floor, 0.0, 0.0

    def _may_meet(self, id: Id, other: Id, now: float) -> bool:
        if other not in self.people or self.never[id].get(other, inf) <= now:
            return False
        one, two = self.people[id], self.people[other]
        own = one.organisation is not None and one.organisation == two.organisation
        if own and (one.avoids_own_organisation or two.avoids_own_organisation):
            return False
        return self._takes(other, now)

    def _takes(self, id: Id, now: float) -> bool:
        """Return whether this person takes a suggestion now."""
        person = self.people[id]
        if person.paused or person.cap < 1 or self.until[id] <= now:
            return False
        times = self.times.get(id, ())
        rest = self.community.settings.cooldown_hours * 3600
        if rest and any(now - rest <= t < now for t in times):
            return False
        weekly = person.weekly
        return weekly is None or sum(now - WEEK <= t < now for t in times) < weekly

    def _suggestion(self, id: Id, found: Row, now: float) -> Suggestion:
        other, score, mine, theirs = found
        explain = partial(self._reasons, (self.place[id], self.place[other]), now)
        return Suggestion((id, other), score, {id: mine, other: theirs}, explain)

    def _reasons(self, members: tuple[int, int], now: float) -> tuple[Reason, ...]:
        return reasons(self.community.affinity, self.community.acquaintance(now), members)


def _keys(community: Community) -> tuple[Ints, Ints]:
    return community.asked.keys, community.roster.blocked

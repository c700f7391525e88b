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

SURE = 0.9995
WEEK = 7 * 86_400.0
# Strangers looked at when nobody's skill fits.
WILD = 50


class Postings:
    """Posting lists of a community by id.

    Attributes
    ----------
    served_by : dict
        For each person, [(who could serve them, how surely)].
    serves : dict
        For each person, [(whom they could serve, how surely)].
    never : dict
        For each person, the others they never meet, from an instant on.
    """

    def __init__(self, community: Community) -> None:
        self.community = community
        people = community.roster.people
        self.people: dict[Id, Person] = {p.id: p for p in people}
        self.until = dict(zip(self.people, community.roster.until.tolist(), strict=True))
        ids = list(self.people)
        everyone = community._here(None)
        receiver, giver, _, sure = community.affinity.helped(everyone, width=2**31, seed=0)
        self.served_by: dict[Id, list[tuple[Id, float]]] = {id: [] for id in ids}
        self.serves: dict[Id, list[tuple[Id, float]]] = {id: [] for id in ids}
        rows = zip(receiver.tolist(), giver.tolist(), sure.tolist(), strict=True)
        for i, j, chance in rows:
            self.served_by[ids[i]].append((ids[j], chance))
            self.serves[ids[j]].append((ids[i], chance))
        self.first = dict(zip(ids, community.priority().tolist(), strict=True))
        self.never: dict[Id, dict[Id, float]] = {id: {} for id in ids}
        self._forbid(ids)
        self.times: dict[Id, list[float]] = {}
        asked = community.asked
        for ends in (asked.a, asked.b):
            for i, at in zip(ends.tolist(), asked.at.tolist(), strict=True):
                self.times.setdefault(ids[i], []).append(at)

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

    def _ranked(
        self, id: Id, here: set[Id] | frozenset[Id] | dict[Id, object]
    ) -> Iterator[tuple[Id, float, float, float]]:
        """Yield (other, score, chance to be served, chance to serve): the useful, then chance."""
        settings = self.community.settings
        back = {other: chance for other, chance in self.serves[id] if other in here}
        rows = []
        mine_first, first = settings.fairness * self.first[id], self.first
        for other, a in self.served_by[id]:
            if other in here:
                b = back.pop(other, 0.0)
                score = 1 - (1 - a) * (1 - b) + settings.mutual * sqrt(a * b) + mine_first * a
                rows.append((score + settings.fairness * first[other] * b, other, a, b))
        rows += [(b + settings.fairness * first[o] * b, o, 0.0, b) for o, b in back.items()]
        rows.sort(key=lambda row: -row[0])
        for score, other, a, b in rows:
            yield other, score + settings.floor, a, b
        seen = {row[1] for row in rows}
        strangers = sorted((o for o in here if o not in seen and o != id), key=str)
        for other in strangers[:WILD]:
            yield other, settings.floor, 0.0, 0.0

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

    def _suggestion(self, id: Id, found: tuple[Id, float, float, float], now: float) -> Suggestion:
        other, score, mine, theirs = found
        index = self.community.roster.index
        explain = partial(self._reasons, (index[id], index[other]), now)
        return Suggestion((id, other), score, {id: mine, other: theirs}, explain)

    def _reasons(self, members: tuple[int, int], now: float) -> tuple[Reason, ...]:
        return reasons(self.community.affinity, self.community.acquaintance(now), members)


def _keys(community: Community) -> tuple[Ints, Ints]:
    return community.asked.keys, community.roster.blocked

"""Community: people, their ties and what they were asked before; it suggests who should meet.

This is the front of the library. A community is built once and can be asked at many instants;
it never changes and never looks at a clock. The same input gives the same output, in whatever
order people, ties and askings come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import permutations
from operator import itemgetter

import numpy as np

from matching import circles, ranking
from matching.acquaintance import Acquaintance
from matching.affinity import Affinity
from matching.errors import InvalidSetting
from matching.finding import Finder, Helper
from matching.pairing import assignment
from matching.people import Asked, Id, Need, Person, Policy, Tie, as_need
from matching.postings import Postings
from matching.ranking import Forbidden, Pairs
from matching.reasons import reasons
from matching.roster import Bools, Floats, Ints, Roster, instant
from matching.rounds import LeftOut, Round, Suggestion
from matching.settings import Settings
from matching.terms import Meaning, Vocabulary
from matching.ties import DAY, Asking, TieGraph

WEEK = 7 * DAY

# From candidate pairs to the chance, relative to the average, that both agree to meet;
# `matching.learning` and `matching.willingness` make one.
Chance = Callable[[Roster, Pairs], Floats]


class Community:
    """People who may meet.

    Parameters
    ----------
    people : iterable of Person
    ties, asked : iterables of Tie and Asked
        History. People in it who are not in `people` have left and are ignored.
    vocabulary : Vocabulary, optional
        Knows broader concepts; without it only equal concepts and equal words count.
    meaning : Meaning, optional
        Knows which texts mean the same, across languages.
    settings : Settings, optional
    chance : callable, optional
        Learned chance that two people both agree.

    Raises
    ------
    DuplicatePerson, InvalidPerson, InvalidTie, InvalidAsked, NaiveInstant

    Examples
    --------
    >>> from datetime import datetime, UTC
    >>> from matching import Community, Need, Person, Skill
    >>> ada = Person("ada", skills=(Skill("bookkeeping"),))
    >>> bo = Person("bo", needs=(Need("Bookkeeping"),))
    >>> found = Community([ada, bo]).suggest(at=datetime(2026, 5, 4, 9, tzinfo=UTC))
    >>> found.suggestions[0].members, found.suggestions[0].reasons[0].code
    (('ada', 'bo'), 'helps_with')
    """

    def __init__(
        self,
        people: Iterable[Person],
        ties: Iterable[Tie] = (),
        asked: Iterable[Asked] = (),
        *,
        vocabulary: Vocabulary | None = None,
        meaning: Meaning | None = None,
        settings: Settings | None = None,
        chance: Chance | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.roster = Roster(people)
        self.affinity = Affinity(
            self.roster, settings=self.settings, vocabulary=vocabulary, meaning=meaning
        )
        self.ties = TieGraph(ties, self.roster, self.settings)
        self.asked = Asking(asked, self.roster)
        self.chance = chance
        self._acquaintance: tuple[tuple[int, float], Acquaintance] | None = None
        self._help: Floats | None = None
        self._forbidden: tuple[int, Forbidden] | None = None
        self._finder: Finder | None = None
        self._postings: Postings | None = None

    def suggest(
        self,
        present: Iterable[Id] | None = None,
        at: datetime | None = None,
        *,
        policy: Policy | str = Policy.ENGINE,
        random_state: int = 0,
        per_person: int | None = None,
        caps: Mapping[Id, int] | None = None,
        apart: Iterable[tuple[Id, Id]] = (),
    ) -> Round:
        """Return a round for everyone present.

        Parameters
        ----------
        present : iterable of ids, optional
            Everybody by default.
        at : datetime
            With a time zone. Ties later than this have not happened yet.
        policy : Policy or its name
        random_state : int
            Decides among equals.
        per_person : int, optional
            A cap for everyone, below their own.
        caps : mapping of id to int, optional
            A cap for each, below their own; nought for whom it does not name.
        apart : iterable of pairs of ids
            Not these either: what another part of the same round chose.

        Raises
        ------
        UnknownPerson, NaiveInstant, InvalidSetting
        """
        policy = _policy(policy)
        now = _now(at)
        here = self._here(present)
        capacity, why = self._capacities(here, now, per_person, caps)
        free = here[capacity[here] > 0]
        never = self._never(now, apart)
        pairs = self._candidates(never, free, policy, random_state)
        weight = self._weights(pairs, now, policy, random_state)
        found = assignment(len(self.roster), pairs.i, pairs.j, weight, capacity)
        chosen = np.flatnonzero(found.chosen)
        seats = list(zip(pairs.i[chosen].tolist(), pairs.j[chosen].tolist(), strict=True))
        left = np.setdiff1d(free, np.concatenate([pairs.i[chosen], pairs.j[chosen]]))
        seats += self._second_try(never, left, policy)
        table = circles.Table(self.affinity, self.acquaintance(now), never, seats)
        self._gather(table, left, policy)
        suggestions = self._suggestions(table, pairs.part(chosen), weight[chosen], now)
        return Round(
            suggestions, found.weight, found.bound, self._left_out(table, here, why, never), policy
        )

    def _here(self, present: Iterable[Id] | None) -> Ints:
        if present is None:
            return np.arange(len(self.roster), dtype=np.int64)
        return self.roster.positions(present)

    def _capacities(
        self, here: Ints, now: float, per_person: int | None, caps: Mapping[Id, int] | None
    ) -> tuple[Ints, dict[int, str]]:
        """Return how many suggestions everyone takes, and why some take none."""
        roster = self.roster
        if per_person is not None and per_person < 0:
            raise InvalidSetting("per_person", f"{per_person!r} is not a count")
        most = np.minimum(roster.cap, 2**31 if per_person is None else per_person)
        if caps is not None:
            most = np.minimum(most, [max(caps.get(p.id, 0), 0) for p in roster.people])
        most = np.minimum(most, np.maximum(roster.weekly - self.asked.since(now - WEEK, now), 0))
        rest = self.settings.cooldown_hours * 3600
        resting = self.asked.since(now - rest, now) > 0
        why = {
            "cap": most <= 0,
            "resting": resting,
            "gone": roster.until <= now,
            "paused": roster.paused,
        }
        told: dict[int, str] = {}
        for word, applies in why.items():
            told.update(dict.fromkeys(here[applies[here]].tolist(), word))
        capacity = np.zeros(len(roster), dtype=np.int64)
        capacity[here] = np.minimum(most[here], max(len(here) - 1, 0))
        capacity[list(told)] = 0
        return capacity, told

    def _candidates(self, never: Forbidden, free: Ints, policy: Policy, seed: int) -> Pairs:
        return ranking.candidates(
            self.affinity, never, free, self.settings, policy=policy, seed=seed
        )

    def _weights(self, pairs: Pairs, now: float, policy: Policy, seed: int) -> Floats:
        return ranking.weights(
            pairs,
            policy=policy,
            roster=self.roster,
            settings=self.settings,
            received=self._received(),
            acquaintance=self.acquaintance(now),
            chance=None if self.chance is None else self.chance(self.roster, pairs),
            seed=seed,
        )

    def priority(self) -> Floats:
        """Return 1 for who has received nothing yet, less for who has received more."""
        return ranking.fairness(self._received(), self.settings)

    def _received(self) -> Floats:
        """Return help received per presence: as told, else as the history lets one suppose."""
        if self._help is None:
            told = self.roster.received
            supposed = ranking.help_received(self.affinity, self.asked.a, self.asked.b)
            self._help = np.where(np.isnan(told), supposed, told)
        return self._help

    def _never(self, now: float, apart: Iterable[tuple[Id, Id]] = ()) -> Forbidden:
        """Return the forbidden pairs; those who know each other change with the instant only."""
        known = self.ties.known(now)
        pairs = [(self.roster.position(a), self.roster.position(b)) for a, b in apart]
        if pairs:
            i, j = np.array(pairs, dtype=np.int64).T
            return Forbidden(self.roster, np.append(self.asked.keys, self.roster.key(i, j)), known)
        if self._forbidden is None or self._forbidden[0] != len(known):
            never = Forbidden(self.roster, self.asked.keys, known)
            self._forbidden = len(known), never
        return self._forbidden[1]

    def acquaintance(self, now: float) -> Acquaintance:
        """Return the living ties; decay is taken at the start of the day, so that all rounds of
        a day between two encounters share one graph."""
        day = np.floor(now / DAY) * DAY
        so_far = self.ties.happened(now)
        key = (so_far, float(day))
        if self._acquaintance is None or self._acquaintance[0] != key:
            self._acquaintance = key, self.ties.at(now, decayed_to=float(day))
        return self._acquaintance[1]

    def _gather(self, table: circles.Table, left: Ints, policy: Policy) -> None:
        """Make circles: for needs that concern several, then for those who are left over."""
        if not table.groups:
            return
        if policy is Policy.ENGINE:
            circles.gather_same_needs(table)
        seated = {m for group in table.groups for m in group}
        circles.seat_left_over(table, [p for p in left.tolist() if p not in seated])

    def _second_try(self, never: Forbidden, left: Ints, policy: Policy) -> list[tuple[int, int]]:
        """Pair those whom their few candidates left alone, with every pair a candidate."""
        left = left[: ranking.EVERY_PAIR]
        if len(left) < 2:
            return []
        pairs = self._candidates(never, left, policy, 0)
        useful = pairs.sure_i + pairs.sure_j + self.settings.floor
        one = np.ones(len(self.roster), dtype=np.int64)
        chosen = assignment(len(self.roster), pairs.i, pairs.j, useful, one).chosen
        return list(zip(pairs.i[chosen].tolist(), pairs.j[chosen].tolist(), strict=True))

    def _suggestions(
        self, table: circles.Table, chosen: Pairs, weight: Floats, now: float
    ) -> tuple[Suggestion, ...]:
        """Return suggestions, the best first; `chosen` are the pairs that the groups grew from."""
        known, people = self.acquaintance(now), self.roster.people
        columns = (chosen.i, chosen.j, weight, chosen.sure_i, chosen.sure_j)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        facts = {(i, j): (worth, mine, theirs) for i, j, worth, mine, theirs in rows}
        made = []
        for group in table.groups:
            worth, *sure = facts.get((group[0], group[1]), (self.settings.floor, None, None))
            ids = tuple([people[m].id for m in group])
            whole = len(group) == 2 and sure[0] is not None
            serves = dict(zip(ids, sure, strict=True)) if whole else self._served(group)
            explain = partial(reasons, self.affinity, known, tuple(group))
            made.append((-worth, group, Suggestion(ids, worth, serves, explain)))
        made.sort(key=itemgetter(0, 1))
        return tuple([suggestion for _, _, suggestion in made])

    def _served(self, group: list[int]) -> dict[Id, float]:
        """Return the chance that somebody in the group serves each member."""
        rows = np.array(list(permutations(group, 2)), dtype=np.int64)
        _, sure = self.affinity.between(rows[:, 0], rows[:, 1])
        missed = dict.fromkeys(group, 1.0)
        for m, chance in zip(rows[:, 0].tolist(), sure.tolist(), strict=True):
            missed[m] *= 1.0 - chance
        return {self.roster.people[m].id: 1.0 - miss for m, miss in missed.items()}

    def _left_out(
        self, table: circles.Table, here: Ints, why: dict[int, str], never: Forbidden
    ) -> tuple[LeftOut, ...]:
        seated = {m for group in table.groups for m in group}
        free = np.array([p for p in here.tolist() if p not in why], dtype=np.int64)
        out = [p for p in here.tolist() if p not in seated]
        return tuple(
            LeftOut(self.roster.people[p].id, why.get(p) or self._why(p, free, never)) for p in out
        )

    def _why(self, person: int, free: Ints, never: Forbidden) -> str:
        others = free[free != person]
        if not len(others):
            return "alone"
        mine = np.full(len(others), person)
        open_: Bools = never.allows(mine, others)
        return "no_place" if open_.any() else "nobody_new"

    def arrival(
        self, person_id: Id, present: Iterable[Id], at: datetime, top: int = 3
    ) -> tuple[Suggestion, ...]:
        """Return suggestions for one newcomer, without a new round.

        Reads posting lists only; the round that follows on the next tick may choose otherwise.
        """
        now = _now(at)
        if self._postings is None:
            self._postings = Postings(self)
        return self._postings.suggestions(person_id, present, now, top)

    def helpers(
        self,
        need: Need | str,
        present: Iterable[Id] | None = None,
        at: datetime | None = None,
        *,
        top: int = 5,
        exclude: Iterable[Id] = (),
    ) -> list[Helper]:
        """Return who can best help with one need, the best first: for calls.

        Paused people, those who left and those in `exclude` are not named.
        """
        return self.helpers_for([need], present, at, top=top, exclude=exclude)[0]

    def helpers_for(
        self,
        needs: Sequence[Need | str],
        present: Iterable[Id] | None = None,
        at: datetime | None = None,
        *,
        top: int = 5,
        exclude: Iterable[Id] = (),
    ) -> list[list[Helper]]:
        """Return `helpers` for many needs, with one pass of the encoder."""
        here = self._here(present)
        now = -np.inf if at is None else instant(at)
        out = {self.roster.index[id] for id in exclude if id in self.roster.index}
        free = [
            p
            for p in here.tolist()
            if p not in out and not self.roster.paused[p] and self.roster.until[p] > now
        ]
        if self._finder is None:
            self._finder = Finder(self.affinity)
        return self._finder.helpers([as_need(need) for need in needs], free, top)


def _policy(policy: Policy | str) -> Policy:
    try:
        return Policy(policy)
    except ValueError:
        names = ", ".join(p.value for p in Policy)
        raise InvalidSetting("policy", f"{policy!r} is none of {names}") from None


def _now(at: datetime | None) -> float:
    if at is None:
        raise InvalidSetting("at", "an instant is needed; this library has no clock")
    return instant(at)

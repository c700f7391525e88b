"""Ranking: which pairs are candidates, and what each is worth to a policy.

*memory* weighs a pair by the plain sum of relevance in both directions. *random* weighs all
alike. *engine* weighs

    1 - (1 - a)(1 - b)                    somebody is served
    + mutual * sqrt(a b)                  both are
    + fairness * (f_i a + f_j b)          those who received little come first
    + bridging * g                        the tie joins what was apart
    + weak_ties * (c/p) exp(1 - c/p)      some shared acquaintances, not too many
    + floor                               meeting anyone new is worth something

with a, b the chances that i and j are served; f = ((e + u)/e)^-power for help u received per
presence, and up to twice that for whom few present could help; g the gain in harmonic closeness,
how far apart their circles are and whether organisations differ; c the shared acquaintances and
p where the inverted U peaks (Rajkumar et al., Science 2022). Whoever was never helped comes
before everything else: tuned on the public contact network this costs no usefulness, because it
is spent once a person. The rest decides among rounds that are about as useful.

All policies share what is never allowed: the forbidden pairs are gone before anything is ranked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.acquaintance import Acquaintance, member
from matching.affinity import ENTRIES, TABLE, Affinity, ranges, scatter
from matching.people import Policy
from matching.roster import NOBODY, Bools, Floats, Ints, Roster
from matching.settings import Settings

# Up to so many people every pair is a candidate.
EVERY_PAIR = 128


@dataclass(frozen=True, slots=True)
class Pairs:
    """Candidate pairs by position, i < j, with help in both directions.

    `plain_i` is what i receives from j as a plain sum, `sure_i` the chance that j serves one of
    the needs of i.
    """

    i: Ints
    j: Ints
    plain_i: Floats
    plain_j: Floats
    sure_i: Floats
    sure_j: Floats

    def __len__(self) -> int:
        return len(self.i)

    def part(self, some: Ints) -> Pairs:
        """Return some of the pairs."""
        help_ = (self.plain_i, self.plain_j, self.sure_i, self.sure_j)
        return Pairs(self.i[some], self.j[some], *(column[some] for column in help_))


class Forbidden:
    """The pairs that are never suggested, whatever the policy.

    Attributes
    ----------
    keys : int64
        Sorted pair keys of the blocked, the asked and those who know each other.
    """

    def __init__(self, roster: Roster, asked: Ints, known: Ints) -> None:
        self.roster = roster
        self.keys = np.unique(np.concatenate([roster.blocked, asked, known]))
        self._table: Bools | None = None
        if len(roster) <= TABLE:
            self._table = np.zeros(len(roster) ** 2, dtype=np.bool_)
            self._table[self.keys] = True

    def allows(self, i: Ints, j: Ints) -> Bools:
        """Return which pairs may be suggested."""
        roster, key = self.roster, self.roster.key(i, j)
        never = member(self.keys, key) if self._table is None else self._table.take(key)
        mine = roster.organisation[i]
        own = (mine == roster.organisation[j]) & (mine != NOBODY)
        open_: Bools = (i != j) & ~never & ~(own & (roster.avoids[i] | roster.avoids[j]))
        return open_


def candidates(
    affinity: Affinity,
    never: Forbidden,
    present: Ints,
    settings: Settings,
    *,
    policy: Policy,
    seed: int,
) -> Pairs:
    """Return the candidate pairs among `present`.

    Everybody is offered their best helpers, and a few others at random so that those whom no
    skill serves still meet someone. Few people get every pair.
    """
    if len(present) <= EVERY_PAIR:
        upper, lower = np.triu_indices(len(present), 1)
        return _with_help(affinity, never, present[upper], present[lower])
    others = _rings(present, seed)
    if policy is Policy.RANDOM:
        return _with_help(affinity, never, *others)
    receiver, giver, value = _strangers_who_help(affinity, never, present, policy, seed)
    top = max(settings.candidates, 10_000 // len(present))
    kept = _best(receiver, giver, value, top, seed)
    i = np.concatenate([receiver[kept], others[0]])
    j = np.concatenate([giver[kept], others[1]])
    return _with_help(affinity, never, i, j)


def _strangers_who_help(
    affinity: Affinity, never: Forbidden, present: Ints, policy: Policy, seed: int
) -> tuple[Ints, Ints, Floats]:
    """Return (receiver, giver, value to look at first) of all who may meet.

    Where posting lists are long each need reads a part, so that cost grows with people alone.
    """
    roster = affinity.roster
    if affinity.everyone is not None:
        receiver, giver, plain, sure = affinity.everyone
        here = np.zeros(len(roster), dtype=np.bool_)
        here[present] = True
        open_ = here[receiver] & here[giver]
    else:
        needs = int((affinity.wants_start[present + 1] - affinity.wants_start[present]).sum())
        width = max(16, ENTRIES // 4 // max(needs, 1))
        receiver, giver, plain, sure = affinity.helped(present, width=width, seed=seed)
        open_ = np.ones(len(receiver), dtype=np.bool_)
    open_ &= never.allows(receiver, giver)
    value = plain if policy is Policy.MEMORY else _first_look(roster, receiver, giver, sure)
    return receiver[open_], giver[open_], value[open_]


def _first_look(roster: Roster, receiver: Ints, giver: Ints, sure: Floats) -> Floats:
    """Among equals, another organisation comes first, so that it is there to be chosen."""
    other = roster.organisation[receiver] != roster.organisation[giver]
    value: Floats = sure + 0.1 * other
    return value


def _best(receiver: Ints, giver: Ints, value: Floats, top: int, seed: int) -> Ints:
    """Return the places of the `top` values of each receiver; chance decides among equals."""
    if not len(receiver):
        return np.zeros(0, dtype=np.int64)
    luck = scatter(receiver * 1_000_003 + giver, seed) & 0xFFFF
    quantised = (value * (2**14 / max(float(value.max()), 1e-12))).astype(np.int64)
    order = np.argsort((receiver << 31) - (quantised << 16) - luck)
    first = np.flatnonzero(np.concatenate([[True], receiver[1:] != receiver[:-1]]))
    counts = np.diff(np.append(first, len(receiver)))  # receivers come sorted
    kept: Ints = order[ranges(counts) < top]
    return kept


def _rings(present: Ints, seed: int) -> tuple[Ints, Ints]:
    """Return pairs along two random rings: four strangers for each person."""
    rng = np.random.default_rng(seed)
    rings = [rng.permutation(present) for _ in range(2)]
    turned = [np.roll(ring, 1) for ring in rings]
    return np.concatenate(rings), np.concatenate(turned)


def _with_help(affinity: Affinity, never: Forbidden, i: Ints, j: Ints) -> Pairs:
    """Spell each pair once, drop the forbidden, and look up help in both directions."""
    roster = affinity.roster
    keys = np.sort(roster.key(i, j))
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)]]
    i, j = np.divmod(keys, max(len(roster), 1))
    open_ = never.allows(i, j)
    i, j = i[open_], j[open_]
    plain_i, sure_i = affinity.between(i, j)
    plain_j, sure_j = affinity.between(j, i)
    return Pairs(i, j, plain_i, plain_j, sure_i, sure_j)


def weights(
    pairs: Pairs,
    *,
    policy: Policy,
    roster: Roster,
    settings: Settings,
    received: Floats,
    acquaintance: Acquaintance,
    chance: Floats | None,
    seed: int,
) -> Floats:
    """Return what each pair is worth to `policy`; always above nought.

    Parameters
    ----------
    received : float64 (n,)
        Help received per presence, 0 to 1.
    chance : float64 (m,), optional
        Learned chance that both agree, relative to the average.
    """
    luck = 1e-4 * (scatter(roster.key(pairs.i, pairs.j), seed) & 0xFFFF) / 0xFFFF
    if policy is Policy.RANDOM:
        return 1.0 + 1e3 * luck
    if policy is Policy.MEMORY:
        return pairs.plain_i + pairs.plain_j + 1e-3 + luck
    useful = 1.0 - (1.0 - pairs.sure_i) * (1.0 - pairs.sure_j)
    useful += settings.mutual * np.sqrt(pairs.sure_i * pairs.sure_j)
    first = fairness(received, settings) * _urgency(pairs, len(roster), settings.scarcity)
    useful += settings.fairness * (first[pairs.i] * pairs.sure_i + first[pairs.j] * pairs.sure_j)
    if chance is not None:
        useful *= chance
    useful += settings.bridging * bridging(pairs, roster, acquaintance)
    shared = acquaintance.shared(pairs.i, pairs.j) / max(settings.weak_tie_peak, 1e-9)
    useful += settings.weak_ties * shared * np.exp(1.0 - shared)
    return useful + settings.floor + luck


def fairness(received: Floats, settings: Settings) -> Floats:
    """Return ((e + u) / e)^-power: 1 for who received nothing, less for who received more."""
    offset = max(settings.fairness_offset, 1e-9)
    priority: Floats = ((offset + received) / offset) ** -settings.fairness_power
    return priority


def _urgency(pairs: Pairs, n: int, scarcity: float) -> Floats:
    """Return 1 for whom one person can help, towards 1 - scarcity for whom many can."""
    helpers = np.bincount(pairs.i, pairs.sure_i, n) + np.bincount(pairs.j, pairs.sure_j, n)
    share: Floats = 1.0 - scarcity + scarcity / np.maximum(helpers, 1.0)
    return share


def bridging(pairs: Pairs, roster: Roster, acquaintance: Acquaintance) -> Floats:
    """Return 0 to 1: how much each pair would join what was apart.

    A quarter is the gain in harmonic closeness, relative to the best pair of this round; the
    rest is how far apart the two are.
    """
    gain = acquaintance.gain(pairs.i, pairs.j)
    closer = gain / max(float(gain.max(initial=0.0)), 1e-12)
    return 0.75 * apart(roster, acquaintance, pairs.i, pairs.j) + 0.25 * closer


def apart(roster: Roster, acquaintance: Acquaintance, i: Ints, j: Ints) -> Floats:
    """Return 0 to 1: how far apart two people are, by their circles and organisations."""
    circles = acquaintance.apart(i, j)
    mine, theirs = roster.organisation[i], roster.organisation[j]
    both = (mine != NOBODY) & (theirs != NOBODY)
    return np.where(both, (circles + 2 * (mine != theirs)) / 3, circles)


def help_received(affinity: Affinity, a: Ints, b: Ints) -> Floats:
    """Return help per asking that each person could have had from those they were asked with."""
    n = len(affinity.roster)
    receiver, giver = np.concatenate([a, b]), np.concatenate([b, a])
    _, sure = affinity.between(receiver, giver)
    times = np.bincount(receiver, minlength=n)
    total = np.bincount(receiver, sure, minlength=n)
    mean: Floats = total / np.maximum(times, 1)
    return mean

"""Repair: from a round that splits its odd cycles badly to one that keeps the promise.

The relaxation gives a price to every person: what one more place for them would be worth. Prices
tell where a loss can be made good, which pairs cannot be part of a better round, and by how much
an odd number of people lowers the bound.
"""

from __future__ import annotations

import heapq

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from matching.exact import Problem, exact
from matching.roster import Bools, Floats, Ints

# What every round promises.
PROMISE = 0.9991
# A repair looks at pairs whose slack is at most this share of the heaviest pair.
NEAR = 0.1


def repaired(problem: Problem, chosen: Bools, price: Floats, bound: float) -> tuple[Bools, float]:
    """Re-solve around those left with free capacity; return (chosen, tighter bound).

    Where an odd number of people are linked by candidates one of them stays alone, and the
    cheapest of them at least: the bound falls by the lowest price of each such component.
    """
    bound -= _odd_ones(problem, price)
    for reach in (40, 120, 400):
        if problem.worth(chosen) >= PROMISE * bound:
            break
        chosen = _resolved(problem, chosen, _around_the_free(problem, chosen, price, reach))
    return chosen, max(bound, problem.worth(chosen))


def _odd_ones(problem: Problem, price: Floats) -> float:
    """Return what the odd components lose at least; nothing where a capacity is not one."""
    n = len(problem.capacity)
    if (problem.capacity != 1).any():
        return 0.0
    links = sparse.coo_matrix((np.ones(len(problem.a)), (problem.a, problem.b)), shape=(n, n))
    count, label = csgraph.connected_components(links, directed=False)
    cheapest = np.full(count, np.inf)
    np.minimum.at(cheapest, label, price)
    return float(cheapest[np.bincount(label, minlength=count) % 2 == 1].sum())


def prices(problem: Problem, direction: Ints) -> Floats:
    """Return what one more place for each person would be worth: the duals of the relaxation.

    y_a + y_b >= w for every pair, with equality where the relaxation uses it. They are shortest
    paths in the residual graph of the cover, found by Bellman and Ford's rounds; with other
    capacities than one, half the lightest pair of each person stands in for them.
    """
    n = len(problem.capacity)
    if (problem.capacity != 1).any():
        return _rough_prices(problem, direction)
    tail = np.concatenate([problem.a, problem.b, np.arange(n)])
    head = np.concatenate([problem.b, problem.a, np.arange(n)])
    whole = np.ceil(problem.weight / problem.unit)  # as the solver saw them, so that it ends
    weight = np.concatenate([whole, whole, np.zeros(n)])
    used = np.concatenate([direction & 1, direction >> 1, np.zeros(n, dtype=np.int64)]) == 1
    owner, worth = np.arange(n), np.zeros(n)
    owner[head[used]], worth[head[used]] = tail[used], weight[used]
    into = owner[head]
    order = np.argsort(into.astype(np.int16 if n < 2**15 else np.int64), kind="stable")
    tail, gain = tail[order], (worth[head] - weight)[order]
    first = np.cumsum(np.bincount(into, minlength=n)) - np.bincount(into, minlength=n)
    potential = worth / 2  # near enough for a quick end
    for _ in range(n):
        nearer = np.minimum.reduceat(potential[tail] + gain, first)
        if (nearer >= potential).all():
            break
        potential = np.minimum(potential, nearer)
    return np.maximum((potential + worth - potential[owner]) / 2, 0.0) * problem.unit


def _rough_prices(problem: Problem, direction: Ints) -> Floats:
    price = np.full(len(problem.capacity), np.inf)
    used = direction > 0
    for ends in (problem.a[used], problem.b[used]):
        np.minimum.at(price, ends, problem.weight[used] / 2)
    return np.where(np.isfinite(price), price, 0.0)


def _around_the_free(problem: Problem, chosen: Bools, price: Floats, reach: int) -> Ints:
    """Return the pairs among about `reach` people whom good alternating paths pass.

    A path starts at somebody whose free place is worth something, takes a pair that is not
    chosen, gives up one that is, and so on. Two orders take turns: the path that loses least by
    the prices, and the one whose end would be the cheapest to leave alone. The set is closed
    under the partners chosen now, so re-solving it can only gain.
    """
    spare = np.flatnonzero((problem.load(chosen) < problem.capacity) & (price > 1e-6))
    free = spare[np.argsort(-price[spare], kind="stable")][:reach].tolist()
    slack = price[problem.a] + price[problem.b] - problem.weight
    near = Neighbours(problem, slack, slack <= NEAR * problem.weight.max())
    mates = Neighbours(problem, slack, chosen)
    heaps = [[(0.0, 0.0, p) for p in free], [(float(price[p]), 0.0, p) for p in free]]
    outer: set[int] = set()
    while any(heaps) and len(outer) < reach:
        heap = heaps[len(outer) % 2] or heaps[0] or heaps[1]
        _, loss, person = heapq.heappop(heap)
        if person in outer:
            continue
        outer.add(person)
        for other, step in near.of(person):
            for partner, _ in mates.of(other):
                if partner != person and partner not in outer:
                    lost = loss + step
                    heapq.heappush(heaps[0], (lost, lost, partner))
                    heapq.heappush(heaps[1], (lost + float(price[partner]), lost, partner))
    people = outer | {other for p in outer for other, _ in mates.of(p)} | set(free)
    within = np.zeros(len(price), dtype=np.bool_)
    within[list(people)] = True
    inside = within[problem.a] & within[problem.b]
    return np.flatnonzero(inside & (chosen | (slack <= NEAR * problem.weight.max())))


class Neighbours:
    """The pairs of each person among some, read one person at a time."""

    def __init__(self, problem: Problem, slack: Floats, some: Bools) -> None:
        a, b = problem.a[some], problem.b[some]
        ends = np.concatenate([a, b])
        order = np.argsort(ends, kind="stable")
        self.other = np.concatenate([b, a])[order]
        self.slack = np.concatenate([slack[some], slack[some]])[order]
        self.start = np.searchsorted(ends[order], np.arange(len(problem.capacity) + 1)).tolist()

    def of(self, person: int) -> list[tuple[int, float]]:
        """Return (other, slack) for each pair of `person`."""
        part = slice(self.start[person], self.start[person + 1])
        return list(zip(self.other[part].tolist(), self.slack[part].tolist(), strict=True))


def _resolved(problem: Problem, chosen: Bools, pairs: Ints) -> Bools:
    """Re-solve `pairs` exactly, given what the rest has already taken."""
    better = chosen.copy()
    better[pairs] = False
    free = problem.capacity - problem.load(better)
    open_ = pairs[(free[problem.a[pairs]] > 0) & (free[problem.b[pairs]] > 0)]
    if not len(open_):
        return chosen
    better[open_[exact(problem.part(open_, free))]] = True
    return better if problem.worth(better) > problem.worth(chosen) else chosen

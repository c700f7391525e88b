"""Pairing: the heaviest set of pairs in which nobody exceeds a capacity, with a certificate.

The linear relaxation is solved on the bipartite double cover: every person stands once on the
left and once on the right, a pair (a, b) is two arcs, and an arc from a person to itself means
"stays alone". Half its optimum is an upper bound on every possible round (Balinski 1965). Its
solution has whole pairs and cycles of halves; an even cycle splits without loss, an odd one
leaves one person, and a repair then re-solves small neighbourhoods exactly until the certificate
is met. With unit capacities the cover is an assignment problem and OR-tools' cost-scaling
assignment is four times as fast as its min-cost flow, which serves other capacities.

Weights are rounded up to whole numbers for the solver, so the bound stays a bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.exact import Problem, exact
from matching.repair import PROMISE, prices, repaired
from matching.roster import Bools, Floats, Ints

# Up to so many edges the exact algorithm costs a few milliseconds; up to so many more it is
# still worth its time where nothing else keeps the promise.
EXACT_EDGES = 2_000
LAST_RESORT_EDGES = 15_000
# A round this near its bound needs no repair.
AIM = 0.9991


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which pairs were chosen, their weight, and a bound that no choice exceeds.

    Attributes
    ----------
    chosen : bool (m,)
    weight, bound : float
    """

    chosen: Bools
    weight: float
    bound: float


def assignment(n: int, a: Ints, b: Ints, weight: Floats, capacity: Ints) -> Assignment:
    """Choose pairs of maximum total weight.

    Parameters
    ----------
    n : int
        Number of people.
    a, b : int64 (m,)
        Ends of the pairs, a < b, each pair once.
    weight : float64 (m,)
        Pairs that weigh nothing or less are never chosen.
    capacity : int64 (n,)
        How many pairs each person may be in.

    Returns
    -------
    Assignment

    Examples
    --------
    >>> path = np.array([0, 1, 2]), np.array([1, 2, 3])
    >>> found = assignment(4, *path, np.array([2.0, 3.0, 2.0]), np.ones(4, dtype=np.int64))
    >>> found.chosen.tolist(), found.weight, found.bound
    ([True, False, True], 4.0, 4.0)
    """
    chosen = np.zeros(len(a), dtype=np.bool_)
    useful = np.flatnonzero((weight > 0) & (capacity[a] > 0) & (capacity[b] > 0))
    if not len(useful):
        return Assignment(chosen, 0.0, 0.0)
    found, bound = _solve(Problem(a, b, weight, capacity).part(useful, capacity))
    chosen[useful[found]] = True
    total = float(weight[useful][found].sum())
    return Assignment(chosen, total, max(bound, total))


def _solve(problem: Problem) -> tuple[Bools, float]:
    """Return the chosen pairs and a bound; small problems exactly, so that the bound is met."""
    edges = _edges(problem)
    if edges > EXACT_EDGES:
        direction, bound = relaxed(problem)
        found = split(problem, direction)
        if problem.worth(found) < AIM * bound:
            found, bound = repaired(problem, found, prices(problem, direction), bound)
        if edges > LAST_RESORT_EDGES or problem.worth(found) >= PROMISE * bound:
            return found, bound
    found = exact(problem)
    return found, problem.worth(found)


def _edges(problem: Problem) -> int:
    """Return how many edges `exact` would make of these pairs."""
    one, other = problem.capacity[problem.a], problem.capacity[problem.b]
    return int(np.where((one == 1) | (other == 1), one * other, one + other + 1).sum())


def relaxed(problem: Problem) -> tuple[Ints, float]:
    """Solve the double cover.

    Returns
    -------
    direction : int64 (m,)
        0 unused, 1 half from a to b, 2 half from b to a, 3 whole.
    bound : float
    """
    cost = -np.ceil(problem.weight / problem.unit).astype(np.int64)
    solver = _assigned if (problem.capacity == 1).all() else _flowed
    direction, optimum = solver(problem, cost)
    return direction, -optimum / 2 * problem.unit


def _assigned(problem: Problem, cost: Ints) -> tuple[Ints, int]:
    # Heavy, and only for large rounds.
    from ortools.graph.python import linear_sum_assignment  # noqa: PLC0415

    a, b, n = problem.a, problem.b, len(problem.capacity)
    alone = np.arange(n)
    left = np.concatenate([a, b, alone])
    right = np.concatenate([b, a, alone])
    price = np.concatenate([cost, cost, np.zeros(n, dtype=np.int64)])
    # One person's arcs side by side: the solver then works four times faster in a large night.
    order = np.lexsort((right, left))
    solver = linear_sum_assignment.SimpleLinearSumAssignment()
    solver.add_arcs_with_cost(left[order], right[order], price[order])
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise ArithmeticError(f"the assignment ended with {status}")
    mate = np.fromiter(map(solver.right_mate, range(n)), np.int64, n)
    direction = (mate[a] == b).astype(np.int64) + 2 * (mate[b] == a)
    return direction, solver.optimal_cost()


def _flowed(problem: Problem, cost: Ints) -> tuple[Ints, int]:
    # Heavy, and only for large rounds.
    from ortools.graph.python import min_cost_flow  # noqa: PLC0415

    a, b, capacity = problem.a, problem.b, problem.capacity
    n, m = len(capacity), len(a)
    alone = np.arange(n)
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([a, b, alone]),
        np.concatenate([b + n, a + n, alone + n]),
        np.concatenate([np.ones(2 * m, dtype=np.int64), capacity]),
        np.concatenate([cost, cost, np.zeros(n, dtype=np.int64)]),
    )
    solver.set_nodes_supplies(np.arange(2 * n), np.concatenate([capacity, -capacity]))
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise ArithmeticError(f"the flow ended with {status}")
    flow = solver.flows(arcs)
    return flow[:m] + 2 * flow[m : 2 * m], solver.optimal_cost()


def split(problem: Problem, direction: Ints) -> Bools:
    """Turn halves into whole pairs: alternate along each cycle, the better way round."""
    a, b, weight = problem.a, problem.b, problem.weight
    chosen: Bools = direction == 3
    half = np.flatnonzero((direction == 1) | (direction == 2))
    forward = direction[half] == 1
    tail = np.where(forward, a[half], b[half]).tolist()
    head = np.where(forward, b[half], a[half]).tolist()
    leaving: dict[int, list[int]] = {}
    for arc, end in enumerate(tail):
        leaving.setdefault(end, []).append(arc)
    worth = weight[half].tolist()
    for cycle in _cycles(leaving, tail, head):
        chosen[half[_alternate(cycle, worth)]] = True
    return chosen


def _cycles(leaving: dict[int, list[int]], tail: list[int], head: list[int]) -> list[list[int]]:
    """Decompose the arcs, as many in as out at every person, into simple cycles."""
    cycles = []
    for first in tail:
        while leaving[first]:
            walk: list[int] = []
            place = {first: 0}
            end = first
            while True:
                arc = leaving[end].pop()
                walk.append(arc)
                end = head[arc]
                if end in place:  # a cycle closes: keep it, go on from where it began
                    cycles.append(walk[place[end] :])
                    for dropped in cycles[-1]:
                        place.pop(tail[dropped], None)
                    del walk[len(walk) - len(cycles[-1]) :]
                    place[end] = len(walk)
                    if not walk:
                        break
                else:
                    place[end] = len(walk)
    return cycles


def _alternate(cycle: list[int], worth: list[float]) -> list[int]:
    """Return every second arc of the cycle, from the start that weighs most."""
    length = len(cycle)
    take = length // 2
    if length % 2 == 0:
        return max(cycle[::2], cycle[1::2], key=lambda arcs: sum(worth[arc] for arc in arcs))
    turned = [cycle[(2 * k) % length] for k in range(length)]  # consecutive means alternate
    values = [worth[arc] for arc in turned]
    window = best = sum(values[:take])
    start = 0
    for k in range(1, length):
        window += values[(k + take - 1) % length] - values[k - 1]
        if window > best + 1e-12:
            best, start = window, k
    return [turned[(start + k) % length] for k in range(take)]

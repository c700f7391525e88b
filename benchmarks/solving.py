"""Solving: the bare solvers that rounds are measured against, on the candidates of a round."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import networkx
import numpy as np
import rustworkx

from matching import Community, pairing
from matching.exact import Problem


def captured(community: Community, **arguments: Any) -> Problem:
    """Return the problem that a round hands to the solver."""
    seen: list[Problem] = []
    relaxed = pairing.relaxed

    def watched(problem: Problem) -> Any:
        seen.append(problem)
        return relaxed(problem)

    pairing.relaxed = watched
    try:
        community.suggest(**arguments)
    finally:
        pairing.relaxed = relaxed
    return seen[0]


def flow(problem: Problem) -> None:
    """Solve the double cover by OR-tools' min-cost flow, nothing else."""
    pairing._flowed(problem, _cost(problem))


def assigned(problem: Problem) -> None:
    """Solve the double cover by OR-tools' assignment, nothing else."""
    pairing._assigned(problem, _cost(problem))


def _cost(problem: Problem) -> Any:
    return -np.ceil(problem.weight / problem.unit).astype(np.int64)


def blossom(problem: Problem) -> float:
    """Return the exact optimum, by rustworkx."""
    graph: Any = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from(range(len(problem.capacity)))
    weight = np.rint(problem.weight * 1e6).astype(np.int64).tolist()
    rows = list(zip(problem.a.tolist(), problem.b.tolist(), weight, strict=True))
    graph.add_edges_from(rows)
    best = rustworkx.max_weight_matching(graph, False, weight_fn=int)
    return sum(graph.get_edge_data(*pair) for pair in best) / 1e6


def blossom_networkx(problem: Problem) -> None:
    """Solve exactly by networkx."""
    graph = networkx.Graph()
    rows = zip(problem.a.tolist(), problem.b.tolist(), problem.weight.tolist(), strict=True)
    graph.add_weighted_edges_from(rows)
    networkx.max_weight_matching(graph)


def greedy(problem: Problem) -> float:
    """Return the weight of taking the heaviest open pair again and again."""
    free = problem.capacity.copy()
    total = 0.0
    for k in np.argsort(-problem.weight, kind="stable").tolist():
        a, b = problem.a[k], problem.b[k]
        if free[a] and free[b]:
            free[a] -= 1
            free[b] -= 1
            total += float(problem.weight[k])
    return total


def seconds(work: Callable[[], object], times: int) -> float:
    """Return the least processor time of several runs: the one that was disturbed least."""
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best

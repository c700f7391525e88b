"""Exact: the pairing problem, and the blossom algorithm for small ones.

rustworkx solves a thousand people in a tenth of a second and a hundred in a few milliseconds, so
it serves small rounds and the small neighbourhoods that a repair looks at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from matching.roster import Bools, Floats, Ints

SCALE = 100_000


@dataclass(frozen=True, slots=True)
class Problem:
    """Pairs (a, b) with a weight above nought, among people with a capacity of one or more."""

    a: Ints
    b: Ints
    weight: Floats
    capacity: Ints

    @property
    def unit(self) -> float:
        """Return the weight that the solver counts as one."""
        return float(self.weight.max()) / SCALE

    def part(self, pairs: Ints, capacity: Ints) -> Problem:
        """Return the problem of some pairs alone; people are numbered anew."""
        a, b = self.a[pairs], self.b[pairs]
        here = np.zeros(len(capacity), dtype=np.bool_)
        here[a] = here[b] = True
        number = np.cumsum(here) - 1
        return Problem(number[a], number[b], self.weight[pairs], capacity[here])

    def load(self, chosen: Bools) -> Ints:
        """Return in how many chosen pairs each person is."""
        both = np.concatenate([self.a[chosen], self.b[chosen]])
        return np.bincount(both, minlength=len(self.capacity)).astype(np.int64)

    def worth(self, chosen: Bools) -> float:
        """Return the weight of the chosen pairs."""
        return float(self.weight[chosen].sum())


def exact(problem: Problem) -> Bools:
    """Choose pairs by the blossom algorithm (Edmonds 1965), for few pairs.

    A person of capacity c becomes c copies, and a pair whose two ends both have copies becomes a
    path of three edges with the weight of the pair each: with the middle edge the pair is not
    chosen, with the outer two it is (Tutte 1954; Schrijver 2003, ch. 32).
    """
    a, b, weight, capacity = problem.a, problem.b, problem.weight, problem.capacity
    whole = np.rint(weight * (1e9 / max(float(weight.max()), 1e-300))).astype(np.int64)
    single = (capacity[a] == 1) | (capacity[b] == 1)
    copy = np.cumsum(np.append(0, capacity))
    edges: list[tuple[int, int, int]] = []
    of_pair: dict[tuple[int, int], int] = {}
    fresh = int(copy[-1])
    for pair, (i, j, w) in enumerate(zip(a.tolist(), b.tolist(), whole.tolist(), strict=True)):
        left, right = range(copy[i], copy[i + 1]), range(copy[j], copy[j + 1])
        if single[pair]:
            new = [(x, y, w) for x in left for y in right]
            of_pair.update({(x, y): pair for x, y, _ in new})
        else:
            new = [(x, fresh, w) for x in left] + [(fresh + 1, y, w) for y in right]
            new.append((fresh, fresh + 1, w))
            of_pair.update({(x, fresh): pair for x in left})
            fresh += 2
        edges.extend(new)
    mates = _blossom(fresh, edges)
    return _pairs_of(mates, of_pair, len(a), outer=int(copy[-1]))


def _blossom(nodes: int, edges: list[tuple[int, int, int]]) -> dict[int, int]:
    import rustworkx  # noqa: PLC0415  only where a round is small or needs a repair

    graph: Any = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from(range(nodes))
    graph.add_edges_from(edges)
    found = rustworkx.max_weight_matching(graph, False, weight_fn=int)
    return {x: y for pair in found for x, y in (pair, pair[::-1])}


def _pairs_of(
    mates: dict[int, int], of_pair: dict[tuple[int, int], int], pairs: int, *, outer: int
) -> Bools:
    """Read chosen pairs off the mates; a split pair counts when both outer edges are taken."""
    chosen = np.zeros(pairs, dtype=np.bool_)
    for x, y in mates.items():
        pair = of_pair.get((x, y))
        if pair is None:
            continue
        if y < outer or mates.get(y + 1, y) != y:
            chosen[pair] = True
    return chosen

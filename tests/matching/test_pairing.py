"""What the assignment promises: near the oracle, under its bound, within capacities."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import rustworkx
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import pairing, repair
from matching.exact import Problem, exact


@st.composite
def graphs(draw, most=60, capacities=None):
    """Return (n, a, b, weight, capacity) with many equal weights, which make odd cycles."""
    n = draw(st.integers(2, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    i, j = rng.integers(0, n, (2, n * draw(st.integers(1, 6))))
    key = np.unique(np.minimum(i, j)[i != j] * n + np.maximum(i, j)[i != j])
    levels = draw(st.sampled_from([1, 3, 1000]))
    weight = np.ceil(rng.random(len(key)) * levels) / levels
    capacity = np.array([1 if capacities is None else draw(capacities) for _ in range(n)])
    return n, key // n, key % n, weight, capacity


def oracle(n, a, b, weight):
    graph = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from(range(n))
    rows = zip(a.tolist(), b.tolist(), (weight * 10**6).round().astype(int).tolist(), strict=True)
    graph.add_edges_from(list(rows))
    best = rustworkx.max_weight_matching(graph, max_cardinality=False, weight_fn=int)
    of_pair = dict(zip(zip(a.tolist(), b.tolist(), strict=True), weight.tolist(), strict=True))
    return sum(of_pair[min(pair), max(pair)] for pair in best)


def brute(n, a, b, weight, capacity):
    """Return the best weight of any subset of pairs within capacities."""
    best = 0.0
    for size in range(len(a) + 1):
        for some in combinations(range(len(a)), size):
            load = np.bincount([*a[list(some)], *b[list(some)]], minlength=n)
            if (load <= capacity).all():
                best = max(best, float(weight[list(some)].sum()))
    return best


def load(n, a, b, chosen):
    return np.bincount(np.concatenate([a[chosen], b[chosen]]), minlength=n)


@given(graphs(most=120))
@settings(max_examples=60, deadline=None)
def test_a_large_round_reaches_the_oracle_and_stays_under_its_bound(graph):
    n, a, b, weight, capacity = graph
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairing, "EXACT_EDGES", 0)  # so that small graphs take the large road
        found = pairing.assignment(n, a, b, weight, capacity)
    best = oracle(n, a, b, weight)
    assert found.weight >= 0.999 * best
    assert found.bound >= best - 1e-6
    assert (load(n, a, b, found.chosen) <= 1).all()


@given(graphs(most=6, capacities=st.integers(0, 3)))
@settings(max_examples=40, deadline=None)
def test_a_small_round_is_the_best_there_is_with_any_capacities(graph):
    n, a, b, weight, capacity = graph
    if len(a) > 10:
        a, b, weight = a[:10], b[:10], weight[:10]
    found = pairing.assignment(n, a, b, weight, capacity)
    assert found.weight == pytest.approx(brute(n, a, b, weight, capacity))
    assert found.weight == pytest.approx(found.bound)
    assert (load(n, a, b, found.chosen) <= capacity).all()


@given(graphs(most=80, capacities=st.integers(0, 4)))
@settings(max_examples=40, deadline=None)
def test_a_flow_with_capacities_keeps_them_and_reaches_the_exact_answer(graph):
    n, a, b, weight, capacity = graph
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairing, "EXACT_EDGES", 0)
        found = pairing.assignment(n, a, b, weight, capacity)
    assert (load(n, a, b, found.chosen) <= capacity).all()
    open_ = (capacity[a] > 0) & (capacity[b] > 0)
    if open_.any():
        problem = Problem(a[open_], b[open_], weight[open_], capacity)
        best = problem.worth(exact(problem))
        assert found.weight >= 0.999 * best
        assert found.bound >= best - 1e-6


def test_a_thousand_people_are_paired_within_a_thousandth_of_the_bound():
    rng = np.random.default_rng(1)
    i, j = rng.integers(0, 1000, (2, 10_000))
    key = np.unique(np.minimum(i, j)[i != j] * 1000 + np.maximum(i, j)[i != j])
    ones = np.ones(1000, dtype=np.int64)
    found = pairing.assignment(1000, key // 1000, key % 1000, rng.random(len(key)), ones)
    assert 0.999 <= found.weight / found.bound <= 1.0


def test_two_triangles_with_a_bridge_lose_nobody():
    # The relaxation prefers two odd cycles of halves; splitting them alone would leave two.
    a, b = np.array([0, 0, 1, 2, 3, 3, 4]), np.array([1, 2, 2, 3, 4, 5, 5])
    weight, ones = np.array([1.0, 1.0, 1.0, 0.9, 1.0, 1.0, 1.0]), np.ones(6, dtype=np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairing, "EXACT_EDGES", 0)
        found = pairing.assignment(6, a, b, weight, ones)
    assert found.weight == pytest.approx(2.9)


def test_prices_cover_every_pair():
    rng = np.random.default_rng(2)
    i, j = rng.integers(0, 200, (2, 1500))
    key = np.unique(np.minimum(i, j)[i != j] * 200 + np.maximum(i, j)[i != j])
    problem = Problem(key // 200, key % 200, rng.random(len(key)), np.ones(200, dtype=np.int64))
    direction, bound = pairing.relaxed(problem)
    price = repair.prices(problem, direction)
    assert (price[problem.a] + price[problem.b] >= problem.weight - 1e-4).all()
    assert price.sum() == pytest.approx(bound, rel=1e-3)


@pytest.mark.parametrize(
    ("weight", "capacity"), [(0.0, [1, 1]), (-1.0, [1, 1]), (1.0, [0, 1]), (1.0, [0, 0])]
)
def test_a_worthless_or_impossible_pair_is_not_chosen(weight, capacity):
    pair = np.array([0]), np.array([1])
    found = pairing.assignment(2, *pair, np.array([weight]), np.array(capacity))
    assert not found.chosen.any()
    assert found.weight == found.bound == 0.0

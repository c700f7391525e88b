"""How ties decay, and what a new tie would join, against networkx and plain formulas."""

from __future__ import annotations

from datetime import timedelta

import networkx
import numpy as np
import pytest

from matching import Person, Settings, Tie
from matching.acquaintance import Acquaintance
from matching.roster import Roster
from matching.ties import TieGraph

from .towns import AT

DAYS = [0, 7, 75, 300]


def graph_of(ties, ids="ab"):
    return TieGraph(ties, Roster([Person(id) for id in ids]), Settings())


@pytest.mark.parametrize("days", DAYS)
@pytest.mark.parametrize(("kind", "half_life"), [("met", 75), ("co_present", 7)])
def test_a_tie_loses_half_its_weight_in_a_half_life(days, kind, half_life):
    ties = graph_of([Tie("a", "b", AT - timedelta(days=days), kind)])
    expected = 1 - np.exp(-(2 ** (-days / half_life)))
    assert ties.strength(AT.timestamp()) == pytest.approx([expected])


def test_contacts_of_a_pair_add_up_whichever_way_they_are_spelled():
    ties = graph_of([Tie("a", "b", AT, "met", 0.5), Tie("b", "a", AT, "met", 0.25)])
    assert ties.strength(AT.timestamp()) == pytest.approx([1 - np.exp(-0.75)])


def test_knowing_does_not_decay():
    ties = graph_of([Tie("a", "b", AT - timedelta(days=3000))])
    assert len(ties.known(AT.timestamp())) == 1
    assert ties.strength(AT.timestamp()) < 1e-9


def random_graph(n, m, seed=0):
    rng = np.random.default_rng(seed)
    i, j = rng.integers(0, n, (2, m))
    key = np.unique(np.minimum(i, j)[i != j] * n + np.maximum(i, j)[i != j])
    graph = networkx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(zip((key // n).tolist(), (key % n).tolist(), strict=True))
    return graph, Acquaintance(n, key // n, key % n)


@pytest.mark.parametrize(("n", "m"), [(2, 1), (10, 0), (30, 25), (60, 200), (300, 900)])
def test_distances_to_landmarks_are_those_of_a_breadth_first_search(n, m):
    graph, known = random_graph(n, m)
    hops = known.distances()
    picks = np.random.default_rng(0).permutation(n)[:64]
    for column, landmark in enumerate(picks.tolist()):
        exact = networkx.single_source_shortest_path_length(graph, landmark)
        assert hops[:, column].tolist() == [min(exact.get(v, 8), 8) for v in range(n)]


def test_the_gain_is_the_growth_of_harmonic_closeness_when_everyone_is_a_landmark():
    graph, known = random_graph(40, 60)
    strangers = [(i, j) for i in range(40) for j in range(i) if not graph.has_edge(i, j)][::7]
    before = networkx.harmonic_centrality(graph)
    for i, j in strangers:
        graph.add_edge(i, j)
        after = networkx.harmonic_centrality(graph, nbunch=[i, j])
        graph.remove_edge(i, j)
        growth = after[i] + after[j] - before[i] - before[j]
        gain = known.gain(np.array([i]), np.array([j]))[0] * 40
        # Beyond seven hops counts as unreachable, which is worth at most 1/8 a person.
        assert gain == pytest.approx(growth, abs=1.0)


@pytest.mark.parametrize("large", [False, True])
def test_shared_acquaintances_are_counted(large, monkeypatch):
    graph, known = random_graph(80, 300)
    i, j = np.triu_indices(80, 1)
    expected = [len(set(graph[a]) & set(graph[b])) for a, b in zip(i, j, strict=True)]
    counted = known._shared_by_lookup(i, j) if large else known.shared(i, j)
    assert counted.tolist() == expected


def test_people_of_one_circle_are_nearer_than_people_of_two():
    graph = networkx.planted_partition_graph(3, 20, 0.4, 0.02, seed=1)
    edges = np.array(graph.edges())
    known = Acquaintance(60, edges.min(axis=1), edges.max(axis=1))
    i, j = np.triu_indices(60, 1)
    gap = known.apart(i, j)
    same = i // 20 == j // 20
    assert gap[same].mean() < gap[~same].mean() - 0.3
    assert ((gap >= -1e-6) & (gap <= 1 + 1e-6)).all()


def test_a_newcomer_is_apart_from_everyone():
    known = Acquaintance(4, np.array([0, 0, 1]), np.array([1, 2, 2]))
    assert known.apart(np.array([3, 3]), np.array([0, 1])).tolist() == [1.0, 1.0]
    assert known.gain(np.array([3]), np.array([0]))[0] > 0

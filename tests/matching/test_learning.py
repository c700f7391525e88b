"""What answers teach, and how slowly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from matching import Community
from matching.errors import InvalidSetting
from matching.evaluation import auc
from matching.learning import Answer, Effects, Weights

from .towns import AT, person


def answers_of(n, *, rounds, seed=0):
    """Return (answers, true one-sided chances) of people who differ in how keen and liked."""
    rng = np.random.default_rng(seed)
    keen, liked = rng.normal(0, 1.2, n), rng.normal(0, 1.2, n)
    chance = 1 / (1 + np.exp(-(keen[:, None] + liked[None, :])))
    pairs = [(i, j) for i, j in rng.integers(0, n, (rounds, 2)) if i != j]
    rows = [Answer(int(i), int(j), bool(rng.random() < chance[i, j])) for i, j in pairs]
    return rows, chance, rng


def test_the_harmonic_mean_of_learned_chances_tells_who_will_both_agree():
    rows, chance, rng = answers_of(80, rounds=2500)
    learned = Effects(rows)
    pairs = [(int(i), int(j)) for i, j in rng.integers(0, 80, (4000, 2)) if i != j]
    truth = [bool(rng.random() < chance[i, j] * chance[j, i]) for i, j in pairs]
    harmonic = auc([learned.rank(i, j) for i, j in pairs], truth)
    one_sided = auc([learned.chance(i, j) for i, j in pairs], truth)
    assert harmonic > one_sided + 0.03
    assert harmonic > 0.75


def test_nothing_known_is_the_average_and_one_answer_moves_little():
    learned = Effects([])
    assert learned.chance("a", "b") == pytest.approx(0.5)
    once = Effects([Answer("a", "b", False), Answer("c", "d", True)])
    often = Effects([Answer("a", "b", False)] * 20 + [Answer("c", "d", True)] * 20)
    assert 0.5 > once.chance("a", "z") > often.chance("a", "z")
    assert once.chance("a", "z") > 0.35


def test_the_order_of_answers_teaches_the_same():
    rows, _, rng = answers_of(10, rounds=60)
    again = Effects([rows[k] for k in rng.permutation(len(rows))])
    assert again.both(1, 2) == pytest.approx(Effects(rows).both(1, 2))


def test_a_community_takes_what_was_learned():
    people = [person("asker", [], ["tax"]), *(person(id, ["tax"]) for id in ("shy", "keen"))]
    people.append(person("other"))
    rows = [Answer("keen", k, True) for k in range(9)] + [Answer("shy", k, False) for k in range(9)]
    found = Community(people, chance=Effects(rows)).suggest(at=AT)
    assert set(found.suggestions[0].members) == {"asker", "keen"}
    swapped = [replace(row, yes=not row.yes) for row in rows]
    found = Community(people, chance=Effects(swapped)).suggest(at=AT)
    assert set(found.suggestions[0].members) == {"asker", "shy"}


def evidence(m, truth=(-1.0, 2.0), seed=0):
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(m), rng.random(m)])
    return x, rng.random(m) < 1 / (1 + np.exp(-x @ np.array(truth)))


@pytest.mark.parametrize(("m", "near"), [(0, 0.0), (5, 0.0), (50_000, 2.0)])
def test_weights_move_from_the_hand_to_the_evidence(m, near):
    hand = Weights(("always", "help"), (0.0, 0.0), certainty=10.0)
    after = hand.learned(*evidence(m))
    assert after.mean[1] == pytest.approx(near, abs=0.5 if m == 5 else 0.1)
    assert hand.mean.tolist() == [0.0, 0.0]


def test_intervals_narrow_and_hold_the_truth():
    hand = Weights(("always", "help"), (0.0, 0.0), certainty=0.1)
    wide, narrow = (hand.learned(*evidence(m)).intervals()["help"] for m in (100, 10_000))
    assert narrow[2] - narrow[1] < wide[2] - wide[1]
    assert narrow[1] < 2.0 < narrow[2]


def test_perfectly_separated_answers_do_not_run_away():
    x = np.column_stack([np.ones(200), np.repeat([0.0, 1.0], 100)])
    after = Weights(("always", "help"), (0.0, 0.0), certainty=1.0).learned(x, x[:, 1] == 1)
    assert np.isfinite(after.mean).all()
    assert after.chance(x)[0] < 0.2
    assert after.chance(x)[-1] > 0.8


def test_propensities_undo_who_was_shown_to_whom():
    rng = np.random.default_rng(0)
    kind = rng.random(40_000) < 0.5
    yes = rng.random(40_000) < np.where(kind, 0.8, 0.2)
    shown = rng.random(40_000) < (propensity := np.where(kind, 0.9, 0.1))
    x = np.ones((int(shown.sum()), 1))
    hand = Weights(("always",), (0.0,), certainty=0.1)
    naive = hand.learned(x, yes[shown]).chance([[1.0]])[0]
    fair = hand.learned(x, yes[shown], propensity[shown]).chance([[1.0]])[0]
    assert naive > 0.7
    assert fair == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Effects([], strength=0),
        lambda: Effects([], strength=float("nan")),
        lambda: Weights(("a",), (float("nan"),)),
        lambda: Weights(("a", "b"), (1.0,)),
        lambda: Weights(("a",), (1.0,), certainty=0),
        lambda: Weights(("a",), (1.0,)).learned([[float("inf")]], [True]),
        lambda: Weights(("a",), (1.0,)).learned([[1.0]], [True, False]),
        lambda: Weights(("a",), (1.0,)).learned([[1.0]], [True], [0.0]),
    ],
)
def test_what_teaches_nothing_is_refused(wrong):
    with pytest.raises(InvalidSetting):
        wrong()

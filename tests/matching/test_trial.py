"""The trial draws by the rules, and says when it does not know."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from matching.errors import InvalidSetting
from matching.evaluation import (
    auc,
    design_effect,
    difference,
    difference_of_shares,
    paired,
    ratio,
    share,
)
from matching.trial import NOT_ENOUGH, SHARES, Outcome, draw, findings


def test_slots_fall_into_arms_by_their_shares_and_log_the_chance():
    draws = [draw(f"lieu/{k}") for k in range(20_000)]
    counts = Counter(d.arm for d in draws)
    for arm, part in SHARES.items():
        assert counts[arm] / 20_000 == pytest.approx(part, abs=0.02)
    assert all(d.propensity == SHARES[d.arm] for d in draws)


def test_another_trial_draws_anew_and_the_same_one_never_does():
    names = [f"lieu/{k}" for k in range(200)]
    first = [draw(name, trial="spring") for name in names]
    assert first == [draw(name, trial="spring") for name in names]
    assert first != [draw(name, trial="autumn") for name in names]


@pytest.mark.parametrize("shares", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}, {"a": 1.0, "b": 0.0}])
def test_shares_that_are_not_shares_of_one_are_refused(shares):
    with pytest.raises(InvalidSetting):
        draw("slot", shares=shares)


def outcomes(arm, yes, no, silent=0, slots=10):
    said = [True] * yes + [False] * no + [None] * silent
    return [Outcome(arm, f"{arm}{k % slots}", accepted=value) for k, value in enumerate(said)]


def of(found, arm, against=None):
    (finding,) = [f for f in found if (f.measure, f.arm, f.against) == ("accepted", arm, against)]
    return finding


def test_an_arm_with_few_answers_says_so_and_silence_is_not_a_no():
    found = findings(outcomes("memory", 15, 5) + outcomes("engine", 15, 4, silent=50))
    assert of(found, "memory").estimate.value == pytest.approx(0.75)
    assert of(found, "engine").says == NOT_ENOUGH
    assert of(found, "engine").answers == 19
    assert of(found, "engine", "memory").says == NOT_ENOUGH


def test_a_large_gap_is_found_and_none_is_not():
    found = findings(outcomes("memory", 100, 100) + outcomes("engine", 150, 50))
    gap = of(found, "engine", "memory").estimate
    assert gap.low > 0.1
    assert gap.value == pytest.approx(0.25)
    same = findings(outcomes("memory", 100, 100) + outcomes("engine", 101, 99))
    gap = of(same, "engine", "memory").estimate
    assert gap.low < 0 < gap.high


def test_answers_of_one_slot_tell_less_than_answers_of_many():
    one_mind = share([10, 0] * 5, [10] * 10)
    many = share([5] * 10, [10] * 10)
    assert one_mind.high - one_mind.low > 1.5 * (many.high - many.low)
    assert design_effect(np.array([5.0] * 10), np.array([10.0] * 10)) == 1.0


@pytest.mark.parametrize("truth", [0.1, 0.5, 0.9])
def test_wilsons_interval_covers_the_truth_as_often_as_it_says(truth):
    rng = np.random.default_rng(0)
    drawn = rng.binomial(40, truth, 2000)
    held = [(e := share([int(k)], [40])).low <= truth <= e.high for k in drawn]
    assert 0.92 <= np.mean(held) <= 0.99


@pytest.mark.parametrize(("yes", "n"), [(0, 30), (30, 30)])
def test_a_share_of_none_or_all_still_has_an_interval(yes, n):
    found = share([yes], [n])
    assert 0 <= found.low < found.high <= 1
    assert found.high - found.low > 0.05


def test_newcombes_interval_is_the_published_one():
    # Newcombe 1998, table II, case (a): 56/70 against 48/80, method 10.
    gap = difference_of_shares(share([56], [70]), share([48], [80]))
    assert (gap.low, gap.high) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))


def test_a_paired_interval_is_narrower_than_the_spread_of_either_side():
    rng = np.random.default_rng(0)
    hard = rng.normal(10, 5, 60)
    found = paired(hard + 1 + rng.normal(0, 0.1, 60), hard, difference)
    assert found.low > 0.9
    assert found.high < 1.1
    assert paired([1.0, 2.0], [0.0, 0.0], ratio).value == float("inf")
    with pytest.raises(ValueError, match="not pairs"):
        paired([1.0], [], difference)


def test_the_auc_is_that_of_scikit_learn():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(1)
    scores, truth = rng.integers(0, 5, 300), rng.random(300) < 0.4
    assert auc(scores, truth) == pytest.approx(roc_auc_score(truth, scores))
    with pytest.raises(ValueError, match="both"):
        auc([1.0], [True])

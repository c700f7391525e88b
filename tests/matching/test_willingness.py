"""What a lieu's answers say about who agrees to meet whom, and how far it may go."""

from __future__ import annotations

import numpy as np
import pytest

from matching import Community
from matching.errors import InvalidSetting
from matching.evaluation import auc
from matching.learning import Answer, Effects
from matching.willingness import LEAST, MOST, Said, Willingness

from .towns import AT, person


def answers(n, *, rounds, seed=0):
    """People who differ in how keen they are, and who say yes rather where they are helped."""
    rng = np.random.default_rng(seed)
    keen = rng.normal(0, 1, n)
    rows = []
    for i, j in rng.integers(0, n, (rounds, 2)).tolist():
        served, serving = (rng.random(2) < 0.4).astype(float).tolist()
        chance = 1 / (1 + np.exp(-(keen[i] - 0.8 + 2.0 * served)))
        rows.append(Said(i, j, bool(rng.random() < chance), served, serving))
    return rows


def test_help_and_habit_together_foretell_better_than_either():
    rows = answers(60, rounds=3_000)
    learned, later = Willingness(rows[:2_000]), rows[2_000:]
    effects = Effects([Answer(r.person, r.partner, r.yes) for r in rows[:2_000]])
    truth = [r.yes for r in later]
    both = [learned.chance(r.person, r.partner, served=r.served, serving=r.serving) for r in later]
    assert (
        auc(both, truth) > auc([effects.chance(r.person, r.partner) for r in later], truth) + 0.05
    )
    assert auc(both, truth) > auc([r.served for r in later], truth) + 0.05


def test_an_answer_does_not_foretell_itself():
    rng = np.random.default_rng(0)
    once = [Said(k, 1_000 + k, bool(rng.random() < 0.5)) for k in range(300)]
    low, high = Willingness(once).weights.intervals()["says yes"][1:]
    assert low <= 1.0 <= high


def test_no_answers_say_what_the_hand_says():
    learned = Willingness([])
    assert learned.chance("a", "b") == pytest.approx(0.5, abs=0.05)
    assert learned.chance("a", "b", served=1.0) > learned.chance("a", "b")


def test_rarely_shown_answers_count_for_those_that_were_not_shown():
    rows = [Said(k, k + 100, yes=False, propensity=0.1) for k in range(50)]
    rows += [Said(k, k + 200, yes=True, propensity=0.9) for k in range(50, 100)]
    even = [Said(r.person, r.partner, r.yes) for r in rows]
    assert Willingness(rows).chance("x", "y") < Willingness(even).chance("x", "y") - 0.1


def test_a_round_prefers_the_willing_and_shuts_nobody_out():
    people = [person("asker", [], ["tax"]), *(person(id, ["tax"]) for id in ("shy", "keen"))]
    rows = [Said("keen", k, yes=True) for k in range(20)]
    rows += [Said("shy", k, yes=False) for k in range(20)]
    learned = Willingness(rows)
    found = Community([*people, person("other")], chance=learned).suggest(at=AT)
    assert set(found.suggestions[0].members) == {"asker", "keen"}
    alone = Community([p for p in people if p.id != "keen"], chance=learned).suggest(at=AT)
    assert set(alone.suggestions[0].members) == {"asker", "shy"}


def test_the_factor_stays_between_its_bounds():
    seen = []

    def watched(roster, pairs):
        seen.append(learned(roster, pairs))
        return seen[-1]

    rows = [Said(k % 9, k % 7 + 9, yes=k % 9 < 2) for k in range(900)]
    learned = Willingness(rows)
    Community([person(k) for k in range(16)], chance=watched).suggest(at=AT)
    assert seen[0].min() == LEAST
    assert seen[0].max() == MOST
    assert Community([], chance=learned).suggest(at=AT).suggestions == ()


def test_what_teaches_nothing_is_refused():
    with pytest.raises(InvalidSetting):
        Willingness([Said(1, 2, yes=True, served=float("nan"))])
    with pytest.raises(InvalidSetting):
        Willingness([Said(1, 2, yes=True, propensity=0.0)])

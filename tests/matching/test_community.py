"""What every round keeps, whatever the policy."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import Asked, Community, Need, Person, Policy, Settings, Skill, Tie
from matching.errors import (
    DuplicatePerson,
    InvalidAsked,
    InvalidPerson,
    InvalidSetting,
    InvalidTie,
    NaiveInstant,
    UnknownPerson,
)

from .towns import AT, person, town

POLICIES = list(Policy)


def pairs(found):
    return {frozenset(p) for s in found.suggestions for p in combinations(s.members, 2)}


def seated(found):
    return [m for s in found.suggestions for m in s.members]


def why(found):
    return {row.id: row.why for row in found.left_out}


# --- what is never allowed ----------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("n", [2, 3, 9, 40, 131, 300])
def test_no_round_repeats_or_pairs_people_who_know_each_other(policy, n):
    people, ties, asked = town(n)
    found = Community(people, ties, asked).suggest(at=AT, policy=policy)
    never = {frozenset((row.a, row.b)) for row in (*ties, *asked)}
    assert not pairs(found) & never
    assert set(seated(found)) | set(why(found)) == {p.id for p in people}
    assert not set(seated(found)) & set(why(found))
    assert found.weight <= found.bound + 1e-9
    assert found.weight >= 0.999 * found.bound


@given(st.integers(0, 10**6), st.integers(2, 40), st.sampled_from(POLICIES))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_input_changes_nothing(seed, n, policy):
    people, ties, asked = town(n, seed=seed)
    first = Community(people, ties, asked).suggest(at=AT, policy=policy, random_state=seed)
    rng = random.Random(seed)
    shuffled = [rng.sample(rows, len(rows)) for rows in (people, ties, asked)]
    here = [p.id for p in shuffled[0]] * 2
    second = Community(*shuffled).suggest(here, AT, policy=policy, random_state=seed)
    assert first == second


@given(st.integers(0, 10**6), st.integers(2, 30))
@settings(max_examples=30, deadline=None)
def test_nobody_is_above_a_cap_or_twice_with_the_same_person(seed, n):
    people, ties, asked = town(n, seed=seed)
    rng = random.Random(seed)
    people = [replace(p, cap=rng.randint(0, 4)) for p in people]
    found = Community(people, ties, asked).suggest(at=AT)
    everyone = seated(found)
    assert all(everyone.count(p.id) <= p.cap for p in people)
    met = [frozenset(p) for s in found.suggestions for p in combinations(s.members, 2)]
    assert len(met) == len(set(met))
    assert {p.id for p in people} == set(everyone) | set(why(found))


@pytest.mark.parametrize("policy", POLICIES)
def test_a_block_holds_in_both_directions_and_is_not_told(policy):
    one = person("a", ["law"], ["music"], blocked=frozenset({"b", "gone long ago"}))
    found = Community([one, person("b", ["music"], ["law"])]).suggest(at=AT, policy=policy)
    assert not found.suggestions
    assert set(why(found).values()) == {"nobody_new"}


@pytest.mark.parametrize("policy", POLICIES)
def test_colleagues_meet_unless_one_of_them_would_rather_not(policy):
    a = person("a", ["law"], organisation="atelier")
    b = person("b", [], ["law"], organisation="atelier")
    assert Community([a, b]).suggest(at=AT, policy=policy).suggestions
    shy = replace(b, avoids_own_organisation=True)
    assert not Community([a, shy]).suggest(at=AT, policy=policy).suggestions


def test_an_avoider_without_an_organisation_avoids_nobody():
    people = [person(id, ["law"], ["law"], avoids_own_organisation=True) for id in "ab"]
    assert Community(people).suggest(at=AT).suggestions


def test_the_future_has_not_happened_yet_but_an_asking_always_counts():
    people = [person("a", ["law"]), person("b", [], ["law"])]
    later = AT + timedelta(days=1)
    assert Community(people, [Tie("a", "b", later)]).suggest(at=AT).suggestions
    assert not Community(people, [Tie("a", "b", later)]).suggest(at=later).suggestions
    assert not Community(people, [], [Asked("a", "b", later)]).suggest(at=AT).suggestions


@pytest.mark.parametrize(
    ("weights", "known"), [([1.0], True), ([0.2], False), ([0.2, 0.2, 0.2], True), ([0.0], False)]
)
def test_sharing_a_room_makes_an_acquaintance_only_little_by_little(weights, known):
    people = [person("a", ["law"]), person("b", [], ["law"])]
    ties = [
        Tie("a", "b", AT - timedelta(days=300 + d), "co_present", w) for d, w in enumerate(weights)
    ]
    assert bool(Community(people, ties).suggest(at=AT).suggestions) is not known


# --- who is left out, and why -------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"paused": True}, "paused"),
        ({"until": AT}, "gone"),
        ({"until": AT - timedelta(hours=1)}, "gone"),
        ({"cap": 0}, "cap"),
        ({"weekly": 0}, "cap"),
        ({"weekly": 1}, "cap"),
    ],
)
def test_who_takes_no_suggestion_is_told_why(facts, reason):
    people = [person("a", ["law"], **facts), person("b", [], ["law"]), person("c")]
    asked = [Asked("a", "c", AT - timedelta(days=2))]
    found = Community(people, [], asked).suggest(at=AT)
    assert why(found) == {"a": reason}
    assert found.suggestions[0].members == ("b", "c")


def test_a_weekly_cap_forgets_after_seven_days():
    people = [person("a", ["law"], weekly=1), person("b", [], ["law"]), person("c")]
    asked = [Asked("a", "c", AT - timedelta(days=7, seconds=1))]
    assert not Community(people, [], asked).suggest(["a", "b"], AT).left_out


def test_who_was_asked_a_moment_ago_is_left_in_peace():
    people = [person(id) for id in "abc"]
    asked = [Asked("a", "b", AT - timedelta(hours=1))]
    found = Community(people, [], asked, settings=Settings(cooldown_hours=2)).suggest(at=AT)
    assert why(found) == {"a": "resting", "b": "resting", "c": "alone"}


@pytest.mark.parametrize("ids", [[], ["a"]])
def test_an_empty_lieu_gets_an_empty_round(ids):
    found = Community([person(id) for id in ids]).suggest(at=AT)
    assert found.suggestions == ()
    assert found.weight == found.bound == 0.0
    assert why(found) == dict.fromkeys(ids, "alone")


def test_a_community_of_nobody_answers():
    found = Community([]).suggest([], AT)
    assert (found.suggestions, found.left_out) == ((), ())


def test_those_whom_no_skill_serves_still_meet_someone():
    found = Community([person(i) for i in range(200)]).suggest(at=AT)
    assert not found.left_out
    assert {s.reasons[0].code for s in found.suggestions} == {"wild_card"}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("n", [3, 7, 201])
def test_an_odd_one_joins_a_trio(policy, n):
    found = Community([person(i, ["law"], ["law"]) for i in range(n)]).suggest(at=AT, policy=policy)
    assert not found.left_out
    assert sorted(len(s.members) for s in found.suggestions)[-1] == 3
    assert sorted(seated(found)) == list(range(n))


def test_an_odd_one_who_knows_someone_in_every_pair_is_told():
    people = [person(id, ["law"], ["law"]) for id in "abc"]
    found = Community(people, [Tie("a", "c", AT - timedelta(days=1))]).suggest(at=AT)
    assert len(found.suggestions) == 1
    assert list(why(found).values()) == ["no_place"]


def test_a_need_that_concerns_several_makes_a_circle_around_one_helper():
    askers = [person(f"asker {k}", [], ["tax"]) for k in range(3)]
    people = [person("helper", ["tax"]), *askers]
    found = Community(people).suggest(at=AT)
    (circle,) = found.suggestions
    assert set(circle.members) == {p.id for p in people}
    assert all(circle.serves[p.id] > 0.9 for p in askers)
    assert "same_need" in {r.code for r in circle.reasons}


def test_no_circle_is_larger_than_five():
    people = [person("helper", ["tax"]), *(person(k, [], ["tax"]) for k in range(11))]
    found = Community(people).suggest(at=AT)
    assert max(len(s.members) for s in found.suggestions) <= 5
    assert not found.left_out


# --- what is worth more -------------------------------------------------------------------


def test_two_helped_people_are_worth_more_than_one_helped_twice():
    people = [
        person("rich", ["a", "b"], []),
        person("greedy", ["c"], ["a", "b"]),
        person("modest", [], ["c"]),
        person("other", [], ["b"]),
    ]
    found = Community(people).suggest(at=AT)
    assert sum(v > 0.5 for s in found.suggestions for v in s.serves.values()) == 2


def test_whoever_was_never_helped_comes_first():
    people = [
        person("helper", ["tax"], cap=1),
        person("often", [], ["tax"], received=1.0),
        person("never", [], ["tax"], received=0.0),
        person("extra"),
    ]
    circles_off = Community(people).suggest(["helper", "often", "never", "extra"], AT)
    first = max(circles_off.suggestions, key=lambda s: s.score)
    assert set(first.members[:2]) == {"helper", "never"}


def test_help_received_is_supposed_from_the_askings_when_it_is_not_told():
    people = [
        person("helper", ["tax"]),
        person("old helper", ["tax"]),
        person("often", [], ["tax"]),
        person("never", [], ["tax"]),
    ]
    asked = [Asked("old helper", "often", AT - timedelta(days=3))]
    here = ["helper", "often", "never"]
    found = Community(people, [], asked).suggest(here, AT)
    assert set(found.suggestions[0].members[:2]) == {"helper", "never"}


def test_among_equals_the_stranger_from_elsewhere_is_preferred():
    people = [
        person("asker", [], ["tax"], organisation="one"),
        person("near", ["tax"], ["music"], organisation="one"),
        person("far", ["tax"], ["music"], organisation="two"),
        person("singer", ["music"], [], organisation="two"),
    ]
    found = Community(people).suggest(at=AT)
    assert {frozenset(s.members) for s in found.suggestions} == {
        frozenset({"asker", "far"}),
        frozenset({"near", "singer"}),
    }


def test_a_shared_language_counts():
    people = [
        person("asker", [], ["tax"], languages=("fr",)),
        person("french", ["tax"], languages=("FR",)),
        person("dutch", ["tax"], languages=("nl",)),
        person("silent"),
    ]
    found = Community(people).suggest(at=AT)
    best = found.suggestions[0]
    assert set(best.members) == {"asker", "french"}


def test_the_same_seed_gives_the_same_round_and_another_seed_may_not():
    people = [person(i, ["law"], ["law"]) for i in range(150)]
    community = Community(people)
    same = [community.suggest(at=AT, random_state=7) for _ in range(2)]
    assert same[0] == same[1]
    assert community.suggest(at=AT, random_state=8) != same[0]


def test_a_cap_for_everyone_lowers_but_does_not_raise_ones_own():
    people = [person(i, ["law"], ["law"], cap=1 + i % 3) for i in range(12)]
    found = Community(people).suggest(at=AT, per_person=2)
    assert all(seated(found).count(i) <= min(2, 1 + i % 3) for i in range(12))
    assert not Community(people).suggest(at=AT, per_person=0).suggestions


def test_with_larger_caps_people_meet_more_people():
    people = [person(i, ["law"], ["law"], cap=3) for i in range(10)]
    found = Community(people).suggest(at=AT)
    assert all(seated(found).count(i) == 3 for i in range(10))


# --- bad input ----------------------------------------------------------------------------

NAN = float("nan")


@pytest.mark.parametrize(
    ("people", "ties", "asked", "error"),
    [
        ([Person(1), Person(1)], [], [], DuplicatePerson),
        ([Person(1, cap=-1)], [], [], InvalidPerson),
        ([Person(1, weekly=-1)], [], [], InvalidPerson),
        ([Person(1, received=NAN)], [], [], InvalidPerson),
        ([Person(1, (Skill("law", level=NAN),))], [], [], InvalidPerson),
        ([Person(1, (Skill("law", level=2.0),))], [], [], InvalidPerson),
        ([Person(1, (), (Need("law", urgency=-0.5),))], [], [], InvalidPerson),
        ([Person(1, until=datetime(2026, 5, 4))], [], [], NaiveInstant),  # noqa: DTZ001
        ([Person(1), Person(2)], [Tie(1, 2, AT, weight=NAN)], [], InvalidTie),
        ([Person(1), Person(2)], [Tie(1, 2, AT, weight=float("inf"))], [], InvalidTie),
        ([Person(1), Person(2)], [Tie(1, 2, AT, weight=-1)], [], InvalidTie),
        ([Person(1), Person(2)], [Tie(1, 2, AT, "waved")], [], InvalidTie),
        ([Person(1), Person(2)], [Tie(1, 1, AT)], [], InvalidTie),
        ([Person(1)], [Tie(1, 2, datetime(2026, 5, 4))], [], NaiveInstant),  # noqa: DTZ001
        ([Person(1)], [], [Asked(1, 1, AT)], InvalidAsked),
        ([Person(1)], [], [Asked(1, 2, datetime(2026, 5, 4))], NaiveInstant),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_used_is_refused_by_name(people, ties, asked, error):
    with pytest.raises(error):
        Community(people, ties, asked)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"present": ["nobody"], "at": AT}, UnknownPerson),
        ({"at": datetime(2026, 5, 4)}, NaiveInstant),  # noqa: DTZ001
        ({"at": None}, InvalidSetting),
        ({"at": AT, "policy": "best"}, InvalidSetting),
        ({"at": AT, "per_person": -1}, InvalidSetting),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(arguments, error):
    with pytest.raises(error):
        Community([Person("a")]).suggest(**arguments)


def test_an_error_names_the_offender():
    with pytest.raises(InvalidTie, match="'b'"):
        Community([Person("a"), Person("b")], [Tie("a", "b", AT, weight=NAN)])
    with pytest.raises(DuplicatePerson, match="'twice'"):
        Community([Person("twice"), Person("twice")])


def test_a_tie_to_somebody_who_has_left_is_ignored():
    people = [person("a", ["law"]), person("b", [], ["law"])]
    ties, asked = [Tie("a", "gone", AT)], [Asked("gone", "b", AT)]
    assert Community(people, ties, asked).suggest(at=AT).suggestions


@pytest.mark.parametrize(
    "text",
    ["", " ", "\0", "🙈" * 50, "x" * 10_000, "مساعدة في المحاسبة", "\ud800", "a\nb", "%s {0} <b>"],
)
def test_any_text_is_taken_as_it_is(text):
    people = [person("a", [text]), person("b", [], [text]), person("c", [text], [text])]
    found = Community(people).suggest(at=AT)
    assert not found.left_out
    assert all(s.reasons for s in found.suggestions)


def test_ids_of_any_kind_live_side_by_side():
    ids = [1, "1", 2, ("x", 1), frozenset({3})]
    found = Community([person(id, ["law"], ["law"]) for id in ids]).suggest(ids, AT)
    assert set(seated(found)) == set(ids)


def test_an_instant_in_another_zone_is_the_same_instant():
    from datetime import timezone

    people, ties, asked = town(20)
    community = Community(people, ties, asked)
    east = AT.astimezone(timezone(timedelta(hours=9)))
    assert community.suggest(at=AT) == community.suggest(at=east)
    assert AT.tzinfo is UTC


def test_importing_the_library_loads_nothing_heavy():
    import subprocess
    import sys

    code = (
        "import sys, matching; from matching import Person, Tie, Policy;"
        "print([m for m in ('numpy', 'scipy', 'ortools', 'rustworkx') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"

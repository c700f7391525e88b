"""What a reason says, and above all what it does not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from matching import Community, Need, Person, Skill, Tie

from .towns import AT, person


def reasons_of(people, ties=(), **options):
    here = [p.id for p in people if p.id not in {"third", "other third"}]
    (suggestion,) = Community(people, ties, **options).suggest(here, AT).suggestions
    return {r.code: dict(r.facts) for r in suggestion.reasons}


def test_a_reason_tells_who_gains_what():
    told = reasons_of([person("a", ["tax law"]), person("b", [], ["Tax Law"])])
    assert told["helps_with"] == {
        "giver": "a",
        "receiver": "b",
        "need": "Tax Law",
        "skill": "tax law",
    }


def test_a_trade_names_both():
    told = reasons_of([person("a", ["law"], ["music"]), person("b", ["music"], ["law"])])
    assert set(told["trade"].values()) == {"a", "b"}


@pytest.mark.parametrize(("need_shown", "skill_shown"), [(True, False), (False, True)])
def test_a_text_that_is_not_to_be_shown_is_not_in_any_reason(need_shown, skill_shown):
    people = [
        Person("a", (Skill("debt advice", "c1", shown=skill_shown),)),
        Person("b", (), (Need("my debts", "c1", shown=need_shown),)),
    ]
    told = reasons_of(people)["helps_with"]
    assert ("need" in told) is need_shown
    assert ("skill" in told) is skill_shown
    assert "concept" not in told


@pytest.mark.parametrize(
    ("visible", "named"),
    [
        (True, True),
        (False, False),
        (frozenset({"a", "b"}), True),
        (frozenset({"a"}), False),
        (frozenset(), False),
    ],
)
def test_a_shared_acquaintance_is_named_only_when_visible_to_both(visible, named):
    third = person("third", visible=visible)
    ties = [Tie(id, "third", AT - timedelta(days=1)) for id in "ab"]
    told = reasons_of([person("a"), person("b"), third], ties)
    assert ("both_know" in told) is named
    if named:
        assert told["both_know"]["ids"] == ("third",)


@pytest.mark.parametrize("blocker", ["a", "third"])
def test_a_block_hides_a_shared_acquaintance(blocker):
    people = {p.id: p for p in (person("a"), person("b"), person("third", visible=True))}
    other = "third" if blocker == "a" else "a"
    people[blocker] = replace(people[blocker], blocked=frozenset({other}))
    ties = [Tie(id, "third", AT - timedelta(days=1)) for id in "ab"]
    assert "both_know" not in reasons_of(people.values(), ties)


def test_the_moment_lasts_until_the_first_leaves_and_only_if_both_said():
    soon, late = AT + timedelta(hours=1), AT + timedelta(hours=5)
    told = reasons_of([person("a", until=late), person("b", until=soon)])
    assert told["same_moment_until"] == {"until": soon}
    assert "same_moment_until" not in reasons_of([person("a", until=late), person("b")])


def test_shared_languages_are_told_as_the_first_spells_them():
    told = reasons_of([person("a", languages=("fr", "nl")), person("b", languages=("FR",))])
    assert told["shared_language"] == {"languages": ("fr",)}


def test_no_reason_holds_a_number():
    people = [
        person("a", ["law"], ["music"], languages=("fr",), visible=True, until=AT + timedelta(1)),
        person("b", ["music"], ["law"], languages=("fr",), visible=True, until=AT + timedelta(1)),
        person("third", visible=True),
    ]
    ties = [Tie(id, "third", AT - timedelta(days=1)) for id in "ab"]
    told = reasons_of(people, ties)
    assert len(told) == 5
    facts = [v for reason in told.values() for v in reason.values()]
    assert not [v for v in facts if isinstance(v, (int, float))]


class Families:
    """A vocabulary of two concepts in one family."""

    def broader(self, concept_id):
        return {"knitting": ("textiles",), "weaving": ("textiles",)}[concept_id]


@pytest.mark.parametrize(("concept", "share"), [("knitting", 1.0), ("weaving", 0.6)])
def test_the_same_family_helps_a_little_less_than_the_same_concept(concept, share):
    people = [
        Person("a", (Skill("tricot", "knitting"),)),
        Person("b", (), (Need("les mains", concept),)),
        Person("c", (Skill("law", "unknown to the vocabulary"),)),
    ]
    community = Community(people, vocabulary=Families())
    found = community.suggest(["a", "b"], AT)
    assert found.suggestions[0].serves["b"] == pytest.approx(share, abs=1e-3)

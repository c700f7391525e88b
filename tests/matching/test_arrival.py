"""One newcomer and one question: answers without a round."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from matching import Asked, Community, Need, Person, Skill, Tie
from matching.errors import UnknownPerson

from .towns import AT, person, town


def test_a_newcomer_meets_helpers_first_and_then_chance():
    people = [
        person("new", [], ["tax"]),
        person("helper", ["tax"]),
        person("lawyer", ["law"]),
        person("away", ["tax"]),
    ]
    found = Community(people).arrival("new", {"new", "helper", "lawyer"}, AT)
    assert [s.members for s in found] == [("new", "helper"), ("new", "lawyer")]
    assert found[0].serves["new"] > 0.9
    assert [s.reasons[0].code for s in found] == ["helps_with", "wild_card"]


@pytest.mark.parametrize("n", [5, 60, 200])
def test_an_arrival_keeps_the_rules_of_a_round(n):
    people, ties, asked = town(n)
    community = Community(people, ties, asked)
    never = {frozenset((row.a, row.b)) for row in (*ties, *asked)}
    everyone = [p.id for p in people]
    for newcomer in everyone[:20]:
        found = community.arrival(newcomer, everyone, AT)
        assert len(found) <= 3
        assert not {frozenset(s.members) for s in found} & never
        assert all(s.a == newcomer != s.b for s in found)
        assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)


@pytest.mark.parametrize(
    ("facts", "met"),
    [
        ({}, True),
        ({"paused": True}, False),
        ({"until": AT}, False),
        ({"cap": 0}, False),
        ({"weekly": 1}, False),
        ({"blocked": frozenset({"new"})}, False),
        ({"organisation": "atelier", "avoids_own_organisation": True}, False),
        ({"organisation": "atelier"}, True),
    ],
)
def test_who_takes_no_suggestion_is_not_offered_to_a_newcomer(facts, met):
    people = [
        person("new", [], ["tax"], organisation="atelier"),
        person("helper", ["tax"], **facts),
        person("third"),
    ]
    asked = [Asked("helper", "third", AT - timedelta(days=1))]
    found = Community(people, [], asked).arrival("new", ["new", "helper"], AT)
    assert bool(found) is met


def test_a_paused_newcomer_gets_nothing_and_an_unknown_one_is_refused():
    community = Community([person("a", paused=True), person("b")])
    assert community.arrival("a", ["a", "b"], AT) == ()
    with pytest.raises(UnknownPerson, match="'c'"):
        community.arrival("c", ["a", "b"], AT)


def test_a_tie_counts_from_its_instant_on():
    people = [person("new", [], ["tax"]), person("helper", ["tax"])]
    community = Community(people, [Tie("new", "helper", AT)])
    assert community.arrival("new", ["helper"], AT - timedelta(hours=1))
    assert not community.arrival("new", ["helper"], AT)


# --- helpers ------------------------------------------------------------------------------


class Bilingual:
    """An encoder of three words, so that the tests need no 33 MB."""

    axes = {"accountant": 0, "comptable": 0, "plumber": 1}

    def vectors(self, texts):
        rows = np.zeros((len(texts), 3), dtype=np.float32)
        for k, text in enumerate(texts):
            rows[k, self.axes.get(text, 2)] = 1.0
        return rows

    def calibrated(self, cosines):
        return 0.9 * np.maximum(cosines, 0)


def helpers_of(people, need, **options):
    meaning = options.pop("meaning", None)
    return Community(people, meaning=meaning).helpers(need, **options)


def test_helpers_come_best_first_and_say_why():
    people = [
        Person("expert", (Skill("tax", "t1", level=1.0),)),
        Person("beginner", (Skill("tax", "t1", level=0.4),)),
        Person("other", (Skill("music"),)),
    ]
    found = helpers_of(people, Need("impôts", "t1"))
    assert [h.id for h in found] == ["expert", "beginner"]
    assert found[0].why == {"skill": "tax", "how": "same skill"}


def test_a_helper_is_found_across_languages():
    people = [Person("nl", (Skill("plumber"),)), Person("fr", (Skill("comptable"),))]
    found = helpers_of(people, "accountant", meaning=Bilingual())
    assert [h.id for h in found] == ["fr"]
    assert found[0].why["how"] == "similar meaning"
    suggestion = Community(
        [*people, Person("asker", (), (Need("accountant"),))], meaning=Bilingual()
    ).suggest(["fr", "asker"], AT)
    assert suggestion.suggestions[0].serves["asker"] == pytest.approx(0.9, abs=1e-3)


def test_helpers_leave_out_the_paused_the_gone_and_the_excluded():
    people = [
        person("a", ["tax"]),
        person("b", ["tax"], paused=True),
        person("c", ["tax"], until=AT),
        person("d", ["tax"]),
    ]
    found = helpers_of(people, "tax", at=AT, exclude=["d", "nobody"])
    assert [h.id for h in found] == ["a"]


def test_a_hidden_skill_helps_without_being_told():
    found = helpers_of([Person("a", (Skill("debts", shown=False),))], "debts")
    assert found[0].why == {"how": "same skill"}


@pytest.mark.parametrize("text", ["", "\0", "🙈", "x" * 10_000])
def test_any_question_has_an_answer_if_only_nobody(text):
    assert helpers_of([person("a", ["tax"])], text) == []
    assert Community([]).helpers(text) == []

"""Whom to ask: those with fresh experience, and now and then somebody new."""

from __future__ import annotations

from datetime import timedelta

import pytest

from matching.errors import InvalidSetting, NaiveInstant
from matching.experience import Experience, Helped

from .towns import AT

VAT = "how do I register for value added tax"
BREAD = "why does my sourdough bread not rise"


def record(*rows):
    return [Helped(who, question, AT - timedelta(days=days)) for who, question, days in rows]


def test_similar_questions_count_more_than_many_others():
    known = Experience(record(("tax", VAT, 3), *(("baker", BREAD, 3) for _ in range(5))), kept=0)
    assert known.helpers("registering for value added tax", AT, top=1) == ["tax"]
    assert known.helpers("my bread dough does not rise", AT, top=1) == ["baker"]


def test_recent_experience_counts_more_than_old():
    known = Experience(record(("old", VAT, 100), ("fresh", VAT, 1)), kept=0)
    assert known.helpers(VAT, AT) == ["fresh", "old"]


def test_an_answer_that_comes_later_is_not_known_yet():
    known = Experience(record(("a", VAT, 3), ("b", VAT, 1)), kept=0)
    assert known.helpers(VAT, AT - timedelta(days=2)) == ["a"]


def test_everybody_is_named_sooner_or_later():
    rows = [(f"busy {k}", VAT, 1) for k in range(5)] * 5 + [
        (f"rare {k}", BREAD, 9) for k in range(9)
    ]
    known = Experience(record(*rows))
    seen = {who for _ in range(60) for who in known.helpers(VAT, AT)}
    assert seen == set(known.people)
    without = Experience(record(*rows), kept=0, spread=0)
    assert {who for _ in range(60) for who in without.helpers(VAT, AT)} == {
        f"busy {k}" for k in range(5)
    }


def test_only_those_who_are_free_are_named_and_never_the_asker():
    known = Experience(record(("a", VAT, 1), ("b", VAT, 1), ("c", VAT, 1)))
    assert known.helpers(VAT, AT, free=["a", "b", "stranger"], exclude=["a"]) == ["b"]


@pytest.mark.parametrize("text", ["", "\0", "🙈", "x" * 10_000])
def test_any_question_is_taken(text):
    assert len(Experience(record(("a", VAT, 1))).helpers(text, AT)) <= 1
    assert Experience([]).helpers(text, AT) == []
    assert Experience(record(("a", text, 1))).helpers(VAT, AT) == ["a"]


def test_the_order_of_the_record_changes_nothing():
    rows = record(("a", VAT, 1), ("b", BREAD, 2), ("c", VAT, 3))
    assert Experience(rows).helpers(VAT, AT) == Experience(rows[::-1]).helpers(VAT, AT)


def test_what_cannot_be_used_is_refused():
    with pytest.raises(InvalidSetting):
        Experience([], half_life=0)
    with pytest.raises(NaiveInstant):
        Experience([Helped("a", VAT, AT.replace(tzinfo=None))])

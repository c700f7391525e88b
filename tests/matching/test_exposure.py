"""Whom a batch of needs names: those who fit, and not the same few for everything."""

from __future__ import annotations

import numpy as np
import pytest

from matching import Community, Person, Skill, exposure

VAT = "how do I register my small company for value added tax"
LATE = "what happens when I pay value added tax too late this year"
BREAD = "why does my sourdough bread not rise in the oven at home"
KNEAD = "how long should I knead the dough of my sourdough bread"


def told(**sentences):
    return Community([Person(who, tuple(map(Skill, said))) for who, said in sentences.items()])


def test_who_answered_alike_questions_is_named_before_who_answered_many_others():
    found = told(tax=[VAT], baker=[BREAD, KNEAD, BREAD + " today", KNEAD + " tomorrow"])
    assert [h.id for h in found.helpers(LATE)] == ["tax", "baker"]
    assert [h.id for h in found.helpers("sourdough")][0] == "baker"


def test_what_few_answered_says_more_than_what_everybody_did():
    crowd = {f"p{k}": [VAT, BREAD] for k in range(6)}
    found = told(**crowd, rare=[LATE, BREAD])
    assert found.helpers("when do I pay my value added tax late", top=1)[0].id == "rare"


def test_the_reason_names_the_sentence_that_says_most():
    found = told(both=[BREAD, VAT], baker=[BREAD])
    (first, *_) = found.helpers(LATE)
    assert first.why == {"skill": VAT, "how": "similar words"}


def test_a_hidden_sentence_is_not_told():
    found = Community([Person("a", (Skill(VAT, shown=False),))]).helpers(LATE)
    assert found[0].why == {"how": "similar words"}


def test_short_skills_are_weighed_as_before_beside_sentences():
    people = [Person("short", (Skill("yoga"), Skill("chess"))), Person("long", (Skill(VAT),))]
    found = Community(people).helpers("yoga")
    assert (found[0].id, found[0].score) == ("short", 1.0)


@pytest.mark.parametrize("words", ["\0", "🙈 🙈 🙈 🙈 🙈 🙈 🙈", "x " * 5_000, "שלום " * 8])
def test_any_sentence_is_taken(words):
    found = told(a=[words], b=[VAT])
    assert all(0 <= h.score <= 1 for h in found.helpers(VAT) + found.helpers(words))


def test_of_many_equals_not_the_same_five_are_named_for_every_need():
    community = Community([Person(k, (Skill("tax"), Skill("law"))) for k in range(40)])
    needs = ["tax", "law", "TAX!", "law?"]
    seen = {h.id for row in community.helpers_for(needs) for h in row}
    assert len(seen) > 9


def crowd(needs=12, strong=5, weak=6):
    """Everybody's best are the same few; `weak` come close in one need each."""
    worth = [np.zeros(strong + weak) for _ in range(needs)]
    for k, row in enumerate(worth):
        row[:strong] = 0.5
        row[strong + k % weak] = 0.45
        row[strong + (k + 1) % weak] = 0.1
    return worth


def spread(worth, top=5):
    everybody = np.arange(len(worth[0]))
    return exposure.spread(
        worth, [exposure.ranked(w, everybody, str(k)) for k, w in enumerate(worth)], top
    )


def test_who_nearly_fits_gets_one_seat_and_nobody_vanishes_for_it():
    named = spread(crowd())
    assert {p for names in named for p in names} == set(range(11))
    assert all(len(names) == len(set(names)) == 5 for names in named)
    first_four = {p for names in named for p in names[:4]}
    assert first_four == set(range(5))


def test_who_does_not_nearly_fit_gets_no_seat():
    worth = crowd()
    for row in worth:
        row[row == 0.45] = 0.5 * exposure.NEARLY - 0.01
    assert {p for names in spread(worth) for p in names} == set(range(5))


def test_with_ten_names_the_seat_is_still_among_the_five_that_are_read():
    named = spread(crowd(), top=10)
    assert {p for names in named for p in names[:5]} == set(range(11))


def test_one_need_alone_names_the_best():
    (named,) = spread(crowd(needs=1))
    assert set(named) == set(range(5))


def test_the_order_of_the_needs_changes_nothing():
    worth = crowd()
    everybody = np.arange(11)
    orders = [exposure.ranked(w, everybody, str(k)) for k, w in enumerate(worth)]
    there = exposure.spread(worth, orders, 5)
    back = exposure.spread(worth[::-1], orders[::-1], 5)[::-1]
    assert [sorted(n[:4]) for n in there] == [sorted(n[:4]) for n in back]
    assert {p for n in there for p in n} == {p for n in back for p in n}


def test_nobody_and_nothing_are_taken():
    assert exposure.spread([], [], 5) == []
    assert spread([np.zeros(0), np.zeros(0)]) == [[], []]
    assert spread([np.zeros(3)]) == [[]]

"""A round suggests each pair once, three a person at most, and leaves in peace who wants peace."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import consent, introductions, members, needs, presence, skills, suggestions, ties
from serendipity.db import write_transaction
from serendipity.introductions import Introduction
from serendipity.lieux import Lieu, Moment
from serendipity.members import Member
from serendipity.presence import Presence
from serendipity.suggestions import SuggestedPair, Suggestion, recording
from tests.conftest import NOON
from tests.rows import a_lieu
from tests.woven import an_introduction, at_once, engine_of, skilled

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


def a_round(session: Session, lieu: Lieu, **given: Any) -> suggestions.Round:
    return suggestions.run_round(session, lieu=lieu, **{"at": NOON, **given})


def pairs(session: Session) -> set[tuple[int, int]]:
    return {(one.a_id, one.b_id) for one in session.scalars(select(SuggestedPair))}


def a_room(session: Session, lieu: Lieu, count: int = 6) -> list[Member]:
    """People of whom each can help the next."""
    words = [f"skill number {n}" for n in range(count)]
    return [
        skilled(session, lieu, f"Person {n}", can=[words[n]], wants=words[(n + 1) % count])
        for n in range(count)
    ]


def test_who_can_help_is_suggested_with_the_words_they_offered(
    session: Session, lieu: Lieu
) -> None:
    awa = skilled(session, lieu, "Awa", wants="Sérigraphie")
    ines = skilled(session, lieu, "Inès", can=["sérigraphie"])
    (made,) = a_round(session, lieu).suggestions
    assert {one.member_id for one in made.members} == {awa.id, ines.id}
    reason = made.reasons[0]
    assert reason["code"] == "helps_with"
    assert reason["facts"] == {
        "giver": ines.id,
        "receiver": awa.id,
        "need": "Sérigraphie",
        "skill": "sérigraphie",
    }
    assert made.introduction is not None
    assert (made.introduction.how, made.introduction.expires_at) == ("here", NOON + 4 * HOUR)
    assert (made.arm, made.propensity) == ("engine", 1.0)


def test_a_round_is_certified_and_counts_who_is_left_out(session: Session, lieu: Lieu) -> None:
    a_room(session, lieu, 2)
    hidden, focused, paused, declared = (skilled(session, lieu, name) for name in "HFPD")
    presence.hide(session, member_id=hidden.id, at=NOON)
    presence.focus(session, member_id=focused.id, until=NOON + HOUR, at=NOON)
    members.pause(session, member_id=paused.id, until=NOON + DAY)
    stay = presence.of(session, member_id=declared.id, at=NOON)
    assert stay is not None
    stay.confirmed_at = None
    session.flush()
    made = a_round(session, lieu)
    assert made.people == 2
    assert 0 < made.weight <= made.bound
    assert made.left_out == {"hidden": 1, "focus": 1, "paused": 1, "declared": 1}
    met = {one.member_id for suggestion in made.suggestions for one in suggestion.members}
    assert not met & {hidden.id, focused.id, paused.id, declared.id}


def test_no_pair_is_suggested_twice_and_nobody_has_more_than_three_before_them(
    session: Session, lieu: Lieu
) -> None:
    people = a_room(session, lieu, 9)
    seen: set[tuple[int, int]] = set()
    for hour in range(4):
        at = NOON + hour * MINUTE
        for suggestion in a_round(session, lieu, at=at, seed=hour).suggestions:
            ids = sorted(one.member_id for one in suggestion.members)
            new = set(combinations(ids, 2))
            assert not new & seen
            seen |= new
        held = introductions.how_many_open(
            session, member_ids=[one.id for one in people], lieu_id=lieu.id, at=at
        )
        assert max(held.values()) <= 3
    assert pairs(session) == seen


def test_a_wild_card_comes_once_a_day(session: Session, lieu: Lieu) -> None:
    people = [skilled(session, lieu, f"Person {n}") for n in range(6)]
    first = a_round(session, lieu)
    again = a_round(session, lieu, at=NOON + MINUTE, seed=1)
    counts = {
        one.id: sum(one.id in {m.member_id for m in s.members} for s in first.suggestions)
        for one in people
    }
    assert set(counts.values()) == {1}
    assert again.suggestions == []
    assert again.left_out == {"wild_card": 6}
    assert all(s.reasons[0]["code"] == "wild_card" for s in first.suggestions)


def test_who_knows_or_blocks_one_another_is_never_suggested(session: Session, lieu: Lieu) -> None:
    awa = skilled(session, lieu, "Awa", wants="pricing")
    known = skilled(session, lieu, "Known", can=["pricing"])
    blocked = skilled(session, lieu, "Blocked", can=["pricing"])
    ties.strengthen(session, one_id=awa.id, other_id=known.id, at=NOON - 900 * DAY)
    members.block(session, blocker_id=blocked.id, blocked_id=awa.id, at=NOON)
    a_round(session, lieu)
    assert pairs(session) == {(known.id, blocked.id)}


def test_one_is_told_of_shared_acquaintances_only_when_all_may_see_them(
    session: Session, lieu: Lieu
) -> None:
    awa = skilled(session, lieu, "Awa", wants="pricing")
    ines = skilled(session, lieu, "Inès", can=["pricing"])
    seen, shy = skilled(session, lieu, "Karim"), skilled(session, lieu, "Shy", here_today=False)
    for third in (seen, shy):
        for one in (awa, ines):
            ties.strengthen(session, one_id=one.id, other_id=third.id, at=NOON - DAY)
    made = next(
        one
        for one in a_round(session, lieu).suggestions
        if {m.member_id for m in one.members} == {awa.id, ines.id}
    )
    facts = {reason["code"]: reason["facts"] for reason in made.reasons}
    assert facts["both_know"]["ids"] == [seen.id]


def test_who_does_not_show_themself_is_suggested_and_knows_no_third_person(
    session: Session, lieu: Lieu
) -> None:
    awa = skilled(session, lieu, "Awa", wants="pricing", here_today=False)
    ines = skilled(session, lieu, "Inès", can=["pricing"])
    third = skilled(session, lieu, "Karim")
    for one in (awa, ines):
        ties.strengthen(session, one_id=one.id, other_id=third.id, at=NOON - DAY)
    made = a_round(session, lieu).suggestions
    codes = {
        reason["code"]
        for one in made
        if {m.member_id for m in one.members} == {awa.id, ines.id}
        for reason in one.reasons
    }
    assert "helps_with" in codes
    assert "both_know" not in codes


def test_an_answer_makes_room_for_another(session: Session, lieu: Lieu) -> None:
    people = a_room(session, lieu, 9)
    a_round(session, lieu)
    me = people[0]
    before = introductions.open_for(session, member_id=me.id, at=NOON)
    introductions.say_no(session, public_id=before[0].public_id, member_id=me.id, at=NOON)
    held = introductions.how_many_open(session, member_ids=[me.id], lieu_id=lieu.id, at=NOON)
    assert held[me.id] == len(before) - 1


def test_a_plan_is_looked_at_again_before_it_is_kept(session: Session, lieu: Lieu) -> None:
    people = a_room(session, lieu, 4)
    planned = suggestions.plan(session, lieu=lieu, at=NOON)
    assert session.scalars(select(Suggestion)).all() == []
    gone, hidden, a, b = people
    presence.leave(session, member_id=gone.id, at=NOON)
    presence.hide(session, member_id=hidden.id, at=NOON)
    members.block(session, blocker_id=a.id, blocked_id=b.id, at=NOON)
    made = suggestions.record(session, planned, at=NOON)
    assert made.suggestions == []
    assert made.left_out == {"changed": 4}


def test_the_night_asks_those_who_want_letters_once_a_week(session: Session, lieu: Lieu) -> None:
    a = skilled(session, lieu, "Awa", wants="pricing")
    b = skilled(session, lieu, "Inès", can=["pricing"])
    skilled(session, lieu, "No letters", can=["pricing"], by_mail=False)
    for one in (a, b):
        presence.leave(session, member_id=one.id, at=NOON)
    made = a_round(session, lieu, kind="night")
    (one,) = made.suggestions
    assert {m.member_id for m in one.members} == {a.id, b.id}
    assert one.introduction is not None
    assert (one.introduction.how, one.introduction.expires_at) == ("mail", NOON + 2 * DAY)
    c = skilled(session, lieu, "Karim", can=["pricing"])
    assert a_round(session, lieu, kind="night", at=NOON + DAY).suggestions == []
    later = a_round(session, lieu, kind="night", at=NOON + 8 * DAY).suggestions
    assert all({m.member_id for m in s.members} != {a.id, b.id} for s in later)
    assert c.id in {m.member_id for s in later for m in s.members}


def test_a_newcomer_gets_suggestions_without_asking_the_whole_room(
    session: Session, lieu: Lieu
) -> None:
    a_room(session, lieu, 5)
    new = skilled(session, lieu, "New", wants="skill number 2")
    made = suggestions.arrival(session, member_id=new.id, lieu=lieu, at=NOON)
    assert made
    assert all(new.id in {m.member_id for m in one.members} for one in made)
    assert made[0].reasons[0]["code"] == "helps_with"
    presence.hide(session, member_id=new.id, at=NOON)
    assert suggestions.arrival(session, member_id=new.id, lieu=lieu, at=NOON) == []


def test_two_rounds_at_once_suggest_each_pair_once(database_url: str) -> None:
    engine = engine_of(database_url)
    with Session(engine) as session, write_transaction(session):
        lieu = a_lieu(session)
        ids = [one.id for one in a_room(session, lieu, 8)]
        lieu_id = lieu.id

    def run(seed: int) -> None:
        with Session(engine) as own, write_transaction(own):
            suggestions.run_round(own, lieu=own.get_one(Lieu, lieu_id), at=NOON, seed=seed)

    assert at_once([lambda n=n: run(n) for n in range(3)]) == [None] * 3  # type: ignore[misc]
    with Session(engine) as session:
        suggested = [
            pair
            for one in session.scalars(select(Suggestion))
            for pair in combinations(sorted(m.member_id for m in one.members), 2)
        ]
        assert len(suggested) == len(set(suggested)) > 0
        held = introductions.how_many_open(session, member_ids=ids, lieu_id=lieu_id, at=NOON)
        assert max(held.values()) <= 3


@pytest.mark.parametrize("answered", ["", "yes", "no"])
def test_a_pair_that_nobody_answered_is_released_after_a_month(
    session: Session, lieu: Lieu, answered: str
) -> None:
    a, b = skilled(session, lieu, "Awa"), skilled(session, lieu, "Inès")
    offered = an_introduction(session, lieu, a, b, reasons=[{"code": "wild_card", "facts": {}}])
    if answered == "yes":
        introductions.say_yes(session, public_id=offered.public_id, member_id=a.id, at=NOON)
    elif answered == "no":
        introductions.say_no(session, public_id=offered.public_id, member_id=a.id, at=NOON)
    assert suggestions.lapse(session, at=NOON + 29 * DAY) == 0
    assert suggestions.lapse(session, at=NOON + 31 * DAY) == (0 if answered else 1)
    assert len(pairs(session)) == (1 if answered else 0)
    session.expire_all()
    assert session.scalars(select(Suggestion)).one().reasons == []


def test_what_a_forgotten_member_said_is_forgotten_in_reasons_too(
    session: Session, lieu: Lieu
) -> None:
    awa = skilled(session, lieu, "Awa", wants="pricing")
    skilled(session, lieu, "Inès", can=["pricing"])
    a_round(session, lieu)
    members.erase(session, member_id=awa.id, at=NOON)
    session.expire_all()
    (made,) = session.scalars(select(Suggestion))
    assert made.reasons == []
    assert made.withdrawn_at == NOON
    assert session.scalars(select(Introduction)).one().withdrawn_at == NOON


def changes(session: Session, lieu: Lieu, me: Member) -> dict[str, Any]:
    later = NOON + 5 * MINUTE

    def need() -> None:
        stay = presence.of(session, member_id=me.id, at=later)
        assert stay is not None
        needs.say(
            session,
            member_id=me.id,
            lieu_id=lieu.id,
            presence_id=stay.id,
            words="pricing",
            language="fr",
            at=later,
            expires_at=later + HOUR,
        )

    def skill() -> None:
        skills.offer(session, member_id=me.id, words=["mending"], language="fr", at=later)

    def read() -> None:
        for one in skills.skills_of(session, [me.id])[me.id]:
            one.read_at = later

    return {
        "a need": need,
        "a skill": skill,
        "a reading": read,
        "an arrival": lambda: skilled(session, lieu, "New", at=later + HOUR),
        "nothing": lambda: None,
        "a choice": lambda: consent.choose(
            session,
            member_id=me.id,
            lieu_id=lieu.id,
            here_today=False,
            by_mail=False,
            other_lieux=False,
            at=later,
        ),
    }


@pytest.mark.parametrize(
    ("what", "due"),
    [
        ("a need", True),
        ("a skill", True),
        ("a reading", True),
        ("an arrival", True),
        ("nothing", False),
        ("a choice", False),
    ],
)
def test_a_lieu_is_looked_at_again_when_something_changed(
    session: Session, lieu: Lieu, what: str, due: bool
) -> None:
    me = skilled(session, lieu, "Awa", can=["cooking"])
    skilled(session, lieu, "Inès")
    assert suggestions.lieux_due(session, at=NOON) == [lieu.id]
    a_round(session, lieu, at=NOON + 4 * MINUTE)
    changes(session, lieu, me)[what]()
    session.flush()
    assert suggestions.lieux_due(session, at=NOON + 6 * MINUTE) == ([lieu.id] if due else [])


def test_a_lieu_with_people_is_looked_at_again_after_a_while_and_an_empty_one_never(
    session: Session, lieu: Lieu
) -> None:
    people = [skilled(session, lieu, "Awa"), skilled(session, lieu, "Inès")]
    a_round(session, lieu, at=NOON + 4 * MINUTE)
    assert suggestions.lieux_due(session, at=NOON + 20 * MINUTE) == [lieu.id]
    for one in people:
        presence.leave(session, member_id=one.id, at=NOON)
    assert suggestions.lieux_due(session, at=NOON + 20 * MINUTE) == []
    assert session.scalars(select(Presence.how_out)).all() == ["left", "left"]


@pytest.mark.parametrize(
    ("starts", "here", "due"),
    [
        ([13 * 60 + 5], 2, True),
        ([13 * 60 + 5, 13 * 60 + 6], 2, True),
        ([13 * 60 + 5], 1, False),  # nobody to meet
        ([13 * 60 + 4], 2, False),  # the round at its start has seen it
        ([13 * 60 + 7], 2, False),  # not yet
        ([], 2, False),
    ],
)
def test_moments_that_began_since_the_last_round_call_for_one(
    session: Session, lieu: Lieu, starts: list[int], here: int, due: bool
) -> None:
    elsewhere = a_lieu(session, timezone="Pacific/Noumea")
    for place in (lieu, elsewhere):  # where it is night, and no moment
        for n in range(here):
            skilled(session, place, f"Person {n}")
        for one in starts:
            session.add(
                Moment(lieu_id=place.id, weekday=3, starts=one, ends=one + 1, name="Repair café")
            )
        a_round(session, place, at=NOON + 4 * MINUTE)
    assert suggestions.lieux_due(session, at=NOON + 6 * MINUTE) == ([lieu.id] if due else [])
    a_round(session, lieu, at=NOON + 6 * MINUTE)
    assert suggestions.lieux_due(session, at=NOON + 6 * MINUTE) == []


def test_a_pair_that_another_lieu_took_meanwhile_is_left_out_and_the_rest_is_kept(
    session: Session, lieu: Lieu, monkeypatch: pytest.MonkeyPatch
) -> None:
    awa = skilled(session, lieu, "Awa", wants="pricing")
    ines = skilled(session, lieu, "Inès", can=["pricing"])
    paul = skilled(session, lieu, "Paul", wants="sewing")
    mieke = skilled(session, lieu, "Mieke", can=["sewing"])
    planned = suggestions.plan(session, lieu=lieu, at=NOON)
    an_introduction(session, a_lieu(session), awa, ines)  # elsewhere, a moment ago
    # What `record` reads is a moment old: the primary key is what decides.
    monkeypatch.setattr(recording, "suggested_pairs", lambda session, ids: set())
    made = suggestions.record(session, planned, at=NOON)
    met = [{m.member_id for m in one.members} for one in made.suggestions]
    assert {paul.id, mieke.id} in met
    assert {awa.id, ines.id} not in met

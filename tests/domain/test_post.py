"""Post: what a concierge may carry, and that the list tells nobody's answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from serendipity import audit, introductions, members, presence, ties
from serendipity.calls import Call, CallAsked
from serendipity.encounters import Encounter
from serendipity.introductions import Introduction
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.postures import post
from serendipity.presence import Presence
from serendipity.shifts import Shift
from serendipity.suggestions import Suggestion
from tests.rows import a_lieu, a_member, on_shift, somebody_here
from tests.weaving import a_suggestion
from tests.woven import an_idea

HOUR = timedelta(hours=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def pair(session: Session, lieu: Lieu) -> tuple[Member, Member]:
    return somebody_here(session, lieu, "Awa"), somebody_here(session, lieu, "Inès")


@pytest.fixture
def suggestion(session: Session, lieu: Lieu, pair: tuple[Member, Member]) -> Suggestion:
    return a_suggestion(session, lieu, *pair)


@pytest.fixture
def shift(session: Session, lieu: Lieu) -> Shift:
    return on_shift(session, lieu, a_member(session, "Bertille"))


def offered(session: Session, suggestion: Suggestion, at: datetime) -> Introduction:
    return introductions.offer(
        session, suggestion=suggestion, how="here", at=at, expires_at=at + 2 * HOUR
    )


def carried(session: Session, lieu: Lieu, at: datetime) -> list[str]:
    return [one.suggestion.public_id for one in post.to_carry(session, lieu_id=lieu.id, at=at)]


def test_an_idea_may_be_carried_until_the_first_of_them_leaves(
    session: Session, lieu: Lieu, suggestion: Suggestion, at: datetime
) -> None:
    (carry,) = post.to_carry(session, lieu_id=lieu.id, at=at)
    assert carry.until == at + 4 * HOUR
    assert carried(session, lieu, at + 4 * HOUR) == []


Hinder = Callable[[Session, Member, Member, datetime], object]


def _stay(session: Session, member: Member) -> Presence:
    return session.query(Presence).filter_by(member_id=member.id, ended_at=None).one()


def _leave(session: Session, a: Member, b: Member, at: datetime) -> None:
    presence.leave(session, member_id=a.id, at=at)


def _hide(session: Session, a: Member, b: Member, at: datetime) -> None:
    presence.hide(session, member_id=b.id, at=at)


def _focus(session: Session, a: Member, b: Member, at: datetime) -> None:
    presence.focus(session, member_id=a.id, until=at + HOUR, at=at)


def _pause(session: Session, a: Member, b: Member, at: datetime) -> None:
    members.pause(session, member_id=a.id, until=at + HOUR)


def _block(session: Session, a: Member, b: Member, at: datetime) -> None:
    members.block(session, blocker_id=b.id, blocked_id=a.id, at=at)


def _only_declare(session: Session, a: Member, b: Member, at: datetime) -> None:
    _stay(session, a).confirmed_at = None
    session.flush()


@pytest.mark.parametrize("hinder", [_leave, _hide, _focus, _pause, _block, _only_declare])
def test_nobody_is_walked_up_to_who_left_or_hid_or_wants_peace(
    session: Session,
    pair: tuple[Member, Member],
    suggestion: Suggestion,
    at: datetime,
    *,
    hinder: Hinder,
) -> None:
    lieu = session.get_one(Lieu, suggestion.lieu_id)
    assert carried(session, lieu, at) == [suggestion.public_id]
    hinder(session, *pair, at)
    assert carried(session, lieu, at) == []


@pytest.mark.parametrize("answer", [introductions.say_yes, introductions.say_no])
def test_what_one_of_them_answered_does_not_show(
    session: Session,
    pair: tuple[Member, Member],
    suggestion: Suggestion,
    at: datetime,
    *,
    answer: Callable[..., Introduction],
) -> None:
    lieu = session.get_one(Lieu, suggestion.lieu_id)
    introduction = offered(session, suggestion, at)
    before = post.to_carry(session, lieu_id=lieu.id, at=at)
    answer(session, public_id=introduction.public_id, member_id=pair[0].id, at=at)
    assert post.to_carry(session, lieu_id=lieu.id, at=at) == before


def test_what_both_agreed_to_needs_no_carrying(
    session: Session, lieu: Lieu, pair: tuple[Member, Member], suggestion: Suggestion, at: datetime
) -> None:
    introduction = offered(session, suggestion, at)
    for member in pair:
        introductions.say_yes(session, public_id=introduction.public_id, member_id=member.id, at=at)
    assert carried(session, lieu, at) == []


@pytest.mark.parametrize("already", [True, False])
def test_carried_in_person_it_is_agreed_and_both_read_who_did_it(
    session: Session,
    pair: tuple[Member, Member],
    suggestion: Suggestion,
    shift: Shift,
    *,
    already: bool,
) -> None:
    at = suggestion.at
    if already:
        offered(session, suggestion, at)
    post.introduce(session, shift=shift, public_id=suggestion.public_id, at=at)
    introduction = session.query(Introduction).one()
    assert (introduction.how, introduction.agreed) == ("concierge", True)
    assert session.query(Encounter).one().happened_at is None
    for member in pair:
        assert [trace.what for trace in audit.concerning(session, member.id)] == ["carried"]


def test_a_concierge_carries_nothing_of_another_lieu(
    session: Session, suggestion: Suggestion, at: datetime
) -> None:
    elsewhere = on_shift(session, a_lieu(session), a_member(session))
    for verb in (post.introduce, post.postpone, post.keep_apart):
        with pytest.raises(post.NothingToCarry) as refused:
            verb(session, shift=elsewhere, public_id=suggestion.public_id, at=at)
        assert refused.value.facts == {}
    assert (suggestion.withdrawn_at, session.query(Introduction).count()) == (None, 0)


def test_never_takes_the_offer_back_too(
    session: Session, lieu: Lieu, suggestion: Suggestion, shift: Shift, at: datetime
) -> None:
    introduction = offered(session, suggestion, at)
    post.keep_apart(session, shift=shift, public_id=suggestion.public_id, at=at)
    assert (suggestion.withdrawn_at, introduction.withdrawn_at) == (at, at)
    assert carried(session, lieu, at) == []


def test_later_is_for_every_concierge_and_for_an_hour(
    session: Session, lieu: Lieu, suggestion: Suggestion, shift: Shift, at: datetime
) -> None:
    post.postpone(session, shift=shift, public_id=suggestion.public_id, at=at)
    assert carried(session, lieu, at + HOUR - timedelta(microseconds=1)) == []
    assert carried(session, lieu, at + HOUR) == [suggestion.public_id]


def test_the_idea_that_serves_most_comes_first(session: Session, lieu: Lieu, at: datetime) -> None:
    people = [somebody_here(session, lieu) for _ in range(4)]
    low = a_suggestion(session, lieu, people[0], people[1], score=0.2)
    high = a_suggestion(session, lieu, people[2], people[3], score=0.9)
    assert carried(session, lieu, at) == [high.public_id, low.public_id]


# --- somebody else instead ----------------------------------------------------------------------


def free(session: Session, suggestion: Suggestion, kept: Member, at: datetime) -> list[str]:
    (carry,) = [
        one
        for one in post.to_carry(session, lieu_id=suggestion.lieu_id, at=at)
        if one.suggestion.public_id == suggestion.public_id
    ]
    people = post.may_take_the_place(session, carry=carry, kept_id=kept.id, at=at)
    return [one.name for one in people]


def test_only_who_is_here_and_new_to_the_one_kept_may_take_the_place(
    session: Session, lieu: Lieu, suggestion: Suggestion, pair: tuple[Member, Member], at: datetime
) -> None:
    awa, _ = pair
    karim = somebody_here(session, lieu, "Karim")
    known, apart = (somebody_here(session, lieu, name) for name in ("Known", "Apart"))
    before, hidden = (somebody_here(session, lieu, name) for name in ("Before", "Hidden"))
    ties.strengthen(session, one_id=awa.id, other_id=known.id, at=at)
    members.block(session, blocker_id=apart.id, blocked_id=awa.id, at=at)
    an_idea(session, lieu, awa, before, at=at)
    presence.hide(session, member_id=hidden.id, at=at)
    somebody_here(session, a_lieu(session), "Elsewhere")
    assert free(session, suggestion, awa, at) == [karim.name]


def test_a_swap_takes_the_idea_back_and_offers_a_new_one_to_both(
    session: Session,
    lieu: Lieu,
    shift: Shift,
    suggestion: Suggestion,
    pair: tuple[Member, Member],
) -> None:
    at = suggestion.at
    old = offered(session, suggestion, at)
    awa, ines = pair
    karim = somebody_here(session, lieu, "Karim")
    made = post.swap(
        session,
        shift=shift,
        public_id=suggestion.public_id,
        keep=awa.public_id,
        other=karim.public_id,
        at=at,
    )
    assert {one.member_id for one in made.members} == {awa.id, karim.id}
    assert made.arm == "concierge"
    assert old.withdrawn_at == at
    assert carried(session, lieu, at) == [made.public_id]
    (new,) = introductions.open_for(session, member_id=karim.id, at=at)
    assert new.suggestion_id == made.id
    assert introductions.open_for(session, member_id=ines.id, at=at) == []
    assert [one.what for one in audit.concerning(session, karim.id)] == ["swapped"]


@pytest.mark.parametrize("other", ["gone", "never", "herself", "the other one"])
def test_a_swap_with_somebody_who_cannot_changes_nothing(
    session: Session,
    shift: Shift,
    suggestion: Suggestion,
    pair: tuple[Member, Member],
    other: str,
) -> None:
    at, lieu = suggestion.at, session.get_one(Lieu, suggestion.lieu_id)
    gone = a_member(session, "Gone")
    ids = {"gone": gone, "herself": pair[0], "the other one": pair[1]}
    with pytest.raises(post.CannotTakeThePlace):
        post.swap(
            session,
            shift=shift,
            public_id=suggestion.public_id,
            keep=pair[0].public_id,
            other=ids[other].public_id if other in ids else "never",
            at=at,
        )
    assert carried(session, lieu, at) == [suggestion.public_id]


def test_not_today_is_not_before_tomorrow(
    session: Session, lieu: Lieu, shift: Shift, suggestion: Suggestion, at: datetime
) -> None:
    post.not_today(session, shift=shift, public_id=suggestion.public_id, at=at)
    assert carried(session, lieu, at + 3 * HOUR) == []


def test_a_call_waits_for_the_concierge_after_its_first_turn_until_somebody_says_yes(
    session: Session, lieu: Lieu, pair: tuple[Member, Member], at: datetime
) -> None:
    asked = Call(
        lieu_id=lieu.id,
        member_id=pair[0].id,
        words="A drill?",
        language="en",
        called_at=at,
        expires_at=at + 2 * HOUR,
    )
    session.add(asked)
    session.flush()

    def waiting(minutes: int) -> list[str]:
        instant = at + timedelta(minutes=minutes)
        return [one.words for one in post.unanswered(session, lieu_id=lieu.id, at=instant)]

    assert (waiting(9), waiting(10), waiting(120)) == ([], ["A drill?"], [])
    session.add(CallAsked(call_id=asked.id, member_id=pair[1].id, asked_at=at, no_at=at))
    session.flush()
    assert waiting(10) == ["A drill?"]
    session.query(CallAsked).update({"no_at": None, "yes_at": at, "chair": 1})
    assert waiting(10) == []

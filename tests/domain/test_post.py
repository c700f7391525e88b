"""Post: what a concierge may carry, and that the list tells nobody's answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import audit, introductions, members, presence, ties
from serendipity.calls import Call, CallAsked
from serendipity.db import write_transaction
from serendipity.encounters import Encounter
from serendipity.introductions import Introduction
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.postures import post
from serendipity.presence import Presence
from serendipity.shifts import Shift
from serendipity.suggestions import PER_PERSON, Suggestion
from tests.conftest import NOON
from tests.rows import a_lieu, a_member, on_shift, somebody_here
from tests.weaving import a_suggestion
from tests.woven import an_idea, an_introduction, at_once, engine_of

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


# --- accepting ----------------------------------------------------------------------------------


def put_forward(session: Session, suggestion: Suggestion, shift: Shift) -> Introduction:
    """The introduction of an idea that was offered and that a concierge then accepted."""
    introduction = offered(session, suggestion, suggestion.at)
    post.accept(session, shift=shift, public_id=suggestion.public_id, at=suggestion.at + HOUR)
    return introduction


def test_accepted_it_comes_first_for_all_in_it_and_each_still_answers(
    session: Session,
    lieu: Lieu,
    pair: tuple[Member, Member],
    suggestion: Suggestion,
    shift: Shift,
) -> None:
    at = suggestion.at
    for member in pair:
        idea = a_suggestion(session, lieu, member, somebody_here(session, lieu))
        offered(session, idea, at - HOUR / 2)
    introduction = put_forward(session, suggestion, shift)
    assert introduction.put_forward_by is not None
    assert introduction.put_forward_by.name == "Bertille"
    for member in pair:
        first, second = introductions.open_for(session, member_id=member.id, at=at + HOUR)
        assert (first.id, second.put_forward_at) == (introduction.id, None)
        assert [one.what for one in audit.concerning(session, member.id)] == ["put-forward"]
    assert [(side.yes_at, side.no_at) for side in introduction.sides] == [(None, None)] * 2


def test_accepting_again_changes_nothing(
    session: Session, lieu: Lieu, pair: tuple[Member, Member], suggestion: Suggestion, shift: Shift
) -> None:
    introduction = put_forward(session, suggestion, shift)
    other = on_shift(session, lieu, a_member(session, "Karim"))
    later = suggestion.at + 2 * HOUR - timedelta(minutes=1)
    post.accept(session, shift=other, public_id=suggestion.public_id, at=later)
    session.refresh(introduction)
    assert introduction.put_forward_at == suggestion.at + HOUR
    assert introduction.put_forward_by_id == shift.member_id
    assert len(audit.concerning(session, pair[0].id)) == 1


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("answer", [introductions.say_yes, introductions.say_no])
def test_accepting_tells_nobodys_answer_and_undoes_none(
    session: Session,
    pair: tuple[Member, Member],
    suggestion: Suggestion,
    shift: Shift,
    *,
    answer: Callable[..., Introduction],
    before: bool,
) -> None:
    at, awa = suggestion.at, pair[0]
    introduction = offered(session, suggestion, at)

    def say() -> None:
        answer(session, public_id=introduction.public_id, member_id=awa.id, at=at)

    if before:
        say()
    post.accept(session, shift=shift, public_id=suggestion.public_id, at=at)
    if not before:
        say()
    (carry,) = post.to_carry(session, lieu_id=suggestion.lieu_id, at=at)
    assert carry.introduction is introduction
    side = introduction.side_of(awa.id)
    assert (side.yes_at or side.no_at) == at
    seen = introductions.open_for(session, member_id=awa.id, at=at)
    assert (introduction in seen) is (answer is introductions.say_yes)


@pytest.mark.parametrize("full", [True, False])
def test_what_was_not_offered_yet_is_offered_to_who_has_a_place_for_it(
    session: Session,
    lieu: Lieu,
    pair: tuple[Member, Member],
    suggestion: Suggestion,
    shift: Shift,
    *,
    full: bool,
) -> None:
    at = suggestion.at
    for _ in range(PER_PERSON["day"] - (not full)):
        offered(session, a_suggestion(session, lieu, pair[0], somebody_here(session, lieu)), at)
    if full:
        with pytest.raises(post.HasEnough) as refused:
            post.accept(session, shift=shift, public_id=suggestion.public_id, at=at)
        assert refused.value.facts == {}
        assert audit.concerning(session, pair[0].id) == []
    else:
        post.accept(session, shift=shift, public_id=suggestion.public_id, at=at)
    mine = introductions.open_for(session, member_id=pair[1].id, at=at)
    assert [one.how for one in mine] == ([] if full else ["here"])


@pytest.mark.parametrize("half", ["put_forward_at = 1", "put_forward_by_id = {concierge}"])
def test_the_schema_refuses_an_introduction_that_nobody_put_forward_at_no_time(
    session: Session, suggestion: Suggestion, shift: Shift, at: datetime, half: str
) -> None:
    offered(session, suggestion, at)
    cheat = f"UPDATE introduction SET {half.format(concierge=shift.member_id)}"
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text(cheat))


def accepted_by_two(database_url: str) -> int:
    """How many traces there are after two concierges accept one idea at the same instant."""
    engine = engine_of(database_url)
    with Session(engine) as session, write_transaction(session):
        lieu = a_lieu(session)
        two = somebody_here(session, lieu, "Awa"), somebody_here(session, lieu, "Karim")
        public_id = an_introduction(session, lieu, *two).suggestion.public_id
        keys = [on_shift(session, lieu, a_member(session)).id for _ in range(2)]

    def accept(key: int) -> None:
        with Session(engine) as own, write_transaction(own):
            shift = own.get_one(Shift, key)
            post.accept(own, shift=shift, public_id=public_id, at=NOON)

    assert at_once([lambda key=key: accept(key) for key in keys]) == [None, None]  # type: ignore[misc]
    with Session(engine) as session:
        return session.query(audit.AuditEntry).filter_by(what="put-forward").count()


def test_two_concierges_at_once_put_it_forward_once(database_url: str) -> None:
    assert accepted_by_two(database_url) == 2  # one for each of those in it


def test_control_who_looks_and_then_writes_puts_it_forward_twice(
    database_url: str, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite there is one writer, so the second sees what the first wrote even so."""
    meet = threading.Barrier(2)

    def unguarded(
        session: Session, *, introduction: Introduction, by_id: int, at: datetime
    ) -> bool:
        if introduction.put_forward_at is not None:
            return False
        if dialect == "postgresql":
            meet.wait(timeout=10)  # both have looked, neither has written
        introduction.put_forward_at, introduction.put_forward_by_id = at, by_id
        session.flush()
        return True

    monkeypatch.setattr(introductions, "put_forward", unguarded)
    assert accepted_by_two(database_url) == (4 if dialect == "postgresql" else 2)


def test_a_concierge_carries_nothing_of_another_lieu(
    session: Session, suggestion: Suggestion, at: datetime
) -> None:
    elsewhere = on_shift(session, a_lieu(session), a_member(session))
    for verb in (post.accept, post.introduce, post.postpone, post.keep_apart):
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

"""What followers are told: when it changes, for whom, and at what price."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from serendipity import calls, consent, encounters, introductions, members, needs, presence
from serendipity.lieux import Lieu
from serendipity.live import grants, telling
from serendipity.live.grants import Grant, Topic
from serendipity.members import Member
from serendipity.postures import post
from serendipity.presence import Presence
from tests.conftest import NOON
from tests.rows import a_lieu, a_member, on_shift, somebody_here
from tests.woven import an_introduction

LATER = NOON + timedelta(minutes=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def awa(session: Session, lieu: Lieu) -> Member:
    return somebody_here(session, lieu, "Awa")


@pytest.fixture
def bo(session: Session, lieu: Lieu) -> Member:
    return somebody_here(session, lieu, "Bo")


def versions(session: Session, *topics: Topic, at: Any = LATER) -> list[str]:
    session.flush()
    session.expire_all()
    found = telling.look(session, topics, at=at, writing=lambda: nullcontext(session))
    return [found[topic].version for topic in topics]


def my(member: Member) -> Topic:
    return Topic("me", member.id, "en")


@pytest.mark.parametrize("answer", [introductions.say_yes, introductions.say_no])
def test_anothers_answer_is_told_to_nobody_before_all_said_yes(
    session: Session, lieu: Lieu, awa: Member, bo: Member, answer: Callable[..., Any]
) -> None:
    nour = somebody_here(session, lieu, "Nour")
    on_shift(session, lieu, nour)
    offered = an_introduction(session, lieu, awa, bo)
    followed = (my(bo), Topic("desk", lieu.id, "en"), Topic("house", lieu.id, "en"))
    before, mine = versions(session, *followed), versions(session, my(awa))
    answer(session, public_id=offered.public_id, member_id=awa.id, at=LATER)
    assert versions(session, *followed) == before
    assert versions(session, my(awa)) != mine


def test_the_second_yes_is_told_to_both(
    session: Session, lieu: Lieu, awa: Member, bo: Member
) -> None:
    offered = an_introduction(session, lieu, awa, bo)
    introductions.say_yes(session, public_id=offered.public_id, member_id=awa.id, at=LATER)
    before = versions(session, my(awa), my(bo))
    introductions.say_yes(session, public_id=offered.public_id, member_id=bo.id, at=LATER)
    after = versions(session, my(awa), my(bo))
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False]


def test_what_a_concierge_puts_forward_is_told_to_those_in_it_and_to_the_desk(
    session: Session, lieu: Lieu, awa: Member, bo: Member
) -> None:
    nour = somebody_here(session, lieu, "Nour")
    shift = on_shift(session, lieu, nour)
    offered = an_introduction(session, lieu, awa, bo)
    followed = (my(awa), my(bo), Topic("desk", lieu.id, "en"), my(nour))
    before = versions(session, *followed)
    post.accept(session, shift=shift, public_id=offered.suggestion.public_id, at=LATER)
    after = versions(session, *followed)
    assert [old == new for old, new in zip(before, after, strict=True)] == [False] * 3 + [True]


def test_that_the_other_confirmed_an_encounter_is_not_told(
    session: Session, lieu: Lieu, awa: Member, bo: Member
) -> None:
    offered = an_introduction(session, lieu, awa, bo)
    for one in (awa, bo):
        introductions.say_yes(session, public_id=offered.public_id, member_id=one.id, at=LATER)
    (waiting,) = encounters.waiting_for(session, member_id=awa.id, at=LATER)
    before, mine = versions(session, my(bo)), versions(session, my(awa))
    encounters.confirm(
        session,
        public_id=waiting.encounter.public_id,
        member_id=awa.id,
        helped=True,
        at=LATER,
    )
    assert versions(session, my(bo)) == before
    assert versions(session, my(awa)) != mine


def hide(session: Session, lieu: Lieu, bo: Member) -> None:
    presence.hide(session, member_id=bo.id, at=LATER)


def leave(session: Session, lieu: Lieu, bo: Member) -> None:
    presence.leave(session, member_id=bo.id, at=LATER)


def withdraw(session: Session, lieu: Lieu, bo: Member) -> None:
    choices = {"here_today": False, "by_mail": False, "other_lieux": False}
    consent.choose(session, member_id=bo.id, lieu_id=lieu.id, at=LATER, **choices)


@pytest.mark.parametrize("do", [hide, leave, withdraw])
def test_who_is_no_longer_shown_changes_the_page_of_who_saw_them(
    session: Session, lieu: Lieu, awa: Member, bo: Member, do: Callable[..., None]
) -> None:
    before = versions(session, my(awa))
    do(session, lieu, bo)
    assert versions(session, my(awa)) != before


def test_who_sees_no_names_is_not_told_that_somebody_hid(
    session: Session, lieu: Lieu, bo: Member
) -> None:
    unseen = somebody_here(session, lieu, "Cy", here_today=False)
    before = versions(session, my(unseen))
    presence.hide(session, member_id=bo.id, at=LATER)
    assert versions(session, my(unseen)) == before


def test_a_call_is_told_to_who_is_asked_and_to_no_other(
    session: Session, lieu: Lieu, awa: Member, bo: Member
) -> None:
    cy = somebody_here(session, lieu, "Cy")
    before = versions(session, my(awa), my(bo), my(cy))
    call = calls.call(
        session, lieu_id=lieu.id, member_id=awa.id, words="Laser", language="en", at=LATER
    )
    session.add(calls.CallAsked(call_id=call.id, member_id=bo.id, asked_at=LATER))
    changed = [
        old != new
        for old, new in zip(before, versions(session, my(awa), my(bo), my(cy)), strict=True)
    ]
    assert changed == [True, True, False]


def test_a_stay_that_runs_out_is_told_without_anything_being_written(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    house = Topic("house", lieu.id, "en")
    now = versions(session, house, my(awa))
    later = versions(session, house, my(awa), at=NOON + timedelta(hours=5))
    assert all(old != new for old, new in zip(now, later, strict=True))


def test_what_a_room_wants_is_told_to_who_is_in_it(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    house, public = Topic("house", lieu.id, "en"), Topic("lieu", lieu.id, "en")
    before = versions(session, house, public)
    stay = session.query(Presence).filter_by(member_id=awa.id).one()
    needs.say(
        session, member_id=awa.id, lieu_id=lieu.id, presence_id=stay.id, words="A ladder",
        language="en", at=LATER, expires_at=LATER + timedelta(hours=3),
    )  # fmt: skip
    after = versions(session, house, public)
    assert (after[0] != before[0], after[1] != before[1]) == (True, False)


def test_a_look_costs_the_same_for_two_phones_and_for_forty(
    session: Session, lieu: Lieu, awa: Member, bo: Member
) -> None:
    crowd = [somebody_here(session, lieu, f"M{n}") for n in range(38)]
    everybody = [one.id for one in (awa, bo, *crowd)]

    def statements(some: list[int]) -> int:
        counted: list[str] = []
        bind = session.connection()

        def count(*said: Any) -> None:
            counted.append(said[2])

        event.listen(bind, "before_cursor_execute", count)
        given = {Grant("me", one, "en", member_id=one) for one in some}
        given |= {Grant("house", lieu_id, "en", member_id=one) for one in some}
        held = grants.holding(session, given, at=LATER)
        assert held == given
        versions(session, *{one.topic for one in held})
        event.remove(bind, "before_cursor_execute", count)
        return len(counted)

    lieu_id = lieu.id
    versions(session, Topic("lieu", lieu_id, "en"))  # the quarter's counts are taken once
    assert statements(everybody) == statements(everybody[:2])


def test_a_grant_is_over_with_the_session_the_stay_and_the_erasure(
    session: Session, lieu: Lieu, awa: Member, bo: Member
) -> None:
    gone = a_member(session, "Gone")
    held = Grant("me", awa.id, "en", member_id=awa.id)
    signed_out = Grant("me", bo.id, "en", member_id=bo.id, epoch=bo.session_epoch - 1)
    erased = Grant("me", gone.id, "en", member_id=gone.id)
    elsewhere = Grant("house", a_lieu(session).id, "en", member_id=awa.id)
    members.erase(session, member_id=gone.id, at=LATER)
    given = {held, signed_out, erased, elsewhere}
    assert grants.holding(session, given, at=LATER) == {held}

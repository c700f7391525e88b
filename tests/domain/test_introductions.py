"""Two yeses make an introduction; nobody learns of one yes or of a no; names leave last."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import introductions, mail, members, presence
from serendipity.db import write_transaction
from serendipity.encounters import Encounter
from serendipity.introductions import Introduction, Side
from serendipity.lieux import Lieu
from serendipity.members import Member
from tests.conftest import NOON
from tests.rows import a_lieu, a_member, somebody_here
from tests.woven import an_idea, an_introduction, at_once, engine_of

HOUR = timedelta(hours=1)
ANSWERS = {
    "yes": introductions.say_yes,
    "no": introductions.say_no,
    "never": introductions.never,
}


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def two(session: Session, lieu: Lieu) -> tuple[Member, Member]:
    return somebody_here(session, lieu, "Awa"), somebody_here(session, lieu, "Karim")


@pytest.fixture
def offered(session: Session, lieu: Lieu, two: tuple[Member, Member]) -> Introduction:
    return an_introduction(session, lieu, *two)


def answer(
    session: Session, what: str, offered: Introduction, who: Member, after: timedelta = 0 * HOUR
) -> Introduction:
    verb = ANSWERS[what]
    return verb(session, public_id=offered.public_id, member_id=who.id, at=NOON + after)


def seen_by(session: Session, who: Member, offered: Introduction) -> list[object]:
    """All that the domain tells this member about the introduction."""
    open_ones = introductions.open_for(session, member_id=who.id, at=NOON + HOUR)
    return [
        (one.public_id, one.side_of(who.id).yes_at, one.agreed, one.expires_at) for one in open_ones
    ]


def test_two_yeses_agree_it_and_they_may_say_that_they_met(
    session: Session, offered: Introduction, two: tuple[Member, Member]
) -> None:
    answer(session, "yes", offered, two[0])
    assert not offered.agreed
    assert session.scalars(select(Encounter)).all() == []
    answer(session, "yes", offered, two[1])
    assert offered.agreed
    (met,) = session.scalars(select(Encounter))
    assert {met.a_id, met.b_id} == {two[0].id, two[1].id}


@pytest.mark.parametrize("other", ["", "yes", "no", "never"])
def test_what_the_other_answered_cannot_be_told_from_what_one_sees(
    session: Session, offered: Introduction, two: tuple[Member, Member], other: str
) -> None:
    before = seen_by(session, two[0], offered)
    if other:
        answer(session, other, offered, two[1])
    assert seen_by(session, two[0], offered) == before


@pytest.mark.parametrize("other", ["", "no", "never"])
def test_a_yes_is_taken_alike_whether_the_other_refused_or_never_looked(
    session: Session, offered: Introduction, two: tuple[Member, Member], other: str
) -> None:
    if other:
        answer(session, other, offered, two[1])
    answer(session, "yes", offered, two[0])
    assert seen_by(session, two[0], offered) == [
        (offered.public_id, NOON, False, offered.expires_at)
    ]
    with pytest.raises(introductions.NotAgreed):
        introductions.revealed(session, introduction=offered, member_id=two[0].id)


def test_names_places_and_hours_leave_after_all_the_yeses(
    session: Session, offered: Introduction, two: tuple[Member, Member]
) -> None:
    presence.sit(session, member_id=two[1].id, place="long table", at=NOON)
    for who in two:
        answer(session, "yes", offered, who)
    told = introductions.revealed(session, introduction=offered, member_id=two[0].id)
    assert [(one.member.name, one.place, one.until) for one in told.people] == [
        ("Karim", "long table", NOON + 4 * HOUR)
    ]


@pytest.mark.parametrize("gone", ["left", "hidden", "blocked"])
def test_who_left_hid_or_blocked_later_has_no_place_any_more(
    session: Session, offered: Introduction, two: tuple[Member, Member], gone: str
) -> None:
    presence.sit(session, member_id=two[1].id, place="long table", at=NOON)
    for who in two:
        answer(session, "yes", offered, who)
    if gone == "left":
        presence.leave(session, member_id=two[1].id, at=NOON)
    elif gone == "hidden":
        presence.hide(session, member_id=two[1].id, at=NOON)
    else:
        members.block(session, blocker_id=two[1].id, blocked_id=two[0].id, at=NOON)
    told = introductions.revealed(session, introduction=offered, member_id=two[0].id)
    assert [(one.member.name, one.place, one.until) for one in told.people] == [("Karim", "", None)]


def test_a_stranger_gets_nothing_out_of_an_introduction(
    session: Session, offered: Introduction, two: tuple[Member, Member]
) -> None:
    stranger = a_member(session)
    for who in two:
        answer(session, "yes", offered, who)
    with pytest.raises(introductions.NotAgreed):
        introductions.revealed(session, introduction=offered, member_id=stranger.id)
    for verb in (*ANSWERS.values(), introductions.undo):
        for public_id in (offered.public_id, "unknown"):
            with pytest.raises(introductions.NoSuchIntroduction):
                verb(session, public_id=public_id, member_id=stranger.id, at=NOON)


def test_an_answer_may_be_undone_until_all_agreed(
    session: Session, offered: Introduction, two: tuple[Member, Member]
) -> None:
    undo = {"public_id": offered.public_id, "at": NOON}
    answer(session, "yes", offered, two[0])
    introductions.undo(session, member_id=two[0].id, **undo)
    answer(session, "yes", offered, two[1])
    assert not offered.agreed
    answer(session, "yes", offered, two[0])
    for verb in (introductions.undo, introductions.say_no):
        with pytest.raises(introductions.AlreadyAgreed):
            verb(session, member_id=two[0].id, **undo)
    assert offered.agreed


def test_never_is_a_no_and_a_block_and_undoing_it_lifts_both(
    session: Session, offered: Introduction, two: tuple[Member, Member]
) -> None:
    pair = {(min(two[0].id, two[1].id), max(two[0].id, two[1].id))}
    answer(session, "never", offered, two[0])
    assert members.blocked_pairs(session, [one.id for one in two]) == pair
    introductions.undo(session, public_id=offered.public_id, member_id=two[0].id, at=NOON)
    assert members.blocked_pairs(session, [one.id for one in two]) == set()


def test_undoing_a_no_leaves_a_block_from_elsewhere(
    session: Session, offered: Introduction, two: tuple[Member, Member]
) -> None:
    members.block(session, blocker_id=two[0].id, blocked_id=two[1].id, at=NOON - HOUR)
    answer(session, "no", offered, two[0])
    introductions.undo(session, public_id=offered.public_id, member_id=two[0].id, at=NOON)
    assert len(members.blocked_pairs(session, [one.id for one in two])) == 1


def test_never_is_between_two(session: Session, lieu: Lieu, two: tuple[Member, Member]) -> None:
    circle = an_introduction(session, lieu, *two, somebody_here(session, lieu, "Inès"))
    with pytest.raises(introductions.NotAPair), session.begin_nested():
        answer(session, "never", circle, two[0])
    assert members.blocked_pairs(session, [one.id for one in two]) == set()


def test_a_circle_is_agreed_by_everybody_and_meets_as_pairs(
    session: Session, lieu: Lieu, two: tuple[Member, Member]
) -> None:
    third = somebody_here(session, lieu, "Inès")
    circle = an_introduction(session, lieu, *two, third)
    for who in two:
        answer(session, "yes", circle, who)
    assert not circle.agreed
    answer(session, "yes", circle, third)
    assert len(session.scalars(select(Encounter)).all()) == 3


@pytest.mark.parametrize("what", [*ANSWERS, "undo"])
def test_what_lapsed_or_was_taken_back_is_over_for_every_answer(
    session: Session, lieu: Lieu, two: tuple[Member, Member], what: str
) -> None:
    verb = ANSWERS.get(what, introductions.undo)
    late, withdrawn = an_introduction(session, lieu, *two, lasts=HOUR), None
    withdrawn = an_introduction(
        session, lieu, somebody_here(session, lieu), somebody_here(session, lieu)
    )
    withdrawn.withdrawn_at = NOON
    for one, at in ((late, NOON + HOUR), (withdrawn, NOON)):
        who = one.sides[0].member_id
        with pytest.raises(introductions.IntroductionOver):
            verb(session, public_id=one.public_id, member_id=who, at=at)
        assert introductions.open_for(session, member_id=who, at=at) == []


def test_an_idea_is_offered_once(session: Session, lieu: Lieu, two: tuple[Member, Member]) -> None:
    suggestion = an_idea(session, lieu, *two)
    facts = {"suggestion": suggestion, "how": "here", "at": NOON, "expires_at": NOON + HOUR}
    introductions.offer(session, **facts)
    with pytest.raises(introductions.AlreadyOffered):
        introductions.offer(session, **facts)


@pytest.mark.parametrize(("how", "letters"), [("mail", 2), ("here", 0), ("concierge", 0)])
def test_letters_tell_of_two_yeses_only_when_they_were_asked_by_letter(
    session: Session, lieu: Lieu, two: tuple[Member, Member], how: str, letters: int
) -> None:
    offered = an_introduction(session, lieu, *two, how=how)
    for who in (*two, *two):
        answer(session, "yes", offered, who)
    owed = session.scalars(select(mail.Letter).where(mail.Letter.kind == "agreed")).all()
    assert len(owed) == letters
    assert {letter.key for letter in owed} <= {offered.public_id}


def test_the_schema_refuses_a_side_that_says_both(session: Session, offered: Introduction) -> None:
    offered.sides[0].yes_at = offered.sides[0].no_at = NOON
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_an_erased_member_leaves_no_open_introduction_and_no_name(
    session: Session, offered: Introduction, two: tuple[Member, Member]
) -> None:
    for who in two:
        answer(session, "yes", offered, who)
    members.erase(session, member_id=two[1].id, at=NOON)
    assert introductions.open_for(session, member_id=two[0].id, at=NOON) == []
    session.refresh(offered)
    told = introductions.revealed(session, introduction=offered, member_id=two[0].id)
    assert (told.people, told.reasons) == ([], [])


def both_say_yes(database_url: str) -> tuple[int, int]:
    """Encounters and agreed sides after two yeses at the same instant."""
    engine = engine_of(database_url)
    with Session(engine) as session, write_transaction(session):
        lieu = a_lieu(session)
        two = somebody_here(session, lieu, "Awa"), somebody_here(session, lieu, "Karim")
        public_id = an_introduction(session, lieu, *two).public_id
        ids = [one.id for one in two]

    def yes(member_id: int) -> None:
        with Session(engine) as own, write_transaction(own):
            introductions.say_yes(own, public_id=public_id, member_id=member_id, at=NOON)

    results = at_once([lambda key=key: yes(key) for key in ids])  # type: ignore[misc]
    assert results == [None, None]
    with Session(engine) as session:
        yeses = session.scalars(select(Side).where(Side.yes_at.is_not(None))).all()
        return len(session.scalars(select(Encounter)).all()), len(yeses)


def test_two_yeses_at_the_same_instant_agree_it_once(database_url: str) -> None:
    assert both_say_yes(database_url) == (1, 2)


def test_control_without_the_lock_two_yeses_may_miss_each_other(
    database_url: str, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite there is one writer, so nothing can be missed there even without the lock."""
    import threading

    from sqlalchemy.sql.selectable import GenerativeSelect, Select

    meet = threading.Barrier(2)

    def unlocked(self: Select[tuple[object]], **_: object) -> GenerativeSelect:
        return self

    def looked(introduction: Introduction, member_id: int) -> Side:
        if dialect == "postgresql":
            meet.wait(timeout=10)  # both have looked, neither has written
        return next(side for side in introduction.sides if side.member_id == member_id)

    monkeypatch.setattr(Select, "with_for_update", unlocked)
    monkeypatch.setattr(Introduction, "side_of", looked)
    expected = (0, 2) if dialect == "postgresql" else (1, 2)
    assert both_say_yes(database_url) == expected

"""What typed words are heard as: shown before it is kept, and kept as the person said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import arrivals, mail, meanings, needs, signin, skills
from serendipity.arrivals import Choices
from serendipity.hearing import DOUBTFUL, SURE
from serendipity.lieux import Lieu
from serendipity.meanings import Meaning
from serendipity.members import Member
from serendipity.needs import Need
from serendipity.skills import Alias, Concept, ConceptName, MemberSkill
from tests.conftest import NOON
from tests.rows import a_lieu, a_member

UNTIL = NOON + timedelta(hours=2)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def awa(session: Session) -> Member:
    return a_member(session)


@pytest.fixture(autouse=True)
def vocabulary(session: Session) -> None:
    for key, label in (("metal", "welding"), ("bikes", "bicycle repair")):
        session.add(Concept(id=key, vocabulary="few", family=None, labels={"en": label}))
        session.flush()
        session.add(ConceptName(concept_id=key, language="en", words=label))
    session.flush()


def hears(*heard: tuple[str, float]) -> meanings.Ask:
    return lambda phrases, language, wanted: [list(heard)] * len(phrases)


@pytest.mark.parametrize(
    ("heard", "sure", "doubtful"),
    [
        ([("metal", SURE)], "metal", ()),
        ([("metal", SURE - 0.01), ("bikes", DOUBTFUL)], None, ("metal", "bikes")),
        ([("metal", DOUBTFUL - 0.01)], None, None),
        ([], None, None),
    ],
)
def test_a_sure_reading_is_taken_a_doubtful_one_asked_the_rest_left(
    session: Session,
    heard: list[tuple[str, float]],
    sure: str | None,
    doubtful: tuple[str, ...] | None,
) -> None:
    found = meanings.proposals(session, ["iron work"], language="en", ask=hears(*heard))
    expected = [] if doubtful is None else [meanings.Proposal("iron work", sure, doubtful)]
    assert found == expected


def test_exact_words_are_heard_without_anybody_to_ask(session: Session) -> None:
    found = meanings.proposals(session, ["Welding", "", "!", "iron work"], language="en")
    assert found == [meanings.Proposal("Welding", "metal", ())]


def test_the_worker_is_asked_only_for_words_that_nobody_knows(session: Session) -> None:
    asked: list[str] = []

    def ask(phrases, language, wanted):  # type: ignore[no-untyped-def]
        asked.extend(phrases)
        return [[("bikes", 0.9)]]

    found = meanings.proposals(session, ["welding", "my bike"], language="en", ask=ask)
    assert asked == ["my bike"]
    assert [one.sure for one in found] == ["metal", "bikes"]


def offered(session: Session, member: Member, words: str) -> MemberSkill:
    skills.offer(session, member_id=member.id, words=[words], language="en", at=NOON)
    (skill,) = skills.skills_of(session, [member.id])[member.id]
    return skill


def test_what_was_left_as_heard_is_kept_and_teaches_nobody(session: Session, awa: Member) -> None:
    skill = offered(session, awa, "iron work")
    left = Meaning("skills", "Iron work", "metal", False)
    assert meanings.settle(session, [left], member_id=awa.id, at=NOON) == 1
    assert (skill.concept_id, skill.confirmed_at, skill.read_at) == ("metal", None, NOON)
    assert session.scalars(select(Alias)).all() == []


def test_what_was_ticked_is_confirmed_and_everybody_profits(session: Session, awa: Member) -> None:
    skill = offered(session, awa, "iron work")
    ticked = Meaning("skills", "iron work", "metal", True)
    meanings.settle(session, [ticked], member_id=awa.id, at=NOON)
    assert (skill.concept_id, skill.confirmed_at) == ("metal", NOON)
    assert skills.recognised(session, "iron work", "en") == "metal"


def test_what_was_unticked_is_not_heard_again(session: Session, awa: Member) -> None:
    skill = offered(session, awa, "welding")
    assert skill.concept_id == "metal"
    undone = Meaning("skills", "welding", None, True)
    meanings.settle(session, [undone], member_id=awa.id, at=NOON)
    assert (skill.concept_id, skill.read_at) == (None, NOON)


def test_words_that_are_not_offered_and_concepts_that_are_no_more_are_left_alone(
    session: Session, awa: Member
) -> None:
    skill = offered(session, awa, "iron work")
    said = [
        Meaning("skills", "other words", "metal", True),
        Meaning("skills", "iron work", "gone", True),
        Meaning("need", "iron work", "metal", True),
    ]
    assert meanings.settle(session, said, member_id=awa.id, at=NOON) == 0
    assert skill.concept_id is None


def test_what_the_member_confirmed_before_stands(session: Session, awa: Member) -> None:
    skill = offered(session, awa, "iron work")
    skills.confirm(
        session, public_id=skill.public_id, member_id=awa.id, concept_id="metal", at=NOON
    )
    left = Meaning("skills", "iron work", "bikes", False)
    assert meanings.settle(session, [left], member_id=awa.id, at=NOON) == 0
    assert skill.concept_id == "metal"


def test_a_check_in_keeps_what_was_said_about_skills_and_need(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    arrivals.arrive(
        session, lieu=lieu, member=awa, skills=["iron work"], need="my bike", until=UNTIL,
        how_in="qr", at=NOON, confirmed=True,
        meanings=[
            Meaning("skills", "iron work", "metal", True),
            Meaning("need", "my bike", "bikes", False),
        ],
    )  # fmt: skip
    assert skills.skills_of(session, [awa.id])[awa.id][0].concept_id == "metal"
    assert needs.needs_of(session, member_id=awa.id, at=NOON)[0].concept_id == "bikes"


def test_a_declaration_keeps_it_until_the_address_is_proved(session: Session, lieu: Lieu) -> None:
    arrivals.declare(
        session, lieu=lieu, email="new@example.org", browser="b" * 32, name="New",
        skills=["iron work"], need="my bike", until=UNTIL, choices=Choices(), language="en",
        how_in="qr", at=NOON,
        meanings=[
            Meaning("skills", "iron work", "metal", True),
            Meaning("need", "my bike", "bikes", True),
        ],
    )  # fmt: skip
    assert session.scalars(select(Alias)).all() == []
    letter = session.scalars(select(mail.Letter)).one()
    guess = signin.guess(
        session, email="new@example.org", browser="b" * 32, code=letter.facts["code"], at=NOON
    )
    entry = arrivals.enter(session, guess=guess, browser="b" * 32, at=NOON)
    assert session.scalars(select(MemberSkill.concept_id)).all() == ["metal"]
    assert session.scalars(select(Need.concept_id)).all() == ["bikes"]
    assert {one.confirmed_by for one in session.scalars(select(Alias))} == {entry.member.id}

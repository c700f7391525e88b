"""Hearing: sure readings are taken, doubtful ones proposed, confirmed ones left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matching.sources import Concept as Named
from serendipity import hearing, needs, skills, vocabularies
from serendipity.skills import Concept, ConceptName, MemberSkill
from tests.rows import a_lieu, a_member

BIKES = Named("bikes", {"en": "Bike repair", "fr": "Réparation de vélos"}, {"en": ("fix a bike",)})
LAW = Named("law", {"en": "Law"}, family="rights")


@dataclass(frozen=True)
class Said:
    concept_id: str
    p: float


@dataclass
class Reader:
    """A reader that hears what the test says."""

    hears: dict[str, list[Said]]
    asked: list[tuple[str, bool]] = field(default_factory=list)

    def read_many(
        self, items: Sequence[tuple[str, str | None]], top: int = 10, *, wanted: bool = False
    ) -> list[list[Said]]:
        self.asked += [(words, wanted) for words, _ in items]
        return [self.hears.get(words, []) for words, _ in items]


@pytest.fixture
def offered(session: Session, at: datetime) -> MemberSkill:
    vocabularies.load(session, [BIKES, LAW], name="test")
    member = a_member(session)
    skills.offer(session, member_id=member.id, words=["vélos cassés"], language="fr", at=at)
    (skill,) = skills.skills_of(session, [member.id])[member.id]
    return skill


@pytest.mark.parametrize(
    ("p", "taken"),
    [(0.9, ("bikes", [])), (0.4, (None, [["bikes", 0.4]])), (0.05, (None, []))],
)
def test_how_sure_the_reader_is_decides(
    session: Session, offered: MemberSkill, at: datetime, p: float, taken: object
) -> None:
    reader = Reader({"vélos cassés": [Said("bikes", p)]})
    assert hearing.read_waiting(session, reader, at=at) == 1
    assert (offered.concept_id, offered.proposals) == taken
    assert offered.read_at == at
    assert offered.words == "vélos cassés"
    assert hearing.read_waiting(session, reader, at=at) == 0


def test_a_concept_that_is_not_kept_here_is_not_taken(
    session: Session, offered: MemberSkill, at: datetime
) -> None:
    hearing.read_waiting(session, Reader({"vélos cassés": [Said("elsewhere", 0.99)]}), at=at)
    assert (offered.concept_id, offered.proposals) == (None, [])


def test_what_was_confirmed_or_withdrawn_while_the_engine_read_is_left_alone(
    session: Session, offered: MemberSkill, at: datetime
) -> None:
    reader = Reader({"vélos cassés": [Said("law", 0.99)]})
    readings = hearing.readings_of(reader, hearing.waiting(session, at=at))
    skills.confirm(
        session,
        public_id=offered.public_id,
        member_id=offered.member_id,
        concept_id="bikes",
        at=at,
    )
    assert hearing.record(session, readings, at=at) == 0
    assert offered.concept_id == "bikes"


def test_needs_are_read_first_as_wishes_and_not_once_they_are_over(
    session: Session, offered: MemberSkill, at: datetime
) -> None:
    lieu = a_lieu(session)
    for words, expires in (("learn Dutch", at + timedelta(hours=1)), ("too late", at)):
        needs.say(
            session, member_id=offered.member_id, lieu_id=lieu.id, presence_id=None, words=words,
            language="en", at=at - timedelta(hours=1), expires_at=expires,
        )  # fmt: skip
    reader = Reader({})
    hearing.read_waiting(session, reader, at=at)
    assert reader.asked == [("learn Dutch", True), ("vélos cassés", False)]


def test_loading_a_vocabulary_twice_changes_nothing(session: Session) -> None:
    first = vocabularies.load(session, [BIKES, LAW], name="test", families={"rights": {"en": "R"}})
    again = vocabularies.load(session, [BIKES, LAW], name="test", families={"rights": {"en": "R"}})
    assert (first.new_concepts, first.new_names) == (2, 4)
    assert (again.new_concepts, again.new_names, again.gone_names) == (0, 0, 0)
    assert skills.recognised(session, "  FIX a bike ", "en") == "bikes"


def test_another_vocabulary_takes_over_and_unconfirmed_words_are_read_again(
    session: Session, offered: MemberSkill, at: datetime
) -> None:
    hearing.read_waiting(session, Reader({"vélos cassés": [Said("bikes", 0.9)]}), at=at)
    vocabularies.load(session, [Named("cycle-2", {"fr": "vélos cassés"})], name="other")
    assert vocabularies.in_use(session) == "other"
    assert (offered.read_at, offered.concept_id) == (None, None)
    assert skills.recognised(session, "Bike repair", "en") is None
    assert session.scalar(select(func.count()).select_from(Concept)) == 3
    assert session.scalar(select(func.count()).select_from(ConceptName)) == 1


def test_changed_labels_and_lost_names_follow_the_source(session: Session) -> None:
    vocabularies.load(session, [BIKES], name="test")
    renamed = Named("bikes", {"en": "Cycle repair"}, broader=("law",))
    loaded = vocabularies.load(session, [renamed, LAW], name="test")
    assert loaded.gone_names == 3
    kept = session.get_one(Concept, "bikes")
    assert (kept.labels, kept.broader_id) == ({"en": "Cycle repair"}, "law")

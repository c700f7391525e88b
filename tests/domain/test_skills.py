"""What members can help with, in their words."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import skills, words
from serendipity.members import Member
from serendipity.skills import Alias, Concept, ConceptName, Family, MemberSkill
from tests.rows import a_member


@pytest.fixture
def member(session: Session) -> Member:
    session.add(Family(id="making", vocabulary="starter", labels={"en": "Making"}))
    for concept, names in {
        "welding": {"en": ["welding"], "fr": ["soudure", "souder"]},
        "soldering": {"en": ["soldering"], "fr": ["soudure electronique", "souder"]},
        "bike-repair": {"en": ["bike repair"], "fr": ["reparation de velos"]},
        "baking": {"en": ["bread"], "nl": ["brood"]},
        "brood": {"en": ["brood"]},
    }.items():
        session.add(
            Concept(
                id=concept, vocabulary="starter", family="making", labels={"en": concept.title()}
            )
        )
        session.flush()
        for language, spelt in names.items():
            session.add_all(
                ConceptName(concept_id=concept, language=language, words=one) for one in spelt
            )
    session.flush()
    return a_member(session)


def offered(session: Session, member: Member) -> list[MemberSkill]:
    return skills.skills_of(session, [member.id])[member.id]


def test_exact_words_are_recognised_whatever_their_case_and_accents(
    session: Session, member: Member
) -> None:
    assert skills.recognised(session, "  Réparation de VÉLOS!", "fr") == "bike-repair"
    assert skills.recognised(session, "bike repair", "nl") == "bike-repair"


def test_words_that_name_two_concepts_name_none(session: Session, member: Member) -> None:
    assert skills.recognised(session, "souder", "fr") is None


def test_the_own_language_decides_between_languages(session: Session, member: Member) -> None:
    assert skills.recognised(session, "brood", "nl") == "baking"
    assert skills.recognised(session, "brood", "en") == "brood"
    assert skills.recognised(session, "brood", None) is None


@pytest.mark.parametrize("spelt", ["", "🎉", "x" * 3000])
def test_words_that_say_nothing_are_nothing(session: Session, member: Member, spelt: str) -> None:
    assert skills.recognised(session, spelt, "fr") is None


def test_offering_again_keeps_adds_and_withdraws(
    session: Session, member: Member, at: datetime
) -> None:
    skills.offer(session, member_id=member.id, words=["Soudure", "pain"], language="fr", at=at)
    soudure, bread = offered(session, member)
    skills.offer(session, member_id=member.id, words=["vélo", "SOUDURE "], language="fr", at=at)
    assert bread.withdrawn_at == at
    again, bicycle = offered(session, member)
    assert again is soudure
    assert [soudure.words, bicycle.words] == ["Soudure", "vélo"]


def test_recognised_words_are_read_at_once_and_others_wait(
    session: Session, member: Member, at: datetime
) -> None:
    skills.offer(session, member_id=member.id, words=["soudure", "métal"], language="fr", at=at)
    known, unknown = offered(session, member)
    assert (known.concept_id, known.read_at) == ("welding", at)
    assert (unknown.concept_id, unknown.read_at) == (None, None)


def test_a_skill_too_long_changes_nothing(session: Session, member: Member, at: datetime) -> None:
    skills.offer(session, member_id=member.id, words=["soudure"], language="fr", at=at)
    with pytest.raises(words.WordsTooLong):
        skills.offer(session, member_id=member.id, words=["x" * 10_000], language="fr", at=at)
    assert len(offered(session, member)) == 1


def test_thirty_skills_are_enough(session: Session, member: Member, at: datetime) -> None:
    many = [f"skill {number}" for number in range(31)]
    with pytest.raises(skills.TooManySkills):
        skills.offer(session, member_id=member.id, words=many, language="en", at=at)
    skills.offer(session, member_id=member.id, words=many[:29], language="en", at=at)
    skills.add(
        session, member_id=member.id, words=["skill 1", "new", "newer"], language="en", at=at
    )
    assert [skill.words for skill in offered(session, member)] == [*many[:29], "new"]


def test_a_line_that_came_back_as_it_was_changes_nothing_although_it_holds_commas(
    session: Session, member: Member, at: datetime
) -> None:
    given: dict[str, Any] = {"member_id": member.id, "language": "en", "at": at}
    skills.offer(session, words=["hotel; restaurant", "bread, rolls"], **given)
    imported = offered(session, member)
    shown = ", ".join(skill.words for skill in imported)
    skills.offer(session, words=skills.split(shown), **given)
    assert offered(session, member) == imported
    skills.offer(session, words=skills.split(shown + ", cake"), **given)
    changed = [skill.words for skill in offered(session, member)]
    assert changed == ["hotel", "restaurant", "bread", "rolls", "cake"]


def test_no_skill_at_all_is_allowed(session: Session, member: Member, at: datetime) -> None:
    skills.offer(session, member_id=member.id, words=[" ", ""], language="fr", at=at)
    assert offered(session, member) == []


def test_what_a_member_confirms_becomes_an_alias_for_everybody(
    session: Session, member: Member, at: datetime
) -> None:
    skills.offer(session, member_id=member.id, words=["Tig et mig"], language="fr", at=at)
    (skill,) = offered(session, member)
    skills.confirm(
        session, public_id=skill.public_id, member_id=member.id, concept_id="welding", at=at
    )
    assert (skill.concept_id, skill.confirmed_at) == ("welding", at)
    assert skills.recognised(session, "TIG et MIG", "en") == "welding"


def test_undoing_takes_the_alias_back_and_is_not_read_again(
    session: Session, member: Member, at: datetime
) -> None:
    skills.offer(session, member_id=member.id, words=["tig"], language="fr", at=at)
    (skill,) = offered(session, member)
    given = {"public_id": skill.public_id, "member_id": member.id, "at": at}
    skills.confirm(session, concept_id="welding", **given)
    skills.undo(session, **given)
    assert (skill.concept_id, skill.confirmed_at, skill.read_at) == (None, None, at)
    assert session.scalars(select(Alias)).all() == []


def test_a_skill_is_confirmed_by_its_owner_and_with_a_known_concept(
    session: Session, member: Member, at: datetime
) -> None:
    skills.offer(session, member_id=member.id, words=["tig"], language="fr", at=at)
    (skill,) = offered(session, member)
    other = a_member(session)
    with pytest.raises(skills.NoSuchSkill):
        skills.confirm(
            session, public_id=skill.public_id, member_id=other.id, concept_id="welding", at=at
        )
    with pytest.raises(skills.NoSuchConcept):
        skills.confirm(
            session, public_id=skill.public_id, member_id=member.id, concept_id="none", at=at
        )


def test_a_person_counts_once_in_a_family(session: Session, member: Member, at: datetime) -> None:
    skills.offer(
        session, member_id=member.id, words=["welding", "soudure", "bread"], language="en", at=at
    )
    assert skills.held(session, [member.id]) == ({"welding": 1, "baking": 1}, {})
    assert skills.held(session, [member.id], at_least=2) == ({}, {})
    other = a_member(session)
    skills.offer(session, member_id=other.id, words=["bike repair"], language="en", at=at)
    assert skills.held(session, [member.id, other.id], at_least=2) == ({}, {"making": 2})


def test_a_skill_that_is_named_does_not_count_in_its_family_again(
    session: Session, member: Member, at: datetime
) -> None:
    crowd = [member, a_member(session)]
    for one in crowd:
        skills.offer(session, member_id=one.id, words=["welding"], language="en", at=at)
    found = skills.held(session, [one.id for one in crowd], at_least=2)
    assert found == ({"welding": 2}, {})


def test_a_label_falls_back_to_english(session: Session, member: Member) -> None:
    assert skills.labels(session, ["welding", "unknown"], "nl") == {"welding": "Welding"}
    assert skills.family_labels(session, ["making"], "fr") == {"making": "Making"}


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("soudure, CAO (2D, 3D); vélo", ["soudure", "CAO (2D, 3D)", "vélo"]),
        (" ,, ;\n", []),
        ("a) b, (c, d", ["a) b", "(c, d"]),
        ("x" * 10_000, ["x" * 10_000]),
    ],
)
def test_commas_part_skills_but_not_in_brackets(typed: str, parts: list[str]) -> None:
    assert skills.split(typed) == parts

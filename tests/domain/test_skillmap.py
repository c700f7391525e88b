"""The skill map: counts that help, from which nobody can be picked out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from matching.text import normalised
from serendipity import bookings, members, skillmap
from serendipity.bookings import Booking
from serendipity.consent import Consent
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.presence import Presence
from serendipity.skillmap import SkillCount, SkillCounted
from serendipity.skills import Concept, ConceptName, Family, MemberSkill
from tests.conftest import NOON
from tests.rows import a_lieu, a_room, an_organisation, somebody_here

MINUTE = timedelta(minutes=1)
WORDS = {
    "design": {
        "graphic design": {"en": "Graphic design", "fr": "Graphisme", "nl": "Grafisch ontwerp"},
        "logo": {"en": "Logos", "fr": "Logos", "nl": "Logo's"},
    },
    "metal": {
        "soldering": {"en": "Soldering", "fr": "Soudure", "nl": "Solderen"},
        "welding": {"en": "Welding", "fr": "Soudage", "nl": "Lassen"},
        "lathe": {"en": "Turning", "fr": "Tournage", "nl": "Draaien"},
    },
    "music": {"drums": {"en": "Drums", "fr": "Batterie", "nl": "Drums"}},
}


@pytest.fixture
def lieu(session: Session) -> Lieu:
    for family, concepts in WORDS.items():
        session.add(Family(id=family, vocabulary="test", labels={"en": family.title()}))
        for concept, labels in concepts.items():
            session.add(Concept(id=concept, vocabulary="test", family=family, labels=labels))
            session.flush()
            session.add_all(
                ConceptName(concept_id=concept, language=language, words=normalised(label))
                for language, label in labels.items()
            )
    session.add(ConceptName(concept_id="graphic design", language="fr", words="graphiste"))
    session.flush()
    return a_lieu(session)


def offers(session: Session, member: Member, *concepts: str | None) -> None:
    session.add_all(
        MemberSkill(
            member_id=member.id,
            words=concept or "something",
            concept_id=concept,
            offered_at=NOON - timedelta(days=1),
        )
        for concept in concepts
    )
    session.flush()


def people(session: Session, lieu: Lieu, *offered: Sequence[str | None]) -> list[Member]:
    found = []
    for number, concepts in enumerate(offered):
        member = somebody_here(session, lieu, f"Person {number}")
        offers(session, member, *concepts)
        found.append(member)
    return found


def counted(session: Session, lieu: Lieu, after: timedelta = timedelta(0)) -> dict[str, int]:
    """Of how many the numbers are taken, when every table is looked at."""
    at = NOON + after
    skillmap.count(session, lieu_id=lieu.id, at=at, chance=lambda: 0.0)
    taken = session.execute(
        select(SkillCounted.kind, SkillCounted.name, func.count())
        .where(SkillCounted.lieu_id == lieu.id, SkillCounted.kind != "all")
        .group_by(SkillCounted.kind, SkillCounted.name)
    )
    return {name or kind: number for kind, name, number in taken}


# --- counts ---------------------------------------------------------------------------------


def test_a_skill_of_three_people_is_a_table(session: Session, lieu: Lieu) -> None:
    people(session, lieu, ["drums"], ["drums", "logo"], ["drums"])
    assert counted(session, lieu) == {"drums": 3}


def test_rare_skills_are_counted_with_their_family_and_each_person_once(
    session: Session, lieu: Lieu
) -> None:
    people(session, lieu, ["soldering", "welding"], ["welding"], ["lathe"], ["lathe"])
    assert counted(session, lieu) == {"metal": 4}


def test_a_rare_family_is_counted_with_the_rest_and_a_rare_rest_is_not_told(
    session: Session, lieu: Lieu
) -> None:
    people(session, lieu, ["soldering"], ["drums"], [None])
    assert counted(session, lieu) == {"other": 3}
    other = a_lieu(session)
    people(session, other, ["soldering"], ["drums"])
    assert counted(session, other) == {}
    assert skillmap.skill_map(session, lieu_id=other.id, language="en", at=NOON).people == 0


OFFERED = st.lists(
    st.lists(
        st.sampled_from([(concept, family) for family in WORDS for concept in WORDS[family]])
        | st.just((None, None))
        | st.just(("orphan", None)),
        max_size=5,
    ),
    max_size=12,
)


@given(OFFERED)
def test_no_table_ever_tells_of_fewer_than_three(offered: list[list]) -> None:
    held = dict(enumerate(offered))
    settled = skillmap.settled({}, held)
    tables = {key: len(who) for key, who in settled.items()}
    if len(held) < 3:
        assert tables == {}
        return
    assert all(3 <= people <= len(held) for people in tables.values())
    skills = {skill[0] for skills in offered for skill in skills}
    for concept in skills - {None}:
        holders = sum(concept in {skill[0] for skill in skills} for skills in offered)
        assert tables.get(("skill", concept)) == (holders if holders >= 3 else None)


def test_the_schema_itself_keeps_no_count_of_one_or_two(session: Session, lieu: Lieu) -> None:
    row = {"lieu_id": lieu.id, "quarter_at": NOON, "kind": "skill", "name": "drums"}
    for number in (1, 2):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(insert(SkillCount), [{**row, "people": number}])
    session.execute(insert(SkillCount), [{**row, "people": 3}])


# --- who counts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hiding", ["no consent", "hidden", "left", "not confirmed", "gone by now", "elsewhere"]
)
def test_who_did_not_agree_or_is_not_here_does_not_count(
    session: Session, lieu: Lieu, hiding: str
) -> None:
    *_, last = people(session, lieu, ["drums"], ["drums"], ["drums"], ["drums"])
    stay = session.query(Presence).filter_by(member_id=last.id).one()
    choice = session.query(Consent).filter_by(member_id=last.id).one()
    if hiding == "no consent":
        choice.here_today = False
    elif hiding == "hidden":
        stay.hidden_at = NOON
    elif hiding == "left":
        stay.ended_at, stay.how_out = NOON - MINUTE, "left"
    elif hiding == "not confirmed":
        stay.confirmed_at = None
    elif hiding == "gone by now":
        stay.until = NOON
    else:
        stay.lieu_id = a_lieu(session).id
    session.flush()
    assert counted(session, lieu) == {"drums": 3}


def test_a_skill_that_was_taken_back_does_not_count(session: Session, lieu: Lieu) -> None:
    *_, last = people(session, lieu, ["drums"], ["drums"], ["drums"], ["drums"])
    session.query(MemberSkill).filter_by(member_id=last.id).update({"withdrawn_at": NOON})
    assert counted(session, lieu) == {"drums": 3}


# --- nobody is told apart by coming or going ------------------------------------------------


def test_who_comes_or_goes_within_a_quarter_changes_nothing_until_the_next(
    session: Session, lieu: Lieu
) -> None:
    drummers = people(session, lieu, *[["drums"]] * 4)
    before = counted(session, lieu, MINUTE)
    newcomer = somebody_here(session, lieu, "Late", at=NOON + timedelta(hours=1, minutes=2))
    offers(session, newcomer, "drums")
    stay = session.query(Presence).filter_by(member_id=drummers[0].id).one()
    stay.ended_at, stay.how_out = NOON + 3 * MINUTE, "left"
    second = session.query(Presence).filter_by(member_id=drummers[1].id).one()
    second.ended_at, second.how_out = NOON + 3 * MINUTE, "left"
    session.flush()
    for minutes in range(15):
        assert counted(session, lieu, minutes * MINUTE) == before == {"drums": 4}
    assert counted(session, lieu, 15 * MINUTE) == {"drums": 3}  # three others: two gone, one new


def test_one_or_two_who_come_or_go_change_nothing_however_long_one_looks(
    session: Session, lieu: Lieu
) -> None:
    drummers = people(session, lieu, *[["drums"]] * 4, *[["logo"]] * 3)
    before = counted(session, lieu)
    for number in range(2):
        stay = session.query(Presence).filter_by(member_id=drummers[number].id).one()
        stay.ended_at, stay.how_out = NOON + MINUTE, "left"
        session.flush()
        for quarters in range(1, 4):
            assert counted(session, lieu, (4 * number + quarters) * 15 * MINUTE) == before
    stay = session.query(Presence).filter_by(member_id=drummers[2].id).one()
    stay.ended_at, stay.how_out = NOON + MINUTE, "left"
    session.flush()
    assert counted(session, lieu, 8 * 15 * MINUTE) == {"logo": 3}


def test_who_is_erased_is_in_no_number_s_list(session: Session, lieu: Lieu) -> None:
    drummers = people(session, lieu, *[["drums"]] * 4)
    counted(session, lieu)
    members.erase(session, member_id=drummers[0].id, at=NOON)
    listed = set(session.scalars(select(SkillCounted.member_id)))
    assert listed == {member.id for member in drummers[1:]}


CROWDS = st.lists(OFFERED, min_size=1, max_size=6)


@given(CROWDS)
def test_a_shown_number_is_the_same_or_of_three_other_people(crowds: list[list]) -> None:
    shown: dict = {}
    for offered in crowds:
        now = skillmap.settled(shown, dict(enumerate(offered)))
        for key in shown | now:
            before, after = shown.get(key, frozenset()), now.get(key, frozenset())
            assert before == after or len(before ^ after) >= 3
            assert not after or len(after) >= 3
        shown = now


def test_counts_taken_late_are_still_those_of_the_quarter(session: Session, lieu: Lieu) -> None:
    drummers = people(session, lieu, *[["drums"]] * 4)
    stay = session.query(Presence).filter_by(member_id=drummers[0].id).one()
    stay.ended_at, stay.how_out = NOON + 3 * MINUTE, "left"
    newcomer = somebody_here(session, lieu, "Late", at=NOON + timedelta(hours=1, minutes=2))
    offers(session, newcomer, "drums")
    learner = somebody_here(session, lieu, "Learner")
    session.add(
        MemberSkill(
            member_id=learner.id, words="x", concept_id="drums", offered_at=NOON + 2 * MINUTE
        )
    )
    session.flush()
    assert counted(session, lieu, 14 * MINUTE) == {"drums": 4}
    assert counted(session, lieu, 15 * MINUTE) == {"drums": 5}  # one gone, two new


@pytest.mark.parametrize(("number", "size"), [(3, 3), (7, 3), (8, 8), (15, 8), (16, 16)])
def test_a_size_is_told_and_no_number(session: Session, lieu: Lieu, number: int, size: int) -> None:
    people(session, lieu, *[["drums"]] * number)
    assert counted(session, lieu) == {"drums": number}
    shown = skillmap.skill_map(session, lieu_id=lieu.id, language="en", at=NOON)
    assert [table.people for table in shown.tables] == [size]
    assert shown.people == 3


def test_a_table_is_looked_at_by_chance_and_a_new_one_of_three_by_more_of_it() -> None:
    drums, harp = ("drums", "music"), ("harp", "music")
    first = skillmap.settled({}, {number: [drums] for number in range(3)}, chance=lambda: 0.9)
    assert len(first["skill", "drums"]) == 3  # where nothing is shown there is nothing to compare
    later = {number: [drums] for number in range(6)} | {number: [harp] for number in range(6, 9)}
    assert skillmap.settled(first, later, chance=lambda: 0.9) == first
    draws = itertools.cycle([0.1, 0.6])  # looked at, but not shown
    unlucky = skillmap.settled(first, later, chance=lambda: next(draws))
    assert ("skill", "harp") not in unlucky
    assert skillmap.settled(first, later)["skill", "harp"] == {6, 7, 8}


def test_an_empty_house_shows_nothing(session: Session, lieu: Lieu) -> None:
    people(session, lieu, *[["drums"]] * 4)
    assert counted(session, lieu) == {"drums": 4}
    session.query(Presence).update({"ended_at": NOON + MINUTE, "how_out": "left"})
    skillmap.count(session, lieu_id=lieu.id, at=NOON + 15 * MINUTE, chance=lambda: 1.0)
    shown = skillmap.skill_map(session, lieu_id=lieu.id, language="en", at=NOON + 15 * MINUTE)
    assert (shown.people, shown.tables) == (0, ())


def test_old_counts_are_forgotten(session: Session, lieu: Lieu) -> None:
    people(session, lieu, *[["drums"]] * 3)
    for quarters in range(4):
        counted(session, lieu, quarters * 15 * MINUTE)
    kept = set(session.scalars(select(SkillCount.quarter_at)))
    assert kept == {NOON + 45 * MINUTE}


def test_every_lieu_with_somebody_there_is_counted(session: Session, lieu: Lieu) -> None:
    a_lieu(session)
    people(session, lieu, *[["drums"]] * 3)
    assert skillmap.is_due(session, lieu_id=lieu.id, at=NOON)
    assert skillmap.count_all(session, at=NOON) == [lieu.id]
    assert skillmap.count_all(session, at=NOON + 14 * MINUTE) == []
    assert not skillmap.is_due(session, lieu_id=lieu.id, at=NOON)


# --- looking for a word ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("graphiste", {"graphic design"}),
        ("Grafisch", {"graphic design"}),
        ("ontwerp", {"graphic design"}),
        ("GRAPHISME ", {"graphic design"}),
        ("soudure", {"metal"}),  # nobody may know whether soldering itself is there
        ("draaien", {"metal"}),
        ("metal", {"metal"}),
        ("drums", set()),
        ("%", {"graphic design", "metal", "other"}),  # nothing but signs: no word, all tables
        ("_raphiste", set()),
        ("raphiste", set()),
        ("", {"graphic design", "metal", "other"}),
    ],
)
def test_a_word_in_any_of_three_languages_finds_its_table(
    session: Session, lieu: Lieu, words: str, found: set[str]
) -> None:
    people(session, lieu, *[["graphic design"]] * 3, *[["welding"]] * 2, ["lathe"], *[[None]] * 3)
    counted(session, lieu)
    shown = skillmap.skill_map(session, lieu_id=lieu.id, language="fr", at=NOON)
    tables = skillmap.tables_for(session, shown.tables, words)
    assert {table.name or table.kind for table in tables} == found


def test_tables_are_named_in_the_language_of_the_reader(session: Session, lieu: Lieu) -> None:
    people(session, lieu, *[["graphic design"]] * 3)
    counted(session, lieu)
    for language, label in WORDS["design"]["graphic design"].items():
        shown = skillmap.skill_map(session, lieu_id=lieu.id, language=language, at=NOON)
        assert [table.label for table in shown.tables] == [label]
        assert [table.family_label for table in shown.tables] == ["Design"]


# --- the window -----------------------------------------------------------------------------

HOUR = timedelta(hours=1)
START = NOON + 2 * HOUR


@pytest.fixture
def booking(session: Session) -> Booking:
    room = a_room(session, a_lieu(session))
    organisation, member = an_organisation(session)
    who = {"organisation_id": organisation.id, "member_id": member.id}
    held = bookings.hold(
        session, room=room, starts_at=START, ends_at=START + HOUR, people=2, at=NOON, **who
    )
    return bookings.confirm(session, public_id=held.public_id, at=NOON, **who)


@pytest.mark.parametrize(
    ("at", "when"),
    [
        (START - 15 * MINUTE - timedelta(microseconds=1), "early"),
        (START - 15 * MINUTE, None),
        (START, None),
        (START + HOUR - timedelta(microseconds=1), None),
        (START + HOUR, "late"),
    ],
)
def test_the_map_is_open_from_a_quarter_before_the_booking_to_its_end(
    booking: Booking, at, when: str | None
) -> None:
    if when is None:
        skillmap.refuse_unless_open(booking, at=at)
        return
    with pytest.raises(skillmap.MapClosed) as refused:
        skillmap.refuse_unless_open(booking, at=at)
    assert refused.value.facts["when"] == when


@pytest.mark.parametrize("lost", ["cancelled_at", "confirmed_at"])
def test_a_room_that_is_only_held_or_was_let_go_has_no_map(booking: Booking, lost: str) -> None:
    setattr(booking, lost, NOON if lost == "cancelled_at" else None)
    with pytest.raises(skillmap.MapClosed):
        skillmap.refuse_unless_open(booking, at=START)


def test_hours_have_four_quarters() -> None:
    quarters = {skillmap.quarter(NOON + minute * MINUTE) for minute in range(60)}
    assert sorted(quarters) == [NOON + n * 15 * MINUTE for n in range(4)]
    assert all(b - a == 15 * MINUTE for a, b in itertools.pairwise(sorted(quarters)))

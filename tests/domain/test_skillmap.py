"""The skill map: counts that help, from which nobody can be picked out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from matching.text import normalised
from serendipity import bookings, skillmap, vocabularies
from serendipity.bookings import Booking
from serendipity.consent import Consent
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.presence import Presence
from serendipity.skillmap import SkillCount, SkillCounting
from serendipity.skills import Concept, ConceptName, Family, MemberSkill
from serendipity.vocabularies import ConceptPlace
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


def shown(session: Session, lieu: Lieu, after: timedelta = timedelta(0)) -> dict[str, int]:
    """The tables that somebody who looks then is shown, with their sizes."""
    at = NOON + after
    skillmap.count(session, lieu_id=lieu.id, at=at)
    seen = skillmap.skill_map(session, lieu_id=lieu.id, language="en", at=at)
    return {table.name or table.kind: table.people for table in seen.tables}


def come(session: Session, lieu: Lieu, *offered: Sequence[str | None]) -> None:
    """People who check in a minute after noon."""
    for concepts in offered:
        newcomer = somebody_here(session, lieu, at=NOON + 61 * MINUTE)
        offers(session, newcomer, *concepts)


def go(session: Session, *gone: Member, after: timedelta = MINUTE) -> None:
    for member in gone:
        stay = session.query(Presence).filter_by(member_id=member.id).one()
        stay.ended_at, stay.how_out = NOON + after, "left"
    session.flush()


# --- counts ---------------------------------------------------------------------------------


def test_a_skill_of_three_people_is_a_table(session: Session, lieu: Lieu) -> None:
    people(session, lieu, ["drums"], ["drums", "logo"], ["drums"])
    assert shown(session, lieu) == {"drums": 3}


def test_rare_skills_are_counted_with_their_family_and_each_person_once(
    session: Session, lieu: Lieu
) -> None:
    people(session, lieu, ["soldering", "welding"], ["welding"], ["lathe"], ["lathe"])
    assert shown(session, lieu) == {"metal": 3}


def test_a_rare_family_is_counted_with_the_rest_and_a_rare_rest_is_not_told(
    session: Session, lieu: Lieu
) -> None:
    people(session, lieu, ["soldering"], ["drums"], [None])
    assert shown(session, lieu) == {"other": 3}
    other = a_lieu(session)
    people(session, other, ["soldering"], ["drums"])
    assert shown(session, other) == {}
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
    tables = skillmap.counted(dict(enumerate(offered)))
    if len(offered) < 3:
        assert tables == {}
        return
    assert all(3 <= people <= len(offered) for people in tables.values())
    skills = {skill[0] for skills in offered for skill in skills}
    for concept in skills - {None}:
        holders = sum(concept in {skill[0] for skill in skills} for skills in offered)
        assert tables.get(("skill", concept)) == (holders if holders >= 3 else None)


def test_the_schema_itself_keeps_no_count_of_one_or_two(session: Session, lieu: Lieu) -> None:
    table = {"lieu_id": lieu.id, "kind": "skill", "name": "drums"}
    house = {"lieu_id": lieu.id, "taken_at": NOON, "looked_at": NOON}
    for row, kept in ((table, SkillCount), (house, SkillCounting)):
        for number in (1, 2):
            with pytest.raises(IntegrityError), session.begin_nested():
                session.execute(insert(kept), [{**row, "people": number}])
        session.execute(insert(kept), [{**row, "people": 3}])


# --- who counts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hiding", ["no consent", "hidden", "left", "not confirmed", "gone by now", "elsewhere"]
)
def test_who_did_not_agree_or_is_not_here_does_not_count(
    session: Session, lieu: Lieu, hiding: str
) -> None:
    *_, last = people(session, lieu, *[["drums"]] * 8)
    # Seven are told as three or more, eight as eight.
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
    assert shown(session, lieu) == {"drums": 3}


def test_a_skill_that_was_taken_back_does_not_count(session: Session, lieu: Lieu) -> None:
    *_, last = people(session, lieu, *[["drums"]] * 8)
    session.query(MemberSkill).filter_by(member_id=last.id).update({"withdrawn_at": NOON})
    assert shown(session, lieu) == {"drums": 3}


# --- nobody is told apart by coming or going ------------------------------------------------


def test_who_comes_or_goes_within_a_quarter_changes_nothing_until_the_next(
    session: Session, lieu: Lieu
) -> None:
    drummers = people(session, lieu, *[["drums"]] * 4)
    before = shown(session, lieu, MINUTE)
    go(session, *drummers)
    come(session, lieu, *[["logo"]] * 11)
    for minutes in range(15):
        assert shown(session, lieu, minutes * MINUTE) == before == {"drums": 3}
    assert shown(session, lieu, 15 * MINUTE) == {"logo": 8}  # fifteen others


def test_the_map_stays_as_it_was_until_nine_and_half_as_many_again_are_others(
    session: Session, lieu: Lieu
) -> None:
    """Of four counted, 9 + 1½ × 4 = 15 have to be others; it tells nothing of fourteen."""
    drummers = people(session, lieu, *[["drums"]] * 4)
    before = shown(session, lieu)
    go(session, *drummers)
    come(session, lieu, *[["logo"]] * 10)
    for quarters in range(1, 8):
        assert shown(session, lieu, quarters * 15 * MINUTE) == before
    seen = skillmap.skill_map(session, lieu_id=lieu.id, language="en", at=NOON + 105 * MINUTE)
    assert seen.taken_at == NOON  # and says so
    come(session, lieu, ["logo"])
    assert shown(session, lieu, 120 * MINUTE) == {"logo": 8}


PEOPLE = st.frozensets(st.integers(0, 30), max_size=20)


@given(PEOPLE, PEOPLE)
def test_one_person_more_or_less_is_never_enough_to_change_the_map(
    then: frozenset[int], now: frozenset[int]
) -> None:
    """Whoever is taken out of a change that shows, half as many again as were counted, and eight,
    have changed too."""
    if len(then) >= 3 and skillmap.is_worn(then, now):
        assert all(len((then ^ now) - {who}) >= 8 + 1.5 * len(then) for who in then | now)
    assert not (len(then) >= 3 and skillmap.is_worn(then, then | {31}))


def test_a_map_of_eight_hours_ago_is_shown_to_nobody(session: Session, lieu: Lieu) -> None:
    people(session, lieu, *[["drums"]] * 4)
    assert shown(session, lieu) == {"drums": 3}
    at = NOON + timedelta(hours=8)
    seen = skillmap.skill_map(session, lieu_id=lieu.id, language="en", at=at)
    assert (seen.people, seen.tables) == (0, ())
    assert shown(session, lieu, timedelta(hours=8)) == {}  # and is taken anew: nobody is there


def test_where_nothing_is_shown_the_map_is_taken_as_soon_as_there_are_three(
    session: Session, lieu: Lieu
) -> None:
    people(session, lieu, *[["drums"]] * 2)
    assert shown(session, lieu) == {}
    come(session, lieu, ["drums"])
    assert shown(session, lieu, 15 * MINUTE) == {"drums": 3}


def test_counts_taken_late_are_still_those_of_the_quarter(session: Session, lieu: Lieu) -> None:
    drummers = people(session, lieu, *[["drums"]] * 3)
    go(session, drummers[0], after=3 * MINUTE)
    come(session, lieu, ["logo"])
    for learner in drummers:
        session.add(
            MemberSkill(
                member_id=learner.id, words="x", concept_id="logo", offered_at=NOON + 2 * MINUTE
            )
        )
    session.flush()
    assert shown(session, lieu, 14 * MINUTE) == {"drums": 3}


@pytest.mark.parametrize(("number", "size"), [(3, 3), (7, 3), (8, 8), (15, 8), (16, 16)])
def test_a_size_is_told_and_no_number_and_the_house_is_no_smaller_than_its_tables(
    session: Session, lieu: Lieu, number: int, size: int
) -> None:
    people(session, lieu, *[["drums"]] * number)
    assert shown(session, lieu) == {"drums": size}
    assert skillmap.skill_map(session, lieu_id=lieu.id, language="en", at=NOON).people == size


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
    shown(session, lieu)
    seen = skillmap.skill_map(session, lieu_id=lieu.id, language="fr", at=NOON)
    tables = skillmap.tables_for(session, seen.tables, words)
    assert {table.name or table.kind for table in tables} == found


def test_tables_are_named_in_the_language_of_the_reader(session: Session, lieu: Lieu) -> None:
    people(session, lieu, *[["graphic design"]] * 3)
    shown(session, lieu)
    for language, label in WORDS["design"]["graphic design"].items():
        seen = skillmap.skill_map(session, lieu_id=lieu.id, language=language, at=NOON)
        assert [table.label for table in seen.tables] == [label]
        assert [table.family_label for table in seen.tables] == ["Design"]


# --- the window -----------------------------------------------------------------------------

HOUR = timedelta(hours=1)
START = NOON + 2 * HOUR


def test_a_table_stands_where_its_skill_lies_and_a_family_s_amid_all_its_skills(
    session: Session, lieu: Lieu
) -> None:
    lies = {"soldering": (10, 40), "welding": (20, -20), "lathe": (60, 10), "drums": (7, 8)}
    vocabularies.place(session, {**lies, "unheard of": (1, 1)})
    people(session, lieu, *[["drums"]] * 3, ["soldering"], ["lathe"], ["lathe"], *[["logo"]] * 3)
    skillmap.count(session, lieu_id=lieu.id, at=NOON)
    seen = skillmap.skill_map(session, lieu_id=lieu.id, language="en", at=NOON)
    assert {table.name: table.place for table in seen.tables} == {
        "drums": (7, 8),
        "metal": (30, 10),
        "logo": None,
    }


def test_a_concept_lies_in_one_place(session: Session, lieu: Lieu) -> None:
    vocabularies.place(session, {"drums": (7, 8)})
    vocabularies.place(session, {"drums": (9, 9)})
    assert vocabularies.places_of(session, concepts=["drums"], families=[])[0] == {"drums": (9, 9)}
    for cheat in ({"concept_id": "drums", "x": 1, "y": 1}, {"concept_id": "lathe", "x": 1}):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(insert(ConceptPlace).values(**cheat))


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

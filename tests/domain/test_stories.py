"""Stories: told only while everybody they name agrees, and never before they were asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import audit, mail, members, stories, words
from serendipity.encounters import Encounter
from serendipity.lieux import Lieu
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.postures import write
from serendipity.shifts import Shift
from serendipity.stories import Named, Story
from tests.conftest import NOON
from tests.rows import a_lieu, a_member, on_shift, somebody_here

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def shift(session: Session, lieu: Lieu) -> Shift:
    return on_shift(session, lieu, a_member(session, "Bertille Gast"))


@pytest.fixture
def pair(session: Session, lieu: Lieu) -> tuple[Member, Member]:
    return somebody_here(session, lieu, "Awa Diallo"), somebody_here(session, lieu, "Inès Morel")


def a_draft(session: Session, lieu: Lieu, named: Sequence[Member] = (), **given: Any) -> Story:
    facts = {"title": "A chair", "body": "It was mended.\n\nNow it stands.", "author_id": None}
    author = given.pop("author", None) or a_member(session, "Bertille Gast")
    return stories.draft(
        session,
        lieu_id=lieu.id,
        named=[one.id for one in named],
        at=given.pop("at", NOON),
        **{**facts, "author_id": author.id, **given},
    )


def agreed(session: Session, story: Story, people: Sequence[Member], at: datetime = NOON) -> None:
    stories.ask(session, story=story, at=at)
    for one in people:
        stories.agree(session, public_id=story.public_id, member_id=one.id, at=at)


def titles(session: Session, lieu: Lieu) -> list[str]:
    return [story.title for story in stories.told(session, lieu_id=lieu.id)]


def test_a_story_is_told_once_everybody_named_agreed_and_it_was_published(
    session: Session, lieu: Lieu, pair: tuple[Member, Member]
) -> None:
    story = a_draft(session, lieu, pair)
    assert story.paragraphs() == ["It was mended.", "Now it stands."]
    stories.ask(session, story=story, at=NOON)
    stories.agree(session, public_id=story.public_id, member_id=pair[0].id, at=NOON)
    with pytest.raises(stories.NotAllAgreed) as refused:
        stories.publish(session, story=story, at=NOON)
    assert refused.value.facts == {"waiting": 1}
    assert titles(session, lieu) == []
    stories.agree(session, public_id=story.public_id, member_id=pair[1].id, at=NOON)
    assert titles(session, lieu) == []
    stories.publish(session, story=story, at=NOON)
    assert titles(session, lieu) == ["A chair"]


def test_a_yes_taken_back_takes_the_story_off_at_once_and_says_not_whose(
    session: Session, lieu: Lieu, pair: tuple[Member, Member]
) -> None:
    story = a_draft(session, lieu, pair)
    agreed(session, story, pair)
    stories.publish(session, story=story, at=NOON)
    stories.refuse(session, public_id=story.public_id, member_id=pair[1].id, at=LATER)
    assert titles(session, lieu) == []
    (sheet,) = stories.sheets(session, lieu_id=lieu.id)
    assert (sheet.waiting, sheet.told, sheet.asked) == (1, False, True)
    stories.agree(session, public_id=story.public_id, member_id=pair[1].id, at=LATER)
    assert titles(session, lieu) == ["A chair"]


@pytest.mark.parametrize("change", ["body", "people"])
def test_what_changed_is_asked_about_anew(
    session: Session, lieu: Lieu, pair: tuple[Member, Member], change: str
) -> None:
    story = a_draft(session, lieu, pair[:1])
    agreed(session, story, pair[:1])
    stories.publish(session, story=story, at=NOON)
    people = pair if change == "people" else pair[:1]
    stories.rewrite(
        session,
        story=story,
        title=story.title,
        body="Other words." if change == "body" else story.body,
        named=[one.id for one in people],
        at=LATER,
    )
    assert titles(session, lieu) == []
    assert [one.id for one in stories.ask(session, story=story, at=LATER)] == [
        one.id for one in people
    ]


def test_keeping_a_story_as_it_is_asks_nobody(
    session: Session, lieu: Lieu, pair: tuple[Member, Member]
) -> None:
    story = a_draft(session, lieu, pair)
    agreed(session, story, pair)
    stories.publish(session, story=story, at=NOON)
    stories.rewrite(
        session,
        story=story,
        title=story.title,
        body=story.body,
        named=[one.id for one in pair],
        at=LATER,
    )
    assert titles(session, lieu) == ["A chair"]


def test_nobody_who_was_here_is_named_without_being_asked(
    session: Session, lieu: Lieu, pair: tuple[Member, Member]
) -> None:
    for words_ in ("INES  MOREL mended it.", "With Inès Morel, again."):
        with pytest.raises(stories.NamesSomebody) as refused:
            a_draft(session, lieu, pair[:1], body=words_)
        assert refused.value.facts["name"] == "Inès Morel"
    assert a_draft(session, lieu, pair, body="Inès Morel mended it.").id


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"title": " "}, words.WordsMissing),
        ({"title": "x" * 121}, words.WordsTooLong),
        ({"body": "\n \n"}, words.WordsMissing),
        ({"body": "x" * 2001}, words.WordsTooLong),
        ({"body": "\n".join(["word " * 300] * 5)}, words.WordsTooLong),
        ({"body": "a\0b"}, words.WordsUnreadable),
    ],
)
def test_words_that_cannot_be_kept_are_refused(
    session: Session, lieu: Lieu, given: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        a_draft(session, lieu, **given)
    assert session.query(Story).count() == 0


def test_a_crowd_is_no_story(session: Session, lieu: Lieu) -> None:
    crowd = [a_member(session, f"Member {number}") for number in range(13)]
    with pytest.raises(stories.TooManyNamed):
        a_draft(session, lieu, crowd)


@pytest.mark.parametrize("verb", [stories.agree, stories.refuse])
def test_who_is_not_asked_cannot_answer_and_cannot_tell_it_from_no_story(
    session: Session, lieu: Lieu, pair: tuple[Member, Member], verb: Any
) -> None:
    story = a_draft(session, lieu, pair[:1])
    stranger = a_member(session)
    for public_id, who in [
        (story.public_id, pair[0]),  # not asked yet
        (story.public_id, stranger),
        ("never", stranger),
    ]:
        with pytest.raises(stories.NoSuchStory) as refused:
            verb(session, public_id=public_id, member_id=who.id, at=NOON)
        assert refused.value.facts == {}


def test_a_story_of_another_lieu_is_as_unknown_as_none(session: Session, lieu: Lieu) -> None:
    story = a_draft(session, lieu)
    for public_id, lieu_id in [(story.public_id, a_lieu(session).id), ("never", lieu.id)]:
        with pytest.raises(stories.NoSuchStory):
            stories.story_of(session, public_id=public_id, lieu_id=lieu_id)


def test_an_erased_member_is_told_of_no_more(
    session: Session, lieu: Lieu, pair: tuple[Member, Member]
) -> None:
    story = a_draft(session, lieu, pair)
    agreed(session, story, pair)
    stories.publish(session, story=story, at=NOON)
    members.erase(session, member_id=pair[0].id, at=LATER)
    assert titles(session, lieu) == []


@pytest.mark.parametrize(
    "cheat",
    [
        insert(Named).values(story_id=1, member_id=1, yes_at=NOON),  # a yes that nobody asked for
        update(Story).values(title=""),
        update(Story).values(published_at=NOON, dropped_at=NOON),
        update(Named).values(yes_at=NOON, no_at=NOON),
    ],
    ids=["unasked yes", "no title", "dropped and told", "yes and no"],
)
def test_the_schema_refuses_what_the_verbs_would_not_do(
    session: Session, lieu: Lieu, pair: tuple[Member, Member], cheat: Any
) -> None:
    story = a_draft(session, lieu, pair)
    stories.ask(session, story=story, at=NOON)
    if cheat.is_insert:
        session.execute(delete(Named))
        cheat = cheat.values(story_id=story.id, member_id=pair[0].id)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(cheat)


# --- the concierge writes ---------------------------------------------------------------------


def an_encounter(session: Session, lieu: Lieu, a: Member, b: Member) -> Encounter:
    first, second = sorted((a, b), key=lambda one: one.id)
    met = Encounter(
        lieu_id=lieu.id,
        a_id=first.id,
        b_id=second.id,
        said_at=NOON,
        a_confirmed_at=NOON,
        b_confirmed_at=NOON,
        outcome="work",
    )
    session.add(met)
    session.flush()
    return met


def test_a_concierge_names_those_here_and_those_who_met_and_nobody_else(
    session: Session, lieu: Lieu, shift: Shift, pair: tuple[Member, Member]
) -> None:
    gone = [a_member(session, name) for name in ("Gone One", "Gone Two", "Gone Three")]
    met = an_encounter(session, lieu, gone[0], gone[1])
    story = write.draft(
        session,
        shift=shift,
        encounter=met.public_id,
        title="A chair",
        body="It was mended.",
        named=[one.public_id for one in (*gone, pair[0])],
        at=NOON,
    )
    assert story.encounter_id == met.id
    named = stories.sheet(session, story).named
    assert [one.name for one in named] == ["Awa Diallo", "Gone One", "Gone Two"]
    assert [one.what for one in audit.concerning(session, gone[0].id)] == ["named-in-story"]
    assert audit.concerning(session, gone[2].id) == []


def test_asking_owes_one_letter_to_each_and_again_only_for_other_words(
    session: Session, lieu: Lieu, shift: Shift, pair: tuple[Member, Member]
) -> None:
    story = write.draft(
        session,
        shift=shift,
        title="A chair",
        body="It was mended.",
        named=[one.public_id for one in pair],
        at=NOON,
    )
    for _ in range(2):
        write.ask(session, shift=shift, public_id=story.public_id, at=NOON)
    assert session.query(Letter).filter_by(kind="story").count() == 2
    write.rewrite(
        session,
        shift=shift,
        public_id=story.public_id,
        title="A chair",
        body="It was mended twice.",
        named=[one.public_id for one in pair],
        at=LATER,
    )
    write.ask(session, shift=shift, public_id=story.public_id, at=LATER)
    assert session.query(Letter).filter_by(kind="story").count() == 4
    assert mail.KINDS["story"].by_consent is False


def test_a_story_of_another_lieu_is_out_of_reach_of_the_shift(
    session: Session, shift: Shift
) -> None:
    elsewhere = a_lieu(session)
    story = a_draft(session, elsewhere)
    for verb in (write.ask, write.publish, write.drop):
        with pytest.raises(stories.NoSuchStory):
            verb(session, shift=shift, public_id=story.public_id, at=NOON)

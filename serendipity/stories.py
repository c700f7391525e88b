"""Stories: what a lieu tells of its encounters, under a free licence (CC BY-SA 4.0).

Rules kept here: whoever a story names is asked, each for themselves, and reads it before; it is
told only while every one of them agrees, so a yes taken back takes it off at once, and nobody is
told whose it was; words that change are asked about anew; nobody who has been at the lieu is named
in the words without being among those asked. `published_at` is the lieu's wish alone: whether a
story is told is derived from the yeses, never stored.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from matching.text import normalised
from serendipity import members, thanks, words
from serendipity.db import Base, Key, PublicId
from serendipity.encounters import Encounter
from serendipity.errors import Invalid, NotFound, Refused
from serendipity.members import Member
from serendipity.presence import Presence

LICENCE: Final = "CC BY-SA 4.0"
TITLE_MOST: Final = 120
BODY_MOST: Final = 6000
PARAGRAPH_MOST: Final = 2000
NAMED_MOST: Final = 12


class Story(Base):
    __tablename__ = "story"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    encounter_id: Mapped[int | None] = mapped_column(ForeignKey("encounter.id"), index=True)
    title: Mapped[str] = mapped_column(String(TITLE_MOST))
    body: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_story_lieu_changed", "lieu_id", "changed_at"),
        CheckConstraint("title <> '' AND body <> ''", name="says_something"),
        CheckConstraint("published_at IS NULL OR dropped_at IS NULL", name="dropped_is_not_told"),
    )

    def paragraphs(self) -> list[str]:
        return self.body.split("\n")


class Named(Base):
    """Somebody whom a story names, and what they said to it."""

    __tablename__ = "story_named"

    story_id: Mapped[int] = mapped_column(
        ForeignKey("story.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    asked_at: Mapped[datetime | None]
    yes_at: Mapped[datetime | None]
    no_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("yes_at IS NULL OR no_at IS NULL", name="one_answer"),
        CheckConstraint("yes_at IS NULL OR asked_at IS NOT NULL", name="yes_was_asked"),
    )


class NoSuchStory(NotFound):
    """There is none here, or it does not name you: all answer alike."""


class NotAllAgreed(Refused):
    """It names people who have not said yes. Fact: waiting, how many."""


class NamesSomebody(Invalid):
    """The words name somebody who is not among those asked. Facts: field, name."""


class TooManyNamed(Invalid):
    """Facts: field, most."""


@dataclass(frozen=True)
class Sheet:
    """A story as its lieu sees it: whom it names, and how many of them it still waits for.

    Whose answer is missing does not show: a no would show with it.
    """

    story: Story
    named: list[Member]
    asked: bool
    waiting: int

    @property
    def told(self) -> bool:
        return self.story.published_at is not None and not self.waiting


# --- writing --------------------------------------------------------------------------------


def draft(
    session: Session,
    *,
    lieu_id: int,
    author_id: int,
    title: str,
    body: str,
    named: Collection[int],
    at: datetime,
    encounter_id: int | None = None,
) -> Story:
    """Write a story down; nobody is asked and nothing is told yet.

    Raises
    ------
    words.WordsMissing, words.WordsTooLong, words.WordsUnreadable, TooManyNamed, NamesSomebody
        Nothing was kept.
    """
    story = Story(
        lieu_id=lieu_id,
        author_id=author_id,
        encounter_id=encounter_id,
        written_at=at,
        changed_at=at,
        **_plain(session, lieu_id, title, body, named),
    )
    session.add(story)
    session.flush()
    _name(session, story, named)
    return story


def rewrite(
    session: Session, *, story: Story, title: str, body: str, named: Collection[int], at: datetime
) -> Story:
    """Change a story. Other words or other people: it is a draft again, and all are asked anew.

    Raises as `draft`; the story stays as it was.
    """
    plain = _plain(session, story.lieu_id, title, body, named)
    before = {"title": story.title, "body": story.body}
    if plain == before and set(named) == set(_named_ids(session, story)):
        return story
    story.title, story.body = plain["title"], plain["body"]
    story.changed_at, story.published_at = at, None
    session.execute(delete(Named).where(Named.story_id == story.id))
    _name(session, story, named)
    return story


def _plain(
    session: Session, lieu_id: int, title: str, body: str, named: Collection[int]
) -> dict[str, str]:
    if len(set(named)) > NAMED_MOST:
        raise TooManyNamed(field="named", most=NAMED_MOST)
    told = words.said(title, field="title", most=TITLE_MOST)
    lines = [words.line(line, field="body", most=PARAGRAPH_MOST) for line in body.splitlines()]
    text = "\n".join(line for line in lines if line)
    if not text:
        raise words.WordsMissing(field="body")
    if len(text) > BODY_MOST:
        raise words.WordsTooLong(field="body", most=BODY_MOST, length=len(text))
    _name_nobody_else(session, lieu_id, f"{told} {text}", named)
    return {"title": told, "body": text}


def _name_nobody_else(session: Session, lieu_id: int, text: str, named: Collection[int]) -> None:
    """Refuse words with the whole name of somebody who was here and is not asked."""
    been_here = session.execute(
        select(Member.id, Member.name)
        .join(Presence, Presence.member_id == Member.id)
        .where(Presence.lieu_id == lieu_id, Member.erased_at.is_(None))
        .distinct()
    )
    said = f" {normalised(text)} "
    for member_id, name in been_here:
        if member_id not in named and len(name.split()) > 1 and f" {normalised(name)} " in said:
            raise NamesSomebody(field="body", name=name)


def _name(session: Session, story: Story, named: Collection[int]) -> None:
    session.add_all(Named(story_id=story.id, member_id=one) for one in sorted(set(named)))
    session.flush()


def drop(session: Session, *, story: Story, at: datetime) -> None:
    """Take it off the list, and off the lieu's page if it was there. Twice is once."""
    story.published_at = None
    story.dropped_at = story.dropped_at or at
    session.flush()


# --- asking, agreeing, telling --------------------------------------------------------------


def ask(session: Session, *, story: Story, at: datetime) -> list[Member]:
    """Ask everybody named who was not asked yet; who they are."""
    unasked = select(Named).where(Named.story_id == story.id, Named.asked_at.is_(None))
    new = session.scalars(unasked.order_by(Named.member_id)).all()
    for one in new:
        one.asked_at = at
    session.flush()
    return [members.member_named(session, one.member_id) for one in new]


def agree(session: Session, *, public_id: str, member_id: int, at: datetime) -> Story:
    """It may be told with my name in it. NoSuchStory."""
    named = _to_answer(session, public_id=public_id, member_id=member_id)
    named.yes_at, named.no_at = named.yes_at or at, None
    session.flush()
    return session.get_one(Story, named.story_id)


def refuse(session: Session, *, public_id: str, member_id: int, at: datetime) -> Story:
    """Not with my name; also later, when it is told already. Nobody is told who. NoSuchStory."""
    named = _to_answer(session, public_id=public_id, member_id=member_id)
    named.yes_at, named.no_at = None, named.no_at or at
    session.flush()
    return session.get_one(Story, named.story_id)


def _to_answer(session: Session, *, public_id: str, member_id: int) -> Named:
    found = session.scalar(
        select(Named)
        .join(Story, Story.id == Named.story_id)
        .where(
            Story.public_id == public_id,
            Story.dropped_at.is_(None),
            Named.member_id == member_id,
            Named.asked_at.is_not(None),
        )
    )
    if found is None:
        raise NoSuchStory()
    return found


def publish(session: Session, *, story: Story, at: datetime) -> Story:
    """Tell it on the lieu's page.

    Raises
    ------
    NotAllAgreed
        Somebody named has not said yes.
    """
    waiting = len(_without_a_yes(session, [story.id]))
    if waiting:
        raise NotAllAgreed(waiting=waiting)
    story.published_at = story.published_at or at
    session.flush()
    mine = {"lieu_id": story.lieu_id, "member_id": story.author_id}
    thanks.thank_once(session, what="story", key=story.public_id, at=at, **mine)
    return story


def _without_a_yes(session: Session, story_ids: Sequence[int]) -> list[tuple[int, int]]:
    """(story, member) for each name that is not agreed to."""
    rows = session.execute(
        select(Named.story_id, Named.member_id)
        .join(Member, Member.id == Named.member_id)
        .where(
            Named.story_id.in_(story_ids), Named.yes_at.is_(None) | Member.erased_at.is_not(None)
        )
    )
    return [(story_id, member_id) for story_id, member_id in rows]


# --- reading --------------------------------------------------------------------------------


def story_of(session: Session, *, public_id: str, lieu_id: int) -> Story:
    """A story of this lieu that was not dropped. NoSuchStory."""
    found = session.scalar(
        select(Story).where(
            Story.public_id == public_id, Story.lieu_id == lieu_id, Story.dropped_at.is_(None)
        )
    )
    if found is None:
        raise NoSuchStory()
    return found


def told(session: Session, *, lieu_id: int, most: int = 50) -> list[Story]:
    """What anybody may read: published, and agreed to by all it names; the newest first."""
    refused = (
        select(Named.story_id)
        .join(Member, Member.id == Named.member_id)
        .where(Named.yes_at.is_(None) | Member.erased_at.is_not(None))
    )
    return list(
        session.scalars(
            select(Story)
            .where(
                Story.lieu_id == lieu_id,
                Story.published_at.is_not(None),
                Story.id.not_in(refused),
            )
            .order_by(Story.published_at.desc(), Story.id.desc())
            .limit(most)
        )
    )


def sheets(session: Session, *, lieu_id: int, most: int = 50) -> list[Sheet]:
    """All stories of a lieu, as its concierges see them; the last changed first."""
    found = session.scalars(
        select(Story)
        .where(Story.lieu_id == lieu_id, Story.dropped_at.is_(None))
        .order_by(Story.changed_at.desc(), Story.id.desc())
        .limit(most)
    ).all()
    return [sheet(session, story) for story in found]


def sheet(session: Session, story: Story) -> Sheet:
    rows = session.execute(
        select(Member, Named.asked_at)
        .join(Named, Named.member_id == Member.id)
        .where(Named.story_id == story.id)
        .order_by(Member.name, Member.id)
    ).all()
    return Sheet(
        story,
        named=[member for member, _ in rows],
        asked=all(asked_at for _, asked_at in rows),
        waiting=len(_without_a_yes(session, [story.id])),
    )


def naming(session: Session, *, member_id: int) -> list[tuple[Story, Named]]:
    """The stories that this member was asked about, the newest first."""
    rows = session.execute(
        select(Story, Named)
        .join(Named, Named.story_id == Story.id)
        .where(
            Named.member_id == member_id, Named.asked_at.is_not(None), Story.dropped_at.is_(None)
        )
        .order_by(Named.asked_at.desc(), Story.id.desc())
    )
    return [(story, named) for story, named in rows]


def encounter_of(session: Session, *, public_id: str, lieu_id: int) -> Encounter:
    """The encounter at this lieu that a story is about; both said that it happened. NoSuchStory."""
    found = session.scalar(
        select(Encounter).where(
            Encounter.public_id == public_id,
            Encounter.lieu_id == lieu_id,
            Encounter.a_confirmed_at.is_not(None),
            Encounter.b_confirmed_at.is_not(None),
        )
    )
    if found is None:
        raise NoSuchStory()
    return found


def _named_ids(session: Session, story: Story) -> list[int]:
    return list(session.scalars(select(Named.member_id).where(Named.story_id == story.id)))


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    """Their yes goes, and so what names them is told no more; what they wrote is the lieu's."""
    for named in session.scalars(select(Named).where(Named.member_id == member.id)):
        named.yes_at = None
    session.flush()

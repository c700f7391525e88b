"""Write: what came of encounters, and the stories that the lieu tells of them.

A story is asked for in person; here is whom to ask. Rules kept here: a concierge names in a story
only people whom they see: those who are here, and the two of an encounter that both confirmed;
whoever is named or asked can read that they were.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, select
from sqlalchemy.orm import Session, aliased

from serendipity import audit, mail, presence, stories
from serendipity.encounters import Encounter
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.shifts import Shift
from serendipity.stories import Story

RECENT = timedelta(days=60)
MOST = 5


@dataclass(frozen=True)
class Outcome:
    """An encounter that both confirmed, and what they say came of it."""

    a: Member
    b: Member
    at: datetime
    outcome: str
    public_id: str  # of the encounter


def outcomes(session: Session, *, lieu: Lieu, at: datetime) -> list[Outcome]:
    """Encounters of late with something to tell, the newest first."""
    a, b = aliased(Member), aliased(Member)
    true_at = case(
        (Encounter.a_confirmed_at > Encounter.b_confirmed_at, Encounter.a_confirmed_at),
        else_=Encounter.b_confirmed_at,
    )
    rows = session.execute(
        select(a, b, true_at, Encounter.outcome, Encounter.public_id)
        .join(a, a.id == Encounter.a_id)
        .join(b, b.id == Encounter.b_id)
        .where(
            Encounter.lieu_id == lieu.id,
            Encounter.a_confirmed_at.is_not(None),
            Encounter.b_confirmed_at.is_not(None),
            Encounter.outcome.not_in(("", "nothing")),
            true_at >= at - RECENT,
            a.erased_at.is_(None),
            b.erased_at.is_(None),
        )
        .order_by(true_at.desc(), Encounter.id.desc())
        .limit(MOST)
    )
    return [Outcome(*row) for row in rows]


# --- stories --------------------------------------------------------------------------------


def may_name(
    session: Session,
    *,
    shift: Shift,
    at: datetime,
    encounter: Encounter | None = None,
    story: Story | None = None,
) -> list[Member]:
    """Whom this concierge may name: who is here, the two who met, who is named already."""
    found = {
        member.id: member
        for _, member in presence.who_is_here(session, lieu_id=shift.lieu_id, at=at)
    }
    for member_id in (encounter.a_id, encounter.b_id) if encounter else ():
        found[member_id] = session.get_one(Member, member_id)
    for member in stories.sheet(session, story).named if story else ():
        found[member.id] = member
    known = [member for member in found.values() if member.erased_at is None]
    return sorted(known, key=lambda member: (member.name, member.id))


def draft(
    session: Session,
    *,
    shift: Shift,
    title: str,
    body: str,
    named: Collection[str],
    at: datetime,
    encounter: str = "",
) -> Story:
    """Write a story down; `named` are public ids of people, `encounter` one of an encounter.

    Raises
    ------
    stories.NoSuchStory
        No such encounter here.
    words.*, stories.NamesSomebody, stories.TooManyNamed
        Nothing was kept.
    """
    about = (
        stories.encounter_of(session, public_id=encounter, lieu_id=shift.lieu_id)
        if encounter
        else None
    )
    allowed = may_name(session, shift=shift, at=at, encounter=about)
    story = stories.draft(
        session,
        lieu_id=shift.lieu_id,
        author_id=shift.member_id,
        encounter_id=about.id if about else None,
        title=title,
        body=body,
        named=_chosen(allowed, named),
        at=at,
    )
    _trace(session, shift, "named-in-story", story, at=at)
    return story


def rewrite(
    session: Session,
    *,
    shift: Shift,
    public_id: str,
    title: str,
    body: str,
    named: Collection[str],
    at: datetime,
) -> Story:
    """Change a story of this lieu; raises as `draft`."""
    story = stories.story_of(session, public_id=public_id, lieu_id=shift.lieu_id)
    encounter = session.get(Encounter, story.encounter_id) if story.encounter_id else None
    allowed = may_name(session, shift=shift, at=at, encounter=encounter, story=story)
    stories.rewrite(
        session, story=story, title=title, body=body, named=_chosen(allowed, named), at=at
    )
    _trace(session, shift, "named-in-story", story, at=at)
    return story


def _chosen(allowed: Collection[Member], named: Collection[str]) -> list[int]:
    return [member.id for member in allowed if member.public_id in named]


def ask(session: Session, *, shift: Shift, public_id: str, at: datetime) -> Story:
    """Ask everybody named, each by a letter, whether it may be told. stories.NoSuchStory."""
    story = stories.story_of(session, public_id=public_id, lieu_id=shift.lieu_id)
    for member in stories.ask(session, story=story, at=at):
        if member.email is None:
            continue
        mail.owe(
            session,
            kind="story",
            recipient=member.email,
            key=f"{story.public_id}:{int(story.changed_at.timestamp())}",
            facts={"story": story.public_id, "title": story.title},
            language=member.language,
            member_id=member.id,
            lieu_id=shift.lieu_id,
            at=at,
        )
    return story


def publish(session: Session, *, shift: Shift, public_id: str, at: datetime) -> Story:
    """Tell it on the lieu's page. stories.NoSuchStory, stories.NotAllAgreed."""
    story = stories.story_of(session, public_id=public_id, lieu_id=shift.lieu_id)
    return stories.publish(session, story=story, at=at)


def drop(session: Session, *, shift: Shift, public_id: str, at: datetime) -> Story:
    """Take it away, for good. stories.NoSuchStory."""
    story = stories.story_of(session, public_id=public_id, lieu_id=shift.lieu_id)
    stories.drop(session, story=story, at=at)
    return story


def _trace(session: Session, shift: Shift, what: str, story: Story, *, at: datetime) -> None:
    for member in stories.sheet(session, story).named:
        audit.record(
            session,
            actor_id=shift.member_id,
            what=what,
            concerns_id=member.id,
            lieu_id=shift.lieu_id,
            facts={"story": story.public_id},
            at=at,
        )

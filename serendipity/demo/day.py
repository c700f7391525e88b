"""The day of the demo keeps moving: every few seconds somebody comes, goes, calls or answers."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import calls, clock, encounters, introductions, lieux, presence
from serendipity.calls import Call, CallAsked
from serendipity.db import write_transaction
from serendipity.demo import community, places
from serendipity.demo.people import people
from serendipity.demo.places import PLACES, Place
from serendipity.errors import SerendipityError
from serendipity.lieux import Lieu
from serendipity.members import Member

EVERY = 12.0  # seconds between two things that happen
# These two are left to whoever looks at the demo.
YOURS = {places.COWORKER, places.HELPER}

Event = Callable[[Session, Place, Lieu, random.Random, datetime], None]


def go_on(sessions: Callable[[], Session], *, every: float = EVERY) -> None:
    """Let the day go on until the process is stopped."""
    chance = random.Random()
    while True:
        time.sleep(every)
        one_thing_happens(sessions, chance, at=clock.now())


def one_thing_happens(
    sessions: Callable[[], Session], chance: random.Random, *, at: datetime
) -> None:
    """One event at one of the two lieux; a rule that says no is part of the day."""
    place = chance.choice(PLACES)
    happening = chance.choices(
        (somebody_comes, somebody_goes, somebody_calls, somebody_answers, somebody_says_yes),
        weights=(3, 2, 2, 3, 4),
    )[0]
    try:
        with write_transaction(sessions()) as session:
            lieu = lieux.lieu_named(session, place.slug)
            happening(session, place, lieu, chance, at)
    except SerendipityError:
        return


def somebody_comes(
    session: Session, place: Place, lieu: Lieu, chance: random.Random, at: datetime
) -> None:
    here = _names_here(session, lieu, at)
    if len(here) >= place.arriving + 5:
        return
    away = [one for one in people() if one.lieu == place.slug and one.name not in here]
    if away:
        community.check_in(session, chance.choice(away), lieu, place, chance, at=at)


def somebody_goes(
    session: Session, place: Place, lieu: Lieu, chance: random.Random, at: datetime
) -> None:
    here = sorted(_cast_here(session, lieu, at) - set(place.concierges))
    if len(here) > place.arriving - 5:
        presence.leave(session, member_id=_id(session, chance.choice(here)), at=at)


def somebody_calls(
    session: Session, place: Place, lieu: Lieu, chance: random.Random, at: datetime
) -> None:
    name = _one_of_the_cast(session, lieu, chance, at)
    caller = next(one for one in people() if one.name == name)
    calls.call(
        session,
        lieu_id=lieu.id,
        member_id=_id(session, caller.name),
        words=chance.choice(caller.needs),
        language=caller.language,
        at=at,
    )


def somebody_answers(
    session: Session, place: Place, lieu: Lieu, chance: random.Random, at: datetime
) -> None:
    """A call that waits for one of the others is answered, mostly with a yes."""
    waiting = session.execute(
        select(Call.public_id, Member.id, Member.name)
        .join(CallAsked, CallAsked.call_id == Call.id)
        .join(Member, Member.id == CallAsked.member_id)
        .where(
            Call.lieu_id == lieu.id,
            Call.expires_at > at,
            CallAsked.yes_at.is_(None),
            CallAsked.no_at.is_(None),
            CallAsked.passed_at.is_(None),
            CallAsked.asked_at < at - timedelta(seconds=20),
        )
    ).all()
    others = [row for row in waiting if row.name not in YOURS]
    if others:
        chosen = chance.choice(others)
        answer = calls.accept if chance.random() < 0.7 else calls.decline
        answer(session, public_id=chosen.public_id, member_id=chosen.id, at=at)


def somebody_says_yes(
    session: Session, place: Place, lieu: Lieu, chance: random.Random, at: datetime
) -> None:
    """One of the others answers an introduction, or says that a meeting happened."""
    member_id = _id(session, _one_of_the_cast(session, lieu, chance, at))
    for met in encounters.waiting_for(session, member_id=member_id, at=at):
        encounters.confirm(
            session,
            public_id=met.encounter.public_id,
            member_id=member_id,
            helped=chance.random() < 0.5,
            at=at,
        )
        return
    for offered in introductions.open_for(session, member_id=member_id, at=at):
        answer = introductions.say_yes if chance.random() < 0.75 else introductions.say_no
        answer(session, public_id=offered.public_id, member_id=member_id, at=at)
        return


def _one_of_the_cast(session: Session, lieu: Lieu, chance: random.Random, at: datetime) -> str:
    return chance.choice(sorted(_cast_here(session, lieu, at)))


def _cast_here(session: Session, lieu: Lieu, at: datetime) -> set[str]:
    """The invented people present that the day may move: not yours, and not real visitors."""
    return (_names_here(session, lieu, at) & {person.name for person in people()}) - YOURS


def _names_here(session: Session, lieu: Lieu, at: datetime) -> set[str]:
    here = presence.who_is_here(session, lieu_id=lieu.id, at=at)
    return {member.name for _, member in here}


def _id(session: Session, name: str) -> int:
    return session.scalars(select(Member.id).where(Member.name == name)).one()

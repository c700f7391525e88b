"""Rows for what is woven: people with skills and needs, an introduction between two of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import introductions, needs, skills
from serendipity.db import engine_options
from serendipity.introductions import Introduction
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.suggestions import Round, SuggestedPair, Suggestion, SuggestionMember
from tests.conftest import NOON
from tests.rows import somebody_here


def skilled(
    session: Session,
    lieu: Lieu,
    name: str,
    *,
    can: Sequence[str] = (),
    wants: str = "",
    at: datetime = NOON,
    **consents: bool,
) -> Member:
    """Somebody here who said what they can help with and what they need."""
    member = somebody_here(session, lieu, name, at=at, **consents)
    skills.offer(session, member_id=member.id, words=list(can), language="fr", at=at)
    if wants:
        needs.say(
            session,
            member_id=member.id,
            lieu_id=lieu.id,
            presence_id=None,
            words=wants,
            language="fr",
            at=at,
            expires_at=at + timedelta(hours=10),
        )
    return member


def helps(giver: Member, receiver: Member, what: str = "pricing") -> dict[str, Any]:
    """The reason that one helps the other, as it is kept."""
    facts = {"giver": giver.id, "receiver": receiver.id, "need": what, "skill": what}
    return {"code": "helps_with", "facts": facts}


def an_idea(
    session: Session,
    lieu: Lieu,
    *people: Member,
    reasons: Sequence[dict[str, Any]] = (),
    at: datetime = NOON,
    lasts: timedelta = timedelta(hours=3),
) -> Suggestion:
    """An idea of the engine about these people, remembered and not offered yet."""
    round_ = Round(
        lieu_id=lieu.id,
        kind="day",
        at=at,
        local_date=date(2026, 3, 26),
        policy="engine",
        seed=0,
        people=len(people),
        weight=1.0,
        bound=1.0,
        left_out={},
    )
    session.add(round_)
    session.flush()
    suggestion = Suggestion(
        round_id=round_.id,
        lieu_id=lieu.id,
        at=at,
        expires_at=at + lasts,
        score=1.0,
        arm="engine",
        propensity=1.0,
        reasons=list(reasons),
        members=[SuggestionMember(member_id=one.id, serves=0.5) for one in people],
    )
    session.add(suggestion)
    session.flush()
    a, b = sorted(one.id for one in people)[:2]
    session.merge(SuggestedPair(a_id=a, b_id=b, suggestion_id=suggestion.id, at=at))
    session.flush()
    return suggestion


def an_introduction(
    session: Session,
    lieu: Lieu,
    *people: Member,
    how: str = "here",
    at: datetime = NOON,
    reasons: Sequence[dict[str, Any]] = (),
    lasts: timedelta = timedelta(hours=3),
) -> Introduction:
    """An introduction that these people may answer."""
    idea = an_idea(session, lieu, *people, reasons=reasons, at=at, lasts=lasts)
    return introductions.offer(session, suggestion=idea, how=how, at=at, expires_at=at + lasts)


def engine_of(url: str) -> Engine:
    """An engine that shares no connection between threads."""
    return create_engine(url, poolclass=NullPool, **engine_options(url))


def at_once(jobs: Sequence[Callable[[], Any]], *, within: float = 60) -> list[Any]:
    """Start these together; what each returned or raised, in order; in so many seconds."""
    start = threading.Barrier(len(jobs))
    results: list[Any] = [None] * len(jobs)

    def run(place: int) -> None:
        start.wait(timeout=10)
        try:
            results[place] = jobs[place]()
        except Exception as error:  # noqa: BLE001 (told to the test, which looks at it)
            results[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=within)
    return results

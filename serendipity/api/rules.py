"""House rules: what a stay costs at a lieu and what counts; to read for any token, to accept."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from flask_babel import get_locale
from msgspec import Meta
from sqlalchemy.orm import Session

from serendipity import clock, rules
from serendipity.api.actors import actor, member, open_lieu
from serendipity.api.endpoints import reads, writes
from serendipity.api.shapes import In, Instant, Out
from serendipity.db import reading


class Rules(Out):
    """The version in force, in answers; 0 is free, or does not count.

    `version` is 0 before any was written. `accepted`: the member has nothing to accept; null for a
    token of no member.
    """

    lieu: str
    version: int
    since: Instant | None
    stay_costs: int
    shift: int
    story: int
    workshop: int
    promotion: int
    text: str
    accepted: bool | None


class Read(In):
    """The version that the member has read."""

    version: Annotated[int, Meta(ge=1, le=1_000_000)]


class Accepted(Out):
    lieu: str
    version: int
    at: Instant


@reads("/lieux/<slug>/rules", answers=Rules)
def show(slug: str) -> Rules:
    """The house rules that hold now, in words and figures."""
    lieu, at, me = open_lieu(reading(), slug), clock.now(), actor().member_id
    held = rules.in_force(reading(), lieu_id=lieu.id, at=at)
    asked = me and rules.to_accept(reading(), member_id=me, lieu_id=lieu.id, at=at)
    return Rules(
        lieu=lieu.slug,
        version=held.version,
        since=held.since,
        **asdict(held.terms),
        text=held.said(str(get_locale())),
        accepted=None if me is None else asked is None,
    )


@writes("/lieux/<slug>/rules/accept", takes=Read, answers=Accepted)
def accept(session: Session, given: Read, slug: str) -> Accepted:
    """Accept a version that the member has read; a newer one asks again."""
    lieu = open_lieu(session, slug)
    done = rules.accept(
        session, member_id=member(), lieu_id=lieu.id, version=given.version, at=clock.now()
    )
    return Accepted(lieu=lieu.slug, version=done.version, at=done.at)

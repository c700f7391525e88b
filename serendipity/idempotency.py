"""Idempotency: the same request, sent again, has one effect and the same answer.

Rules kept here: the row is written in the effect's own transaction, so both are there or neither;
another request under the same key is refused; only what took effect is kept, so a refusal or a
busy database may be tried again under the same key. An answer is kept for seven days.

Two at the same instant: on SQLite the second waits for its turn to write and then finds the answer
of the first; on PostgreSQL it finds the key locked and is told to come back (`InFlight`), because
waiting there would hold a connection for nothing. The unique key is the judge in either case.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import String, UniqueConstraint, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import members
from serendipity.db import Base, Key
from serendipity.errors import Invalid, Refused
from serendipity.members import Member

KEPT: Final = timedelta(days=7)
LONGEST: Final = 120


class Answered(Base):
    __tablename__ = "answered"

    id: Mapped[Key]
    actor: Mapped[str] = mapped_column(String(64))
    route: Mapped[str] = mapped_column(String(120))
    key: Mapped[str] = mapped_column(String(120))
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    answer: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (UniqueConstraint("actor", "route", "key"),)


class BadKey(Invalid):
    """A key has 1 to 120 visible ASCII characters. Facts: field, most."""


class OtherRequest(Invalid):
    """This key was used for another request; a key names one. Facts: field."""


class InFlight(Refused):
    """The request with this key is being answered just now. Facts: retry_after, in seconds."""


@dataclass(frozen=True)
class Asking:
    """Who asks what, under which key; `body` is all that makes two requests the same."""

    actor: str
    route: str
    key: str
    body: bytes

    @property
    def body_hash(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def lock(self) -> int:
        """A number of 64 bits for PostgreSQL's advisory locks."""
        said = "\0".join((self.actor, self.route, self.key))
        return int.from_bytes(hashlib.sha256(said.encode()).digest()[:8], signed=True)


def plain_key(given: str) -> str:
    """The key, if it can be one; else BadKey."""
    if not 1 <= len(given) <= LONGEST or any(not "!" <= character <= "~" for character in given):
        raise BadKey(field="Idempotency-Key", most=LONGEST)
    return given


def answer_of(session: Session, asking: Asking, *, at: datetime) -> Answered | None:
    """What this request was answered before; none: it is new, and its key is ours until the end.

    Raises
    ------
    OtherRequest
        The key stands for another request.
    InFlight
        The first of the two has not finished.
    """
    _take_key(session, asking)
    kept = session.scalar(
        select(Answered).where(
            Answered.actor == asking.actor,
            Answered.route == asking.route,
            Answered.key == asking.key,
        )
    )
    if kept is None:
        return None
    if kept.at <= at - KEPT:
        session.delete(kept)
        session.flush()
        return None
    if kept.body_hash != asking.body_hash:
        raise OtherRequest(field="Idempotency-Key")
    return kept


def _take_key(session: Session, asking: Asking) -> None:
    if session.get_bind().dialect.name == "sqlite":
        return  # the transaction itself is the only one that writes
    if not session.scalar(select(func.pg_try_advisory_xact_lock(asking.lock))):
        raise InFlight(retry_after=1)


def keep(
    session: Session, asking: Asking, *, status: int, answer: dict[str, Any], at: datetime
) -> Answered:
    """Keep what the request was answered, beside its effect.

    Raises
    ------
    InFlight
        Somebody kept another answer at this instant; undo the effect.
    """
    kept = Answered(
        actor=asking.actor,
        route=asking.route,
        key=asking.key,
        body_hash=asking.body_hash,
        status=status,
        answer=answer,
        at=at,
    )
    try:
        with session.begin_nested():
            session.add(kept)
    except IntegrityError as error:
        raise InFlight(retry_after=1) from error
    return kept


def actor_of_member(member_id: int) -> str:
    """How a member is spelt as an actor."""
    return f"member:{member_id}"


def forget(session: Session, *, at: datetime) -> int:
    """Drop answers older than seven days; how many."""
    old = delete(Answered).where(Answered.at <= at - KEPT).returning(Answered.id)
    return len(session.scalars(old).all())


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    session.execute(delete(Answered).where(Answered.actor == actor_of_member(member.id)))

"""House rules: what a stay costs at a lieu and what counts, in versions that members accept.

A version is written once and never changed (triggers refuse it); who wants other rules writes the
next version. A stay costs what the version in force when it began says, so that nobody pays a
price they were not shown. A member accepts a version; a new one asks again, in one line, when they
next check in. Before anybody wrote rules, a stay costs one answer.

Rules kept here: versions of a lieu are 1, 2, 3 … without a gap; two who write at the same time do
not overwrite each other; only a version that exists can be accepted, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Row,
    UniqueConstraint,
    bindparam,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import append_only, words
from serendipity.db import Base, Key, look_up
from serendipity.errors import Invalid, NotFound, Refused
from serendipity.lieux import LANGUAGES, Lieu

MOST: Final = 100  # answers: more is no price, it is a closed door
LONGEST: Final = 4000
SERVICES: Final = ("shift", "story", "workshop", "promotion")


@dataclass(frozen=True)
class Terms:
    """The figures of a version, in answers: what a stay costs, and what counts how much.

    0 is free, or does not count.
    """

    stay_costs: int = 1
    shift: int = 2
    story: int = 1
    workshop: int = 2
    promotion: int = 1


class HouseRules(Base):
    """One version of a lieu's house rules."""

    __tablename__ = "house_rules"

    id: Mapped[Key]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"))
    version: Mapped[int]
    since: Mapped[datetime]
    stay_costs: Mapped[int]
    shift: Mapped[int]
    story: Mapped[int]
    workshop: Mapped[int]
    promotion: Mapped[int]
    text: Mapped[dict[str, Any]]  # language → words
    written_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)

    __table_args__ = (
        UniqueConstraint("lieu_id", "version"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint(
            " AND ".join(f"{one.name} BETWEEN 0 AND {MOST}" for one in fields(Terms)),
            name="terms",
        ),
    )


append_only.guard(
    HouseRules,
    same="old.id = NEW.id OR (old.lieu_id = NEW.lieu_id AND old.version = NEW.version)",
)


class Acceptance(Base):
    """A member accepted a version."""

    __tablename__ = "rules_accepted"

    lieu_id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(
            ["lieu_id", "version"],
            ["house_rules.lieu_id", "house_rules.version"],
            name="fk_rules_accepted_version",
        ),
    )


class BadTerms(Invalid):
    """Not a whole number from 0 to a hundred. Facts: field, given, most."""


class SameRules(Refused):
    """Nothing would change: no version is written. Fact: version."""


class RulesMoved(Refused):
    """Somebody wrote a version since this page was opened. Fact: version."""


class NoSuchVersion(NotFound):
    """There is none with this number."""


@dataclass(frozen=True)
class InForce:
    """The rules that hold at an instant; version 0 is what holds before any was written."""

    version: int
    since: datetime | None
    terms: Terms
    text: Mapping[str, str]

    def said(self, *languages: str) -> str:
        """The words in the first of these languages that has any, else in any."""
        spoken = [self.text.get(one, "") for one in (*languages, *LANGUAGES)]
        return next((text for text in spoken if text), "")


NONE_WRITTEN: Final = InForce(0, None, Terms(), MappingProxyType({}))


_TERMS: Final = tuple(one.name for one in fields(Terms))
_IN_FORCE: Final = (
    select(
        HouseRules.version,
        HouseRules.since,
        HouseRules.text,
        *(getattr(HouseRules, name) for name in _TERMS),
    )
    .where(HouseRules.lieu_id == bindparam("lieu_id"), HouseRules.since <= bindparam("at"))
    .order_by(HouseRules.version.desc())
    .limit(1)
)


def in_force(session: Session, *, lieu_id: int, at: datetime) -> InForce:
    """The rules that hold at this lieu at this instant."""
    found = look_up(session, _IN_FORCE, lieu_id=lieu_id, at=at)
    return _as_in_force(found[0]) if found else NONE_WRITTEN


def _as_in_force(row: HouseRules | Row[Any]) -> InForce:
    terms = Terms(**{name: int(getattr(row, name)) for name in _TERMS})
    return InForce(row.version, row.since, terms, row.text)


def versions(session: Session, *, lieu_id: int) -> list[HouseRules]:
    """Every version ever written, the newest first."""
    return list(
        session.scalars(
            select(HouseRules)
            .where(HouseRules.lieu_id == lieu_id)
            .order_by(HouseRules.version.desc())
        )
    )


def write(
    session: Session,
    *,
    lieu: Lieu,
    terms: Terms,
    text: Mapping[str, str],
    after: int,
    by: int | None,
    at: datetime,
) -> HouseRules:
    """Write the next version; it holds from now on, for stays that begin from now on.

    Parameters
    ----------
    after : int
        The version that the writer had before them.
    by : int, optional
        The member who writes.

    Raises
    ------
    BadTerms, words.WordsTooLong, words.WordsUnreadable, SameRules, RulesMoved
        No version was written.
    """
    newest = _newest(session, lieu.id)
    if newest.version != after:
        raise RulesMoved(version=newest.version)
    said = {code: _text(text.get(code, ""), f"text_{code}") for code in LANGUAGES}
    said = {code: words_ for code, words_ in said.items() if words_}
    if (_checked(terms), said) == (newest.terms, dict(newest.text)) and newest.version:
        raise SameRules(version=newest.version)
    made = HouseRules(
        lieu_id=lieu.id,
        version=newest.version + 1,
        since=max(at, newest.since or at),
        text=said,
        written_by_id=by,
        **{one.name: getattr(terms, one.name) for one in fields(Terms)},
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as error:  # the unique key: somebody else wrote this version just now
        raise RulesMoved(version=newest.version + 1) from error
    return made


def _newest(session: Session, lieu_id: int) -> InForce:
    written = versions(session, lieu_id=lieu_id)
    return _as_in_force(written[0]) if written else NONE_WRITTEN


def _checked(terms: Terms) -> Terms:
    for one in fields(Terms):
        given = getattr(terms, one.name)
        # `type(…) is int` and not isinstance: True is an int, and 1.0 or NaN would compare.
        if type(given) is not int or not 0 <= given <= MOST:
            raise BadTerms(field=one.name, given=str(given)[:40], most=MOST)
    return terms


def _text(given: str, field: str) -> str:
    """Several lines, each as `words.line` takes it; empty lines part paragraphs."""
    plain = "\n".join(
        words.line(line, field=field, most=LONGEST) for line in given.splitlines()
    ).strip()
    if len(plain) > LONGEST:
        raise words.WordsTooLong(field=field, most=LONGEST, length=len(plain))
    return plain


def accept(
    session: Session, *, member_id: int, lieu_id: int, version: int, at: datetime
) -> Acceptance:
    """Accept a version; accepting it twice is once.

    Raises
    ------
    NoSuchVersion
    """
    key = (lieu_id, version, member_id)
    already = session.get(Acceptance, key)
    if already is not None:
        return already
    if version not in {one.version for one in versions(session, lieu_id=lieu_id)}:
        raise NoSuchVersion()
    made = Acceptance(lieu_id=lieu_id, version=version, member_id=member_id, at=at)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:  # a second tap was quicker
        return session.get_one(Acceptance, key)
    return made


def to_accept(session: Session, *, member_id: int, lieu_id: int, at: datetime) -> InForce | None:
    """The rules in force that this member has not accepted; nothing when there are none."""
    held = in_force(session, lieu_id=lieu_id, at=at)
    accepted = accepted_before(session, member_id=member_id, lieu_id=lieu_id)
    return held if held.version > accepted else None


def accepted_before(session: Session, *, member_id: int, lieu_id: int) -> int:
    """The newest version that this member accepted here; 0 when there is none."""
    found = session.scalars(
        select(Acceptance.version).where(
            Acceptance.lieu_id == lieu_id, Acceptance.member_id == member_id
        )
    )
    return max(found, default=0)

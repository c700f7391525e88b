"""The skill map: which skills are in the house, as counts, for who books a room there.

Rules kept here:

- Only people who are checked in, confirmed, not hidden and agreed to be seen here today count.
- Nobody can be picked out: a skill held by fewer than three people is counted with its family's
  others, a family of fewer than three people with what is left, and what is left of fewer than
  three people is not told at all. A person counts once at each table, never below three.
- Nobody can be told apart by coming or going: counts are taken as of the last quarter hour, once
  per lieu and quarter, and kept in `skill_count`. Looking again, from another room or after a
  minute, shows the same rows; older ones are dropped.
- An organisation looks from fifteen minutes before its booking until its end.
- Asking for ten minutes is a call of the booking: a name comes back when somebody said yes.
- Looking for a word finds the tables where somebody could help. It asks the vocabulary, never
  the people behind a family: that a word leads to a family does not tell that anybody holds it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, String, delete, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from matching.text import normalised
from serendipity import bookings, calls, organisations, skills, slots
from serendipity.bookings import Booking
from serendipity.calls import Call
from serendipity.consent import Consent
from serendipity.db import Base
from serendipity.errors import Refused
from serendipity.presence import Presence
from serendipity.rooms import Room
from serendipity.skills import Concept, ConceptName, Family, MemberSkill

FEWEST = 3
BEFORE = timedelta(minutes=15)
Kind = Literal["skill", "family", "other"]


class SkillCount(Base):
    """How many people were at a table of the map at a quarter; `all` is everybody who counts."""

    __tablename__ = "skill_count"

    lieu_id: Mapped[int] = mapped_column(
        ForeignKey("lieu.id", ondelete="CASCADE"), primary_key=True
    )
    quarter_at: Mapped[datetime] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)  # concept or family id
    people: Mapped[int]

    __table_args__ = (
        CheckConstraint("kind IN ('all', 'skill', 'family', 'other')", name="kind"),
        # The schema keeps the promise too: no row can tell of one or two people.
        CheckConstraint("people >= 3 OR (kind = 'all' AND people = 0)", name="nobody_alone"),
    )


@dataclass(frozen=True)
class Table:
    """A table of the map: a skill, or what a family's rarer skills are together, or the rest."""

    kind: Kind
    name: str
    label: str
    family: str
    family_label: str
    people: int


@dataclass(frozen=True)
class SkillMap:
    """What everybody who looks during this quarter of an hour sees. No people: fewer than three."""

    quarter_at: datetime
    people: int
    tables: tuple[Table, ...]


class MapClosed(Refused):
    """Facts: booking, opens_at, closes_at, and when ("early", "late" or "never")."""


# --- the window -----------------------------------------------------------------------------


def refuse_unless_open(booking: Booking, *, at: datetime) -> None:
    """Let look only who has the room now, or in a quarter of an hour.

    Raises
    ------
    MapClosed
    """
    opens_at = booking.starts_at - BEFORE
    if not bookings.is_booked(booking):
        when = "never"
    elif at < opens_at:
        when = "early"
    elif at >= booking.ends_at:
        when = "late"
    else:
        return
    raise MapClosed(
        booking=booking.public_id, opens_at=opens_at, closes_at=booking.ends_at, when=when
    )


# --- asking ---------------------------------------------------------------------------------


def ask(
    session: Session,
    *,
    booking: Booking,
    member_id: int,
    words: str,
    language: str | None,
    at: datetime,
) -> Call:
    """Ask for ten minutes of somebody in the house; the question lives as long as the booking.

    Raises
    ------
    MapClosed, organisations.RoleTooSmall
    words.WordsMissing, words.WordsTooLong, words.WordsUnreadable, calls.TooManyCalls
    """
    refuse_unless_open(booking, at=at)
    organisations.refuse_unless_may(
        session, organisation_id=booking.organisation_id, member_id=member_id, role="book"
    )
    return calls.call(
        session,
        lieu_id=session.get_one(Room, booking.room_id).lieu_id,
        words=words,
        language=language,
        at=at,
        booking_id=booking.id,
        expires_at=booking.ends_at,
    )


# --- counting -------------------------------------------------------------------------------


def quarter(at: datetime) -> datetime:
    """The quarter hour that began last."""
    return slots.starts(slots.number(at))


def count(session: Session, *, lieu_id: int, at: datetime) -> None:
    """Take the counts of this quarter, unless somebody has; they do not change after that."""
    quarter_at = quarter(at)
    if _is_counted(session, lieu_id, quarter_at):
        return
    held = _held(session, lieu_id, quarter_at)
    people = len(held) if len(held) >= FEWEST else 0
    counted = {("all", ""): people, **merged(held)}
    try:
        with session.begin_nested():
            session.execute(
                insert(SkillCount),
                [
                    {
                        "lieu_id": lieu_id,
                        "quarter_at": quarter_at,
                        "kind": kind,
                        "name": name,
                        "people": number,
                    }
                    for (kind, name), number in sorted(counted.items())
                ],
            )
    except IntegrityError:
        return  # another process counted at the same moment; theirs are the ones everybody sees
    session.execute(
        delete(SkillCount).where(SkillCount.lieu_id == lieu_id, SkillCount.quarter_at < quarter_at)
    )


def count_all(session: Session, *, at: datetime) -> list[int]:
    """Take the counts of every lieu with somebody there, where they are due; which lieux."""
    lieu_ids = session.scalars(
        select(Presence.lieu_id).where(Presence.ended_at.is_(None)).distinct()
    ).all()
    due = [lieu_id for lieu_id in sorted(lieu_ids) if is_due(session, lieu_id=lieu_id, at=at)]
    for lieu_id in due:
        count(session, lieu_id=lieu_id, at=at)
    return due


Held = Mapping[int, Iterable[tuple[str | None, str | None]]]


def merged(held: Held) -> dict[tuple[str, str], int]:
    """Member → (concept, family) of their skills, as tables of three people or more.

    Examples
    --------
    >>> drums = ("drums", "music")
    >>> merged({1: [drums], 2: [drums], 3: [drums], 4: [("harp", "music")]})
    {('skill', 'drums'): 3}
    >>> merged({1: [drums], 2: [drums], 3: [("harp", "music")]})
    {('family', 'music'): 3}
    """
    by_skill: dict[tuple[str | None, str | None], set[int]] = defaultdict(set)
    for member_id, offered in held.items():
        for skill in offered:
            by_skill[skill].add(member_id)
    tables: dict[tuple[str, str], int] = {}
    by_family: dict[str | None, set[int]] = defaultdict(set)
    for (concept, family), people in by_skill.items():
        if concept is not None and len(people) >= FEWEST:
            tables["skill", concept] = len(people)
        else:
            by_family[family] |= people
    rest: set[int] = set()
    for family, people in by_family.items():
        if family is not None and len(people) >= FEWEST:
            tables["family", family] = len(people)
        else:
            rest |= people
    if len(rest) >= FEWEST:
        tables["other", ""] = len(rest)
    return tables


def table_of(session: Session, tables: Iterable[Table], concept_id: str | None) -> Table | None:
    """The table at which a concept is counted: its own, else its family's."""
    concept = session.get(Concept, concept_id) if concept_id else None
    if concept is None:
        return None
    at = {(table.kind, table.name): table for table in tables}
    return at.get(("skill", concept.id)) or at.get(("family", concept.family or ""))


def _is_counted(session: Session, lieu_id: int, quarter_at: datetime) -> bool:
    return session.get(SkillCount, (lieu_id, quarter_at, "all", "")) is not None


def _held(session: Session, lieu_id: int, quarter_at: datetime) -> Held:
    """Who counted at that quarter, with what they offered; somebody with no skill counts too.

    Presence is read as it was at the quarter. A choice to hide or to withdraw counts at once.
    """
    here = set(
        session.scalars(
            select(Presence.member_id)
            .join(
                Consent,
                (Consent.member_id == Presence.member_id) & (Consent.lieu_id == Presence.lieu_id),
            )
            .where(
                Presence.lieu_id == lieu_id,
                Presence.started_at <= quarter_at,
                Presence.until > quarter_at,
                or_(Presence.ended_at.is_(None), Presence.ended_at > quarter_at),
                Presence.confirmed_at.is_not(None),
                Presence.hidden_at.is_(None),
                Consent.here_today,
            )
        )
    )
    held: dict[int, list[tuple[str | None, str | None]]] = {member_id: [] for member_id in here}
    for member_id, concept, family in session.execute(
        select(MemberSkill.member_id, MemberSkill.concept_id, Concept.family)
        .outerjoin(Concept, Concept.id == MemberSkill.concept_id)
        .where(
            MemberSkill.member_id.in_(here),
            MemberSkill.offered_at <= quarter_at,
            MemberSkill.withdrawn_at.is_(None),
        )
    ):
        held[member_id].append((concept, family))
    return held


# --- reads ----------------------------------------------------------------------------------


def is_due(session: Session, *, lieu_id: int, at: datetime) -> bool:
    """Whether this quarter's counts have yet to be taken."""
    return not _is_counted(session, lieu_id, quarter(at))


def skill_map(session: Session, *, lieu_id: int, language: str, at: datetime) -> SkillMap:
    """What was counted for this quarter, biggest tables first; empty before `count`."""
    quarter_at = quarter(at)
    rows = session.execute(
        select(SkillCount.kind, SkillCount.name, SkillCount.people).where(
            SkillCount.lieu_id == lieu_id, SkillCount.quarter_at == quarter_at
        )
    ).all()
    people = sum(number for kind, _, number in rows if kind == "all")
    tables = _labelled(session, [row for row in rows if row[0] != "all"], language)
    return SkillMap(quarter_at, people, tuple(tables))


def _labelled(session: Session, rows: Iterable[tuple[str, str, int]], language: str) -> list[Table]:
    rows = list(rows)
    concepts = [name for kind, name, _ in rows if kind == "skill"]
    family_of = dict(
        session.execute(select(Concept.id, Concept.family).where(Concept.id.in_(concepts))).all()
    )
    families = {name for kind, name, _ in rows if kind == "family"}
    families |= {family for family in family_of.values() if family}
    said = skills.labels(session, concepts, language)
    said_family = skills.family_labels(session, families, language)
    tables = []
    for kind, name, number in rows:
        family = (family_of.get(name) or "") if kind == "skill" else name
        label = said.get(name, name) if kind == "skill" else said_family.get(name, name)
        tables.append(
            Table(kind, name, label, family, said_family.get(family, family), number)  # type: ignore[arg-type]
        )
    return sorted(tables, key=lambda table: (-table.people, table.kind, table.label))


def tables_for(
    session: Session, tables: Iterable[Table], words: str, *, most: int = 500
) -> list[Table]:
    """The tables that a word in any language leads to; all of them for no word.

    A skill is found by its names, a family by its own and by the names of any of its skills.
    """
    plain = normalised(words[:240])
    tables = list(tables)
    if not plain:
        return tables
    pattern = plain.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    named = session.execute(
        select(Concept.id, Concept.family)
        .join(ConceptName, ConceptName.concept_id == Concept.id)
        .where(
            or_(
                ConceptName.words.like(f"{pattern}%", escape="\\"),
                ConceptName.words.like(f"% {pattern}%", escape="\\"),
            )
        )
        .distinct()
        .limit(most)
    ).all()
    concepts = {concept for concept, _ in named}
    families = {family for _, family in named if family} | _families_named(session, plain)
    return [
        table
        for table in tables
        if (table.kind == "skill" and table.name in concepts)
        or (table.kind == "family" and table.name in families)
    ]


def _families_named(session: Session, plain: str) -> set[str]:
    return {
        family
        for family, labels in session.execute(select(Family.id, Family.labels))
        if any(f" {plain}" in f" {normalised(str(label))}" for label in labels.values())
    }

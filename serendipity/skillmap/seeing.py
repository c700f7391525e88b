"""Seeing: who may look when, what everybody who looks sees, and asking for ten minutes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from matching.text import normalised
from serendipity import bookings, calls, organisations, presence, skills, vocabularies
from serendipity.bookings import Booking
from serendipity.calls import Call, CallAsked, Mine
from serendipity.consent import Consent
from serendipity.errors import Refused
from serendipity.rooms import Room
from serendipity.skillmap.counts import LONGEST, SkillCount, SkillCounting, quarter
from serendipity.skills import Concept, ConceptName, Family

BEFORE: Final = timedelta(minutes=15)
Kind = Literal["skill", "family", "other"]


@dataclass(frozen=True)
class Table:
    """A table of the map: a skill, or what a family's rarer skills are together, or the rest."""

    kind: Kind
    name: str
    label: str
    family: str
    family_label: str
    people: int
    place: tuple[int, int] | None = None  # beside what is akin; unknown for what is left


@dataclass(frozen=True)
class SkillMap:
    """What everybody who looks sees, until it is taken anew. No people: fewer than three."""

    taken_at: datetime
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


def revealed(session: Session, one: Mine, *, lieu_id: int, at: datetime) -> tuple[str, str]:
    """First name and place of who said yes, as the room sees them now; nothing once they hide.

    A yes says the name to the room. "Hide me", or taking back that one is seen here, takes it away
    again: whoever looks next sees neither name nor place.
    """
    if one.helper is None or _took_back(session, one, lieu_id):
        return "", ""
    stay = presence.of(session, member_id=one.helper.id, at=at)
    here = stay is not None and stay.lieu_id == lieu_id
    if stay is not None and here and stay.hidden_at is not None:
        return "", ""
    return one.helper.name.split()[0], stay.place if stay is not None and here else ""


def _took_back(session: Session, one: Mine, lieu_id: int) -> bool:
    """Whether the helper chose, after saying yes, not to be seen at this lieu."""
    later = session.scalar(
        select(Consent.member_id)
        .join(CallAsked, CallAsked.member_id == Consent.member_id)
        .where(
            CallAsked.call_id == one.call.id,
            CallAsked.yes_at.is_not(None),
            CallAsked.yes_at < Consent.chosen_at,
            Consent.lieu_id == lieu_id,
            Consent.here_today.is_(False),
        )
    )
    return later is not None


# --- reads ----------------------------------------------------------------------------------


def skill_map(session: Session, *, lieu_id: int, language: str, at: datetime) -> SkillMap:
    """The map as it was taken last, biggest tables first; empty before `count`."""
    last = session.get(SkillCounting, lieu_id)
    if last is None or last.taken_at <= at - LONGEST:
        return SkillMap(quarter(at), 0, ())
    rows = session.execute(
        select(SkillCount.kind, SkillCount.name, SkillCount.people).where(
            SkillCount.lieu_id == lieu_id
        )
    )
    tables = _labelled(session, [(kind, name, people) for kind, name, people in rows], language)
    # The house is told in twenties: it is said to hold no fewer people than one of its tables.
    people = max([last.people, *(table.people for table in tables)])
    return SkillMap(last.taken_at, people, tuple(tables))


def _labelled(session: Session, rows: Sequence[tuple[str, str, int]], language: str) -> list[Table]:
    concepts = [name for kind, name, _ in rows if kind == "skill"]
    families = {name for kind, name, _ in rows if kind == "family"}
    lies, family_lies = vocabularies.places_of(session, concepts=concepts, families=families)
    family_of = dict(
        session.execute(select(Concept.id, Concept.family).where(Concept.id.in_(concepts))).all()
    )
    families |= {family for family in family_of.values() if family}
    said = skills.labels(session, concepts, language)
    said_family = skills.family_labels(session, families, language)
    tables = []
    for kind, name, number in rows:
        family = (family_of.get(name) or "") if kind == "skill" else name
        label = said.get(name, name) if kind == "skill" else said_family.get(name, name)
        place = lies.get(name) if kind == "skill" else family_lies.get(name)
        tables.append(
            Table(kind, name, label, family, said_family.get(family, family), number, place)  # type: ignore[arg-type]
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


def table_of(session: Session, tables: Iterable[Table], concept_id: str | None) -> Table | None:
    """The table at which a concept is counted: its own, else its family's."""
    concept = session.get(Concept, concept_id) if concept_id else None
    if concept is None:
        return None
    at = {(table.kind, table.name): table for table in tables}
    return at.get(("skill", concept.id)) or at.get(("family", concept.family or ""))

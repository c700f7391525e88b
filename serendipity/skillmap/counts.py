"""Counts: how many people are at each table of the map, taken so that nobody is told apart.

The whole map is taken at once and then stays as it is until so many people are others that one
who came or went is lost among them: nine, and half as many again as were counted. What is shown of
a number is a size (three or more, eight, sixteen). `python -m benchmarks telling` measures it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, String, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import slots
from serendipity.consent import Consent
from serendipity.db import EPOCH, Base
from serendipity.presence import Presence
from serendipity.skills import Concept, MemberSkill

FEWEST: Final = 3
SIZES: Final = (3, 8, 16)  # what is told of a table is the largest of these that it reaches
TWENTY: Final = 20  # everybody is told in twenties
OTHERS: Final = 9  # have to be others before a map is taken anew …
TURNED: Final = 1.5  # … and so many more for each one who was counted
LONGEST: Final = timedelta(hours=8)  # that a map is shown: never yesterday's
Key = tuple[str, str]  # kind and name of a table
Held = Mapping[int, Iterable[tuple[str | None, str | None]]]


class SkillCounting(Base):
    """When the map of a lieu was taken, and how many people it tells of: 0 for fewer than three."""

    __tablename__ = "skill_counting"

    lieu_id: Mapped[int] = mapped_column(
        ForeignKey("lieu.id", ondelete="CASCADE"), primary_key=True
    )
    people: Mapped[int]
    taken_at: Mapped[datetime]
    looked_at: Mapped[datetime]  # the last quarter in which it was asked whether it is worn

    __table_args__ = (CheckConstraint("people >= 3 OR people = 0", name="nobody_alone"),)


class SkillCount(Base):
    """How many people are at a table of the map, as it is shown."""

    __tablename__ = "skill_count"

    lieu_id: Mapped[int] = mapped_column(
        ForeignKey("lieu.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)  # concept or family id
    people: Mapped[int]

    __table_args__ = (
        CheckConstraint("kind IN ('skill', 'family', 'other')", name="kind"),
        # The schema keeps the promise too: no row can tell of one or two people.
        CheckConstraint("people >= 3", name="nobody_alone"),
    )


# --- what is told ---------------------------------------------------------------------------


def is_worn(then: Set[int], now: Set[int]) -> bool:
    """Whether so many are others now than when a map was taken that it is taken anew.

    Who came and who went both count. Of fewer than three people nothing was told, so that there
    is nothing to compare with what is told next.

    Examples
    --------
    >>> is_worn({1, 2, 3, 4}, set(range(5, 16)))  # four went, eleven came: nine and 1½ times four
    True
    >>> is_worn({1, 2, 3, 4}, set(range(5, 15)))
    False
    """
    return len(then) < FEWEST or len(then ^ now) >= OTHERS + TURNED * len(then)


def counted(held: Held) -> dict[Key, int]:
    """How many people are at each table: (kind, name) → number.

    Parameters
    ----------
    held : member → (concept, family) of their skills, of everybody who counts.

    Returns
    -------
    Tables of three people or more, each person once at a table. Of fewer than three people
    altogether nothing.

    Examples
    --------
    >>> drums, harp = ("drums", "music"), ("harp", "music")
    >>> counted({1: [drums], 2: [drums], 3: [drums], 4: [harp], 5: [harp], 6: [harp, drums]})
    {('skill', 'drums'): 4, ('skill', 'harp'): 3}
    """
    if len(held) < FEWEST:
        return {}
    concepts = Counter(concept for offered in held.values() for concept, _ in set(offered))
    tables = {("skill", one): n for one, n in concepts.items() if one and n >= FEWEST}
    by_family: dict[str | None, set[int]] = defaultdict(set)
    for member_id, offered in held.items():
        for concept, family in offered:
            if ("skill", concept) not in tables:
                by_family[family].add(member_id)
    big = {one: who for one, who in by_family.items() if one and len(who) >= FEWEST}
    rest = set().union(*(who for one, who in by_family.items() if one not in big))
    tables |= {("family", one): len(who) for one, who in big.items()}
    return tables | ({("other", ""): len(rest)} if len(rest) >= FEWEST else {})


def size(people: int) -> int:
    """What is told of so many at a table: at least this number.

    Examples
    --------
    >>> [size(people) for people in (3, 7, 8, 15, 40)]
    [3, 3, 8, 8, 16]
    """
    return max(step for step in SIZES if step <= people)


def size_of_house(people: int) -> int:
    """What is told of so many altogether: in twenties, and nothing of fewer than three.

    Examples
    --------
    >>> [size_of_house(people) for people in (2, 3, 19, 20, 47)]
    [0, 3, 3, 20, 40]
    """
    return 0 if people < FEWEST else people // TWENTY * TWENTY or FEWEST


# --- taking it ------------------------------------------------------------------------------


def quarter(at: datetime) -> datetime:
    """The quarter hour that began last."""
    return slots.starts(slots.number(at))


def is_due(session: Session, *, lieu_id: int, at: datetime) -> bool:
    """Whether nobody has looked in this quarter whether the map is worn."""
    last = session.scalar(select(SkillCounting.looked_at).where(SkillCounting.lieu_id == lieu_id))
    return last is None or last < quarter(at)


def count(session: Session, *, lieu_id: int, at: datetime) -> None:
    """Take the map anew, as of this quarter, if it is worn and nobody has looked before us."""
    quarter_at = quarter(at)
    if not is_due(session, lieu_id=lieu_id, at=at) or not _take_turn(session, lieu_id, quarter_at):
        return
    last = session.get_one(SkillCounting, lieu_id, populate_existing=True)
    now = _there(session, lieu_id, quarter_at)
    is_old = quarter_at - last.taken_at >= LONGEST
    if is_old or is_worn(_there(session, lieu_id, last.taken_at), now):
        last.taken_at, last.people = quarter_at, size_of_house(len(now))
        _keep(session, lieu_id, counted(_held(session, now, quarter_at)))


def count_all(session: Session, *, at: datetime) -> list[int]:
    """Look at every lieu with somebody there, where that is due; which lieux."""
    lieu_ids = session.scalars(
        select(Presence.lieu_id).where(Presence.ended_at.is_(None)).distinct()
    ).all()
    due = [lieu_id for lieu_id in sorted(lieu_ids) if is_due(session, lieu_id=lieu_id, at=at)]
    for lieu_id in due:
        count(session, lieu_id=lieu_id, at=at)
    return due


def _take_turn(session: Session, lieu_id: int, quarter_at: datetime) -> bool:
    """Whether this quarter is ours to look: of two processes, one finds the older quarter."""
    if session.get(SkillCounting, lieu_id) is None:
        first = SkillCounting(lieu_id=lieu_id, people=0, taken_at=EPOCH, looked_at=quarter_at)
        try:
            with session.begin_nested():
                session.add(first)
        except IntegrityError:
            return False
        return True
    ours = session.execute(
        update(SkillCounting)
        .where(SkillCounting.lieu_id == lieu_id, SkillCounting.looked_at < quarter_at)
        .values(looked_at=quarter_at)
    )
    return bool(ours.rowcount)  # type: ignore[attr-defined]


def _keep(session: Session, lieu_id: int, tables: Mapping[Key, int]) -> None:
    session.execute(delete(SkillCount).where(SkillCount.lieu_id == lieu_id))
    rows = [
        {"lieu_id": lieu_id, "kind": kind, "name": name, "people": size(people)}
        for (kind, name), people in tables.items()
    ]
    if rows:
        session.execute(insert(SkillCount), rows)


def _there(session: Session, lieu_id: int, quarter_at: datetime) -> frozenset[int]:
    """Who counted at that quarter; a choice to hide or to withdraw counts at once, for then too."""
    return frozenset(
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


def _held(session: Session, there: Set[int], quarter_at: datetime) -> Held:
    """What they offered at that quarter; somebody with no skill counts too."""
    held: dict[int, list[tuple[str | None, str | None]]] = {member_id: [] for member_id in there}
    for member_id, concept, family in session.execute(
        select(MemberSkill.member_id, MemberSkill.concept_id, Concept.family)
        .outerjoin(Concept, Concept.id == MemberSkill.concept_id)
        .where(
            MemberSkill.member_id.in_(there),
            MemberSkill.offered_at <= quarter_at,
            MemberSkill.withdrawn_at.is_(None),
        )
    ):
        held[member_id].append((concept, family))
    return held

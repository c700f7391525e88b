"""Counts: how many people are at each table of the map, taken so that nobody is told apart.

What is shown is a size (three or more, eight, sixteen), of a table that is looked at anew in one
quarter of sixteen, chosen by chance, and only when three of its people are others by then.
Measured by `python -m benchmarks telling`.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, String, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import members, slots
from serendipity.consent import Consent
from serendipity.db import EPOCH, Base
from serendipity.members import Member
from serendipity.presence import Presence
from serendipity.skills import Concept, MemberSkill

FEWEST: Final = 3
SIZES: Final = (3, 8, 16)  # what is told of a table is the largest of these that it reaches
TWENTY: Final = 20  # everybody is told in twenties, and the rest without a size
OTHERS: Final = 10  # everybody is told anew when so many are others
LOOK: Final = 1 / 16  # how likely a table is looked at in a quarter …
LOOK_SMALL: Final = 1 / 24  # … and in a house of fewer than twenty, where each one weighs more
HALF: Final = 1 / 2
Chance = Callable[[], float]
_dice: Final[Chance] = random.SystemRandom().random
Key = tuple[str, str]  # kind and name of a table
Held = Mapping[int, Iterable[tuple[str | None, str | None]]]
EVERYBODY: Final = ("all", "")


class SkillCount(Base):
    """How many people are at a table of the map, as it is shown; `all` is everybody who counts."""

    __tablename__ = "skill_count"

    lieu_id: Mapped[int] = mapped_column(
        ForeignKey("lieu.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)  # concept or family id
    people: Mapped[int]
    quarter_at: Mapped[datetime]  # the last quarter that was looked at

    __table_args__ = (
        CheckConstraint("kind IN ('all', 'skill', 'family', 'other')", name="kind"),
        # The schema keeps the promise too: no row can tell of one or two people.
        CheckConstraint("people >= 3 OR (kind = 'all' AND people = 0)", name="nobody_alone"),
    )


class SkillCounted(Base):
    """Of whom a shown number was taken, until it is taken anew; nobody is shown this."""

    __tablename__ = "skill_counted"

    lieu_id: Mapped[int] = mapped_column(
        ForeignKey("lieu.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)


# --- counting -------------------------------------------------------------------------------


def quarter(at: datetime) -> datetime:
    """The quarter hour that began last."""
    return slots.starts(slots.number(at))


def count(session: Session, *, lieu_id: int, at: datetime, chance: Chance = _dice) -> None:
    """Take the counts of this quarter, unless somebody has; they do not change after that."""
    quarter_at = quarter(at)
    if _is_counted(session, lieu_id, quarter_at) or not _take_turn(session, lieu_id, quarter_at):
        return
    shown = _shown(session, lieu_id)
    now = settled(shown, _held(session, lieu_id, quarter_at), chance=chance)
    _write(session, lieu_id, shown, now)
    session.execute(
        update(SkillCount).where(SkillCount.lieu_id == lieu_id).values(quarter_at=quarter_at)
    )


def _take_turn(session: Session, lieu_id: int, quarter_at: datetime) -> bool:
    """Whether this quarter is ours to count: of two processes, one finds the older quarter."""
    if session.get(SkillCount, (lieu_id, *EVERYBODY)) is None:
        first = SkillCount(lieu_id=lieu_id, kind="all", name="", people=0, quarter_at=quarter_at)
        try:
            with session.begin_nested():
                session.add(first)
        except IntegrityError:
            return False
        return True
    ours = session.execute(
        update(SkillCount)
        .where(
            SkillCount.lieu_id == lieu_id,
            SkillCount.kind == "all",
            SkillCount.quarter_at < quarter_at,
        )
        .values(quarter_at=quarter_at)
    )
    return bool(ours.rowcount)  # type: ignore[attr-defined]


def _shown(session: Session, lieu_id: int) -> dict[Key, frozenset[int]]:
    """Of whom the numbers that are shown were taken."""
    people: dict[Key, set[int]] = defaultdict(set)
    for kind, name, member_id in session.execute(
        select(SkillCounted.kind, SkillCounted.name, SkillCounted.member_id).where(
            SkillCounted.lieu_id == lieu_id
        )
    ):
        people[kind, name].add(member_id)
    return {key: frozenset(members) for key, members in people.items()}


def _write(
    session: Session,
    lieu_id: int,
    before: Mapping[Key, frozenset[int]],
    now: Mapping[Key, frozenset[int]],
) -> None:
    """Keep what changed; the row of everybody stays, as the clock of the lieu."""
    changed = [key for key in {*before, *now} if before.get(key) != now.get(key)]
    for table in (SkillCount, SkillCounted):
        for kind, name in changed:
            session.execute(
                delete(table).where(
                    table.lieu_id == lieu_id, table.kind == kind, table.name == name
                )
            )
    taken = [(key, now[key]) for key in changed if key in now]
    rows: list[dict[str, object]] = [
        {
            "lieu_id": lieu_id,
            "kind": kind,
            "name": name,
            "people": size(kind, who),
            "quarter_at": EPOCH,
        }
        for (kind, name), who in taken
    ]
    if EVERYBODY in changed and EVERYBODY not in now:
        rows.append(
            {"lieu_id": lieu_id, "kind": "all", "name": "", "people": 0, "quarter_at": EPOCH}
        )
    if rows:
        session.execute(insert(SkillCount), rows)
    seats = [
        {"lieu_id": lieu_id, "kind": kind, "name": name, "member_id": member_id}
        for (kind, name), who in taken
        for member_id in sorted(who)
    ]
    if seats:
        session.execute(insert(SkillCounted), seats)


def count_all(session: Session, *, at: datetime) -> list[int]:
    """Take the counts of every lieu with somebody there, where they are due; which lieux."""
    lieu_ids = session.scalars(
        select(Presence.lieu_id).where(Presence.ended_at.is_(None)).distinct()
    ).all()
    due = [lieu_id for lieu_id in sorted(lieu_ids) if is_due(session, lieu_id=lieu_id, at=at)]
    for lieu_id in due:
        count(session, lieu_id=lieu_id, at=at)
    return due


def size(kind: str, people: Collection[int]) -> int:
    """What is told of so many: at least this number.

    Examples
    --------
    >>> [size("skill", range(number)) for number in (3, 7, 8, 15, 40)]
    [3, 3, 8, 8, 16]
    >>> [size("all", range(number)) for number in (3, 19, 20, 47)]
    [3, 3, 20, 40]
    """
    if kind == "all":
        return len(people) // TWENTY * TWENTY or FEWEST
    if kind == "other":
        return FEWEST
    return max(step for step in SIZES if step <= len(people))


def settled(
    shown: Mapping[Key, frozenset[int]], held: Held, *, chance: Chance = lambda: 0.0
) -> dict[Key, frozenset[int]]:
    """What is to be shown after what was shown: (kind, name) → of whom the number is taken.

    Parameters
    ----------
    shown : of whom the numbers shown so far were taken; nothing at first.
    held : member → (concept, family) of their skills, of everybody who counts now.
    chance : draws a number from 0 to 1 for each table that might change; below `LOOK` it is looked
        at. The default looks at all.

    Returns
    -------
    Tables of three people or more. A table is the same as before, or three people of it differ.
    Fewer than three people altogether: nothing.

    Examples
    --------
    >>> drums, harp = ("drums", "music"), ("harp", "music")
    >>> first = settled({}, {1: [drums], 2: [drums], 3: [drums], 4: [harp]})
    >>> {key: len(who) for key, who in first.items()}
    {('skill', 'drums'): 3, ('all', ''): 4}
    >>> settled(first, {1: [drums], 2: [drums], 4: [harp]}) == first  # one went: nothing is told
    True
    """
    if len(held) < FEWEST:
        return {}
    look = LOOK if len(held) >= TWENTY else LOOK_SMALL
    settle = _Settling(shown, chance if shown else lambda: 0.0, look)
    by_skill: dict[tuple[str | None, str | None], set[int]] = defaultdict(set)
    for member_id, offered in held.items():
        for skill in offered:
            by_skill[skill].add(member_id)
    tables = settle.all(
        "skill", {concept: who for (concept, _), who in by_skill.items() if concept}
    )
    by_family: dict[str | None, set[int]] = defaultdict(set)
    for (concept, family), people in by_skill.items():
        if ("skill", concept) not in tables:
            by_family[family] |= people
    tables |= settle.all("family", {family: who for family, who in by_family.items() if family})
    rest: set[int] = set().union(
        *(people for family, people in by_family.items() if ("family", family) not in tables)
    )
    return tables | settle.all("other", {"": rest}) | settle.all("all", {"": set(held)})


@dataclass(frozen=True)
class _Settling:
    """One taking of counts: what was shown before, and the dice."""

    shown: Mapping[Key, frozenset[int]]
    chance: Chance
    look: float

    def all(self, kind: str, now: Mapping[str, set[int]]) -> dict[Key, frozenset[int]]:
        """The tables of one kind: kept as they were, taken anew, or left out."""
        gone = [name for of, name in self.shown if of == kind and name not in now]
        found = {}
        for name in [*now, *gone]:
            people = self.one((kind, name), frozenset(now.get(name, ())))
            if people:
                found[kind, name] = people
        return found

    def one(self, key: Key, people: frozenset[int]) -> frozenset[int]:
        before = self.shown.get(key, frozenset())
        others = OTHERS if key == EVERYBODY and before else FEWEST
        if len(before ^ people) < others or self.chance() >= self.look:
            return before
        if not before and len(people) == FEWEST and self.chance() >= HALF:
            return before  # three are shown or not: that there are now three tells of nobody
        return people if len(people) >= FEWEST else frozenset()


def _is_counted(session: Session, lieu_id: int, quarter_at: datetime) -> bool:
    last = session.scalar(
        select(SkillCount.quarter_at).where(SkillCount.lieu_id == lieu_id, SkillCount.kind == "all")
    )
    return last is not None and last >= quarter_at


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


def is_due(session: Session, *, lieu_id: int, at: datetime) -> bool:
    """Whether this quarter's counts have yet to be taken."""
    return not _is_counted(session, lieu_id, quarter(at))


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    session.execute(delete(SkillCounted).where(SkillCounted.member_id == member.id))

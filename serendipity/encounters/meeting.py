"""The table of encounters, how one is set up, and who may know of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import combinations
from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Select,
    String,
    UniqueConstraint,
    and_,
    case,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import members
from serendipity.db import Base, Key, PublicId
from serendipity.errors import NotFound
from serendipity.members import Member

# The most telling first: of what the two say came of it, this is what is told.
TELLING: Final = ("hire", "work", "project", "idea", "advice", "friendship", "nothing")
OUTCOMES: Final = ("", *TELLING)
_KNOWN: Final = ", ".join(f"'{one}'" for one in OUTCOMES)


class Encounter(Base):
    """Two members, whether each of them says that they met, and what each says came of it."""

    __tablename__ = "encounter"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), index=True)
    a_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    b_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    introduction_id: Mapped[int | None] = mapped_column(ForeignKey("introduction.id"))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    told_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    told_on: Mapped[date | None]  # the day of the lieu on which it was told by hand
    blind: Mapped[bool] = mapped_column(default=False)  # told by typing an address
    said_at: Mapped[datetime]  # when the first of them said so, or when it was set up
    a_confirmed_at: Mapped[datetime | None]
    b_confirmed_at: Mapped[datetime | None]
    a_helped: Mapped[bool] = mapped_column(default=False)  # a says: b helped me
    b_helped: Mapped[bool] = mapped_column(default=False)
    a_outcome: Mapped[str] = mapped_column(String(16), default="")
    b_outcome: Mapped[str] = mapped_column(String(16), default="")
    denied_at: Mapped[datetime | None]  # one of them said it did not happen, or took it back

    __table_args__ = (
        CheckConstraint("a_id < b_id", name="one_spelling"),
        CheckConstraint(f"a_outcome IN ({_KNOWN}) AND b_outcome IN ({_KNOWN})", name="outcome"),
        CheckConstraint("(told_by_id IS NULL) = (told_on IS NULL)", name="told"),
        CheckConstraint("told_by_id IN (a_id, b_id)", name="told_by_one_of_them"),
        UniqueConstraint("introduction_id", "a_id", "b_id"),
        UniqueConstraint("call_id", "a_id", "b_id"),
        UniqueConstraint("told_on", "a_id", "b_id"),
    )

    def other_than(self, member_id: int) -> int:
        return self.b_id if member_id == self.a_id else self.a_id

    def confirmed_by(self, member_id: int) -> datetime | None:
        return self.a_confirmed_at if member_id == self.a_id else self.b_confirmed_at

    def came_of_it(self, member_id: int) -> str:
        """What this one of the two says came of it; nothing said yet is empty."""
        return self.a_outcome if member_id == self.a_id else self.b_outcome

    @hybrid_property
    def outcome(self) -> str:
        """What came of it: the most telling of what the two say."""
        said = (self.a_outcome, self.b_outcome)
        return next((one for one in TELLING if one in said), "")

    @outcome.inplace.setter
    def _outcome_of_both(self, said: str) -> None:
        self.a_outcome = self.b_outcome = said

    @outcome.inplace.expression
    @classmethod
    def _outcome_in_sql(cls) -> ColumnElement[str]:
        return case(
            *((or_(cls.a_outcome == one, cls.b_outcome == one), one) for one in TELLING), else_=""
        )

    @property
    def happened_at(self) -> datetime | None:
        """When it began to count: both said so."""
        if self.a_confirmed_at is None or self.b_confirmed_at is None:
            return None
        return max(self.a_confirmed_at, self.b_confirmed_at)


class NoSuchEncounter(NotFound):
    """There is none, it is not yours, or somebody said that it did not happen."""


def set_up(
    session: Session,
    *,
    lieu_id: int,
    member_ids: Sequence[int],
    at: datetime,
    introduction_id: int | None = None,
    call_id: int | None = None,
) -> list[Encounter]:
    """Let these people be asked whether they met: one encounter a pair; twice is once."""
    return [
        keep_one(
            session,
            Encounter(
                lieu_id=lieu_id,
                a_id=a_id,
                b_id=b_id,
                introduction_id=introduction_id,
                call_id=call_id,
                said_at=at,
            ),
        )
        for a_id, b_id in combinations(sorted(set(member_ids)), 2)
    ]


def keep_one(session: Session, made: Encounter) -> Encounter:
    """This encounter, or the one that its unique keys say it is."""
    already = select(Encounter).where(
        Encounter.introduction_id == made.introduction_id,
        Encounter.call_id == made.call_id,
        Encounter.told_on == made.told_on,
        Encounter.a_id == made.a_id,
        Encounter.b_id == made.b_id,
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        return session.scalars(already).one()
    return made


def known_to(member_id: int) -> ColumnElement[bool]:
    """Encounters of this member that they may know of.

    Who told one by typing an address must not learn from its row that the address is a member's:
    to them it exists once the other has said so too.
    """
    own = or_(Encounter.a_id == member_id, Encounter.b_id == member_id)
    both = and_(Encounter.a_confirmed_at.is_not(None), Encounter.b_confirmed_at.is_not(None))
    return and_(own, or_(both, not_(Encounter.blind), Encounter.told_by_id != member_id))


def encounter_of(session: Session, *, public_id: str, member_id: int) -> Encounter:
    """The member's encounter, to look at.

    Raises
    ------
    NoSuchEncounter
    """
    met = session.scalar(_own(public_id, member_id))
    if met is None:
        raise NoSuchEncounter()
    return met


def own_encounter(session: Session, *, public_id: str, member_id: int) -> Encounter:
    """The member's encounter, locked until the transaction ends.

    The lock makes the second of two who confirm at the same instant see the first; without it
    each would wait for the other's word for ever (PostgreSQL; SQLite has one writer anyway).

    Raises
    ------
    NoSuchEncounter
    """
    met = session.scalar(
        _own(public_id, member_id).with_for_update().execution_options(populate_existing=True)
    )
    if met is None:
        raise NoSuchEncounter()
    return met


def _own(public_id: str, member_id: int) -> Select[Encounter]:
    return select(Encounter).where(
        Encounter.public_id == public_id, known_to(member_id), Encounter.denied_at.is_(None)
    )


def meetings(session: Session, *where: Any) -> list[tuple[int, int, datetime]]:
    """Every encounter that counts, in order: what `ties.recompute` is built from."""
    rows = session.scalars(
        select(Encounter)
        .where(
            Encounter.a_confirmed_at.is_not(None),
            Encounter.b_confirmed_at.is_not(None),
            Encounter.denied_at.is_(None),
            *where,
        )
        .order_by(Encounter.id)
    )
    return [(met.a_id, met.b_id, met.happened_at or met.said_at) for met in rows]


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    """What nobody can confirm any more is over; what counts stays, with nobody's name."""
    session.execute(
        update(Encounter)
        .where(
            or_(Encounter.a_id == member.id, Encounter.b_id == member.id),
            or_(Encounter.a_confirmed_at.is_(None), Encounter.b_confirmed_at.is_(None)),
            Encounter.denied_at.is_(None),
        )
        .values(denied_at=at)
    )

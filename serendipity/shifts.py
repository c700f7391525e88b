"""Shifts: the concierge is a role that rotates; its rights follow the shift.

Rules kept here: a member may take a shift only at a lieu where they are a concierge; an open shift
gives the rights of the role at that lieu and nowhere else, until its end or its handover, whichever
comes first; it is handed over with a note. Who has no shift there cannot tell the lieu from one
that does not exist. A shift that ran out without a note may still be given one, without its rights.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Text,
    case,
    delete,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import clock, members, thanks, words
from serendipity.db import Base, Instant, Key
from serendipity.errors import Busy, Invalid, NotFound
from serendipity.lieux import Lieu
from serendipity.members import Member

LONGEST = timedelta(hours=14)  # nobody is a concierge for a whole day and night
COUNTS_FROM = timedelta(hours=1)
NOTE_WORDS = 3
NOTE_MOST = 2000


class Concierge(Base):
    """A member who may take shifts at a lieu."""

    __tablename__ = "concierge"

    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    since: Mapped[datetime]


class Shift(Base):
    __tablename__ = "shift"

    id: Mapped[Key]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    started_at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, default="")  # handed over to the next

    __table_args__ = (
        Index(
            "uq_shift_open",
            "lieu_id",
            "member_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        CheckConstraint("until > started_at", name="until"),
    )


class NotOnShift(NotFound):
    """No rights at this lieu now: answers like a lieu that does not exist. Facts: none."""


class NotConcierge(NotFound):
    """No right to take a shift here: answers like a lieu that does not exist. Facts: none."""


class BadShiftEnd(Invalid):
    """A shift ends after it began, and within fourteen hours. Facts: field, until, longest."""


class NoteTooShort(Invalid):
    """The next concierge needs at least a few words. Facts: field, words, given."""


class ShiftCrossed(Busy):
    """Two browsers took the shift at once; nothing was recorded by this one."""


def name_concierge(session: Session, *, lieu_id: int, member_id: int, at: datetime) -> Concierge:
    """Let a member take shifts at a lieu; naming twice changes nothing.

    Raises
    ------
    members.NoSuchMember
        There is none with this number.
    """
    member = members.member_named(session, member_id)
    named = session.get(Concierge, (lieu_id, member.id))
    if named is None:
        named = Concierge(lieu_id=lieu_id, member_id=member.id, since=at)
        session.add(named)
        session.flush()
    return named


def unname_concierge(session: Session, *, lieu_id: int, member_id: int, at: datetime) -> None:
    """Take the role back: an open shift ends with it, at once and without a note."""
    session.execute(
        delete(Concierge).where(Concierge.lieu_id == lieu_id, Concierge.member_id == member_id)
    )
    _end_open(session, Shift.lieu_id == lieu_id, Shift.member_id == member_id, at=at)


def concierges_of(session: Session, *, lieu_id: int) -> list[Member]:
    """Who may take shifts at a lieu, by name."""
    return list(
        session.scalars(
            select(Member)
            .join(Concierge, Concierge.member_id == Member.id)
            .where(Concierge.lieu_id == lieu_id)
            .order_by(Member.name, Member.id)
        )
    )


def take_shift(
    session: Session, *, slug: str, member_id: int, until: datetime, at: datetime
) -> Shift:
    """Be the concierge here until then; already on shift: the same shift, with the new end.

    Raises
    ------
    NotConcierge
        The member is none there, or there is no such lieu: the two answer alike.
    BadShiftEnd
        The end is not after now, or too far away.
    ShiftCrossed
        The same member took it in another browser at this instant.
    """
    lieu_id = _lieu_where_concierge(session, slug=slug, member_id=member_id)
    if not at < until <= at + LONGEST:
        raise BadShiftEnd(field="until", until=until, longest=LONGEST)
    shift = _open_shift(session, member_id=member_id, lieu_id=lieu_id)
    if shift is not None and shift.until > at:
        shift.until = until
        session.flush()
        return shift
    if shift is not None:
        shift.ended_at = shift.until
        session.flush()
    shift = Shift(lieu_id=lieu_id, member_id=member_id, started_at=at, until=until)
    try:
        with session.begin_nested():
            session.add(shift)
    except IntegrityError as error:
        raise ShiftCrossed(why="two shifts at once") from error
    return shift


def hand_over(session: Session, *, slug: str, member_id: int, note: str, at: datetime) -> Shift:
    """End the shift with a note for the next; one that ran out may still get its note.

    Raises
    ------
    NotOnShift
        No open shift of theirs there.
    NoteTooShort, words.WordsTooLong, words.WordsUnreadable
        The shift goes on.
    """
    shift = session.scalar(
        select(Shift)
        .join(Lieu, Lieu.id == Shift.lieu_id)
        .where(Lieu.slug == slug, Shift.member_id == member_id, Shift.ended_at.is_(None))
    )
    if shift is None:
        raise NotOnShift()
    shift.note = _plain_note(note)
    shift.ended_at = min(at, shift.until)
    session.flush()
    _thank(session, shift, at=at)
    return shift


def _thank(session: Session, shift: Shift, *, at: datetime) -> None:
    """A shift of an hour or more counts by the house rules, one a day."""
    if shift.ended_at is None or shift.ended_at - shift.started_at < COUNTS_FROM:
        return
    lieu = session.get_one(Lieu, shift.lieu_id)
    day = clock.local_date(shift.started_at, lieu.timezone)
    key = f"{shift.member_id}:{lieu.id}:{day}"
    mine = {"lieu_id": lieu.id, "member_id": shift.member_id}
    thanks.thank_once(session, what="shift", key=key, at=at, **mine)


def shift_of(session: Session, *, member_id: int, lieu_id: int, at: datetime) -> Shift:
    """The open shift that gives this member the concierge's rights at this lieu.

    Raises
    ------
    NotOnShift
        They have none, or it ended.
    """
    shift = session.scalar(
        select(Shift).where(
            Shift.member_id == member_id,
            Shift.lieu_id == lieu_id,
            Shift.ended_at.is_(None),
            Shift.started_at <= at,
            Shift.until > at,
        )
    )
    if shift is None:
        raise NotOnShift()
    return shift


def current_shifts(session: Session, *, lieu_id: int, at: datetime) -> list[tuple[Shift, Member]]:
    """Who is the concierge now, in the order in which they began."""
    rows = session.execute(
        select(Shift, Member)
        .join(Member, Member.id == Shift.member_id)
        .where(
            Shift.lieu_id == lieu_id,
            Shift.ended_at.is_(None),
            Shift.started_at <= at,
            Shift.until > at,
        )
        .order_by(Shift.started_at, Shift.id)
    )
    return [(shift, member) for shift, member in rows]


def last_note(session: Session, *, lieu_id: int) -> tuple[Shift, Member] | None:
    """The newest note handed over at this lieu, with who wrote it."""
    row = session.execute(
        select(Shift, Member)
        .join(Member, Member.id == Shift.member_id)
        .where(Shift.lieu_id == lieu_id, Shift.ended_at.is_not(None), Shift.note != "")
        .order_by(Shift.ended_at.desc(), Shift.id.desc())
        .limit(1)
    ).one_or_none()
    return (row[0], row[1]) if row else None


def lieux_of(session: Session, *, member_id: int) -> list[tuple[Lieu, Shift | None]]:
    """The lieux where this member may take a shift, each with their shift not yet handed over."""
    rows = session.execute(
        select(Lieu, Shift)
        .join(Concierge, Concierge.lieu_id == Lieu.id)
        .outerjoin(
            Shift,
            (Shift.lieu_id == Lieu.id)
            & (Shift.member_id == Concierge.member_id)
            & Shift.ended_at.is_(None),
        )
        .where(Concierge.member_id == member_id)
        .order_by(Lieu.name, Lieu.id)
    )
    return [(lieu, shift) for lieu, shift in rows]


def _lieu_where_concierge(session: Session, *, slug: str, member_id: int) -> int:
    lieu_id = session.scalar(
        select(Lieu.id)
        .join(Concierge, Concierge.lieu_id == Lieu.id)
        .where(Lieu.slug == slug, Concierge.member_id == member_id)
    )
    if lieu_id is None:
        raise NotConcierge()
    return lieu_id


def _open_shift(session: Session, *, member_id: int, lieu_id: int) -> Shift | None:
    return session.scalar(
        select(Shift)
        .where(Shift.member_id == member_id, Shift.lieu_id == lieu_id, Shift.ended_at.is_(None))
        .execution_options(populate_existing=True)
    )


def _plain_note(given: str) -> str:
    lines = [words.line(line, field="note", most=NOTE_MOST) for line in given.splitlines()]
    note = "\n".join(line for line in lines if line)
    if len(note) > NOTE_MOST:
        raise words.WordsTooLong(field="note", most=NOTE_MOST, length=len(note))
    if len(note.split()) < NOTE_WORDS:
        raise NoteTooShort(field="note", words=NOTE_WORDS, given=given[:NOTE_MOST])
    return note


def _end_open(session: Session, *whose: ColumnElement[bool], at: datetime) -> None:
    session.execute(
        update(Shift)
        .where(*whose, Shift.ended_at.is_(None))
        .values(ended_at=case((Shift.until < at, Shift.until), else_=literal(at, Instant())))
    )


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    """The role goes, and an open shift with it; notes stay, they belong to the lieu."""
    session.execute(delete(Concierge).where(Concierge.member_id == member.id))
    _end_open(session, Shift.member_id == member.id, at=at)

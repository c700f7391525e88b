"""Rooms: what an organisation can book at a lieu, what it costs, and when it is free.

Money is integer cents in the lieu's currency. Prices are before VAT; VAT is in basis points
(2000 is 20 %) and is rounded once, on the total. A price covers real time: in the night that has
25 hours, a booking from 01:00 to 04:00 is four hours long.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import clock, hours, lieux, slots, words
from serendipity.db import Base, Key, PublicId
from serendipity.errors import Invalid, NotFound
from serendipity.lieux import Lieu

HALF_DAY = 16  # quarters that the half-day price covers
DAY = 96  # a day price covers whatever the opening hours of one day allow
WHOLE = 10_000  # basis points
MOST_CENTS = 10_000_00  # an hour, half a day, a day: above that somebody slipped
MOST_PEOPLE = 10_000
SHAPES = ("table", "round", "rows")
FARTHEST = timedelta(days=731)  # nobody knows the hours of a lieu in three years


class Room(Base):
    __tablename__ = "room"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"))
    slug: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(String(400), default="")
    shape: Mapped[str] = mapped_column(String(12), default="table")  # table, round, rows: the plan
    capacity: Mapped[int]
    step_free: Mapped[bool] = mapped_column(default=False)
    access: Mapped[str] = mapped_column(String(160), default="")  # "door 93 cm", "14 steps"
    hour_cents: Mapped[int]
    half_day_cents: Mapped[int]
    day_cents: Mapped[int]
    vat_points: Mapped[int] = mapped_column(default=2000)
    buffer_minutes: Mapped[int] = mapped_column(default=0)  # kept free after a booking
    notice_minutes: Mapped[int] = mapped_column(default=0)  # at least so long before the start
    needs_yes: Mapped[bool] = mapped_column(default=False)  # the lieu answers each booking
    no_show_minutes: Mapped[int] = mapped_column(default=15)  # then it is let go; 0: never
    resident_points: Mapped[int] = mapped_column(default=WHOLE)  # what residents pay of the price

    __table_args__ = (
        UniqueConstraint("lieu_id", "slug"),
        CheckConstraint("capacity BETWEEN 1 AND 10000", name="capacity"),
        CheckConstraint(
            "hour_cents >= 0 AND half_day_cents >= 0 AND day_cents >= 0", name="prices"
        ),
        CheckConstraint("vat_points BETWEEN 0 AND 10000", name="vat"),
        CheckConstraint("buffer_minutes BETWEEN 0 AND 240", name="buffer"),
        CheckConstraint("notice_minutes BETWEEN 0 AND 43200", name="notice"),
        CheckConstraint("no_show_minutes BETWEEN 0 AND 240", name="no_show"),
        CheckConstraint("resident_points BETWEEN 0 AND 10000", name="residents"),
    )


class NoSuchRoom(NotFound):
    """Fact: room."""


class EndBeforeStart(Invalid):
    """A booking lasts fifteen minutes at least. Facts: field, starts_at, ends_at."""


class BadFigure(Invalid):
    """A figure of a room is out of bounds. Facts: field, given, least, most."""


class RoomNameTaken(Invalid):
    """Another room of the lieu is called so. Facts: field, given."""


class TooManyPeople(Invalid):
    """Facts: field, people, capacity."""


class NobodyComes(Invalid):
    """A room is for one person at least. Facts: field, people."""


@dataclass(frozen=True)
class Price:
    """What is to pay, in integer cents."""

    net_cents: int
    vat_cents: int

    @property
    def gross_cents(self) -> int:
        return self.net_cents + self.vat_cents


# --- price ----------------------------------------------------------------------------------


def with_vat(net_cents: int, vat_points: int) -> Price:
    """A net amount with its VAT, rounded once, half a cent up."""
    return Price(net_cents, rounded(net_cents * vat_points, 10_000))


def price(room: Room, starts_at: datetime, ends_at: datetime, *, points: int = WHOLE) -> Price:
    """The cheapest mix of quarters of an hour, half days and days that covers the interval.

    Counted in quarters of a cent, so that 15 minutes at an odd price per hour are rounded once.
    `points` is the share of it that is paid, in basis points (see `residents`).
    """
    quarters = len(slots.between(starts_at, ends_at))
    net = min(
        4 * (days * room.day_cents + halves * room.half_day_cents)
        + max(0, quarters - days * DAY - halves * HALF_DAY) * room.hour_cents
        for days in range(-(-quarters // DAY) + 1)
        for halves in range(-(-max(0, quarters - days * DAY) // HALF_DAY) + 1)
    )
    return with_vat(rounded(net * points, 4 * WHOLE), room.vat_points)


def rounded(amount: int, by: int) -> int:
    """Amount / by to the nearest whole cent, a half up."""
    return (2 * amount + by) // (2 * by)


# --- keeping rooms --------------------------------------------------------------------------

BOUNDS = {
    "capacity": (1, MOST_PEOPLE),
    "hour_cents": (0, MOST_CENTS),
    "half_day_cents": (0, MOST_CENTS),
    "day_cents": (0, MOST_CENTS),
    "vat_points": (0, WHOLE),
    "buffer_minutes": (0, 240),
    "notice_minutes": (0, 43_200),
    "no_show_minutes": (0, 240),
    "resident_points": (0, WHOLE),
}


@dataclass(frozen=True)
class About:
    """What a lieu says of a room; money in cents before VAT, shares in basis points."""

    name: str
    capacity: int
    hour_cents: int
    half_day_cents: int
    day_cents: int
    vat_points: int = 2000
    description: str = ""
    shape: str = "table"
    step_free: bool = False
    access: str = ""
    buffer_minutes: int = 0
    notice_minutes: int = 0
    no_show_minutes: int = 15
    resident_points: int = WHOLE
    needs_yes: bool = False


def furnish(session: Session, *, lieu: Lieu, about: About) -> Room:
    """Open a room at a lieu.

    Raises
    ------
    BadFigure, RoomNameTaken, words.WordsMissing, words.WordsTooLong
    """
    room = Room(lieu_id=lieu.id, slug=lieux.slug_of(about.name) or "room")
    _describe(room, about)
    try:
        with session.begin_nested():
            session.add(room)
    except IntegrityError as error:
        raise RoomNameTaken(field="name", given=about.name[:120]) from error
    return room


def describe(session: Session, *, room: Room, about: About) -> Room:
    """Say anew what a room is. What was booked keeps its price and its rule. Raises as `furnish`;
    the address of the room stays."""
    _describe(room, about)
    session.flush()
    return room


def _describe(room: Room, about: About) -> None:
    for field, (least, most) in BOUNDS.items():
        given = getattr(about, field)
        if not least <= given <= most:
            raise BadFigure(field=field, given=given, least=least, most=most)
        setattr(room, field, given)
    room.name = words.said(about.name, field="name", most=120)
    room.description = words.line(about.description, field="description", most=400)
    room.access = words.line(about.access, field="access", most=160)
    room.shape = about.shape if about.shape in SHAPES else "table"
    room.step_free, room.needs_yes = about.step_free, about.needs_yes


# --- reads ----------------------------------------------------------------------------------


_ROOMS_OF: Final = (
    select(Room).where(Room.lieu_id == bindparam("lieu_id")).order_by(Room.capacity, Room.name)
)


def rooms_of(session: Session, lieu: Lieu) -> list[Room]:
    """The lieu's rooms, smallest first."""
    return list(session.scalars(_ROOMS_OF, {"lieu_id": lieu.id}))


def room_named(session: Session, *, lieu: Lieu, slug: str) -> Room:
    """The room of this lieu with this slug.

    Raises
    ------
    NoSuchRoom
    """
    room = session.scalar(select(Room).where(Room.lieu_id == lieu.id, Room.slug == slug))
    if room is None:
        raise NoSuchRoom(room=slug)
    return room


def refuse_unless_fitting(room: Room, people: int) -> None:
    """Say no to a number of people that the room cannot take.

    Raises
    ------
    NobodyComes, TooManyPeople
    """
    if people < 1:
        raise NobodyComes(field="people", people=people)
    if people > room.capacity:
        raise TooManyPeople(field="people", people=people, capacity=room.capacity)


def slots_of(room: Room, starts_at: datetime, ends_at: datetime) -> range:
    """The slots that a booking of this room occupies: its interval and the buffer after it."""
    return slots.between(starts_at, ends_at + timedelta(minutes=room.buffer_minutes))


def open_between(session: Session, *, lieu: Lieu, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether the lieu is open all through this interval."""
    days = {clock.local_date(at, lieu.timezone) for at in (starts_at, ends_at)}
    stretches = hours.open_stretches(session, lieu=lieu, days=days)
    return any(opens <= starts_at and ends_at <= closes for opens, closes in stretches)


def free_starts(
    session: Session, *, room: Room, day: date, length: timedelta, people: int, at: datetime
) -> list[datetime]:
    """The instants of this local day at which the room can be had for so long.

    Raises
    ------
    NobodyComes, TooManyPeople, EndBeforeStart
        Not like this, at any time.
    """
    refuse_unless_fitting(room, people)
    lieu = session.get_one(Lieu, room.lieu_id)
    found = free_starts_of(session, lieu=lieu, rooms=[room], day=day, length=length, at=at)
    return found[room.id]


def free_starts_of(
    session: Session,
    *,
    lieu: Lieu,
    rooms: Iterable[Room],
    day: date,
    length: timedelta,
    at: datetime,
    but_not: int | None = None,
) -> dict[int, list[datetime]]:
    """`free_starts` for several rooms of a lieu at once: room id → instants.

    With `but_not`, a booking that is to be moved: where it is now counts as free.
    """
    rooms = list(rooms)
    today = clock.local_date(at, lieu.timezone)
    if length < slots.QUARTER:
        raise EndBeforeStart(field="length")
    if not today <= day <= today + FARTHEST:
        return {room.id: [] for room in rooms}
    stretches = hours.open_stretches(session, lieu=lieu, days={day, day + timedelta(days=1)})
    first, last = clock.day_bounds(day, lieu.timezone)
    within = slots.between(first, last + length + timedelta(minutes=240))
    taken = slots.taken(
        session, room_ids=[room.id for room in rooms], within=within, at=at, but_not=but_not
    )
    open_starts = [
        start
        for start in map(slots.starts, slots.between(first, last))
        if start >= at and any(o <= start and start + length <= c for o, c in stretches)
    ]
    return {
        room.id: [
            start
            for start in open_starts
            if start >= at + timedelta(minutes=room.notice_minutes)
            and not any((room.id, slot) in taken for slot in slots_of(room, start, start + length))
        ]
        for room in rooms
    }

"""Rooms: what can be booked at a lieu, when it is free, and what it would cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from msgspec import Meta

from serendipity import bookings, clock, rooms
from serendipity.api.actors import open_lieu
from serendipity.api.endpoints import reads
from serendipity.api.shapes import Day, In, Instant, Money, Out, Page, People, money, whole
from serendipity.db import reading
from serendipity.lieux import Lieu as LieuRow

Minutes = Annotated[int, Meta(ge=15, le=1440, multiple_of=15)]


class Prices(Out):
    """Before VAT, in integer cents; VAT in basis points: 2000 is 20 %."""

    hour_cents: int
    half_day_cents: int
    day_cents: int
    vat_points: int
    currency: str


class Room(Out):
    """A room of a lieu."""

    slug: str
    name: str
    description: str
    capacity: int
    step_free: bool
    access: str
    prices: Prices


class Slots(Out):
    """When a room can be had for so long on a date, and what it costs whichever one takes."""

    lieu: str
    room: str
    day: Day
    minutes: int
    price: Money
    starts: list[Instant]


class Quote(Out):
    """What a booking would be, and the rule that would hold for it."""

    lieu: str
    room: str
    starts_at: Instant
    ends_at: Instant
    people: int
    price: Money
    free_until: Instant
    late_price: Money


class SlotsWanted(In):
    day: Day
    minutes: Minutes = 60
    people: People = 1


class QuoteWanted(In):
    starts_at: Instant
    ends_at: Instant
    people: People = 1


@reads("/lieux/<slug>/rooms", answers=Page[Room])
def index(slug: str) -> Page[Room]:
    """The rooms of a lieu, smallest first, with their prices."""
    lieu = open_lieu(reading(), slug)
    return whole([_shape(room, lieu) for room in rooms.rooms_of(reading(), lieu)])


def _shape(room: rooms.Room, lieu: LieuRow) -> Room:
    prices = Prices(
        hour_cents=room.hour_cents,
        half_day_cents=room.half_day_cents,
        day_cents=room.day_cents,
        vat_points=room.vat_points,
        currency=lieu.currency,
    )
    return Room(
        slug=room.slug,
        name=room.name,
        description=room.description,
        capacity=room.capacity,
        step_free=room.step_free,
        access=room.access,
        prices=prices,
    )


@reads("/lieux/<slug>/rooms/<room>/slots", query=SlotsWanted, answers=Slots)
def slots(asked: SlotsWanted, slug: str, room: str) -> Slots:
    """The instants of a date at which a room is free for so long."""
    lieu = open_lieu(reading(), slug)
    wanted = rooms.room_named(reading(), lieu=lieu, slug=room)
    length = timedelta(minutes=asked.minutes)
    starts = rooms.free_starts(
        reading(), room=wanted, day=asked.day, length=length, people=asked.people, at=clock.now()
    )
    midnight = clock.day_bounds(asked.day, lieu.timezone)[0]
    return Slots(
        lieu=lieu.slug,
        room=wanted.slug,
        day=asked.day,
        minutes=asked.minutes,
        price=money(rooms.price(wanted, midnight, midnight + length), lieu.currency),
        starts=starts,
    )


@reads("/lieux/<slug>/rooms/<room>/quote", query=QuoteWanted, answers=Quote)
def quote(asked: QuoteWanted, slug: str, room: str) -> Quote:
    """What a room would cost and until when cancelling is free. Nothing is held."""
    lieu = open_lieu(reading(), slug)
    quoted = bookings.quote(
        reading(),
        room=rooms.room_named(reading(), lieu=lieu, slug=room),
        starts_at=asked.starts_at,
        ends_at=asked.ends_at,
        people=asked.people,
        at=clock.now(),
    )
    return Quote(
        lieu=lieu.slug,
        room=quoted.room.slug,
        starts_at=quoted.starts_at,
        ends_at=quoted.ends_at,
        people=quoted.people,
        price=money(quoted.price, lieu.currency),
        free_until=quoted.free_until,
        late_price=money(quoted.late_price, lieu.currency),
    )

"""The questions of a booking: what was asked from its room, who said yes, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from serendipity import calls, clock, encounters, skillmap, together
from serendipity.bookings import Booking
from serendipity.calls import Mine
from serendipity.db import reading
from serendipity.lieux import Lieu
from serendipity.skillmap import Table
from serendipity.together import Wish


@dataclass(frozen=True)
class Asked:
    """A question of this booking, and who said yes to it, by first name."""

    call: calls.Call
    first_name: str
    place: str
    met: bool  # both, or the asker, said that it happened
    encounter: encounters.Encounter | None
    table: Table | None
    wish: Wish | None  # of the one who booked

    @property
    def state(self) -> str:
        return "said" if self.first_name else "on"


def asked(booking: Booking, lieu: Lieu, tables: Sequence[Table]) -> list[Asked]:
    """The questions put from this room, newest first."""
    at = clock.now()
    mine = calls.of_booking(reading(), booking_id=booking.id, at=at)
    return [_asked(one, booking, lieu, tables, at) for one in reversed(mine)]


def answered(booking: Booking, lieu: Lieu) -> list[Asked]:
    """Those that somebody said yes to and of whom one may still speak, also after the end.

    What was denied is over for both, and who hides now is not named here either.
    """
    at = clock.now()
    found = [
        _asked(one, booking, lieu, (), at)
        for one in reversed(calls.answered_of_booking(reading(), booking_id=booking.id))
    ]
    return [one for one in found if one.first_name and _open(one.encounter, at)]


def _open(met: encounters.Encounter | None, at: datetime) -> bool:
    if met is None or met.denied_at is not None:
        return False
    return met.happened_at is not None or at - met.said_at < encounters.ASKED_FOR


def _asked(one: Mine, booking: Booking, lieu: Lieu, tables: Sequence[Table], at: datetime) -> Asked:
    first_name, place = skillmap.revealed(reading(), one, lieu_id=lieu.id, at=at)
    met, asker = one.encounter, booking.booked_by_id
    return Asked(
        call=one.call,
        first_name=first_name,
        place=place if at < booking.ends_at else "",
        met=bool(met and met.confirmed_by(asker)),
        encounter=met,
        table=skillmap.table_of(reading(), tables, one.call.concept_id),
        wish=together.wish(reading(), encounter=met, member_id=asker) if met else None,
    )

"""Seats: a place at a lieu, kept ahead for one moment of one day. Its price is the pledge.

Rules kept here: the seats of a moment are numbered and each is kept for one person, so that the
one too many finds no number (a unique key, and a foreign key to how many there are; nobody counts
first). Nobody keeps two seats at the same hour. How many seats there are is said for the week;
changing it never takes back a seat that was promised. No money is asked: the desk costs its
pledge when the person checks in, and nothing when they cancel. A seat whose person has not come
twenty minutes into the moment is free for somebody else, without a mark against anybody.
"""

from serendipity.seats.calendar import calendar_file
from serendipity.seats.coming import (
    EARLY,
    GRACE,
    expected,
    free_no_shows,
    owe_reminders,
    reserved_on,
)
from serendipity.seats.letters import facts_of
from serendipity.seats.offering import (
    AHEAD,
    Ahead,
    BadCount,
    NoSuchMoment,
    Weekly,
    ahead,
    are_offered,
    offer,
    week,
)
from serendipity.seats.reserving import (
    MOST_KEPT,
    AlreadyKept,
    NoSeatLeft,
    NoSuchSeat,
    SeatIsOver,
    TooManySeats,
    cancel,
    kept_by,
    reserve,
    seat_of,
)
from serendipity.seats.tables import Reservation, SeatsOn, WeeklySeats

__all__ = [
    "AHEAD",
    "Ahead",
    "AlreadyKept",
    "BadCount",
    "EARLY",
    "GRACE",
    "MOST_KEPT",
    "NoSeatLeft",
    "NoSuchMoment",
    "NoSuchSeat",
    "Reservation",
    "SeatIsOver",
    "SeatsOn",
    "TooManySeats",
    "Weekly",
    "WeeklySeats",
    "ahead",
    "are_offered",
    "calendar_file",
    "cancel",
    "expected",
    "facts_of",
    "free_no_shows",
    "kept_by",
    "offer",
    "owe_reminders",
    "reserve",
    "reserved_on",
    "seat_of",
    "week",
]

"""Bookings: an organisation has a room for an interval.

Rules kept here: a room is never double-booked (`slots`: the primary key there says so). A booking
begins as a hold of ten minutes, which may be made longer once; it is for good when confirmed. It
lies in opening hours and in the future, for as many people as fit. What it costs, and what
cancelling will cost, is fixed when it is held and never read from a form: free until a day before
the start, half the price after that. Moving is possible as long as cancelling is free. An
organisation holds at most three rooms at a time, so that nobody can hold a whole house.

All instants are UTC: "a day before" is 24 hours before, also when the clock changes.
"""

from serendipity.bookings.booking import (
    AlreadyCancelled,
    AlreadyLonger,
    AlreadyStarted,
    Booking,
    HoldExpired,
    NotYours,
    TooLateToMove,
    TooManyHolds,
    booking_of,
    bookings_of,
    cancelling_costs,
    due,
    is_booked,
    is_held,
)
from serendipity.bookings.changes import (
    HOLD,
    MOST_HOLDS,
    at_change,
    cancel,
    confirm,
    confirm_paid,
    hold,
    hold_longer,
    hold_until,
    move,
)
from serendipity.bookings.letters import facts_of
from serendipity.bookings.quotes import (
    Alternative,
    InThePast,
    OffTheQuarter,
    OutsideHours,
    Quote,
    RoomTaken,
    TooFarAhead,
    alternatives,
    quote,
    share,
)
from serendipity.rooms import EndBeforeStart

__all__ = [
    "AlreadyCancelled",
    "AlreadyLonger",
    "AlreadyStarted",
    "Alternative",
    "Booking",
    "EndBeforeStart",
    "HOLD",
    "HoldExpired",
    "InThePast",
    "MOST_HOLDS",
    "NotYours",
    "OffTheQuarter",
    "OutsideHours",
    "Quote",
    "RoomTaken",
    "TooFarAhead",
    "TooLateToMove",
    "TooManyHolds",
    "alternatives",
    "at_change",
    "booking_of",
    "bookings_of",
    "cancel",
    "cancelling_costs",
    "confirm",
    "confirm_paid",
    "due",
    "facts_of",
    "hold",
    "hold_longer",
    "hold_until",
    "is_booked",
    "is_held",
    "move",
    "quote",
    "share",
]

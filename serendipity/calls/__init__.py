"""Calls: a question put to the person best placed to answer it, then to the next.

Rules kept here: one person is asked at a time and has ten minutes; nobody is asked more often in
a week than the cap; who hides, focuses or pauses is not asked; a no is shown to nobody; the asker
sees a name when somebody said yes.
"""

from serendipity.calls.answering import (
    Asked,
    CallOver,
    Mine,
    NoSuchCall,
    TooManyCalls,
    accept,
    asked_this_week,
    call,
    decline,
    lapse,
    mine,
    of_booking,
    to_me,
    withdraw,
)
from serendipity.calls.asking import WEEKLY_CAP, free_to_be_asked, pass_on, waiting
from serendipity.calls.tables import TURN, Call, CallAsked

__all__ = [
    "TURN",
    "WEEKLY_CAP",
    "Asked",
    "Call",
    "CallAsked",
    "CallOver",
    "Mine",
    "NoSuchCall",
    "TooManyCalls",
    "accept",
    "asked_this_week",
    "call",
    "decline",
    "free_to_be_asked",
    "lapse",
    "mine",
    "of_booking",
    "pass_on",
    "to_me",
    "waiting",
    "withdraw",
]

"""Calls: a question put to the person best placed to answer it, then to the next; or to a few.

Rules kept here: as many are asked at a time as there are chairs, and each has ten minutes; nobody
is asked more often in a week than the cap; who hides, focuses or pauses is not asked; a no is
shown to nobody; the asker sees a name when somebody said yes. A call for a few makes a circle of
those who said yes, the asker among them: they learn each other's names, nobody who is kept apart
from one of them is asked, and there are at most as many as were called for. Who asked in vain is
told once, by letter, if they want letters.
"""

from serendipity.calls.answering import (
    Answered,
    Asked,
    BadPeople,
    CallOver,
    Mine,
    NoSuchCall,
    TooManyCalls,
    accept,
    answered_of_booking,
    asked_this_week,
    call,
    decline,
    enough,
    lapse,
    mine,
    of_booking,
    table_of,
    to_me,
    withdraw,
)
from serendipity.calls.asking import (
    WEEKLY_CAP,
    Planned,
    end_turns,
    free_to_be_asked,
    owe_missed,
    pass_on,
    plan,
    put,
    waiting,
)
from serendipity.calls.tables import MOST_PEOPLE, TURN, Call, CallAsked

__all__ = [
    "MOST_PEOPLE",
    "TURN",
    "WEEKLY_CAP",
    "Answered",
    "Asked",
    "BadPeople",
    "Call",
    "CallAsked",
    "CallOver",
    "Mine",
    "NoSuchCall",
    "Planned",
    "TooManyCalls",
    "accept",
    "answered_of_booking",
    "asked_this_week",
    "call",
    "decline",
    "end_turns",
    "enough",
    "free_to_be_asked",
    "lapse",
    "mine",
    "of_booking",
    "owe_missed",
    "pass_on",
    "plan",
    "put",
    "table_of",
    "to_me",
    "waiting",
    "withdraw",
]

"""Introductions: a suggestion offered to the people in it; agreed when every one said yes.

Rules kept here: no status column, each side has its own two timestamps; nobody learns of a
one-sided yes or of a no, not even by what disappears: an introduction stays on the other's screen
until its time is over; names, places and addresses leave only through `revealed`, which asks for
all the yeses; unanswered introductions lapse silently, by letter after two days. What follows by
itself (were they met? who is silent? whom does nobody fit?) is in `following`.
"""

from serendipity.introductions.answering import (
    never,
    never_meet,
    offer,
    offer_all,
    offer_each,
    put_forward,
    say_no,
    say_yes,
    undo,
)
from serendipity.introductions.following import (
    owe_reminders,
    owe_words,
    pause_silent,
    silent,
    still_agreed,
)
from serendipity.introductions.looking import (
    Person,
    Revealed,
    how_many_open,
    open_for,
    own_introduction,
    refused_lately,
    revealed,
    whereabouts,
)
from serendipity.introductions.sides import (
    AlreadyAgreed,
    AlreadyOffered,
    Introduction,
    IntroductionOver,
    NoSuchIntroduction,
    NoSuchTime,
    NotAgreed,
    NotAPair,
    Side,
)
from serendipity.introductions.times import calendar_entry, choose_time, proposals

__all__ = [
    "AlreadyAgreed",
    "AlreadyOffered",
    "Introduction",
    "IntroductionOver",
    "NoSuchIntroduction",
    "NoSuchTime",
    "NotAPair",
    "NotAgreed",
    "Person",
    "Revealed",
    "Side",
    "calendar_entry",
    "choose_time",
    "how_many_open",
    "never",
    "never_meet",
    "offer",
    "offer_all",
    "offer_each",
    "open_for",
    "owe_reminders",
    "owe_words",
    "own_introduction",
    "pause_silent",
    "proposals",
    "put_forward",
    "refused_lately",
    "revealed",
    "say_no",
    "say_yes",
    "silent",
    "still_agreed",
    "undo",
    "whereabouts",
]

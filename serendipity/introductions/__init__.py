"""Introductions: a suggestion offered to the people in it; agreed when every one said yes.

Rules kept here: no status column, each side has its own two timestamps; nobody learns of a
one-sided yes or of a no, not even by what disappears: an introduction stays on the other's screen
until its time is over; names, places and addresses leave only through `revealed`, which asks for
all the yeses; unanswered introductions lapse silently.
"""

from serendipity.introductions.answering import (
    never,
    offer,
    offer_all,
    say_no,
    say_yes,
    undo,
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
    NotAgreed,
    NotAPair,
    Side,
)

__all__ = [
    "AlreadyAgreed",
    "AlreadyOffered",
    "Introduction",
    "IntroductionOver",
    "NoSuchIntroduction",
    "NotAPair",
    "NotAgreed",
    "Person",
    "Revealed",
    "Side",
    "how_many_open",
    "never",
    "offer",
    "offer_all",
    "open_for",
    "own_introduction",
    "refused_lately",
    "revealed",
    "say_no",
    "say_yes",
    "undo",
    "whereabouts",
]

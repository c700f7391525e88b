"""Encounters: it happened, and both say so.

Rules kept here: a pair has one spelling; an encounter counts when both timestamps are there; then,
once, the tie grows and each answer that was given is paid on the ledger (unique key). Only the one
who was helped can say so; nobody confirms their own help. What one of them denies is over for
both, without a word about who said it. Within a week either may take back what they said: the
answers are reversed, and the tie is what it was. After a month each is asked once more, gently,
what came of it.

An encounter comes from an introduction, from a call, or is told by hand (see `telling`). Whoever
told one by typing an address learns nothing until the other says so too. By hand, one is paid for
helping the same person once a calendar month (unique ledger key), and rings of people who keep
confirming one another are shown to the concierge (`rings`).
"""

from serendipity.encounters.asking import (
    AGAIN_AFTER,
    AGAIN_UNTIL,
    owe_asking_again,
    owe_did_you_meet,
    still_to_say,
    to_ask_again,
)
from serendipity.encounters.meeting import (
    OUTCOMES,
    Encounter,
    NoSuchEncounter,
    encounter_of,
    known_to,
    meetings,
    own_encounter,
    set_up,
)
from serendipity.encounters.ring import Ring, rings
from serendipity.encounters.saying import (
    ASKED_FOR,
    AlreadyHappened,
    NoSuchOutcome,
    Waiting,
    confirm,
    deny,
    lately,
    say_what_came,
    waiting_for,
)
from serendipity.encounters.taking_back import (
    BACK_WITHIN,
    NotHappened,
    TooLateToTakeBack,
    may_be_taken_back,
    take_back,
)

__all__ = [
    "AGAIN_AFTER",
    "AGAIN_UNTIL",
    "ASKED_FOR",
    "BACK_WITHIN",
    "OUTCOMES",
    "AlreadyHappened",
    "Encounter",
    "NoSuchEncounter",
    "NoSuchOutcome",
    "NotHappened",
    "Ring",
    "TooLateToTakeBack",
    "Waiting",
    "confirm",
    "deny",
    "encounter_of",
    "known_to",
    "lately",
    "may_be_taken_back",
    "meetings",
    "owe_asking_again",
    "owe_did_you_meet",
    "own_encounter",
    "rings",
    "say_what_came",
    "set_up",
    "still_to_say",
    "take_back",
    "to_ask_again",
    "waiting_for",
]

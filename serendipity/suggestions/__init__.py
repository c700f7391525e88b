"""Suggestions: the engine's ideas of who should meet, with the facts that speak for it.

A round looks at a lieu (those present, or, at night, those who want letters) and asks `matching`
for pairs and circles. A suggestion becomes an introduction when it is offered: at once on the
phones of people who are here, by letter at night.

Rules kept here: a pair is suggested once (`suggested_pair` remembers it, one spelling, also for
circles) and released after a month if nobody answered; nobody has more than three introductions
before them, nor more than one wild card a day; who is hidden, in focus, paused or only declared
is left in peace; the arm of each seat on trial and its propensity are logged when the suggestion
is made; nobody is left out without a count of why.
"""

from serendipity.suggestions.ideas import Round, SuggestedPair, Suggestion, SuggestionMember
from serendipity.suggestions.memory import lapse, lieux_due, looked_since
from serendipity.suggestions.recording import record, suggested_pairs
from serendipity.suggestions.rounds import arrival, by_hand, run_round
from serendipity.suggestions.thinking import PER_PERSON, Plan, plan

__all__ = [
    "PER_PERSON",
    "Plan",
    "Round",
    "SuggestedPair",
    "Suggestion",
    "SuggestionMember",
    "arrival",
    "by_hand",
    "lapse",
    "lieux_due",
    "looked_since",
    "plan",
    "record",
    "run_round",
    "suggested_pairs",
]

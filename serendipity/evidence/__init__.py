"""Evidence: what became of introductions, ties and calls, per lieu and for the network.

Counted over introductions that were offered: how many were agreed, met and useful, by the arm of
the trial that made them; ties woven, and those that joined circles with nobody in common; calls
answered in time. Shares come with their interval at 95 %, days being the clusters; below twenty
cases there is none, and it says "not enough data yet".

Rules kept here: a count of one to four is not told, nor any other from which it could be worked
out (`suppression`), be it with another table or with the page of another lieu; what a lieu shows to
everybody covers whole months that are over, so that nobody can watch a figure change; it shows
nothing before it was switched on.
"""

from serendipity.evidence.counting import ARMS, STEPS, Counts, counted
from serendipity.evidence.showing import (
    DICTIONARY,
    SHEET,
    Compared,
    Figure,
    Shown,
    sheet,
    shown,
    shown_together,
    whole_months,
)
from serendipity.evidence.switching import (
    PublicEvidence,
    hide_from_everybody,
    public_since,
    show_to_everybody,
)

__all__ = [
    "ARMS",
    "DICTIONARY",
    "SHEET",
    "STEPS",
    "Compared",
    "Counts",
    "Figure",
    "PublicEvidence",
    "Shown",
    "counted",
    "hide_from_everybody",
    "public_since",
    "sheet",
    "show_to_everybody",
    "shown",
    "shown_together",
    "whole_months",
]

"""The coworker: who could help me and whom could I help, and all that is mine.

One blueprint; its views stand in modules named for what they are about: `here` (the room, now),
`meeting` (introductions and encounters), `telling` (whom one met, and what came of it), `account`
(one's ledger), `by_letter` (how often, and when to meet), `asking` (calls and needs), `seats` (kept
ahead), `care` (a pause, a private note, never meeting somebody), `me` (everything kept about me).
A GET changes nothing; an answer is a button, and what it is answered with does not depend on what
anybody else said before all said yes.
"""

from flask import Blueprint

blueprint = Blueprint("coworker", __name__)

# The views register themselves on the blueprint above, so they can only come after it.
from serendipity.web.coworker import (  # noqa: E402, F401
    account,
    asking,
    by_letter,
    care,
    here,
    me,
    meeting,
    seats,
    stories,
    telling,
)

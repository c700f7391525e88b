"""The door: a screen with a code that changes by itself, and check-in without a phone.

One blueprint; its views stand in modules named for what they are about: `paired` (which screen is
this, and its cookie), `screen` (what it shows), `no_phone` (a check-in typed on it), `kept` (those
it kept while the line was down) and `poster` (the sheet for where no screen can hang). The screen's
cookie holds a random token and no person's session.
"""

from flask import Blueprint

blueprint = Blueprint("kiosk", __name__, url_prefix="/kiosk")

# The views register themselves on the blueprint above, so they can only come after it.
from kiosk import kept, no_phone, paired, poster, screen  # noqa: E402, F401

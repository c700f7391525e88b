"""What a check-in asks, the same on a phone and on the screen at the door.

The form takes everything as typed; the rules of the domain check it. The times one may stay until
are instants, as seconds since 1970, so that no form has to know the lieu's time zone.
"""

from __future__ import annotations

from datetime import UTC, datetime

from flask_babel import gettext
from wtforms import BooleanField, RadioField, StringField

from serendipity import arrivals, hours, presence
from serendipity.db import reading
from serendipity.lieux import Lieu
from serendipity.web import forms, walltime


class CheckIn(forms.Form):
    """Everything a check-in asks."""

    name = StringField()
    email = StringField()
    skills = StringField()
    need = StringField()
    until = RadioField(validate_choice=False)
    here_today = BooleanField()
    by_mail = BooleanField()
    other_lieux = BooleanField()
    digits = StringField()  # only shown when the pass has run out

    def choices_made(self) -> arrivals.Choices:
        return arrivals.Choices(**{name: bool(self[name].data) for name in arrivals.SWITCHES})

    def until_when(self) -> datetime:
        """The instant chosen; what is no instant has passed."""
        return instant(str(self.until.data or ""))

    def offer_times(self, lieu: Lieu, *, at: datetime, chosen: str = "") -> datetime:
        """Put the sensible ends of a stay into the form; closing time.

        What was chosen stays chosen; before that, the last but closing time, or "closing".
        """
        *times, closing = hours.stays(reading(), lieu=lieu, at=at)
        self.until.choices = [
            *((value_of(time), walltime.wall(time, lieu.timezone)) for time in times),
            (value_of(closing), gettext("Close")),
        ]
        if self.until.data not in dict(self.until.choices):
            last = times[-1] if times and chosen != "closing" else closing
            self.until.data = value_of(last)
        return closing


def instant(given: str) -> datetime:
    """The instant that a choice stands for.

    Raises
    ------
    presence.BadUntil
        It stands for none.
    """
    if not given.isascii() or not given.isdecimal() or len(given) > 11:
        raise presence.BadUntil(field="until", until=given[:20])
    return datetime.fromtimestamp(int(given), UTC)


def value_of(until: datetime) -> str:
    """How a choice spells an instant."""
    return str(int(until.timestamp()))

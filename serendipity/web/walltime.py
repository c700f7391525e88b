"""Wall time: instants as the clock and the calendar of a lieu show them, for templates.

`{{ stay.until|wall(lieu.timezone) }}` is "16:30"; `{{ at|day(lieu.timezone) }}` is "Thursday 26
March", in the language of the page; `|dated` tells the year too, for what is longer ago.
"""

from __future__ import annotations

from datetime import date, datetime

from babel.dates import format_date
from flask import Flask
from flask_babel import get_locale

from serendipity import clock


def wall(instant: datetime, zone: str) -> str:
    """Hours and minutes on the lieu's wall, as people here write them: 16:30."""
    return clock.local(instant, zone).strftime("%H:%M")


def day(instant: datetime, zone: str) -> str:
    """Weekday, day and month of the lieu's calendar, in the language of the page."""
    local = clock.local(instant, zone)
    # The same order suits our three languages: Thursday 26 March, jeudi 26 mars, donderdag 26 maart
    return str(format_date(local, "EEEE d MMMM", locale=get_locale()))


def written_day(on: date) -> str:
    """A date of the calendar, as `day` writes it."""
    return str(format_date(on, "EEEE d MMMM", locale=get_locale()))


def dated(instant: datetime, zone: str) -> str:
    """The date of the lieu's calendar with its year: 26 March 2026."""
    return str(format_date(clock.local(instant, zone), "d MMMM y", locale=get_locale()))


def init_app(app: Flask) -> None:
    app.add_template_filter(dated)
    app.add_template_filter(wall)
    app.add_template_filter(day)
    app.add_template_filter(written_day)

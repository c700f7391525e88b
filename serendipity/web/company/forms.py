"""The forms of the company: finding a room, founding an organisation, naming a colleague."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import get_locale
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, StringField
from wtforms.validators import AnyOf, NumberRange

from serendipity import clock, registers
from serendipity.errors import Invalid
from serendipity.web.language import LANGUAGES

LENGTHS = (15, 30, 60, 90, 120, 180, 240, 360, 480, 720)  # minutes
MOST_PEOPLE = 10_000


class NotATime(Invalid):
    """A start that no clock shows. Facts: field, given."""


class Search(FlaskForm):
    """A room: when, for how many, how long. A GET form, so without a token."""

    class Meta:
        csrf = False

    date = DateField(_("Date"))
    people = IntegerField(
        _("People"),
        validators=[NumberRange(1, MOST_PEOPLE, message=_("From one person to ten thousand."))],
    )
    length = IntegerField(
        _("Length"),
        validators=[AnyOf(range(15, 24 * 60 + 1, 15), message=_("Choose a length from the list."))],
    )
    access = StringField(_("Access"))

    def __init__(self, given: Any, **facts: Any) -> None:
        super().__init__(formdata=given, **facts)

    @property
    def lengths(self) -> list[tuple[int, str]]:
        """What can be chosen; a booking of an odd length keeps its own when it is moved."""
        own = {self.length.data} if isinstance(self.length.data, int) else set()
        return [(minutes, length_words(minutes)) for minutes in sorted({*LENGTHS, *own})]

    accesses = (("any", _("Any")), ("step-free", _("Step-free only")))

    def is_right(self) -> bool:
        """Validate, in our own words."""
        right = bool(self.validate())
        if self.date.errors:
            self.date.errors = [_("This is not a date yet: 2026-03-31, for instance.")]
        if self.people.errors and not isinstance(self.people.data, int):
            self.people.errors = [_("How many come? A number.")]
        if self.length.errors:
            self.length.errors = [_("Choose a length from the list.")]
            self.length.data = None
        return right

    @property
    def duration(self) -> timedelta:
        return timedelta(minutes=self.length.data)


class Hold(FlaskForm):
    """What a choice of a start says; the price is not among it."""

    date = StringField()
    start = StringField()
    length = StringField()
    people = StringField()
    organisation = StringField()


class Start:
    """A start as a form carries it: "14:00", or "02:30-1" for the second of two."""

    @staticmethod
    def written(at: datetime, zone: str) -> str:
        local = clock.local(at, zone)
        other = local.replace(fold=1 - local.fold)
        twice = other.utcoffset() != local.utcoffset()
        return f"{local:%H:%M}-{local.fold}" if twice else f"{local:%H:%M}"

    @staticmethod
    def read(day: date, given: str, zone: str) -> datetime:
        """The instant.

        Raises
        ------
        NotATime
            It cannot be read.
        AmbiguousTimeError, NonexistentTimeError
            The clock changes there.
        """
        wall, _, fold = given.partition("-")
        try:
            shown = time.fromisoformat(wall)
        except ValueError as error:
            raise NotATime(field="start", given=given[:20]) from error
        if fold not in ("", "0", "1") or shown.tzinfo is not None or len(wall) != 5:
            raise NotATime(field="start", given=given[:20])
        return clock.instant(day, shown, zone, fold=int(fold) if fold else None)


class Founding(FlaskForm):
    """An organisation. The rules of the domain check it."""

    name = StringField(_("Name"))
    email = StringField(_("Email for invoices"))
    address = StringField(_("Address on the invoice"))
    postcode = StringField(_("Postcode"))
    city = StringField(_("City"))
    country = StringField(_("Country"), default="FR")
    siret = StringField(_("SIREN or SIRET"))
    vat_number = StringField(_("VAT number"))
    language = StringField(_("Language of letters and invoices"))
    languages = tuple(LANGUAGES.items())

    @staticmethod
    def countries() -> list[tuple[str, str]]:
        """Every country, in the reader's language."""
        return list(registers.countries(str(get_locale())).items())

    def facts(self) -> dict[str, str]:
        """What was typed, for the rules to check."""
        said = ("name", "email", "address", "postcode", "city", "country", "siret", "vat_number")
        return {name: self[name].data or "" for name in (*said, "language")}


class Joining(FlaskForm):
    """Somebody who is new here, and comes for a company."""

    name = StringField(_("Your name"))
    email = StringField(_("Your email"))


class Colleague(FlaskForm):
    name = StringField(_("Their name"))
    email = StringField(_("Their email"))
    role = StringField(_("They may"))
    roles = (
        ("see", _("see bookings and the skill map")),
        ("book", _("also book, move and cancel")),
        ("pay", _("also say who is in, and pay")),
    )


class Question(FlaskForm):
    """Ten minutes of somebody's time."""

    words = StringField(_("Your question, in a line"))
    about = StringField()


def length_words(minutes: int) -> str:
    """ "1 h 30", "half a day": what people say."""
    if minutes == 240:
        return str(_("Half a day"))
    hours, rest = divmod(minutes, 60)
    if not hours:
        return str(_("%(num)s minutes", num=rest))
    if rest:
        return str(_("%(hours)s h %(minutes)s", hours=hours, minutes=f"{rest:02d}"))
    return str(_("1 hour")) if hours == 1 else str(_("%(num)s hours", num=hours))

"""Wording: what an invoice says, in the language of who pays, fixed when it is issued."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

from babel.dates import format_date, format_time
from babel.numbers import format_currency
from babel.support import NullTranslations, Translations

from serendipity import clock
from serendipity.config import ROOT

# English as in Europe: 25 April and 14:00.
LOCALES: Final = {"en": "en_GB", "fr": "fr", "nl": "nl"}


@cache
def of(language: str) -> NullTranslations:
    """The catalogue of a language; of English, which the code is written in, an empty one."""
    return Translations.load(str(ROOT / "translations"), [language])


def money(cents: int, currency: str, language: str) -> str:
    return str(format_currency(Decimal(cents) / 100, currency, locale=LOCALES[language]))


def rate(points: int) -> str:
    """Basis points as a percentage: 2000 is "20 %", 550 is "5.5 %"."""
    return f"{(Decimal(points) / 100).normalize():f}\u00a0%"


def day(given: date, language: str) -> str:
    return str(format_date(given, "long", locale=LOCALES[language]))


def span(starts_at: datetime, ends_at: datetime, zone: str, language: str) -> dict[str, str]:
    """An interval on a lieu's wall clock. Both ends tell their day only when it is another one."""
    first, last = clock.local(starts_at, zone), clock.local(ends_at, zone)
    end = format_time(last, "short", locale=LOCALES[language])
    if first.date() != last.date():
        end = f"{day(last.date(), language)}, {end}"
    return {
        "day": str(format_date(first.date(), "full", locale=LOCALES[language])),
        "start": str(format_time(first, "short", locale=LOCALES[language])),
        "end": str(end),
    }


def room_line(facts: dict[str, Any], language: str, *, late: bool) -> str:
    """What a line sells: a room for some time, or having cancelled it late."""
    gettext = of(language).gettext
    said = {name: facts[name] for name in ("room", "lieu", "day", "start", "end")}
    if late:
        message = gettext(
            "Late cancellation of the room %(room)s, %(lieu)s, %(day)s, %(start)s to %(end)s"
        )
    else:
        message = gettext("Room %(room)s, %(lieu)s, %(day)s, %(start)s to %(end)s")
    return str(message % said)


def not_taxed(language: str) -> str:
    """Why no VAT is charged: the seller is below the threshold at which it begins."""
    gettext = of(language).gettext
    return str(gettext("VAT not applicable, article 293 B of the French tax code (CGI)"))


def exempt(language: str) -> str:
    gettext = of(language).gettext
    return str(gettext("Exempt from VAT"))


def law(language: str) -> dict[str, str]:
    """What French law wants on an invoice between companies, by the subject code of each note."""
    gettext = of(language).gettext
    return {
        "PMT": str(gettext("Fixed compensation for the costs of recovery: 40 €.")),
        "PMD": str(gettext("Penalty for late payment: three times the legal rate of interest.")),
        "AAB": str(gettext("No discount for early payment.")),
    }


def terms(due_on: date | None, language: str, *, paid: bool, credit: bool) -> str:
    """When what is due is due."""
    gettext = of(language).gettext
    if credit:
        return str(gettext("To be set off or paid back."))
    if paid:
        return str(gettext("Paid by card."))
    return str(gettext("Payable by %(day)s.") % {"day": day(due_on, language)}) if due_on else ""

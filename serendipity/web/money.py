"""Money: integer cents, as the reader's language writes them: 57.60 €, 57,60 €."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_currency
from flask_babel import get_locale


def money(cents: int, currency: str) -> str:
    """An amount with two decimals and its currency; `1234` and `EUR` are "€12.34" in English."""
    return str(format_currency(Decimal(cents) / 100, currency, locale=get_locale()))


def percent(points: int) -> str:
    """Basis points as a percentage without needless zeros: 2000 is "20 %", 550 is "5.5 %"."""
    number = (Decimal(points) / 100).normalize()
    return f"{number:f}\u00a0%"

"""Registers: the numbers under which companies, countries and bank accounts are known.

Rules kept here: a SIREN, SIRET, VAT number of the European Union or IBAN has the length and the
check digits that its register gives; a country is two letters of ISO 3166-1. Whether a number was
ever given out is for the register to know: nobody is asked over the network.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from babel import Locale

from serendipity.errors import Invalid

# Babel also names what is no country: the world, the euro zone, islands that are parts of others.
NO_COUNTRY: Final = frozenset(
    ("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ")
)


class WrongSiret(Invalid):
    """Neither a SIREN nor a SIRET. Facts: field, given, digits (how many there were), why
    ("length", "digits" or "sum")."""


class WrongVatNumber(Invalid):
    """Facts: field, given."""


class WrongCountry(Invalid):
    """Not the two letters of a country. Facts: field, given."""


class WrongIban(Invalid):
    """Not the number of a bank account. Facts: field, given."""


def plain_siret(given: str) -> str:
    """The fourteen digits of a SIRET or the nine of a SIREN, without spaces; or nothing.

    Raises
    ------
    WrongSiret
        Neither nine nor fourteen, or the check digit says that one is wrong.
    """
    compact = "".join(given.split()).replace(".", "").replace("-", "")
    if not compact:
        return ""
    # Late: the numbers of all countries cost a web process 1.5 MB, and few ever found anything.
    from stdnum import exceptions as stdnum  # noqa: PLC0415
    from stdnum.fr import siren, siret  # noqa: PLC0415

    facts = {"field": "siret", "given": given, "digits": len(compact)}
    if not (compact.isascii() and compact.isdigit()):
        raise WrongSiret(**facts, why="digits")
    if len(compact) not in (9, 14):
        raise WrongSiret(**facts, why="length")
    try:
        return str((siren if len(compact) == 9 else siret).validate(compact))
    except stdnum.ValidationError as error:
        raise WrongSiret(**facts, why="sum") from error


def plain_country(given: str) -> str:
    """The two letters of a country (ISO 3166-1), in capitals.

    Raises
    ------
    WrongCountry
    """
    letters = given.strip().upper()
    if letters not in countries():
        raise WrongCountry(field="country", given=given[:40])
    return letters


@cache
def countries(language: str = "en") -> dict[str, str]:
    """Country letters → name, in the order of the names."""
    names = Locale.parse(language).territories
    # Babel also knows groups and what is reserved: the world, the euro zone, outlying Oceania.
    known = {
        letters: name
        for letters, name in names.items()
        if len(letters) == 2 and letters.isalpha() and letters not in NO_COUNTRY
    }
    return dict(sorted(known.items(), key=lambda one: str(one[1])))


def plain_vat_number(given: str) -> str:
    """A VAT number of a country of the European Union, country letters first, or nothing.

    Raises
    ------
    WrongVatNumber
    """
    if not given.strip():
        return ""
    from stdnum import exceptions as stdnum  # noqa: PLC0415 - late, as above
    from stdnum.eu import vat as eu_vat  # noqa: PLC0415

    try:
        return str(eu_vat.validate(given))
    except stdnum.ValidationError as error:
        raise WrongVatNumber(field="vat_number", given=given) from error


def plain_iban(given: str) -> str:
    """An IBAN without spaces, or nothing.

    Raises
    ------
    WrongIban
    """
    if not given.strip():
        return ""
    from stdnum import exceptions as stdnum  # noqa: PLC0415 - late, as above
    from stdnum import iban  # noqa: PLC0415

    try:
        return str(iban.validate(given))
    except stdnum.ValidationError as error:
        raise WrongIban(field="iban", given=given[:40]) from error

"""Words: what people type in one line, such as a skill, a need or a name.

Rules kept here: words are kept as typed, with single spaces; a line has an end (240 characters,
unless said otherwise); characters that no screen can show, such as NUL or half a surrogate pair,
are refused, because PostgreSQL cannot keep them and nobody typed them on purpose.
"""

from __future__ import annotations

from serendipity.errors import Invalid

MOST = 240


class WordsTooLong(Invalid):
    """Facts: field, most, length."""


class WordsUnreadable(Invalid):
    """Holds characters that cannot be shown. Fact: field."""


class WordsMissing(Invalid):
    """Something has to be said here. Fact: field."""


def line(given: str, *, field: str, most: int = MOST) -> str:
    """One line of words, possibly empty.

    Raises
    ------
    WordsTooLong
        More than `most` characters.
    WordsUnreadable
        NUL, or half of a surrogate pair.
    """
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in given):
        raise WordsUnreadable(field=field)
    plain = " ".join(given.split())
    if len(plain) > most:
        raise WordsTooLong(field=field, most=most, length=len(plain))
    return plain


def said(given: str, *, field: str, most: int = MOST) -> str:
    """One line of words that must not be empty.

    Raises
    ------
    WordsMissing
        Nothing but spaces.
    """
    plain = line(given, field=field, most=most)
    if not plain:
        raise WordsMissing(field=field)
    return plain

"""Sheets: tables as CSV that a spreadsheet opens without running anything.

A cell of words that begins like a formula gets an apostrophe before it; numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The table in words, with a line of names first (RFC 4180).

    Examples
    --------
    >>> print(as_csv(["what", "n"], [["=1+1", -2], [None, 3]]))
    what,n\r
    '=1+1,-2\r
    ,3\r
    <BLANKLINE>
    """
    written = io.StringIO()
    sheet = csv.writer(written)
    sheet.writerow(columns)
    sheet.writerows([_cell(value) for value in row] for row in rows)
    return written.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value

"""A table: a CSV file with commas, in UTF-8, whose first line names its columns.

It is read a line at a time, so memory does not grow with the file; still, a file above the limit
is refused before it is opened, because it goes into one transaction. A byte order mark, which
Excel writes, is no part of the first column's name.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from serendipity.errors import Invalid

MOST_BYTES: Final = 50_000_000
LONGEST_LINE: Final = 100_000
SEPARATORS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}


class UnreadableTable(Invalid):
    """The file is not the table it should be. Facts: path, why, and line when there is one."""

    def __str__(self) -> str:
        line = f", line {self.facts['line']}" if self.facts.get("line") else ""
        return f"{self.facts['path']}{line}: {self.facts['why']}; nothing was imported"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line on which it begins in the file, and its cells by column, trimmed.

    `odd` says why the row cannot be used as it is (empty: it can).
    """

    line: int
    cells: dict[str, str]
    odd: str = ""

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def columns(path: Path) -> list[str]:
    """The names in the first line.

    Raises
    ------
    UnreadableTable
    """
    with _opened(path) as file:
        return _header(path, csv.reader(_lines(path, file), strict=True))


def rows(path: Path, *, needed: Sequence[str]) -> Iterator[Row]:
    """The rows of the table, one at a time.

    Raises
    ------
    UnreadableTable
        Missing, too large, not UTF-8, not separated by commas, without a needed column, or with a
        quote that is never closed.
    """
    with _opened(path) as file:
        reader = csv.reader(_lines(path, file), strict=True)
        names = _header(path, reader)
        missing = [name for name in needed if name not in names]
        if missing:
            found = ", ".join(names)[:200]
            raise UnreadableTable(
                path=path, line=1, why=f"no column {', '.join(missing)} (found: {found})"
            )
        before = reader.line_num
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise UnreadableTable(path=path, line=before + 1, why=_plain(error)) from error
            if any(cell.strip() for cell in cells):
                yield _row(before + 1, names, cells)
            before = reader.line_num


def _row(line: int, names: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(names):
        return Row(line, {}, f"{len(cells)} cells where the first line names {len(names)}")
    trimmed = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
    odd = next((name for name, cell in trimmed.items() if not _is_printable(cell)), None)
    return Row(line, trimmed, f"{odd}: control characters" if odd else "")


def _is_printable(cell: str) -> bool:
    """A line break inside a quoted cell is fine; what a terminal or a header obeys is not."""
    return all(ord(c) >= 32 and ord(c) != 127 for c in cell if c not in "\n\r\t")


def _opened(path: Path) -> BinaryIO:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            why = f"{size // 1_000_000} MB; at most {MOST_BYTES // 1_000_000} MB at a time"
            raise UnreadableTable(path=path, why=why)
        return path.open("rb")
    except OSError as error:
        raise UnreadableTable(path=path, why=(error.strerror or str(error)).lower()) from error


def _lines(path: Path, file: BinaryIO) -> Iterator[str]:
    """The file's lines as text: a wrong byte is told with its line, which a decoder could not."""
    number = 0
    while raw := file.readline(LONGEST_LINE + 1):
        number += 1
        if number == 1:
            if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise UnreadableTable(path=path, why="UTF-16 text; save the file as UTF-8")
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if len(raw) > LONGEST_LINE:
            why = f"longer than {LONGEST_LINE} characters: is this a CSV file?"
            raise UnreadableTable(path=path, line=number, why=why)
        if b"\0" in raw:
            raise UnreadableTable(path=path, line=number, why="a NUL byte: is this a CSV file?")
        try:
            yield raw.decode("utf-8")
        except UnicodeDecodeError as error:
            why = f"byte 0x{raw[error.start]:02x} is not UTF-8 text; save the file as UTF-8"
            raise UnreadableTable(path=path, line=number, why=why) from error


def _header(path: Path, reader: Iterator[list[str]]) -> list[str]:
    try:
        names = [name.strip() for name in next(reader)]
    except StopIteration:
        raise UnreadableTable(path=path, why="the file is empty") from None
    except csv.Error as error:
        raise UnreadableTable(path=path, line=1, why=_plain(error)) from error
    if len(names) == 1:
        for mark, word in SEPARATORS.items():
            if mark in names[0]:
                raise UnreadableTable(
                    path=path, line=1, why=f"columns are separated by {word}, not by commas"
                )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UnreadableTable(path=path, line=1, why=f"the column {twice!r} is there twice")
    return names


def _plain(error: csv.Error) -> str:
    if "unexpected end of data" in str(error):
        return "a quote opens here and is never closed"
    return str(error)

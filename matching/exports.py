"""Exports: people, ties and askings as the files that any community can write.

People are one JSON object a line, ties and askings are CSV with a header. A line that cannot be
read stops with its file and number. Ids of a CSV are texts; where the people's file has numbers,
"7" finds 7. An instant without a time zone is read as UTC, because exports seldom say.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

from matching.errors import MatchingError
from matching.people import Asked, Id, Need, Person, Skill, Tie

Row = TypeVar("Row")


class MalformedLineError(MatchingError):
    """A line of a file cannot be used."""

    def __init__(self, file: str, line: int, what: str) -> None:
        self.file, self.line, self.what = file, line, what
        super().__init__(f"{file}, line {line}: {what}")


def objects(lines: Iterable[str], file: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, object) for every line that is not blank."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.removeprefix("\ufeff"))
        except (ValueError, RecursionError) as error:
            raise MalformedLineError(file, number, f"not JSON ({error})") from None
        if not isinstance(row, dict):
            raise MalformedLineError(file, number, "not a JSON object")
        yield number, row


def people(lines: Iterable[str], file: str) -> tuple[list[Person], list[Id]]:
    """Return all people of a file and the ids of those who are present."""
    found, present = [], []
    for number, row in objects(lines, file):
        try:
            found.append(person(row))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise MalformedLineError(file, number, _told(error)) from None
        if row.get("present", True):
            present.append(found[-1].id)
    return found, present


def person(row: dict[str, Any]) -> Person:
    """Return the person of one line; what is absent is unknown."""
    until = row.get("until")
    visible = row.get("visible", False)
    return Person(
        _id(row["id"]),
        skills=tuple(skill(value) for value in row.get("skills") or ()),
        needs=tuple(need(value) for value in row.get("needs") or ()),
        languages=tuple(str(code) for code in row.get("languages") or ()),
        organisation=row.get("organisation"),
        cap=row.get("cap", 1),
        weekly=row.get("weekly"),
        until=None if until is None else when(until),
        paused=bool(row.get("paused", False)),
        blocked=frozenset(row.get("blocked") or ()),
        avoids_own_organisation=bool(row.get("avoids_own_organisation", False)),
        visible=visible if isinstance(visible, bool) else frozenset(visible),
        received=row.get("received"),
    )


def skill(value: Any) -> Skill:
    """Return a skill from a text or an object."""
    if isinstance(value, str):
        return Skill(value)
    return Skill(
        _text(value), value.get("concept"), value.get("level", 1.0), value.get("shown", True)
    )


def need(value: Any) -> Need:
    """Return a need from a text or an object."""
    if isinstance(value, str):
        return Need(value)
    return Need(
        _text(value), value.get("concept"), value.get("urgency", 1.0), value.get("shown", True)
    )


def _text(value: Any) -> str:
    text = value["text"]
    if not isinstance(text, str):
        raise TypeError("a text is needed")
    return text


def _id(value: Any) -> Id:
    if not isinstance(value, (str, int)):
        raise TypeError("an id is a text or a whole number")
    return value


def when(text: str) -> datetime:
    """Return an instant; without a time zone it is UTC."""
    at = datetime.fromisoformat(text.strip())
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def ties(lines: Iterable[str], file: str, ids: Iterable[Id]) -> list[Tie]:
    """Return the ties of a CSV with columns a, b, at[, kind][, weight]."""

    def tie(row: dict[str, str], name: Callable[[str], Id]) -> Tie:
        kind = (row.get("kind") or "met").strip()
        weight = float(row.get("weight") or 1.0)
        return Tie(name(row["a"]), name(row["b"]), when(row["at"]), kind, weight)

    return _rows(lines, file, ids, tie)


def asked(lines: Iterable[str], file: str, ids: Iterable[Id]) -> list[Asked]:
    """Return the askings of a CSV with columns a, b, at."""

    def asking(row: dict[str, str], name: Callable[[str], Id]) -> Asked:
        return Asked(name(row["a"]), name(row["b"]), when(row["at"]))

    return _rows(lines, file, ids, asking)


def _rows(
    lines: Iterable[str],
    file: str,
    ids: Iterable[Id],
    made: Callable[[dict[str, str], Callable[[str], Id]], Row],
) -> list[Row]:
    named = {str(id): id for id in ids}
    table = csv.DictReader(line.removeprefix("\ufeff").replace("\0", "") for line in lines)
    if not {"a", "b", "at"} <= set(table.fieldnames or ()):
        raise MalformedLineError(file, 1, "the columns a, b and at are needed")
    found = []
    for row in table:
        try:
            found.append(made(row, lambda text: named.get(text.strip(), text.strip())))
        except (TypeError, ValueError, AttributeError, csv.Error) as error:
            raise MalformedLineError(file, table.line_num, _told(error)) from None
    return found


def _told(error: Exception) -> str:
    return f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)

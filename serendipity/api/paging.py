"""Paging: a list that can grow comes in pages, each with the cursor of the next.

A cursor holds the sort key of the last item shown, not a count: what is added or goes away in
between neither repeats nor skips anything. It is opaque to clients and tells no number of a row.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import Annotated, TypeVar

from msgspec import Meta

from serendipity.api.shapes import In, Page
from serendipity.errors import Invalid

Row = TypeVar("Row")
Item = TypeVar("Item")
SortKey = tuple[int | str, str]

Cursor = Annotated[str, Meta(max_length=400, description="`next` of the page before.")]
Limit = Annotated[int, Meta(ge=1, le=100, description="How many items a page holds at most.")]


class Paged(In):
    cursor: Cursor = ""
    limit: Limit = 50


class BadCursor(Invalid):
    """Not a cursor that we gave. Fact: field."""


def page(
    rows: Iterable[Row],
    asked: Paged,
    *,
    key: Callable[[Row], SortKey],
    shape: Callable[[Row], Item],
    newest_first: bool = False,
) -> Page[Item]:
    """The page that was asked for; `key` orders the rows and is different for each of them.

    Raises
    ------
    BadCursor
    """
    ordered = sorted(rows, key=key, reverse=newest_first)
    if asked.cursor:
        last = _key_of(asked.cursor, ordered[0:1], key)
        ordered = [row for row in ordered if (key(row) < last if newest_first else key(row) > last)]
    shown = ordered[: asked.limit]
    more = _cursor_of(key(shown[-1])) if len(ordered) > len(shown) else None
    return Page(items=[shape(row) for row in shown], next=more)


def _cursor_of(key: SortKey) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _key_of(cursor: str, sample: list[Row], key: Callable[[Row], SortKey]) -> SortKey:
    """The sort key in a cursor, if it is of the kind that this list is ordered by."""
    try:
        first, second = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError) as error:
        raise BadCursor(field="cursor") from error
    kinds = [type(key(row)[0]) for row in sample] or [type(first)]
    if type(first) not in kinds or type(first) not in (int, str) or type(second) is not str:
        raise BadCursor(field="cursor")
    return first, second

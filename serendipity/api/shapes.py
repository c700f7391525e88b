"""Shapes: what goes in and what comes out, said once for checking, writing and describing.

A shape is a msgspec struct. What comes in is refused when a field is unknown, missing, of another
type or out of bounds; the same declaration is the schema in the description. Instants are RFC 3339
in UTC, money is integer cents with its currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
from msgspec import Meta

from serendipity.errors import Invalid
from serendipity.rooms import Price

# PostgreSQL keeps no NUL, and nobody types one; a lone surrogate is refused by the decoder.
NO_NUL: Final = "^[^\\u0000]*$"
FIRST, LAST = date(2000, 1, 1), date(2199, 12, 31)  # dates that arithmetic cannot push off the end

Text = Annotated[str, Meta(max_length=4000, pattern=NO_NUL)]
Line = Annotated[str, Meta(min_length=1, max_length=240, pattern=NO_NUL)]
Id = Annotated[str, Meta(min_length=1, max_length=80, pattern=NO_NUL, description="A public id.")]
Slug = Annotated[str, Meta(min_length=1, max_length=80, pattern=NO_NUL)]
People = Annotated[int, Meta(ge=1, le=10_000)]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339, with its offset.")]
Day = Annotated[date, Meta(description="A date on the lieu's calendar.")]


class In(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a request may say; a field that is not listed is refused."""


class Out(msgspec.Struct, kw_only=True):
    """What an answer says."""


class Nothing(In):
    """An empty object; no body at all means the same."""


class Money(Out):
    """An amount before and after VAT, in integer cents."""

    net_cents: int
    vat_cents: int
    gross_cents: int
    currency: str


Item = TypeVar("Item")


class Page(Out, Generic[Item]):
    """Some of a list. `next` is the cursor of the following page; null: this is the end."""

    items: list[Item]
    next: str | None = None


class NotReadable(Invalid):
    """What was given does not have the shape. Facts: field, detail."""


class OutOfTime(Invalid):
    """No instant or date that a lieu lives in. Facts: field, detail."""


def money(price: Price, currency: str) -> Money:
    return Money(
        net_cents=price.net_cents,
        vat_cents=price.vat_cents,
        gross_cents=price.gross_cents,
        currency=currency,
    )


def whole(items: Sequence[Item]) -> Page[Item]:
    """A list that does not grow, on one page."""
    return Page(items=list(items))


def in_time(given: Any) -> Any:
    """The same shape with every instant in UTC.

    Raises
    ------
    OutOfTime
        Too far away to reckon with.
    """
    changed: dict[str, Any] = {}
    for field in given.__struct_fields__:
        value = getattr(given, field)
        if isinstance(value, datetime):
            changed[field] = _in_utc(value, field)
        elif isinstance(value, date) and not FIRST <= value <= LAST:
            raise _out_of_time(field)
    return msgspec.structs.replace(given, **changed) if changed else given


def _in_utc(value: datetime, field: str) -> datetime:
    if not FIRST <= value.date() <= LAST:
        raise _out_of_time(field)
    return value.astimezone(UTC)


def _out_of_time(field: str) -> OutOfTime:
    return OutOfTime(field=field, detail=f"Expected a date between {FIRST} and {LAST}.")

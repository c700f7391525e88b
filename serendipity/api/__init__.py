"""The JSON API under /api/v1, with bearer tokens: one module for each noun.

`endpoints` holds the declarations, `shapes` what goes in and out, `actors` whom a token acts for,
`description` prints the OpenAPI document. Refusals are RFC 9457 problem details (`web.errors`).
"""

from serendipity.api import actors
from serendipity.api.endpoints import blueprint

# The nouns register their endpoints on the blueprint, so they can only come after it.
from serendipity.api import (  # isort: skip
    approvals,
    bookings,
    calls,
    check_ins,
    description,
    encounters,
    introductions,
    invoices,
    ledger,
    lieux,
    me,
    needs,
    presences,
    rooms,
    rules,
    seats,
    series,
    suggestions,
    waits,
)

__all__ = [
    "approvals",
    "blueprint",
    "bookings",
    "calls",
    "check_ins",
    "description",
    "encounters",
    "introductions",
    "invoices",
    "ledger",
    "lieux",
    "me",
    "needs",
    "presences",
    "rooms",
    "rules",
    "seats",
    "series",
    "suggestions",
    "waits",
]

blueprint.record_once(lambda state: actors.init_app(state.app))  # type: ignore[arg-type]

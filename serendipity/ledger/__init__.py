"""The ledger of social capital: append-only, and capital moves but never appears.

A transaction is a handful of transfers, each from one account to another: a transfer cannot but
sum to zero, so neither can the ledger, on either database, without a trigger that adds up. There
is no balance column; a balance is a sum. Rows are never changed or deleted (triggers refuse it);
a mistake is reversed, once, within a week.

A stay pledges an answer: the member's account gives to the lieu's commons. An answer given, once
the one who was helped confirms it, brings it back. Who could not answer is forgiven; who has more
than they promised may give it on. Nobody is charged for having been helped.
"""

from serendipity.ledger.balances import (
    Line,
    Month,
    Week,
    balance,
    balance_of,
    promised,
    statement,
    this_month,
    total,
)
from serendipity.ledger.journal import (
    KINDS,
    RETURN_OF,
    RETURNS,
    SERVICES,
    Account,
    Transaction,
    Transfer,
)
from serendipity.ledger.posting import (
    AlreadyPosted,
    AlreadyReversed,
    BadAmount,
    BadKey,
    NoSuchTransaction,
    NotEnough,
    NothingPromised,
    NoTransfers,
    NotYourself,
    ReversalStays,
    TooLateToReverse,
    account_of,
    answer,
    forgive,
    give,
    pledge,
    post,
    reverse,
    thank,
)

__all__ = [
    "KINDS",
    "RETURNS",
    "RETURN_OF",
    "SERVICES",
    "Account",
    "AlreadyPosted",
    "AlreadyReversed",
    "BadAmount",
    "BadKey",
    "Line",
    "Month",
    "NoSuchTransaction",
    "NoTransfers",
    "NotEnough",
    "NotYourself",
    "NothingPromised",
    "ReversalStays",
    "TooLateToReverse",
    "Transaction",
    "Transfer",
    "Week",
    "account_of",
    "answer",
    "balance",
    "balance_of",
    "forgive",
    "give",
    "pledge",
    "post",
    "promised",
    "reverse",
    "statement",
    "thank",
    "this_month",
    "total",
]

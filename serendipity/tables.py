"""Every noun that has tables, imported once, so that the metadata is whole (migrations, tests)."""

from serendipity import (  # noqa: F401
    arrivals,
    audit,
    bookings,
    calls,
    consent,
    encounters,
    evidence,
    hours,
    idempotency,
    introductions,
    invoices,
    kiosks,
    ledger,
    lieux,
    limits,
    mail,
    members,
    needs,
    organisations,
    passkeys,
    presence,
    residents,
    rhythms,
    rooms,
    rules,
    runs,
    seats,
    setup,
    shifts,
    signin,
    skillmap,
    skills,
    slots,
    suggestions,
    ties,
    tokens,
)
from serendipity.db import Base
from serendipity.postures import post  # noqa: F401

metadata = Base.metadata

"""The journal: accounts, transactions, transfers, and the triggers that keep the past as it is."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from serendipity.db import Base, Key, PublicId

KINDS: Final = (
    "pledge", "answer", "promotion", "service", "gift", "forgiveness", "reversal",
)  # fmt: skip


class Account(Base):
    """Whose capital it is: a member, a lieu's commons, or an organisation."""

    __tablename__ = "account"

    id: Mapped[Key]
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), unique=True)
    lieu_id: Mapped[int | None] = mapped_column(ForeignKey("lieu.id"), unique=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), unique=True)

    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN member_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN lieu_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN organisation_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_holder",
        ),
    )


class Transaction(Base):
    __tablename__ = "ledger_transaction"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(12))
    key: Mapped[str] = mapped_column(String(120), unique=True)  # what it pays, so that it pays once
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), index=True)
    at: Mapped[datetime]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_transaction.id"))
    served_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)  # helped

    __table_args__ = (
        UniqueConstraint("reverses_id"),
        CheckConstraint(
            "kind IN ('pledge', 'answer', 'promotion', 'service', 'gift', 'forgiveness',"
            " 'reversal')",
            name="kind",
        ),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reversal"),
    )


class Transfer(Base):
    __tablename__ = "ledger_transfer"

    id: Mapped[Key]
    transaction_id: Mapped[int] = mapped_column(ForeignKey("ledger_transaction.id"), index=True)
    giver_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    taker_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    amount: Mapped[int]

    __table_args__ = (
        CheckConstraint("giver_id <> taker_id", name="not_oneself"),
        CheckConstraint("amount BETWEEN 1 AND 1000000", name="amount"),
        Index("ix_ledger_transfer_giver", "giver_id", "amount"),
        Index("ix_ledger_transfer_taker", "taker_id", "amount"),
    )


# Append-only is said to the database itself, so that no code path and no hand can edit the past.
SQLITE_APPEND_ONLY = (
    "CREATE TRIGGER {table}_no_{verb} BEFORE {verb_upper} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
)
# INSERT OR REPLACE deletes the old row without telling the triggers on DELETE, so it is met here.
SQLITE_NO_REPLACE = (
    "CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
    "WHEN EXISTS (SELECT 1 FROM {table} AS old WHERE {same}) "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
)
SAME_ROW = {
    "ledger_transaction": "old.id = NEW.id OR old.key = NEW.key OR old.public_id = NEW.public_id"
    " OR old.reverses_id = NEW.reverses_id",
    "ledger_transfer": "old.id = NEW.id",
}
POSTGRESQL_REFUSE = (
    "CREATE OR REPLACE FUNCTION refuse_ledger_edit() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
)
POSTGRESQL_APPEND_ONLY = (
    "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_edit()"
)


def append_only_statements(dialect: str) -> list[str]:
    """The statements that make the two tables append-only; the migration runs the same ones."""
    if dialect == "sqlite":
        edits = [
            SQLITE_APPEND_ONLY.format(table=table, verb=verb, verb_upper=verb.upper())
            for table in SAME_ROW
            for verb in ("update", "delete")
        ]
        return edits + [
            SQLITE_NO_REPLACE.format(table=table, same=same) for table, same in SAME_ROW.items()
        ]
    return [POSTGRESQL_REFUSE, *(POSTGRESQL_APPEND_ONLY.format(table=table) for table in SAME_ROW)]


def _ddl(statement: str) -> DDL:
    return DDL(statement)  # type: ignore[no-untyped-call]


for _dialect in ("sqlite", "postgresql"):
    for _statement in append_only_statements(_dialect):
        event.listen(
            Transfer.__table__,
            "after_create",
            _ddl(_statement).execute_if(dialect=_dialect),
        )

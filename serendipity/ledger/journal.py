"""The journal: accounts, transactions, transfers, append-only by triggers."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serendipity import append_only
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


append_only.guard(
    Transaction,
    same="old.id = NEW.id OR old.key = NEW.key OR old.public_id = NEW.public_id"
    " OR old.reverses_id = NEW.reverses_id",
)
append_only.guard(Transfer)

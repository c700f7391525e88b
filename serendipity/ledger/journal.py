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


# The three columns of return of the manifesto of third places: what a member gets or gives is a
# thanks, a piece of knowledge, or a thing. Each kind of transaction is of one column; a service is
# of the column of what was done.
RETURNS: Final = ("symbolic", "informational", "material")
RETURN_OF: Final = {
    "pledge": "material",  # a desk
    "answer": "informational",
    "promotion": "symbolic",
    "gift": "symbolic",
    "forgiveness": "symbolic",
}
SERVICES: Final = {"shift": "material", "story": "informational", "workshop": "informational"}


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
    returns: Mapped[str] = mapped_column(String(13))  # symbolic, informational or material
    what: Mapped[str] = mapped_column(String(12), default="")  # the service that was done
    encounter_id: Mapped[int | None] = mapped_column(ForeignKey("encounter.id"), index=True)

    __table_args__ = (
        UniqueConstraint("reverses_id"),
        CheckConstraint(
            "kind IN ('pledge', 'answer', 'promotion', 'service', 'gift', 'forgiveness',"
            " 'reversal')",
            name="kind",
        ),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reversal"),
        CheckConstraint("returns IN ('symbolic', 'informational', 'material')", name="returns"),
        CheckConstraint("what IN ('', 'shift', 'story', 'workshop')", name="what"),
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

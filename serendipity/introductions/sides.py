"""The tables: an introduction and its sides, one a member; and what an answer may run into."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from serendipity.db import Base, Key, PublicId
from serendipity.errors import Expired, Invalid, NotFound, Refused
from serendipity.members import Member

if TYPE_CHECKING:
    from serendipity.suggestions import Suggestion  # it offers introductions, so it imports us


class Introduction(Base):
    __tablename__ = "introduction"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    suggestion_id: Mapped[int] = mapped_column(ForeignKey("suggestion.id"))
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), index=True)
    how: Mapped[str] = mapped_column(String(12))  # here (on the phone), mail, concierge
    offered_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    meet_at: Mapped[datetime | None]  # when they mean to meet, once one of them said so
    meet_sequence: Mapped[int] = mapped_column(default=0)  # counts the changes of that time
    put_forward_at: Mapped[datetime | None]  # a concierge stands behind it, and says so
    put_forward_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))

    suggestion: Mapped[Suggestion] = relationship("Suggestion", back_populates="introduction")
    sides: Mapped[list[Side]] = relationship("Side", order_by="Side.member_id", lazy="selectin")
    put_forward_by: Mapped[Member | None] = relationship(Member)

    __table_args__ = (
        UniqueConstraint("suggestion_id"),
        CheckConstraint("how IN ('here', 'mail', 'concierge')", name="how"),
        CheckConstraint("expires_at > offered_at", name="expires"),
        CheckConstraint(
            "(put_forward_at IS NULL) = (put_forward_by_id IS NULL)", name="put_forward"
        ),
    )

    @property
    def agreed(self) -> bool:
        """Every one of them said yes."""
        return all(side.yes_at is not None for side in self.sides)

    @property
    def agreed_at(self) -> datetime | None:
        """When the last of them said yes; None while somebody has not."""
        said = [side.yes_at for side in self.sides if side.yes_at is not None]
        return max(said) if len(said) == len(self.sides) else None

    def side_of(self, member_id: int) -> Side:
        return next(side for side in self.sides if side.member_id == member_id)

    def home_of(self, member_id: int) -> int:
        """The lieu at which this member agreed to letters: here, or where a guest comes from."""
        return self.side_of(member_id).guest_of_id or self.lieu_id

    def others(self, member_id: int) -> list[int]:
        return [side.member_id for side in self.sides if side.member_id != member_id]


class Side(Base):
    """One member's side of an introduction."""

    __tablename__ = "introduction_side"

    introduction_id: Mapped[int] = mapped_column(
        ForeignKey("introduction.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    yes_at: Mapped[datetime | None]
    no_at: Mapped[datetime | None]
    guest_of_id: Mapped[int | None] = mapped_column(ForeignKey("lieu.id"))  # from another lieu

    __table_args__ = (CheckConstraint("yes_at IS NULL OR no_at IS NULL", name="one_answer"),)


class NoSuchIntroduction(NotFound):
    """There is none, or it is not yours: the two answer alike."""


class AlreadyOffered(Refused):
    """This suggestion was offered before."""


class AlreadyAgreed(Refused):
    """All said yes; a yes cannot be taken back any more."""


class NotAgreed(Refused):
    """Not everybody said yes, or not yet: which of the two is not told."""


class NotAPair(Refused):
    """Never seeing each other again is between two people."""


class IntroductionOver(Expired):
    """Its time has passed, and nobody was told anything."""


class NoSuchTime(Invalid):
    """Not one of the times that were proposed. Facts: field, given."""

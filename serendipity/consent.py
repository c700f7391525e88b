"""Consent: what a member agreed to show, per lieu. Everything is off until chosen.

- `here_today`: people checked in at this lieu see the member's name and skills until they leave.
  Reciprocal: who hides does not see names either.
- `by_mail`: introductions may be planned for the member at night.
- `other_lieux`: members of other lieux of the network may be suggested, without names.

Rules kept here: a person is never shown to somebody they did not agree to be shown to; every
query that can name a person asks this module.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, Index, bindparam, delete, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import many, members
from serendipity.db import Base, look_up, set_row
from serendipity.members import Member
from serendipity.presence import Presence


class Consent(Base):
    __tablename__ = "consent"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), primary_key=True, index=True)
    here_today: Mapped[bool] = mapped_column(default=False)
    by_mail: Mapped[bool] = mapped_column(default=False)
    other_lieux: Mapped[bool] = mapped_column(default=False)
    chosen_at: Mapped[datetime]

    __table_args__ = (
        Index(  # of those who share only: few of many
            "ix_consent_sharing",
            "member_id",
            sqlite_where=text("by_mail AND other_lieux"),
            postgresql_where=text("by_mail AND other_lieux"),
        ),
    )


def choose(
    session: Session,
    *,
    member_id: int,
    lieu_id: int,
    here_today: bool,
    by_mail: bool,
    other_lieux: bool,
    at: datetime,
) -> None:
    """Take what the member chose for this lieu; the last choice counts."""
    set_row(
        session,
        Consent,
        member_id=member_id,
        lieu_id=lieu_id,
        here_today=here_today,
        by_mail=by_mail,
        other_lieux=other_lieux,
        chosen_at=at,
    )


def of(session: Session, *, member_id: int, lieu_id: int) -> Consent:
    """What the member chose here; nothing chosen yet is everything off (and is not kept)."""
    chosen = session.get(Consent, (member_id, lieu_id))
    return chosen or Consent(
        member_id=member_id, lieu_id=lieu_id, here_today=False, by_mail=False, other_lieux=False
    )


def chosen_by(session: Session, *, member_id: int) -> list[Consent]:
    """All that this member chose, lieu by lieu."""
    return list(
        session.scalars(
            select(Consent).where(Consent.member_id == member_id).order_by(Consent.lieu_id)
        )
    )


def by_mail_at(session: Session, *, lieu_id: int) -> set[int]:
    """Members who want introductions by mail at this lieu."""
    return set(
        session.scalars(
            select(Consent.member_id).where(Consent.lieu_id == lieu_id, Consent.by_mail)
        )
    )


def sharing(session: Session, member_ids: Iterable[int], *, lieu_id: int) -> set[int]:
    """Who of these shares with other lieux, as a member of this one."""
    return set(
        session.scalars(
            select(Consent.member_id).where(
                Consent.lieu_id == lieu_id,
                many.among(Consent.member_id, list(member_ids)),
                Consent.other_lieux,
            )
        )
    )


_SEEN: Final = (
    select(Presence.member_id)
    .join(
        Consent,
        (Consent.member_id == Presence.member_id) & (Consent.lieu_id == Presence.lieu_id),
    )
    .where(
        Presence.lieu_id == bindparam("lieu_id"),
        Presence.ended_at.is_(None),
        Presence.until > bindparam("at"),
        Presence.hidden_at.is_(None),
        # said from afar, with no code of a door: not seen, and so seeing nobody
        or_(Presence.how_in != "api", Presence.confirmed_at.is_not(None)),
        Consent.here_today,
    )
)


def seen_by_all(session: Session, *, lieu_id: int, at: datetime) -> set[int]:
    """Members checked in at this lieu who agreed to be seen here today and are not hidden."""
    return {who for (who,) in look_up(session, _SEEN, lieu_id=lieu_id, at=at)}


def sharing_elsewhere(session: Session, *, lieu_id: int, start: int, most: int) -> dict[int, int]:
    """Members who share as members of other lieux and want letters there → which lieu.

    At most so many, from the member with this number on, and after the last from the first again:
    who begins elsewhere each time comes to everybody, and the cost does not grow with the network.
    """
    sharing = (
        select(Consent.member_id, Consent.lieu_id)
        .where(Consent.by_mail, Consent.other_lieux, Consent.lieu_id != lieu_id)
        .order_by(Consent.member_id)
    )
    rows = list(session.execute(sharing.where(Consent.member_id >= start).limit(most)))
    rows += session.execute(sharing.where(Consent.member_id < start).limit(most - len(rows)))
    return dict(rows)


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    session.execute(delete(Consent).where(Consent.member_id == member.id))

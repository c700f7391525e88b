"""Organisations: who pays for rooms. Their members book, pay or only see.

Rules kept here: a person has one role in an organisation; VAT and SIRET numbers are well-formed.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity.db import Base, Key, PublicId
from serendipity.errors import NotFound


class Organisation(Base):
    __tablename__ = "organisation"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(160))
    email: Mapped[str] = mapped_column(String(254))  # where invoices go
    address: Mapped[str] = mapped_column(String(240), default="")
    siret: Mapped[str] = mapped_column(String(14), default="")
    vat_number: Mapped[str] = mapped_column(String(16), default="")
    language: Mapped[str] = mapped_column(String(2), default="en")
    created_at: Mapped[datetime]


class OrganisationMember(Base):
    __tablename__ = "organisation_member"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(8))
    since: Mapped[datetime]

    __table_args__ = (CheckConstraint("role IN ('book', 'pay', 'see')", name="role"),)


class NoSuchOrganisation(NotFound):
    """There is none, or you are not in it: the two answer alike."""


def organisation_of(
    session: Session, *, public_id: str, member_id: int
) -> tuple[Organisation, str]:
    """The organisation and this member's role in it.

    Raises
    ------
    NoSuchOrganisation
        There is none, or the member is not in it.
    """
    found = session.execute(
        select(Organisation, OrganisationMember.role)
        .join(OrganisationMember, OrganisationMember.organisation_id == Organisation.id)
        .where(Organisation.public_id == public_id, OrganisationMember.member_id == member_id)
    ).one_or_none()
    if found is None:
        raise NoSuchOrganisation()
    return found[0], found[1]

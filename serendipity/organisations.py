"""Organisations: who pays for rooms. Their members book, pay or only see.

Rules kept here: a person has one role in an organisation; *see* reads bookings and the skill map,
*book* also books, moves, cancels, asks and pays by card, *pay* also reads the invoices and says who
belongs to the organisation and where its invoices go; somebody can always pay. SIREN, SIRET and VAT
numbers are well-formed (`registers`). Who is named as a colleague is shown by their address only,
so that nobody learns from a list whether an address belongs to somebody here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import CheckConstraint, ForeignKey, String, bindparam, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import members, signin, words
from serendipity.db import Base, Key, PublicId, look_up
from serendipity.errors import Forbidden, NotFound, Refused
from serendipity.members import Member
from serendipity.registers import plain_country, plain_siret, plain_vat_number

Role = Literal["see", "book", "pay"]
ROLES: tuple[Role, ...] = ("see", "book", "pay")  # each may do what those before it may


class Organisation(Base):
    __tablename__ = "organisation"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(160))
    email: Mapped[str] = mapped_column(String(254))  # where invoices go
    address: Mapped[str] = mapped_column(String(240), default="")
    postcode: Mapped[str] = mapped_column(String(12), default="")
    city: Mapped[str] = mapped_column(String(120), default="")
    country: Mapped[str] = mapped_column(String(2), default="FR")
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


@dataclass(frozen=True)
class Colleague:
    """Somebody of an organisation, as their colleagues see them."""

    public_id: str
    email: str
    role: str


class NoSuchOrganisation(NotFound):
    """There is none, or you are not in it: the two answer alike."""


class RoleTooSmall(Forbidden):
    """Your role in the organisation does not go so far. Facts: role, needed."""


class LastWhoPays(Refused):
    """Somebody has to stay who can pay. Facts: none."""


class NoSuchColleague(NotFound):
    """Nobody of this organisation."""


# --- verbs ----------------------------------------------------------------------------------


def found(
    session: Session,
    *,
    name: str,
    email: str,
    by: int,
    at: datetime,
    siret: str = "",
    vat_number: str = "",
    address: str = "",
    postcode: str = "",
    city: str = "",
    country: str = "FR",
    language: str = "en",
) -> Organisation:
    """Found an organisation; the member who does so can pay for it.

    Raises
    ------
    words.WordsMissing, words.WordsTooLong, words.WordsUnreadable
        In its name or address.
    members.BadEmail
    registers.WrongSiret, registers.WrongVatNumber, registers.WrongCountry
    """
    organisation = Organisation(created_at=at)
    _describe(
        organisation,
        name=name,
        email=email,
        address=address,
        postcode=postcode,
        city=city,
        country=country,
        siret=siret,
        vat_number=vat_number,
        language=language,
    )
    session.add(organisation)
    session.flush()
    session.add(
        OrganisationMember(organisation_id=organisation.id, member_id=by, role="pay", since=at)
    )
    session.flush()
    return organisation


def describe(session: Session, *, organisation_id: int, by: int, **facts: str) -> Organisation:
    """Say anew who the organisation is; invoices that were issued stay as they are.

    Raises
    ------
    RoleTooSmall, NoSuchOrganisation; and what `found` raises
    """
    refuse_unless_may(session, organisation_id=organisation_id, member_id=by, role="pay")
    organisation = session.get_one(Organisation, organisation_id)
    _describe(organisation, **facts)
    session.flush()
    return organisation


def _describe(
    organisation: Organisation,
    *,
    name: str,
    email: str,
    address: str,
    postcode: str,
    city: str,
    country: str,
    siret: str,
    vat_number: str,
    language: str,
) -> None:
    organisation.name = words.said(name, field="name", most=160)
    organisation.email = members.plain_email(email)
    organisation.address = words.line(address, field="address")
    organisation.postcode = words.line(postcode, field="postcode", most=12)
    organisation.city = words.line(city, field="city", most=120)
    organisation.country = plain_country(country)
    organisation.siret = plain_siret(siret)
    organisation.vat_number = plain_vat_number(vat_number)
    organisation.language = language if language in members.SCREEN_LANGUAGES else "en"


def ask_to_join(
    session: Session, *, email: str, name: str, browser: str, language: str, at: datetime
) -> None:
    """Owe a code to somebody who comes for a company and may never have been at a lieu.

    Raises
    ------
    words.WordsMissing, words.WordsTooLong, words.WordsUnreadable
    members.BadEmail, limits.TooOften
        Whoever has the address.
    """
    words.said(name, field="name", most=120)
    signin.ask(session, email=email, browser=browser, language=language, at=at)


def join(
    session: Session, *, guess: signin.Guess, name: str, language: str, at: datetime
) -> Member:
    """The member whose address a right guess proves, registered under `name` if it is new.

    Raises
    ------
    signin.WrongCode, signin.CodeGone
    """
    email = signin.prove(session, guess=guess, at=at)
    member = members.member_with_email(session, email) or members.register(
        session, email=email, name=name, language=language, at=at
    )
    member.email_confirmed_at = member.email_confirmed_at or at
    session.flush()
    return member


def add(
    session: Session,
    *,
    organisation_id: int,
    email: str,
    name: str,
    role: Role,
    by: int,
    at: datetime,
) -> OrganisationMember:
    """Give the person with this address a role; who is unknown is registered under `name`.

    Nothing in what this returns or does tells whether the address was known. Somebody who is
    in already gets the new role.

    Raises
    ------
    RoleTooSmall, LastWhoPays
    members.BadEmail, words.WordsMissing, words.WordsTooLong, words.WordsUnreadable
        Whether the address is known or not.
    """
    refuse_unless_may(session, organisation_id=organisation_id, member_id=by, role="pay")
    email, name = members.plain_email(email), words.said(name, field="name", most=120)
    person = members.member_with_email(session, email) or members.register(
        session, email=email, name=name, language="en", at=at
    )
    seat = session.get(OrganisationMember, (organisation_id, person.id))
    if seat is None:
        return _new_seat(session, organisation_id, person.id, role, at)
    if seat.role == "pay" != role:
        _refuse_if_last(session, organisation_id, person.id)
    seat.role = role
    session.flush()
    return seat


def _new_seat(
    session: Session, organisation_id: int, member_id: int, role: Role, at: datetime
) -> OrganisationMember:
    seat = OrganisationMember(
        organisation_id=organisation_id, member_id=member_id, role=role, since=at
    )
    try:
        with session.begin_nested():
            session.add(seat)
    except IntegrityError:  # two colleagues added the same person at once: one row is right
        return session.get_one(OrganisationMember, (organisation_id, member_id))
    return seat


def remove(session: Session, *, organisation_id: int, public_id: str, by: int) -> None:
    """Let somebody go; everybody may go by themselves.

    Raises
    ------
    NoSuchColleague, RoleTooSmall, LastWhoPays
    """
    person_id = session.scalar(
        select(OrganisationMember.member_id)
        .join(Member, Member.id == OrganisationMember.member_id)
        .where(OrganisationMember.organisation_id == organisation_id, Member.public_id == public_id)
    )
    if person_id is None:
        raise NoSuchColleague()
    if person_id != by:
        refuse_unless_may(session, organisation_id=organisation_id, member_id=by, role="pay")
    _refuse_if_last(session, organisation_id, person_id)
    session.execute(
        delete(OrganisationMember).where(
            OrganisationMember.organisation_id == organisation_id,
            OrganisationMember.member_id == person_id,
        )
    )


def _refuse_if_last(session: Session, organisation_id: int, leaving: int) -> None:
    """Rows of those who pay are locked first: two who leave at once must not both be let go."""
    paying = session.scalars(
        select(OrganisationMember.member_id)
        .where(
            OrganisationMember.organisation_id == organisation_id,
            OrganisationMember.role == "pay",
        )
        .order_by(OrganisationMember.member_id)
        .with_for_update()
    ).all()
    if list(paying) == [leaving]:
        raise LastWhoPays()


# --- reads ----------------------------------------------------------------------------------


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


def organisations_of(session: Session, *, member_id: int) -> list[tuple[Organisation, str]]:
    """The organisations of a member, with their role in each, by name."""
    rows = session.execute(
        select(Organisation, OrganisationMember.role)
        .join(OrganisationMember, OrganisationMember.organisation_id == Organisation.id)
        .where(OrganisationMember.member_id == member_id)
        .order_by(Organisation.name, Organisation.id)
    )
    return [(organisation, role) for organisation, role in rows]


def colleagues(session: Session, *, organisation_id: int) -> list[Colleague]:
    """Who is in the organisation, by address."""
    rows = session.execute(
        select(Member.public_id, Member.email, OrganisationMember.role)
        .join(OrganisationMember, OrganisationMember.member_id == Member.id)
        .where(OrganisationMember.organisation_id == organisation_id, Member.email.is_not(None))
        .order_by(Member.email)
    )
    return [Colleague(public_id, email or "", role) for public_id, email, role in rows]


def may(role: str, needed: Role) -> bool:
    """Whether a role goes as far as the one needed."""
    return role in ROLES[ROLES.index(needed) :]


_ROLE: Final = select(OrganisationMember.role).where(
    OrganisationMember.organisation_id == bindparam("organisation_id"),
    OrganisationMember.member_id == bindparam("member_id"),
)


def refuse_unless_may(
    session: Session, *, organisation_id: int, member_id: int, role: Role
) -> None:
    """Let only those pass whose role goes so far.

    Raises
    ------
    NoSuchOrganisation
        The member is not in it.
    RoleTooSmall
    """
    found = look_up(session, _ROLE, organisation_id=organisation_id, member_id=member_id)
    if not found:
        raise NoSuchOrganisation()
    if not may(found[0].role, role):
        raise RoleTooSmall(role=found[0].role, needed=role)


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    session.execute(delete(OrganisationMember).where(OrganisationMember.member_id == member.id))

"""Sellers: who sells the rooms of a lieu, as the law wants it on an invoice.

Rules kept here: a seller is written down whole or not at all, so that an invoice never lacks what
it has to say; the letters its numbers begin with belong to one lieu, and stay once they were used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import members, registers, rooms, words
from serendipity.db import Base
from serendipity.errors import Invalid, Refused
from serendipity.invoices.numbering import InvoiceCounter
from serendipity.lieux import Lieu

LONGEST_WAIT = 60  # days: what French law allows between companies


class Seller(Base):
    """Whoever runs a lieu, in the law's eyes."""

    __tablename__ = "seller"

    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), primary_key=True)
    prefix: Mapped[str] = mapped_column(String(8), unique=True)  # of invoice numbers
    name: Mapped[str] = mapped_column(String(160))
    email: Mapped[str] = mapped_column(String(254))
    address: Mapped[str] = mapped_column(String(240))
    postcode: Mapped[str] = mapped_column(String(12))
    city: Mapped[str] = mapped_column(String(120))
    country: Mapped[str] = mapped_column(String(2))
    siret: Mapped[str] = mapped_column(String(14))
    vat_number: Mapped[str] = mapped_column(String(16))
    iban: Mapped[str] = mapped_column(String(34))
    mention: Mapped[str] = mapped_column(String(240))  # legal form, capital, register
    payment_days: Mapped[int]
    since: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("payment_days BETWEEN 0 AND 60", name="payment_days"),
        CheckConstraint("siret <> '' OR vat_number <> ''", name="known_somewhere"),
    )


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is typed about a seller, before anybody has looked at it."""

    prefix: str
    name: str
    email: str
    address: str
    postcode: str
    city: str
    country: str
    siret: str
    vat_number: str
    iban: str
    mention: str
    payment_days: int


class BadPrefix(Invalid):
    """Two to eight capital letters or digits. Facts: field, given."""


class PrefixTaken(Refused):
    """Another lieu's numbers begin so. Facts: field, given."""


class PrefixInUse(Refused):
    """Invoices were numbered with the old letters. Facts: field, given."""


class BadPaymentDays(Invalid):
    """Facts: field, given, most."""


class NumberMissing(Invalid):
    """A seller is in a register: a SIREN, a SIRET or a VAT number. Fact: field."""


class VatNumberMissing(Invalid):
    """Rooms are let with VAT, so whoever lets them has a number. Fact: field."""


def describe(session: Session, *, lieu: Lieu, facts: Facts, at: datetime) -> Seller:
    """Say who sells at this lieu; from then on its bookings are invoiced.

    Raises
    ------
    words.WordsMissing, words.WordsTooLong, words.WordsUnreadable, members.BadEmail
    registers.WrongSiret, registers.WrongVatNumber, registers.WrongIban, registers.WrongCountry
    BadPrefix, PrefixTaken, PrefixInUse, BadPaymentDays, NumberMissing, VatNumberMissing
    """
    seller = seller_of(session, lieu_id=lieu.id)
    prefix = _plain_prefix(facts.prefix)
    if seller and seller.prefix != prefix and _has_numbered(session, lieu.id):
        raise PrefixInUse(field="prefix", given=facts.prefix)
    seller = seller or Seller(lieu_id=lieu.id, since=at)
    plain = _plain(facts)
    if not plain["vat_number"] and _charges_vat(session, lieu):
        raise VatNumberMissing(field="vat_number")
    try:
        with session.begin_nested():
            seller.prefix = prefix
            for name, value in plain.items():
                setattr(seller, name, value)
            session.add(seller)
    except IntegrityError as error:
        raise PrefixTaken(field="prefix", given=prefix) from error
    return seller


def seller_of(session: Session, *, lieu_id: int) -> Seller | None:
    """Who sells at this lieu, once that was said."""
    return session.get(Seller, lieu_id)


def _plain(facts: Facts) -> dict[str, str | int]:
    if not 0 <= facts.payment_days <= LONGEST_WAIT:
        raise BadPaymentDays(field="payment_days", given=facts.payment_days, most=LONGEST_WAIT)
    siret = registers.plain_siret(facts.siret)
    vat_number = registers.plain_vat_number(facts.vat_number)
    if not (siret or vat_number):
        raise NumberMissing(field="siret")
    return {
        "name": words.said(facts.name, field="name", most=160),
        "email": members.plain_email(facts.email),
        "address": words.said(facts.address, field="address"),
        "postcode": words.said(facts.postcode, field="postcode", most=12),
        "city": words.said(facts.city, field="city", most=120),
        "country": registers.plain_country(facts.country),
        "siret": siret,
        "vat_number": vat_number,
        "iban": registers.plain_iban(facts.iban),
        "mention": words.line(facts.mention, field="mention"),
        "payment_days": facts.payment_days,
    }


def _plain_prefix(given: str) -> str:
    prefix = given.strip().upper()
    if not re.fullmatch(r"[A-Z0-9]{2,8}", prefix):
        raise BadPrefix(field="prefix", given=given[:20])
    return prefix


def _charges_vat(session: Session, lieu: Lieu) -> bool:
    return any(room.vat_points for room in rooms.rooms_of(session, lieu))


def _has_numbered(session: Session, lieu_id: int) -> bool:
    counted = select(InvoiceCounter.lieu_id).where(InvoiceCounter.lieu_id == lieu_id).limit(1)
    return session.scalar(counted) is not None

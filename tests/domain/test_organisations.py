"""Organisations: who is in them, how far their role goes, and numbers that are right."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import members, organisations, registers
from serendipity.errors import Refused
from serendipity.members import Member
from serendipity.organisations import Organisation, OrganisationMember
from serendipity.words import WordsMissing, WordsTooLong, WordsUnreadable
from tests.conftest import NOON
from tests.rows import a_member, an_organisation

GOOD = {"name": "Coopérative Toits Communs", "email": "Compta@Toits.example.org"}


def found(session: Session, **given: str) -> Organisation:
    founder = a_member(session)
    return organisations.found(session, by=founder.id, at=NOON, **{**GOOD, **given})


def test_who_founds_an_organisation_can_pay_for_it(session: Session) -> None:
    founder = a_member(session)
    organisation = organisations.found(
        session,
        by=founder.id,
        at=NOON,
        siret="732 829 320 00074",
        vat_number="fr 83 404 833 048",
        **GOOD,
    )
    assert (organisation.siret, organisation.vat_number) == ("73282932000074", "FR83404833048")
    assert organisation.email == "compta@toits.example.org"
    assert organisations.organisation_of(
        session, public_id=organisation.public_id, member_id=founder.id
    ) == (organisation, "pay")
    assert organisations.organisations_of(session, member_id=founder.id) == [(organisation, "pay")]


@pytest.mark.parametrize(
    ("given", "why", "digits"),
    [
        ("7328293200007", "length", 13),
        ("732829320000745", "length", 15),
        ("73282932000075", "sum", 14),
        ("7328293200007A", "digits", 14),
        ("٧٣٢٨٢٩٣٢٠٠٠٠٧٤", "digits", 14),
    ],
)
def test_a_siret_that_is_wrong_says_how(
    session: Session, given: str, why: str, digits: int
) -> None:
    with pytest.raises(registers.WrongSiret) as refused:
        found(session, siret=given)
    assert (refused.value.facts["why"], refused.value.facts["digits"]) == (why, digits)


@pytest.mark.parametrize("given", ["FR00404833048", "ZZ123", "83404833048", "BE0000000000", "é"])
def test_a_vat_number_that_is_wrong_is_refused(session: Session, given: str) -> None:
    with pytest.raises(registers.WrongVatNumber):
        found(session, vat_number=given)


@pytest.mark.parametrize("given", ["BE0403170701", "be 0403.170.701", "NL004495445B01", "", "   "])
def test_vat_numbers_of_other_countries_are_known(session: Session, given: str) -> None:
    assert found(session, vat_number=given).vat_number in ("BE0403170701", "NL004495445B01", "")


@given(st.text(max_size=60))
def test_whatever_is_typed_as_a_number_is_right_or_refused(given: str) -> None:
    for plain in (registers.plain_siret, registers.plain_vat_number, registers.plain_iban):
        with contextlib.suppress(Refused):
            assert plain(given).isascii()


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"name": "  "}, WordsMissing),
        ({"name": "x" * 161}, WordsTooLong),
        ({"name": "a\0b"}, WordsUnreadable),
        ({"address": "\ud800"}, WordsUnreadable),
        ({"email": "nobody"}, members.BadEmail),
        ({"email": ""}, members.BadEmail),
    ],
)
def test_an_organisation_has_a_name_and_an_address_to_write_to(
    session: Session, given: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        found(session, **given)


@pytest.mark.parametrize(
    ("role", "needed", "far_enough"),
    [
        ("see", "see", True),
        ("see", "book", False),
        ("book", "book", True),
        ("book", "pay", False),
        ("pay", "see", True),
        ("pay", "pay", True),
    ],
)
def test_each_role_may_what_the_smaller_ones_may(
    role: str, needed: organisations.Role, far_enough: bool
) -> None:
    assert organisations.may(role, needed) is far_enough


def seats(session: Session, organisation: Organisation) -> dict[str, str]:
    return {
        seat.email: seat.role
        for seat in organisations.colleagues(session, organisation_id=organisation.id)
    }


def test_a_known_and_an_unknown_address_are_added_alike(session: Session) -> None:
    organisation, payer = an_organisation(session)
    known = a_member(session, "Karim Benali")
    for email in (known.email or "", "new@example.org"):
        organisations.add(
            session,
            organisation_id=organisation.id,
            email=email.upper(),
            name="Somebody",
            role="see",
            by=payer.id,
            at=NOON,
        )
    assert seats(session, organisation) == {
        payer.email: "pay",
        known.email: "see",
        "new@example.org": "see",
    }
    assert known.name == "Karim Benali"
    new = members.member_with_email(session, "new@example.org")
    assert new is not None
    assert (new.name, new.email_confirmed_at) == ("Somebody", None)
    for email in (known.email or "", "newer@example.org"):
        with pytest.raises(WordsMissing):  # for the known address too: the answer tells nothing
            organisations.add(
                session,
                organisation_id=organisation.id,
                email=email,
                name="",
                role="see",
                by=payer.id,
                at=NOON,
            )


@pytest.mark.parametrize("role", ["see", "book"])
def test_only_who_pays_says_who_is_in(session: Session, role: str) -> None:
    organisation, payer = an_organisation(session)
    other = a_member(session)
    session.add(
        OrganisationMember(
            organisation_id=organisation.id, member_id=other.id, role=role, since=NOON
        )
    )
    session.flush()
    with pytest.raises(organisations.RoleTooSmall):
        organisations.add(
            session,
            organisation_id=organisation.id,
            email="x@example.org",
            name="X",
            role="pay",
            by=other.id,
            at=NOON,
        )
    with pytest.raises(organisations.RoleTooSmall):
        organisations.remove(
            session, organisation_id=organisation.id, public_id=payer.public_id, by=other.id
        )
    organisations.remove(  # but everybody may go
        session, organisation_id=organisation.id, public_id=other.public_id, by=other.id
    )
    assert seats(session, organisation) == {payer.email: "pay"}


def test_somebody_who_can_pay_always_stays(session: Session) -> None:
    organisation, payer = an_organisation(session)
    with pytest.raises(organisations.LastWhoPays):
        organisations.remove(
            session, organisation_id=organisation.id, public_id=payer.public_id, by=payer.id
        )
    with pytest.raises(organisations.LastWhoPays):
        organisations.add(
            session,
            organisation_id=organisation.id,
            email=payer.email or "",
            name="Sofia",
            role="see",
            by=payer.id,
            at=NOON,
        )
    assert seats(session, organisation) == {payer.email: "pay"}


def test_somebody_of_another_organisation_cannot_be_removed(session: Session) -> None:
    organisation, payer = an_organisation(session)
    _, stranger = an_organisation(session)
    with pytest.raises(organisations.NoSuchColleague):
        organisations.remove(
            session, organisation_id=organisation.id, public_id=stranger.public_id, by=payer.id
        )


def test_a_foreign_organisation_and_a_missing_one_answer_alike(session: Session) -> None:
    organisation, _ = an_organisation(session)
    stranger = a_member(session)
    for public_id in (organisation.public_id, "missing"):
        with pytest.raises(organisations.NoSuchOrganisation) as refused:
            organisations.organisation_of(session, public_id=public_id, member_id=stranger.id)
        assert refused.value.facts == {}


def test_an_erased_member_is_in_no_organisation(session: Session) -> None:
    organisation, payer = an_organisation(session)
    members.erase(session, member_id=payer.id, at=NOON)
    assert session.scalars(select(OrganisationMember)).all() == []
    assert session.get_one(Organisation, organisation.id).name == organisation.name
    assert session.get_one(Member, payer.id).email is None

"""Told by hand: whom one may choose, that an address tells nothing, and that both must say so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import encounters, exports, ledger, limits, members, naming, presence, telling
from serendipity.db import write_transaction
from serendipity.encounters import Encounter
from serendipity.lieux import Lieu
from serendipity.members import Member
from tests.conftest import NOON
from tests.rows import a_lieu, a_member, somebody_here
from tests.woven import at_once, engine_of

HOUR = timedelta(hours=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def awa(session: Session, lieu: Lieu) -> Member:
    return somebody_here(session, lieu, "Awa")


@pytest.fixture
def karim(session: Session, lieu: Lieu) -> Member:
    return somebody_here(session, lieu, "Karim")


def whom(session: Session, who: Member) -> list[str]:
    return [one.name for one in telling.whom(session, member_id=who.id, at=NOON)]


def tell(session: Session, who: Member, other: Member, **given: Any) -> Encounter:
    facts = {"helped": True, "at": NOON, **given}
    return telling.tell(session, member_id=who.id, other_public_id=other.public_id, **facts)


def tell_by_address(session: Session, who: Member, email: str, **given: Any) -> None:
    facts = {"helped": True, "at": NOON, **given}
    telling.tell_by_address(session, member_id=who.id, email=email, **facts)


def waiting(session: Session, who: Member) -> list[str]:
    found = encounters.waiting_for(session, member_id=who.id, at=NOON)
    return [one.other.name for one in found]


def test_told_by_one_and_by_the_other_it_counts(
    session: Session, awa: Member, karim: Member
) -> None:
    met = tell(session, awa, karim, outcome="advice")
    assert met.happened_at is None
    assert waiting(session, karim) == ["Awa"]
    again = tell(session, karim, awa, helped=False)  # not answered on the slip, but told anew
    assert again.id == met.id
    assert met.happened_at is not None
    assert ledger.balance(session, ledger.account_of(session, member_id=karim.id)) == 1


def test_one_may_choose_those_seen_by_name_now_and_those_met_before(
    session: Session, lieu: Lieu, awa: Member, karim: Member
) -> None:
    somebody_here(session, lieu, "Hidden", here_today=False)
    away, unmet = a_member(session, "Zoé"), a_member(session, "Unmet")
    met = encounters.set_up(session, lieu_id=lieu.id, member_ids=[awa.id, away.id], at=NOON)[0]
    encounters.set_up(session, lieu_id=lieu.id, member_ids=[awa.id, unmet.id], at=NOON)
    for who in (awa, away):
        encounters.confirm(
            session, public_id=met.public_id, member_id=who.id, helped=False, at=NOON
        )
    assert whom(session, awa) == ["Karim", "Zoé"]
    presence.hide(session, member_id=awa.id, at=NOON)  # who hides sees no names
    assert whom(session, awa) == ["Zoé"]


@pytest.mark.parametrize("which", ["hidden", "oneself", "unknown"])
def test_nobody_can_be_chosen_who_is_not_in_the_list(
    session: Session, lieu: Lieu, awa: Member, which: str
) -> None:
    hidden = somebody_here(session, lieu, "Hidden", here_today=False)
    chosen = {"hidden": hidden.public_id, "oneself": awa.public_id, "unknown": "unknown"}[which]
    with pytest.raises(members.NoSuchMember):
        telling.tell(session, member_id=awa.id, other_public_id=chosen, helped=True, at=NOON)
    assert session.scalars(select(Encounter)).all() == []


def test_one_tells_on_the_day_one_was_there(session: Session, lieu: Lieu, awa: Member) -> None:
    karim = somebody_here(session, lieu, "Karim")
    presence.leave(session, member_id=awa.id, at=NOON)
    tell_by_address(session, awa, str(karim.email), at=NOON + HOUR)
    assert waiting(session, karim) == ["Awa"]
    for who, at in ((awa, NOON + 24 * HOUR), (a_member(session), NOON)):
        with pytest.raises(telling.NotHereToday):
            tell_by_address(session, who, "a@example.org", at=at)


def test_an_address_tells_its_teller_nothing(session: Session, awa: Member) -> None:
    somebody = a_member(session, "Somebody")
    for email in (str(somebody.email).upper(), "nobody@example.org", str(awa.email)):
        assert tell_by_address(session, awa, email) is None
    assert waiting(session, somebody) == ["Awa"]
    assert waiting(session, awa) == []
    assert exports.of_member(session, member=awa)["encounters"] == []
    kept = session.scalars(select(Encounter)).one()
    members.block(session, blocker_id=awa.id, blocked_id=somebody.id, at=NOON)
    assert [one.name for one in naming.kept_apart(session, member_id=awa.id)] == [""]
    for verb, facts in ((encounters.deny, {}), (encounters.confirm, {"helped": True})):
        with pytest.raises(encounters.NoSuchEncounter):
            verb(session, public_id=kept.public_id, member_id=awa.id, at=NOON, **facts)


def test_once_the_other_says_so_too_the_teller_knows(session: Session, awa: Member) -> None:
    somebody = a_member(session, "Somebody")
    tell_by_address(session, awa, str(somebody.email))
    (one,) = encounters.waiting_for(session, member_id=somebody.id, at=NOON)
    encounters.confirm(
        session,
        public_id=one.encounter.public_id,
        member_id=somebody.id,
        helped=False,
        at=NOON,
    )
    assert ledger.balance(session, ledger.account_of(session, member_id=somebody.id)) == 1
    assert len(exports.of_member(session, member=awa)["encounters"]) == 1


def test_who_blocks_is_not_asked_and_the_teller_sees_what_they_always_see(
    session: Session, lieu: Lieu, awa: Member, karim: Member
) -> None:
    other = somebody_here(session, lieu, "Other")
    for who in (karim, other):
        met = encounters.set_up(session, lieu_id=lieu.id, member_ids=[awa.id, who.id], at=NOON)[0]
        for one in (awa, who):
            encounters.confirm(
                session, public_id=met.public_id, member_id=one.id, helped=False, at=NOON
            )
    members.block(session, blocker_id=karim.id, blocked_id=awa.id, at=NOON)
    assert whom(session, awa) == ["Karim", "Other"]
    for who in (karim, other):
        tell(session, awa, who)
    assert waiting(session, awa) == ["Other", "Karim"]
    assert waiting(session, other) == ["Awa"]
    assert waiting(session, karim) == []


def test_what_was_denied_today_is_not_told_again_today(
    session: Session, awa: Member, karim: Member
) -> None:
    met = tell(session, awa, karim)
    encounters.deny(session, public_id=met.public_id, member_id=karim.id, at=NOON)
    for one, other in ((awa, karim), (karim, awa)):
        tell(session, one, other)
    assert met.happened_at is None
    assert ledger.total(session) == 0
    assert session.scalars(select(ledger.Transaction)).all() == []


def test_nobody_tells_more_than_twenty_a_day(session: Session, awa: Member) -> None:
    for number in range(20):
        tell_by_address(session, awa, f"a{number}@example.org")
    with pytest.raises(limits.TooOften):
        tell_by_address(session, awa, "one.more@example.org")


def test_what_cannot_be_is_refused_before_anything_is_kept(
    session: Session, awa: Member, karim: Member
) -> None:
    with pytest.raises(members.BadEmail):
        tell_by_address(session, awa, "not an address")
    with pytest.raises(encounters.NoSuchOutcome):
        tell(session, awa, karim, outcome="love")
    assert session.scalars(select(Encounter)).all() == []


def test_both_telling_at_the_same_instant_is_one_encounter_that_counts(database_url: str) -> None:
    engine = engine_of(database_url)
    with Session(engine) as session, write_transaction(session):
        lieu = a_lieu(session)
        people = [somebody_here(session, lieu, name) for name in ("Awa", "Karim")]
        pairs = [(one.id, other.public_id) for one, other in (people, people[::-1])]

    def say(member_id: int, other: str) -> None:
        with Session(engine) as own, write_transaction(own):
            telling.tell(own, member_id=member_id, other_public_id=other, helped=True, at=NOON)

    results = at_once([lambda pair=pair: say(*pair) for pair in pairs * 3])  # type: ignore[misc]
    assert results == [None] * 6
    with Session(engine) as session:
        assert session.scalars(select(Encounter)).one().happened_at == NOON
        assert len(session.scalars(select(ledger.Transaction)).all()) == 2

"""Together: what one says is nobody's business until the other says it too."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import bookings, calls, encounters, members, together
from serendipity.bookings import Booking
from serendipity.db import write_transaction
from serendipity.encounters import Encounter, NoSuchEncounter
from serendipity.lieux import Lieu
from serendipity.mail import Letter
from serendipity.members import Block, Member
from serendipity.together import AlreadyTogether, NotBoth, NotFromARoom, Together
from tests.conftest import NOON
from tests.rows import a_lieu, a_member, a_room, an_organisation, somebody_here
from tests.woven import at_once, engine_of

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Met:
    """Ten minutes that a room asked for, and that both say took place."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.lieu: Lieu = a_lieu(session)
        self.helper: Member = somebody_here(session, self.lieu, "Karim Benali")
        self.organisation, self.booker = an_organisation(session, name="Toits Communs")
        self.booking = self._booked()
        call = calls.call(
            session,
            lieu_id=self.lieu.id,
            words="Is nine euros fair?",
            language="en",
            booking_id=self.booking.id,
            expires_at=self.booking.ends_at,
            at=NOON,
        )
        self.encounter: Encounter = encounters.set_up(
            session,
            lieu_id=self.lieu.id,
            member_ids=[self.booker.id, self.helper.id],
            call_id=call.id,
            at=NOON,
        )[0]

    def _booked(self) -> Booking:
        facts = {"organisation_id": self.organisation.id, "member_id": self.booker.id}
        held = bookings.hold(
            self.session,
            room=a_room(self.session, self.lieu),
            starts_at=NOON + HOUR,
            ends_at=NOON + 2 * HOUR,
            people=2,
            at=NOON,
            **facts,
        )
        return bookings.confirm(self.session, public_id=held.public_id, at=NOON, **facts)

    def confirm(self, *who: Member) -> None:
        for member in who or (self.booker, self.helper):
            encounters.confirm(self.session, **self.facts(member), helped=False)

    def facts(self, member: Member) -> dict[str, Any]:
        return {"public_id": self.encounter.public_id, "member_id": member.id, "at": NOON}

    def want(self, *who: Member) -> None:
        for member in who:
            together.want(self.session, **self.facts(member))

    def unwant(self, member: Member) -> None:
        together.unwant(self.session, public_id=self.encounter.public_id, member_id=member.id)

    def wish(self, member: Member) -> together.Wish | None:
        return together.wish(self.session, encounter=self.encounter, member_id=member.id)

    def exchanged(self, member: Member) -> together.Contact:
        return together.exchanged(self.session, encounter=self.encounter, member_id=member.id)

    def letters(self) -> list[Letter]:
        return list(self.session.scalars(select(Letter).where(Letter.kind == "together")))


@pytest.fixture
def met(session: Session) -> Met:
    made = Met(session)
    made.confirm()
    return made


def test_what_one_says_changes_nothing_that_the_other_sees(met: Met) -> None:
    before = met.wish(met.helper), met.encounter.outcome
    met.want(met.booker)
    assert (met.wish(met.helper), met.encounter.outcome) == before
    assert met.letters() == []
    mine = met.wish(met.booker)
    assert mine is not None
    assert (mine.said, mine.contact) == (True, None)
    for one in (met.booker, met.helper):
        with pytest.raises(NotBoth):
            met.exchanged(one)


@pytest.mark.parametrize("first", ["booker", "helper"])
def test_when_both_say_so_each_has_the_others_address_and_a_letter(met: Met, first: str) -> None:
    order = [met.booker, met.helper]
    met.want(*(order if first == "booker" else order[::-1]), met.booker)
    assert met.exchanged(met.helper) == together.Contact(
        met.booker.name, str(met.booker.email), "Toits Communs"
    )
    assert met.exchanged(met.booker) == together.Contact("Karim Benali", str(met.helper.email), "")
    assert (met.encounter.a_outcome, met.encounter.b_outcome) == ("work", "work")
    assert {one.recipient for one in met.letters()} == {met.booker.email, met.helper.email}
    (one, other), *rest = together.wishes(met.session, member_id=met.helper.id, at=NOON)
    assert (one.contact, other, rest) == (met.exchanged(met.helper), met.booker, [])


def test_a_hire_that_was_told_stays_a_hire(met: Met) -> None:
    encounters.say_what_came(met.session, **met.facts(met.booker), outcome="hire")
    met.want(met.booker, met.helper)
    assert met.encounter.outcome == "hire"


def test_a_wish_is_taken_back_until_the_other_has_said_it(met: Met) -> None:
    met.unwant(met.booker)
    met.want(met.booker)
    met.unwant(met.helper)  # theirs was never said: the other's stays
    assert met.session.get(Together, met.encounter.id) is not None
    met.unwant(met.booker)
    met.want(met.helper)
    assert met.letters() == []
    met.want(met.booker)
    assert len(met.letters()) == 2
    with pytest.raises(AlreadyTogether):
        met.unwant(met.helper)
    assert met.exchanged(met.helper).name == met.booker.name


def test_both_must_have_said_that_they_met(session: Session) -> None:
    met = Met(session)
    met.confirm(met.booker)
    assert met.wish(met.booker) is None
    with pytest.raises(NotFromARoom):
        met.want(met.booker)


def test_only_ten_minutes_that_a_room_asked_for_lead_here(met: Met) -> None:
    other = encounters.set_up(
        met.session, lieu_id=met.lieu.id, member_ids=[met.booker.id, met.helper.id], at=NOON
    )[0]
    for member in (met.booker, met.helper):
        facts = {"public_id": other.public_id, "member_id": member.id, "at": NOON}
        encounters.confirm(met.session, **facts, helped=False)
    assert together.wish(met.session, encounter=other, member_id=met.booker.id) is None
    with pytest.raises(NotFromARoom):
        together.want(met.session, **facts)


def test_an_encounter_of_others_is_missing(met: Met) -> None:
    stranger = a_member(met.session, "Nobody Here")
    with pytest.raises(NoSuchEncounter):
        met.want(stranger)
    with pytest.raises(NoSuchEncounter):
        met.unwant(stranger)
    met.want(met.booker, met.helper)
    assert met.wish(stranger) is None
    with pytest.raises(NotBoth):
        met.exchanged(stranger)


@pytest.mark.parametrize("ends", ["taken back", "block", "forgotten"])
def test_contact_is_given_no_more_when_something_came_between_them(met: Met, ends: str) -> None:
    met.want(met.booker, met.helper)
    if ends == "taken back":
        encounters.take_back(met.session, **met.facts(met.helper))
    elif ends == "block":
        met.session.add(Block(blocker_id=met.helper.id, blocked_id=met.booker.id, at=NOON))
        met.session.flush()
    else:
        members.erase(met.session, member_id=met.helper.id, at=NOON)
    for one in (met.booker, met.helper):
        with pytest.raises(NotBoth):
            met.exchanged(one)


@pytest.mark.parametrize("blocker", ["booker", "helper"])
def test_a_block_takes_the_other_wish_back_without_a_sign(met: Met, blocker: str) -> None:
    met.want(met.helper)
    one, other = (met.booker, met.helper) if blocker == "booker" else (met.helper, met.booker)
    met.session.add(Block(blocker_id=one.id, blocked_id=other.id, at=NOON))
    met.session.flush()
    met.want(met.booker)
    seen = met.wish(met.booker)
    assert seen is not None
    assert (seen.said, seen.contact, met.letters()) == (True, None, [])


@pytest.mark.parametrize(
    "cheat",
    [
        {"a_at": NOON, "agreed_at": NOON},
        {"b_at": NOON, "agreed_at": NOON},
        {"a_at": NOON, "b_at": NOON},
        {},
        {"agreed_at": NOON},
    ],
)
def test_the_schema_itself_agrees_for_two_and_for_two_only(met: Met, cheat: dict) -> None:
    with pytest.raises(IntegrityError), met.session.begin_nested():
        met.session.execute(insert(Together), [{"encounter_id": met.encounter.id, **cheat}])


def test_the_schema_itself_keeps_an_agreement_of_two(met: Met) -> None:
    met.want(met.booker, met.helper)
    with pytest.raises(IntegrityError), met.session.begin_nested():
        met.session.execute(update(Together).values(a_at=None))


# --- both at one instant --------------------------------------------------------------------


def said_at_once(engine: Engine, say: Callable[..., None]) -> tuple[list[Any], bool, int]:
    """Both say so in the same instant: what came of it, whether they agreed, how many letters."""
    with Session(engine) as session, write_transaction(session):
        met = Met(session)
        met.confirm()
        facts = [met.facts(member) for member in (met.booker, met.helper)]
    results = at_once([lambda one=one: say(engine, one) for one in facts])  # type: ignore[misc]
    with Session(engine) as session:
        agreed = session.scalars(select(Together.agreed_at)).one() is not None
        letters = session.scalars(select(Letter).where(Letter.kind == "together")).all()
        return results, agreed, len(letters)


def test_two_who_say_so_in_the_same_instant_agree(database_url: str) -> None:
    def say(engine: Engine, facts: dict[str, Any]) -> None:
        with Session(engine) as session, write_transaction(session):
            together.want(session, **facts)

    for _ in range(4):
        results, agreed, letters = said_at_once(engine_of(database_url), say)
        assert (results, agreed, letters) == ([None, None], True, 2)
        with Session(engine_of(database_url)) as session, write_transaction(session):
            for table in (Together, Letter):
                session.query(table).delete()


def test_without_the_lock_one_of_the_two_would_not_be_heard(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: nobody waits for the other, and both look before either has written."""
    both_have_looked = threading.Barrier(2)

    def unlocked(session: Session, *, public_id: str, member_id: int) -> Encounter:
        return session.scalars(select(Encounter).where(Encounter.public_id == public_id)).one()

    def apart(session: Session, met: Encounter) -> bool:
        both_have_looked.wait(timeout=20)
        return False

    def say(engine: Engine, facts: dict[str, Any]) -> None:
        with Session(engine) as session:
            together.want(session, **facts)
            session.commit()

    monkeypatch.setattr(encounters, "own_encounter", unlocked)
    monkeypatch.setattr(together, "_apart", apart)
    results, agreed, letters = said_at_once(engine_of(database_url), say)
    assert sum(result is not None for result in results) == 1
    assert (agreed, letters) == (False, 0)

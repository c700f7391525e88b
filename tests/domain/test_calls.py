"""A call goes to one person at a time; a no is shown to nobody; a yes tells a name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import calls, consent, encounters, ledger, mail, members, presence, words
from serendipity.bookings import Booking
from serendipity.calls import Call, CallAsked
from serendipity.db import write_transaction
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.organisations import OrganisationMember
from tests.conftest import NOON
from tests.rows import a_lieu, a_room, an_organisation
from tests.woven import at_once, engine_of, skilled

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def asker(session: Session, lieu: Lieu) -> Member:
    return skilled(session, lieu, "Awa", can=["laser cutting"])


def a_call(session: Session, lieu: Lieu, who: Member, said: str = "laser cutting") -> Call:
    made = calls.call(
        session, lieu_id=lieu.id, member_id=who.id, words=said, language="en", at=NOON
    )
    made.read_at = NOON  # the worker has looked at the words
    session.flush()
    return made


def helper(session: Session, lieu: Lieu, name: str = "Karim") -> Member:
    return skilled(session, lieu, name, can=["Laser cutting"])


def asked(session: Session) -> list[tuple[str, bool]]:
    """Who was asked, in order, and whether they still hold the call."""
    rows = session.execute(
        select(Member.name, CallAsked)
        .join(CallAsked, CallAsked.member_id == Member.id)
        .order_by(CallAsked.asked_at, CallAsked.member_id)
    )
    return [(name, not (one.yes_at or one.no_at or one.passed_at)) for name, one in rows]


def test_one_person_is_asked_at_a_time_and_has_ten_minutes(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    helper(session, lieu), helper(session, lieu, "Inès")
    a_call(session, lieu, asker)
    assert calls.pass_on(session, at=NOON) == 1
    assert calls.pass_on(session, at=NOON + 9 * MINUTE) == 0
    (first, _), *rest = asked(session)
    assert rest == []
    assert calls.pass_on(session, at=NOON + 10 * MINUTE) == 1
    assert asked(session) == [(first, False), ({"Karim", "Inès"}.difference({first}).pop(), True)]
    assert calls.pass_on(session, at=NOON + 20 * MINUTE) == 0  # nobody is left


def test_a_no_passes_the_call_on_at_once_and_is_shown_to_nobody(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    people = {one.name: one for one in (helper(session, lieu), helper(session, lieu, "Inès"))}
    call = a_call(session, lieu, asker)
    calls.pass_on(session, at=NOON)
    before = calls.mine(session, member_id=asker.id, at=NOON)
    first = people[asked(session)[0][0]]
    calls.decline(session, public_id=call.public_id, member_id=first.id, at=NOON + MINUTE)
    assert calls.mine(session, member_id=asker.id, at=NOON + MINUTE) == before
    assert calls.to_me(session, member_id=first.id, at=NOON + MINUTE) == []
    assert calls.pass_on(session, at=NOON + MINUTE) == 1
    assert len(asked(session)) == 2


def test_a_yes_tells_the_name_and_lets_them_say_that_they_met(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    karim = helper(session, lieu)
    call = a_call(session, lieu, asker)
    calls.pass_on(session, at=NOON)
    (put,) = calls.to_me(session, member_id=karim.id, at=NOON)
    assert (put.call, put.answer_by, put.organisation) == (call, NOON + 10 * MINUTE, "")
    calls.accept(session, public_id=call.public_id, member_id=karim.id, at=NOON + MINUTE)
    (mine,) = calls.mine(session, member_id=asker.id, at=NOON + MINUTE)
    assert mine.helper is karim
    assert mine.encounter is not None
    for who in (asker, karim):
        encounters.confirm(
            session,
            public_id=mine.encounter.public_id,
            member_id=who.id,
            helped=who is asker,
            at=NOON + 30 * MINUTE,
        )
    account = ledger.account_of(session, member_id=karim.id)
    assert ledger.balance(session, account) == 1
    assert calls.pass_on(session, at=NOON + 30 * MINUTE) == 0


def test_an_own_skill_does_not_answer_an_own_call(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    a_call(session, lieu, asker)
    assert calls.pass_on(session, at=NOON) == 0


@pytest.mark.parametrize("why", ["hidden", "focus", "paused", "declared", "blocked", "left", "cap"])
def test_who_wants_peace_is_not_asked(
    session: Session, lieu: Lieu, asker: Member, why: str
) -> None:
    karim = helper(session, lieu)
    stay = presence.here(session, member_id=karim.id, at=NOON)
    if why == "hidden":
        presence.hide(session, member_id=karim.id, at=NOON)
    elif why == "focus":
        presence.focus(session, member_id=karim.id, until=NOON + DAY, at=NOON)
    elif why == "paused":
        members.pause(session, member_id=karim.id, until=NOON + DAY)
    elif why == "declared":
        stay.confirmed_at = None
    elif why == "blocked":
        members.block(session, blocker_id=karim.id, blocked_id=asker.id, at=NOON)
    elif why == "left":
        presence.leave(session, member_id=karim.id, at=NOON)
    else:
        for number in range(calls.WEEKLY_CAP):
            old = a_call(session, lieu, skilled(session, lieu, "Other"), f"laser {number}")
            old.withdrawn_at = NOON
            session.add(
                CallAsked(call_id=old.id, member_id=karim.id, asked_at=NOON - DAY, no_at=NOON)
            )
    session.flush()
    call = a_call(session, lieu, asker)
    assert calls.pass_on(session, at=NOON) == 0
    assert call.tried_at == NOON


def test_a_call_that_fits_nobody_is_tried_again_a_minute_later(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    a_call(session, lieu, asker)
    assert calls.pass_on(session, at=NOON) == 0
    helper(session, lieu)
    assert calls.pass_on(session, at=NOON + MINUTE / 2) == 0
    assert calls.pass_on(session, at=NOON + MINUTE) == 1


def test_words_are_given_a_moment_to_be_heard(session: Session, lieu: Lieu, asker: Member) -> None:
    helper(session, lieu)
    a_call(session, lieu, asker).read_at = None
    session.flush()
    assert calls.pass_on(session, at=NOON + MINUTE / 12) == 0
    assert calls.pass_on(session, at=NOON + MINUTE / 6) == 1


def test_nobody_holds_two_calls_at_a_time(session: Session, lieu: Lieu, asker: Member) -> None:
    skilled(session, lieu, "Karim", can=["Laser cutting", "Welding"])
    a_call(session, lieu, asker)
    other = a_call(session, lieu, asker, "welding")
    assert calls.pass_on(session, at=NOON) == 1
    assert other.tried_at == NOON


def test_the_asker_of_a_room_is_named_by_organisation_and_its_people_are_not_asked(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    colleague, karim = helper(session, lieu, "Colleague"), helper(session, lieu)
    organisation, _ = an_organisation(session, asker, name="Coop")
    session.add(
        OrganisationMember(
            organisation_id=organisation.id, member_id=colleague.id, role="see", since=NOON
        )
    )
    room = a_room(session, lieu, name="Jacquard")
    booking = Booking(
        room_id=room.id,
        organisation_id=organisation.id,
        booked_by_id=asker.id,
        starts_at=NOON,
        ends_at=NOON + 60 * MINUTE,
        people=2,
        held_at=NOON,
        hold_expires_at=NOON,
        confirmed_at=NOON,
        net_cents=0,
        vat_cents=0,
        currency="EUR",
    )
    session.add(booking)
    session.flush()
    call = calls.call(
        session,
        lieu_id=lieu.id,
        booking_id=booking.id,
        words="laser cutting",
        language="en",
        at=NOON,
    )
    call.read_at = NOON
    assert calls.pass_on(session, at=NOON) == 1
    (put,) = calls.to_me(session, member_id=karim.id, at=NOON)
    assert (put.organisation, put.room) == ("Coop", "Jacquard")
    calls.accept(session, public_id=call.public_id, member_id=karim.id, at=NOON)
    (seen,) = calls.of_booking(session, booking_id=booking.id, at=NOON)
    assert seen.helper is karim
    assert seen.encounter is not None
    assert seen.encounter.other_than(karim.id) == asker.id


def test_a_stranger_a_missing_call_and_one_not_put_to_me_answer_alike(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    stranger = skilled(session, lieu, "Stranger")
    call = a_call(session, lieu, asker)
    for verb in (calls.accept, calls.decline, calls.withdraw):
        for public_id in (call.public_id, "unknown"):
            with pytest.raises(calls.NoSuchCall):
                verb(session, public_id=public_id, member_id=stranger.id, at=NOON)


@pytest.mark.parametrize("how", ["withdrawn", "expired"])
def test_a_call_that_is_over_is_asked_of_nobody(
    session: Session, lieu: Lieu, asker: Member, how: str
) -> None:
    karim = helper(session, lieu)
    call = a_call(session, lieu, asker)
    calls.pass_on(session, at=NOON)
    at = NOON
    if how == "withdrawn":
        calls.withdraw(session, public_id=call.public_id, member_id=asker.id, at=NOON)
    else:
        call.expires_at = at = NOON + MINUTE
        session.flush()
    assert calls.to_me(session, member_id=karim.id, at=at) == []
    assert calls.mine(session, member_id=asker.id, at=at) == []
    with pytest.raises(calls.CallOver):
        calls.accept(session, public_id=call.public_id, member_id=karim.id, at=at)
    assert calls.lapse(session, at=at) == 1
    assert calls.lapse(session, at=at) == 0


def test_a_late_yes_counts_while_nobody_else_gave_one(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    people = {one.name: one for one in (helper(session, lieu), helper(session, lieu, "Inès"))}
    call = a_call(session, lieu, asker)
    calls.pass_on(session, at=NOON)
    calls.pass_on(session, at=NOON + 10 * MINUTE)
    late, second = (people[name] for name, _ in asked(session))
    calls.accept(session, public_id=call.public_id, member_id=late.id, at=NOON + 11 * MINUTE)
    with pytest.raises(calls.CallOver):
        calls.accept(session, public_id=call.public_id, member_id=second.id, at=NOON + 11 * MINUTE)
    assert calls.mine(session, member_id=asker.id, at=NOON + 11 * MINUTE)[0].helper is late


def test_three_questions_at_a_time_and_the_same_words_are_one(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    first = a_call(session, lieu, asker, "one")
    assert a_call(session, lieu, asker, " one ") is first
    a_call(session, lieu, asker, "two")
    a_call(session, lieu, asker, "three")
    with pytest.raises(calls.TooManyCalls):
        a_call(session, lieu, asker, "four")


@pytest.mark.parametrize("said", ["", "   ", "x" * 241, "a\0b", "\ud800"])
def test_words_that_cannot_be_read_are_refused(
    session: Session, lieu: Lieu, asker: Member, said: str
) -> None:
    with pytest.raises((words.WordsMissing, words.WordsTooLong, words.WordsUnreadable)):
        a_call(session, lieu, asker, said)
    assert session.scalars(select(Call)).all() == []


def test_who_is_asked_is_owed_one_letter(session: Session, lieu: Lieu, asker: Member) -> None:
    karim = helper(session, lieu)
    call = a_call(session, lieu, asker)
    calls.pass_on(session, at=NOON)
    (letter,) = session.scalars(select(mail.Letter).where(mail.Letter.kind == "call"))
    assert (letter.recipient, letter.key) == (karim.email, call.public_id)
    assert letter.facts == {"call": call.public_id, "words": "laser cutting"}


def yes_by_hand(session: Session, call: Call, member: Member, **given: Any) -> None:
    facts = {"asked_at": NOON, "yes_at": NOON, "people": call.people, **given}
    with session.begin_nested():
        session.add(CallAsked(call_id=call.id, member_id=member.id, **facts))


@pytest.mark.parametrize(
    "cheat",
    [
        {"chair": 1},  # somebody sits there
        {"chair": 2},  # there is one chair
        {"chair": 2, "people": 2},  # the call is for one
        {"chair": None},  # a yes without a chair
        {"chair": 0},
        {"chair": 1, "yes_at": None},  # a chair without a yes
    ],
    ids=str,
)
def test_the_schema_holds_one_yes_a_call(
    session: Session, lieu: Lieu, asker: Member, cheat: dict[str, Any]
) -> None:
    call = a_call(session, lieu, asker)
    first, second = helper(session, lieu), helper(session, lieu, "Inès")
    yes_by_hand(session, call, first, chair=1)
    with pytest.raises(IntegrityError):
        yes_by_hand(session, call, second, **cheat)


# --- a circle -------------------------------------------------------------------------------


def a_circle(session: Session, lieu: Lieu, who: Member, people: int = 3) -> Call:
    made = calls.call(
        session,
        lieu_id=lieu.id,
        member_id=who.id,
        words="laser cutting",
        language="en",
        at=NOON,
        people=people,
    )
    made.read_at = NOON
    session.flush()
    return made


def test_a_few_are_asked_at_once_and_those_who_say_yes_make_the_circle(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    people = [helper(session, lieu, name) for name in ("Karim", "Inès", "Łukasz", "Mieke")]
    call = a_circle(session, lieu, asker)
    assert calls.pass_on(session, at=NOON) == 3
    assert calls.pass_on(session, at=NOON + MINUTE) == 0  # three hold it
    first, second, third = (
        one for one in people if calls.to_me(session, member_id=one.id, at=NOON)
    )
    (fourth,) = set(people) - {first, second, third}
    calls.decline(session, public_id=call.public_id, member_id=first.id, at=NOON)
    for one in (second, third):
        calls.accept(session, public_id=call.public_id, member_id=one.id, at=NOON)
    assert calls.pass_on(session, at=NOON + MINUTE) == 1
    calls.accept(session, public_id=call.public_id, member_id=fourth.id, at=NOON + MINUTE)
    (mine,) = calls.mine(session, member_id=asker.id, at=NOON)
    assert [one.helper for one in mine.answers] == [second, third, fourth]
    assert not mine.asking
    for one in mine.answers:
        assert one.encounter is not None
        assert one.encounter.other_than(asker.id) == one.helper.id
    met = session.scalars(select(encounters.Encounter)).all()
    assert len(met) == 4 * 3 // 2
    with pytest.raises(calls.CallOver):
        calls.accept(session, public_id=call.public_id, member_id=first.id, at=NOON + MINUTE)
    assert calls.pass_on(session, at=NOON + 10 * MINUTE) == 0


def test_nobody_is_asked_to_a_table_with_somebody_they_never_want_to_meet(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    karim, ines = helper(session, lieu), helper(session, lieu, "Inès")
    members.block(session, blocker_id=karim.id, blocked_id=ines.id, at=NOON)
    call = a_circle(session, lieu, asker)
    assert calls.pass_on(session, at=NOON) == 1
    (put,) = [one for one in (karim, ines) if calls.to_me(session, member_id=one.id, at=NOON)]
    calls.accept(session, public_id=call.public_id, member_id=put.id, at=NOON)
    assert calls.pass_on(session, at=NOON + MINUTE) == 0


def test_a_block_that_comes_between_closes_the_call_for_one_of_them(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    karim, ines = helper(session, lieu), helper(session, lieu, "Inès")
    call = a_circle(session, lieu, asker)
    calls.pass_on(session, at=NOON)
    calls.accept(session, public_id=call.public_id, member_id=karim.id, at=NOON)
    members.block(session, blocker_id=karim.id, blocked_id=ines.id, at=NOON)
    with pytest.raises(calls.CallOver):
        calls.accept(session, public_id=call.public_id, member_id=ines.id, at=NOON)


def test_enough_is_enough(session: Session, lieu: Lieu, asker: Member) -> None:
    people = [helper(session, lieu, name) for name in ("Karim", "Inès", "Łukasz")]
    call = a_circle(session, lieu, asker)
    calls.pass_on(session, at=NOON)
    calls.accept(session, public_id=call.public_id, member_id=people[0].id, at=NOON)
    calls.enough(session, public_id=call.public_id, member_id=asker.id, at=NOON)
    assert calls.to_me(session, member_id=people[1].id, at=NOON) == []
    with pytest.raises(calls.CallOver):
        calls.accept(session, public_id=call.public_id, member_id=people[1].id, at=NOON)
    (mine,) = calls.mine(session, member_id=asker.id, at=NOON)
    assert [one.helper for one in mine.answers] == [people[0]]
    assert calls.pass_on(session, at=NOON + 10 * MINUTE) == 0
    with pytest.raises(calls.NoSuchCall):
        calls.enough(session, public_id=call.public_id, member_id=people[0].id, at=NOON)


def test_enough_before_anybody_said_yes_takes_the_call_back(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    call = a_circle(session, lieu, asker)
    calls.enough(session, public_id=call.public_id, member_id=asker.id, at=NOON)
    assert call.withdrawn_at == NOON


@pytest.mark.parametrize("people", [0, -1, 5])
def test_a_circle_has_three_to_five(
    session: Session, lieu: Lieu, asker: Member, people: int
) -> None:
    with pytest.raises(calls.BadPeople):
        a_circle(session, lieu, asker, people)


def test_who_hides_while_the_engine_thinks_is_not_asked(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    people = {one.id: one for one in (helper(session, lieu), helper(session, lieu, "Inès"))}
    call = a_call(session, lieu, asker)
    (planned,) = calls.plan(session, at=NOON)
    assert set(planned.best) == set(people)
    presence.hide(session, member_id=planned.best[0], at=NOON)
    assert calls.put(session, [planned], at=NOON) == 1
    assert [name for name, _ in asked(session)] == [people[planned.best[1]].name]
    assert calls.put(session, [planned], at=NOON) == 0  # somebody holds it
    calls.withdraw(session, public_id=call.public_id, member_id=asker.id, at=NOON)


def test_thinking_writes_nothing(session: Session, lieu: Lieu, asker: Member) -> None:
    helper(session, lieu)
    a_call(session, lieu, asker)
    calls.plan(session, at=NOON)
    assert not session.dirty
    assert not session.new
    assert asked(session) == []


def yeses_at_once(database_url: str, *, people: int, helpers: int) -> list[str]:
    """Everybody says yes to one call at the same instant; how each of them fared."""
    engine = engine_of(database_url)
    with Session(engine) as session, write_transaction(session):
        lieu = a_lieu(session)
        call = a_circle(session, lieu, skilled(session, lieu, "Awa"), people)
        asked_ones = [helper(session, lieu, f"Helper {number}") for number in range(helpers)]
        session.add_all(
            CallAsked(call_id=call.id, member_id=one.id, asked_at=NOON, people=people)
            for one in asked_ones
        )
        public_id, ids = call.public_id, [one.id for one in asked_ones]

    def yes(member_id: int) -> None:
        with Session(engine) as own, write_transaction(own):
            calls.accept(own, public_id=public_id, member_id=member_id, at=NOON)

    results = at_once([lambda key=key: yes(key) for key in ids])  # type: ignore[misc]
    return sorted(type(result).__name__ for result in results)


@pytest.mark.parametrize(("people", "helpers"), [(1, 2), (3, 6)])
def test_of_many_yeses_at_the_same_instant_as_many_count_as_there_are_chairs(
    database_url: str, people: int, helpers: int
) -> None:
    fared = yeses_at_once(database_url, people=people, helpers=helpers)
    assert fared == ["CallOver"] * (helpers - people) + ["NoneType"] * people
    with Session(engine_of(database_url)) as session:
        met = session.scalars(select(encounters.Encounter)).all()
        assert len(met) == (people + 1) * people // 2


def test_without_the_guard_one_yes_too_many_counts(database_url: str) -> None:
    """The control: chairs that are not numbered."""
    engine = engine_of(database_url)
    columns = [column.key for column in CallAsked.__table__.columns]
    statements = (
        [
            "ALTER TABLE call_asked DROP CONSTRAINT uq_call_asked_call_id_chair",
            "ALTER TABLE call_asked DROP CONSTRAINT ck_call_asked_chair",
        ]
        if engine.dialect.name == "postgresql"
        else [
            f"CREATE TABLE loose ({', '.join(columns)})",
            "DROP TABLE call_asked",
            "ALTER TABLE loose RENAME TO call_asked",
        ]
    )
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    assert yeses_at_once(database_url, people=1, helpers=3) == ["NoneType"] * 3


def test_a_forgotten_member_leaves_no_words_behind(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    karim = helper(session, lieu)
    call = a_call(session, lieu, asker)
    calls.pass_on(session, at=NOON)
    members.erase(session, member_id=asker.id, at=NOON)
    session.expire_all()
    assert (call.words, call.withdrawn_at) == ("", NOON)
    assert calls.to_me(session, member_id=karim.id, at=NOON) == []


# --- in vain --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what_happened", "told"),
    [
        ("nobody was there", 1),
        ("everybody was silent", 1),
        ("everybody said no", 1),
        ("somebody said yes", 0),
        ("it was taken back", 0),
        ("the asker left", 0),
        ("the asker wants no letters", 0),
    ],
)
def test_who_asked_in_vain_is_told_once_if_they_want_letters(
    session: Session, lieu: Lieu, asker: Member, what_happened: str, told: int
) -> None:
    consent.choose(
        session, member_id=asker.id, lieu_id=lieu.id, here_today=True,
        by_mail=what_happened != "the asker wants no letters", other_lieux=False, at=NOON,
    )  # fmt: skip
    call = a_call(session, lieu, asker)
    later, karim = NOON + MINUTE, helper(session, lieu)
    if what_happened.startswith(("everybody", "somebody")):
        assert calls.pass_on(session, at=NOON) == 1
    if what_happened == "everybody said no":
        calls.decline(session, public_id=call.public_id, member_id=karim.id, at=later)
    if what_happened == "somebody said yes":
        calls.accept(session, public_id=call.public_id, member_id=karim.id, at=later)
    if what_happened == "it was taken back":
        calls.withdraw(session, public_id=call.public_id, member_id=asker.id, at=later)
    if what_happened == "the asker left":
        members.erase(session, member_id=asker.id, at=later)
    assert calls.owe_missed(session, at=call.expires_at - MINUTE) == 0
    assert calls.owe_missed(session, at=call.expires_at) == told
    assert calls.owe_missed(session, at=call.expires_at + MINUTE) == 0
    letters = select(mail.Letter.member_id).where(mail.Letter.kind == "missed")
    assert session.scalars(letters).all() == [asker.id] * told


def test_that_nobody_answered_days_ago_is_no_news(
    session: Session, lieu: Lieu, asker: Member
) -> None:
    consent.choose(
        session, member_id=asker.id, lieu_id=lieu.id, here_today=True, by_mail=True,
        other_lieux=False, at=NOON,
    )  # fmt: skip
    call = a_call(session, lieu, asker)
    assert calls.owe_missed(session, at=call.expires_at + DAY) == 0

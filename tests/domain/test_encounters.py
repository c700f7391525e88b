"""It happened when both say so; then, once, the tie grows and the answer is paid."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import encounters, ledger, members, ties
from serendipity.consent import Consent
from serendipity.db import write_transaction
from serendipity.encounters import Encounter, saying
from serendipity.lieux import Lieu
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.ties import Tie
from tests.conftest import NOON
from tests.half_said import ORIGINS, half_said, say_so
from tests.rows import a_lieu, a_member, somebody_here
from tests.woven import at_once, engine_of

DAY = timedelta(days=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def two(session: Session) -> tuple[Member, Member]:
    return a_member(session, "Awa"), a_member(session, "Karim")


@pytest.fixture
def met(session: Session, lieu: Lieu, two: tuple[Member, Member]) -> Encounter:
    ids = [one.id for one in two]
    return encounters.set_up(session, lieu_id=lieu.id, member_ids=ids, at=NOON)[0]


def confirm(
    session: Session, met: Encounter, who: Member, *, helped: bool = False, outcome: str = ""
) -> Encounter:
    return encounters.confirm(
        session,
        public_id=met.public_id,
        member_id=who.id,
        helped=helped,
        at=NOON + DAY,
        outcome=outcome,
    )


def earned(session: Session, who: Member) -> int:
    return ledger.balance(session, ledger.account_of(session, member_id=who.id))


def test_one_word_alone_counts_for_nothing(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    confirm(session, met, two[0], helped=True)
    assert met.happened_at is None
    assert session.scalars(select(Tie)).all() == []
    assert earned(session, two[1]) == 0


def test_both_words_grow_the_tie_and_pay_the_one_who_helped(
    session: Session, met: Encounter, two: tuple[Member, Member], lieu: Lieu
) -> None:
    confirm(session, met, two[0], helped=True)
    confirm(session, met, two[1])
    assert met.happened_at == NOON + DAY
    assert (earned(session, two[0]), earned(session, two[1])) == (0, 1)
    tie = ties.tie_of(session, one_id=two[0].id, other_id=two[1].id)
    assert tie is not None
    assert tie.trace == 1.0
    month = ledger.this_month(session, member_id=two[0].id, lieu=lieu, at=NOON + DAY)
    assert (month.given, month.received) == (0, 1)


def test_a_trade_pays_both(session: Session, met: Encounter, two: tuple[Member, Member]) -> None:
    for who in two:
        confirm(session, met, who, helped=True)
    assert [earned(session, who) for who in two] == [1, 1]


def test_nobody_is_paid_on_their_own_word(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    confirm(session, met, two[0], helped=True)
    confirm(session, met, two[1], helped=False)
    assert earned(session, two[0]) == 0


def test_saying_it_again_changes_nothing_but_what_came_of_it(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    for helped in (True, False, True):
        for who in two:
            confirm(session, met, who, helped=helped, outcome="advice")
    assert [earned(session, who) for who in two] == [1, 1]
    assert session.scalars(select(Tie.trace)).all() == [1.0]
    assert met.outcome == "advice"


def test_an_outcome_is_one_of_the_known_ones(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    with pytest.raises(encounters.NoSuchOutcome):
        confirm(session, met, two[0], outcome="x" * 100)
    assert met.a_confirmed_at is None


def test_a_stranger_and_a_missing_encounter_answer_alike(session: Session, met: Encounter) -> None:
    stranger = a_member(session)
    for public_id in (met.public_id, "unknown"):
        for verb, facts in ((encounters.confirm, {"helped": True}), (encounters.deny, {})):
            with pytest.raises(encounters.NoSuchEncounter):
                verb(session, public_id=public_id, member_id=stranger.id, at=NOON, **facts)


def test_what_one_denies_is_over_for_both_unless_both_had_said_it(
    session: Session, met: Encounter, two: tuple[Member, Member], lieu: Lieu
) -> None:
    encounters.deny(session, public_id=met.public_id, member_id=two[0].id, at=NOON)
    with pytest.raises(encounters.NoSuchEncounter):
        confirm(session, met, two[1])
    assert encounters.waiting_for(session, member_id=two[1].id, at=NOON) == []
    lived = encounters.set_up(
        session, lieu_id=lieu.id, member_ids=[one.id for one in two], at=NOON
    )[0]
    for who in two:
        confirm(session, lived, who)
    with pytest.raises(encounters.AlreadyHappened):
        encounters.deny(session, public_id=lived.public_id, member_id=two[0].id, at=NOON)


def test_a_member_is_asked_for_two_weeks_and_not_after_both_said_so(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    def asked(who: Member, after: timedelta) -> list[tuple[str, bool]]:
        found = encounters.waiting_for(session, member_id=who.id, at=NOON + after)
        return [(one.other.name, one.said) for one in found]

    assert asked(two[0], DAY) == [("Karim", False)]
    confirm(session, met, two[0])
    assert asked(two[0], DAY) == [("Karim", True)]
    assert asked(two[1], DAY) == [("Awa", False)]
    assert asked(two[1], 15 * DAY) == []
    confirm(session, met, two[1])
    assert asked(two[0], DAY) == asked(two[1], DAY) == []


def test_meetings_tell_the_ties(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    for who in two:
        confirm(session, met, who)
    before = [(tie.a_id, tie.b_id, tie.trace) for tie in session.scalars(select(Tie))]
    assert ties.recompute(session, encounters.meetings(session)) == 1
    assert [(tie.a_id, tie.b_id, tie.trace) for tie in session.scalars(select(Tie))] == before


def test_each_says_what_came_of_it_and_the_most_telling_is_told(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    confirm(session, met, two[0], outcome="hire")
    confirm(session, met, two[1], outcome="nothing")
    assert (met.outcome, met.a_outcome, met.b_outcome) == ("hire", "hire", "nothing")
    assert session.scalars(select(Encounter.outcome)).one() == "hire"
    say = {"public_id": met.public_id, "member_id": two[0].id, "at": NOON}
    encounters.say_what_came(session, outcome="friendship", **say)
    assert met.outcome == "friendship"
    for nothing in ("", "love"):
        with pytest.raises(encounters.NoSuchOutcome):
            encounters.say_what_came(session, outcome=nothing, **say)


def test_nobody_says_what_came_of_what_they_do_not_say_happened(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    with pytest.raises(encounters.NoSuchOutcome):
        encounters.say_what_came(
            session, public_id=met.public_id, member_id=two[0].id, outcome="work", at=NOON
        )


@pytest.mark.parametrize(
    "cheat",
    [
        "UPDATE encounter SET a_outcome = 'love'",
        "UPDATE encounter SET told_by_id = a_id",
        "UPDATE encounter SET a_id = b_id",
    ],
)
def test_the_schema_refuses_what_no_verb_would_write(
    session: Session, met: Encounter, cheat: str
) -> None:
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text(cheat))


# --- taking back ----------------------------------------------------------------------------


def lived(session: Session, lieu: Lieu, one: Member, other: Member, at: datetime) -> Encounter:
    """An encounter of the two that counts: one helped the other."""
    found = encounters.set_up(session, lieu_id=lieu.id, member_ids=[one.id, other.id], at=at)[0]
    for who in (one, other):
        encounters.confirm(
            session, public_id=found.public_id, member_id=who.id, helped=who is one, at=at
        )
    return found


def take_back(session: Session, met: Encounter, who: Member, at: datetime) -> Encounter:
    return encounters.take_back(session, public_id=met.public_id, member_id=who.id, at=at)


def test_taking_back_reverses_the_answer_and_takes_the_growth_of_the_tie(
    session: Session, lieu: Lieu, two: tuple[Member, Member]
) -> None:
    lived(session, lieu, *two, NOON)
    before = [(tie.trace, tie.first_at, tie.last_at) for tie in session.scalars(select(Tie))]
    wrong = lived(session, lieu, *two, NOON + 3 * DAY)
    assert earned(session, two[1]) == 2
    take_back(session, wrong, two[1], NOON + 5 * DAY)
    assert earned(session, two[1]) == 1
    assert ledger.total(session) == 0
    after = [(tie.trace, tie.first_at, tie.last_at) for tie in session.scalars(select(Tie))]
    assert after == before
    assert ties.recompute(session, encounters.meetings(session)) == 1
    kinds = session.scalars(select(ledger.Transaction.kind).order_by(ledger.Transaction.id)).all()
    assert kinds == ["answer", "answer", "reversal"]


def test_the_only_encounter_taken_back_leaves_no_tie(
    session: Session, lieu: Lieu, two: tuple[Member, Member]
) -> None:
    take_back(session, lived(session, lieu, *two, NOON), two[0], NOON + DAY)
    assert session.scalars(select(Tie)).all() == []
    assert encounters.meetings(session) == []


def test_what_was_taken_back_cannot_be_taken_back_again_nor_confirmed(
    session: Session, lieu: Lieu, two: tuple[Member, Member]
) -> None:
    wrong = lived(session, lieu, *two, NOON)
    take_back(session, wrong, two[0], NOON + DAY)
    for verb, facts in ((encounters.take_back, {}), (encounters.confirm, {"helped": True})):
        with pytest.raises(encounters.NoSuchEncounter):
            verb(session, public_id=wrong.public_id, member_id=two[1].id, at=NOON + DAY, **facts)
    assert earned(session, two[1]) == 0


@pytest.mark.parametrize(("after", "too_late"), [(7 * DAY, False), (7 * DAY + DAY / 9, True)])
def test_a_week_is_the_time_to_take_back(
    session: Session, lieu: Lieu, two: tuple[Member, Member], after: timedelta, too_late: bool
) -> None:
    wrong = lived(session, lieu, *two, NOON)
    if too_late:
        with pytest.raises(encounters.TooLateToTakeBack):
            take_back(session, wrong, two[0], NOON + after)
    else:
        take_back(session, wrong, two[0], NOON + after)
    assert earned(session, two[1]) == (1 if too_late else 0)


def test_only_what_happened_is_taken_back_and_only_by_one_of_the_two(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    with pytest.raises(encounters.NotHappened):
        take_back(session, met, two[0], NOON)
    for who in two:
        confirm(session, met, who)
    with pytest.raises(encounters.NoSuchEncounter):
        take_back(session, met, a_member(session), NOON)


def test_both_taking_back_at_once_reverse_once(database_url: str) -> None:
    engine = engine_of(database_url)
    with Session(engine) as session, write_transaction(session):
        one, other = a_member(session), a_member(session)
        public_id = lived(session, a_lieu(session), one, other, NOON).public_id
        ids = [one.id, other.id]

    def back(member_id: int) -> None:
        with Session(engine) as own, write_transaction(own):
            encounters.take_back(own, public_id=public_id, member_id=member_id, at=NOON)

    results = at_once([lambda key=key: back(key) for key in ids * 3])  # type: ignore[misc]
    assert sum(result is None for result in results) == 1
    assert {type(one) for one in results if one} == {encounters.NoSuchEncounter}
    with Session(engine) as session:
        assert (
            session.scalar(select(func.count()).where(ledger.Transaction.kind == "reversal")) == 1
        )


# --- members who are gone -------------------------------------------------------------------


def test_with_a_deleted_member_nothing_counts_any_more(
    session: Session, met: Encounter, two: tuple[Member, Member]
) -> None:
    confirm(session, met, two[1], helped=True)
    members.erase(session, member_id=two[1].id, at=NOON + DAY)
    assert encounters.waiting_for(session, member_id=two[0].id, at=NOON + DAY) == []
    with pytest.raises(encounters.NoSuchEncounter):
        confirm(session, met, two[0], helped=True)
    assert session.scalars(select(ledger.Transaction)).all() == []


def test_what_counted_before_somebody_was_deleted_goes_on_counting(
    session: Session, lieu: Lieu, two: tuple[Member, Member]
) -> None:
    lived(session, lieu, *two, NOON)
    members.erase(session, member_id=two[0].id, at=NOON + DAY)
    assert earned(session, two[1]) == 1
    assert len(encounters.meetings(session)) == 1


# --- asked again ----------------------------------------------------------------------------

MONTH = timedelta(days=30)


def asked_again(session: Session, who: Member, at: datetime) -> list[str]:
    found = encounters.to_ask_again(session, member_id=who.id, at=at)
    return [one.other.name for one in found]


def test_after_a_month_each_is_asked_until_they_say(
    session: Session, lieu: Lieu, two: tuple[Member, Member]
) -> None:
    met = lived(session, lieu, *two, NOON)
    assert asked_again(session, two[0], NOON + MONTH - DAY) == []
    assert asked_again(session, two[0], NOON + MONTH) == ["Karim"]
    assert asked_again(session, two[1], NOON + MONTH) == ["Awa"]
    facts = {"public_id": met.public_id, "outcome": "nothing", "at": NOON + MONTH}
    encounters.say_what_came(session, member_id=two[0].id, **facts)
    assert asked_again(session, two[0], NOON + MONTH) == []
    assert asked_again(session, two[1], NOON + MONTH) == ["Awa"]
    assert asked_again(session, two[1], NOON + 2 * MONTH + DAY) == []


@pytest.mark.parametrize("origin", ORIGINS)
def test_however_two_met_each_is_asked_again_after_a_month(
    session: Session, lieu: Lieu, origin: str
) -> None:
    pair = [somebody_here(session, lieu, name) for name in ("Awa", "Karim")]
    met = half_said(session, lieu, *pair, origin=origin, at=NOON)
    assert asked_again(session, pair[0], NOON + MONTH) == []
    say_so(session, met, pair[1], NOON)
    for who, other in (pair, reversed(pair)):
        assert asked_again(session, who, NOON + MONTH) == [other.name]
    owed = [encounters.owe_asking_again(session, at=NOON + after) for after in (29 * DAY, MONTH)]
    assert owed == [0, 2]


def test_nobody_is_asked_again_about_somebody_gone_blocked_or_taken_back(
    session: Session, lieu: Lieu, two: tuple[Member, Member]
) -> None:
    blocked, gone, undone = (a_member(session) for _ in range(3))
    for other in (blocked, gone):
        lived(session, lieu, two[0], other, NOON)
    take_back(session, lived(session, lieu, two[0], undone, NOON), undone, NOON)
    members.block(session, blocker_id=blocked.id, blocked_id=two[0].id, at=NOON)
    members.erase(session, member_id=gone.id, at=NOON)
    for who in (two[0], blocked):
        assert asked_again(session, who, NOON + MONTH) == []


def test_one_letter_asks_again_and_only_those_who_take_letters(
    session: Session, lieu: Lieu, two: tuple[Member, Member]
) -> None:
    third = a_member(session, "Third")
    lived(session, lieu, *two, NOON)
    lived(session, lieu, two[0], third, NOON + DAY)
    for who, by_mail in ((two[0], True), (two[1], False)):
        session.add(Consent(member_id=who.id, lieu_id=lieu.id, by_mail=by_mail, chosen_at=NOON))
    session.flush()
    owed = [
        encounters.owe_asking_again(session, at=NOON + after)
        for after in (MONTH - DAY, MONTH, MONTH, MONTH + 2 * DAY)
    ]
    assert owed == [0, 1, 0, 0]  # one at a time, and never the same twice
    letter = session.scalars(select(Letter)).one()
    assert (letter.kind, letter.member_id) == ("again", two[0].id)


# --- rings ----------------------------------------------------------------------------------


def told(session: Session, lieu: Lieu, helper: Member, helped: Member, on: datetime) -> Encounter:
    """Told by hand by the one who was helped, and confirmed by the helper."""
    low, high = sorted((helper.id, helped.id))
    met = Encounter(
        lieu_id=lieu.id, a_id=low, b_id=high, told_by_id=helped.id, told_on=on.date(), said_at=on
    )
    session.add(met)
    session.flush()
    for who in (helped, helper):
        encounters.confirm(
            session, public_id=met.public_id, member_id=who.id, helped=who is helped, at=on
        )
    return met


def test_help_that_goes_round_is_shown_to_the_concierge_and_not_paid_twice(
    session: Session, lieu: Lieu
) -> None:
    people = [a_member(session, name) for name in ("Ana", "Bo", "Cy")]
    pairs = list(zip(people, people[1:] + people[:1], strict=True))
    for number, (helper, helped) in enumerate(pairs):
        told(session, lieu, helper, helped, NOON + number * DAY / 24)
    assert [earned(session, who) for who in people] == [1, 1, 1]
    (ring,) = encounters.rings(session, lieu_id=lieu.id, at=NOON + DAY)
    assert ([who.name for who in ring.members], ring.told, ring.again) == (
        ["Ana", "Bo", "Cy"],
        3,
        0,
    )
    for helper, helped in pairs:
        told(session, lieu, helper, helped, NOON + DAY)
    assert [earned(session, who) for who in people] == [1, 1, 1]
    (ring,) = encounters.rings(session, lieu_id=lieu.id, at=NOON + 2 * DAY)
    assert (ring.told, ring.again) == (6, 3)
    assert ledger.total(session) == 0


def test_a_chain_of_help_and_help_that_was_suggested_are_no_ring(
    session: Session, lieu: Lieu
) -> None:
    people = [a_member(session) for _ in range(4)]
    for helper, helped in zip(people, people[1:], strict=False):
        told(session, lieu, helper, helped, NOON)
    lived(session, lieu, people[0], people[3], NOON)  # closes it, but by the engine
    assert encounters.rings(session, lieu_id=lieu.id, at=NOON + DAY) == []


def test_the_same_help_in_another_month_is_paid_again(
    session: Session, lieu: Lieu, two: tuple[Member, Member]
) -> None:
    for on in (NOON, NOON + DAY, NOON + MONTH):
        told(session, lieu, *two, on)
    assert earned(session, two[0]) == 2
    (twice,) = encounters.rings(session, lieu_id=lieu.id, at=NOON + DAY)
    assert (len(twice.members), twice.again) == (2, 1)


def eight_times_each(database_url: str) -> tuple[int, list[float], list[object]]:
    """Ledger answers and tie traces after both confirmed eight times at the same instant."""
    engine = engine_of(database_url)
    with Session(engine) as session, write_transaction(session):
        lieu = a_lieu(session)
        ids = [a_member(session).id, a_member(session).id]
        met = encounters.set_up(session, lieu_id=lieu.id, member_ids=ids, at=NOON)[0]
        public_id = met.public_id

    def say(member_id: int) -> None:
        with Session(engine) as own, write_transaction(own):
            encounters.confirm(
                own, public_id=public_id, member_id=member_id, helped=member_id == ids[0], at=NOON
            )

    results = at_once([lambda key=key: say(key) for key in ids * 4])  # type: ignore[misc]
    with Session(engine) as session:
        answers = session.scalar(select(func.count()).where(ledger.Transaction.kind == "answer"))
        return answers or 0, list(session.scalars(select(Tie.trace))), results


def test_both_confirming_many_times_at_once_is_one_answer_and_one_tie(database_url: str) -> None:
    assert eight_times_each(database_url) == (1, [1.0], [None] * 8)


def test_control_without_the_lock_the_two_words_miss_each_other(
    database_url: str, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite there is one writer, so nothing can be missed there even without the lock."""
    import threading

    from sqlalchemy.sql.selectable import Select

    meet = threading.Barrier(8)
    say = saying._say

    def together(met: Encounter, member_id: int, **facts: object) -> None:
        if dialect == "postgresql":
            meet.wait(timeout=10)  # all have looked, none has written
        say(met, member_id, **facts)  # type: ignore[arg-type]

    monkeypatch.setattr(Select, "with_for_update", lambda self, **_: self)
    monkeypatch.setattr(saying, "_say", together)
    answers, traces, _ = eight_times_each(database_url)
    assert (answers, traces) == ((0, []) if dialect == "postgresql" else (1, [1.0]))

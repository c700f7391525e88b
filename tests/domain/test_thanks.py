"""Thanks and returns: what serves a lieu counts by its rules, and three columns add it up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import encounters, ledger, members, returns, rules, shifts, thanks
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.presence import Presence
from serendipity.rules import Terms
from tests.conftest import NOON
from tests.rows import a_lieu, a_member, on_shift, somebody_here

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def awa(session: Session, lieu: Lieu) -> Member:
    return somebody_here(session, lieu, "Awa")


def own(session: Session, who: Member) -> int:
    return ledger.balance_of(session, member_id=who.id)


def with_rules(session: Session, lieu: Lieu, **figures: int) -> None:
    rules.write(
        session, lieu=lieu, terms=Terms(**figures), text={}, after=0, by=None, at=NOON - DAY
    )


@pytest.mark.parametrize(
    ("what", "counts"), [("shift", 7), ("story", 5), ("workshop", 3), ("promotion", 2)]
)
def test_a_service_counts_what_the_rules_in_force_say(
    session: Session, lieu: Lieu, awa: Member, what: str, counts: int
) -> None:
    with_rules(session, lieu, shift=7, story=5, workshop=3, promotion=2)
    facts = {"lieu_id": lieu.id, "member_id": awa.id, "what": what, "key": "one", "at": NOON}
    thanks.thank(session, **facts)
    assert own(session, awa) == counts
    with pytest.raises(ledger.AlreadyPosted):
        thanks.thank(session, **facts)
    assert thanks.thank_once(session, **facts) is None


def test_what_counts_for_nothing_is_not_posted(session: Session, lieu: Lieu, awa: Member) -> None:
    with_rules(session, lieu, story=0)
    with pytest.raises(thanks.DoesNotCount):
        thanks.thank(session, lieu_id=lieu.id, member_id=awa.id, what="story", key="one", at=NOON)
    with pytest.raises(ValueError, match="nap"):
        thanks.worth(session, lieu_id=lieu.id, what="nap", at=NOON)


@pytest.mark.parametrize(("after", "counts"), [(HOUR / 2, 0), (HOUR, 2)])
def test_a_shift_of_an_hour_counts_once_a_day(
    session: Session, lieu: Lieu, awa: Member, after: timedelta, counts: int
) -> None:
    for number in range(2):
        begun = NOON + number * 2 * HOUR
        on_shift(session, lieu, awa, at=begun + 2 * HOUR)  # it began two hours before that
        shifts.hand_over(
            session,
            slug=lieu.slug,
            member_id=awa.id,
            note="All is well here.",
            at=begun + after,
        )
    assert own(session, awa) == counts


def brought(session: Session, who: Member, lieu: Lieu, email: str, after: timedelta = DAY) -> None:
    thanks.say_who_brought_me(
        session, member_id=who.id, lieu_id=lieu.id, email=email, at=NOON + after
    )


def test_who_was_brought_says_so_once_of_an_earlier_member(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    early = a_member(session, created_at=NOON - DAY)
    late = a_member(session, created_at=NOON + DAY)
    for nobody in ("nobody@example.org", str(awa.email), str(late.email)):
        brought(session, awa, lieu, nobody)
    assert session.scalars(select(ledger.Transaction)).all() == []
    brought(session, awa, lieu, str(early.email).upper())
    assert own(session, early) == 1
    with pytest.raises(thanks.NotNew):
        brought(session, awa, lieu, str(early.email))
    with pytest.raises(members.BadEmail):
        brought(session, awa, lieu, "nobody")


def test_who_brought_me_is_said_in_two_months(session: Session, lieu: Lieu, awa: Member) -> None:
    with pytest.raises(thanks.NotNew):
        brought(session, awa, lieu, "somebody@example.org", after=61 * DAY)


# --- three columns --------------------------------------------------------------------------


def columns(session: Session, who: Member) -> dict[str, tuple[int, int]]:
    found = returns.of_member(session, member_id=who.id, since=NOON - DAY, until=NOON + DAY)
    return {one.name: (one.given, one.received) for one in found}


def met(session: Session, lieu: Lieu, helped: Member, helper: Member, outcome: str = "") -> str:
    ids = [helped.id, helper.id]
    (one,) = encounters.set_up(session, lieu_id=lieu.id, member_ids=ids, at=NOON)
    for who in (helped, helper):
        encounters.confirm(
            session,
            public_id=one.public_id,
            member_id=who.id,
            helped=who is helped,
            outcome=outcome,
            at=NOON,
        )
    return one.public_id


def test_each_kind_is_of_one_column_seen_from_both_sides(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    karim = a_member(session, "Karim")
    mine = {"lieu_id": lieu.id, "at": NOON}
    ledger.pledge(session, member_id=awa.id, amount=3, key="desk", **mine)
    met(session, lieu, awa, karim)
    thanks.thank(session, member_id=karim.id, what="shift", key="s", **mine)
    ledger.give(session, giver_id=karim.id, taker_id=awa.id, amount=1, key="g", **mine)
    ledger.forgive(session, member_id=awa.id, key="f", **mine)
    assert columns(session, awa) == {
        "symbolic": (0, 2),  # the gift, and letting go
        "informational": (0, 1),
        "material": (0, 1),  # one desk, whatever it costs
    }
    assert columns(session, karim) == {
        "symbolic": (1, 0),
        "informational": (1, 0),
        "material": (1, 0),
    }
    lieus = returns.of_lieu(session, lieu_id=lieu.id, since=NOON - DAY, until=NOON + DAY)
    assert lieus == {"symbolic": 2, "informational": 1, "material": 2}


@pytest.mark.parametrize(
    ("outcome", "received"),  # by the one who was helped, and by the helper
    [
        ("advice", [(0, 1, 0), (0, 1, 0)]),  # paid as an answer: not a second time for the helped
        ("hire", [(0, 1, 1), (0, 0, 1)]),
        ("friendship", [(1, 1, 0), (1, 0, 0)]),
        ("nothing", [(0, 1, 0), (0, 0, 0)]),
    ],
)
def test_what_came_of_an_encounter_returns_something_to_both(
    session: Session, lieu: Lieu, awa: Member, outcome: str, received: list[tuple[int, ...]]
) -> None:
    karim = a_member(session, "Karim")
    met(session, lieu, awa, karim, outcome)
    found = [columns(session, who).values() for who in (awa, karim)]
    assert [tuple(got for _, got in one) for one in found] == received


def test_what_was_taken_back_is_in_no_column(session: Session, lieu: Lieu, awa: Member) -> None:
    karim = a_member(session, "Karim")
    public_id = met(session, lieu, awa, karim, "hire")
    encounters.take_back(session, public_id=public_id, member_id=awa.id, at=NOON)
    for who in (awa, karim):
        assert set(columns(session, who).values()) == {(0, 0)}
    sums = returns.of_lieu(session, lieu_id=lieu.id, since=NOON - DAY, until=NOON + DAY)
    assert set(sums.values()) == {0}


def test_who_carries_much_and_who_gets_nothing_are_named_in_order_and_without_figures(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    zoe = somebody_here(session, lieu, "Zoé")
    for number in range(4):
        other = a_member(session, f"Other {number}")
        met(session, lieu, other, zoe)
    for day in range(1, 3):
        for who in (awa, zoe):
            _came(session, lieu, who, day)
    found = returns.uneven(session, lieu_id=lieu.id, at=NOON)
    assert [one.name for one in found.carrying] == ["Zoé"]
    assert [one.name for one in found.unanswered] == ["Awa", "Zoé"]
    assert not any(isinstance(value, int) for value in vars(found).values())


def _came(session: Session, lieu: Lieu, who: Member, day: int) -> None:
    since = NOON - day * DAY
    session.add(
        Presence(
            member_id=who.id,
            lieu_id=lieu.id,
            started_at=since,
            until=since + HOUR,
            ended_at=since + HOUR,
            how_in="qr",
            how_out="left",
            confirmed_at=since,
        )
    )
    session.flush()

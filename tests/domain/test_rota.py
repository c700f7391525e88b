"""The rota: plans of concierges, each at one place at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import members, rota, shifts
from serendipity.db import write_transaction
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.rota import Planned
from tests.conftest import NOON
from tests.rows import a_lieu, a_member
from tests.woven import at_once, engine_of

HOUR = timedelta(hours=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def bertille(session: Session, lieu: Lieu) -> Member:
    return a_concierge(session, lieu, "Bertille Gast")


def a_concierge(session: Session, lieu: Lieu, name: str) -> Member:
    member = a_member(session, name)
    shifts.name_concierge(session, lieu_id=lieu.id, member_id=member.id, at=NOON)
    return member


def a_plan(session: Session, lieu: Lieu, member: Member | None, **given: Any) -> Planned:
    span = {"starts_at": NOON + HOUR, "ends_at": NOON + 4 * HOUR, "at": NOON}
    return rota.plan(
        session, lieu=lieu, member_id=member.id if member else None, **{**span, **given}
    )


def test_a_plan_without_a_name_is_taken_on_and_let_go(
    session: Session, lieu: Lieu, bertille: Member
) -> None:
    plan = a_plan(session, lieu, None)
    facts = {"lieu": lieu, "public_id": plan.public_id, "member_id": bertille.id}
    assert rota.take_on(session, **facts).member_id == bertille.id
    assert rota.take_on(session, **facts).member_id == bertille.id  # twice is once
    assert rota.let_go(session, **facts).member_id is None
    rota.strike(session, **facts)
    assert rota.entries(session, lieu_id=lieu.id, since=NOON, until=NOON + 9 * HOUR) == []


@pytest.mark.parametrize(
    ("starts", "ends"),
    [(0, 0), (4, 1), (-5, -1), (0, 15), (0, 0.2), (24 * 91, 24 * 91 + 2)],
    ids=["empty", "backwards", "past", "too long", "too short", "too far"],
)
def test_a_plan_that_cannot_be_is_refused(
    session: Session, lieu: Lieu, bertille: Member, starts: float, ends: float
) -> None:
    with pytest.raises(rota.BadPlan):
        a_plan(session, lieu, bertille, starts_at=NOON + starts * HOUR, ends_at=NOON + ends * HOUR)


@pytest.mark.parametrize(
    ("span", "free"), [((0, 1), True), ((4, 5), True), ((0, 2), False), ((2, 3), False)]
)
def test_plans_of_one_person_may_touch_and_not_overlap(
    session: Session, lieu: Lieu, bertille: Member, span: tuple[int, int], free: bool
) -> None:
    a_plan(session, lieu, bertille)
    again = {"starts_at": NOON + span[0] * HOUR, "ends_at": NOON + span[1] * HOUR}
    if free:
        assert a_plan(session, lieu, bertille, **again).id
    else:
        with pytest.raises(rota.AlreadyPlanned):
            a_plan(session, lieu, bertille, **again)


def test_only_a_concierge_of_the_lieu_is_planned_or_sees_its_rota(
    session: Session, lieu: Lieu, bertille: Member
) -> None:
    stranger = a_concierge(session, a_lieu(session), "Zoé Far")
    with pytest.raises(shifts.NotConcierge):
        a_plan(session, lieu, stranger)
    plan = a_plan(session, lieu, None)
    with pytest.raises(shifts.NotConcierge):
        rota.take_on(session, lieu=lieu, public_id=plan.public_id, member_id=stranger.id)
    for slug in (lieu.slug, "never"):
        with pytest.raises(shifts.NotConcierge) as refused:
            rota.lieu_of_concierge(session, slug=slug, member_id=stranger.id)
        assert refused.value.facts == {}
    assert rota.lieu_of_concierge(session, slug=lieu.slug, member_id=bertille.id) is lieu


def test_the_plan_of_another_is_theirs_to_change(
    session: Session, lieu: Lieu, bertille: Member
) -> None:
    other = a_concierge(session, lieu, "Karim Sadi")
    plan = a_plan(session, lieu, bertille)
    for verb in (rota.take_on, rota.let_go, rota.strike):
        with pytest.raises(rota.NoSuchPlan):
            verb(session, lieu=lieu, public_id=plan.public_id, member_id=other.id)


def test_who_is_erased_is_planned_no_more(session: Session, lieu: Lieu, bertille: Member) -> None:
    a_plan(session, lieu, bertille)
    members.erase(session, member_id=bertille.id, at=NOON)
    assert session.query(Planned).count() == 0


def test_the_schema_refuses_a_plan_that_ends_before_it_begins(
    session: Session, lieu: Lieu, bertille: Member
) -> None:
    a_plan(session, lieu, bertille)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(update(Planned).values(ends_at=NOON))


def test_two_browsers_of_one_person_plan_one_of_two_overlapping_times(
    database_url: str,
) -> None:
    own = engine_of(database_url)
    with write_transaction(Session(own)) as db:
        lieu = a_lieu(db)
        lieu_id, member_id = lieu.id, a_concierge(db, lieu, "Bertille Gast").id

    def planned(minutes: int) -> None:
        with write_transaction(Session(own)) as db:
            a_plan(
                db,
                db.get_one(Lieu, lieu_id),
                db.get_one(Member, member_id),
                starts_at=NOON + HOUR + timedelta(minutes=minutes),
            )

    results = at_once([lambda: planned(0), lambda: planned(1), lambda: planned(2)])
    refused = [one for one in results if one is not None]
    assert [type(one) for one in refused] == [rota.AlreadyPlanned] * 2, results

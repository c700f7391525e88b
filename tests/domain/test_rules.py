"""House rules: written once a version, priced as they were shown, accepted version by version."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session

from serendipity import ledger, presence, rules, words
from serendipity.db import write_transaction
from serendipity.lieux import Lieu
from serendipity.rules import Acceptance, HouseRules, Terms
from tests.conftest import NOON
from tests.rows import a_lieu, a_member
from tests.woven import at_once, engine_of

DAY = timedelta(days=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


def write(session: Session, lieu: Lieu, **given: Any) -> HouseRules:
    facts = {"terms": Terms(), "text": {"en": "Wash your cup."}, "after": 0, "by": None, "at": NOON}
    return rules.write(session, lieu=lieu, **{**facts, **given})


def test_before_any_version_a_stay_costs_one_answer(session: Session, lieu: Lieu) -> None:
    held = rules.in_force(session, lieu_id=lieu.id, at=NOON)
    assert (held.version, held.terms.stay_costs, held.said("en")) == (0, 1, "")


def test_a_version_holds_from_when_it_was_written(session: Session, lieu: Lieu) -> None:
    write(session, lieu, terms=Terms(stay_costs=2))
    write(session, lieu, terms=Terms(stay_costs=3), after=1, at=NOON + DAY)
    costs = [
        rules.in_force(session, lieu_id=lieu.id, at=NOON + after).terms.stay_costs
        for after in (-DAY, DAY / 2, DAY)
    ]
    assert costs == [1, 2, 3]
    assert [one.version for one in rules.versions(session, lieu_id=lieu.id)] == [2, 1]


def test_rules_of_one_lieu_are_not_those_of_another(session: Session, lieu: Lieu) -> None:
    write(session, lieu, terms=Terms(stay_costs=5))
    other = a_lieu(session)
    assert rules.in_force(session, lieu_id=other.id, at=NOON).terms.stay_costs == 1


def test_a_stay_costs_what_held_when_it_began(session: Session, lieu: Lieu, at: datetime) -> None:
    member = a_member(session)
    stay = presence.check_in(
        session,
        member_id=member.id,
        lieu_id=lieu.id,
        until=at + DAY / 8,
        how_in="poster",
        at=at,
        confirmed=False,
    )
    write(session, lieu, terms=Terms(stay_costs=9), at=at + DAY / 48)
    presence.confirm(session, presence_id=stay.id, at=at + DAY / 24)
    assert ledger.promised(session, member_id=member.id, lieu_id=lieu.id) == 1


@pytest.mark.parametrize("field", ["stay_costs", "shift", "story", "workshop", "promotion"])
@pytest.mark.parametrize("given", [-1, 101, 2**63, 1.0, math.nan, True, "1", None])
def test_only_whole_numbers_to_a_hundred_are_terms(
    session: Session, lieu: Lieu, field: str, given: Any
) -> None:
    with pytest.raises(rules.BadTerms):
        write(session, lieu, terms=replace(Terms(), **{field: given}))
    assert rules.versions(session, lieu_id=lieu.id) == []


def test_words_too_long_or_unreadable_write_no_version(session: Session, lieu: Lieu) -> None:
    for given, error in (("x" * 4001, words.WordsTooLong), ("a\0", words.WordsUnreadable)):
        with pytest.raises(error):
            write(session, lieu, text={"fr": given})
    long = "\n".join(["x" * 80] * 60)
    with pytest.raises(words.WordsTooLong):
        write(session, lieu, text={"fr": long})


def test_the_same_rules_again_are_no_new_version(session: Session, lieu: Lieu) -> None:
    write(session, lieu)
    with pytest.raises(rules.SameRules):
        write(session, lieu, after=1)


def test_who_wrote_with_an_old_page_before_them_is_told(session: Session, lieu: Lieu) -> None:
    write(session, lieu)
    with pytest.raises(rules.RulesMoved):
        write(session, lieu, terms=Terms(stay_costs=4))


def test_words_are_read_in_the_language_there_is(session: Session, lieu: Lieu) -> None:
    write(session, lieu, text={"fr": "Lavez votre tasse.\n\nMerci.", "nl": ""})
    held = rules.in_force(session, lieu_id=lieu.id, at=NOON)
    assert held.said("nl", "en") == "Lavez votre tasse.\n\nMerci."
    assert dict(held.text) == {"fr": "Lavez votre tasse.\n\nMerci."}


def test_each_version_asks_once_and_a_second_yes_changes_nothing(
    session: Session, lieu: Lieu
) -> None:
    member = a_member(session)

    def asked() -> int:
        held = rules.to_accept(session, member_id=member.id, lieu_id=lieu.id, at=NOON + 2 * DAY)
        return held.version if held else 0

    assert asked() == 0
    write(session, lieu)
    assert asked() == 1
    for _ in range(2):
        rules.accept(session, member_id=member.id, lieu_id=lieu.id, version=1, at=NOON)
    assert asked() == 0
    write(session, lieu, terms=Terms(stay_costs=2), after=1, at=NOON + DAY)
    assert asked() == 2
    assert session.scalar(select(func.count()).select_from(Acceptance)) == 1


@pytest.mark.parametrize("version", [0, 2, -1])
def test_a_version_that_nobody_wrote_cannot_be_accepted(
    session: Session, lieu: Lieu, version: int
) -> None:
    write(session, lieu)
    with pytest.raises(rules.NoSuchVersion):
        rules.accept(
            session, member_id=a_member(session).id, lieu_id=lieu.id, version=version, at=NOON
        )


def test_the_database_itself_refuses_to_change_a_version(session: Session, lieu: Lieu) -> None:
    write(session, lieu)
    for cheat in ("UPDATE house_rules SET stay_costs = 0", "DELETE FROM house_rules"):
        with pytest.raises(DatabaseError, match="append-only"), session.begin_nested():
            session.execute(text(cheat))


def test_the_schema_refuses_what_no_verb_would_write(session: Session, lieu: Lieu) -> None:
    facts = {"stay_costs": 1, "shift": 1, "story": 1, "workshop": 1, "promotion": 1, "version": 1}
    for wrong in ({"stay_costs": -1}, {"story": 101}, {"version": 0}):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(HouseRules(lieu_id=lieu.id, since=NOON, text={}, **{**facts, **wrong}))
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(Acceptance(lieu_id=lieu.id, version=7, member_id=a_member(session).id, at=NOON))


@pytest.mark.parametrize("guarded", [True, False])
def test_of_two_who_write_at_once_one_is_told_unless_the_key_is_gone(
    database_url: str, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """Both read version 0 before either writes: the unique key decides, and nothing else would."""
    engine = engine_of(database_url)
    with Session(engine) as session, write_transaction(session):
        lieu_id = a_lieu(session).id
    if not guarded:
        _drop_the_key(database_url)
    monkeypatch.setattr(rules, "_newest", lambda *_: rules.NONE_WRITTEN)

    def one(costs: int) -> None:
        with Session(engine) as own, write_transaction(own):
            write(own, own.get_one(Lieu, lieu_id), terms=Terms(stay_costs=costs))

    results = at_once([lambda costs=costs: one(costs) for costs in (2, 3)])  # type: ignore[misc]
    assert [type(one) for one in results if one] == ([rules.RulesMoved] if guarded else [])
    with Session(engine) as session:
        assert len(rules.versions(session, lieu_id=lieu_id)) == (1 if guarded else 2)


def _drop_the_key(url: str) -> None:
    engine = engine_of(url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(
                text(
                    "ALTER TABLE house_rules DROP CONSTRAINT uq_house_rules_lieu_id_version CASCADE"
                )
            )
            return
        kept = ", ".join(
            column.name for column in HouseRules.__table__.columns if column.name != "id"
        )
        connection.execute(text("DROP TABLE rules_accepted"))
        connection.execute(text("DROP TABLE house_rules"))
        connection.execute(text(f"CREATE TABLE house_rules (id INTEGER PRIMARY KEY, {kept})"))

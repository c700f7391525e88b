"""Many: one statement however long the list, on both databases, with nothing cut or repeated."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, exc, func, select
from sqlalchemy.orm import Session

from serendipity import many
from serendipity.db import new_public_id
from serendipity.hours import SpecialHours
from serendipity.members import Member
from serendipity.rhythms import LetterTurn
from serendipity.skills import Concept
from serendipity.suggestions import Round, Suggestion
from tests.rows import a_lieu, a_member

AT = datetime(2026, 5, 4, 20, tzinfo=UTC)
MORE_THAN_A_STATEMENT_TAKES = 70_000  # parameters; SQLite takes 32,766, PostgreSQL 65,535


@pytest.mark.parametrize("number", [0, 1, 2])
def test_those_among_a_list_are_found_and_no_others(session: Session, number: int) -> None:
    people = [a_member(session) for _ in range(3)]
    wanted = [one.id for one in people[:number]]
    found = session.scalars(select(Member.id).where(many.among(Member.id, wanted)))
    assert sorted(found) == wanted


@pytest.mark.parametrize("words", ["plain", "it's", 'a "quote"', "a,b", "{c}", "é\\", ""])
def test_words_are_found_whatever_they_are_made_of(session: Session, words: str) -> None:
    session.add_all(Concept(id=one, vocabulary="test", labels={}) for one in (words, "other"))
    session.flush()
    found = session.scalars(select(Concept.id).where(many.among(Concept.id, {words})))
    assert found.all() == [words]


def test_a_word_that_is_longer_than_the_column_finds_nothing(session: Session) -> None:
    longest = "x" * Concept.__table__.c.id.type.length
    session.add(Concept(id=longest, vocabulary="test", labels={}))
    session.flush()
    assert not session.scalars(
        select(Concept.id).where(many.among(Concept.id, [longest + "y"]))
    ).all()


def test_a_list_may_be_longer_than_a_statement_takes_parameters(session: Session) -> None:
    member = a_member(session)
    ids = range(member.id, member.id + MORE_THAN_A_STATEMENT_TAKES)
    assert session.scalar(select(Member.id).where(many.among(Member.id, ids))) == member.id


def test_lists_of_any_length_are_one_statement(session: Session, shared_engine: Engine) -> None:
    asked = [many.among(Member.id, range(length)) for length in (1, 2, 100)]
    assert len({str(select(Member.id).where(one).compile(shared_engine)) for one in asked}) == 1


def test_a_statement_that_is_made_once_is_given_its_list_by_name(
    session: Session, shared_engine: Engine
) -> None:
    first, second, _ = (a_member(session) for _ in range(3))
    asked = select(Member.id).where(many.among(Member.id, "ids")).order_by(Member.id)
    for ids in ([first.id], [first.id, second.id], []):
        assert session.scalars(asked, {"ids": ids}).all() == ids
    for forgotten in ({}, {"ids": None}):  # an empty list would find nobody, and nobody would know
        with pytest.raises((exc.StatementError, TypeError)), session.begin_nested():
            session.scalars(asked, forgotten)
    # a truth that is compared with 1 follows no index
    assert "= 1" not in str(asked.compile(shared_engine))
    assert session.scalars(select(Member.id).where(~many.among(Member.id, [first.id]))).first()


def test_dates_are_looked_for_among_dates(session: Session) -> None:
    lieu, day = a_lieu(session), date(2026, 5, 4)
    session.add(SpecialHours(lieu_id=lieu.id, day=day))
    session.flush()
    asked = select(SpecialHours.lieu_id).where(many.among(SpecialHours.day, {day, date.max}))
    assert session.scalars(asked).all() == [lieu.id]


def _suggestions(session: Session, reasons: list[list[dict[str, str]]]) -> list[dict[str, object]]:
    lieu = a_lieu(session)
    kept = Round(
        lieu_id=lieu.id, kind="day", at=AT, local_date=AT.date(), policy="engine", seed=0,
        people=2, weight=1.0, bound=1.0, left_out={},
    )  # fmt: skip
    session.add(kept)
    session.flush()
    same = {"round_id": kept.id, "lieu_id": lieu.id, "at": AT, "expires_at": AT, "score": 0.5}
    same |= {"arm": "engine", "propensity": 1.0}
    return [same | {"public_id": new_public_id(), "reasons": one} for one in reasons]


def test_rows_come_back_as_they_were_given(session: Session) -> None:
    """JSON lists of every length, an instant to the microsecond, and the key that each row got."""
    rows = _suggestions(session, [[], [{"code": "a"}], [{"code": "it's"}, {"code": '{"b"}'}]])
    keys = many.add(session, Suggestion, rows, returning=[Suggestion.public_id, Suggestion.id])
    for public_id, key in keys:
        kept = session.get_one(Suggestion, key)
        (given,) = [row for row in rows if row["public_id"] == public_id]
        assert {name: getattr(kept, name) for name in given} == given
    assert len(keys) == len(rows)


def test_what_is_too_long_for_its_column_is_not_cut(session: Session, dialect: str) -> None:
    rows = _suggestions(session, [[]])
    rows[0]["arm"] = "an arm that is too long"
    if dialect == "postgresql":
        with pytest.raises(exc.DataError, match="too long"):
            many.add(session, Suggestion, rows)
        return
    many.add(session, Suggestion, rows)  # SQLite has no lengths
    assert session.scalar(select(Suggestion.arm)) == rows[0]["arm"]


def test_a_row_that_is_there_is_left_out_or_refused(session: Session) -> None:
    first, second = a_member(session), a_member(session)
    day = date(2026, 5, 4)
    rows = [{"member_id": one.id, "week": 202619, "local_date": day} for one in (first, second)]
    many.add(session, LetterTurn, rows[:1])
    new = many.add(session, LetterTurn, rows, returning=[LetterTurn.member_id], unless_there=True)
    assert [one.member_id for one in new] == [second.id]
    with pytest.raises(exc.IntegrityError), session.begin_nested():
        many.add(session, LetterTurn, rows)
    assert session.scalar(select(func.count()).select_from(LetterTurn)) == len(rows)


def test_no_rows_are_no_statement(session: Session) -> None:
    assert not many.add(session, LetterTurn, [], returning=[LetterTurn.member_id])
    assert session.scalar(select(func.count()).select_from(LetterTurn)) == 0

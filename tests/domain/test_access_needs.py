"""A private note on access: its writer's alone, or the concierge's while they are here."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serendipity import access_needs, members, presence, words
from serendipity.access_needs import AccessNeed
from serendipity.lieux import Lieu
from serendipity.members import Member
from tests.conftest import NOON
from tests.rows import a_lieu, somebody_here


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def awa(session: Session, lieu: Lieu) -> Member:
    return somebody_here(session, lieu)


def note(session: Session, member: Member, said: str, *, share: bool = False) -> None:
    access_needs.note(session, member_id=member.id, words_said=said, for_concierge=share, at=NOON)


def told(session: Session, lieu: Lieu, member: Member) -> dict[int, str]:
    return access_needs.told(session, lieu_id=lieu.id, member_ids=[member.id], at=NOON)


def test_nobody_reads_a_note_unless_its_writer_chose_so(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    note(session, awa, " a  quiet seat ")
    kept = access_needs.of(session, member_id=awa.id)
    assert kept is not None
    assert kept.words == "a quiet seat"
    assert told(session, lieu, awa) == {}
    note(session, awa, "a quiet seat", share=True)
    assert told(session, lieu, awa) == {awa.id: "a quiet seat"}
    note(session, awa, "a quiet seat")
    assert told(session, lieu, awa) == {}


def test_the_concierge_reads_it_only_where_and_while_its_writer_is(
    session: Session, lieu: Lieu, awa: Member
) -> None:
    note(session, awa, "a step-free way", share=True)
    assert told(session, a_lieu(session), awa) == {}
    presence.leave(session, member_id=awa.id, at=NOON)
    assert told(session, lieu, awa) == {}


def test_an_empty_note_is_no_note(session: Session, awa: Member) -> None:
    note(session, awa, "a quiet seat")
    note(session, awa, "  ", share=True)
    assert access_needs.of(session, member_id=awa.id) is None
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(AccessNeed(member_id=awa.id, words="", said_at=NOON))


@pytest.mark.parametrize("said", ["x" * 241, "a\0b"])
def test_words_that_cannot_be_kept_are_refused(session: Session, awa: Member, said: str) -> None:
    with pytest.raises((words.WordsTooLong, words.WordsUnreadable)):
        note(session, awa, said)


def test_who_is_forgotten_leaves_no_note(session: Session, awa: Member) -> None:
    note(session, awa, "a quiet seat", share=True)
    members.erase(session, member_id=awa.id, at=NOON)
    assert session.scalar(select(func.count()).select_from(AccessNeed)) == 0

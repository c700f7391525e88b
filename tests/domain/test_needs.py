"""What would help today, and until when."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from serendipity import needs, presence, words
from serendipity.members import Member
from tests.rows import a_lieu, a_member, somebody_here


@pytest.fixture
def said(session: Session, at: datetime) -> dict[str, Any]:
    lieu = a_lieu(session)
    member = somebody_here(session, lieu)
    stay = presence.of(session, member_id=member.id, at=at)
    assert stay is not None
    return {
        "member_id": member.id, "lieu_id": lieu.id, "presence_id": stay.id, "language": "en",
        "at": at, "expires_at": at + timedelta(hours=10),
    }  # fmt: skip


def test_the_same_words_said_again_are_the_same_need(
    session: Session, said: dict[str, Any]
) -> None:
    first = needs.say(session, words="How to price a game?", **said)
    assert needs.say(session, words="how to price  a game", **said) is first
    assert needs.say(session, words="tenders", **said) is not first


@pytest.mark.parametrize(
    ("given", "error"), [(" ", words.WordsMissing), ("x" * 241, words.WordsTooLong)]
)
def test_a_need_is_one_line(
    session: Session, said: dict[str, Any], given: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        needs.say(session, words=given, **said)


def test_a_need_is_forgotten_tonight(session: Session, said: dict[str, Any], at: datetime) -> None:
    said["presence_id"] = None
    needs.say(session, words="tenders", **said)
    lieu_id = said["lieu_id"]
    assert len(needs.open_needs(session, lieu_id=lieu_id, at=at + timedelta(hours=9))) == 1
    assert needs.open_needs(session, lieu_id=lieu_id, at=at + timedelta(hours=10)) == []


def test_a_need_of_a_stay_ends_with_the_stay(
    session: Session, said: dict[str, Any], at: datetime
) -> None:
    need = needs.say(session, words="tenders", **said)
    assert needs.open_needs(session, lieu_id=said["lieu_id"], at=at) == [need]
    presence.leave(session, member_id=said["member_id"], at=at)
    assert needs.open_needs(session, lieu_id=said["lieu_id"], at=at) == []


@pytest.mark.parametrize("ending", [needs.answered, needs.withdraw])
def test_a_met_or_withdrawn_need_is_over_and_only_its_owner_ends_it(
    session: Session, said: dict[str, Any], at: datetime, ending: Any
) -> None:
    need = needs.say(session, words="tenders", **said)
    other: Member = a_member(session)
    with pytest.raises(needs.NoSuchNeed):
        ending(session, public_id=need.public_id, member_id=other.id, at=at)
    ending(session, public_id=need.public_id, member_id=said["member_id"], at=at)
    assert needs.open_needs(session, lieu_id=said["lieu_id"], at=at) == []
    with pytest.raises(needs.NoSuchNeed):
        ending(session, public_id=need.public_id, member_id=said["member_id"], at=at)

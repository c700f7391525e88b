"""How often something may be tried."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serendipity import limits

TEN = timedelta(minutes=10)


def spend(session: Session, at: datetime, who: str = "a@example.org") -> int:
    return limits.spend(session, "code to", who, most=3, within=TEN, at=at)


def test_the_try_beyond_the_limit_is_refused_and_told_when_to_come_back(
    session: Session, at: datetime
) -> None:
    assert [spend(session, at) for _ in range(3)] == [1, 2, 3]
    with pytest.raises(limits.TooOften) as refused:
        spend(session, at + timedelta(minutes=4))
    assert refused.value.facts == {"retry_after": 360}


def test_limits_count_each_who_alone_and_start_again_with_the_next_window(
    session: Session, at: datetime
) -> None:
    for _ in range(3):
        spend(session, at)
    assert spend(session, at, "b@example.org") == 1
    assert spend(session, at + TEN) == 1


def test_old_windows_are_forgotten_and_nobody_is_named(session: Session, at: datetime) -> None:
    spend(session, at - timedelta(days=3))
    spend(session, at)
    limits.forget(session, at=at)
    assert session.scalar(select(func.count()).select_from(limits.Tries)) == 1
    assert "example" not in str(session.scalars(select(limits.Tries.key)).one())

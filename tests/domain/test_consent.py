"""Who agreed to be seen, and is."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from serendipity import consent, presence
from tests.rows import a_lieu, a_member, somebody_here


def test_everything_is_off_until_chosen_and_reading_keeps_nothing(session: Session) -> None:
    lieu, member = a_lieu(session), a_member(session)
    found = consent.of(session, member_id=member.id, lieu_id=lieu.id)
    assert (found.here_today, found.by_mail, found.other_lieux) == (False, False, False)
    assert consent.chosen_by(session, member_id=member.id) == []


def test_the_last_choice_counts_and_only_at_its_lieu(session: Session, at: datetime) -> None:
    lieu, elsewhere, member = a_lieu(session), a_lieu(session), a_member(session)
    for here_today in (True, False):
        consent.choose(
            session, member_id=member.id, lieu_id=lieu.id, here_today=here_today, by_mail=True,
            other_lieux=False, at=at,
        )  # fmt: skip
    found = consent.of(session, member_id=member.id, lieu_id=lieu.id)
    assert (found.here_today, found.by_mail, found.other_lieux) == (False, True, False)
    assert not consent.of(session, member_id=member.id, lieu_id=elsewhere.id).by_mail


def test_those_seen_are_here_agreed_and_are_not_hidden(session: Session, at: datetime) -> None:
    lieu, elsewhere = a_lieu(session), a_lieu(session)
    seen = somebody_here(session, lieu)
    somebody_here(session, lieu, here_today=False)
    hidden = somebody_here(session, lieu)
    presence.hide(session, member_id=hidden.id, at=at)
    gone = somebody_here(session, lieu)
    presence.leave(session, member_id=gone.id, at=at)
    somebody_here(session, elsewhere)
    assert consent.seen_by_all(session, lieu_id=lieu.id, at=at) == {seen.id}
    presence.show(session, member_id=hidden.id, at=at)
    assert consent.seen_by_all(session, lieu_id=lieu.id, at=at) == {seen.id, hidden.id}


@pytest.mark.parametrize(("later", "seen"), [(3, 1), (4, 0)])
def test_nobody_is_seen_after_their_until(
    session: Session, at: datetime, later: int, seen: int
) -> None:
    lieu = a_lieu(session)
    somebody_here(session, lieu)
    then = at + timedelta(hours=later)
    assert len(consent.seen_by_all(session, lieu_id=lieu.id, at=then)) == seen

"""The outbox: owed once, claimed by one, and how a letter ends."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import consent, mail, members
from serendipity.consent import Consent
from serendipity.db import engine_options, write_transaction
from serendipity.mail import Letter
from tests.conftest import NOON
from tests.rows import a_lieu, a_member

MINUTE = timedelta(minutes=1)
SECRET = "for tests"


def owed(session: Session, key: str = "1", *, kind: str = "code", at: datetime = NOON) -> Letter:
    return mail.owe(
        session,
        kind=kind,
        recipient="awa@example.org",
        key=key,
        facts={"code": "123456", "minutes": 10},
        language="fr",
        at=at,
    )


def begun(session: Session, letter: Letter, at: datetime = NOON) -> Letter:
    (claimed,) = mail.claim(session, at=at, limit=1)
    mail.begin(session, letter_id=letter.id, claimed_until=claimed.next_try_at, at=at)
    session.refresh(letter)
    return letter


def test_a_letter_is_owed_once_under_its_key(session: Session) -> None:
    first = owed(session)
    assert owed(session) is first
    assert owed(session, "2") is not first
    assert session.scalar(select(func.count()).select_from(Letter)) == 2


@pytest.mark.parametrize(
    "address",
    ["", "awa", "@example.org", "awa@", "a b@example.org", "awa@example.org\r\nBcc: x@y.z",
     "<awa@example.org>", f"{'a' * 250}@example.org"],
)  # fmt: skip
def test_an_address_that_could_write_a_header_is_refused(session: Session, address: str) -> None:
    with pytest.raises(mail.UnusableAddress):
        mail.owe(session, kind="code", recipient=address, key="1", facts={}, language="fr", at=NOON)


def test_only_letters_that_somebody_can_write_are_owed(session: Session) -> None:
    with pytest.raises(mail.NoSuchKind):
        owed(session, kind="love")


def test_a_claimed_letter_is_nobody_elses_for_two_minutes(session: Session) -> None:
    letter = owed(session)
    assert [one.id for one in mail.claim(session, at=NOON, limit=9)] == [letter.id]
    assert mail.claim(session, at=NOON + MINUTE, limit=9) == []
    assert len(mail.claim(session, at=NOON + 2 * MINUTE, limit=9)) == 1


def test_who_lost_the_claim_cannot_begin(session: Session) -> None:
    letter = owed(session)
    (claimed,) = mail.claim(session, at=NOON, limit=1)
    old_claim = claimed.next_try_at
    mail.claim(session, at=NOON + 2 * MINUTE, limit=1)
    with pytest.raises(mail.NotOurs):
        mail.begin(session, letter_id=letter.id, claimed_until=old_claim, at=NOON + 2 * MINUTE)


def test_a_letter_begins_once(session: Session) -> None:
    letter = begun(session, owed(session))
    with pytest.raises(mail.NotOurs):
        mail.begin(session, letter_id=letter.id, claimed_until=letter.next_try_at, at=NOON)


def test_somebody_at_a_screen_goes_before_the_night(session: Session) -> None:
    night = [owed(session, f"n{i}", kind="booking", at=NOON - MINUTE) for i in range(3)]
    code = owed(session, at=NOON)
    assert [one.id for one in mail.claim(session, at=NOON, limit=2)] == [code.id, night[0].id]


def test_two_workers_claim_disjoint_letters(database_url: str, dialect: str) -> None:
    engines = [_engine(database_url) for _ in range(2)]
    with Session(engines[0]) as session, write_transaction(session):
        for i in range(10):
            owed(session, str(i))
    if dialect == "postgresql":
        claims = _claimed_inside_one_another(engines)
    else:
        claims = [_claimed(engine) for engine in engines]
    assert [len(claim) for claim in claims] == [5, 5]
    assert claims[0].isdisjoint(claims[1])
    for engine in engines:
        engine.dispose()


def _engine(url: str) -> Engine:
    return create_engine(url, poolclass=NullPool, **engine_options(url))


def _claimed(engine: Engine) -> set[int]:
    with Session(engine) as session, write_transaction(session):
        return {letter.id for letter in mail.claim(session, at=NOON, limit=5)}


def _claimed_inside_one_another(engines: list[Engine]) -> list[set[int]]:
    """The second claims while the first has not committed."""
    with Session(engines[0]) as session, write_transaction(session):
        first = {letter.id for letter in mail.claim(session, at=NOON, limit=5)}
        return [first, _claimed(engines[1])]


def test_the_code_is_wiped_when_the_letter_has_left(session: Session) -> None:
    letter = begun(session, owed(session))
    mail.sent(session, letter_id=letter.id, at=NOON)
    assert letter.facts == {"minutes": 10}


def test_a_letter_that_was_put_off_comes_again_later_and_later(session: Session) -> None:
    letter = owed(session)
    waits = []
    at = NOON
    while letter.failed_at is None:
        begun(session, letter, at)
        mail.try_again(session, letter_id=letter.id, why="451 busy", at=at)
        waits.append(letter.next_try_at - at)
        at = letter.next_try_at
    assert waits[:4] == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert max(waits) == timedelta(hours=6)
    assert letter.tries == mail.MOST_TRIES
    assert letter.why == "451 busy"


def test_an_uncertain_letter_never_comes_again_by_itself(session: Session) -> None:
    letter = begun(session, owed(session))
    assert mail.orphans(session, at=NOON + 9 * MINUTE) == []
    assert mail.orphans(session, at=NOON + 10 * MINUTE) == [letter]
    mail.uncertain(session, letter_id=letter.id, why="crash", at=NOON + 10 * MINUTE)
    assert mail.claim(session, at=NOON + timedelta(days=30), limit=9) == []
    assert mail.troubles(session) == [letter]


def test_a_person_may_send_an_uncertain_letter_again_but_not_one_without_its_code(
    session: Session,
) -> None:
    kept = begun(session, owed(session, kind="booking"))
    mail.uncertain(session, letter_id=kept.id, why="crash", at=NOON)
    mail.send_again(session, public_id=kept.public_id, at=NOON)
    session.flush()
    assert mail.claim(session, at=NOON, limit=9) == [kept]
    wiped = begun(session, owed(session))
    mail.uncertain(session, letter_id=wiped.id, why="crash", at=NOON)
    with pytest.raises(mail.NoSuchLetter):
        mail.send_again(session, public_id=wiped.public_id, at=NOON)


def test_the_tally_counts_every_letter_once(session: Session) -> None:
    letters = [owed(session, str(i)) for i in range(6)]
    claims = {letter.id: letter.next_try_at for letter in mail.claim(session, at=NOON, limit=6)}
    for letter in letters[:4]:
        mail.begin(session, letter_id=letter.id, claimed_until=claims[letter.id], at=NOON)
    session.expire_all()
    mail.sent(session, letter_id=letters[0].id, at=NOON)
    mail.uncertain(session, letter_id=letters[1].id, why="", at=NOON)
    mail.failed(session, letter_id=letters[2].id, why="", at=NOON)
    mail.withdraw(session, letter_id=letters[4].id, why="", at=NOON)
    session.flush()
    assert mail.tally(session) == {
        "sent": 1, "uncertain": 1, "failed": 1, "withdrawn": 1, "sending": 1, "waiting": 1,
    }  # fmt: skip


def test_an_erased_member_is_in_no_letter_and_gets_none(session: Session) -> None:
    member = a_member(session)
    letter = mail.owe(
        session,
        kind="call",
        recipient=str(member.email),
        key="1",
        facts={"words": "ERDF?"},
        language="fr",
        at=NOON,
        member_id=member.id,
    )
    members.erase(session, member_id=member.id, at=NOON)
    session.refresh(letter)
    assert letter.withdrawn_at == NOON
    assert (letter.recipient, letter.facts) == (f"erased-{letter.id}@invalid", {})


def test_stopping_takes_the_letters_own_signature_and_leaves_other_choices(
    session: Session,
) -> None:
    lieu, member = a_lieu(session), a_member(session)
    session.add(
        Consent(member_id=member.id, lieu_id=lieu.id, here_today=True, by_mail=True, chosen_at=NOON)
    )
    letter = mail.owe(
        session, kind="introduction", recipient=str(member.email), key="1", facts={},
        language="fr", at=NOON, member_id=member.id, lieu_id=lieu.id,
    )  # fmt: skip
    session.flush()
    token = mail.stop_token(letter, secret=SECRET)
    with pytest.raises(mail.NoSuchLetter):
        mail.stop(session, token=token[:-1] + "x", secret=SECRET, at=NOON)
    for _ in range(2):
        mail.stop(session, token=token, secret=SECRET, at=NOON)
    chosen = consent.of(session, member_id=member.id, lieu_id=lieu.id)
    assert (chosen.here_today, chosen.by_mail) == (True, False)


def test_a_pause_is_a_month_and_never_shortens_a_longer_one(session: Session) -> None:
    lieu, member = a_lieu(session), a_member(session)
    letter = mail.owe(
        session, kind="introduction", recipient=str(member.email), key="1", facts={},
        language="fr", at=NOON, member_id=member.id, lieu_id=lieu.id,
    )  # fmt: skip
    token = mail.stop_token(letter, secret=SECRET)
    mail.pause(session, token=token, secret=SECRET, at=NOON)
    assert member.paused_until == NOON + timedelta(days=30)
    members.pause(session, member_id=member.id, until=NOON + timedelta(days=90))
    mail.pause(session, token=token, secret=SECRET, at=NOON)
    assert member.paused_until == NOON + timedelta(days=90)

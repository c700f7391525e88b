"""Codes by mail: used once, by the browser that asked, within ten minutes and five tries."""

import contextlib
import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, create_engine, select, update
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import limits, members, signin
from serendipity.db import engine_options, write_transaction
from serendipity.mail import Letter
from serendipity.signin import SigninCode
from tests.conftest import NOON
from tests.rows import a_member

EMAIL = "awa@example.org"


def ask(session: Session, at: datetime, *, browser: str = "mine", email: str = EMAIL) -> str:
    """Ask for a code and read it in the letter."""
    signin.ask(session, email=email, browser=browser, language="fr", at=at)
    letter = session.scalars(select(Letter).order_by(Letter.id.desc())).first()
    assert letter is not None
    assert letter.recipient == email.lower()
    return str(letter.facts["code"])


def enter(session: Session, code: str, at: datetime, *, browser: str = "mine") -> members.Member:
    guess = signin.guess(session, email=EMAIL, code=code, browser=browser, at=at)
    return signin.redeem(session, guess=guess, at=at)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_the_code_signs_in_and_confirms_the_address(session: Session, at: datetime) -> None:
    awa = a_member(session, email=EMAIL, email_confirmed_at=None)
    code = ask(session, at)
    assert enter(session, f"{code[:3]} {code[3:]}", at) is awa
    assert awa.email_confirmed_at == at


def test_a_code_dies_on_first_use(session: Session, at: datetime) -> None:
    a_member(session, email=EMAIL)
    code = ask(session, at)
    guesses = [
        signin.guess(session, email=EMAIL, code=code, browser="mine", at=at) for _ in range(2)
    ]
    signin.redeem(session, guess=guesses[0], at=at)
    with pytest.raises(signin.CodeGone):
        signin.redeem(session, guess=guesses[1], at=at)  # a second tap at the same moment
    with pytest.raises(signin.CodeGone):
        enter(session, code, at)


def test_a_code_dies_after_five_wrong_tries_even_for_the_right_code(
    session: Session, at: datetime
) -> None:
    a_member(session, email=EMAIL)
    code = ask(session, at)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(signin.WrongCode) as refused:
            enter(session, wrong(code), at)
        assert refused.value.facts["left"] == left
    with pytest.raises(signin.CodeGone):
        enter(session, code, at)


@pytest.mark.parametrize(("minutes", "good"), [(0, True), (9.99, True), (10, False)])
def test_a_code_lives_ten_minutes(
    session: Session, at: datetime, minutes: float, good: bool
) -> None:
    awa = a_member(session, email=EMAIL)
    code = ask(session, at)
    then = at + timedelta(minutes=minutes)
    if good:
        assert enter(session, code, then) is awa
    else:
        with pytest.raises(signin.CodeGone):
            enter(session, code, then)


def test_a_code_is_only_good_in_the_browser_that_asked(session: Session, at: datetime) -> None:
    a_member(session, email=EMAIL)
    code = ask(session, at)
    with pytest.raises(signin.CodeGone):
        enter(session, code, at, browser="another")
    theirs = ask(session, at, browser="another")
    if theirs != code:
        with pytest.raises(signin.WrongCode):
            enter(session, theirs, at)


def test_a_new_code_ends_the_one_before_in_the_same_browser(session: Session, at: datetime) -> None:
    awa = a_member(session, email=EMAIL)
    first = ask(session, at)
    second = ask(session, at + timedelta(seconds=1))
    if first != second:
        with pytest.raises(signin.WrongCode):
            enter(session, first, at + timedelta(seconds=2))
    assert enter(session, second, at + timedelta(seconds=2)) is awa


def test_another_browser_cannot_end_my_code(session: Session, at: datetime) -> None:
    awa = a_member(session, email=EMAIL)
    code = ask(session, at)
    ask(session, at, browser="attacker")
    assert enter(session, code, at) is awa


def test_known_and_unknown_addresses_are_asked_alike(session: Session, at: datetime) -> None:
    a_member(session, email="known@example.org")
    for email in ("known@example.org", "unknown@example.org"):
        ask(session, at, email=email)
    rows = session.execute(select(SigninCode.tries, SigninCode.expires_at)).all()
    assert len(set(rows)) == 1
    letters = session.scalars(select(Letter)).all()
    assert len({(one.kind, one.language, one.owed_at, one.member_id) for one in letters}) == 1


def test_a_proved_address_that_nobody_has_is_told_so(session: Session, at: datetime) -> None:
    code = ask(session, at)
    with pytest.raises(signin.NobodyYet):
        enter(session, code, at)


def test_an_erased_member_does_not_sign_in(session: Session, at: datetime) -> None:
    awa = a_member(session, email=EMAIL)
    code = ask(session, at)
    members.erase(session, member_id=awa.id, at=at)
    with pytest.raises(signin.CodeGone):
        enter(session, code, at)


def test_neither_the_code_nor_the_browser_is_stored(session: Session, at: datetime) -> None:
    code = ask(session, at)
    row = session.scalars(select(SigninCode)).one()
    kept = f"{row.code_hash} {row.browser_hash}"
    assert code not in kept
    assert "mine" not in kept


@pytest.mark.parametrize(
    ("same", "most"),
    [("browser and address", 6), ("place and address", 6), ("browser", 10), ("address", 30)],
)
def test_asking_too_often_is_refused_where_it_comes_from(
    session: Session, at: datetime, same: str, most: int
) -> None:
    def once(number: int) -> None:
        signin.ask(
            session,
            email=EMAIL if "address" in same else f"a{number}@example.org",
            browser="mine" if "browser" in same else f"browser {number}",
            place="192.0.2.7" if "place" in same else f"place {number}",
            language="en",
            at=at,
        )

    for number in range(most):
        once(number)
    with pytest.raises(limits.TooOften):
        once(99)


def test_a_stranger_cannot_use_up_the_codes_of_an_address(session: Session, at: datetime) -> None:
    """One machine that forgets its cookies at every try, for an hour, against the owner's phone."""
    refused = 0
    for number in range(60):
        try:
            signin.ask(
                session,
                email=EMAIL,
                browser=f"forgetful {number}",
                place="192.0.2.66",
                language="en",
                at=at + number * timedelta(minutes=1),
            )
        except limits.TooOften:
            refused += 1
    assert refused > 0
    for minutes in (1, 59):
        signin.ask(
            session,
            email=EMAIL,
            browser="mine",
            place="192.0.2.1",
            language="en",
            at=at + timedelta(minutes=minutes),
        )


@pytest.mark.parametrize("typed", ["", "abc", "12345", "1234567", "١٢٣٤٥٦", "\0", "0" * 10_000])
def test_odd_codes_are_wrong_and_nothing_more(session: Session, at: datetime, typed: str) -> None:
    a_member(session, email=EMAIL)
    ask(session, at)
    guess = signin.guess(session, email=EMAIL, code=typed, browser="mine", at=at)
    assert not guess.right


# --- a race: many guesses at once -------------------------------------------------------------


@pytest.fixture
def engine(database_url: str) -> Engine:
    return create_engine(database_url, poolclass=NullPool, **engine_options(database_url))


def guesses_at_once(engine: Engine, number: int) -> int:
    """How many of so many simultaneous guesses were looked at."""
    with Session(engine) as session, write_transaction(session):
        ask(session, NOON)
    looked_at: list[signin.Guess] = []

    def try_one() -> None:
        with (
            contextlib.suppress(signin.CodeGone),
            Session(engine) as session,
            write_transaction(session),
        ):
            looked_at.append(signin.guess(session, email=EMAIL, code="x", browser="mine", at=NOON))

    threads = [threading.Thread(target=try_one) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return len(looked_at)


def test_five_tries_are_five_however_many_guess_at_once(engine: Engine) -> None:
    assert guesses_at_once(engine, 12) == 5


def test_control_counting_apart_from_checking_lets_more_through(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, dialect: str
) -> None:
    together = threading.Barrier(8)

    def count_apart(session: Session, *, email: str, browser: str, at: datetime) -> tuple:
        row = session.scalars(select(SigninCode)).one()
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(timeout=2 if dialect == "postgresql" else 0.05)
        if row.tries >= signin.MOST_TRIES:
            raise signin.CodeGone()
        session.execute(update(SigninCode).values(tries=row.tries + 1))
        return row.id, row.code_hash, row.tries + 1

    monkeypatch.setattr(signin, "_count_try", count_apart)
    # SQLite's one writer still takes them in turn.
    assert guesses_at_once(engine, 8) == {"sqlite": 5, "postgresql": 8}[dialect]

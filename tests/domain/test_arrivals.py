"""What is said at the door: kept until the address is proved, and taken whole."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serendipity import arrivals, consent, members, needs, presence, signin, skills, words
from serendipity.arrivals import Choices, Declaration
from serendipity.lieux import Lieu
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.presence import Presence
from tests.rows import a_lieu, a_member

HOUR = timedelta(hours=1)
EMAIL = "awa@example.org"


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


def declare(session: Session, lieu: Lieu, at: datetime, **given: Any) -> Declaration:
    said: dict[str, Any] = {
        "email": EMAIL,
        "browser": "mine",
        "name": "Awa Diallo",
        "skills": ["Illustration", "screen printing"],
        "need": "How to price a board game",
        "until": at + 4 * HOUR,
        "choices": Choices(here_today=True),
        "language": "en",
        "how_in": "qr",
    }
    return arrivals.declare(session, lieu=lieu, at=at, **{**said, **given})


def enter(session: Session, at: datetime, *, browser: str = "mine") -> arrivals.Entry:
    letter = session.scalars(select(Letter).order_by(Letter.id.desc())).first()
    assert letter is not None
    guess = signin.guess(
        session, email=letter.recipient, code=letter.facts["code"], browser=browser, at=at
    )
    return arrivals.enter(session, guess=guess, browser=browser, at=at)


def count(session: Session, noun: type) -> int:
    return session.scalar(select(func.count()).select_from(noun)) or 0


def test_a_first_check_in_is_whole_once_the_code_is_typed(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    declare(session, lieu, at)
    assert (count(session, Member), count(session, Presence)) == (0, 0)
    entry = enter(session, at + timedelta(minutes=2))
    awa, stay = entry.member, entry.presence
    assert stay is not None
    assert (awa.name, awa.email, awa.home_lieu_id) == ("Awa Diallo", EMAIL, lieu.id)
    assert awa.email_confirmed_at == at + timedelta(minutes=2)
    assert (stay.started_at, stay.until, stay.how_in) == (at, at + 4 * HOUR, "qr")
    assert stay.confirmed_at == at + timedelta(minutes=2)
    offered = skills.skills_of(session, [awa.id])[awa.id]
    assert [skill.words for skill in offered] == ["Illustration", "screen printing"]
    (need,) = needs.open_needs(session, lieu_id=lieu.id, at=at + HOUR)
    assert (need.words, need.presence_id) == ("How to price a board game", stay.id)
    assert consent.of(session, member_id=awa.id, lieu_id=lieu.id).here_today
    assert not consent.of(session, member_id=awa.id, lieu_id=lieu.id).by_mail
    assert count(session, Declaration) == 0


def test_unproved_words_change_nothing_about_a_known_member(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    awa = a_member(session, "Awa Diallo", email=EMAIL)
    skills.offer(session, member_id=awa.id, words=["welding"], language="en", at=at)
    declare(session, lieu, at, name="Mallory", skills=["spam"], browser="attacker")
    assert awa.name == "Awa Diallo"
    assert [one.words for one in skills.skills_of(session, [awa.id])[awa.id]] == ["welding"]
    assert presence.of(session, member_id=awa.id, at=at) is None
    assert consent.chosen_by(session, member_id=awa.id) == []
    # …and not when she signs in herself, in her own browser
    signin.ask(session, email=EMAIL, browser="hers", language="en", at=at)
    assert enter(session, at, browser="hers") == arrivals.Entry(awa, None)
    assert [one.words for one in skills.skills_of(session, [awa.id])[awa.id]] == ["welding"]


def test_a_known_member_keeps_name_and_skills_and_what_was_typed_is_added(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    awa = a_member(session, "Awa Diallo", email=EMAIL)
    skills.offer(session, member_id=awa.id, words=["welding"], language="en", at=at)
    declare(session, lieu, at, name="awa d", skills=["Illustration"])
    entry = enter(session, at)
    assert (entry.member, awa.name) == (awa, "Awa Diallo")
    offered = skills.skills_of(session, [awa.id])[awa.id]
    assert [skill.words for skill in offered] == ["welding", "Illustration"]


def test_proving_ones_own_address_proves_no_declaration_for_another(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    awa = a_member(session, "Awa Diallo", email=EMAIL)
    mallory = a_member(session, "Mallory", email="mallory@example.org")
    declare(session, lieu, at, name="Not Awa")
    signin.ask(session, email="mallory@example.org", browser="mine", language="en", at=at)
    assert enter(session, at) == arrivals.Entry(mallory, None)
    assert skills.skills_of(session, [awa.id, mallory.id]) == {awa.id: [], mallory.id: []}
    assert count(session, Presence) == 0


def test_the_same_rows_are_written_for_a_known_and_an_unknown_address(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    a_member(session, email="known@example.org")
    for email in ("known@example.org", "unknown@example.org"):
        declare(session, lieu, at, email=email, browser=email)
    said = session.scalars(select(Declaration)).all()
    letters = session.scalars(select(Letter)).all()
    assert len(said) == len(letters) == 2
    assert len({(one.kind, one.language, one.member_id, len(one.facts)) for one in letters}) == 1
    assert count(session, Presence) == 0


def test_a_browser_has_one_declaration_the_last(session: Session, lieu: Lieu, at: datetime) -> None:
    declare(session, lieu, at, email="typo@example.org")
    declare(session, lieu, at)
    assert [one.email for one in session.scalars(select(Declaration))] == [EMAIL]


def test_a_poster_only_declares_even_with_a_proved_address(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    declare(session, lieu, at, how_in="poster")
    stay = enter(session, at).presence
    assert stay is not None
    assert stay.confirmed_at is None


def test_a_code_typed_after_the_stay_is_over_still_signs_in(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    declare(session, lieu, at, until=at + timedelta(minutes=5))
    entry = enter(session, at + timedelta(minutes=6))
    assert entry.presence is None
    assert len(skills.skills_of(session, [entry.member.id])[entry.member.id]) == 2


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"skills": ["x" * 10_000]}, words.WordsTooLong),
        ({"need": "a\0b"}, words.WordsUnreadable),
        ({"name": " "}, words.WordsMissing),
        ({"email": "awa@"}, members.BadEmail),
        ({"skills": [f"s{number}" for number in range(31)]}, skills.TooManySkills),
    ],
)
def test_what_cannot_be_said_is_refused_and_nothing_is_kept(
    session: Session, lieu: Lieu, at: datetime, given: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        declare(session, lieu, at, **given)
    assert (count(session, Declaration), count(session, Letter)) == (0, 0)


def test_no_skill_and_no_need_are_fine(session: Session, lieu: Lieu, at: datetime) -> None:
    declare(session, lieu, at, skills=[], need=" ")
    assert enter(session, at).presence is not None
    assert needs.open_needs(session, lieu_id=lieu.id, at=at) == []


def test_the_concierge_sees_who_declared_and_vouches_for_them(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    said = declare(session, lieu, at)
    assert arrivals.declared_at(session, lieu_id=lieu.id, at=at) == [said]
    stay = arrivals.vouch(session, public_id=said.public_id, lieu_id=lieu.id, at=at + HOUR)
    member = session.get_one(Member, stay.member_id)
    assert (stay.confirmed_at, member.email_confirmed_at) == (at + HOUR, None)
    assert consent.chosen_by(session, member_id=member.id) == []
    assert arrivals.declared_at(session, lieu_id=lieu.id, at=at) == []
    with pytest.raises(arrivals.NoSuchDeclaration):
        arrivals.vouch(session, public_id=said.public_id, lieu_id=lieu.id, at=at)


def test_vouching_for_a_known_member_leaves_their_profile_alone(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    awa = a_member(session, email=EMAIL)
    said = declare(session, lieu, at)
    stay = arrivals.vouch(session, public_id=said.public_id, lieu_id=lieu.id, at=at)
    assert stay.member_id == awa.id
    assert skills.skills_of(session, [awa.id]) == {awa.id: []}
    assert needs.open_needs(session, lieu_id=lieu.id, at=at) == []


def test_a_declaration_is_vouched_for_at_its_own_lieu_only(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    said = declare(session, lieu, at)
    with pytest.raises(arrivals.NoSuchDeclaration):
        arrivals.vouch(session, public_id=said.public_id, lieu_id=a_lieu(session).id, at=at)


def test_an_arrival_takes_everything_said_in_one_go(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    said: dict[str, Any] = {
        "lieu": lieu, "email": EMAIL, "name": "Awa", "until": at + HOUR, "how_in": "concierge",
        "confirmed": True, "at": at,
    }  # fmt: skip
    stay = arrivals.arrive(
        session, skills=["welding"], need="tenders", choices=Choices(by_mail=True), **said
    )
    assert arrivals.arrive(session, skills=None, **said) is stay
    member = session.get_one(Member, stay.member_id)
    assert len(skills.skills_of(session, [member.id])[member.id]) == 1
    assert len(needs.open_needs(session, lieu_id=lieu.id, at=at)) == 1
    assert consent.of(session, member_id=member.id, lieu_id=lieu.id).by_mail


def test_declarations_are_forgotten_when_their_stay_is_over(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    declare(session, lieu, at)
    arrivals.forget(session, at=at + 3 * HOUR)
    assert count(session, Declaration) == 1
    arrivals.forget(session, at=at + 4 * HOUR)
    assert count(session, Declaration) == 0

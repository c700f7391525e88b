"""Members, their addresses, their blocks, and being forgotten."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serendipity import consent, members, needs, presence, skills, words
from serendipity.consent import Consent
from serendipity.members import Block
from serendipity.needs import Need
from serendipity.skills import MemberSkill
from tests.rows import a_lieu, a_member, somebody_here


def test_an_address_belongs_to_one_member_however_it_is_spelt(
    session: Session, at: datetime
) -> None:
    awa = members.register(session, email=" Awa@Example.ORG ", name="Awa", language="fr", at=at)
    assert awa.email == "awa@example.org"
    assert members.member_with_email(session, "AWA@example.org") is awa
    with pytest.raises(members.EmailTaken):
        members.register(session, email="awa@EXAMPLE.org", name="Other", language="en", at=at)
    assert session.scalar(select(func.count()).select_from(members.Member)) == 1


@pytest.mark.parametrize(
    "given", ["", "awa", "awa@", "@example.org", "a b@example.org", "a@b", "a\0@example.org",
              "x" * 300 + "@example.org", "a@example.org\nBcc: b@example.org", "a@\ud800.org"]
)  # fmt: skip
def test_what_cannot_be_an_address_is_refused(session: Session, given: str, at: datetime) -> None:
    with pytest.raises(members.BadEmail):
        members.register(session, email=given, name="Awa", language="fr", at=at)


@pytest.mark.parametrize(
    ("name", "error"),
    [(" ", words.WordsMissing), ("x" * 121, words.WordsTooLong), ("\0", words.WordsUnreadable)],
)
def test_a_member_has_a_name_that_fits(
    session: Session, name: str, error: type[Exception], at: datetime
) -> None:
    with pytest.raises(error):
        members.register(session, email="awa@example.org", name=name, language="fr", at=at)


def test_an_unknown_language_of_the_screen_becomes_english(session: Session, at: datetime) -> None:
    member = members.register(
        session, email="awa@example.org", name="Awa", language="de", languages=["wo"], at=at
    )
    assert (member.language, member.languages) == ("en", ["wo"])


def test_a_block_keeps_a_pair_apart_in_both_directions_and_only_once(
    session: Session, at: datetime
) -> None:
    a, b, c = (a_member(session) for _ in range(3))
    first = members.block(session, blocker_id=b.id, blocked_id=a.id, at=at)
    assert members.block(session, blocker_id=b.id, blocked_id=a.id, at=at) is first
    assert members.blocked_pairs(session, [a.id, b.id, c.id]) == {(a.id, b.id)}
    assert members.blocked_pairs(session, [a.id, c.id]) == set()
    assert members.blocked_by(session, member_id=b.id) == [a]
    assert members.blocked_by(session, member_id=a.id) == []  # nobody learns who blocked them


def test_lifting_a_block_leaves_the_others_block(session: Session, at: datetime) -> None:
    a, b = a_member(session), a_member(session)
    members.block(session, blocker_id=a.id, blocked_id=b.id, at=at)
    members.block(session, blocker_id=b.id, blocked_id=a.id, at=at)
    members.unblock(session, blocker_id=a.id, blocked_id=b.id)
    assert members.blocked_pairs(session, [a.id, b.id]) == {(a.id, b.id)}


def test_nobody_blocks_themselves(session: Session, at: datetime) -> None:
    member = a_member(session)
    with pytest.raises(members.NotYourself):
        members.block(session, blocker_id=member.id, blocked_id=member.id, at=at)


def test_a_pause_has_an_end_and_can_be_ended(session: Session, at: datetime) -> None:
    member = a_member(session)
    until = at + timedelta(days=7)
    assert members.pause(session, member_id=member.id, until=until).paused_until == until
    assert members.pause(session, member_id=member.id, until=None).paused_until is None


def test_an_erased_member_keeps_a_row_and_nothing_that_names_them(
    session: Session, at: datetime
) -> None:
    lieu = a_lieu(session)
    member, other = somebody_here(session, lieu, "Inès Morel"), a_member(session)
    skills.offer(session, member_id=member.id, words=["soudure"], language="fr", at=at)
    needs.say(
        session, member_id=member.id, lieu_id=lieu.id, presence_id=None, words="prix d'un jeu",
        language="fr", at=at, expires_at=at + timedelta(hours=3),
    )  # fmt: skip
    members.block(session, blocker_id=other.id, blocked_id=member.id, at=at)
    epoch = member.session_epoch
    members.erase(session, member_id=member.id, at=at)
    assert (member.email, member.name, member.languages) == (None, "", [])
    assert member.session_epoch == epoch + 1
    assert presence.of(session, member_id=member.id, at=at) is None
    assert session.scalar(select(func.count()).select_from(MemberSkill)) == 0
    assert session.scalar(select(func.count()).select_from(Consent)) == 0
    assert session.scalar(select(func.count()).select_from(Block)) == 0
    assert session.scalars(select(Need.words)).all() == [""]
    assert consent.seen_by_all(session, lieu_id=lieu.id, at=at) == set()
    with pytest.raises(members.NoSuchMember):
        members.erase(session, member_id=member.id, at=at)


def test_an_erased_address_can_be_registered_anew(session: Session, at: datetime) -> None:
    member = a_member(session, email="awa@example.org")
    members.erase(session, member_id=member.id, at=at)
    again = members.register(session, email="awa@example.org", name="Awa", language="fr", at=at)
    assert again.id != member.id

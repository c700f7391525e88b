"""A member: a person with a name, an email address and the languages they speak.

Rules kept here: an address belongs to one member (compared without case); an erased member keeps
their row, because ties and ledger entries of others point to it, but nothing that names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import CheckConstraint, ForeignKey, String, delete, or_, select, union
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import many, words
from serendipity.db import Base, Key, PublicId, look_up
from serendipity.errors import Invalid, NotFound, Refused

LONGEST_NAME = 120
SCREEN_LANGUAGES = ("en", "fr", "nl")


class Member(Base):
    __tablename__ = "member"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    email: Mapped[str | None] = mapped_column(String(254), unique=True)  # lower case; none: erased
    name: Mapped[str] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(2), default="en")  # of the screens and emails
    languages: Mapped[list[Any]] = mapped_column(default=list)  # spoken, as two-letter codes
    is_operator: Mapped[bool] = mapped_column(default=False)
    home_lieu_id: Mapped[int | None] = mapped_column(ForeignKey("lieu.id"), index=True)
    created_at: Mapped[datetime]
    email_confirmed_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]  # no suggestions before
    session_epoch: Mapped[int] = mapped_column(default=0)  # counts up to end all sessions
    erased_at: Mapped[datetime | None]
    source: Mapped[str | None] = mapped_column(String(80))
    source_id: Mapped[str | None] = mapped_column(String(80))

    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("(email IS NULL) = (erased_at IS NOT NULL)", name="erased_has_no_email"),
    )


class Block(Base):
    """One member never wants to meet another; silent, and it works both ways."""

    __tablename__ = "block"

    blocker_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    blocked_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    at: Mapped[datetime]

    __table_args__ = (CheckConstraint("blocker_id <> blocked_id", name="not_oneself"),)


class BadEmail(Invalid):
    """Not an email address. Facts: field, given."""


class EmailTaken(Refused):
    """Somebody has this address already. Fact: email."""


class NoSuchMember(NotFound):
    """There is none, or they were erased."""


class NotYourself(Refused):
    """Blocking oneself."""


# What each noun forgets when a member is erased. A noun that keeps words about people adds its
# own verb with @at_erasure; this module cannot import them, they import it.
Forget = Callable[[Session, Member, datetime], None]
_forgets: list[Forget] = []


def at_erasure(forget: Forget) -> Forget:
    """Have `forget(session, member, at)` run when a member is erased, before their name goes."""
    _forgets.append(forget)
    return forget


def plain_email(given: str, *, field: str = "email") -> str:
    """The one spelling of an address: checked, in lower case.

    Raises
    ------
    BadEmail
        It cannot be an address.
    """
    try:
        found = validate_email(
            given.strip(), check_deliverability=False, test_environment=False
        ).normalized.lower()
    except EmailNotValidError as error:
        raise BadEmail(field=field, given=given[:254]) from error
    if "\0" in found or len(found) > 254:
        raise BadEmail(field=field, given=given[:254])
    return found


def register(
    session: Session,
    *,
    email: str,
    name: str,
    language: str,
    at: datetime,
    languages: Sequence[str] = (),
    home_lieu_id: int | None = None,
) -> Member:
    """Make a member of a person; their address is not confirmed yet.

    Raises
    ------
    BadEmail, words.WordsMissing, words.WordsTooLong, words.WordsUnreadable
        The address or the name cannot be right.
    EmailTaken
        Somebody has this address.
    """
    language = language if language in SCREEN_LANGUAGES else "en"
    member = Member(
        email=plain_email(email),
        name=words.said(name, field="name", most=LONGEST_NAME),
        language=language,
        languages=list(dict.fromkeys([*languages, *([] if languages else [language])])),
        home_lieu_id=home_lieu_id,
        created_at=at,
    )
    try:
        with session.begin_nested():
            session.add(member)
    except IntegrityError as error:
        raise EmailTaken(email=member.email) from error
    return member


def describe(
    session: Session, *, member_id: int, name: str, language: str, languages: Sequence[str]
) -> Member:
    """Say anew what one is called, and which languages one reads and speaks.

    Raises
    ------
    words.WordsMissing, words.WordsTooLong, words.WordsUnreadable, NoSuchMember
    """
    member = member_named(session, member_id)
    member.name = words.said(name, field="name", most=LONGEST_NAME)
    member.language = language if language in SCREEN_LANGUAGES else member.language
    spoken = dict.fromkeys(code for code in languages if len(code) == 2 and code.isalpha())
    member.languages = list(spoken) or member.languages
    session.flush()
    return member


def member_with_email(session: Session, email: str) -> Member | None:
    """The member with this address, however it is spelt."""
    return session.scalar(select(Member).where(Member.email == email.strip().lower()))


def member_named(session: Session, member_id: int) -> Member:
    """The member with this number.

    Raises
    ------
    NoSuchMember
        There is none, or they were erased.
    """
    member = session.get(Member, member_id)
    if member is None or member.erased_at is not None:
        raise NoSuchMember()
    return member


def block(session: Session, *, blocker_id: int, blocked_id: int, at: datetime) -> Block:
    """Never suggest these two to each other again; doing it twice changes nothing.

    Raises
    ------
    NotYourself
        The two are one.
    """
    if blocker_id == blocked_id:
        raise NotYourself()
    already = session.get(Block, (blocker_id, blocked_id))
    if already is not None:
        return already
    made = Block(blocker_id=blocker_id, blocked_id=blocked_id, at=at)
    session.add(made)
    session.flush()
    return made


def unblock(session: Session, *, blocker_id: int, blocked_id: int) -> None:
    """Lift one's own block; the other's, if there is one, stays."""
    session.execute(
        delete(Block).where(Block.blocker_id == blocker_id, Block.blocked_id == blocked_id)
    )


def blocked_by(session: Session, *, member_id: int) -> list[Member]:
    """Whom this member has blocked: their own list, never the other direction."""
    return list(
        session.scalars(
            select(Member)
            .join(Block, Block.blocked_id == Member.id)
            .where(Block.blocker_id == member_id)
            .order_by(Member.name, Member.id)
        )
    )


_BLOCKS: Final = select(Block.blocker_id, Block.blocked_id)
_BLOCKING, _BLOCKED = many.among(Block.blocker_id, "ids"), many.among(Block.blocked_id, "ids")
_APART: Final = _BLOCKS.where(_BLOCKING, _BLOCKED)
_BLOCKS_OF: Final = union(_BLOCKS.where(_BLOCKING), _BLOCKS.where(_BLOCKED))


def blocked_pairs(session: Session, member_ids: Iterable[int]) -> set[tuple[int, int]]:
    """Pairs (a, b) with a < b among these members that a block keeps apart, in any direction."""
    rows = look_up(session, _APART, ids=set(member_ids))
    return {(min(a, b), max(a, b)) for a, b in rows}


def blocks_of(session: Session, member_ids: Iterable[int]) -> set[tuple[int, int]]:
    """Pairs (a, b) with a < b that a block keeps apart, one of these members being in each."""
    rows = look_up(session, _BLOCKS_OF, ids=set(member_ids))
    return {(min(a, b), max(a, b)) for a, b in rows}


def pause(session: Session, *, member_id: int, until: datetime | None) -> Member:
    """No suggestions before `until`; None ends the pause."""
    member = member_named(session, member_id)
    member.paused_until = until
    session.flush()
    return member


def end_sessions(session: Session, *, member_id: int) -> Member:
    """Sign the member out in every browser."""
    member = member_named(session, member_id)
    member.session_epoch += 1
    session.flush()
    return member


def erase(session: Session, *, member_id: int, at: datetime) -> Member:
    """Forget a member: what names them goes, what others' ties and ledger stand on stays.

    Raises
    ------
    NoSuchMember
        There is none, or they were erased before.
    """
    member = member_named(session, member_id)
    for forget in _forgets:
        forget(session, member, at)
    session.execute(
        delete(Block).where(or_(Block.blocker_id == member_id, Block.blocked_id == member_id))
    )
    member.email, member.name, member.languages = None, "", []
    member.home_lieu_id = member.paused_until = member.email_confirmed_at = None
    member.source = member.source_id = None
    member.is_operator = False
    member.session_epoch += 1
    member.erased_at = at
    session.flush()
    return member

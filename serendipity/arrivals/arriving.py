"""Arriving: a stay with all that was said for it, by somebody whom the caller knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import consent, hours, members, needs, presence, signin, skills, words
from serendipity.arrivals import declaring
from serendipity.arrivals.declaring import Choices, Declaration, NoSuchDeclaration
from serendipity.lieux import Lieu
from serendipity.meanings import Meaning, from_lists, settle
from serendipity.members import Member
from serendipity.presence import Presence


@dataclass(frozen=True)
class _Said:
    """What is said beside the stay itself."""

    offered: Sequence[str] | None
    need: str
    choices: Choices | None
    language: str
    meanings: Sequence[Meaning] = ()


@dataclass(frozen=True)
class Entry:
    """Who proved to be whom, and the stay that had been declared, if any."""

    member: Member
    presence: Presence | None


def arrive(
    session: Session,
    *,
    lieu: Lieu,
    until: datetime,
    how_in: str,
    at: datetime,
    confirmed: bool,
    member: Member | None = None,
    email: str = "",
    name: str = "",
    skills: Sequence[str] | None = None,
    need: str = "",
    choices: Choices | None = None,
    language: str = "en",
    since: datetime | None = None,
    meanings: Sequence[Meaning] = (),
) -> Presence:
    """Check somebody in with what they say: their skills (None: as they were), need and choices.

    Without `member`, `email` says who it is; a new address is registered under `name`. Only for
    callers who know whom they have in front of them.

    Raises
    ------
    members.BadEmail, words.*, skills.TooManySkills, presence.BadUntil
        Nothing was recorded.
    """
    member = member or _known_or_new(
        session, lieu=lieu, email=email, name=name, language=language, at=at
    )
    stay = presence.check_in(
        session,
        member_id=member.id,
        lieu_id=lieu.id,
        until=until,
        how_in=how_in,
        at=at,
        confirmed=confirmed,
        since=since,
    )
    said = _Said(skills, need, choices, language, meanings)
    _take(session, said, member=member, stay=stay, lieu=lieu, at=at)
    return stay


def _known_or_new(
    session: Session, *, lieu: Lieu, email: str, name: str, language: str, at: datetime
) -> Member:
    return members.member_with_email(session, email) or members.register(
        session, email=email, name=name, language=language, at=at, home_lieu_id=lieu.id
    )


def _take(
    session: Session, said: _Said, *, member: Member, stay: Presence, lieu: Lieu, at: datetime
) -> None:
    """Keep what the person said beside the stay itself."""
    if said.offered is not None:
        skills.offer(
            session, member_id=member.id, words=said.offered, language=said.language, at=at
        )
    if words.line(said.need, field="need"):
        needs.say(
            session,
            member_id=member.id,
            lieu_id=lieu.id,
            presence_id=stay.id,
            words=said.need,
            language=said.language,
            at=at,
            expires_at=hours.tonight(lieu=lieu, at=at),
        )
    if said.choices is not None:
        consent.choose(
            session,
            member_id=member.id,
            lieu_id=lieu.id,
            here_today=said.choices.here_today,
            by_mail=said.choices.by_mail,
            other_lieux=said.choices.other_lieux,
            at=at,
        )
    if said.meanings:
        settle(session, said.meanings, member_id=member.id, at=at)


def enter(session: Session, *, guess: signin.Guess, browser: str, at: datetime) -> Entry:
    """Sign in with a right guess; what this browser declared for that address becomes true.

    The address is registered if it is new. A known member keeps their name and skills, and what
    was typed is added: the form could not show what it did not know. The switches count as shown.

    Raises
    ------
    signin.WrongCode, signin.CodeGone
        See `signin.prove`.
    signin.NobodyYet
        The address is proved, but it is nobody's and nothing was declared for it.
    """
    said = declaring.declared_by(session, browser=browser)
    if said is None or said.email != guess.email:
        return Entry(signin.redeem(session, guess=guess, at=at), None)
    email = signin.prove(session, guess=guess, at=at)
    member = _proved(session, said, email, at=at)
    skills.add(session, member_id=member.id, words=said.skills, language=said.language, at=at)
    stay = _stay_declared(session, said, member, at=at) if said.until > at else None
    settle(session, from_lists(said.meanings), member_id=member.id, at=at)
    declaring.drop(session, said)
    return Entry(member, stay)


def _stay_declared(
    session: Session, said: Declaration, member: Member, *, at: datetime
) -> Presence:
    """The stay that was declared, with all that was said for it."""
    lieu = session.get_one(Lieu, said.lieu_id)
    stay = presence.check_in(
        session,
        member_id=member.id,
        lieu_id=lieu.id,
        until=said.until,
        how_in=said.how_in,
        at=at,
        # A printed code says where the poster hangs, not where the person is.
        confirmed=said.how_in != "poster",
        since=said.said_at,
    )
    choices = Choices(said.here_today, said.by_mail, said.other_lieux)
    rest = _Said(None, said.need, choices, said.language)
    _take(session, rest, member=member, stay=stay, lieu=lieu, at=at)
    return stay


def _proved(session: Session, said: Declaration, email: str, *, at: datetime) -> Member:
    """The member of a proved address; one whom nobody had proved before takes the typed name."""
    member = members.member_with_email(session, email)
    if member is None:
        member = members.register(
            session,
            email=email,
            name=said.name,
            language=said.language,
            at=at,
            home_lieu_id=said.lieu_id,
        )
    if member.email_confirmed_at is None:
        member.name, member.email_confirmed_at = said.name, at
    return member


def vouch(session: Session, *, public_id: str, lieu_id: int, at: datetime) -> Presence:
    """The concierge sees the person: they are here, although no code was typed.

    Seeing somebody proves no address. A known member gets the stay and nothing typed touches
    their profile; a new one is registered with an address still to confirm, and all off.

    Raises
    ------
    NoSuchDeclaration
        There is none at this lieu, it is over, or it was used.
    """
    said = session.scalar(
        select(Declaration).where(
            Declaration.public_id == public_id,
            Declaration.lieu_id == lieu_id,
            Declaration.until > at,
        )
    )
    if said is None:
        raise NoSuchDeclaration()
    known = members.member_with_email(session, said.email)
    stay = arrive(
        session,
        lieu=session.get_one(Lieu, lieu_id),
        member=known,
        email=said.email,
        name=said.name,
        skills=None if known else said.skills,
        need="" if known else said.need,
        until=said.until,
        language=said.language,
        how_in="concierge",
        at=at,
        confirmed=True,
        since=said.said_at,
    )
    declaring.drop(session, said)
    return stay

"""Delivery: what is owed leaves, once, and how it ended is written down.

The steps of one letter, and what a death between them costs:

    claim     (commit)   the letter waits two minutes for its next worker
    write                nothing
    announce             nothing
    begin     (commit)   from here the letter may have left …
    hand over            … so a death here makes it uncertain (or told by its file)
    sent      (commit)

Before `begin`, and in its transaction, it is asked again whether the letter is still true and
still agreed to. A letter that cannot be written does not stop the others.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from serendipity import (
    clock,
    consent,
    encounters,
    introductions,
    mail,
    members,
    presence,
    rhythms,
    together,
)
from serendipity.config import Settings
from serendipity.db import write_transaction
from serendipity.encounters import Encounter
from serendipity.errors import Busy
from serendipity.introductions import Introduction, Side
from serendipity.jobs import letters
from serendipity.jobs.post import Later, Never, Post, Unknown
from serendipity.mail import Letter, NotOurs, bounces
from serendipity.members import Member

Sessions = Callable[[], Session]
AT_ONCE: Final = 20  # claimed together: what one worker sends well within the claim
logger = logging.getLogger(__name__)


class Withdrawn(Exception):
    """The letter is no longer true, or no longer agreed to."""


class Unwritable(Exception):
    """A template or a look-up failed on this letter."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a worker has before it when it sends letters."""

    sessions: Sessions
    post: Post
    settings: Settings
    now: Callable[[], datetime] = clock.now


class Ready(NamedTuple):
    """A letter in its envelope: its kind, stable name, recipient, and bytes."""

    kind: str
    name: str
    recipient: str
    message: bytes


def deliver_due(desk: Desk, *, limit: int = AT_ONCE) -> Counter[str]:
    """Send what is due, at most `limit` letters; how many ended how."""
    ended = settle(desk)
    at = desk.now()
    with write_transaction(desk.sessions()) as session:
        most = desk.settings.mail_per_minute
        claimed = mail.claim(session, at=at, limit=limit, per_minute=most)
        waiting = [(letter.id, letter.next_try_at) for letter in claimed]
    for letter_id, claimed_until in waiting:
        ended[_deliver(desk, letter_id, claimed_until)] += 1
    return ended


def settle(desk: Desk) -> Counter[str]:
    """Letters whose sender died: the way out knows how it ended, or nobody does."""
    ended: Counter[str] = Counter()
    with desk.sessions() as session:
        if not mail.orphans(session, at=desk.now()):
            return ended
    with write_transaction(desk.sessions()) as session:
        for letter in mail.orphans(session, at=desk.now()):
            ended[_settle(desk, session, letter)] += 1
    return ended


def _settle(desk: Desk, session: Session, letter: Letter) -> str:
    left = desk.post.has_left(letters.file_name(letter))
    at = desk.now()
    if left is None:
        why = "the machine stopped while it was being handed over"
        mail.uncertain(session, letter_id=letter.id, why=why, at=at)
        return "uncertain"
    if left:
        mail.sent(session, letter_id=letter.id, at=at)
        return "sent"
    mail.try_again(session, letter_id=letter.id, why="the machine stopped", at=at)
    return "later"


def _deliver(desk: Desk, letter_id: int, claimed_until: datetime) -> str:
    """One letter, from its claim to its end; the name of the end."""
    try:
        ready = _written(desk, letter_id)
        _announce(desk, ready.recipient)
        with write_transaction(desk.sessions()) as session:
            letter = session.get_one(Letter, letter_id)
            refuse_if_untrue(session, letter, at=desk.now())
            mail.begin(session, letter_id=letter_id, claimed_until=claimed_until, at=desk.now())
        desk.post.hand_over(ready.message, name=ready.name)
    except NotOurs:
        return "taken"
    except (Later, Never, Unknown, Withdrawn, Unwritable) as ending:
        return _record(desk, letter_id, ending)
    with write_transaction(desk.sessions()) as session:
        mail.sent(session, letter_id=letter_id, at=desk.now())
        if mail.KINDS[ready.kind].urgent:  # others do not go to a marked address at all
            bounces.lift(session, address=ready.recipient)
    return "sent"


def _announce(desk: Desk, recipient: str) -> None:
    """Say who writes to whom; an address that is refused for good is marked."""
    try:
        desk.post.announce(sender=desk.settings.mail_from, recipient=recipient)
    except Never as refused:
        why = str(refused.facts["why"])
        if bounces.says_gone(why):
            with write_transaction(desk.sessions()) as session:
                bounces.mark(session, address=recipient, why=why, at=desk.now())
        raise


def _written(desk: Desk, letter_id: int) -> Ready:
    with desk.sessions() as session:
        letter = session.get_one(Letter, letter_id)
        refuse_if_untrue(session, letter, at=desk.now())
        _refuse_if_bounced(session, letter)
        try:
            words = letters.written(session, letter, desk.settings)
            message = letters.message(letter, words, desk.settings, at=desk.now())
        except (DBAPIError, Busy):
            raise  # the database's trouble, not the letter's: its claim runs out and it comes again
        except Exception as error:
            # Whatever it is, it concerns this letter alone; whoever mends it reads the traceback.
            logger.exception("letter %s (%s) cannot be written", letter.public_id, letter.kind)
            raise Unwritable(f"cannot be written: {type(error).__name__}") from error
        return Ready(letter.kind, letters.file_name(letter), letter.recipient, message)


def _record(desk: Desk, letter_id: int, ending: Exception) -> str:
    why = str(ending.facts["why"]) if isinstance(ending, Later | Never | Unknown) else str(ending)
    verbs = {
        Later: ("later", mail.try_again),
        Never: ("failed", mail.failed),
        Unwritable: ("failed", mail.failed),
        Unknown: ("uncertain", mail.uncertain),
        Withdrawn: ("withdrawn", mail.withdraw),
    }
    name, verb = verbs[type(ending)]
    with write_transaction(desk.sessions()) as session:
        verb(session, letter_id=letter_id, why=why[:500], at=desk.now())
    return name


def _refuse_if_bounced(session: Session, letter: Letter) -> None:
    """What somebody waits for in front of a screen is tried all the same."""
    why = bounces.why_marked(session, address=letter.recipient)
    if why is not None and not letter.urgent:
        raise Never(why=f"the address takes no mail: {why}")


# --- still true, still agreed? --------------------------------------------------------------


def refuse_if_untrue(session: Session, letter: Letter, *, at: datetime) -> None:
    """Ask everything again that was asked when the letter was owed.

    Raises
    ------
    Withdrawn
        It came too late; the member left, paused, hides, moved to another address or no longer
        agrees; the introduction is over or answered; somebody in it withdrew or a block keeps two
        apart.
    """
    if mail.is_too_late(letter, at=at):
        raise Withdrawn("too late")
    if letter.member_id is None:
        return
    member = session.get_one(Member, letter.member_id, populate_existing=True)
    if member.erased_at is not None:
        raise Withdrawn("erased")
    if member.email != letter.recipient:
        raise Withdrawn("the member's address has changed")
    if "introduction" in letter.facts:
        _refuse_if_over(session, letter, at)
    elif mail.KINDS[letter.kind].by_consent:
        _refuse_without_consent(session, letter, member.id, at)
    if letter.kind in ASKED_OF_ENCOUNTERS:
        _refuse_if_nothing_to_ask(session, letter, at)
    elif letter.kind == "together":
        _refuse_if_apart(session, letter)
    elif letter.kind == "silence":
        _refuse_if_chosen(session, letter, member, at)


# A letter that asks about an encounter → what its reader may still be asked about.
ASKED_OF_ENCOUNTERS: Final = {"met": encounters.still_to_say, "again": encounters.to_ask_again}


def _refuse_if_nothing_to_ask(session: Session, letter: Letter, at: datetime) -> None:
    """It was said, denied or taken back meanwhile, or somebody left or asked not to."""
    reader = int(letter.member_id or 0)
    asked = ASKED_OF_ENCOUNTERS[letter.kind](session, member_id=reader, at=at)
    if letter.facts["encounter"] not in {one.encounter.public_id for one in asked}:
        raise Withdrawn("there is nothing to ask any more")


def _refuse_if_apart(session: Session, letter: Letter) -> None:
    """Addresses are given only while what both said still stands."""
    reader = int(letter.member_id or 0)
    try:
        met = encounters.encounter_of(
            session, public_id=letter.facts["encounter"], member_id=reader
        )
        together.exchanged(session, encounter=met, member_id=reader)
    except (encounters.NoSuchEncounter, together.NotBoth) as error:
        raise Withdrawn("something came between the two") from error


def _refuse_without_consent(session: Session, letter: Letter, reader: int, at: datetime) -> None:
    """A letter about nobody else goes to who still wants letters."""
    _refuse_if_resting(session, {reader}, at)
    if letter.lieu_id is not None:
        chosen = consent.of(session, member_id=reader, lieu_id=letter.lieu_id)
        if not chosen.by_mail:
            raise Withdrawn("no longer agrees")


def _refuse_if_chosen(session: Session, letter: Letter, reader: Member, at: datetime) -> None:
    """That letters were paused for silence concerns nobody who chose for themself meanwhile."""
    if reader.paused_until and reader.paused_until > at:
        raise Withdrawn("paused")
    if presence.hidden(session, {reader.id}, at=at):
        raise Withdrawn("hides")
    chosen = consent.of(session, member_id=reader.id, lieu_id=int(letter.lieu_id or 0))
    if not chosen.by_mail or reader.id not in rhythms.paused(session, {reader.id}):
        raise Withdrawn("chose otherwise")


def _refuse_if_resting(session: Session, people: Collection[int], at: datetime) -> None:
    """Everybody in a letter, not only its reader, is there, open, and wants letters now."""
    for member in session.scalars(
        select(Member).where(Member.id.in_(people)).execution_options(populate_existing=True)
    ):
        if member.erased_at is not None or (member.paused_until and member.paused_until > at):
            raise Withdrawn("somebody in it left or paused")
    if rhythms.paused(session, people):
        raise Withdrawn("somebody in it left or paused")
    if presence.hidden(session, people, at=at):
        raise Withdrawn("somebody in it hides")


def _refuse_if_over(session: Session, letter: Letter, at: datetime) -> None:
    """An offer ends by itself or by an answer; what was agreed ends when one of them is gone."""
    introduction = session.scalars(
        select(Introduction)
        .where(Introduction.public_id == letter.facts["introduction"])
        .execution_options(populate_existing=True)
    ).one()
    ids = [side.member_id for side in introduction.sides]
    if members.blocked_pairs(session, ids):
        raise Withdrawn("somebody in it asked not to")
    if introduction.withdrawn_at is not None:
        raise Withdrawn("the introduction is over")
    _refuse_if_resting(session, ids, at)
    if introduction.how == "mail" and not introductions.still_agreed(session, introduction):
        raise Withdrawn("somebody in it no longer agrees")
    if letter.kind == "introduction":
        _refuse_if_answered(session, letter, introduction, at)
    elif not introduction.agreed:
        raise Withdrawn("the introduction is over")
    elif letter.kind == "reminder" and not _is_still_asked(session, letter, introduction):
        raise Withdrawn("already answered")


def _refuse_if_answered(
    session: Session, letter: Letter, introduction: Introduction, at: datetime
) -> None:
    if introduction.expires_at <= at:
        raise Withdrawn("the introduction is over")
    side = session.get(Side, (introduction.id, letter.member_id), populate_existing=True)
    if side is None or side.yes_at is not None or side.no_at is not None:
        raise Withdrawn("already answered")


def _is_still_asked(session: Session, letter: Letter, introduction: Introduction) -> bool:
    """Whether the reader has not said yet, of somebody in it, whether they met."""
    met = session.scalars(
        select(Encounter)
        .where(
            Encounter.introduction_id == introduction.id,
            or_(Encounter.a_id == letter.member_id, Encounter.b_id == letter.member_id),
            Encounter.denied_at.is_(None),
        )
        .execution_options(populate_existing=True)
    )
    return any(one.confirmed_by(letter.member_id or 0) is None for one in met)

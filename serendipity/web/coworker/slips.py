"""Slips: an introduction as its reader may see it now, ready to print.

Who may be named is asked each time anew: somebody who hides, leaves or blocks becomes "somebody"
on the next look, and the three look alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import get_locale, gettext
from markupsafe import Markup
from sqlalchemy.orm import Session

from serendipity import introductions, naming, skills
from serendipity.encounters import Waiting
from serendipity.introductions import Introduction, Person
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.presence import Presence
from serendipity.web import wording
from serendipity.web.wording import Reader


@dataclass(frozen=True)
class Room:
    """What one member may see of a lieu now: the named, with what they offer."""

    lieu: Lieu
    reader: Reader
    stays: Mapping[int, tuple[Member, Presence]]
    offers: Mapping[int, Sequence[str]]


@dataclass(frozen=True)
class Slip:
    """One introduction to answer."""

    introduction: Introduction
    title: str
    sentences: list[Markup]
    name: str  # at the end of the drawn thread
    beads: list[str]
    wild: bool
    pair: bool
    said_yes: bool
    place: str
    until: datetime
    languages: str
    concierge: str  # who put it forward; empty: nobody did


@dataclass(frozen=True)
class Meeting:
    """Two (or more) who may say that they met, with all that two yeses tell."""

    waiting: Waiting
    person: Person | None  # none: they were forgotten
    opening: Markup  # empty: it came from a call
    zone: str  # of the lieu where they met


def room_of(session: Session, *, lieu: Lieu, member_id: int, at: datetime) -> Room:
    """The room as this member may see it."""
    stays = naming.named(session, member_id=member_id, lieu_id=lieu.id, at=at)
    offers = {
        key: [one.words for one in held] for key, held in skills.skills_of(session, stays).items()
    }
    reader = Reader(
        id=member_id,
        names={key: member.name for key, (member, _) in stays.items()},
        offers={key: words[0] for key, words in offers.items() if words},
    )
    return Room(lieu, reader, stays, offers)


def slips(session: Session, room: Room, found: Sequence[Introduction]) -> list[Slip]:
    """These introductions as slips."""
    return [slip(session, room, one) for one in found]


def slip(session: Session, room: Room, introduction: Introduction) -> Slip:
    reasons = introduction.suggestion.reasons
    reader = with_labels(session, room.reader, reasons)
    others = introduction.others(reader.id)
    names = [reader.names[one] for one in others if one in reader.names]
    codes = {reason["code"] for reason in reasons}
    alone = others[0] if len(others) == 1 else 0
    return Slip(
        introduction=introduction,
        title=_title(names, len(others)),
        sentences=wording.sentences(reasons, reader),
        name=names[0] if len(names) == len(others) == 1 else "?",
        beads=_beads(reasons, reader),
        wild="wild_card" in codes,
        pair=len(others) == 1,
        said_yes=introduction.side_of(reader.id).yes_at is not None,
        place=room.stays[alone][1].place if alone in room.stays else "",
        until=introduction.expires_at,
        languages=wording.spoken(reasons),
        concierge=introduction.put_forward_by.name if introduction.put_forward_by else "",
    )


def with_labels(session: Session, reader: Reader, reasons: Sequence[Mapping[str, Any]]) -> Reader:
    labels = skills.labels(session, wording.concepts(reasons), str(get_locale()))
    return Reader(reader.id, reader.names, labels, reader.offers)


def _title(names: Sequence[str], count: int) -> str:
    if len(names) == count == 1:
        return names[0]
    if count == 1:
        return str(gettext("Somebody here"))
    return str(gettext("A circle of %(count)s", count=count + 1))


def _beads(reasons: Sequence[Mapping[str, Any]], reader: Reader) -> list[str]:
    for reason in reasons:
        if reason["code"] == "both_know":
            return wording.shared(reason["facts"], reader)
    return []


def meetings(session: Session, waiting: Sequence[Waiting], *, member_id: int) -> list[Meeting]:
    """Encounters that wait for a word, with what was revealed for them."""
    return [_meeting(session, one, member_id) for one in waiting]


def _meeting(session: Session, one: Waiting, member_id: int) -> Meeting:
    """Both had said yes: to an introduction, or one of them to the other's call."""
    met = one.encounter
    zone = session.get_one(Lieu, met.lieu_id).timezone
    if met.told_by_id is not None:  # one of them says so; neither has agreed to be found
        return Meeting(one, None, Markup(""), zone)
    if met.introduction_id is None:
        told = introductions.whereabouts(
            session, [one.other.id], lieu_id=met.lieu_id, member_id=member_id
        )
        return Meeting(one, told[0] if told else None, Markup(""), zone)
    introduction = session.get_one(Introduction, met.introduction_id)
    known = introductions.revealed(session, introduction=introduction, member_id=member_id)
    person = next((who for who in known.people if who.member.id == one.other.id), None)
    return Meeting(one, person, wording.opening(known.reasons, Reader(member_id)), zone)

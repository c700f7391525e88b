"""Telling: what followers of a topic are told, once for all of them.

A lieu's followers are told counts: those of the quarter of an hour to anybody, and how many are
there now to who is there. A person's own page, the concierge's desk and the questions of a booked
room are told only that there is something new: the page then asks for it by its own address, under
its own rules, and a stream can never show what the page would not.

Rules kept here: a topic is worked out once per look, however many follow it; nothing is told about
fewer than three people; the number that says "something new" tells nothing else.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serendipity import calls, skillmap
from serendipity.arrivals import Declaration
from serendipity.bookings import Booking
from serendipity.calls import Call
from serendipity.encounters import Encounter
from serendipity.introductions import Introduction, Side
from serendipity.kiosks import Kiosk
from serendipity.lieux import Lieu
from serendipity.live import rooms
from serendipity.live.grants import Topic
from serendipity.mail import Letter
from serendipity.needs import Need
from serendipity.postures.post import Postponed
from serendipity.presence import Presence
from serendipity.rooms import Room
from serendipity.shifts import Shift
from serendipity.suggestions import Suggestion

WEEK = timedelta(days=7)  # how far back a desk looks
# A digest can be guessed by who knows what goes in; with a key of this process it cannot.
_KEY = secrets.token_bytes(16)

Writing = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True)
class Told:
    """What followers are told, and the number by which they know that it is new."""

    version: str
    event: bytes


def told(version: str, **facts: Any) -> Told:
    """As one server-sent event."""
    data = json.dumps({**facts, "version": version}, ensure_ascii=False, separators=(",", ":"))
    return Told(version, f"id: {version}\ndata: {data}\n\n".encode())


def version_of(*facts: Any) -> str:
    """A number that changes when the facts do."""
    return hashlib.blake2b(repr(facts).encode(), key=_KEY, digest_size=9).hexdigest()


@dataclass
class Look:
    """One look at the database, for all that is followed."""

    session: Session
    at: datetime

    def of(self, topics: Collection[Topic]) -> dict[Topic, Told]:
        """What the followers of each topic are told; a topic that is gone is left out."""
        self.rooms: dict[int, rooms.Room] = {}
        self.mine = rooms.before(
            self.session, [one.id for one in topics if one.what == "me"], at=self.at
        )
        found = {topic: TELLING[topic.what](self, topic) for topic in topics}
        return {topic: one for topic, one in found.items() if one is not None}

    def room(self, lieu_id: int) -> rooms.Room:
        if lieu_id not in self.rooms:
            self.rooms[lieu_id] = rooms.Room(self.session, lieu_id, self.at)
        return self.rooms[lieu_id]

    def lieu(self, topic: Topic) -> Told | None:
        """The public page: counts of the quarter of an hour."""
        lieu = self.session.get(Lieu, topic.id)
        if lieu is None or lieu.opened_at is None:
            return None
        facts = self._counts(lieu.id, topic.language)
        return told(version_of(facts), lieu=lieu.slug, **facts)

    def house(self, topic: Topic) -> Told | None:
        """The same, with how many are there now, as the screen at the door shows it."""
        lieu = self.session.get_one(Lieu, topic.id)
        room, facts = self.room(lieu.id), self._counts(lieu.id, topic.language)
        version = version_of(facts, room.how_many, room.door)
        return told(version, lieu=lieu.slug, here=room.how_many, **facts)

    def me(self, topic: Topic) -> Told:
        """One's own page."""
        mine = self.mine[topic.id]
        known = [
            (facts, self.room(lieu_id).whereabouts(topic.id, others) if others else ())
            for facts, lieu_id, others in mine.introductions
        ]
        facts = (known, mine.calls, mine.encounters, self._stay(mine.stay))
        return told(version_of(facts))

    def _stay(self, stay: Presence | None) -> rooms.Facts:
        if stay is None:
            return ()
        room, since = self.room(stay.lieu_id), stay.confirmed_at
        is_focused = stay.focus_until is not None and stay.focus_until > self.at
        looked = bool(since and room.looked_at and room.looked_at >= since)
        return (
            (stay.id, stay.until, stay.hidden_at, stay.place, since, is_focused, looked),
            room.how_many,
            room.others(stay.member_id),
        )

    def desk(self, topic: Topic) -> Told:
        """The concierge's page. Another's answer is not in it before all said yes."""
        return told(version_of(*(self.session.execute(one).all() for one in self._desk(topic.id))))

    def _desk(self, lieu_id: int) -> list[Any]:
        yeses = (
            select(func.count())
            .where(Side.introduction_id == Introduction.id, Side.yes_at.is_(None))
            .scalar_subquery()
        )
        one_of_two = Encounter.a_confirmed_at.is_(None) != Encounter.b_confirmed_at.is_(None)
        both = Encounter.a_confirmed_at.is_not(None) & Encounter.b_confirmed_at.is_not(None)
        at, since = self.at, self.at - WEEK
        return [
            select(
                Presence.id,
                Presence.until,
                Presence.confirmed_at,
                Presence.place,
                Presence.hidden_at,
                Presence.focus_until,
            )
            .where(Presence.lieu_id == lieu_id, Presence.ended_at.is_(None), Presence.until > at)
            .order_by(Presence.id),
            select(Declaration.id)
            .where(Declaration.lieu_id == lieu_id, Declaration.until > at)
            .order_by(Declaration.id),
            select(Suggestion.id, Suggestion.withdrawn_at, Postponed.not_before)
            .outerjoin(Postponed, Postponed.suggestion_id == Suggestion.id)
            .where(Suggestion.lieu_id == lieu_id, Suggestion.expires_at > at)
            .order_by(Suggestion.id),
            select(
                Introduction.id,
                Introduction.withdrawn_at,
                Introduction.put_forward_at,
                yeses == 0,
            )
            .where(Introduction.lieu_id == lieu_id, Introduction.expires_at > at)
            .order_by(Introduction.id),
            select(Encounter.id, one_of_two, both, Encounter.denied_at)
            .where(Encounter.lieu_id == lieu_id, Encounter.said_at > since)
            .order_by(Encounter.id),
            select(Call.id, Call.withdrawn_at)
            .where(Call.lieu_id == lieu_id, Call.expires_at > at)
            .order_by(Call.id),
            select(Need.id, Need.answered_at, Need.withdrawn_at)
            .where(Need.lieu_id == lieu_id, Need.expires_at > at)
            .order_by(Need.id),
            select(Shift.id, Shift.until)
            .where(Shift.lieu_id == lieu_id, Shift.ended_at.is_(None), Shift.until > at)
            .order_by(Shift.id),
            select(Letter.id, Letter.failed_at, Letter.uncertain_at)
            .where(Letter.lieu_id == lieu_id, Letter.owed_at > since, Letter.sent_at.is_(None))
            .order_by(Letter.id),
            select(Kiosk.id, Kiosk.paired_at, Kiosk.revoked_at)
            .where(Kiosk.lieu_id == lieu_id)
            .order_by(Kiosk.id),
        ]

    def booking(self, topic: Topic) -> Told | None:
        """The map of a booked room: counts of the quarter, and that a question was answered."""
        lieu_id = self._lieu_of(topic.id)
        if lieu_id is None:
            return None
        facts = self._counts(lieu_id, topic.language)
        asked = calls.of_booking(self.session, booking_id=topic.id, at=self.at)
        answers = [
            (
                one.call.id,
                one.helper.id if one.helper else 0,
                one.encounter is not None,
                self.room(lieu_id).sitting.get(one.helper.id) if one.helper else None,
            )
            for one in asked
        ]
        return told(version_of(facts, answers), **facts)

    def _lieu_of(self, booking_id: int) -> int | None:
        return self.session.scalar(
            select(Room.lieu_id)
            .join(Booking, Booking.room_id == Room.id)
            .where(Booking.id == booking_id)
        )

    def _counts(self, lieu_id: int, language: str) -> dict[str, Any]:
        """What everybody who looks sees."""
        seen = skillmap.skill_map(self.session, lieu_id=lieu_id, language=language, at=self.at)
        return {
            "counted_at": seen.taken_at.astimezone(UTC).isoformat(),
            "people": seen.people,
            "skills": [
                {"kind": one.kind, "name": one.name, "label": one.label, "people": one.people}
                for one in seen.tables
            ],
        }


TELLING: dict[str, Callable[[Look, Topic], Told | None]] = {
    "lieu": Look.lieu,
    "house": Look.house,
    "me": Look.me,
    "desk": Look.desk,
    "booking": Look.booking,
}


def look(
    session: Session, topics: Collection[Topic], *, at: datetime, writing: Writing
) -> dict[Topic, Told]:
    """What the followers of these topics are told now.

    The first who looks in a quarter of an hour has the counts taken, as on every page that shows
    them; `writing` gives the transaction for that.
    """
    found = Look(session, at)
    for lieu_id in _lieux_counted(found, topics):
        if skillmap.is_due(session, lieu_id=lieu_id, at=at):
            with writing() as db:
                skillmap.count(db, lieu_id=lieu_id, at=at)
    return found.of(topics)


def _lieux_counted(found: Look, topics: Collection[Topic]) -> set[int]:
    asked = {topic.id for topic in topics if topic.what in ("lieu", "house")}
    booked = {found._lieu_of(topic.id) for topic in topics if topic.what == "booking"}
    return asked | {one for one in booked if one is not None}

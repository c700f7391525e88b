"""Build the demo community: places, people, eleven weeks of history, and a morning under way."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import combinations

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import (
    arrivals,
    bookings,
    encounters,
    hours,
    invoices,
    lieux,
    members,
    organisations,
    presence,
    rooms,
    rules,
    seats,
    shifts,
)
from serendipity.demo import places
from serendipity.demo.people import Person, people
from serendipity.demo.places import PLACES, Place
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.presence import Presence
from serendipity.rooms import Room

SEED = 20260326
WEEKS = 11
WITHIN, ACROSS = 0.45, 0.03  # how likely two of one group, or of two groups, have met before
HELPED = 0.85
Step = Callable[[str], None]


def build(session: Session, *, at: datetime, step: Step = lambda words: None) -> None:
    """Fill an empty, migrated database; does nothing when the demo is already there."""
    if session.scalar(select(Lieu.id).where(Lieu.slug == places.NAVETTE.slug)):
        return
    chance = random.Random(SEED)
    born = at - timedelta(weeks=WEEKS)
    for place in PLACES:
        step(f"Furnishing {place.name}")
        lieu = _open(session, place, at=born)
        _let_sell(session, place, lieu, at=born)
        inhabitants = [person for person in people() if person.lieu == place.slug]
        found = {person.name: _register(session, person, lieu, at=born) for person in inhabitants}
        for name in place.concierges:
            shifts.name_concierge(session, lieu_id=lieu.id, member_id=found[name].id, at=born)
        step(f"Remembering {WEEKS} weeks at {place.name}")
        _remember_stays(session, lieu, found, chance, at=at)
        _remember_encounters(session, lieu, inhabitants, found, chance, at=at)
        _remember_handover(session, place, found, at=at)
    operator = session.scalars(select(Member).where(Member.name == places.OPERATOR)).one()
    operator.is_operator = True
    _company(session, at=born)


def open_the_day(session: Session, *, at: datetime, step: Step = lambda words: None) -> None:
    """Let it be the middle of a morning: people here, a shift under way, a room booked."""
    chance = random.Random(at.toordinal())
    presence.end_due(session, at=at)
    for place in PLACES:
        lieu = lieux.lieu_named(session, place.slug)
        here = {member.id for _, member in presence.who_is_here(session, lieu_id=lieu.id, at=at)}
        regulars = [person for person in people() if person.lieu == place.slug]
        first = {places.COWORKER, places.HELPER}
        chance.shuffle(regulars)
        regulars.sort(key=lambda person: person.name not in first)
        step(f"Opening the doors of {place.name}")
        for number, person in enumerate(regulars[: place.arriving]):
            member = _member(session, person.name)
            if member.id not in here:
                since = at - timedelta(minutes=7 + 6 * number)
                if _last(session, lieu, since) <= at:
                    since = at  # the doors closed in between, or midnight passed
                check_in(session, person, lieu, place, chance, at=since)
        concierge = _member(session, place.concierges[0])
        shifts.take_shift(
            session,
            slug=place.slug,
            member_id=concierge.id,
            until=at + timedelta(hours=8),
            at=at - timedelta(minutes=30),
        )
        _leave_something_to_settle(session, place, lieu, chance, at=at)
    _book_now(session, at=at)


def _leave_something_to_settle(
    session: Session, place: Place, lieu: Lieu, chance: random.Random, *, at: datetime
) -> None:
    """Somebody came by the poster, and two people met of whom one has said so."""
    here = {
        member.name: member.id
        for _, member in presence.who_is_here(session, lieu_id=lieu.id, at=at)
    }
    away = [one for one in people() if one.lieu == place.slug and one.name not in here]
    if away:
        guest = _member(session, chance.choice(away).name)
        presence.check_in(
            session,
            member_id=guest.id,
            lieu_id=lieu.id,
            until=at + timedelta(hours=3),
            how_in="poster",
            at=at,
            confirmed=False,
        )
    yours = {places.COWORKER, places.HELPER}
    pair = chance.sample([here[name] for name in sorted(here) if name not in yours], 2)
    (met,) = encounters.set_up(session, lieu_id=lieu.id, member_ids=pair, at=at)
    encounters.confirm(
        session, public_id=met.public_id, member_id=pair[0], helped=True, at=at, outcome="advice"
    )


def check_in(
    session: Session,
    person: Person,
    lieu: Lieu,
    place: Place,
    chance: random.Random,
    *,
    at: datetime,
) -> None:
    """A person of the demo comes in, as they would by the door."""
    stay = arrivals.arrive(
        session,
        lieu=lieu,
        member=_member(session, person.name),
        until=min(at + timedelta(hours=chance.choice((3, 4, 5, 6))), _last(session, lieu, at)),
        how_in="qr",
        at=at,
        confirmed=True,
        need=chance.choice(person.needs),
        choices=arrivals.Choices(here_today=chance.random() < 0.85, by_mail=chance.random() < 0.8),
        language=person.language,
    )
    stay.place = chance.choice(place.tables)


def _last(session: Session, lieu: Lieu, at: datetime) -> datetime:
    return hours.closing(session, lieu=lieu, at=at)


def _let_sell(session: Session, place: Place, lieu: Lieu, *, at: datetime) -> None:
    """Who sells the rooms, so that bookings are invoiced; the numbers are nobody's."""
    prefix, name, address, postcode, siren, vat_number, iban = places.SELLERS[place.slug]
    facts = invoices.Facts(
        prefix=prefix,
        name=name,
        email=f"compta@{place.slug}.demo.example.org",
        address=address,
        postcode=postcode,
        city=place.city,
        country="FR" if siren else "BE",
        siret=siren,
        vat_number=vat_number,
        iban=iban,
        mention="",
        payment_days=30,
    )
    invoices.describe(session, lieu=lieu, facts=facts, at=at)


def _open(session: Session, place: Place, *, at: datetime) -> Lieu:
    lieu = lieux.found(
        session,
        name=place.name,
        slug=place.slug,
        city=place.city,
        timezone=place.timezone,
        language=place.language,
        seats=place.seats,
        at=at,
    )
    lieux.keep_hours(session, lieu=lieu, spans=place.openings())
    rules.write(
        session, lieu=lieu, terms=rules.Terms(), text=places.HOUSE_RULES, after=0, by=None, at=at
    )
    lieux.keep_moments(session, lieu=lieu, spans=place.week())
    for span in place.week():  # a quarter of the seats may be kept ahead
        facts = {"weekday": span.weekday, "starts": span.starts, "count": place.seats // 4}
        seats.offer(session, lieu=lieu, at=at, **facts)
    session.add_all(
        Room(
            lieu_id=lieu.id,
            slug=chamber.slug,
            name=chamber.name,
            description=chamber.description,
            shape=chamber.shape,
            capacity=chamber.capacity,
            step_free=chamber.step_free,
            access=chamber.access,
            hour_cents=chamber.hour_cents,
            half_day_cents=chamber.hour_cents * 3,
            day_cents=chamber.hour_cents * 5,
            vat_points=2000 if place.timezone == "Europe/Paris" else 2100,
        )
        for chamber in place.rooms
    )
    session.flush()
    return lieu


def _register(session: Session, person: Person, lieu: Lieu, *, at: datetime) -> Member:
    """A member with a first stay long ago, in which they said what they can help with."""
    member = members.register(
        session,
        email=person.email,
        name=person.name,
        language=person.language,
        languages=person.spoken,
        home_lieu_id=lieu.id,
        at=at,
    )
    member.email_confirmed_at = at
    stay = arrivals.arrive(
        session,
        lieu=lieu,
        member=member,
        until=at + timedelta(hours=2),
        how_in="qr",
        at=at,
        confirmed=True,
        skills=person.skills,
        language=person.language,
    )
    _leave(session, stay)
    return member


def _leave(session: Session, stay: Presence) -> None:
    """A little before they said, which a door that closes may have made much earlier."""
    presence.leave(session, member_id=stay.member_id, at=stay.until - timedelta(minutes=9))


def _remember_stays(
    session: Session,
    lieu: Lieu,
    found: dict[str, Member],
    chance: random.Random,
    *,
    at: datetime,
) -> None:
    """Half-days of work on some days of the past weeks; a few people come very seldom."""
    for member in found.values():
        often = chance.choice((1, 2, 2, 3, 4))
        for day in sorted(chance.sample(range(1, WEEKS * 7 - 1), often), reverse=True):
            since = at - timedelta(days=day, minutes=chance.randrange(0, 240))
            presence.check_in(
                session,
                member_id=member.id,
                lieu_id=lieu.id,
                until=since + timedelta(hours=4),
                how_in="qr",
                at=since,
                confirmed=True,
            )
            stay = presence.of(session, member_id=member.id, at=since)
            if stay is not None:
                _leave(session, stay)


def _remember_handover(
    session: Session, place: Place, found: dict[str, Member], *, at: datetime
) -> None:
    """Yesterday's concierge left a note."""
    before = found[place.concierges[1]]
    yesterday = at - timedelta(days=1)
    shifts.take_shift(
        session,
        slug=place.slug,
        member_id=before.id,
        until=yesterday + timedelta(hours=6),
        at=yesterday,
    )
    shifts.hand_over(
        session,
        slug=place.slug,
        member_id=before.id,
        note=place.note,
        at=yesterday + timedelta(hours=5),
    )


def _remember_encounters(
    session: Session,
    lieu: Lieu,
    inhabitants: Sequence[Person],
    found: dict[str, Member],
    chance: random.Random,
    *,
    at: datetime,
) -> None:
    """Encounters of the past: mostly inside a group, seldom across, each confirmed by both."""
    for one, other in combinations(inhabitants, 2):
        if {one.name, other.name} == {places.COWORKER, places.HELPER}:
            continue  # theirs is the story that the demo lets you play
        if chance.random() > (WITHIN if one.group == other.group else ACROSS):
            continue
        day = at - timedelta(days=chance.uniform(2, WEEKS * 7 - 2))
        pair = (found[one.name].id, found[other.name].id)
        (met,) = encounters.set_up(session, lieu_id=lieu.id, member_ids=pair, at=day)
        helped = chance.choice(pair) if chance.random() < HELPED else None
        for member_id in pair:
            encounters.confirm(
                session,
                public_id=met.public_id,
                member_id=member_id,
                helped=member_id == helped,
                at=day + timedelta(minutes=40),
                outcome=chance.choice(("advice", "idea", "")) if member_id == helped else "",
            )


def _company(session: Session, *, at: datetime) -> None:
    """An organisation that books rooms at La Navette."""
    name, email, who = places.COMPANY
    member = members.register(session, email=email, name=who, language="fr", at=at)
    member.email_confirmed_at = at
    organisations.found(
        session, name=name, email=email, by=member.id, at=at, address="12 rue du Coq, Roubaix"
    )


def _book_now(session: Session, *, at: datetime) -> None:
    """A booking that runs now, so that the map can be seen, and one for tomorrow."""
    lieu = lieux.lieu_named(session, places.NAVETTE.slug)
    member = _member(session, places.COMPANY[2])
    organisation, _ = organisations.organisations_of(session, member_id=member.id)[0]
    coming = bookings.bookings_of(session, organisation_id=organisation.id, at=at)
    if any(booking.ends_at > at for booking, _, _ in coming):
        return
    quarter = at - timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
    room = rooms.room_named(session, lieu=lieu, slug="jacquard")
    for starts_at in (quarter, quarter + timedelta(days=1, hours=1)):
        held = bookings.hold(
            session,
            room=room,
            organisation_id=organisation.id,
            member_id=member.id,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=4),
            people=6,
            at=min(at, starts_at),
        )
        bookings.confirm(
            session,
            public_id=held.public_id,
            organisation_id=organisation.id,
            member_id=member.id,
            at=min(at, starts_at),
        )
        if starts_at <= at:  # nobody of theirs has checked in, and the map is to be seen
            bookings.come(
                session,
                public_id=held.public_id,
                organisation_id=organisation.id,
                member_id=member.id,
                at=at,
            )


def _member(session: Session, name: str) -> Member:
    return session.scalars(select(Member).where(Member.name == name)).one()

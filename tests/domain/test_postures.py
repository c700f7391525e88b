"""Postures: what a concierge sees of their lieu, and what they leave behind by seeing it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from serendipity import arrivals, audit, calls, ledger, mail, members, needs, presence, skills
from serendipity.calls import Call, CallAsked
from serendipity.encounters import Encounter
from serendipity.kiosks import Kiosk
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.postures import garden, settling, watch, write
from serendipity.presence import Presence
from serendipity.shifts import Shift
from serendipity.ties import Tie
from tests.half_said import ORIGINS, half_said
from tests.rows import a_lieu, a_member, on_shift, somebody_here

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session, slug="navette", name="La Navette")


@pytest.fixture
def shift(session: Session, lieu: Lieu) -> Shift:
    return on_shift(session, lieu, a_member(session, "Bertille Gast"))


def stay_of(session: Session, member: Member) -> Presence:
    return session.query(Presence).filter_by(member_id=member.id, ended_at=None).one()


def visited(session: Session, lieu: Lieu, member: Member, at: datetime, times: int = 3) -> None:
    """Stays that are over, one a day, the last of them `at`."""
    session.add_all(
        Presence(
            member_id=member.id,
            lieu_id=lieu.id,
            started_at=at - n * DAY - HOUR,
            until=at - n * DAY,
            ended_at=at - n * DAY,
            how_in="qr",
            how_out="left",
        )
        for n in range(times)
    )
    session.flush()


def tied(session: Session, a: Member, b: Member, last: datetime, **given: Any) -> None:
    low, high = sorted((a.id, b.id))
    session.add(Tie(a_id=low, b_id=high, first_at=last, last_at=last, **given))
    session.flush()


def an_encounter(
    session: Session, lieu: Lieu, a: Member, b: Member, said: datetime, **given: Any
) -> Encounter:
    low, high = sorted((a.id, b.id))
    encounter = Encounter(lieu_id=lieu.id, a_id=low, b_id=high, said_at=said, **given)
    session.add(encounter)
    session.flush()
    return encounter


def sign_of(session: Session, lieu: Lieu, member: Member, at: datetime) -> str:
    people = watch.gathering(session, lieu=lieu, at=at).people
    return next(one.sign for one in people if one.member is member)


def test_a_first_and_a_second_visit_are_new_and_a_third_is_not(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    for visits, sign in ((0, "new"), (1, "new"), (2, "alone")):
        member = somebody_here(session, lieu)
        visited(session, lieu, member, at - DAY, times=visits)
        assert sign_of(session, lieu, member, at) == sign


def test_nobody_is_alone_who_knows_somebody_here_or_met_somebody_today_or_just_came(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    lone, tie_a, tie_b, met_a, met_b, late = (somebody_here(session, lieu) for _ in range(6))
    for member in (lone, tie_a, tie_b, met_a, met_b, late):
        visited(session, lieu, member, at - DAY)
    tied(session, tie_a, tie_b, at - DAY)
    an_encounter(session, lieu, met_a, met_b, at, a_confirmed_at=at, b_confirmed_at=at)
    stay_of(session, late).started_at = at - 10 * MINUTE
    session.flush()
    signs = [sign_of(session, lieu, one, at) for one in (lone, tie_a, tie_b, met_a, met_b, late)]
    assert signs == ["alone", *["here"] * 5]


def test_back_after_five_weeks_is_said_and_after_four_is_not(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    for weeks, sign in ((5, "back"), (4, "here")):
        member, friend = somebody_here(session, lieu), somebody_here(session, lieu)
        tied(session, member, friend, at - DAY)
        visited(session, lieu, member, at - HOUR - timedelta(weeks=weeks))
        assert sign_of(session, lieu, member, at) == sign


def test_a_need_waits_after_twenty_minutes_and_focus_comes_first(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    member, friend = somebody_here(session, lieu), somebody_here(session, lieu)
    tied(session, member, friend, at - DAY)
    visited(session, lieu, member, at - DAY)
    needs.say(
        session,
        member_id=member.id,
        lieu_id=lieu.id,
        presence_id=stay_of(session, member).id,
        words="pricing",
        language="en",
        at=at,
        expires_at=at + 9 * HOUR,
    )
    assert sign_of(session, lieu, member, at + 19 * MINUTE) == "here"
    assert sign_of(session, lieu, member, at + 20 * MINUTE) == "waiting"
    presence.focus(session, member_id=member.id, until=at + HOUR, at=at)
    assert sign_of(session, lieu, member, at + 30 * MINUTE) == "focus"


def test_the_concierge_sees_who_did_not_agree_to_be_seen_but_as_discreet(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    open_one = somebody_here(session, lieu)
    quiet = somebody_here(session, lieu, here_today=False)
    hidden = somebody_here(session, lieu)
    presence.hide(session, member_id=hidden.id, at=at)
    people = watch.gathering(session, lieu=lieu, at=at).people
    assert {one.member.id: one.discreet for one in people} == {
        open_one.id: False,
        quiet.id: True,
        hidden.id: True,
    }


def test_people_of_another_lieu_and_of_yesterday_are_not_here(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    somebody_here(session, a_lieu(session))
    visited(session, lieu, a_member(session), at - DAY)
    assert watch.gathering(session, lieu=lieu, at=at) == watch.Gathering([], set(), set())


def test_an_encounter_that_one_of_two_confirmed_has_not_been_met(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    a, b = somebody_here(session, lieu), somebody_here(session, lieu)
    an_encounter(session, lieu, a, b, at, a_confirmed_at=at)
    assert watch.gathering(session, lieu=lieu, at=at).met_today == set()


def test_a_declared_stay_is_confirmed_by_the_concierge_once_and_leaves_a_trace(
    session: Session, lieu: Lieu, shift: Shift, at: datetime
) -> None:
    member = somebody_here(session, lieu)
    stay = stay_of(session, member)
    stay.confirmed_at = None
    session.flush()
    assert sign_of(session, lieu, member, at) == "declared"
    watch.confirm_stay(session, shift=shift, public_id=stay.public_id, at=at)
    assert stay.confirmed_at == at
    (trace,) = audit.concerning(session, member.id)
    assert (trace.what, trace.actor, trace.lieu) == (
        "confirmed-stay",
        "Bertille Gast",
        "La Navette",
    )


def test_a_concierge_touches_no_stay_of_another_lieu(
    session: Session, shift: Shift, at: datetime
) -> None:
    elsewhere = a_lieu(session)
    stay = stay_of(session, somebody_here(session, elsewhere))
    for verb in (watch.confirm_stay, watch.check_out):
        with pytest.raises(presence.NoSuchPresence) as foreign:
            verb(session, shift=shift, public_id=stay.public_id, at=at)
        with pytest.raises(presence.NoSuchPresence) as missing:
            verb(session, shift=shift, public_id="nothing", at=at)
        assert foreign.value.facts == missing.value.facts == {}
    assert stay.ended_at is None


def test_who_left_without_saying_so_is_checked_out(
    session: Session, lieu: Lieu, shift: Shift, at: datetime
) -> None:
    stay = stay_of(session, somebody_here(session, lieu))
    watch.check_out(session, shift=shift, public_id=stay.public_id, at=at)
    assert (stay.ended_at, stay.how_out) == (at, "concierge")
    with pytest.raises(presence.NoSuchPresence):
        watch.check_out(session, shift=shift, public_id=stay.public_id, at=at)


def test_somebody_without_a_phone_is_here_until_closing_with_what_they_said(
    session: Session, lieu: Lieu, shift: Shift, at: datetime
) -> None:
    stay, known = watch.check_in(
        session,
        shift=shift,
        name="Noé Petit",
        email="Noe@Example.org",
        skills=["sewing"],
        need="a bike pump",
        language="fr",
        at=at,
    )
    assert not known
    assert (stay.how_in, stay.confirmed_at, stay.until) == ("concierge", at, at + 7 * HOUR)
    member = session.get_one(Member, stay.member_id)
    assert (member.email, member.email_confirmed_at) == ("noe@example.org", None)
    assert [need.words for need in needs.open_needs(session, lieu_id=lieu.id, at=at)] == [
        "a bike pump"
    ]
    assert [trace.what for trace in audit.concerning(session, member.id)] == ["checked-in"]


def test_checking_in_a_member_by_their_address_changes_nothing_of_what_they_said(
    session: Session, lieu: Lieu, shift: Shift, at: datetime
) -> None:
    awa = a_member(session, "Awa Diallo", email="awa@example.org")
    stay, known = watch.check_in(
        session,
        shift=shift,
        name="Somebody Else",
        email="awa@example.org",
        skills=["lies"],
        need="",
        language="fr",
        at=at,
    )
    assert known
    assert (stay.member_id, awa.name) == (awa.id, "Awa Diallo")
    assert skills.skills_of(session, [awa.id]) == {awa.id: []}


def test_the_garden_lists_who_came_twice_this_month_and_met_nobody(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    unmet, met, once, long_ago = (a_member(session) for _ in range(4))
    for member, last, times in ((unmet, at, 2), (met, at, 2), (once, at, 1)):
        visited(session, lieu, member, last - DAY, times=times)
    visited(session, lieu, long_ago, at - 40 * DAY)
    an_encounter(session, lieu, met, once, at, a_confirmed_at=at, b_confirmed_at=at)
    an_encounter(session, lieu, unmet, once, at, a_confirmed_at=at)
    assert garden.unmet(session, lieu=lieu, at=at) == [unmet]


def test_whoever_is_here_is_let_off_what_they_promised_and_can_read_it(
    session: Session, lieu: Lieu, shift: Shift, at: datetime
) -> None:
    awa, gone = somebody_here(session, lieu, "Awa"), a_member(session, "Gone")
    for number in range(3):
        ledger.pledge(session, member_id=awa.id, lieu_id=lieu.id, amount=1, key=f"p{number}", at=at)
    assert [one.open for one in garden.promises(session, lieu=lieu, at=at)] == [3]
    garden.forgive(session, shift=shift, public_id=awa.public_id, at=at)
    assert ledger.promised(session, member_id=awa.id, lieu_id=lieu.id) == 0
    assert [one.what for one in audit.concerning(session, awa.id)] == ["forgiven"]
    for one in (awa, gone):  # nothing is promised any more; not here
        with pytest.raises(garden.NobodyToForgive):
            garden.forgive(session, shift=shift, public_id=one.public_id, at=at)


def test_who_is_asked_nearly_as_often_as_allowed_is_to_be_spared(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    awa, ines = somebody_here(session, lieu, "Awa"), somebody_here(session, lieu, "Inès")
    for number in range(calls.WEEKLY_CAP):
        call = Call(
            lieu_id=lieu.id,
            member_id=ines.id,
            words="A drill?",
            language="en",
            called_at=at,
            expires_at=at + HOUR,
        )
        session.add(call)
        session.flush()
        asked_at = at - number * DAY * 1.75  # the last is just a week ago
        session.add(CallAsked(call_id=call.id, member_id=awa.id, asked_at=asked_at))
    session.flush()
    here = [awa.id, ines.id]
    assert garden.asked_much(session, here=here, at=at) == [awa]
    assert garden.asked_much(session, here=here, at=at + 2 * DAY) == []
    assert garden.asked_much(session, here=[ines.id], at=at) == []


@pytest.mark.parametrize(("weeks", "fades"), [(4.9, False), (5, True), (26, True), (27, False)])
def test_a_tie_fades_between_five_weeks_and_half_a_year(
    session: Session, lieu: Lieu, at: datetime, *, weeks: float, fades: bool
) -> None:
    a, b = a_member(session), a_member(session)
    for member in (a, b):
        visited(session, lieu, member, at - DAY, times=1)
    tied(session, a, b, at - timedelta(weeks=weeks))
    assert bool(garden.fading(session, lieu=lieu, at=at)) is fades


def test_a_tie_of_somebody_who_no_longer_comes_is_left_alone(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    a, b = a_member(session), a_member(session)
    visited(session, lieu, a, at - DAY, times=1)
    visited(session, lieu, b, at - 61 * DAY, times=1)
    tied(session, a, b, at - timedelta(weeks=9))
    assert garden.fading(session, lieu=lieu, at=at) == []


def test_what_came_of_encounters_is_told_when_both_confirmed_and_something_came(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    a, b, c = (a_member(session) for _ in range(3))
    both = {"a_confirmed_at": at - DAY, "b_confirmed_at": at - 2 * DAY}
    an_encounter(session, lieu, a, b, at - 3 * DAY, outcome="project", **both)
    an_encounter(session, lieu, a, c, at - 3 * DAY, outcome="nothing", **both)
    an_encounter(session, lieu, b, c, at - 3 * DAY, outcome="hire", a_confirmed_at=at)
    told = write.outcomes(session, lieu=lieu, at=at)
    assert [(one.a, one.b, one.outcome, one.at) for one in told] == [(a, b, "project", at - DAY)]


def test_to_settle_holds_declared_stays_half_said_encounters_letters_and_quiet_kiosks(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    a, b = somebody_here(session, lieu), somebody_here(session, lieu)
    stay_of(session, a).confirmed_at = None
    an_encounter(session, lieu, a, b, at, b_confirmed_at=at)
    for name, seen in (("door", at - MINUTE), ("workshop", at - 3 * MINUTE)):
        session.add(Kiosk(lieu_id=lieu.id, name=name, paired_at=at - DAY, seen_at=seen))
    letter = mail.owe(
        session,
        kind="booking",
        recipient=str(b.email),
        key="x",
        facts={},
        language="fr",
        at=at,
        member_id=b.id,
        lieu_id=lieu.id,
    )
    letter.failed_at = at
    session.flush()
    people = watch.gathering(session, lieu=lieu, at=at).people
    found = settling.settling(session, lieu=lieu, people=people, at=at)
    assert [one.member for one in found.stays] == [a]
    assert [(one.a, one.b) for one in found.half_said] == [(a, b)]
    assert found.letters == [(letter, b.name)]
    assert [kiosk.name for kiosk in found.quiet_kiosks] == ["workshop"]
    assert len(found) == 4


def test_a_declaration_waits_for_the_concierge_who_vouches_for_it(
    session: Session, lieu: Lieu, shift: Shift, at: datetime
) -> None:
    said = arrivals.declare(
        session,
        lieu=lieu,
        email="malik@example.org",
        browser="browser",
        name="Malik",
        skills=["welding"],
        need="",
        until=at + HOUR,
        choices=arrivals.Choices(),
        language="fr",
        how_in="poster",
        at=at,
    )
    assert settling.settling(session, lieu=lieu, people=[], at=at).declarations == [said]
    stay = watch.vouch(session, shift=shift, public_id=said.public_id, at=at)
    assert stay.confirmed_at == at
    assert settling.settling(session, lieu=lieu, people=[], at=at).declarations == []


@pytest.mark.parametrize("origin", ORIGINS)
def test_the_silent_one_of_two_is_asked_by_letter_once_however_they_met(
    session: Session, lieu: Lieu, shift: Shift, at: datetime, origin: str
) -> None:
    said, silent = somebody_here(session, lieu), somebody_here(session, lieu)
    half = half_said(session, lieu, said, silent, origin=origin, at=at)
    letter = settling.ask(session, shift=shift, public_id=half.public_id, at=at)
    assert (letter.kind, letter.recipient) == ("met", silent.email)
    (trace,) = audit.concerning(session, silent.id)
    assert trace.what == "asked-to-settle"
    with pytest.raises(settling.NothingToAsk):
        settling.ask(session, shift=shift, public_id=half.public_id, at=at)
    assert [one.asked for one in settling.half_said(session, lieu_id=lieu.id, at=at)] == [True]


@pytest.mark.parametrize("origin", ORIGINS)
def test_who_typed_an_address_cannot_read_that_the_concierge_knows_whose_it_is(
    session: Session, lieu: Lieu, shift: Shift, at: datetime, origin: str
) -> None:
    teller, silent = somebody_here(session, lieu), somebody_here(session, lieu)
    half = half_said(session, lieu, teller, silent, origin=origin, at=at)
    people = watch.gathering(session, lieu=lieu, at=at).people
    seen = settling.settling(session, lieu=lieu, people=people, at=at).member_ids()
    settling.ask(session, shift=shift, public_id=half.public_id, at=at)
    aware = {silent.id} if origin == "by hand" else {teller.id, silent.id}
    assert seen == aware
    assert {one.id for one in (teller, silent) if audit.concerning(session, one.id)} == aware


def test_who_takes_no_letters_is_not_asked_by_one(
    session: Session, lieu: Lieu, shift: Shift, at: datetime
) -> None:
    said, silent = somebody_here(session, lieu), somebody_here(session, lieu, by_mail=False)
    half = half_said(session, lieu, said, silent, origin="introduction", at=at)
    (waiting,) = settling.half_said(session, lieu_id=lieu.id, at=at)
    assert (waiting.silent, waiting.by_letter) == (silent, False)
    with pytest.raises(settling.NothingToAsk):
        settling.ask(session, shift=shift, public_id=half.public_id, at=at)


@pytest.mark.parametrize("blocker", [0, 1])
def test_what_a_block_keeps_apart_is_not_on_the_list_to_settle(
    session: Session, lieu: Lieu, shift: Shift, at: datetime, blocker: int
) -> None:
    pair = [somebody_here(session, lieu), somebody_here(session, lieu)]
    half = half_said(session, lieu, *pair, origin="by hand", at=at)
    members.block(session, blocker_id=pair[blocker].id, blocked_id=pair[1 - blocker].id, at=at)
    assert settling.half_said(session, lieu_id=lieu.id, at=at) == []
    with pytest.raises(settling.NothingToAsk):
        settling.ask(session, shift=shift, public_id=half.public_id, at=at)


def test_nobody_is_asked_about_an_encounter_of_another_lieu(
    session: Session, shift: Shift, at: datetime
) -> None:
    elsewhere = a_lieu(session)
    pair = somebody_here(session, elsewhere), somebody_here(session, elsewhere)
    half = half_said(session, elsewhere, *pair, origin="introduction", at=at)
    with pytest.raises(settling.NothingToAsk):
        settling.ask(session, shift=shift, public_id=half.public_id, at=at)

"""What follows a letter of introduction by itself: a time, a question, silence, a word."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import consent, encounters, introductions, mail, rhythms
from serendipity.introductions import Introduction
from serendipity.lieux import Lieu
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.seats.tables import Reservation, SeatsOn
from tests.conftest import NOON
from tests.rows import a_lieu
from tests.weaving import a_suggestion
from tests.woven import skilled

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


@pytest.fixture
def pair(session: Session, lieu: Lieu) -> tuple[Member, Member]:
    return skilled(session, lieu, "Awa", wants="pricing"), skilled(session, lieu, "Inès")


def offered(session: Session, lieu: Lieu, *people: Member, at=NOON) -> Introduction:  # type: ignore[no-untyped-def]
    suggestion = a_suggestion(session, lieu, *people, at=at)
    return introductions.offer(
        session, suggestion=suggestion, how="mail", at=at, expires_at=at + 2 * DAY
    )


def agreed(session: Session, lieu: Lieu, *people: Member) -> Introduction:
    introduction = offered(session, lieu, *people)
    for one in people:
        introductions.say_yes(
            session, public_id=introduction.public_id, member_id=one.id, at=NOON + HOUR
        )
    return introduction


def letters(session: Session, kind: str) -> list[Letter]:
    return list(session.scalars(select(Letter).where(Letter.kind == kind).order_by(Letter.id)))


# --- a time ---------------------------------------------------------------------------------


def test_times_are_proposed_when_the_lieu_is_open(
    session: Session, lieu: Lieu, pair: tuple[Member, Member]
) -> None:
    found = introductions.proposals(session, introduction=agreed(session, lieu, *pair), at=NOON)
    assert [one.isoformat() for one in found] == [
        "2026-03-27T11:30:00+00:00", "2026-03-28T11:30:00+00:00",
        "2026-03-29T10:30:00+00:00",  # half past twelve in summer time
    ]  # fmt: skip


def test_a_day_for_which_both_keep_a_seat_comes_first_within_their_hours(
    session: Session, lieu: Lieu, pair: tuple[Member, Member]
) -> None:
    introduction = agreed(session, lieu, *pair)
    monday = date(2026, 3, 30)
    for member, begins in ((pair[0], 8), (pair[1], 12)):  # UTC
        starts_at = datetime(2026, 3, 30, begins, tzinfo=UTC)
        session.add(SeatsOn(lieu_id=lieu.id, starts_at=starts_at, seats=5))
        session.flush()
        session.add(
            Reservation(
                member_id=member.id, lieu_id=lieu.id, day=monday, starts_at=starts_at,
                ends_at=starts_at + 6 * HOUR, moment="coworking", seats=5, number=1, kept_at=NOON,
            )
        )  # fmt: skip
    session.flush()
    found = introductions.proposals(session, introduction=introduction, at=NOON)
    assert [one.isoformat() for one in found[:2]] == [
        "2026-03-30T12:30:00+00:00", "2026-03-27T11:30:00+00:00",
    ]  # fmt: skip


def test_a_chosen_time_is_told_to_both_once_and_a_change_counts_up(
    session: Session, lieu: Lieu, pair: tuple[Member, Member]
) -> None:
    introduction = agreed(session, lieu, *pair)
    first, second, _ = introductions.proposals(session, introduction=introduction, at=NOON)

    def choose(member: Member, meet_at) -> None:  # type: ignore[no-untyped-def]
        introductions.choose_time(
            session, public_id=introduction.public_id, member_id=member.id, meet_at=meet_at, at=NOON
        )

    choose(pair[0], first)
    choose(pair[1], first)
    assert len(letters(session, "meeting")) == 2
    choose(pair[1], second)
    assert len(letters(session, "meeting")) == 4
    entry = introductions.calendar_entry(introduction, summary="Inès", place="Lieu", at=NOON)
    for line in ("METHOD:PUBLISH", "SEQUENCE:1", "DTSTART:20260328T113000Z",
                 f"UID:{introduction.public_id}@serendipity"):  # fmt: skip
        assert line in entry


def test_a_time_that_nobody_proposed_or_before_every_yes_is_refused(
    session: Session, lieu: Lieu, pair: tuple[Member, Member]
) -> None:
    introduction = offered(session, lieu, *pair)
    named: Any = {"public_id": introduction.public_id, "member_id": pair[0].id, "at": NOON}
    with pytest.raises(introductions.NotAgreed):
        introductions.choose_time(session, meet_at=NOON + DAY, **named)
    for one in pair:
        introductions.say_yes(session, public_id=introduction.public_id, member_id=one.id, at=NOON)
    with pytest.raises(introductions.NoSuchTime):
        introductions.choose_time(session, meet_at=NOON + DAY, **named)
    stranger = skilled(session, lieu, "Bo")
    with pytest.raises(introductions.NoSuchIntroduction):
        introductions.choose_time(
            session, meet_at=NOON + DAY, **{**named, "member_id": stranger.id}
        )


# --- did you meet? --------------------------------------------------------------------------


def test_three_days_after_each_is_asked_once_whether_they_met(
    session: Session, lieu: Lieu, pair: tuple[Member, Member]
) -> None:
    agreed(session, lieu, *pair)
    assert introductions.owe_reminders(session, at=NOON + 3 * DAY) == 0
    assert introductions.owe_reminders(session, at=NOON + 3 * DAY + HOUR) == 2
    assert introductions.owe_reminders(session, at=NOON + 4 * DAY) == 0
    assert {one.member_id for one in letters(session, "reminder")} == {one.id for one in pair}


def test_who_said_so_already_is_not_asked_nor_anybody_after_a_no(
    session: Session, lieu: Lieu, pair: tuple[Member, Member]
) -> None:
    agreed(session, lieu, *pair)
    (waiting,) = encounters.waiting_for(session, member_id=pair[0].id, at=NOON + DAY)
    public_id = waiting.encounter.public_id
    encounters.confirm(
        session, public_id=public_id, member_id=pair[0].id, helped=True, at=NOON + DAY
    )
    assert introductions.owe_reminders(session, at=NOON + 4 * DAY) == 1
    assert [one.member_id for one in letters(session, "reminder")] == [pair[1].id]
    third = skilled(session, lieu, "Bo")
    agreed(session, lieu, pair[0], third)
    (waiting,) = encounters.waiting_for(session, member_id=third.id, at=NOON + DAY)
    encounters.deny(
        session, public_id=waiting.encounter.public_id, member_id=third.id, at=NOON + DAY
    )
    assert introductions.owe_reminders(session, at=NOON + 4 * DAY) == 0


def test_who_chose_a_time_is_asked_three_days_after_it(
    session: Session, lieu: Lieu, pair: tuple[Member, Member]
) -> None:
    introduction = agreed(session, lieu, *pair)
    introduction.meet_at = NOON + 10 * DAY
    session.flush()
    assert introductions.owe_reminders(session, at=NOON + 4 * DAY) == 0
    assert introductions.owe_reminders(session, at=NOON + 13 * DAY) == 2


# --- silence --------------------------------------------------------------------------------


def silences(session: Session, lieu: Lieu, member: Member, *, sent: bool = True) -> None:
    """Three letters, a week apart, that nobody answers."""
    for n in range(3):
        other = skilled(session, lieu, f"Other {n}")
        at = NOON + n * 7 * DAY
        introduction = offered(session, lieu, member, other, at=at)
        letter = mail.owe(
            session, kind="introduction", recipient=str(member.email), language="en",
            key=introduction.public_id, facts={"introduction": introduction.public_id}, at=at,
            member_id=member.id, lieu_id=lieu.id,
        )  # fmt: skip
        if sent:
            letter.sending_at = letter.sent_at = at
    session.flush()


def test_three_silences_pause_the_member_who_is_told_once(session: Session, lieu: Lieu) -> None:
    member = skilled(session, lieu, "Awa")
    silences(session, lieu, member)
    assert introductions.silent(session, [member.id], at=NOON + 15 * DAY) == set()  # still open
    at = NOON + 16 * DAY
    for _ in range(2):
        introductions.pause_silent(session, [member.id], lieu_id=lieu.id, at=at)
        at += DAY
    assert rhythms.of(session, member_id=member.id).by_silence
    assert [one.member_id for one in letters(session, "silence")] == [member.id]


def test_an_answer_a_letter_that_never_left_or_a_new_choice_is_no_silence(
    session: Session, lieu: Lieu
) -> None:
    answers, unsent, chose = (skilled(session, lieu, name) for name in ("Awa", "Bo", "Inès"))
    for member in (answers, chose):
        silences(session, lieu, member)
    silences(session, lieu, unsent, sent=False)
    side = session.scalars(
        select(introductions.Side).where(introductions.Side.member_id == answers.id)
    ).all()[1]
    side.no_at = NOON + 8 * DAY
    rhythms.choose(session, member_id=chose.id, every="weekly", at=NOON + DAY)
    ids = [answers.id, unsent.id, chose.id]
    assert introductions.silent(session, ids, at=NOON + 30 * DAY) == set()


# --- nobody fitted --------------------------------------------------------------------------


def test_whom_nobody_fitted_for_a_quarter_gets_one_word_with_what_would_help(
    session: Session, lieu: Lieu
) -> None:
    member = skilled(session, lieu, "Awa", can=["pricing"])
    words = {"lieu_id": lieu.id}
    assert introductions.owe_words(session, [member.id], at=NOON + 90 * DAY, **words) == 0
    assert introductions.owe_words(session, [member.id], at=NOON + 91 * DAY, **words) == 1
    (letter,) = letters(session, "word")
    assert letter.facts["hints"] == ["need", "share"]
    at = [NOON + n * DAY for n in range(92, 92 + 184)]
    assert sum(introductions.owe_words(session, [member.id], at=one, **words) for one in at) == 2


def test_who_was_introduced_lately_gets_no_such_word(session: Session, lieu: Lieu) -> None:
    member = skilled(session, lieu, "Awa")
    rhythms.take_turns(session, [member.id], day=date(2026, 5, 1))
    assert introductions.owe_words(session, [member.id], lieu_id=lieu.id, at=NOON + 91 * DAY) == 0


# --- still agreed? --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("home", "away", "still"),
    [
        ({"by_mail": True, "other_lieux": True}, {"by_mail": True, "other_lieux": True}, True),
        ({"by_mail": True, "other_lieux": False}, {"by_mail": True, "other_lieux": True}, False),
        ({"by_mail": True, "other_lieux": True}, {"by_mail": True, "other_lieux": False}, False),
        ({"by_mail": True, "other_lieux": True}, {"by_mail": False, "other_lieux": True}, False),
    ],
)
def test_between_lieux_both_must_share(
    session: Session, lieu: Lieu, home: dict[str, bool], away: dict[str, bool], still: bool
) -> None:
    elsewhere = a_lieu(session)
    host, guest = skilled(session, lieu, "Awa"), skilled(session, elsewhere, "Inès")
    introduction = offered(session, lieu, host, guest)
    introduction.side_of(guest.id).guest_of_id = elsewhere.id
    for member, place, choice in ((host, lieu, home), (guest, elsewhere, away)):
        consent.choose(
            session, member_id=member.id, lieu_id=place.id, here_today=True, at=NOON, **choice
        )
    assert introductions.still_agreed(session, introduction) is still

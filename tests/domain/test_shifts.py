"""Shifts: the role rotates, and its rights follow the shift."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from serendipity import members, shifts, words
from serendipity.errors import Refused
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.shifts import Shift
from tests.rows import a_lieu, a_member

HOUR = timedelta(hours=1)
NOTE = "The thermal camera is in the blue crate."


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session, slug="navette")


@pytest.fixture
def bertille(session: Session, lieu: Lieu, at: datetime) -> Member:
    member = a_member(session, "Bertille Gast")
    shifts.name_concierge(session, lieu_id=lieu.id, member_id=member.id, at=at)
    return member


def take(session: Session, member: Member, at: datetime, hours: float = 4) -> Shift:
    return shifts.take_shift(
        session, slug="navette", member_id=member.id, until=at + hours * HOUR, at=at
    )


def has_rights(session: Session, lieu: Lieu, member: Member, at: datetime) -> bool:
    try:
        shifts.shift_of(session, member_id=member.id, lieu_id=lieu.id, at=at)
    except shifts.NotOnShift:
        return False
    return True


def test_rights_begin_with_the_shift_and_end_with_its_time(
    session: Session, lieu: Lieu, bertille: Member, at: datetime
) -> None:
    assert not has_rights(session, lieu, bertille, at)
    take(session, bertille, at)
    assert has_rights(session, lieu, bertille, at)
    assert has_rights(session, lieu, bertille, at + 4 * HOUR - timedelta(microseconds=1))
    assert not has_rights(session, lieu, bertille, at + 4 * HOUR)


def test_rights_end_at_once_when_the_shift_is_handed_over(
    session: Session, lieu: Lieu, bertille: Member, at: datetime
) -> None:
    take(session, bertille, at)
    shifts.hand_over(session, slug="navette", member_id=bertille.id, note=NOTE, at=at + HOUR)
    assert not has_rights(session, lieu, bertille, at + HOUR)
    shift, writer = shifts.last_note(session, lieu_id=lieu.id) or (None, None)
    assert shift is not None
    assert (shift.note, shift.ended_at, writer) == (NOTE, at + HOUR, bertille)


def test_a_shift_at_one_lieu_gives_nothing_at_another(
    session: Session, lieu: Lieu, bertille: Member, at: datetime
) -> None:
    other = a_lieu(session)
    take(session, bertille, at)
    assert not has_rights(session, other, bertille, at)


def test_who_is_no_concierge_there_reads_the_same_as_of_a_lieu_that_is_not(
    session: Session, lieu: Lieu, at: datetime
) -> None:
    stranger = a_member(session)
    for slug in ("navette", "nowhere"):
        with pytest.raises(shifts.NotConcierge) as refused:
            shifts.take_shift(session, slug=slug, member_id=stranger.id, until=at + HOUR, at=at)
        assert refused.value.facts == {}


@pytest.mark.parametrize("hours", [0, -1, 14.01])
def test_a_shift_ends_after_it_began_and_within_a_day(
    session: Session, bertille: Member, at: datetime, hours: float
) -> None:
    with pytest.raises(shifts.BadShiftEnd):
        take(session, bertille, at, hours)
    assert session.query(Shift).count() == 0


def test_taking_a_shift_twice_is_one_shift_with_the_new_end(
    session: Session, bertille: Member, at: datetime
) -> None:
    first = take(session, bertille, at)
    again = take(session, bertille, at + HOUR, 5)
    assert (again.id, again.until, again.started_at) == (first.id, at + 6 * HOUR, at)


def test_a_shift_that_ran_out_does_not_stand_in_the_way_of_the_next(
    session: Session, lieu: Lieu, bertille: Member, at: datetime
) -> None:
    first = take(session, bertille, at, 1)
    second = take(session, bertille, at + 20 * HOUR)
    assert second.id != first.id
    assert (first.ended_at, first.note) == (at + HOUR, "")
    assert [
        shift for shift, _ in shifts.current_shifts(session, lieu_id=lieu.id, at=at + 20 * HOUR)
    ] == [second]


def test_a_late_note_is_kept_with_the_end_that_the_shift_had(
    session: Session, lieu: Lieu, bertille: Member, at: datetime
) -> None:
    take(session, bertille, at, 1)
    shift = shifts.hand_over(
        session, slug="navette", member_id=bertille.id, note=NOTE, at=at + 3 * HOUR
    )
    assert (shift.ended_at, shift.note) == (at + HOUR, NOTE)
    assert not has_rights(session, lieu, bertille, at + 3 * HOUR)


@pytest.mark.parametrize(
    ("note", "error"),
    [
        ("", shifts.NoteTooShort),
        ("all good", shifts.NoteTooShort),
        (" \n \t ", shifts.NoteTooShort),
        ("so " * 700, words.WordsTooLong),
        ("x y z\0", words.WordsUnreadable),
    ],
)
def test_a_shift_is_not_handed_over_without_words_for_the_next(
    session: Session, bertille: Member, at: datetime, note: str, error: type[Refused]
) -> None:
    shift = take(session, bertille, at)
    with pytest.raises(error):
        shifts.hand_over(session, slug="navette", member_id=bertille.id, note=note, at=at)
    assert (shift.ended_at, shift.note) == (None, "")


def test_handing_over_twice_is_refused_and_keeps_the_first_note(
    session: Session, lieu: Lieu, bertille: Member, at: datetime
) -> None:
    take(session, bertille, at)
    shifts.hand_over(session, slug="navette", member_id=bertille.id, note=NOTE, at=at)
    with pytest.raises(shifts.NotOnShift):
        shifts.hand_over(session, slug="navette", member_id=bertille.id, note=NOTE * 2, at=at)
    shift, _ = shifts.last_note(session, lieu_id=lieu.id) or (None, None)
    assert shift is not None
    assert shift.note == NOTE


def test_taking_the_role_back_ends_the_open_shift(
    session: Session, lieu: Lieu, bertille: Member, at: datetime
) -> None:
    shift = take(session, bertille, at)
    shifts.unname_concierge(session, lieu_id=lieu.id, member_id=bertille.id, at=at + HOUR)
    session.refresh(shift)
    assert shift.ended_at == at + HOUR
    assert not has_rights(session, lieu, bertille, at + HOUR)
    assert shifts.concierges_of(session, lieu_id=lieu.id) == []
    with pytest.raises(shifts.NotConcierge):
        take(session, bertille, at + HOUR)


def test_an_erased_member_is_nobodys_concierge(
    session: Session, lieu: Lieu, bertille: Member, at: datetime
) -> None:
    take(session, bertille, at)
    members.erase(session, member_id=bertille.id, at=at + HOUR)
    assert shifts.lieux_of(session, member_id=bertille.id) == []
    assert not has_rights(session, lieu, bertille, at + HOUR)


def test_the_lieux_of_a_concierge_come_with_the_shift_not_yet_handed_over(
    session: Session, lieu: Lieu, bertille: Member, at: datetime
) -> None:
    other = a_lieu(session, name="Zavel")
    shifts.name_concierge(session, lieu_id=other.id, member_id=bertille.id, at=at)
    shift = take(session, bertille, at)
    assert shifts.lieux_of(session, member_id=bertille.id) == [(lieu, shift), (other, None)]

"""Members from a file: people with their skills, needs and choices, once."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serendipity import consent, needs, skills
from serendipity.imports import members as importer
from serendipity.imports.table import UnreadableTable
from serendipity.members import Member, member_with_email
from tests.rows import a_lieu, a_member

HEAD = "name,email,language,languages,skills,needs,lieu,here_today,by_mail,other_lieux,source_id\n"
AWA = "Awa Diallo,Awa@example.org,fr,fr;en,réparer un vélo; Python,ERDF,navette,yes,oui,,7\n"


def written(tmp_path: Path, words: str) -> Path:
    path = tmp_path / "members.csv"
    path.write_text(words, "utf-8")
    return path


def test_a_person_comes_with_skills_needs_and_choices(
    session: Session, tmp_path: Path, at: datetime
) -> None:
    lieu = a_lieu(session, slug="navette")
    assert importer.import_members(session, written(tmp_path, HEAD + AWA), at=at).new == 1
    member = member_with_email(session, "awa@example.org")
    assert member is not None
    assert (member.language, member.languages, member.home_lieu_id) == ("fr", ["fr", "en"], lieu.id)
    offered = skills.skills_of(session, [member.id])[member.id]
    assert [skill.words for skill in offered] == ["réparer un vélo", "Python"]
    assert [need.words for need in needs.needs_of(session, member_id=member.id, at=at)] == ["ERDF"]
    chosen = consent.of(session, member_id=member.id, lieu_id=lieu.id)
    assert (chosen.here_today, chosen.by_mail, chosen.other_lieux) == (True, True, False)


def test_a_second_run_changes_nothing(session: Session, tmp_path: Path, at: datetime) -> None:
    a_lieu(session, slug="navette")
    path = written(tmp_path, HEAD + AWA)
    importer.import_members(session, path, at=at)
    counts = _counts(session)
    again = importer.import_members(session, path, at=at)
    assert (again.new, again.unchanged, again.refused) == (0, 1, [])
    assert _counts(session) == counts


def _counts(session: Session) -> list[int]:
    nouns = (Member, skills.MemberSkill, needs.Need, consent.Consent)
    return [session.scalar(select(func.count()).select_from(noun)) or 0 for noun in nouns]


def test_somebody_who_is_here_already_is_left_alone(
    session: Session, tmp_path: Path, at: datetime
) -> None:
    a_lieu(session, slug="navette")
    a_member(session, "Awa herself", email="awa@example.org")
    report = importer.import_members(session, written(tmp_path, HEAD + AWA), at=at)
    assert (report.new, report.unchanged) == (0, 1)
    assert session.scalars(select(Member.name)).all() == ["Awa herself"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("Bo,not an address,,,,,,,,,", "not an email address"),
        (",bo@example.org,,,,,,,,,", "name is empty"),
        ("Bo,bo@example.org,de,,,,,,,,", "language must be"),
        ("Bo,bo@example.org,,fra,,,,,,,", "two-letter codes"),
        (f"Bo,bo@example.org,,,{'x' * 241},,,,,,", "longer than 240"),
        (f"Bo,bo@example.org,,,{';'.join(map(str, range(31)))},,,,,,", "more than 30 skills"),
        ("Bo,bo@example.org,,,,a;b;c;d;e;f,navette,,,,", "more than 5 needs"),
        ("Bo,bo@example.org,,,,,navette,maybe,,,", "here_today must be yes or no"),
        ("Bo,bo@example.org,,,,ERDF,,,,,", "belong to a lieu"),
        ("Bo,AWA@example.org,,,,,,,,,8", None),
    ],
)
def test_a_row_that_cannot_be_right_leaves_nothing_behind(
    session: Session, tmp_path: Path, at: datetime, row: str, why: str | None
) -> None:
    a_lieu(session, slug="navette")
    cy = "Cy,cy@example.org,,,,,,,,,9\n"
    report = importer.import_members(
        session, written(tmp_path, HEAD + AWA + row + "\n" + cy), at=at
    )
    assert report.new == 2
    assert [refusal.line for refusal in report.refused] == ([3] if why else [])
    if why:
        assert why in report.refused[0].why
        assert member_with_email(session, "bo@example.org") is None


def test_a_lieu_that_nobody_knows_refuses_the_file(
    session: Session, tmp_path: Path, at: datetime
) -> None:
    with pytest.raises(UnreadableTable, match=r"line 2: there is no lieu 'navette'"):
        importer.import_members(session, written(tmp_path, HEAD + AWA), at=at)

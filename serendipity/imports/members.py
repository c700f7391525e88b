"""Members from a file: people who agreed, elsewhere, to be here.

Columns: name, email (needed); language (en, fr, nl: of screens and emails), languages (spoken),
skills, needs, lieu (its slug), here_today, by_mail, other_lieux (yes or no; empty is no), and
source_id (the number the person has where the file comes from). Several languages, skills or
needs in one cell are separated by semicolons.

A person who is already here, by source_id or address, is left as they are. A lieu that nobody
knows refuses the whole file: it is a slip in the file, not in a row. Imported needs stay open for
a week, because nobody's day is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import consent, members, needs, skills
from serendipity.errors import Refused
from serendipity.imports import Report, UnusableRow, table
from serendipity.lieux import Lieu
from serendipity.members import Member

NEEDED: Final = ("name", "email")
SOURCE: Final = "csv"
LANGUAGES: Final = ("en", "fr", "nl")
YES: Final = {"yes", "y", "1", "true", "on", "oui", "vrai", "ja", "waar"}
NO: Final = {"", "no", "n", "0", "false", "off", "non", "faux", "nee", "onwaar"}
NEEDS_LAST: Final = timedelta(days=7)
MOST_NEEDS: Final = 5
SENTENCES: Final = {
    "BadEmail": "{given!r} is not an email address",
    "EmailTaken": "{email} is already somebody's address",
    "WordsMissing": "{field} is empty",
    "WordsTooLong": "{field} is longer than {most} characters",
    "TooManySkills": "more than {most} skills",
}

Progress = Callable[[int], None]


@dataclass(slots=True)
class _Known:
    lieux: dict[str, Lieu]
    emails: set[str]
    source_ids: set[str]


def import_members(
    session: Session, path: Path, *, at: datetime, progress: Progress | None = None
) -> Report:
    """Add the people of a file who are not here yet.

    Raises
    ------
    table.UnreadableTable
        Also for a lieu that is not here.
    """
    report, known = Report(), _already_here(session)
    for row in table.rows(path, needed=NEEDED):
        if row["lieu"] and row["lieu"] not in known.lieux:
            raise table.UnreadableTable(
                path=path, line=row.line, why=f"there is no lieu {row['lieu']!r}"
            )
        try:
            with session.begin_nested():
                _take(session, row, known, report, at)
        except (UnusableRow, Refused) as refusal:
            report.refuse(row.line, _in_words(refusal))
        if progress:
            progress(row.line)
    return report


def _already_here(session: Session) -> _Known:
    return _Known(
        lieux={lieu.slug: lieu for lieu in session.scalars(select(Lieu))},
        emails=set(session.scalars(select(Member.email).where(Member.email.is_not(None)))),
        source_ids=set(
            session.scalars(
                select(Member.source_id).where(
                    Member.source == SOURCE, Member.source_id.is_not(None)
                )
            )
        ),
    )


def _take(session: Session, row: table.Row, known: _Known, report: Report, at: datetime) -> None:
    if row.odd:
        raise UnusableRow(why=row.odd)
    source_id = row["source_id"] or row["email"].lower()
    if len(source_id) > 80:
        source_id = source_id[:80]
    if source_id in known.source_ids or row["email"].lower() in known.emails:
        report.unchanged += 1
        return
    member = _registered(session, row, known.lieux.get(row["lieu"]), at)
    member.source, member.source_id = SOURCE, source_id
    _say(session, row, member, known.lieux.get(row["lieu"]), at)
    known.emails.add(str(member.email))
    known.source_ids.add(source_id)
    report.new += 1


def _registered(session: Session, row: table.Row, lieu: Lieu | None, at: datetime) -> Member:
    language = row["language"].lower() or (lieu.language if lieu else "en")
    if language not in LANGUAGES:
        raise UnusableRow(why=f"language must be en, fr or nl, not {row['language']!r}")
    spoken = [code.lower() for code in several(row["languages"])]
    odd = next((code for code in spoken if len(code) != 2 or not code.isascii()), None)
    if odd is not None:
        raise UnusableRow(why=f"languages are two-letter codes, not {odd!r}")
    return members.register(
        session,
        email=row["email"],
        name=row["name"],
        language=language,
        languages=spoken,
        home_lieu_id=lieu.id if lieu else None,
        at=at,
    )


def _say(session: Session, row: table.Row, member: Member, lieu: Lieu | None, at: datetime) -> None:
    skills.offer(
        session,
        member_id=member.id,
        words=several(row["skills"]),
        language=member.language,
        at=at,
    )
    wanted = several(row["needs"])
    choices = {name: _yes(name, row[name]) for name in ("here_today", "by_mail", "other_lieux")}
    if lieu is None:
        if wanted or any(choices.values()):
            raise UnusableRow(why="needs and choices belong to a lieu, and none is given")
        return
    if len(wanted) > MOST_NEEDS:
        raise UnusableRow(why=f"more than {MOST_NEEDS} needs")
    consent.choose(session, member_id=member.id, lieu_id=lieu.id, **choices, at=at)
    for words in wanted:
        needs.say(
            session,
            member_id=member.id,
            lieu_id=lieu.id,
            presence_id=None,
            words=words,
            language=member.language,
            at=at,
            expires_at=at + NEEDS_LAST,
        )


def several(cell: str) -> Sequence[str]:
    """What a cell lists, between semicolons."""
    return [part.strip() for part in cell.split(";") if part.strip()]


def _yes(column: str, given: str) -> bool:
    word = given.lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise UnusableRow(why=f"{column} must be yes or no, not {given!r}")


def _in_words(refusal: Refused) -> str:
    """A rule's error as half a line: what is wrong with which cell."""
    if isinstance(refusal, UnusableRow):
        return str(refusal)
    sentence = SENTENCES.get(type(refusal).__name__, "{field} cannot be used")
    return sentence.format(**{"field": "the row", **refusal.facts})

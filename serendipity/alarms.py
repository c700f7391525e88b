"""Alarms: what is silent though it should have spoken, and what is kept for too long.

A job that died says nothing, so silence is the alarm: each beat of a worker and each run of a job
leaves an instant, and here it is asked, by somebody else than the worker (the web, `doctor`, a
monitor that reads /readyz), how long ago that was. Where no lieu is open, nobody waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serendipity import lieux, retention
from serendipity.lieux import Lieu
from serendipity.runs import Beat, JobRun

MINUTES: Final = timedelta(minutes=10)
BEATS: Final = ("read", "deliver", "keep_house", "nights")
DAILY: Final = {"night": timedelta(hours=30), retention.JOB: timedelta(hours=50)}
TOO_OLD: Final = timedelta(days=91)
BACKUP_AGE: Final = timedelta(hours=26)
LOOKED_AT_WITHIN: Final = timedelta(hours=2)
WHOLE_BACKUP: Final = "whole backup"  # a beat, left by who read the newest backup and found it so


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is wrong, since when; `lieu` is empty where it is the whole installation."""

    what: str  # a beat, a job, "old presence", "backup" or "whole backup"
    since: datetime | None  # none: never
    lieu: str = ""


def alarms(session: Session, *, backup_folder: Path | None, at: datetime) -> list[Alarm]:
    """Everything that is silent now; nothing where no lieu is open."""
    places = lieux.open_lieux(session)
    if not places:
        return []
    found = [*_beats(session, places, at), *_jobs(session, places, at)]
    oldest = retention.oldest_stay(session)
    if oldest is not None and oldest < at - TOO_OLD:
        found.append(Alarm("old presence", oldest))
    if backup_folder is not None:
        found += _backups(session, newest_backup(backup_folder), at)
    return found


def _beats(session: Session, places: list[Lieu], at: datetime) -> Iterator[Alarm]:
    last = dict(session.execute(select(Beat.job, Beat.at)).all())
    opened = min(one.opened_at or at for one in places)
    for job in BEATS:
        if max(last.get(job, opened), opened) < at - MINUTES:
            yield Alarm(job, last.get(job))


def _jobs(session: Session, places: list[Lieu], at: datetime) -> Iterator[Alarm]:
    for job, patience in DAILY.items():
        last = dict(
            session.execute(
                select(JobRun.lieu_id, func.max(JobRun.finished_at))
                .where(JobRun.job == job)
                .group_by(JobRun.lieu_id)
            ).all()
        )
        for lieu in places:
            since = last.get(lieu.id)
            if max(since or lieu.created_at, lieu.opened_at or at) < at - patience:
                yield Alarm(job, since, lieu.slug)


def _backups(session: Session, newest: Path | None, at: datetime) -> Iterator[Alarm]:
    """The newest is too old, or no worker has found it whole: damaged, or nobody looked."""
    written = written_at(newest) if newest else None
    if written is None or written < at - BACKUP_AGE:
        yield Alarm("backup", written)
        return
    seen = session.get(Beat, WHOLE_BACKUP)
    if written < at - LOOKED_AT_WITHIN and (seen is None or seen.at < written):
        yield Alarm(WHOLE_BACKUP, seen.at if seen else None)


def newest_backup(folder: Path) -> Path | None:
    """The newest file of this folder; drafts, which begin with a dot, apart."""
    whole = [
        one
        for one in (folder.iterdir() if folder.is_dir() else ())
        if one.is_file() and not one.name.startswith(".") and one.stat().st_size
    ]
    return max(whole, key=written_at, default=None)


def written_at(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def beats(session: Session, *, at: datetime) -> dict[str, dict[str, object]]:
    """Beat → when it was last kept, how many seconds ago, by whom, and how much it did."""
    return {
        one.job: {
            "finished_at": one.at.isoformat(),
            "age_seconds": int((at - one.at).total_seconds()),
            "host": one.host,
            "done": one.done,
        }
        for one in session.scalars(select(Beat).order_by(Beat.job))
    }

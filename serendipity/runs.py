"""Runs: a job runs once per lieu and local date, whoever starts it (unique row).

Rules kept here: the row is written in the transaction of the job's own work, so that a job that
died left neither; a job that ran is not run again, however often and by however many it is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, String, UniqueConstraint, bindparam, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity.db import Base, Key, look_up
from serendipity.errors import Refused


class JobRun(Base):
    __tablename__ = "job_run"

    id: Mapped[Key]
    job: Mapped[str] = mapped_column(String(24))
    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"))
    local_date: Mapped[date]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (UniqueConstraint("job", "lieu_id", "local_date"),)


class Beat(Base):
    """The last time that a worker asked what is due: what is silent here has stopped."""

    __tablename__ = "beat"

    job: Mapped[str] = mapped_column(String(24), primary_key=True)
    at: Mapped[datetime]
    done: Mapped[int]  # since it was written before
    host: Mapped[str] = mapped_column(String(120))


class AlreadyRun(Refused):
    """Facts: job, lieu, local_date."""


def begin(session: Session, *, job: str, lieu_id: int, local_date: date, at: datetime) -> JobRun:
    """Take this job's turn at this lieu for this date.

    Raises
    ------
    AlreadyRun
        Somebody had it, or has it now.
    """
    run = JobRun(job=job, lieu_id=lieu_id, local_date=local_date, started_at=at)
    try:
        with session.begin_nested():
            session.add(run)
    except IntegrityError as error:
        raise AlreadyRun(job=job, lieu=lieu_id, local_date=local_date) from error
    return run


def finish(session: Session, *, run: JobRun, counts: dict[str, Any], at: datetime) -> JobRun:
    """Write down that it is done, and what it did."""
    run.finished_at, run.counts = at, counts
    session.flush()
    return run


def beat(session: Session, *, job: str, done: int, host: str, at: datetime) -> Beat:
    """A worker was at it."""
    return session.merge(Beat(job=job[:24], at=at, done=done, host=host[:120]))


def done_on(session: Session, *, job: str, dates: Iterable[date]) -> set[tuple[int, date]]:
    """Where and when, of these dates, the job has run: (lieu id, local date)."""
    rows = session.execute(
        select(JobRun.lieu_id, JobRun.local_date).where(
            JobRun.job == job, JobRun.local_date.in_(set(dates))
        )
    )
    return {(lieu_id, day) for lieu_id, day in rows}


_RAN: Final = select(JobRun.id).where(
    JobRun.job == bindparam("job"),
    JobRun.lieu_id == bindparam("lieu_id"),
    JobRun.local_date == bindparam("local_date"),
)


def has_run(session: Session, *, job: str, lieu_id: int, local_date: date) -> bool:
    """Whether the job has run for this lieu and local date."""
    return bool(look_up(session, _RAN, job=job, lieu_id=lieu_id, local_date=local_date))


def last_runs(session: Session, *, at: datetime) -> dict[str, dict[str, Any]]:
    """Job → when it last finished, how many seconds ago, and what it counted then."""
    newest = select(JobRun.job, func.max(JobRun.finished_at)).group_by(JobRun.job)
    told: dict[str, dict[str, Any]] = {}
    for job, last in session.execute(newest).all():
        if last is not None:
            told[job] = {
                "finished_at": last.isoformat(),
                "age_seconds": int((at - last).total_seconds()),
                "counts": session.scalar(
                    select(JobRun.counts)
                    .where(JobRun.job == job, JobRun.finished_at == last)
                    .order_by(JobRun.id)
                    .limit(1)
                ),
            }
    return told

"""Runs: a job runs once per lieu and local date, whoever starts it (unique row)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity.db import Base, Key


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


def last_runs(session: Session, *, at: datetime) -> dict[str, dict[str, Any]]:
    """Job → when it last finished and how many seconds ago (for /readyz and the operator)."""
    rows = session.execute(
        select(JobRun.job, func.max(JobRun.finished_at)).group_by(JobRun.job)
    ).all()
    return {
        job: {"finished_at": last.isoformat(), "age_seconds": int((at - last).total_seconds())}
        for job, last in rows
        if last is not None
    }

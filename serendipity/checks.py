"""Checks: what `serendipity doctor` looks at, each a line for the operator.

A check says what it found and whether that is well; it changes nothing.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from serendipity import alarms, disks, lieux, mail, schema, vocabularies
from serendipity.alarms import Alarm
from serendipity.config import Settings

LEAST_FREE_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    name: str
    well: bool
    words: str


def findings(engine: Engine, settings: Settings, *, at: datetime) -> Iterator[Finding]:
    """All checks, one after the other; those on the data only when there is a database at head."""
    yield _python()
    yield _instance(settings.instance)
    yield _disk(settings.instance)
    if engine.dialect.name == "sqlite":
        yield _filesystem(Path(str(engine.url.database)).parent)
    yield _address(settings)
    yield _way_out(settings)
    state = _state(engine)
    yield Finding("database", state == "head", f"{engine.dialect.name}, {STATES[state]}")
    if state == "head":
        with Session(engine) as session:
            yield from _data(session, settings, at)


STATES: Final = {
    "head": "at the newest migration",
    "empty": "empty: run `serendipity upgrade`",
    "behind": "behind this code: run `serendipity upgrade`",
    "newer": "newer than this code: install the newer version",
    "away": "does not answer",
}


def _state(engine: Engine) -> str:
    try:
        return schema.state(engine)
    except DBAPIError:
        return "away"


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("python", sys.version_info >= (3, 11), version)


def _instance(folder: Path) -> Finding:
    return Finding("instance", os.access(folder, os.W_OK), str(folder))


def _disk(folder: Path) -> Finding:
    usage = shutil.disk_usage(folder)
    share = usage.free / usage.total
    return Finding("disk", share >= LEAST_FREE_SHARE, f"{share:.0%} free")


def _filesystem(folder: Path) -> Finding:
    kind = disks.filesystem_of(folder)
    well = kind not in disks.NETWORK_FILESYSTEMS
    return Finding("filesystem", well, kind if well else f"{kind}: SQLite needs a local disk")


def _address(settings: Settings) -> Finding:
    parts = urlsplit(settings.public_url)
    local = parts.hostname in ("127.0.0.1", "localhost")
    well = bool(parts.hostname) and (local or parts.scheme == "https")
    words = settings.public_url if well else f"{settings.public_url}: use https"
    return Finding("public_url", well, f"{words} (this machine only)" if local else words)


def _way_out(settings: Settings) -> Finding:
    """Never the whole address: it holds a password."""
    if not settings.smtp_url:
        return Finding("mail", True, f"written to files in {settings.instance / 'mail'}")
    parts = urlsplit(settings.smtp_url)
    return Finding("mail", parts.scheme in ("smtp", "smtps"), f"{parts.scheme}://{parts.hostname}")


def _data(session: Session, settings: Settings, at: datetime) -> Iterator[Finding]:
    used = vocabularies.in_use(session)
    yield Finding("vocabulary", used is not None, used or "none: run `serendipity upgrade`")
    letters = mail.tally(session)
    troubled = letters["uncertain"] + letters["failed"]
    counts = ", ".join(f"{number} {name}" for name, number in letters.items() if number)
    yield Finding("letters", troubled == 0, counts or "none yet")
    yield _alarms(session, settings, at)
    yield _integrity(session)


def _alarms(session: Session, settings: Settings, at: datetime) -> Finding:
    if not lieux.open_lieux(session):
        return Finding("jobs", True, "no lieu is open yet")
    folder = Path(settings.backup_folder) if settings.backup_folder else None
    ringing = alarms.alarms(session, backup_folder=folder, at=at)
    words = "; ".join(_ringing(one, at) for one in ringing)
    return Finding("jobs", not ringing, words or "none is silent")


def _ringing(alarm: Alarm, at: datetime) -> str:
    since = f"{(at - alarm.since).total_seconds() / 3600:.0f} h ago" if alarm.since else "never"
    return " ".join(part for part in (alarm.what, alarm.lieu, since) if part)


def _integrity(session: Session) -> Finding:
    if session.get_bind().dialect.name != "sqlite":
        return Finding("integrity", True, "kept by PostgreSQL")
    verdict = str(session.execute(text("PRAGMA quick_check(1)")).scalar())
    return Finding("integrity", verdict == "ok", verdict)

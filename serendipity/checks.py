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

from serendipity import lieux, mail, runs, schema, vocabularies
from serendipity.config import Settings

# Where SQLite's locks do not hold: two machines would write at the same time.
NETWORK_FILESYSTEMS: Final = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph"}
LEAST_FREE_SHARE: Final = 0.05
NIGHT_TOO_OLD: Final = 30 * 3600  # seconds: a day, and a slow morning


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
            yield from _data(session, at)


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
    kind = filesystem_of(folder)
    well = kind not in NETWORK_FILESYSTEMS
    return Finding("filesystem", well, kind if well else f"{kind}: SQLite needs a local disk")


def filesystem_of(folder: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """The kind of filesystem that a folder is on; "unknown" where the system does not say."""
    if not mounts.exists():
        return "unknown"
    best, kind = "", "unknown"
    for line in mounts.read_text("utf-8", "replace").splitlines():
        _, point, found, *_ = line.split(" ")
        if len(point) > len(best) and folder.resolve().is_relative_to(point):
            best, kind = point, found
    return kind


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


def _data(session: Session, at: datetime) -> Iterator[Finding]:
    used = vocabularies.in_use(session)
    yield Finding("vocabulary", used is not None, used or "none: run `serendipity upgrade`")
    letters = mail.tally(session)
    troubled = letters["uncertain"] + letters["failed"]
    counts = ", ".join(f"{number} {name}" for name, number in letters.items() if number)
    yield Finding("letters", troubled == 0, counts or "none yet")
    yield _nights(session, at)
    yield _integrity(session)


def _nights(session: Session, at: datetime) -> Finding:
    if not lieux.open_lieux(session):
        return Finding("night", True, "no lieu is open yet")
    last = runs.last_runs(session, at=at).get("night")
    if last is None:
        return Finding("night", False, "has never run: is the worker running?")
    hours = last["age_seconds"] // 3600
    return Finding("night", last["age_seconds"] < NIGHT_TOO_OLD, f"last ran {hours} h ago")


def _integrity(session: Session) -> Finding:
    if session.get_bind().dialect.name != "sqlite":
        return Finding("integrity", True, "kept by PostgreSQL")
    verdict = str(session.execute(text("PRAGMA quick_check(1)")).scalar())
    return Finding("integrity", verdict == "ok", verdict)

"""Disks: which kind of filesystem a folder is on, because SQLite's locks do not hold on all."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from serendipity.errors import ConfigurationError

# Where locks do not hold between machines: two would write at the same time.
NETWORK_FILESYSTEMS: Final = {
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.glusterfs", "ceph", "afs",
}  # fmt: skip
MOUNTS: Final = Path("/proc/mounts")


def filesystem_of(folder: Path, mounts: Path = MOUNTS) -> str:
    """The kind of filesystem that a folder is on; "unknown" where the system does not say."""
    if not mounts.exists():
        return "unknown"
    best, kind = "", "unknown"
    for line in mounts.read_text("utf-8", "replace").splitlines():
        _, point, found, *_ = line.split(" ")
        point = point.replace("\\040", " ")  # how a space is written there
        if len(point) >= len(best) and folder.resolve().is_relative_to(point):
            best, kind = point, found
    return kind


def refuse_network(database_url: str, mounts: Path = MOUNTS) -> None:
    """Stop before SQLite is opened where another machine could write to it too.

    Raises
    ------
    ConfigurationError
    """
    path = database_url.removeprefix("sqlite:///")
    if path in (database_url, "", ":memory:"):
        return
    kind = filesystem_of(Path(path).parent, mounts)
    if kind in NETWORK_FILESYSTEMS:
        raise ConfigurationError(
            why=f"{Path(path).parent} is on a network filesystem ({kind}), where SQLite's locks do "
            "not hold: keep it on a local disk, or set database_url to a PostgreSQL server"
        )

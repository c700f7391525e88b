"""Sockets: where the processes of one installation find one another on this machine.

Rules kept here: a socket is its owner's alone (mode 0600, in a folder of the owner's); its path
fits into the 107 bytes that the kernel allows, whatever the instance folder is called.
"""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
from pathlib import Path

from serendipity.config import Settings
from serendipity.errors import ConfigurationError

LONGEST = 100  # bytes of a path; the kernel allows 107
LARGEST = 64 * 1024  # bytes of a message


def path_of(settings: Settings, name: str) -> Path:
    """Where the socket of this name is: in the instance, else in a folder of ours under /tmp."""
    path = settings.instance.resolve() / f"{name}.sock"
    if len(os.fsencode(path)) <= LONGEST:
        return path
    mark = hashlib.sha256(os.fsencode(settings.instance.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"serendipity-{os.geteuid()}-{mark}" / f"{name}.sock"


def reader_path(settings: Settings) -> Path:
    """Where the worker reads words for the web while somebody types them."""
    return Path(settings.reader_socket or path_of(settings, "reader"))


def listening(path: Path, kind: socket.SocketKind) -> socket.socket:
    """A socket that listens there, in place of one that a fallen process left.

    Raises
    ------
    ConfigurationError
        The folder is somebody else's.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent.stat().st_uid != os.geteuid():
        raise ConfigurationError(why=f"{path.parent} belongs to somebody else")
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, kind)
    mask = os.umask(0o177)
    try:
        made.bind(str(path))
    finally:
        os.umask(mask)
    made.listen(1024)
    return made


def ask(path: Path, message: bytes, *, within: float) -> bytes | None:
    """One question and its answer over a Unix socket; None when nobody answers in time."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            line.settimeout(within)
            line.connect(str(path))
            line.send(message)
            return line.recv(LARGEST) or None
    except OSError:
        return None

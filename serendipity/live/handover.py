"""Handing over: a request for a stream is answered by a web process and kept by the live process.

A web process has a few threads, and a stream would hold one for a quarter of an hour. So once the
web process knows that the stream is allowed, it sends the browser's socket itself to the live
process, over a Unix socket in the instance, with the grant; then it is free again. The address is
the same for the browser, and so are the cookie, the rules and the port.

The two sides agree before anything is written: the live process says that it takes the stream, the
web process puts a dummy in the place of its socket, so that its server closes the dummy, and says
"go". Whoever falls in between leaves the browser with a closed connection, which it opens again.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from serendipity.errors import Busy

PATIENCE: Final = 2.0  # seconds; the live process answers within a millisecond, unless starved
TAKEN, FULL, GO = b"+", b"-", b"!"


class TooManyStreams(Busy):
    """This reader, or this installation, has as many streams open as it may. Facts: none."""


class NobodyThere(Exception):
    """There is no live process, or no socket that could be handed over."""


def hand_over(environ: dict[str, Any], message: bytes, path: Path) -> Callable[[], None]:
    """Give the browser's connection away; what to call when our server has closed its dummy.

    Raises
    ------
    TooManyStreams
        The live process does not take one more; the connection is still ours.
    NobodyThere
        The connection is still ours.
    """
    browser = environ.get("gunicorn.socket")
    if not isinstance(browser, socket.socket) or isinstance(browser, ssl.SSLSocket):
        raise NobodyThere()
    if environ.get("HTTP_VERSION") == "2":
        raise NobodyThere()  # one connection carries many answers: it cannot be given away
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            line.settimeout(PATIENCE)
            line.connect(str(path))
            socket.send_fds(line, [message], [browser.fileno()])
            said = line.recv(1)
            if said == FULL:
                raise TooManyStreams()
            if said != TAKEN:
                raise NobodyThere()
            close = _leave_a_dummy(browser)
            with suppress(OSError):  # the connection is theirs now, or, if they fell, closed
                line.send(GO)
            return close
    except OSError as error:
        raise NobodyThere() from error


def _leave_a_dummy(browser: socket.socket) -> Callable[[], None]:
    """Let the number of this socket stand for one that leads nowhere.

    The server will write an answer to it, shut it down and close it: none of that may reach the
    browser, whose connection somebody else holds now.
    """
    ours, theirs = socket.socketpair()
    os.dup2(ours.fileno(), browser.fileno(), inheritable=False)
    ours.close()
    return theirs.close

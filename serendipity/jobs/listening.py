"""Listening: the worker reads words for the web while somebody types them.

The worker holds the encoder and the vocabulary; the web asks it over a Unix socket in the instance
and waits for a tenth of a second at most. One question is one message of JSON, and so is its
answer: for each phrase the concepts it may name, with probabilities.

Rules kept here: nothing is kept and the database is not asked; a question that cannot be read is
not answered.
"""

from __future__ import annotations

import json
import logging
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from serendipity import sockets
from serendipity.config import Settings
from serendipity.hearing import MOST_PROPOSALS, Reader

MOST: Final = 12  # phrases of one question
PATIENCE: Final = 1.0  # seconds for a question to arrive
logger = logging.getLogger(__name__)


@contextmanager
def listening(settings: Settings, reader: Callable[[], Reader]) -> Iterator[None]:
    """Answer questions in a thread of its own until the end of the block."""
    path = sockets.reader_path(settings)
    listener = sockets.listening(path, socket.SOCK_SEQPACKET)
    thread = threading.Thread(target=_answer_all, args=(listener, reader), daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
        thread.join(PATIENCE)
        listener.close()
        path.unlink(missing_ok=True)


def _answer_all(listener: socket.socket, reader: Callable[[], Reader]) -> None:
    try:
        reader().read_many([("bicycle repair", "en")])  # the first question should not wait
    except Exception:
        logger.exception("the reader does not start; words are read when they were kept")
    while True:
        try:
            line, _ = listener.accept()
        except OSError:
            return
        with line, suppress(OSError, ValueError, TypeError, KeyError):
            line.settimeout(PATIENCE)
            question = line.recv(sockets.LARGEST)
            if not _has_gone(line):
                line.send(answer(reader(), question))


def _has_gone(line: socket.socket) -> bool:
    """Whether who asked has stopped waiting: a late answer would only delay the next."""
    closed, _, _ = select.select([line], [], [], 0)
    return bool(closed)


def answer(reader: Reader, question: bytes) -> bytes:
    """The answer to one question.

    Raises
    ------
    ValueError, TypeError, KeyError
        It is no question.
    """
    asked = json.loads(question)
    items = [(str(words), asked["language"]) for words in asked["phrases"][:MOST]]
    heard = reader.read_many(items, MOST_PROPOSALS + 2, wanted=bool(asked["wanted"]))
    return json.dumps([[(one.concept_id, one.p) for one in some] for some in heard]).encode()

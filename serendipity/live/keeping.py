"""Keeping: the live process, which holds every stream of the installation.

One thread of asyncio moves bytes. A second waits for changes, a third looks at the database, at
most five times a second and at least every two seconds, since some things end by the clock alone.

Rules kept here: a stream whose grant no longer holds ends with the next look; while nobody can
look, streams end within five seconds, because nobody can tell whether they still may; a reader has
three streams and the installation a limit; who reads slowly or is gone is let go.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import resource
import signal
import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from email.utils import formatdate
from pathlib import Path
from typing import Any, Final

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from serendipity import clock, sockets
from serendipity.config import Settings
from serendipity.db import database, write_transaction
from serendipity.errors import Busy
from serendipity.live import grants, telling
from serendipity.live.changes import Changes
from serendipity.live.grants import Grant, Topic
from serendipity.live.handover import FULL, GO, PATIENCE, TAKEN
from serendipity.live.telling import Told

PACE: Final = 0.2  # seconds from one look to the next
NET: Final = 2.0  # seconds after which to look although nothing was written
BLIND: Final = 4.5  # seconds for which a stream may go on unlooked at
LIVES: Final = (13 * 60, 15 * 60)  # seconds; then the browser opens it again
BEATS: Final = (15, 25)  # seconds between two signs of life
RETRY: Final = 3_000  # milliseconds after which a browser opens it again
PENDING: Final = 64 * 1024  # bytes that a slow reader may be behind
SENT_BY_KERNEL: Final = 32 * 1024
UNHEARD: Final = 30_000  # milliseconds that sent bytes may stay unacknowledged
HEAD: Final = (
    "HTTP/1.1 200 OK\r\nDate: {}\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: same-origin\r\nVary: Cookie\r\nConnection: close\r\n\r\n"
    "retry: {}\n: here\n\n"
)
BEAT: Final = b": still here\n\n"
OVER: Final = b"event: over\ndata: {}\n\n"
logger = logging.getLogger(__name__)


class Stream:
    """One browser's connection."""

    __slots__ = ("beat_at", "ends_at", "grant", "pending", "sent", "socket", "topic", "who")

    def __init__(self, connection: socket.socket, grant: Grant, who: str, since: str) -> None:
        self.socket, self.grant, self.who, self.sent = connection, grant, who, since
        self.topic = grant.topic
        self.pending = b""
        now = asyncio.get_running_loop().time()
        self.beat_at = now + random.uniform(*BEATS)  # noqa: S311 (so that they do not all come at once)
        self.ends_at = now + random.uniform(*LIVES)  # noqa: S311


class Keeper:
    """All streams, and the one look for all of them."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        settings: Settings = app.config["SETTINGS"]
        self.most = min(settings.live_streams, _raise_file_limit() - 100)
        self.path = sockets.path_of(settings, "live")
        self.streams: set[Stream] = set()
        self.counted: Counter[str] = Counter()
        self.known: dict[Topic, Told] = {}
        self.given: set[Grant] = set()
        self.looked_at = 0.0
        self.over = asyncio.Event()
        with app.app_context():
            self.engine = database.engine
        self.changes = Changes(self.engine)

    # --- coming and going -------------------------------------------------------------------

    async def welcome(self, line: socket.socket) -> None:
        """Take one connection from a web process, or say that there is no place."""
        said, files = await _received(line)
        with ExitStack() as unless_taken:
            connections = [socket.socket(fileno=file) for file in files]
            for one in connections:
                unless_taken.callback(one.close)
            asked = json.loads(said)
            if self.is_full(asked["who"], asked["most"]):
                line.send(FULL)
                return
            line.send(TAKEN)
            if await asyncio.get_running_loop().sock_recv(line, 1) != GO:
                return  # it is still theirs
            unless_taken.pop_all()
            grant = grants.from_json(asked["grant"])
            self.add(Stream(connections[0], grant, asked["who"], asked["since"]))

    def is_full(self, who: str, most: int) -> bool:
        return len(self.streams) >= self.most or self.counted[who] >= most

    def add(self, stream: Stream) -> None:
        loop = asyncio.get_running_loop()
        stream.socket.setblocking(False)
        with suppress(OSError):  # not every test speaks TCP
            stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD)
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT_BY_KERNEL)
        if not self.streams:
            self.known, self.looked_at = {}, loop.time()
        self.streams.add(stream)
        self.counted[stream.who] += 1
        loop.add_reader(stream.socket, self.hear, stream)
        self.send(stream, HEAD.format(formatdate(usegmt=True), RETRY).encode())
        told = self.known.get(stream.topic)
        self.tell(stream, told)
        if told is None:  # the grant is a moment old: only what nobody knows needs a look
            self.changes.wake()

    def hear(self, stream: Stream) -> None:
        """A browser has nothing to say but good-bye."""
        try:
            said = stream.socket.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self.drop(stream)

    def drop(self, stream: Stream) -> None:
        if stream not in self.streams:
            return
        loop = asyncio.get_running_loop()
        self.streams.discard(stream)
        self.counted[stream.who] -= 1
        if not self.counted[stream.who]:
            del self.counted[stream.who]
        loop.remove_reader(stream.socket)
        loop.remove_writer(stream.socket)
        with suppress(OSError):
            stream.socket.shutdown(socket.SHUT_RDWR)
        stream.socket.close()

    def end(self, stream: Stream) -> None:
        """The grant is over: say so, and close."""
        self.send(stream, OVER)
        self.drop(stream)

    # --- bytes ------------------------------------------------------------------------------

    def tell(self, stream: Stream, told: Told | None) -> None:
        if told is not None and stream.sent != told.version:
            stream.sent = told.version
            self.send(stream, told.event)

    def send(self, stream: Stream, said: bytes) -> None:
        if stream.pending:
            stream.pending += said
            if len(stream.pending) > PENDING:
                self.drop(stream)
            return
        self._push(stream, said)

    def _push(self, stream: Stream, said: bytes) -> None:
        try:
            sent = stream.socket.send(said)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.drop(stream)
            return
        if sent == len(said) and not stream.pending:
            return  # so it mostly goes
        had, stream.pending = bool(stream.pending), said[sent:]
        loop = asyncio.get_running_loop()
        if stream.pending and not had:
            loop.add_writer(stream.socket, self._go_on, stream)
        elif had and not stream.pending:
            loop.remove_writer(stream.socket)

    def _go_on(self, stream: Stream) -> None:
        self._push(stream, stream.pending)

    def beat(self, now: float) -> None:
        """Signs of life, ends of lives, and who has not read for a whole beat."""
        is_blind = now - self.looked_at > BLIND
        for stream in list(self.streams):
            if is_blind or now >= stream.ends_at:
                self.drop(stream)
            elif now >= stream.beat_at:
                if stream.pending:
                    self.drop(stream)
                    continue
                stream.beat_at = now + random.uniform(*BEATS)  # noqa: S311
                self.send(stream, BEAT)

    # --- looking ----------------------------------------------------------------------------

    def look(self, given: set[Grant]) -> tuple[set[Grant], dict[Topic, Told]]:
        """Which grants hold, and what there is to tell: in a thread, for all at once."""
        at = clock.now()
        with Session(self.engine) as session:
            held = grants.holding(session, given, at=at)
            session.rollback()
            topics = {one.topic for one in held}
            return held, telling.look(session, topics, at=at, writing=self._writing)

    def _writing(self) -> AbstractContextManager[Session]:
        return write_transaction(Session(self.engine))

    def deliver(self, held: set[Grant], told: dict[Topic, Told]) -> None:
        """Send what is new to who may have it; end the others."""
        self.known = told
        for stream in list(self.streams):
            if stream.grant in held or stream.grant not in self.given:
                self.tell(stream, told.get(stream.topic))
            else:
                self.end(stream)

    async def look_once(self, run: Callable[..., Any]) -> None:
        self.given = {stream.grant for stream in self.streams}
        try:
            held, told = await run(self.look, self.given)
        except (SQLAlchemyError, Busy) as error:
            logger.warning("looking: %s", error)
            return
        self.looked_at = asyncio.get_running_loop().time()
        self.deliver(held, told)

    async def follow(self) -> None:
        """Wait for a change, look, tell; at most five times a second."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as waiting, ThreadPoolExecutor(1) as looking:

            def run(do: Callable[..., Any], *given: Any) -> asyncio.Future[Any]:
                return loop.run_in_executor(looking, do, *given)

            while not self.over.is_set():
                await loop.run_in_executor(waiting, self.changes.wait, NET)
                began = loop.time()
                if self.streams:
                    await self.look_once(run)
                await asyncio.sleep(max(0.0, PACE - (loop.time() - began)))

    # --- running ----------------------------------------------------------------------------

    async def accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        welcomes: set[asyncio.Task[None]] = set()
        while True:
            line, _ = await loop.sock_accept(listener)
            task = asyncio.create_task(self._patiently(line))
            welcomes.add(task)
            task.add_done_callback(welcomes.discard)

    async def _patiently(self, line: socket.socket) -> None:
        with line:
            try:
                await asyncio.wait_for(self.welcome(line), 2 * PATIENCE)
            except (TimeoutError, OSError, ValueError, LookupError, TypeError) as error:
                logger.warning("a stream was not handed over: %r", error)

    async def keep(self) -> None:
        """Hold streams until told to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        listener = sockets.listening(self.path, socket.SOCK_SEQPACKET)
        listener.setblocking(False)
        print("The live process is at work.", flush=True)
        accepting = asyncio.create_task(self.accept(listener))
        following = asyncio.create_task(self.follow())
        try:
            while not self.over.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.over.wait(), 1)
                self.beat(loop.time())
                if following.done():
                    following.result()  # a mistake of ours: fall, and be started again
        finally:
            accepting.cancel()
            listener.close()
            Path(self.path).unlink(missing_ok=True)
            for stream in list(self.streams):
                self.drop(stream)
            self.over.set()
            self.changes.wake()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(accepting, following, return_exceptions=True)
            self.changes.close()

    def stop(self) -> None:
        self.over.set()


async def _received(line: socket.socket) -> tuple[bytes, list[int]]:
    """A message with its file descriptors, of which asyncio itself knows nothing."""
    line.setblocking(False)
    try:
        return _receive(line)  # mostly it is there already
    except BlockingIOError:
        pass
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(line, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(line)
    return _receive(line)


def _receive(line: socket.socket) -> tuple[bytes, list[int]]:
    said, files, _, _ = socket.recv_fds(line, 4096, 1, socket.MSG_CMSG_CLOEXEC)
    return said, files


def _raise_file_limit() -> int:
    """As many open files as this system allows us; each stream is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most if most != resource.RLIM_INFINITY else 1_000_000


def run(app: Flask) -> None:
    """Keep streams until SIGTERM or Ctrl-C."""

    async def keep() -> None:
        await Keeper(app).keep()

    asyncio.run(keep())

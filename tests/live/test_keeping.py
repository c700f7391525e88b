"""The live process from inside: slow readers, the dead, and a database that is away."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from flask import Flask

from serendipity.live import keeping
from serendipity.live.grants import Grant
from serendipity.live.keeping import Keeper, Stream
from serendipity.live.telling import told


@contextmanager
def a_pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def keep(app: Flask, do: Callable[[Keeper], Awaitable[None]]) -> None:
    """Do this with a keeper that has a loop of its own and no listener."""

    async def run() -> None:
        keeper = Keeper(app)
        try:
            await do(keeper)
        finally:
            keeper.changes.close()

    asyncio.run(run())


def let_go(keeper: Keeper) -> None:
    for stream in list(keeper.streams):
        keeper.drop(stream)


def a_stream(connection: socket.socket) -> Stream:
    return Stream(connection, Grant("lieu", 1, "en"), "address:here", "")


def test_who_does_not_read_is_let_go_and_holds_little(app: Flask) -> None:
    async def do(keeper: Keeper) -> None:
        with a_pair() as (ours, _unread):
            stream = a_stream(ours)
            keeper.add(stream)
            for number in range(10_000):
                if stream not in keeper.streams:
                    break
                keeper.tell(stream, told(str(number), words="x" * 1000))
                assert len(stream.pending) <= keeping.PENDING + 2000
            assert stream not in keeper.streams
            assert keeper.counted == {}

    keep(app, do)


def test_who_has_not_read_for_a_whole_beat_is_let_go(app: Flask) -> None:
    async def do(keeper: Keeper) -> None:
        with a_pair() as (slow, _unread), a_pair() as (good, _read):
            streams = [a_stream(slow), a_stream(good)]
            for one in streams:
                keeper.add(one)
            streams[0].pending = b"behind"
            keeper.looked_at = now = max(one.beat_at for one in streams)
            keeper.beat(now)
            assert keeper.streams == {streams[1]}
            let_go(keeper)

    keep(app, do)


def test_who_closes_is_forgotten(app: Flask) -> None:
    async def do(keeper: Keeper) -> None:
        with a_pair() as (ours, theirs):
            keeper.add(a_stream(ours))
            theirs.close()
            async with asyncio.timeout(5):
                while keeper.streams:
                    await asyncio.sleep(0)

    keep(app, do)


def test_a_stream_ends_after_a_quarter_of_an_hour(app: Flask) -> None:
    async def do(keeper: Keeper) -> None:
        with a_pair() as (ours, _):
            stream = a_stream(ours)
            keeper.add(stream)
            keeper.looked_at = now = asyncio.get_running_loop().time() + keeping.LIVES[1]
            keeper.beat(now)
            assert keeper.streams == set()

    keep(app, do)


def test_streams_end_when_nobody_can_tell_any_more_whether_they_may_go_on(app: Flask) -> None:
    async def do(keeper: Keeper) -> None:
        with a_pair() as (ours, _):
            keeper.add(a_stream(ours))
            keeper.beat(keeper.looked_at + keeping.BLIND - 0.1)
            assert len(keeper.streams) == 1
            keeper.beat(keeper.looked_at + keeping.BLIND + 0.1)
            assert keeper.streams == set()

    keep(app, do)


def test_more_than_the_installation_holds_is_refused(app: Flask) -> None:
    async def do(keeper: Keeper) -> None:
        keeper.most = 1
        assert not keeper.is_full("member:1", 3)
        with a_pair() as (ours, _):
            keeper.add(a_stream(ours))
            assert keeper.is_full("member:1", 3)
            let_go(keeper)

    keep(app, do)

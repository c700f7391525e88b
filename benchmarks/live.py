"""Live: two thousand open pages, against a raw asyncio server that only writes to them.

A page follows a lieu in which somebody leaves; what is timed is from the commit until the last of
the browsers has it. The raw server is told to write the same bytes to as many connections, and is
timed the same way with the same clients. Beside that: the memory of a stream in the live process,
and the check-in of one person after another with no stream open and with all.
"""

from __future__ import annotations

import asyncio
import json
import resource
import select
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks import served
from benchmarks.report import Bar, Report
from serendipity import clock, presence, sockets
from serendipity.consent import Consent
from serendipity.members import Member
from serendipity.presence import Presence

STREAMS: Final = 2000
ROUNDS: Final = 15
ARRIVALS: Final = 300
LONGEST: Final = 120  # seconds to wait for the last of them
RAW_EVENT: Final = b"id: 0\ndata: " + b"x" * 140 + b"\n\n"


def measure(data: Path | None, *, quick: bool) -> Report:
    """Measure on SQLite, and on PostgreSQL unless quick; two minutes. `data` is not needed."""
    raise_file_limit()
    streams, rounds, arrivals = (200, 4, 40) if quick else (STREAMS, ROUNDS, ARRIVALS)
    raw = raw_last(streams, rounds)
    figures: dict[str, Any] = {"streams": streams, "raw asyncio, last one, ms": 1e3 * raw}
    bars: dict[str, Bar] = {}
    for dialect in served.DATABASES[: 1 if quick else 2]:
        found = one_database(dialect, streams, rounds, arrivals)
        figures |= {f"{dialect}: {what}": value for what, value in found.items()}
        bars[f"{dialect}: last one, against raw"] = Bar(found["last one, ms"] / 1e3 / raw, "<= 2.5")
        bars[f"{dialect}: KiB for a stream"] = Bar(found["KiB for a stream"], "<= 25")
        bars[f"{dialect}: check-in p99, against none open"] = Bar(
            found["check-in p99 with all open, ms"] / found["check-in p99 with none, ms"], "<= 2.0"
        )
    return Report(figures, bars)


def raise_file_limit() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


# --- the service ----------------------------------------------------------------------------


def one_database(dialect: str, streams: int, rounds: int, arrivals: int) -> dict[str, float]:
    with served.installation(dialect) as here:
        crowd = here.people(streams, at=clock.now())
        settle_in(here, crowd)
        some = here.people(4 * arrivals, at=clock.now())
        with served.processes(here, more=[["live"]]) as (port, (_, live)):
            wait_for(sockets.path_of(here.settings, "live"))
            one_by_one(port, here, some[:arrivals])  # warm
            calm = one_by_one(port, here, some[arrivals : 2 * arrivals])
            before = resident(live.pid)
            cookies = [here.cookie(member) for member in crowd]
            requests = [
                f"GET /live/lieux/{here.lieu.slug} HTTP/1.1\r\nHost: localhost\r\n"
                f"Cookie: {served.COOKIE}={cookie}\r\n\r\n"
                for cookie in cookies
            ]
            with following(port, requests) as clients:
                clients.settled()
                held = resident(live.pid) - before
                lasts = [last_of(here, clients, some[number]) for number in range(rounds)]
                busy = one_by_one(port, here, some[2 * arrivals : 3 * arrivals])
    return {
        "last one, ms": 1e3 * statistics.median(lasts),
        "last one, slowest round, ms": 1e3 * max(lasts),
        "KiB for a stream": held / streams,
        "check-in p99 with none, ms": 1e3 * p99(calm),
        "check-in p99 with all open, ms": 1e3 * p99(busy),
        "check-in median with all open, ms": 1e3 * statistics.median(busy),
    }


def settle_in(here: served.Installation, crowd: list[Member]) -> None:
    """Everybody of the crowd is there, and agreed to be seen."""
    at = clock.now()
    with here.writing() as held:
        for member in crowd:
            held.add(
                Presence(
                    member_id=member.id, lieu_id=here.lieu.id, started_at=at, how_in="qr",
                    until=at.replace(year=at.year + 1), confirmed_at=at,
                )
            )  # fmt: skip
            held.add(
                Consent(member_id=member.id, lieu_id=here.lieu.id, here_today=True, chosen_at=at)
            )


def last_of(here: served.Installation, clients: Clients, leaver: Member) -> float:
    """Somebody leaves; how long until the last browser knows."""
    time.sleep(0.5)  # an event of its own, not the tail of the one before
    clients.expect()
    with here.writing() as held:
        presence.leave(held, member_id=leaver.id, at=clock.now())
    return clients.since(time.monotonic())


def one_by_one(port: int, here: served.Installation, people: list[Member]) -> list[float]:
    """Check these in over one connection, one after the other; seconds for each."""
    took = []
    callers = [here.caller(member) for member in people]
    with socket.create_connection(("127.0.0.1", port)) as line:
        for one in callers:
            began = time.perf_counter()
            status = served.answered(line, one.request("/check-in"))
            took.append(time.perf_counter() - began)
            if status != 303:
                raise OSError(f"a check-in was answered {status}")
    return took


def p99(took: list[float]) -> float:
    return statistics.quantiles(took, n=100)[98]


def resident(pid: int) -> float:
    """KiB of memory that a process holds."""
    words = Path(f"/proc/{pid}/status").read_text()
    return float(words.partition("VmRSS:")[2].split()[0])


def wait_for(path: Path) -> None:
    end = time.monotonic() + 30
    while not path.exists():
        if time.monotonic() > end:
            raise OSError(f"{path} did not appear")
        time.sleep(0.05)


# --- the floor: a server that does nothing but write ----------------------------------------

RAW: Final = """
import asyncio, sys

async def main():
    writers = []
    async def come(reader, writer):
        await reader.readuntil(b"\\r\\n\\r\\n")
        writer.write(b"HTTP/1.1 200 OK\\r\\n\\r\\nid: 0\\ndata: first\\n\\n")
        writers.append(writer)
    server = await asyncio.start_server(come, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while event := await lines.readexactly(int(sys.argv[1])):
        for writer in writers:
            writer.write(event)

asyncio.run(main())
"""


def raw_last(streams: int, rounds: int) -> float:
    """The same, for a server that is told what to write."""
    command = [sys.executable, "-c", RAW, str(len(RAW_EVENT))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin
        assert server.stdout
        port = int(server.stdout.readline())
        lasts = []
        with following(port, ["GET / HTTP/1.1\r\n\r\n"] * streams) as clients:
            clients.settled()
            for _ in range(rounds):
                time.sleep(0.5)
                clients.expect()
                began = time.monotonic()
                server.stdin.write(RAW_EVENT)
                server.stdin.flush()
                lasts.append(clients.since(began))
        server.kill()
    return statistics.median(lasts)


# --- the browsers, in a process of their own ------------------------------------------------


class Clients:
    """A process that holds many connections and says when the last of them heard something."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def _ask(self, word: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def _answer(self) -> float:
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], LONGEST)
        said = self.process.stdout.readline() if ready else ""
        if not said:
            raise OSError(f"not every browser heard an event within {LONGEST} s")
        return float(said)

    def settled(self) -> None:
        """Return when each has its first event."""
        self._answer()

    def expect(self) -> None:
        """From now on, the next event of each counts."""
        self._ask("expect")
        self._answer()

    def since(self, began: float) -> float:
        """Seconds from then until the last of them had it."""
        return self._answer() - began


@contextmanager
def following(port: int, requests: list[str]) -> Iterator[Clients]:
    command = [sys.executable, "-m", "benchmarks.live", str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        process.stdin.write(json.dumps(requests) + "\n")
        process.stdin.flush()
        try:
            yield Clients(process)
        finally:
            process.kill()


class Browser(asyncio.Protocol):
    """One connection, opened again when it is closed, as an EventSource does."""

    def __init__(self, crowd: Crowd, request: str) -> None:
        self.crowd, self.request, self.heard = crowd, request, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(self.request.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        if self.heard:
            self.heard = False
            self.crowd.count -= 1
        self.crowd.again(self)

    def data_received(self, data: bytes) -> None:
        if b"data: " in data and not self.heard:
            self.heard = True
            self.crowd.count += 1
            if self.crowd.count == len(self.crowd.browsers):
                print(time.monotonic(), flush=True)


class Crowd:
    """All connections of this process."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.browsers: list[Browser] = []
        self.count = 0
        self.opening: set[asyncio.Task[None]] = set()

    async def open(self, browser: Browser) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: browser, "127.0.0.1", self.port)

    def again(self, browser: Browser) -> None:
        task = asyncio.get_running_loop().create_task(self._later(browser))
        self.opening.add(task)
        task.add_done_callback(self.opening.discard)

    async def _later(self, browser: Browser) -> None:
        await asyncio.sleep(1)
        await self.open(browser)

    def expect(self) -> None:
        self.count = 0
        for one in self.browsers:
            one.heard = False
        print(time.monotonic(), flush=True)


async def hold(port: int) -> None:
    """Open what stands on the first line of the input; answer "expect" after that."""
    loop, crowd = asyncio.get_running_loop(), Crowd(port)
    lines = asyncio.StreamReader(limit=2**26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    requests = json.loads(await lines.readline())
    crowd.browsers = [Browser(crowd, request) for request in requests]
    for one in crowd.browsers:
        await crowd.open(one)
    while await lines.readline():
        crowd.expect()


if __name__ == "__main__":
    raise_file_limit()
    asyncio.run(hold(int(sys.argv[1])))

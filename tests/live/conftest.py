"""The service as it is run: gunicorn and the live process, on each database, once per module."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import config, serving, sockets
from serendipity.app import create_app
from serendipity.db import database, engine_options, write_transaction
from serendipity.members import Member
from tests.conftest import _named, _on_server


class Follower:
    """A browser's EventSource, by hand: one connection, and what came on it."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Accept: text/event-stream"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.heard = b""
        self.ended = False

    def until(self, came: Callable[[], Any], *, within: float = 10) -> Any:
        """The first true answer of `came`, read after each piece that arrives; or the last."""
        end = time.monotonic() + within
        while not (found := came()) and not self.ended:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                piece = self.socket.recv(65536)
            except TimeoutError:
                break
            except ConnectionResetError:
                piece = b""
            self.ended = not piece
            self.heard += piece
        return found or came()

    @property
    def status(self) -> int:
        self.until(lambda: b"\r\n\r\n" in self.heard)
        return int(self.heard.split(b" ", 2)[1])

    @property
    def headers(self) -> str:
        self.until(lambda: b"\r\n\r\n" in self.heard)
        return self.heard.partition(b"\r\n\r\n")[0].decode().lower()

    @property
    def events(self) -> list[dict[str, Any]]:
        """What was told so far."""
        body = self.heard.partition(b"\r\n\r\n")[2].decode()
        return [
            json.loads(line.removeprefix("data: "))
            for block in body.split("\n\n")
            if "event: over" not in block
            for line in block.splitlines()
            if line.startswith("data: ")
        ]

    def next_event(self, *, within: float = 10) -> dict[str, Any]:
        """One more event than there were."""
        count = len(self.events)
        assert self.until(lambda: len(self.events) > count, within=within), self.heard
        return self.events[count]

    def is_over(self, *, within: float = 5) -> bool:
        """Whether the stream ends within this time."""
        self.until(lambda: self.ended, within=within)
        return self.ended

    def close(self) -> None:
        self.socket.close()


@dataclass
class Service:
    """The running service, and a way to its rows."""

    settings: config.Settings
    port: int
    web: subprocess.Popen[bytes]
    live: subprocess.Popen[bytes] | None = None
    followers: list[Follower] = field(default_factory=list)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        url = self.settings.resolved_database_url
        engine = create_engine(url, poolclass=NullPool, **engine_options(url))
        with Session(engine, expire_on_commit=False) as session, write_transaction(session):
            yield session

    def cookie(self, member: Member) -> dict[str, str]:
        """The cookie of a browser where this member is signed in."""
        said = self.signer.dumps({"_user_id": f"{member.public_id}.{member.session_epoch}"})
        return {"Cookie": f"serendipity={said}"}

    @cached_property
    def signer(self) -> Any:
        app = create_app(self.settings)
        with app.app_context():
            database.engine.dispose()
        return app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]

    def follow(self, path: str, headers: dict[str, str] | None = None) -> Follower:
        made = Follower(self.port, path, headers or {})
        self.followers.append(made)
        return made

    def start_live(self) -> None:
        self.live = subprocess.Popen(
            [sys.executable, "-m", "serendipity", "live"],
            env=environment(self.settings),
            cwd=config.ROOT,
            stdout=subprocess.PIPE,
        )
        assert self.live.stdout
        assert self.live.stdout.readline() == b"The live process is at work.\n"

    def kill_live(self) -> None:
        assert self.live
        self.live.kill()
        self.live.communicate()
        self.live = None

    def open_files(self) -> int:
        """How many files the web processes and the live process have open."""
        pids = [self.web.pid, *children(self.web.pid), *([self.live.pid] if self.live else [])]
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)


def children(pid: int) -> list[int]:
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(word) for word in words]


def environment(settings: config.Settings) -> dict[str, str]:
    return {**os.environ, **serving.as_environment(settings)}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def installation(
    dialect: str, template: str, request: pytest.FixtureRequest, tmp_path_factory: Any
) -> Iterator[config.Settings]:
    """The settings of an installation with a database of this module's own."""
    instance = tmp_path_factory.mktemp("live") / "instance"
    instance.mkdir()
    if dialect == "sqlite":
        path = instance / "serendipity.sqlite"
        shutil.copy(str(make_url(template).database), path)
        yield config.load({}, instance=instance, database_url=f"sqlite:///{path}")
        return
    server = request.getfixturevalue("postgresql_server")
    name = f"serendipity_live_{uuid.uuid4().hex[:8]}"
    _on_server(server, f"CREATE DATABASE {name} TEMPLATE {make_url(template).database}")
    yield config.load({}, instance=instance, database_url=_named(server, name))
    _on_server(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def running(installation: config.Settings) -> Iterator[Service]:
    port = free_port()
    command = serving.web_command(installation, "127.0.0.1", port)
    web = subprocess.Popen(command, env=environment(installation), cwd=config.ROOT)
    made = Service(installation, port, web)
    try:
        made.start_live()
        child = serving.Child("web", command, again=False, process=web)
        serving.wait_until_answered("127.0.0.1", port, child)
        yield made
    finally:
        for process in (web, made.live):
            if process:
                process.send_signal(signal.SIGTERM)
                process.communicate()
        sockets.path_of(installation, "live").unlink(missing_ok=True)


@pytest.fixture
def service(running: Service) -> Iterator[Service]:
    """The service, with nobody following when the test begins."""
    if running.live is None:
        running.start_live()
    yield running
    for one in running.followers:
        with suppress(OSError):
            one.close()
    running.followers.clear()

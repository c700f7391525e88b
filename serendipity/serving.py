"""Serving: one command starts everything, says READY when requests are answered, stops everything.

Processes: the web (gunicorn, threads), the worker (reading, rounds, mail, the night), and the live
process (the streams of open pages). Each is a child of this one and dies with it; a worker or live
process that falls is started again, a web that falls ends the service with a clear word.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from http.client import HTTPConnection
from pathlib import Path
from types import FrameType

from serendipity.config import ROOT, Settings
from serendipity.errors import ConfigurationError

START_SECONDS = 60  # a cold disk and a slow machine included
STOP_SECONDS = 10
PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """One process of the service; `again` says whether it is started anew when it falls."""

    name: str
    command: Sequence[str]
    again: bool
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0

    def start(self, environment: dict[str, str]) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            env=environment,
            cwd=ROOT,
            start_new_session=True,  # Ctrl-C is for the parent, which stops its children in order
            preexec_fn=_die_with_parent,  # noqa: PLW1509 (one thread here)
        )

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def wait(self, deadline: float) -> None:
        if not self.process:
            return
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def serve(settings: Settings, *, host: str, port: int, told: Sequence[str] = ()) -> int:
    """Run the service until it is told to stop; the exit code. `told` is printed when it answers.

    Raises
    ------
    ConfigurationError
        The port is taken, or a process did not come up.
    """
    check_port(host, port)
    environment = {**os.environ, **as_environment(settings)}
    web = Child("web", web_command(settings, host, port), again=False)
    beside = [
        Child("live", [sys.executable, "-m", "serendipity", "live"], again=True),
        Child("worker", [sys.executable, "-m", "serendipity", "worker"], again=True),
    ]
    if settings.demo:
        beside.append(Child("day", [sys.executable, "-m", "serendipity.demo"], again=True))
    children = [web, *beside]
    stopping = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        web.start(environment)
        # The others begin once a visitor is answered: side by side they would slow each other.
        wait_until_answered(host, port, web)
        for child in beside:
            child.start(environment)
        for line in told:
            print(line, flush=True)
        print(f"READY http://{host}:{port}", flush=True)
        while not stopping:
            time.sleep(0.2)
            for child in children:
                _look_after(child, environment)
        print("Stopping.", flush=True)
        return 0
    finally:
        for child in children:
            child.stop()
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            child.wait(deadline)


def at_address(settings: Settings, *, host: str, port: int) -> Settings:
    """The settings with the address that phones can reach, unless one was chosen.

    The codes at the door carry it, so "listen everywhere" becomes this machine's own address.
    """
    if settings.public_url != Settings.public_url:
        return settings
    reachable = _own_address() if host in ("0.0.0.0", "::") else host
    return replace(settings, public_url=f"http://{reachable}:{port}")


def _own_address() -> str:
    """The address of this machine on its network: nothing is sent, the route alone is asked."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of documentation, RFC 5737
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def check_port(host: str, port: int) -> None:
    """Refuse an occupied port before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                why=f"cannot listen on {host}:{port}: {error.strerror}; choose another --port"
            ) from error


def web_command(settings: Settings, host: str, port: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--config",
        str(Path(__file__).with_name("gunicorn_settings.py")),
        "--bind",
        f"{host}:{port}",
        "--workers",
        str(settings.web_workers),
        "--threads",
        str(settings.web_threads),
        "serendipity.app:create_app()",
    ]


def as_environment(settings: Settings) -> dict[str, str]:
    """The settings as the environment that a child process reads them from."""
    return {
        f"SERENDIPITY_{entry.name.upper()}": str(getattr(settings, entry.name))
        for entry in fields(settings)
    }


def wait_until_answered(host: str, port: int, web: Child) -> None:
    """Return when the first request is answered."""
    deadline = time.monotonic() + START_SECONDS
    target = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    while time.monotonic() < deadline:
        if web.process and web.process.poll() is not None:
            raise ConfigurationError(why="the web process did not start; see the lines above")
        try:
            with closing(HTTPConnection(target, port, timeout=2)) as connection:
                connection.request("GET", "/healthz", headers={"Host": "localhost"})
                if connection.getresponse().status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise ConfigurationError(why=f"nothing answered on {host}:{port} within {START_SECONDS} s")


def _look_after(child: Child, environment: dict[str, str]) -> None:
    if child.process is None or child.process.poll() is None:
        return
    code = child.process.returncode
    if not child.again:
        raise ConfigurationError(why=f"the {child.name} process ended with code {code}")
    if time.monotonic() - child.started > 5:  # one that falls at once is given time to be mended
        print(f"The {child.name} process ended with code {code}; starting it again.", flush=True)
        child.start(environment)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

"""What a first check-in weighs on the line, as gunicorn serves it and as Chromium counts it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import config, kiosks, serving
from serendipity.db import engine_options, write_transaction
from tests.browser.conftest import PHONE
from tests.rows import a_lieu

MOST = 60_000  # bytes: page, stylesheet, scripts, fonts and icons, headers included
STARTS_WITHIN = 40


@pytest.fixture
def served(migrated_file: Path, tmp_path: Path) -> Iterator[str]:
    """The address that a kiosk's code stands for, on a web process of its own."""
    (tmp_path / "serendipity.sqlite").write_bytes(migrated_file.read_bytes())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    settings = config.load({}, instance=tmp_path, public_url=url, web_workers=1)
    web = subprocess.Popen(
        serving.web_command(settings, "127.0.0.1", port),
        env={**os.environ, **serving.as_environment(settings)},
        cwd=config.ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        answers(port)
        yield f"{url}/door/{shown(settings)}"
    finally:
        web.terminate()
        web.wait(timeout=20)


def answers(port: int) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            assert connection.getresponse().status == 200
            return
        except OSError:
            assert time.monotonic() < end, "gunicorn does not answer"
            time.sleep(0.1)
        finally:
            connection.close()


def shown(settings: config.Settings) -> str:
    """What a screen of a lieu shows at this instant."""
    url = settings.resolved_database_url
    engine = create_engine(url, poolclass=NullPool, **engine_options(url))
    at = datetime.now(UTC)
    with Session(engine) as session, write_transaction(session):
        lieu = a_lieu(session, name="La Navette")
        code = kiosks.make_pairing(session, lieu_id=lieu.id, name="Door", at=at)
        kiosk, _ = kiosks.pair(session, code=code, at=at)
        return kiosks.door_code(kiosk, secret=settings.secret_key, at=at).code


def test_a_first_check_in_weighs_at_most_sixty_kilobytes(
    served: str, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(viewport=PHONE, is_mobile=True, has_touch=True).new_page()
    line = page.context.new_cdp_session(page)
    asked: dict[str, str] = {}
    weights: dict[str, float] = {}

    def asking(event: dict[str, Any]) -> None:
        asked[event["requestId"]] = event["request"]["url"]
        if "redirectResponse" in event:
            weights["redirect"] = event["redirectResponse"]["encodedDataLength"]

    def finished(event: dict[str, Any]) -> None:
        weights[asked[event["requestId"]]] = event["encodedDataLength"]

    line.on("Network.requestWillBeSent", asking)
    line.on("Network.loadingFinished", finished)
    line.send("Network.enable")
    page.goto(served, wait_until="networkidle")
    expect(page.get_by_role("button", name="I’m here")).to_be_visible()
    for address, weight in sorted(weights.items(), key=lambda one: -one[1]):
        print(f"{weight:8.0f}  {address.partition('?')[0].rpartition('/')[2] or 'page'}")
    assert len(weights) >= 7
    assert sum(weights.values()) <= MOST

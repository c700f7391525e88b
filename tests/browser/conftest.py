"""A real server and a real browser: Chromium against the service on a port of its own.

`live_server` is the service on a fresh SQLite database, in a thread, at noon of NOON's day: the
minutes and seconds are those of the machine, so that what turns every fifteen seconds turns where
the browser expects it. `phone` and `desktop` are pages; `looked_at` takes pictures of a page, light
and dark, and holds it to axe and to a width of 320 px.
"""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from werkzeug.serving import make_server

from serendipity import clock, config, kiosks, migrate, skills
from serendipity.app import create_app
from serendipity.db import database, engine_options, write_transaction
from serendipity.lieux import Moment
from serendipity.members import Member
from serendipity.skills import Concept, ConceptName, Family
from tests.conftest import NOON
from tests.rows import a_lieu, somebody_here

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CHROMIUM = os.environ.get("SERENDIPITY_TEST_CHROMIUM") or shutil.which("chromium")
SCREENSHOTS = config.ROOT / "instance" / "screenshots"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
expect.set_options(timeout=10_000)  # as long as a click waits: cold templates on a busy machine


@dataclass(frozen=True)
class LiveServer:
    """The running service, and a way to its rows."""

    url: str
    app: Flask

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session of the test's own, on the server's database."""
        url = str(self.app.config["SQLALCHEMY_DATABASE_URI"])
        engine = create_engine(url, poolclass=NullPool, **engine_options(url))
        with Session(engine) as session:
            yield session


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("browser") / "serendipity.sqlite"
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    migrate.upgrade(engine)
    return path


def whole(app: Flask) -> WSGIApplication:
    """The app, with each answer read to its end before it is sent.

    The development server leaves a file open when the browser hangs up in the middle of it.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        with closing(app(environ, start_response)) as parts:
            return [b"".join(parts)]

    return answer


@pytest.fixture
def live_server(
    migrated_file: Path, tmp_path: Path, compiled: FileSystemBytecodeCache
) -> Iterator[LiveServer]:
    instance = tmp_path / "instance"
    instance.mkdir()
    shutil.copy(migrated_file, instance / "serendipity.sqlite")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    app = create_app(config.load({}, instance=instance, public_url=url))
    app.jinja_env.bytecode_cache = compiled
    server = make_server("127.0.0.1", port, whole(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    shift = NOON - datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    clock.set_source(lambda: datetime.now(UTC) + shift)
    thread.start()
    try:
        yield LiveServer(url, app)
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()
        clock.set_source(None)
        with app.app_context():
            database.engine.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Make browser contexts (as many people), all closed after the test."""
    opened: list[BrowserContext] = []

    def make(**given: Any) -> BrowserContext:
        context = browser.new_context(**{"locale": "en-GB", **given})
        context.set_default_timeout(10_000)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def phone(new_context: Callable[..., BrowserContext]) -> Page:
    return new_context(
        viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2
    ).new_page()


@pytest.fixture
def desktop(new_context: Callable[..., BrowserContext]) -> Page:
    return new_context(viewport=DESKTOP).new_page()


def phone_signed_in(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], member_id: int
) -> Page:
    """A member's phone: their browser is signed in, and shows nothing yet."""
    with live_server.session() as session:
        member = session.get_one(Member, member_id)
        key = f"{member.public_id}.{member.session_epoch}"
    client = live_server.app.test_client()
    with client.session_transaction() as browser:
        browser["_user_id"], browser["_fresh"] = key, True
    cookie = client.get_cookie("serendipity")
    assert cookie is not None
    context = new_context(viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2)
    context.add_cookies([{"name": "serendipity", "value": cookie.value, "url": live_server.url}])
    return context.new_page()


def violations(page: Page) -> list[str]:
    """What axe has against the page, as lines to read."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']} ({'; '.join(node['html'][:120] for node in one['nodes'])})"
        for one in found
    ]


def sideways(page: Page) -> int:
    """By how many pixels the page scrolls sideways."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


@pytest.fixture
def looked_at() -> Callable[[Page, str], None]:
    """Photograph a page and hold it to axe: light, dark, and 320 px wide."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def look(page: Page, name: str) -> None:
        size = page.viewport_size
        assert size is not None
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert violations(page) == [], f"{name}, {scheme}"
            page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}.png", full_page=True)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 320, "height": 720})
        assert sideways(page) <= 0, f"{name} scrolls sideways at 320 px"
        assert violations(page) == [], f"{name}, 320 px"
        page.screenshot(path=SCREENSHOTS / f"{name}-320.png", full_page=True)
        page.set_viewport_size(size)

    return look


def let_pass(page: Page, milliseconds: int) -> None:
    """Move the page's clock on, once its scripts have begun to count.

    A press that leads to another page returns when that page begins to show; a clock moved before
    its scripts run is not seen by them.
    """
    page.wait_for_load_state()
    page.clock.run_for(milliseconds)


def eventually(read: Callable[[], Any], *, within: float = 10) -> Any:
    """The first true answer of `read`: for what happens in the server beside the page."""
    end = time.monotonic() + within
    while not (answer := read()) and time.monotonic() < end:
        time.sleep(0.05)
    return answer


@pytest.fixture
def kiosk(live_server: LiveServer) -> str:
    """A lieu with six people and a paired kiosk; the kiosk's pairing code for another screen."""
    at = clock.now()
    with live_server.session() as session, write_transaction(session):
        lieu = a_lieu(session, name="La Navette", language="en")
        day = clock.local(at, lieu.timezone).weekday()
        for starts, ends, name in ((9, 17, "Coworking"), (18, 20, "Repair café")):
            session.add(
                Moment(
                    lieu_id=lieu.id, weekday=day, starts=starts * 60, ends=ends * 60, name=name
                )
            )  # fmt: skip
        session.add(Family(id="making", vocabulary="starter", labels={"en": "Making"}))
        session.add(
            Concept(
                id="sewing", vocabulary="starter", family="making", labels={"en": "Sewing"}
            )
        )  # fmt: skip
        session.flush()
        session.add(ConceptName(concept_id="sewing", language="en", words="sewing"))
        for name in ("Inès Morel", "Karim Benali", "Łukasz Nowak", "Mieke Peeters"):
            member = somebody_here(session, lieu, name, at=at)
            skills.offer(session, member_id=member.id, words=["sewing"], language="en", at=at)
        return kiosks.make_pairing(session, lieu_id=lieu.id, name="Front door", at=at)


def pair(page: Page, live_server: LiveServer, code: str) -> None:
    page.goto(f"{live_server.url}/kiosk/")
    page.get_by_role("textbox", name="Six digits").fill(code)
    page.get_by_role("button", name="Pair").click()
    expect(page.get_by_role("heading", name="Scan to say you’re here")).to_be_visible()

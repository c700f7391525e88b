"""The small modules of static/js in a real browser: what they add, and how they give up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import Queue

import pytest
from flask import Flask, Response, render_template_string, request
from playwright.sync_api import BrowserContext, Page, expect
from werkzeug.serving import make_server

from tests.web.plain import plain_app

PAGE = '{% extends "base.html" %}{% block main %}{{ part | safe }}{% endblock %}'
LIVE = """
<section id="part" data-live-refresh="/part" {{ stream }}>
  <p id="count">0</p>
  <label>Words <input id="typed"></label> <button id="go">Go</button>
  <details><summary>More</summary><p>Details</p></details>
</section>"""
KIOSK = """
<div data-kiosk data-now="2026-03-26T13:32:07+00:00" data-alive="/alive" data-csrf="a-token">
  <time data-clock="Europe/Paris">00:00</time>
  <div data-part="/code" data-every="15"><p id="code">first</p></div>
  <p class="offline" hidden>Offline</p>
</div>"""


@dataclass
class Room:
    """A server whose part shows a number, and whose stream sends what the test puts in it."""

    count: int = 0
    asked: int = 0
    alive: list[str] = field(default_factory=list)
    reachable: bool = True
    streams: list[Queue[str | None]] = field(default_factory=list)
    address: str = ""

    def app(self) -> Flask:
        app = plain_app()
        app.add_url_rule("/live", "live", lambda: self.page(["live"], LIVE, "/stream"))
        app.add_url_rule("/poll", "poll", lambda: self.page(["live"], LIVE, ""))
        app.add_url_rule("/kiosk", "kiosk", lambda: self.page(["kiosk"], KIOSK, ""))
        app.add_url_rule("/part", "part", self.part)
        app.add_url_rule("/code", "code", self.code)
        app.add_url_rule("/stream", "stream", self.stream)
        app.add_url_rule("/alive", "alive", self.seen, methods=["POST"])
        return app

    def page(self, modules: list[str], part: str, stream: str) -> str:
        attributes = f'data-live="{stream}"' if stream else ""
        drawn = part.replace("{{ stream }}", attributes)
        return render_template_string(PAGE, modules=modules, part=drawn)

    def part(self) -> str:
        self.asked += 1
        inner = LIVE.replace('<p id="count">0', f'<p id="count">{self.count}')
        return inner[inner.index("<p") : inner.index("</section>")]

    def code(self) -> tuple[str, int]:
        self.asked += 1
        return (f'<p id="code">{self.asked}</p>', 200) if self.reachable else ("", 503)

    def seen(self) -> tuple[str, int]:
        self.alive.append(request.headers.get("X-CSRFToken", ""))
        return ("", 204) if self.reachable else ("", 503)

    def stream(self) -> Response:
        mine: Queue[str | None] = Queue()
        self.streams.append(mine)

        def events() -> Iterator[str]:
            yield ": here\n\n"
            while (name := mine.get()) is not None:
                yield f"event: {name}\ndata: x\n\n"

        return Response(events(), mimetype="text/event-stream")

    def tell(self, name: str) -> None:
        for stream in self.streams:
            stream.put(name)


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    server = make_server("127.0.0.1", 0, made.app(), threaded=True)
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    for stream in made.streams:
        stream.put(None)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    """A page whose clock the test moves."""
    made = new_context().new_page()
    made.clock.install()
    return made


def test_an_event_of_the_stream_brings_the_part_up_to_date(page: Page, room: Room) -> None:
    page.goto(f"{room.address}/live")
    with page.expect_response("**/part"):
        while not room.streams:
            page.evaluate("1")
        room.count = 7
        room.tell("message")
        page.clock.run_for(1000)
    expect(page.locator("#count")).to_have_text("7")


def test_events_that_come_together_ask_once(page: Page, room: Room) -> None:
    page.goto(f"{room.address}/live")
    while not room.streams:
        page.evaluate("1")
    with page.expect_response("**/part"):
        for _ in range(20):
            room.tell("message")
        page.clock.run_for(1000)
    page.clock.run_for(1000)
    assert room.asked < 5


def test_without_a_stream_the_part_is_asked_for_every_ten_seconds(page: Page, room: Room) -> None:
    page.goto(f"{room.address}/poll")
    room.count = 3
    assert room.asked == 0
    with page.expect_response("**/part"):
        page.clock.run_for(10_000)
    expect(page.locator("#count")).to_have_text("3")


def test_focus_and_open_details_stay_where_they_were(page: Page, room: Room) -> None:
    page.goto(f"{room.address}/poll")
    page.get_by_text("More").click()
    page.locator("#go").focus()
    room.count = 4
    page.clock.run_for(10_000)
    expect(page.locator("#count")).to_have_text("4")
    expect(page.locator("#go")).to_be_focused()
    expect(page.get_by_text("Details")).to_be_visible()


def test_a_field_in_which_somebody_types_is_left_alone_until_they_leave(
    page: Page, room: Room
) -> None:
    page.goto(f"{room.address}/poll")
    page.locator("#typed").fill("half a sent")
    room.count = 5
    page.clock.run_for(30_000)
    assert room.asked == 0
    expect(page.locator("#typed")).to_have_value("half a sent")
    page.locator("#typed").blur()
    page.clock.run_for(100)
    expect(page.locator("#count")).to_have_text("5")


def test_the_kiosk_asks_for_its_code_at_the_turn_of_each_step(page: Page, room: Room) -> None:
    page.goto(f"{room.address}/kiosk")
    with page.expect_response("**/code"):
        page.clock.run_for(15_500)
    expect(page.locator("#code")).to_have_text("1")
    with page.expect_response("**/code"):
        page.clock.run_for(15_500)
    assert "a-token" in room.alive


def test_the_kiosk_says_when_the_line_is_gone_and_when_it_is_back(page: Page, room: Room) -> None:
    page.goto(f"{room.address}/kiosk")
    with page.expect_response("**/code"):
        page.clock.run_for(15_500)
    expect(page.locator(".offline")).to_be_hidden()
    room.reachable = False
    page.clock.run_for(46_000)
    expect(page.locator(".offline")).to_be_visible()
    expect(page.locator("[data-kiosk].stale")).to_have_count(1)
    room.reachable = True
    with page.expect_response("**/code"):
        page.clock.run_for(16_000)
    expect(page.locator(".offline")).to_be_hidden()


def test_the_kiosk_tells_the_time_of_the_server_and_not_its_own(page: Page, room: Room) -> None:
    page.goto(f"{room.address}/kiosk")
    page.clock.run_for(1000)
    expect(page.locator("time")).to_have_text("14:32")

"""The pattern sheet in a real browser: readable by all, steady, and quiet about our policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route
from werkzeug.serving import make_server

from tests.web.plain import plain_app

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SHEET = "/patterns?toast=1"
SEEN = [(SHEET, 320), (SHEET, 390), (SHEET, 1440), ("/errors/404", 390)]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, plain_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 390, "height": 844})
    yield made
    made.close()


def complaints(page: Page) -> list[str]:
    """What the browser says about the page: errors, and anything our policy stopped."""
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def wait_until(page: Page, truth: str) -> None:
    """Look at every frame; Playwright's own wait needs eval, which our policy forbids."""
    page.evaluate(
        "() => new Promise(done => { const look = () => "
        f"({truth}) ? done() : requestAnimationFrame(look); look(); }})"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("path", "width"), SEEN)
def test_nobody_is_shut_out_and_nothing_scrolls_sideways(
    browser: Browser, address: str, path: str, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(address + path)
    page.evaluate("document.fonts.ready")
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    context.close()


def test_the_policy_has_nothing_to_complain_about(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    said = complaints(page)
    page.goto(f"{address}/patterns", wait_until="networkidle")
    assert said == []


def places(page: Page) -> list[float]:
    """Where everything on the page stands, from the top."""
    found: list[float] = page.evaluate(
        "[...document.querySelectorAll('main *')].map(e => e.getBoundingClientRect().top)"
    )
    return found


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize(("path", "most"), [("/errors/409", 2.0), ("/patterns", 40.0)])
def test_fonts_that_come_late_move_nothing(
    browser: Browser, address: str, path: str, most: float, width: int
) -> None:
    """The stand-in faces have our widths and lines. On the whole sheet one line may break
    elsewhere, in the narrowest cell of a table; on a page of sentences, none."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    page, held = context.new_page(), list[Route]()

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/*.woff2*", hold)
    page.goto(address + path, wait_until="domcontentloaded")
    wait_until(page, "document.fonts.status === 'loading'")
    before = places(page)
    for route in held:
        route.continue_()
    page.unroute("**/*.woff2*")
    wait_until(page, "document.fonts.status === 'loaded'")
    assert held
    assert page.evaluate("document.fonts.check('17px Commissioner')")
    moved = [abs(now - then) for then, now in zip(before, places(page), strict=True)]
    assert max(moved) <= most
    context.close()


def test_letters_of_names_come_only_where_one_is_shown(
    context: BrowserContext, address: str
) -> None:
    page, asked = context.new_page(), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/errors/404", wait_until="networkidle")
    assert not [url for url in asked if "-names.woff2" in url]
    page.goto(f"{address}/patterns", wait_until="networkidle")
    assert len([url for url in asked if "-names.woff2" in url]) == 2


def test_typed_skills_become_chips_and_stay_words_for_the_server(
    context: BrowserContext, address: str
) -> None:
    page = context.new_page()
    page.goto(f"{address}/patterns")
    line = page.get_by_label("You can help with", exact=True).last
    line.fill("Soldering, python")
    line.press("Enter")
    line.fill("PYTHON,")  # the same skill again, whatever its letters
    kept = page.locator("input[name=skills]")
    assert kept.input_value() == "Illustration, Screen printing, Soldering, python"
    page.get_by_role("button", name="Remove Screen printing").click()
    assert kept.input_value() == "Illustration, Soldering, python"
    line.press("Backspace")
    assert (line.input_value(), kept.input_value()) == ("python", "Illustration, Soldering")


def test_without_scripts_skills_are_a_line_of_words(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/patterns")
    assert page.locator("input[name=skills]").input_value() == "Illustration, Screen printing"
    context.close()


def test_a_countdown_goes_by_the_clock_of_the_server(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    page.goto(f"{address}/patterns")
    left = page.locator("[data-until]")
    left.wait_for()
    wait_until(page, "document.querySelector('[data-until]').textContent !== '9:41'")
    minutes, seconds = left.inner_text().split(":")
    assert 9 * 60 + 20 <= int(minutes) * 60 + int(seconds) <= 9 * 60 + 41

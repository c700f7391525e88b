"""Photograph a running demo, in English, as small pictures for the README."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

IMAGES = Path(__file__).parent.parent / "docs" / "images"
COLOURS = 128
SETTLES = 1_000  # milliseconds: what moves when a page opens has come to rest


class Picture(NamedTuple):
    """A page of the demo, and what its picture is called."""

    name: str
    path: str
    width: int
    height: int


PICTURES = (
    Picture("kiosk", "/demo/kiosk/la-navette", 1280, 800),
    Picture("here", "/demo/as/coworker", 390, 844),
    Picture("map", "/demo/as/company", 1280, 800),
    Picture("desk", "/demo/as/concierge", 1440, 900),
)


def photograph(browser: Browser, address: str, picture: Picture) -> None:
    """Open a page as this role, in English, and keep what is seen without scrolling."""
    page = browser.new_page(viewport={"width": picture.width, "height": picture.height})
    page.goto(address + picture.path)
    page.get_by_role("button", name="English").first.click()
    page.wait_for_load_state()
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(SETTLES)
    seen = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    seen.quantize(COLOURS).save(IMAGES / f"{picture.name}.png", optimize=True)
    page.close()


def main() -> None:
    """Take all of them."""
    address = sys.argv[1].rstrip("/")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for picture in PICTURES:
            photograph(browser, address, picture)
            print(f"{picture.name}.png", flush=True)


if __name__ == "__main__":
    main()

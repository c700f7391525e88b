"""The whole main job once, against the service as it is run: every process, nothing stood in for.

The demo is served on a port of its own; somebody new comes by the door with a phone, the worker
reads their words and suggests, the other says yes, they meet; a company sees counts; the concierge
sees who is here; the night owes each letter once.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import config, kiosks, ledger, suggestions
from serendipity.app import create_app
from serendipity.encounters import Encounter
from serendipity.introductions import Introduction, Side
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.ties import Tie
from tests.browser.conftest import PHONE

STARTS_WITHIN = 60


@dataclass(frozen=True)
class Running:
    """The served demo: its address, its folder, its rows."""

    url: str
    instance: Path

    def session(self) -> Session:
        engine = create_engine(f"sqlite:///{self.instance}/serendipity.sqlite", poolclass=NullPool)
        return Session(engine)

    def command(self, *arguments: str) -> str:
        answer = subprocess.run(
            [sys.executable, "-m", "serendipity", "--instance", str(self.instance), *arguments],
            capture_output=True, text=True, check=True, cwd=config.ROOT, env=_environment(),
        )  # fmt: skip
        return answer.stdout


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path / "log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "serendipity", "demo", "--port", str(port),
         "--instance", str(tmp_path / "demo")],
        stdout=log, stderr=subprocess.STDOUT, cwd=config.ROOT, env=_environment(),
    )  # fmt: skip
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        while f"READY http://127.0.0.1:{port}\n" not in (tmp_path / "log").read_text():
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.1)
        yield Running(f"http://127.0.0.1:{port}", tmp_path / "demo")
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(20)
        log.close()
    assert code == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


def scanned_address(running: Running) -> str:
    """What the newest kiosk's square code says now."""
    with running.session() as session:
        kiosk = session.scalars(select(kiosks.Kiosk).order_by(kiosks.Kiosk.id.desc())).first()
        assert kiosk is not None
        secret = (running.instance / "secret_key").read_text().strip()
        shown = kiosks.door_code(kiosk, secret=secret, at=datetime.now(UTC))
    return f"{running.url}/door/{shown.code}"


def emailed_code(running: Running, address: str) -> str:
    """The six digits, from the letter that the worker delivered."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for path in (running.instance / "mail").glob("*.eml"):
            words = path.read_text("utf-8")
            found = re.search(r"^\s*(\d{3} ?\d{3})\s*$", words, re.M)
            if address in words and found:
                return found[1].replace(" ", "")
        time.sleep(0.2)
    raise AssertionError("no letter with a code came")


def signed_in(running: Running, context: BrowserContext, member: Member) -> Page:
    """A browser in which this member is already signed in."""
    app = create_app(config.load({}, instance=running.instance))
    client = app.test_client()
    with client.session_transaction() as browser:
        browser["_user_id"] = f"{member.public_id}.{member.session_epoch}"
        browser["_fresh"] = True
        browser["language"] = "en"
    cookie = client.get_cookie("serendipity")
    assert cookie is not None
    context.add_cookies([{"name": "serendipity", "value": cookie.value, "url": running.url}])
    return context.new_page()


def partner_of(running: Running, email: str) -> tuple[Member, Introduction]:
    """Whom the engine suggests to the newcomer, once it has looked: a person of the demo."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with running.session() as session:
            me = session.scalars(select(Member).where(Member.email == email)).one()
            for introduction in session.scalars(
                select(Introduction)
                .join(Side, Side.introduction_id == Introduction.id)
                .where(Side.member_id == me.id, Introduction.withdrawn_at.is_(None))
            ):
                others = session.scalars(
                    select(Member)
                    .join(Side, Side.member_id == Member.id)
                    .where(Side.introduction_id == introduction.id, Member.id != me.id)
                ).all()
                if len(others) == 1:
                    session.expunge_all()
                    return others[0], introduction
        time.sleep(0.3)
    raise AssertionError("nobody was suggested")


def test_the_main_job_from_the_door_to_the_night(
    running: Running, desktop: Page, phone: Page, new_context: Callable[..., BrowserContext]
) -> None:
    # The door: a kiosk speaks its lieu's language and shows a code; a phone opens what it says.
    desktop.goto(f"{running.url}/demo/kiosk/la-navette")
    title = "Scannez pour dire que vous êtes là"
    expect(desktop.get_by_role("heading", name=title)).to_be_visible()
    phone.goto(scanned_address(running))
    phone.get_by_role("textbox", name="Your name").fill("Nadia Novak")
    phone.get_by_role("textbox", name="Your email").fill("nadia@example.org")
    phone.get_by_role("textbox", name="You can help with").fill("illustration, copywriting")
    phone.get_by_role("textbox", name="What would help you today?").fill("pricing strategy")
    phone.get_by_role("switch", name="Here today").check()
    phone.get_by_role("switch", name="Introductions by mail").check()
    phone.get_by_role("button", name="I’m here").click()
    phone.get_by_role("textbox", name="Six digits").fill(emailed_code(running, "nadia@example.org"))
    phone.get_by_role("button", name="Enter").click()
    phone.wait_for_url("**/here")

    # The engine reads, looks around, and proposes.
    other, introduction = partner_of(running, "nadia@example.org")
    phone.goto(f"{running.url}/introductions/{introduction.public_id}")
    phone.get_by_role("button", name="I’d like to meet").first.click()
    expect(
        phone.get_by_text("Your yes is kept quiet")
        .or_(phone.get_by_role("heading", name="You both said yes"))
        .first
    ).to_be_visible()

    # Both say yes: names and places.
    context = new_context(viewport=PHONE, is_mobile=True, has_touch=True)
    theirs = signed_in(running, context, other)
    theirs.goto(f"{running.url}/introductions/{introduction.public_id}")
    undo = theirs.get_by_role("button", name="Undo")
    if undo.count():  # the day of the demo was quicker, and said no
        undo.first.click()
        expect(theirs.get_by_role("heading", name="Would you like to meet?")).to_be_visible()
    yes = theirs.get_by_role("button", name="I’d like to meet")
    if yes.count():
        yes.first.click()
    expect(theirs.get_by_role("heading", name="You both said yes")).to_be_visible()
    expect(theirs.get_by_text("Nadia Novak").first).to_be_visible()
    phone.reload()
    expect(phone.get_by_text(other.name).first).to_be_visible()

    # They meet, and both say so: a tie and an answer.
    for page in (phone, theirs):
        page.goto(f"{running.url}/here")
        met = page.get_by_role("button", name="We met, and it helped me").first
        expect(met).to_be_visible()
        met.click()
        expect(page.get_by_text("It counts once you both say so")).to_be_visible()
    with running.session() as session:
        me = session.scalars(select(Member).where(Member.email == "nadia@example.org")).one()
        pair = sorted((me.id, other.id))
        assert session.get(Tie, tuple(pair)) is not None
        encounter = session.scalars(
            select(Encounter).where(Encounter.introduction_id == introduction.id)
        ).one()
        assert encounter.happened_at is not None
        assert ledger.total(session) == 0
        answers = session.scalars(
            select(func.count())
            .select_from(ledger.Transaction)
            .where(ledger.Transaction.key.startswith(f"answer:{encounter.public_id}:"))
        ).one()
        assert answers >= 1

    # A company sees counts from its room, and no name.
    company = new_context(viewport={"width": 1440, "height": 900}).new_page()
    company.goto(f"{running.url}/demo/as/company")
    company.get_by_role("button", name="English").click()
    expect(company.get_by_role("heading", name="Who could help you")).to_be_visible()
    assert "Nadia Novak" not in company.content()

    # The concierge sees who is here.
    concierge = new_context(viewport={"width": 1440, "height": 900}).new_page()
    concierge.goto(f"{running.url}/demo/as/concierge")
    concierge.get_by_role("button", name="English").click()
    expect(concierge.get_by_text("Nadia Novak").first).to_be_visible()

    # The night: each letter once, and the second time nothing.
    tonight = (datetime.now(UTC) + timedelta(hours=1)).date().isoformat()
    running.command("nightly", "--lieu", "la-navette", "--date", tonight)
    owed = _letters(running)
    assert owed > 0
    running.command("nightly", "--lieu", "la-navette", "--date", tonight)
    assert _letters(running) == owed
    with running.session() as session:
        pairs = session.scalar(select(func.count()).select_from(suggestions.SuggestedPair))
        distinct = session.scalar(
            select(func.count()).select_from(
                select(suggestions.SuggestedPair.a_id, suggestions.SuggestedPair.b_id)
                .distinct()
                .subquery()
            )
        )
        assert pairs == distinct


def _letters(running: Running) -> int:
    with running.session() as session:
        return session.scalar(
            select(func.count()).select_from(Letter).where(Letter.kind == "introduction")
        ) or 0  # fmt: skip

"""House rules, one's ledger, telling whom one met, and evidence, as people see them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from serendipity import clock, rules
from serendipity.db import write_transaction
from serendipity.encounters import Encounter
from serendipity.lieux import Lieu
from serendipity.members import Member
from tests.browser.conftest import DESKTOP, PHONE, LiveServer
from tests.evidenced import came_so_far
from tests.rows import a_lieu, on_shift, somebody_here

Look = Callable[[Page, str], None]
Open = Callable[..., Page]
DAY = timedelta(days=1)
PAST = {
    "engine": [3] * 18 + [2] * 7 + [1] * 6 + [0] * 12,
    "memory": [3] * 9 + [1] * 8 + [0] * 14,
}


@pytest.fixture
def ids(live_server: LiveServer) -> dict[str, int]:
    """A lieu with rules and a past, and three people in it; Chloé is on shift and operator."""
    at = clock.now()
    with live_server.session() as session, write_transaction(session):
        lieu = a_lieu(session, name="La Navette", slug="la-navette", opened_at=at - 300 * DAY)
        people = [somebody_here(session, lieu, name, at=at) for name in ("Awa", "Inès", "Chloé")]
        on_shift(session, lieu, people[2], at=at)
        people[2].is_operator = True
        text = {"en": "Wash your cup.\nQuiet after six.", "fr": "Lavez votre tasse."}
        rules.write(session, lieu=lieu, terms=rules.Terms(), text=text, after=0, by=None, at=at)
        for arm, steps in (
            ("engine", [3] * 18 + [2] * 7 + [1] * 6 + [0] * 12),
            ("memory", [3] * 9 + [1] * 8 + [0] * 14),
        ):
            came_so_far(session, lieu, steps, since=at - 120 * DAY, arm=arm, chance=0.45)
        return {one.name: one.id for one in people}


@pytest.fixture
def page_of(
    live_server: LiveServer, ids: dict[str, int], new_context: Callable[..., BrowserContext]
) -> Open:
    """A page of somebody's, signed in."""

    def open_(name: str, path: str, *, phone: bool = True) -> Page:
        with live_server.session() as session:
            member = session.get_one(Member, ids[name])
            key = f"{member.public_id}.{member.session_epoch}"
        client = live_server.app.test_client()
        with client.session_transaction() as browser:
            browser["_user_id"], browser["_fresh"] = key, True
        cookie = client.get_cookie("serendipity")
        assert cookie is not None
        size = {"viewport": PHONE, "is_mobile": True} if phone else {"viewport": DESKTOP}
        context = new_context(**size)
        url = live_server.url
        context.add_cookies([{"name": "serendipity", "value": cookie.value, "url": url}])
        page = context.new_page()
        page.goto(f"{url}{path}")
        return page

    return open_


def test_rules_are_accepted_in_one_line_and_asked_again_when_they_change(
    page_of: Open, looked_at: Look
) -> None:
    awa = page_of("Awa", "/here")
    expect(awa.get_by_text("House rules, version 1: a stay costs one answer.")).to_be_visible()
    looked_at(awa, "rules-line")
    awa.get_by_role("link", name="Read them").click()
    expect(awa.get_by_text("Quiet after six.")).to_be_visible()
    looked_at(awa, "rules")
    awa.get_by_role("button", name="I accept").click()
    expect(awa.get_by_text("Accepted.")).to_be_visible()
    expect(awa.get_by_role("button", name="I accept")).to_have_count(0)

    chloe = page_of("Chloé", "/concierge/la-navette/rules", phone=False)
    chloe.get_by_label("A stay costs").fill("many")
    chloe.get_by_role("button", name="Keep as version 2").click()
    expect(chloe.get_by_text("A whole number from 0 to 100.").first).to_be_visible()
    looked_at(chloe, "rules-edit-error")
    chloe.get_by_label("A stay costs").fill("2")
    chloe.get_by_role("button", name="Keep as version 2").click()
    expect(chloe.get_by_text("Version 2 holds from now on.")).to_be_visible()
    awa.goto(awa.url.split("/lieux")[0] + "/here")
    expect(awa.get_by_text("House rules, version 2: a stay costs 2 answers.")).to_be_visible()


def test_we_met_by_the_coffee_machine(
    live_server: LiveServer, page_of: Open, looked_at: Look
) -> None:
    awa = page_of("Awa", "/here")
    awa.get_by_role("link", name="We met without a suggestion").click()
    looked_at(awa, "tell")
    awa.get_by_role("button", name="We met").click()
    expect(awa.get_by_role("alert")).to_be_visible()
    awa.get_by_text("Inès", exact=True).click()
    awa.get_by_text("They helped me").click()
    awa.get_by_label("What came of it, if you know already").select_option("advice")
    awa.get_by_role("button", name="We met").click()
    expect(awa.get_by_text("Kept. If they say so too")).to_be_visible()
    ines = page_of("Inès", "/here")
    expect(ines.get_by_role("heading", name="Awa says that you met")).to_be_visible()
    looked_at(ines, "told-by-another")
    ines.get_by_role("button", name="We met Awa", exact=True).click()

    awa.get_by_role("link", name="Your ledger").click()
    looked_at(awa, "ledger")
    expect(awa.get_by_text("Informational: what somebody knows")).to_be_visible()
    ines.goto(f"{live_server.url}/me/ledger")
    expect(ines.get_by_text("An answer given")).to_be_visible()
    expect(ines.get_by_role("heading", name="Give on")).to_be_visible()
    looked_at(ines, "ledger-of-a-helper")
    ines.get_by_label("To whom").select_option(label="Awa")
    ines.get_by_role("button", name="Give", exact=True).click()
    expect(ines.get_by_text("Given on.")).to_be_visible()

    awa.goto(f"{live_server.url}/me/ledger")
    awa.get_by_role("link", name="Change Inès").click()
    looked_at(awa, "what-came")
    awa.get_by_role("button", name="A project").click()
    expect(awa.get_by_text("A project")).to_be_visible()
    awa.get_by_role("link", name="Change Inès").click()
    awa.get_by_text("It did not happen after all").click()
    awa.get_by_role("button", name="Take it back").click()
    expect(awa.get_by_text("Taken back:")).to_be_visible()
    expect(awa.get_by_role("link", name="Change Inès")).to_have_count(0)


def test_a_month_later_one_line_asks_what_came_of_it(
    live_server: LiveServer, ids: dict[str, int], page_of: Open, looked_at: Look
) -> None:
    month_ago = clock.now() - 31 * DAY
    low, high = sorted((ids["Awa"], ids["Inès"]))
    with live_server.session() as session, write_transaction(session):
        lieu = session.query(Lieu).one()
        session.add(
            Encounter(
                lieu_id=lieu.id,
                a_id=low,
                b_id=high,
                said_at=month_ago,
                a_confirmed_at=month_ago,
                b_confirmed_at=month_ago,
            )
        )
    awa = page_of("Awa", "/here")
    expect(awa.get_by_text("You met Inès a month ago.")).to_be_visible()
    looked_at(awa, "asked-again")
    awa.get_by_role("link", name="Say what came of it").click()
    awa.get_by_role("button", name="Nothing, and that is fine").click()
    awa.goto(f"{live_server.url}/here")
    expect(awa.get_by_text("a month ago")).to_have_count(0)


def test_evidence_for_the_concierge_the_operator_and_for_everybody(
    live_server: LiveServer, page_of: Open, looked_at: Look
) -> None:
    chloe = page_of("Chloé", "/concierge/la-navette/", phone=False)
    chloe.get_by_role("link", name="Ledger").click()
    looked_at(chloe, "commons")
    chloe.get_by_role("link", name="Evidence").click()
    expect(chloe.get_by_role("heading", name="Step by step")).to_be_visible()
    looked_at(chloe, "evidence")
    public = f"{live_server.url}/lieux/la-navette/evidence"
    stranger = page_of("Awa", "/lieux/la-navette", phone=True)
    assert stranger.goto(public).status == 404  # type: ignore[union-attr]
    chloe.get_by_role("button", name="Show it to everybody").click()
    expect(chloe.get_by_text("Everybody may read it now.")).to_be_visible()
    stranger.goto(f"{live_server.url}/lieux/la-navette")
    stranger.get_by_role("link", name="What La Navette makes happen").click()
    expect(stranger.get_by_role("heading", name="What La Navette makes happen")).to_be_visible()
    looked_at(stranger, "evidence-public")
    operator = page_of("Chloé", "/operator/evidence", phone=False)
    expect(operator.get_by_role("heading", name="Lieu by lieu")).to_be_visible()
    looked_at(operator, "evidence-network")

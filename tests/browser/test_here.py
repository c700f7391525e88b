"""The room on two phones: suggested, two yeses, names, "we met"; a call; focus, hiding, leaving."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import func, select, update

from serendipity import calls, clock, ledger, presence, skills, suggestions, ties
from serendipity.calls import Call
from serendipity.db import write_transaction
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.suggestions import Round
from tests.browser.conftest import PHONE, LiveServer, phone_signed_in
from tests.rows import a_lieu
from tests.woven import skilled

Look = Callable[[Page, str], None]
Open = Callable[[str], Page]


@pytest.fixture
def people(live_server: LiveServer) -> dict[str, int]:
    """A lieu with four people in it, of whom Karim does not show himself."""
    at = clock.now()
    with live_server.session() as session, write_transaction(session):
        lieu = a_lieu(session, name="La Navette")
        made = [
            skilled(
                session, lieu, "Awa Diallo", can=["Illustration"], wants="Pricing strategy", at=at
            ),
            skilled(session, lieu, "Inès Morel", can=["Pricing strategy"], at=at),
            skilled(
                session,
                lieu,
                "Karim Benali",
                can=["Laser cutting"],
                wants="Illustration",
                at=at,
                here_today=False,
            ),
            skilled(session, lieu, "Łukasz Nowak", can=["Mending sewing machines"], at=at),
        ]
        third = skilled(session, lieu, "Mieke Peeters", can=["Bread"], at=at)
        for one in made[:2]:
            ties.strengthen(session, one_id=one.id, other_id=third.id, at=at - timedelta(days=5))
        presence.sit(session, member_id=made[1].id, place="long table", at=at)
        return {member.name.split()[0]: member.id for member in made}


@pytest.fixture
def phone_of(
    live_server: LiveServer, people: dict[str, int], new_context: Callable[..., BrowserContext]
) -> Open:
    """Somebody's phone, signed in and at /here."""

    def open_(name: str) -> Page:
        page = phone_signed_in(live_server, new_context, people[name])
        page.goto(f"{live_server.url}/here")
        return page

    return open_


def run_round(live_server: LiveServer) -> None:
    with live_server.session() as session, write_transaction(session):
        lieu = session.scalars(select(Lieu)).one()
        suggestions.run_round(session, lieu=lieu, at=clock.now())


def test_looking_around_then_two_yeses_then_we_met(
    live_server: LiveServer, people: dict[str, int], phone_of: Open, looked_at: Look
) -> None:
    with live_server.session() as session, write_transaction(session):
        session.execute(update(presence.Presence).values(confirmed_at=clock.now()))
    awa = phone_of("Awa")
    expect(awa.locator("#now").get_by_text("Looking around the room…").first).to_be_visible()
    looked_at(awa, "here-looking")
    run_round(live_server)
    # The page finds out by itself, without being reloaded.
    expect(awa.get_by_text("answers questions about")).to_be_visible(timeout=15_000)
    expect(awa.locator("#now")).to_contain_text("You both know Mieke Peeters.")
    expect(awa.locator("#now")).to_contain_text("Somebody here asks about Illustration")
    looked_at(awa, "here-suggestions")
    ines_slip = awa.get_by_role("article").filter(has_text="answers questions about")
    ines_slip.get_by_role("button", name="I’d like to meet").press("Enter")
    expect(awa.get_by_text("Your yes is kept quiet.")).to_be_visible()
    expect(ines_slip.get_by_text("You said yes")).to_be_visible()
    looked_at(awa, "here-one-yes")

    ines = phone_of("Inès")
    expect(ines.get_by_text("asks about")).to_be_visible()
    expect(ines.locator("body")).not_to_contain_text("said yes")
    ines.get_by_role("article").filter(has_text="asks about").get_by_role(
        "button", name="I’d like to meet"
    ).press("Enter")
    expect(ines.get_by_role("heading", name="Meet Awa Diallo")).to_be_visible()
    awa.reload()
    expect(awa.get_by_role("heading", name="Meet Inès Morel")).to_be_visible()
    meet = awa.get_by_role("article").filter(has_text="Meet Inès Morel")
    expect(meet.get_by_text("long table")).to_be_visible()
    expect(meet.get_by_text("“I hear you know about Pricing strategy.”")).to_be_visible()
    looked_at(awa, "here-two-yeses")

    meet.get_by_role("button", name="We met, and it helped me").press("Enter")
    expect(awa.get_by_text("You said that you met")).to_be_visible()
    ines.reload()
    ines.get_by_role("button", name="We met Awa Diallo", exact=True).press("Enter")
    expect(ines.get_by_text("One answer given")).to_be_visible()
    awa.reload()
    expect(awa.get_by_text("One received")).to_be_visible()
    looked_at(ines, "here-met")
    with live_server.session() as session:
        account = ledger.account_of(session, member_id=people["Inès"])
        assert ledger.balance(session, account) == 1
        assert ledger.total(session) == 0
        assert ties.tie_of(session, one_id=people["Awa"], other_id=people["Inès"]) is not None


def test_names_stay_away_from_the_unnamed_until_both_said_yes(
    live_server: LiveServer, phone_of: Open, looked_at: Look
) -> None:
    run_round(live_server)
    awa, karim = phone_of("Awa"), phone_of("Karim")
    unnamed = awa.get_by_role("article").filter(has_text="Somebody here asks about")
    expect(unnamed.get_by_text("name after two yeses")).to_be_visible()
    expect(karim.locator("body")).not_to_contain_text("Awa Diallo")
    expect(karim.get_by_text("You chose not to be seen here, so you see no names.")).to_be_visible()
    looked_at(karim, "here-unseen")
    unnamed.get_by_role("button", name="I’d like to meet").press("Enter")
    karim.get_by_role("article").filter(has_text="Somebody here can help with").get_by_role(
        "button", name="I’d like to meet"
    ).press("Enter")
    expect(karim.get_by_role("heading", name="Meet Awa Diallo")).to_be_visible()
    awa.reload()
    expect(awa.get_by_role("heading", name="Meet Karim Benali")).to_be_visible()


def test_a_call_finds_its_answer(
    live_server: LiveServer, people: dict[str, int], phone_of: Open, looked_at: Look
) -> None:
    run_round(live_server)
    awa, karim = phone_of("Awa"), phone_of("Karim")
    awa.get_by_label("What are you stuck on?").fill("laser cutting")
    awa.get_by_role("button", name="Ask the room").press("Enter")
    expect(awa.get_by_text("It goes to one person at a time, without your name.")).to_be_visible()
    with live_server.session() as session, write_transaction(session):
        session.execute(update(Call).values(read_at=clock.now()))
        assert calls.pass_on(session, at=clock.now()) == 1
    karim.reload()
    expect(karim.get_by_role("heading", name="Ten minutes on this? laser cutting")).to_be_visible()
    looked_at(karim, "here-called")
    karim.get_by_role("button", name="Yes, tell them who I am").press("Enter")
    expect(karim.get_by_text("They know now who you are.")).to_be_visible()
    awa.reload()
    expect(awa.get_by_text("Karim Benali said yes. Go and find them.")).to_be_visible()
    looked_at(awa, "here-answered")


def test_a_circle_is_called_and_sits_down(
    live_server: LiveServer, people: dict[str, int], phone_of: Open, looked_at: Look
) -> None:
    at = clock.now()
    with live_server.session() as session, write_transaction(session):
        for name in ("Inès", "Karim", "Łukasz"):
            skills.add(session, member_id=people[name], words=["Bread"], language="en", at=at)
    awa = phone_of("Awa")
    awa.get_by_label("What are you stuck on?").fill("bread")
    awa.get_by_role("radio", name="A circle").focus()
    awa.keyboard.press("Space")
    awa.get_by_role("button", name="Ask the room").focus()
    awa.keyboard.press("Enter")
    expect(awa.get_by_text("It goes to a few people, without your name.")).to_be_visible()
    with live_server.session() as session, write_transaction(session):
        session.execute(update(Call).values(read_at=clock.now()))
        assert calls.pass_on(session, at=clock.now()) >= 3
    for name in ("Karim", "Inès"):
        one = phone_of(name)
        expect(one.get_by_text("Call for a circle")).to_be_visible()
        if name == "Karim":
            looked_at(one, "here-circle-called")
        one.get_by_role("button", name="Yes, I’ll come").focus()
        one.keyboard.press("Enter")
        expect(one.get_by_text("They know now who you are.")).to_be_visible()
    awa.reload()
    expect(awa.get_by_text("Karim Benali said yes. Go and find them.")).to_be_visible()
    expect(awa.get_by_text("Inès Morel said yes. Go and find them.")).to_be_visible()
    looked_at(awa, "here-circle")
    awa.get_by_role("button", name="That is enough").focus()
    awa.keyboard.press("Enter")
    expect(awa.get_by_role("button", name="That is enough")).to_have_count(0)
    expect(awa.get_by_role("heading", name="Meet Karim Benali")).to_be_visible()
    lukasz = phone_of("Łukasz")
    expect(lukasz.locator("#now")).not_to_contain_text("Call for a circle")


def test_not_now_undo_focus_hide_and_leave_by_keyboard(
    live_server: LiveServer, people: dict[str, int], phone_of: Open, looked_at: Look
) -> None:
    run_round(live_server)
    awa = phone_of("Awa")

    def press(name: str) -> None:
        awa.get_by_role("button", name=name).first.focus()
        awa.keyboard.press("Enter")

    press("Not now Inès Morel")
    expect(awa.get_by_text("Not now. Nobody is told.")).to_be_visible()
    awa.locator("summary", has_text="Not now, said today").focus()
    awa.keyboard.press("Enter")
    press("Undo Inès Morel")
    expect(awa.get_by_text("answers questions about")).to_be_visible()
    press("Focus for an hour")
    expect(awa.get_by_text("Nobody is suggested to you, and nobody asks you.")).to_be_visible()
    press("Open again")
    press("Hide me")
    expect(
        awa.get_by_text("You are hidden for this stay. You see no names either.")
    ).to_be_visible()
    expect(awa.locator("#now")).not_to_contain_text("Inès")
    looked_at(awa, "here-hidden")
    press("Show me")
    press("Leave")
    expect(awa.get_by_role("heading", name="You are not checked in")).to_be_visible()
    looked_at(awa, "here-away")
    with live_server.session() as session:
        assert presence.of(session, member_id=people["Awa"], at=clock.now()) is None


def test_it_works_without_scripts(
    live_server: LiveServer,
    people: dict[str, int],
    phone_of: Open,
    new_context: Callable[..., BrowserContext],
) -> None:
    cookies = phone_of("Awa").context.cookies()
    run_round(live_server)
    context = new_context(java_script_enabled=False, viewport=PHONE)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    awa = context.new_page()
    awa.goto(f"{live_server.url}/here")
    awa.get_by_role("article").filter(has_text="answers questions about").get_by_role(
        "button", name="I’d like to meet"
    ).press("Enter")
    expect(awa.get_by_text("You said yes").first).to_be_visible()
    with live_server.session() as session:
        assert session.scalar(select(func.count()).select_from(Round)) == 1


def test_everything_about_me_and_being_forgotten(
    live_server: LiveServer, people: dict[str, int], phone_of: Open, looked_at: Look
) -> None:
    run_round(live_server)
    awa = phone_of("Awa")
    awa.get_by_role("link", name="Everything about me").click()
    expect(awa.get_by_role("heading", name="Awa Diallo")).to_be_visible()
    looked_at(awa, "me")
    awa.get_by_role("switch", name="Here today").uncheck()
    awa.get_by_role("button", name="Keep my choices at La Navette").press("Enter")
    expect(awa.get_by_role("switch", name="Here today")).not_to_be_checked()
    with awa.expect_download() as download:
        awa.get_by_role("link", name="Take everything with me").click()
    assert download.value.suggested_filename == "serendipity.json"
    awa.get_by_role("link", name="Have me forgotten").click()
    looked_at(awa, "erase")
    awa.get_by_role("button", name="Forget me").press("Enter")
    expect(awa.get_by_role("alert")).to_contain_text("nothing was changed")
    awa.get_by_role("checkbox", name="Yes, forget me").check()
    awa.get_by_role("button", name="Forget me").press("Enter")
    expect(awa.get_by_text("Forgotten. Thank you for having been here.")).to_be_visible()
    with live_server.session() as session:
        assert session.get_one(Member, people["Awa"]).erased_at is not None


def test_the_page_behind_a_letters_link(
    live_server: LiveServer, people: dict[str, int], phone_of: Open, looked_at: Look
) -> None:
    at = clock.now()
    with live_server.session() as session, write_transaction(session):
        lieu = session.scalars(select(Lieu)).one()
        made = suggestions.run_round(session, lieu=lieu, at=at, kind="night")
        offered = [one.introduction for one in made.suggestions if one.introduction]
        mine = next(one for one in offered if people["Awa"] in {s.member_id for s in one.sides})
        address = f"/introductions/{mine.public_id}"
    awa = phone_of("Awa")
    awa.goto(live_server.url + address)
    expect(awa.get_by_role("heading", name="Would you like to meet?")).to_be_visible()
    looked_at(awa, "introduction")
    awa.get_by_role("button", name="Not now").press("Enter")
    expect(awa.get_by_role("heading", name="Not this time")).to_be_visible()
    awa.get_by_role("button", name="Undo").press("Enter")
    expect(awa.get_by_role("heading", name="Would you like to meet?")).to_be_visible()

"""A concierge's day in a real browser, from the shift taken to the shift handed over."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from sqlalchemy.orm import Session

from serendipity import ledger, needs, setup, shifts
from serendipity.db import write_transaction
from serendipity.encounters import Encounter
from serendipity.lieux import Lieu, Moment
from serendipity.members import Member
from serendipity.presence import Presence
from serendipity.shifts import Shift
from serendipity.ties import Tie
from tests.browser.conftest import DESKTOP, LiveServer, let_pass, phone_signed_in
from tests.conftest import NOON
from tests.half_said import half_said
from tests.rows import a_lieu, a_member, somebody_here
from tests.weaving import a_suggestion

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NAMES = (
    "Maud Roy", "Gaëlle Petit", "Clémence Hardy", "Inès Morel", "Karim Saïd", "Sofia Lindt",
    "Hélène Dujardin", "Noé Petit", "Łukasz Nowak", "Paul-Émile Roux", "Malik Ba", "Awa Diallo",
    "Théo Vidal", "Younes Haddad", "Jeanne Martin", "Aïcha Benali",
)  # fmt: skip
TIES = (
    (0, 1), (0, 2), (1, 2), (2, 3), (0, 3), (3, 4), (5, 6), (6, 7), (5, 7), (8, 9), (9, 10),
    (8, 10), (10, 11), (12, 14), (0, 14),
)  # fmt: skip
MET = ((0, 12), (5, 10), (2, 7))
IDEAS = ((11, 3, "pricing"), (13, 1, "employment law"), (6, 12, "data cleaning"))


def a_day(session: Session) -> None:
    """La Navette at noon: sixteen people, their ties, three ideas, one who only declared."""
    lieu = a_lieu(session, slug="navette", name="La Navette", city="Lyon")
    session.add(Moment(lieu_id=lieu.id, weekday=3, starts=480, ends=1020, name="Coworking"))
    session.add(Moment(lieu_id=lieu.id, weekday=3, starts=1020, ends=1140, name="AMAP"))
    bertille = a_member(session, "Bertille Gast", email="bertille@example.org")
    shifts.name_concierge(session, lieu_id=lieu.id, member_id=bertille.id, at=NOON)
    people = [somebody_here(session, lieu, name) for name in NAMES]
    for member in people[:14]:
        been_here(session, lieu, member)
    for a, b in TIES:
        tied(session, people[a], people[b], weeks=2)
    for a, b in MET:
        met(session, lieu, people[a], people[b])
    for score, (a, b, need) in enumerate(reversed(IDEAS), start=1):
        a_suggestion(
            session, lieu, people[a], people[b], score=float(score),
            reasons=[helps(people[a], people[b], need)],
        )  # fmt: skip
    declared = session.query(Presence).filter_by(member_id=people[10].id, ended_at=None).one()
    declared.confirmed_at = None
    focused = session.query(Presence).filter_by(member_id=people[9].id, ended_at=None).one()
    focused.focus_until = NOON + 3 * HOUR
    waits(session, lieu, people[4], "someone for a logo")
    faded(session, lieu)


def been_here(session: Session, lieu: Lieu, member: Member) -> None:
    for days in (2, 3, 4):
        session.add(
            Presence(
                member_id=member.id,
                lieu_id=lieu.id,
                started_at=NOON - days * DAY,
                until=NOON - days * DAY + HOUR,
                ended_at=NOON - days * DAY + HOUR,
                how_in="qr",
                how_out="left",
                confirmed_at=NOON - days * DAY,
            )  # fmt: skip
        )
    session.flush()


def tied(session: Session, a: Member, b: Member, *, weeks: int) -> None:
    low, high = sorted((a.id, b.id))
    last = NOON - timedelta(weeks=weeks)
    session.add(Tie(a_id=low, b_id=high, first_at=last, last_at=last))
    session.flush()


def met(session: Session, lieu: Lieu, a: Member, b: Member) -> None:
    low, high = sorted((a.id, b.id))
    session.add(
        Encounter(
            lieu_id=lieu.id,
            a_id=low,
            b_id=high,
            said_at=NOON - HOUR,
            outcome="project",
            a_confirmed_at=NOON - HOUR,
            b_confirmed_at=NOON - HOUR,
        )  # fmt: skip
    )
    session.flush()


def helps(receiver: Member, giver: Member, need: str) -> dict[str, object]:
    facts = {"giver": giver.id, "receiver": receiver.id, "need": need, "skill": need}
    return {"code": "helps_with", "facts": facts}


def waits(session: Session, lieu: Lieu, member: Member, words: str) -> None:
    stay = session.query(Presence).filter_by(member_id=member.id, ended_at=None).one()
    needs.say(
        session, member_id=member.id, lieu_id=lieu.id, presence_id=stay.id, words=words,
        language="en", at=NOON - HOUR, expires_at=NOON + 9 * HOUR,
    )  # fmt: skip


def faded(session: Session, lieu: Lieu) -> None:
    """Two who met nine weeks ago and still come, not today."""
    pair = [a_member(session, name) for name in ("Tom Leroy", "Zoé Blanc")]
    for member in pair:
        been_here(session, lieu, member)
    tied(session, *pair, weeks=9)


@pytest.fixture
def bertille(live_server: LiveServer, new_context: Callable[..., BrowserContext]) -> Page:
    """A desktop browser in which the concierge of La Navette is signed in."""
    with live_server.session() as session, write_transaction(session):
        a_day(session)
    return signed_in(live_server, new_context, "bertille@example.org")


def signed_in(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], email: str
) -> Page:
    with live_server.session() as session:
        member = session.query(Member).filter_by(email=email).one()
        key = f"{member.public_id}.{member.session_epoch}"
    signer = live_server.app.session_interface.get_signing_serializer(live_server.app)
    assert signer is not None
    context = new_context(viewport=DESKTOP)
    cookie = {"name": "serendipity", "url": live_server.url}
    context.add_cookies([{**cookie, "value": signer.dumps({"_user_id": key, "_fresh": True})}])
    return context.new_page()


def test_a_concierges_day(
    bertille: Page,
    live_server: LiveServer,
    new_context: Callable[..., BrowserContext],
    looked_at: Callable[[Page, str], None],
) -> None:
    page = bertille
    page.goto(f"{live_server.url}/concierge/")
    looked_at(page, "concierge-choose")
    page.get_by_role("button", name="Take the shift").click()
    expect(page.get_by_role("heading", name="Veilleuse")).to_be_visible()
    looked_at(page, "concierge")
    desk = page.url

    settle = page.get_by_role("region", name="To settle")
    settle.get_by_role("button", name="Here : Malik Ba").click()
    expect(page.get_by_text("Confirmed: they are here.")).to_be_visible()
    with live_server.session() as session:
        malik = session.query(Member).filter_by(name="Malik Ba").one()
        assert ledger.promised(session, member_id=malik.id, lieu_id=1) == 1

    post = page.get_by_role("region", name="Facteur introductions to carry")
    expect(post).to_contain_text("Awa asks for “pricing”; Inès knows pricing.")
    post.get_by_role("button", name="Offer now : Inès and Awa").click()
    expect(page.get_by_text("Offered: it comes first on their screens")).to_be_visible()
    expect(post).to_contain_text("Offered at")
    looked_at(page, "concierge-offered")
    with live_server.session() as session:
        awa = session.query(Member).filter_by(name="Awa Diallo").one().id
    theirs = phone_signed_in(live_server, new_context, awa)
    theirs.goto(f"{live_server.url}/here")
    expect(
        theirs.get_by_text("Bertille Gast, at the desk, would like you to meet.")
    ).to_be_visible()
    looked_at(theirs, "here-offered")
    post.get_by_role("button", name="In person : Inès and Awa").click()
    expect(page.get_by_text("Introduced.")).to_be_visible()
    expect(post).not_to_contain_text("pricing")

    page.get_by_role("link", name="No phone").click()
    page.get_by_label("Name").fill("Jeannette Blé")
    page.get_by_label("Email").fill("jeannette@")
    page.get_by_label("Can help with").fill("sewing")
    page.get_by_role("button", name="Check them in").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not an email address yet.")
    looked_at(page, "concierge-no-phone")
    page.get_by_label("Email").fill("jeannette@example.org")
    page.get_by_role("button", name="Check them in").click()
    expect(page.get_by_text("Jeannette Blé is checked in.")).to_be_visible()
    page.get_by_role("link", name="All 17 people").click()
    expect(page.get_by_role("row", name="Jeannette Blé")).to_be_visible()
    looked_at(page, "concierge-people")

    page.goto(f"{desk}kiosks")
    page.get_by_label("Where will the new screen stand?").fill("Front door")
    page.get_by_role("button", name="Pair a screen").click()
    expect(page.locator("#pairing-code")).to_be_visible()
    looked_at(page, "concierge-screens")

    page.goto(f"{desk}hand-over")
    page.get_by_label("What should the next concierge know?").fill("All fine")
    page.get_by_role("button", name="Hand over").click()
    expect(page.get_by_role("alert")).to_contain_text("At least 3 words")
    looked_at(page, "concierge-hand-over")
    page.get_by_label("What should the next concierge know?").fill(
        "The thermal camera is in the blue crate.\nJeannette would like to be shown around."
    )
    page.get_by_role("button", name="Hand over").click()
    expect(page.get_by_text("Handed over. Thank you for being here.")).to_be_visible()
    answer = page.goto(desk)
    assert answer is not None
    assert answer.status == 404


def reached(page: Page, where: Locator) -> Locator:
    """Go there with the Tab key from wherever the focus is, as one does without a mouse."""
    expect(where).to_be_visible()
    for _ in range(150):
        page.keyboard.press("Tab")
        if where.evaluate("element => element === document.activeElement"):
            return where
    raise AssertionError(f"Tab does not lead to {where}")


def press(page: Page, role: Literal["button", "link"], name: str) -> None:
    reached(page, page.get_by_role(role, name=name))
    page.keyboard.press("Enter")


def write(page: Page, label: str, words: str) -> None:
    reached(page, page.get_by_label(label))
    page.keyboard.type(words)


def test_a_concierges_day_by_keyboard_alone(
    bertille: Page,
    live_server: LiveServer,
    new_context: Callable[..., BrowserContext],
    looked_at: Callable[[Page, str], None],
) -> None:
    page = bertille
    with live_server.session() as session, write_transaction(session):
        lieu = session.query(Lieu).one()
        pair = [session.query(Member).filter_by(name=name).one() for name in NAMES[13:15]]
        met = half_said(session, lieu, *pair, origin="introduction", at=NOON)
        silent, question = pair[1].id, f"{live_server.url}/encounters/{met.public_id}"
    page.goto(f"{live_server.url}/concierge/")
    press(page, "button", "Take the shift")
    expect(page.get_by_role("heading", name="Veilleuse")).to_be_visible()

    press(page, "button", "Here : Malik Ba")
    expect(page.get_by_text("Confirmed: they are here.")).to_be_visible()

    settle = page.get_by_role("region", name="To settle")
    expect(settle).to_contain_text("one of them says so")
    press(page, "button", "Ask : Younes Haddad and Jeanne Martin")
    expect(settle).to_contain_text("the other is asked")
    theirs = phone_signed_in(live_server, new_context, silent)
    theirs.goto(question)
    looked_at(theirs, "did-you-meet")
    theirs.get_by_role("button", name="We met", exact=False).last.click()
    expect(theirs.get_by_text("Thank you. It counts once you both say so.")).to_be_visible()

    press(page, "button", "Offer now : Inès and Awa")
    expect(page.get_by_text("Offered: it comes first on their screens")).to_be_visible()
    press(page, "link", "More choices : Inès and Awa")
    expect(page.get_by_label("To Awa Diallo")).to_be_visible()
    press(page, "button", "Introduced in person")
    expect(page.get_by_text("Introduced. Both can now say")).to_be_visible()

    press(page, "link", "Write about Maud Roy and Théo Vidal")
    write(page, "Title", "The chair that stands again")
    write(page, "The story", "Théo had a chair. Maud Roy knew how.")
    press(page, "button", "Keep the draft")
    expect(page.get_by_text("Nobody was asked yet.")).to_be_visible()
    press(page, "link", "Stories")
    looked_at(page, "concierge-stories")
    press(page, "link", "Back to the desk")

    press(page, "link", "Write yours")
    write(page, "What should the next concierge know?", "The camera is in the blue crate.")
    press(page, "button", "Hand over")
    expect(page.get_by_text("Handed over. Thank you for being here.")).to_be_visible()


def test_a_story_is_written_asked_about_and_told(
    bertille: Page,
    live_server: LiveServer,
    new_context: Callable[..., BrowserContext],
    looked_at: Callable[[Page, str], None],
) -> None:
    page = bertille
    page.goto(f"{live_server.url}/concierge/")
    page.get_by_role("button", name="Take the shift").click()
    write = page.get_by_role("region", name="Scribe")
    write.get_by_role("link", name="Write about Maud Roy and Théo Vidal").click()
    page.get_by_label("Title").fill("The chair that stands again")
    page.get_by_label("The story").fill("Karim Saïd had a chair. Maud Roy knew how.")
    page.get_by_label("Karim Saïd").uncheck()
    page.get_by_role("button", name="Keep the draft").click()
    expect(page.get_by_role("alert")).to_contain_text("Karim Saïd is named in these words")
    expect(page.get_by_label("Théo Vidal")).to_be_checked()
    looked_at(page, "concierge-story")
    page.get_by_label("The story").fill("Théo had a chair. Maud Roy knew how.")
    page.get_by_role("button", name="Keep the draft").click()
    expect(page.get_by_text("Nobody was asked yet.")).to_be_visible()
    page.get_by_role("button", name="Ask them, by letter").click()
    expect(page.get_by_text("2 yeses are missing.")).to_be_visible()
    looked_at(page, "concierge-story-sheet")
    sheet = page.url

    for name in ("Maud Roy", "Théo Vidal"):
        with live_server.session() as session:
            member = session.query(Member).filter_by(name=name).one().id
        theirs = phone_signed_in(live_server, new_context, member)
        theirs.goto(f"{live_server.url}/stories")
        theirs.get_by_role("link", name="The chair that stands again").click()
        looked_at(theirs, "story-asked")
        theirs.get_by_role("button", name="Yes, tell it").click()
        expect(theirs.get_by_text("You said yes.")).to_be_visible()

    page.goto(sheet)
    page.get_by_role("button", name="Tell it").click()
    page.get_by_role("link", name="Read it there").click()
    expect(page.get_by_role("heading", name="The chair that stands again")).to_be_visible()
    looked_at(page, "public-stories")
    theirs.get_by_role("button", name="Take my yes back").click()
    expect(theirs.get_by_text("You said no.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("No story is told yet.")).to_be_visible()


def test_an_idea_is_looked_at_closely_and_somebody_else_takes_a_place(
    bertille: Page, live_server: LiveServer, looked_at: Callable[[Page, str], None]
) -> None:
    page = bertille
    page.goto(f"{live_server.url}/concierge/")
    page.get_by_role("button", name="Take the shift").click()
    page.get_by_role("link", name="More choices : Inès and Awa").click()
    words = page.get_by_label("To Awa Diallo")
    expect(words).to_have_value(re.compile("Bonjour|Hello"))
    assert "Inès" not in words.input_value()
    looked_at(page, "concierge-carry")
    instead = page.get_by_label("Awa Diallo, and instead of Inès Morel")
    instead.select_option("Théo Vidal")
    page.get_by_role("button", name="Swap instead of Inès Morel").click()
    expect(page.get_by_text("A new idea for the two.")).to_be_visible()
    post = page.get_by_role("region", name="Facteur introductions to carry")
    expect(post).to_contain_text("A concierge thought of these two.")


def test_the_rota_is_planned_and_a_time_is_let_go_by_keyboard_alone(
    bertille: Page, live_server: LiveServer, looked_at: Callable[[Page, str], None]
) -> None:
    page = bertille
    page.goto(f"{live_server.url}/concierge/")
    page.get_by_role("link", name="The rota").click()
    looked_at(page, "concierge-rota-empty")
    page.get_by_label("Day", exact=True).fill("2026-03-27")
    page.get_by_role("button", name="I come").focus()
    page.keyboard.press("Enter")
    row = page.get_by_role("row", name="Friday 27 March")
    expect(row).to_contain_text("Bertille Gast")
    page.get_by_role("button", name="I cannot come").focus()
    page.keyboard.press("Enter")
    expect(row).to_contain_text("Somebody is looked for")
    looked_at(page, "concierge-rota")
    page.get_by_label("Day", exact=True).fill("2026-03-20")
    page.get_by_role("button", name="I come", exact=True).last.click()
    expect(page.get_by_text("still to come").first).to_be_visible()


def test_the_desk_refreshes_without_moving_the_focus_or_closing_the_list(
    bertille: Page, live_server: LiveServer
) -> None:
    page = bertille
    page.clock.install()
    page.goto(f"{live_server.url}/concierge/")
    page.get_by_role("button", name="Take the shift").click()
    page.get_by_text("The same as a list").click()
    later = page.get_by_role("button", name="Later : Gaëlle and Younes")
    later.focus()
    focused = page.evaluate("document.activeElement.id")
    with live_server.session() as session, write_transaction(session):
        lieu = session.query(Lieu).one()
        somebody_here(session, lieu, "Zora Neuve")
    let_pass(page, 11_000)
    expect(page.get_by_role("link", name="All 17 people")).to_be_visible()
    assert page.evaluate("document.activeElement.id") == focused
    expect(page.locator("#weave-list")).to_be_visible()
    expect(page.locator("#weave")).to_contain_text("Zora")


def test_an_open_desk_empties_itself_when_the_shift_has_ended(
    bertille: Page, live_server: LiveServer
) -> None:
    page = bertille
    page.clock.install()
    page.goto(f"{live_server.url}/concierge/")
    page.get_by_role("button", name="Take the shift").click()
    expect(page.get_by_text("Awa Diallo").first).to_be_visible()
    with live_server.session() as session, write_transaction(session):
        shift = session.query(Shift).one()
        shift.ended_at = shift.started_at
    let_pass(page, 11_000)
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    assert "Awa" not in page.content()


def test_the_first_set_up_and_the_operators_pages(
    desktop: Page, live_server: LiveServer, looked_at: Callable[[Page, str], None]
) -> None:
    page = desktop
    with live_server.session() as session, write_transaction(session):
        token = setup.make_token(session, at=NOON)
    page.goto(f"{live_server.url}/set-up/{token}")
    looked_at(page, "setup-you")
    page.get_by_label("Your name").fill("Maud Perrin")
    page.get_by_label("Your email").fill("maud@example.org")
    page.get_by_role("button", name="Next: the lieu").click()
    page.get_by_label("Name").fill("La Navette")
    page.get_by_label("City").fill("Lyon")
    page.get_by_label("SIRET").fill("849 201 337 0001")
    page.get_by_role("button", name="Next: its hours").click()
    expect(page.get_by_role("alert")).to_contain_text("13 digits so far; a SIRET has 14.")
    looked_at(page, "setup-lieu")
    page.get_by_label("SIRET").fill("")
    page.get_by_role("button", name="Next: its hours").click()
    looked_at(page, "setup-hours")
    page.get_by_role("button", name="Open the doors").click()
    expect(page.get_by_text("All set.")).to_be_visible()
    looked_at(page, "operator")
    page.get_by_role("link", name="Change La Navette").click()
    looked_at(page, "operator-lieu")
    for name in ("Health", "Letters"):
        page.get_by_role("link", name=name).click()
        looked_at(page, f"operator-{name.lower()}")
    page.get_by_role("link", name="as a page : Introduction, Français").click()
    expect(page.locator("body")).to_contain_text("La Navette")
    page.goto(f"{live_server.url}/concierge/")
    expect(page.get_by_role("button", name="Take the shift")).to_be_visible()

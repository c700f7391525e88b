"""The coworker's pages: what one sees of others, what answers are answered with, and `/me`."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from serendipity import (
    calls,
    consent,
    introductions,
    ledger,
    members,
    needs,
    presence,
    skills,
    suggestions,
    ties,
)
from serendipity.calls import Call, CallAsked
from serendipity.db import write_transaction
from serendipity.encounters import Encounter
from serendipity.introductions import Side
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.presence import Presence
from serendipity.skills import Concept, MemberSkill
from tests.conftest import NOON, Clock
from tests.pages import beside, rows, send
from tests.rows import a_lieu, a_member, signed_in, somebody_here
from tests.woven import an_introduction, helps, skilled

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("held_clock")


class House:
    """A lieu with Awa and Karim in it, each with a browser, and an introduction between them."""

    def __init__(self, app: Flask, **consents: bool) -> None:
        self.app = app
        with self.rows() as session:
            lieu = a_lieu(session, name="La Navette")
            awa = skilled(session, lieu, "Awa Diallo", can=["illustration"], wants="pricing")
            karim = skilled(session, lieu, "Karim Benali", can=["pricing"], **consents)
            presence.sit(session, member_id=karim.id, place="long table", at=NOON)
            offered = an_introduction(session, lieu, awa, karim, reasons=[helps(karim, awa)])
            self.lieu_id, self.awa_id, self.karim_id = lieu.id, awa.id, karim.id
            self.introduction = f"/introductions/{offered.public_id}"
            self.public_id = offered.public_id
        self.awa, self.karim = self.browser(self.awa_id), self.browser(self.karim_id)

    def rows(self) -> Any:
        return _written(self.app)

    def browser(self, member_id: int) -> FlaskClient:
        with beside(self.app) as session:
            return signed_in(self.app.test_client(), session.get_one(Member, member_id))

    def agree(self) -> str:
        """Both say yes; the encounter's address."""
        for client in (self.awa, self.karim):
            assert send(client, self.introduction, "/here", answer="yes").status_code == 303
        with beside(self.app) as session:
            return f"/encounters/{session.scalars(select(Encounter.public_id)).one()}"


class _written:  # noqa: N801 (used like a function)
    """A session whose work is kept."""

    def __init__(self, app: Flask) -> None:
        self.session = beside(app)

    def __enter__(self) -> Session:
        self.inner = self.session.__enter__()
        self.transaction = write_transaction(self.inner)
        return self.transaction.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.transaction.__exit__(*error)
        self.session.__exit__(*error)


@pytest.fixture
def house(app: Flask) -> House:
    return House(app)


def words(answer: TestResponse) -> str:
    """The text of a page, as it is read."""
    main = answer.text.partition('<main id="main"')[2].partition("</main>")[0] or answer.text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def plain(answer: TestResponse) -> tuple[int, str, str]:
    """An answer without what differs between any two: the token."""
    text = re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text)
    headers = [(key, value) for key, value in answer.headers if key not in ("Set-Cookie", "Date")]
    return answer.status_code, text, str(headers)


# --- the room ---------------------------------------------------------------------------------


def test_who_can_help_is_named_with_place_and_reason(house: House) -> None:
    page = house.awa.get("/here")
    assert page.status_code == 200
    said = words(page)
    assert "One person to meet" in said
    assert "Karim Benali answers questions about pricing , and that is what you asked for." in said
    assert "long table" in said
    assert "Awa Diallo asks about pricing , and you offer pricing ." in words(
        house.karim.get("/here")
    )


def test_here_needs_a_member_and_a_stay(app: Flask, house: House) -> None:
    anonymous = app.test_client().get("/here")
    assert (anonymous.status_code, anonymous.location) == (302, "/sign-in?next=/here")
    send(house.awa, "/here/leave", "/here")
    page = house.awa.get("/here")
    assert page.status_code == 200
    assert "You are not checked in" in words(page)
    assert "Karim" not in page.text
    assert house.awa.get("/here/_now").status_code == 204


HIDDEN: dict[str, Callable[[Session, House], Any]] = {
    "chose not to be seen": lambda session, house: consent.choose(
        session,
        member_id=house.karim_id,
        lieu_id=house.lieu_id,
        here_today=False,
        by_mail=False,
        other_lieux=False,
        at=NOON,
    ),
    "hidden": lambda session, house: presence.hide(session, member_id=house.karim_id, at=NOON),
    "blocking": lambda session, house: members.block(
        session, blocker_id=house.karim_id, blocked_id=house.awa_id, at=NOON
    ),
}


@pytest.mark.parametrize("how", HIDDEN)
def test_hidden_blocking_and_unwilling_look_alike_and_have_no_name(app: Flask, how: str) -> None:
    shy = House(app)
    with shy.rows() as session:
        HIDDEN[how](session, shy)
    page = shy.awa.get("/here")
    assert not re.search("Karim|Benali|long table", page.text)
    assert "Somebody here can help with pricing" in words(page)
    assert "name after two yeses" in words(page)
    fragment = plain(shy.awa.get("/here/_now"))
    with shy.rows() as session:
        for other in HIDDEN.values():
            other(session, shy)
    assert plain(shy.awa.get("/here/_now")) == fragment


def test_one_who_left_looks_like_one_who_hides(house: House) -> None:
    with house.rows() as session:
        presence.hide(session, member_id=house.karim_id, at=NOON)
    hidden = plain(house.awa.get("/here/_now"))
    with house.rows() as session:
        presence.show(session, member_id=house.karim_id, at=NOON)
        presence.leave(session, member_id=house.karim_id, at=NOON)
    assert plain(house.awa.get("/here/_now")) == hidden


def test_who_hides_sees_no_names(house: House) -> None:
    assert "Karim Benali" in house.awa.get("/here").text
    send(house.awa, "/here/hide", "/here")
    assert "Karim" not in house.awa.get("/here").text
    send(house.awa, "/here/show", "/here")
    assert "Karim Benali" in house.awa.get("/here").text


def test_of_the_unnamed_the_vocabularys_word_is_shown_and_not_their_own(house: House) -> None:
    with house.rows() as session:
        session.add(
            Concept(
                id="pricing", vocabulary="starter", labels={"en": "Price setting", "fr": "Prix"}
            )
        )
        session.flush()
        offered = introductions.own_introduction(
            session, public_id=house.public_id, member_id=house.awa_id
        )
        facts = {
            "giver": house.karim_id,
            "receiver": house.awa_id,
            "need": "pricing",
            "skill": "pricing like at my bakery in rue Mercière",
            "skill_concept": "pricing",
        }
        offered.suggestion.reasons = [{"code": "helps_with", "facts": facts}]
    assert "like at my bakery" in words(house.awa.get("/here"))
    with house.rows() as session:
        presence.hide(session, member_id=house.karim_id, at=NOON)
    page = house.awa.get("/here")
    assert "bakery" not in page.text
    assert "Price setting" in words(page)


def test_words_that_look_like_markup_are_printed_as_words(house: House) -> None:
    nasty = "<script>alert(1)</script>%(name)s%"
    with house.rows() as session:
        offered = introductions.own_introduction(
            session, public_id=house.public_id, member_id=house.awa_id
        )
        facts = {"giver": house.karim_id, "receiver": house.awa_id, "need": nasty, "skill": nasty}
        offered.suggestion.reasons = [{"code": "helps_with", "facts": facts}]
        session.get_one(Member, house.karim_id).name = "<b>Karim</b>"
    page = house.awa.get("/here")
    assert nasty in words(page) or nasty in html.unescape(page.text)
    assert "<script>alert" not in page.text
    assert "<b>Karim</b>" not in page.text.replace("<b>&lt;b&gt;", "")


def test_the_page_says_that_it_is_looking_until_a_round_was_run(
    house: House, held_clock: Clock
) -> None:
    with house.rows() as session:
        lieu = session.get_one(Lieu, house.lieu_id)
        alone = somebody_here(session, lieu, "New")
        stay = presence.here(session, member_id=alone.id, at=NOON)
        stay.confirmed_at = NOON
        alone_id = alone.id
    client = house.browser(alone_id)
    with house.rows() as session:
        session.execute(suggestions.Round.__table__.update().values(at=NOON - HOUR))
    page = client.get("/here")
    assert "Looking around the room…" in page.text
    assert 'hx-get="/here/_now"' in page.text
    with house.rows() as session:
        session.execute(suggestions.Round.__table__.update().values(at=NOON))
    page = client.get("/here")
    assert "Looking around" not in page.text
    assert "Nobody fits now, and that is honest." in words(page)
    assert "htmx" not in page.text
    held_clock.now += timedelta(minutes=3)


def test_a_gets_change_nothing(house: House) -> None:
    before = rows(house.app)
    for path in ("/here", "/here/_now", house.introduction, "/me", "/me/export", "/me/erase"):
        assert house.awa.get(path).status_code == 200
    assert rows(house.app) == before


POSTS = (
    "/here/place", "/here/until", "/here/hide", "/here/show", "/here/focus", "/here/leave",
    "/calls", "/calls/x", "/needs", "/needs/x", "/introductions/x", "/encounters/x", "/me",
    "/me/skills", "/me/skills/x", "/me/choices/x", "/me/pause", "/me/apart", "/me/sign-out",
    "/me/erase",
)  # fmt: skip


@pytest.mark.parametrize("path", POSTS)
def test_nothing_is_done_without_the_forms_token(house: House, path: str) -> None:
    before = rows(house.app)
    assert house.awa.post(path, data={"answer": "yes", "sure": "1"}).status_code == 400
    assert rows(house.app) == before


def test_my_stay_is_mine_to_change(house: House, held_clock: Clock) -> None:
    send(house.awa, "/here/place", "/here", place="workshop")
    until = int((NOON + 2 * HOUR).timestamp())
    send(house.awa, "/here/until", "/here", until=str(until))
    send(house.awa, "/here/focus", "/here", focus="on")
    with beside(house.app) as session:
        stay = presence.here(session, member_id=house.awa_id, at=NOON)
        assert (stay.place, stay.until, stay.focus_until) == (
            "workshop",
            NOON + 2 * HOUR,
            NOON + HOUR,
        )
    page = words(house.awa.get("/here"))
    assert "In focus until 14:00" in page
    assert "Karim Benali answers" not in page
    send(house.awa, "/here/focus", "/here")
    assert "Karim Benali answers" in words(house.awa.get("/here"))


@pytest.mark.parametrize("until", ["", "x", "-1", "9" * 30, "0"])
def test_a_stay_until_what_is_no_time_is_refused_and_changes_nothing(
    house: House, until: str
) -> None:
    assert send(house.awa, "/here/until", "/here", until=until).status_code == 422
    with beside(house.app) as session:
        assert presence.here(session, member_id=house.awa_id, at=NOON).until == NOON + 4 * HOUR


def test_a_place_too_long_is_said_beside_the_field_and_kept(house: House) -> None:
    answer = send(house.awa, "/here/place", "/here", place="x" * 81)
    assert answer.status_code == 422
    assert "Too long: 81 characters" in words(answer)
    assert f'value="{"x" * 81}"' in answer.text


# --- two yeses ---------------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["no", "never"])
def test_pages_and_answers_are_the_same_whether_the_other_refused_or_never_looked(
    app: Flask, house: House, other: str
) -> None:
    """A "never" takes the name away, as hiding does: which of the two it was cannot be told."""
    silent = House(app)
    send(house.karim, house.introduction, "/here", answer=other)
    if other == "never":
        send(silent.karim, "/here/hide", "/here")
    assert self_told(house) == self_told(silent)


def self_told(house: House) -> list[str]:
    """All that Awa is answered until her yes, without what names this house."""
    seen = [plain(house.awa.get("/here/_now")), plain(house.awa.get(house.introduction))]
    answer = send(house.awa, house.introduction, "/here", answer="yes")
    seen += [plain(answer), plain(house.awa.get("/here/_now"))]
    seen += [plain(house.awa.get(house.introduction))]
    return [str(one).replace(house.public_id, "ID") for one in seen]


def test_before_my_answer_the_others_yes_shows_nowhere(app: Flask, house: House) -> None:
    silent = House(app)
    send(house.karim, house.introduction, "/here", answer="yes")
    pages = [
        [
            str(plain(one.awa.get(path))).replace(one.public_id, "ID")
            for path in ("/here/_now", one.introduction)
        ]
        for one in (house, silent)
    ]
    assert pages[0] == pages[1]


def test_two_yeses_tell_names_places_and_a_line_to_begin_with(app: Flask) -> None:
    house = House(app, here_today=False)
    assert "Karim" not in house.awa.get("/here").text
    send(house.awa, house.introduction, "/here", answer="yes")
    assert "You said yes" in words(house.awa.get("/here"))
    assert "Karim" not in house.awa.get("/here").text
    answer = send(house.karim, house.introduction, "/here", answer="yes")
    assert (answer.status_code, answer.location) == (303, "/here")
    said = words(house.awa.get("/here"))
    assert "Meet Karim Benali" in said
    assert "long table" in said
    assert "“I hear you know about pricing.”" in said
    assert "until 17:00" in said


def test_we_met_goes_to_the_ledger_and_the_tie_once_both_said_so(house: House) -> None:
    met = house.agree()
    send(house.awa, met, "/here", answer="helped")
    assert "You said that you met" in words(house.awa.get("/here"))
    send(house.karim, met, "/here", answer="met")
    send(house.karim, met, "/here", answer="met")
    with beside(house.app) as session:
        account = ledger.account_of(session, member_id=house.karim_id)
        assert ledger.balance(session, account) == 1
        tie = ties.tie_of(session, one_id=house.awa_id, other_id=house.karim_id)
        assert tie is not None
    assert "One answer given" in words(house.karim.get("/here"))
    assert "One received" in words(house.awa.get("/here"))
    assert "An answer given" in words(house.karim.get("/me/ledger"))


def test_what_did_not_happen_is_asked_no_more(house: House) -> None:
    met = house.agree()
    send(house.awa, met, "/here", answer="not")
    assert "Meet Awa" not in words(house.karim.get("/here"))
    assert send(house.karim, met, "/here", answer="met").status_code == 404


def test_a_yes_and_a_no_can_be_undone(house: House) -> None:
    for given, shown in (("yes", "You said yes"), ("no", "Not now, said today")):
        send(house.awa, house.introduction, "/here", answer=given)
        assert shown in words(house.awa.get("/here"))
        send(house.awa, house.introduction, "/here", answer="undo")
        assert shown not in words(house.awa.get("/here"))
    with beside(house.app) as session:
        assert session.scalars(select(Side.yes_at)).all() == [None, None]


@pytest.mark.parametrize("path", ["/introductions/{}", "/encounters/{}", "/calls/{}", "/needs/{}"])
def test_what_is_somebody_elses_answers_like_what_never_was(house: House, path: str) -> None:
    house.agree()
    with house.rows() as session:
        stranger = a_member(session, "Stranger")
        call = calls.call(
            session,
            lieu_id=house.lieu_id,
            member_id=house.awa_id,
            words="pricing",
            language="en",
            at=NOON,
        )
        need = needs.needs_of(session, member_id=house.awa_id, at=NOON)[0]
        stranger_id = stranger.id
        ids = {
            "introductions": house.public_id,
            "encounters": session.scalars(select(Encounter.public_id)).one(),
            "calls": call.public_id,
            "needs": need.public_id,
        }
    client = house.browser(stranger_id)
    theirs = ids[path.split("/")[1]]
    given = {"answer": "withdraw" if "calls" in path or "needs" in path else "yes"}
    if "encounters" in path:
        given = {"answer": "met"}
    foreign = send(client, path.format(theirs), "/me", **given)
    missing = send(client, path.format("missing"), "/me", **given)
    assert foreign.status_code == 404
    assert plain(foreign)[1].replace(theirs, "missing") == plain(missing)[1]
    if "introductions" in path:
        assert (
            plain(client.get(path.format(theirs)))[1].replace(theirs, "missing")
            == (plain(client.get(path.format("missing")))[1])
        )


@pytest.mark.parametrize("path", ["introduction", "/calls/x", "/needs/x", "/encounters/x"])
def test_an_answer_that_is_none_is_a_bad_request(house: House, path: str) -> None:
    where = house.introduction if path == "introduction" else path
    assert send(house.awa, where, "/here", answer="perhaps").status_code == 400


def test_the_page_of_a_letters_link_goes_back_to_itself(house: House) -> None:
    page = house.awa.get(house.introduction)
    assert "Would you like to meet?" in words(page)
    answer = send(
        house.awa, house.introduction, house.introduction, answer="no", next=house.introduction
    )
    assert answer.location == house.introduction
    assert "Not this time" in words(house.awa.get(house.introduction))
    outside = send(
        house.awa,
        house.introduction,
        house.introduction,
        answer="undo",
        next="https://evil.example",
    )
    assert outside.location == "/here"


def test_an_introduction_that_is_over_says_so_and_takes_no_answer(
    house: House, held_clock: Clock
) -> None:
    held_clock.now += 3 * HOUR
    assert "Its time has passed" in words(house.awa.get(house.introduction))
    late = send(house.awa, house.introduction, "/here", answer="yes")
    assert late.status_code == 410
    assert "nobody was told anything" in words(late)


def test_an_agreed_introduction_stays_readable_after_its_time(
    house: House, held_clock: Clock
) -> None:
    house.agree()
    held_clock.now += 3 * HOUR
    assert "Meet Karim Benali" in words(house.awa.get(house.introduction))


# --- calls and needs -----------------------------------------------------------------------------


def test_a_call_is_asked_answered_and_told(house: House) -> None:
    asked = send(house.awa, "/calls", "/here", words="How do I price this?")
    assert asked.status_code == 303
    assert "How do I price this?" in words(house.awa.get("/here"))
    with house.rows() as session:
        call = session.scalars(select(Call)).one()
        session.add(CallAsked(call_id=call.id, member_id=house.karim_id, asked_at=NOON))
        address = f"/calls/{call.public_id}"
    page = words(house.karim.get("/here"))
    assert "How do I price this?" in page
    assert "answer by 13:10" in page
    waiting = plain(house.awa.get("/here"))
    send(house.karim, address, "/here", answer="yes")
    assert plain(house.awa.get("/here")) != waiting
    assert "Karim Benali said yes. Go and find them." in words(house.awa.get("/here"))
    with beside(house.app) as session:
        assert session.scalars(select(Encounter.call_id)).one() is not None


def test_a_no_to_a_call_changes_nothing_on_the_askers_page(house: House) -> None:
    send(house.awa, "/calls", "/here", words="How do I price this?")
    house.awa.get("/here")  # the flash is read
    with house.rows() as session:
        call = session.scalars(select(Call)).one()
        session.add(CallAsked(call_id=call.id, member_id=house.karim_id, asked_at=NOON))
        address = f"/calls/{call.public_id}"
    before = plain(house.awa.get("/here"))
    send(house.karim, address, "/here", answer="no")
    assert plain(house.awa.get("/here")) == before
    assert "How do I price this?" not in words(house.karim.get("/here"))


def test_words_that_do_not_fit_are_kept_beside_what_is_wrong(house: House) -> None:
    typed = "long " * 60
    answer = send(house.awa, "/calls", "/here", words=typed)
    assert answer.status_code == 422
    assert "Too long" in words(answer)
    assert typed.strip() in answer.text
    for number in range(3):
        send(house.awa, "/calls", "/here", words=f"question {number}")
    answer = send(house.awa, "/calls", "/here", words="one more")
    assert answer.status_code == 409
    assert "one more" in answer.text


def test_a_need_is_said_heard_and_settled(house: House) -> None:
    send(house.awa, "/needs", "/here", need="screen printing")
    with house.rows() as session:
        session.add(Concept(id="print", vocabulary="starter", labels={"en": "Screen printing"}))
        session.flush()
        found = needs.needs_of(session, member_id=house.awa_id, at=NOON)
        new = next(one for one in found if one.words == "screen printing")
        new.proposals = [["print", 0.4]]
        address = f"/needs/{new.public_id}"
    assert "Do you mean Screen printing" in words(house.awa.get("/here"))
    send(house.awa, address, "/here", concept="print")
    assert "heard as Screen printing" in words(house.awa.get("/here"))
    send(house.awa, address, "/here", answer="undo")
    assert "heard as" not in words(house.awa.get("/here"))
    send(house.awa, address, "/here", answer="answered")
    assert "screen printing" not in words(house.awa.get("/here"))


def test_asking_while_away_says_so_and_keeps_nothing(house: House) -> None:
    with house.rows() as session:
        presence.leave(session, member_id=house.awa_id, at=NOON)
    for path, name in (("/calls", "words"), ("/needs", "need")):
        answer = send(house.awa, path, "/me", **{name: "pricing"})
        assert answer.status_code == 409
        assert "You are not checked in" in words(answer)
    with beside(house.app) as session:
        assert session.scalars(select(Call)).all() == []


# --- me ---------------------------------------------------------------------------------------


def test_name_languages_and_skills_are_mine_to_change(house: House) -> None:
    assert send(
        house.awa, "/me", "/me", name="Awa D.", language="fr", languages=["fr", "nl"]
    ).location.startswith("/me")
    send(house.awa, "/me/skills", "/me", skills="illustration, sewing")
    with beside(house.app) as session:
        awa = session.get_one(Member, house.awa_id)
        assert (awa.name, awa.language, awa.languages) == ("Awa D.", "fr", ["fr", "nl"])
        held = skills.skills_of(session, [awa.id])[awa.id]
        assert [one.words for one in held] == ["illustration", "sewing"]


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(house: House) -> None:
    answer = send(house.awa, "/me", "/me", name=" ", language="fr")
    assert answer.status_code == 422
    assert "Please fill this in." in words(answer)
    answer = send(house.awa, "/me/skills", "/me", skills="x" * 300)
    assert answer.status_code == 422
    assert "x" * 300 in answer.text


def test_a_skill_is_confirmed_or_undone(house: House) -> None:
    with house.rows() as session:
        session.add(Concept(id="draw", vocabulary="starter", labels={"en": "Drawing"}))
        session.flush()
        skill = session.scalars(
            select(MemberSkill).where(MemberSkill.member_id == house.awa_id)
        ).one()
        skill.proposals = [["draw", 0.4]]
        address = f"/me/skills/{skill.public_id}"
    assert "Do you mean Drawing" in words(house.awa.get("/me"))
    send(house.awa, address, "/me", concept="draw")
    assert "heard as Drawing You said so" in words(house.awa.get("/me"))
    send(house.awa, address, "/me", answer="undo")
    assert "heard as" not in words(house.awa.get("/me"))
    assert send(house.karim, address, "/me", concept="draw").status_code == 404


def test_the_switches_of_a_lieu_are_kept(house: House) -> None:
    with beside(house.app) as session:
        slug = session.get_one(Lieu, house.lieu_id).slug
    send(house.awa, f"/me/choices/{slug}", "/me", by_mail="1")
    with beside(house.app) as session:
        chosen = consent.of(session, member_id=house.awa_id, lieu_id=house.lieu_id)
        assert (chosen.here_today, chosen.by_mail, chosen.other_lieux) == (False, True, False)
    assert send(house.awa, "/me/choices/nowhere", "/me").status_code == 404


@pytest.mark.parametrize(("days", "kept"), [("7", 7), ("30", 30), ("", 0), ("999", 0), ("x", 0)])
def test_a_pause_is_a_week_a_month_or_over(house: House, days: str, kept: int) -> None:
    send(house.awa, "/me/pause", "/me", days=days)
    with beside(house.app) as session:
        until = session.get_one(Member, house.awa_id).paused_until
        assert until == (NOON + timedelta(days=kept) if kept else None)


def test_never_said_of_the_unnamed_does_not_tell_their_name_later(app: Flask) -> None:
    house = House(app, here_today=False)
    send(house.awa, house.introduction, "/here", answer="never")
    page = house.awa.get("/me")
    assert "Somebody whose name you do not know any more" in words(page)
    assert "Karim" not in page.text
    since = re.search(r'name="since" value="([^"]+)"', page.text)
    assert since
    assert send(house.awa, "/me/apart", "/me", since="x").status_code == 400
    assert send(house.awa, "/me/apart", "/me", since=since[1]).status_code == 303
    with beside(house.app) as session:
        assert members.blocked_pairs(session, [house.awa_id, house.karim_id]) == set()


def test_a_block_of_somebody_i_met_has_their_name(house: House) -> None:
    house.agree()
    with house.rows() as session:
        members.block(session, blocker_id=house.awa_id, blocked_id=house.karim_id, at=NOON)
    assert "Karim Benali" in words(house.awa.get("/me"))


def test_everything_can_be_taken_away_as_a_file(house: House) -> None:
    house.agree()
    answer = house.awa.get("/me/export")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    taken = json.loads(answer.text)
    assert taken["member"]["name"] == "Awa Diallo"
    assert "Karim" not in answer.text


def test_signing_out_everywhere_ends_every_session(house: House) -> None:
    other = house.browser(house.awa_id)
    assert other.get("/me").status_code == 200
    send(house.awa, "/me/sign-out", "/me")
    assert other.get("/me").status_code == 302


def test_being_forgotten_is_asked_twice(house: House) -> None:
    unsure = send(house.awa, "/me/erase", "/me/erase")
    assert unsure.status_code == 422
    assert "nothing was changed" in words(unsure)
    gone = send(house.awa, "/me/erase", "/me/erase", sure="1")
    assert (gone.status_code, gone.location) == (303, "/")
    assert house.awa.get("/me").status_code == 302
    assert "Awa" not in house.karim.get("/here").text
    with beside(house.app) as session:
        assert session.get_one(Member, house.awa_id).name == ""
        assert session.scalars(
            select(Presence.how_out).where(Presence.member_id == house.awa_id)
        ).all() == ["left"]


def test_an_engines_round_reaches_both_pages(house: House) -> None:
    with house.rows() as session:
        lieu = session.get_one(Lieu, house.lieu_id)
        ines = skilled(session, lieu, "Inès Morel", can=["sewing"], wants="illustration")
        suggestions.run_round(session, lieu=lieu, at=NOON)
        ines_id = ines.id
    assert "Awa Diallo answers questions about illustration" in words(
        house.browser(ines_id).get("/here")
    )
    assert "Inès Morel asks about illustration" in words(house.awa.get("/here"))

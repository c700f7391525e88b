"""Through the door with a browser: scan, say, prove, be here; and everything that goes wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from serendipity import arrivals, kiosks, needs, presence, skills
from serendipity.consent import Consent
from serendipity.db import database, write_transaction
from serendipity.kiosks import Kiosk
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.presence import Presence
from tests.conftest import NOON, Clock
from tests.pages import beside, mailed_code, rows, send, token_of
from tests.rows import a_lieu, a_member, signed_in

MINUTE = timedelta(minutes=1)
SAID = {
    "name": "Awa Diallo",
    "email": "awa@example.org",
    "skills": "Illustration, screen printing",
    "need": "How to price a board game",
    "here_today": "1",
}


class Door:
    """A lieu with a paired kiosk, and a browser in front of it."""

    def __init__(self, app: Flask, client: FlaskClient, held: Clock, session: Session) -> None:
        self.app, self.client, self.clock, self.session = app, client, held, session
        with write_transaction(self.session):
            self.lieu = a_lieu(self.session, name="La Navette")
            code = kiosks.make_pairing(self.session, lieu_id=self.lieu.id, name="", at=held.now)
            self.kiosk: Kiosk = kiosks.pair(self.session, code=code, at=held.now)[0]

    @property
    def secret(self) -> str:
        return str(self.app.config["SECRET_KEY"])

    def shown(self) -> kiosks.DoorCode:
        self.session.rollback()
        return kiosks.door_code(self.kiosk, secret=self.secret, at=self.clock.now)

    def scan(self, client: FlaskClient | None = None) -> None:
        answer = (client or self.client).get(f"/door/{self.shown().code}")
        assert answer.status_code == 303

    def until(self, hours: int = 2) -> str:
        return str(int((self.clock.now + timedelta(hours=hours)).timestamp()))

    def say(self, **given: Any) -> Any:
        typed = {**SAID, "until": self.until(), **given}
        return send(self.client, "/check-in", "/check-in", **typed)

    def type_code(self, code: str | None = None) -> Any:
        self.session.rollback()
        code = code or mailed_code(self.session)
        return send(self.client, "/check-in/code", "/check-in/code", code=code)

    def fresh(self) -> Session:
        self.session.rollback()
        return self.session

    def member(self, **given: Any) -> Member:
        with write_transaction(self.session):
            return a_member(self.session, **given)


@pytest.fixture
def door(app: Flask, client: FlaskClient, held_clock: Clock) -> Iterator[Door]:
    with beside(app) as session:
        yield Door(app, client, held_clock, session)


# --- the way in -----------------------------------------------------------------------------


def test_a_first_check_in_goes_from_the_scan_to_here(door: Door) -> None:
    answer = door.client.get(f"/door/{door.shown().code}")
    assert (answer.status_code, answer.location) == (303, "/check-in?scanned=1")
    page = door.client.get(answer.location)
    assert "La Navette" in page.text
    assert (
        'value="1" checked' not in page.text.split("Who may see you", 1)[1].split("</fieldset>")[0]
    )
    answer = door.say()
    assert (answer.status_code, answer.location) == (303, "/check-in/code")
    answer = door.type_code()
    assert (answer.status_code, answer.location) == (303, "/here")
    session = door.fresh()
    member = session.scalars(select(Member)).one()
    stay = presence.of(session, member_id=member.id, at=door.clock.now)
    assert stay is not None
    assert (stay.lieu_id, stay.how_in, stay.confirmed_at) == (door.lieu.id, "qr", NOON)
    assert [need.words for need in needs.open_needs(session, lieu_id=door.lieu.id, at=NOON)] == [
        SAID["need"]
    ]
    assert session.get_one(Consent, (member.id, door.lieu.id)).here_today


def test_scanning_writes_nothing(door: Door) -> None:
    before = rows(door.app)
    door.scan()
    door.client.get("/check-in")
    assert rows(door.app) == before


def test_a_prefetch_of_every_page_changes_nothing(door: Door) -> None:
    door.scan()
    before = rows(door.app)
    for path in ("/", "/check-in", "/check-in/code", "/sign-in", "/sign-in/code", "/kiosk/"):
        for method in (door.client.get, door.client.head):
            assert method(path).status_code < 400
    assert rows(door.app) == before


def test_returning_is_a_scan_and_one_button(door: Door) -> None:
    member = door.member(name="Awa Diallo")
    with write_transaction(door.session) as session:
        skills.offer(
            session, member_id=member.id, words=["welding", "CAO (2D, 3D)"], language="en", at=NOON
        )
        session.add(
            Consent(member_id=member.id, lieu_id=door.lieu.id, here_today=True, chosen_at=NOON)
        )
    signed_in(door.client, member)
    door.scan()
    page = door.client.get("/check-in").text
    assert 'value="welding, CAO (2D, 3D)"' in page
    assert "Hello Awa Diallo" in page
    answer = send(
        door.client, "/check-in", "/check-in", skills="welding, CAO (2D, 3D)", need="",
        until=door.until(), here_today="1",
    )  # fmt: skip
    assert (answer.status_code, answer.location) == (303, "/here")
    session = door.fresh()
    assert presence.of(session, member_id=member.id, at=NOON) is not None
    assert len(skills.skills_of(session, [member.id])[member.id]) == 2


def test_a_check_in_sends_few_statements_and_compiles_none_of_them_anew(door: Door) -> None:
    """The price of a check-in, held: see docs/decisions/statements.md."""
    sent: list[tuple[str, str]] = []

    def note(
        _c: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _m: Any
    ) -> None:
        sent.append((statement, context.cache_hit.name))

    with door.app.app_context():
        engine = database.engine
    for name in ("Awa Diallo", "Karim Benali"):
        signed_in(door.client, door.member(name=name))
        door.scan()
        token = token_of(door.client, "/check-in")
        typed = {**SAID, "until": door.until(), "csrf_token": token}
        sent.clear()
        event.listen(engine, "before_cursor_execute", note)
        assert door.client.post("/check-in", data=typed).location == "/here"
        event.remove(engine, "before_cursor_execute", note)
    assert len(sent) <= 26
    made = [said for said, cached in sent if cached not in ("CACHE_HIT", "NO_CACHE_KEY")]
    assert [said for said in made if not said.startswith(("BEGIN", "NOTIFY"))] == []


def test_a_second_tap_is_already_here(door: Door) -> None:
    member = door.member()
    signed_in(door.client, member)
    for _ in range(2):
        door.scan()
        assert door.say().location == "/here"
        door.clock.now += MINUTE
    assert rows(door.app)["presence"] == 1
    assert "You are already here, since 13:00." in door.client.get("/").text
    door.scan()
    assert "You are here since 13:00" in door.client.get("/check-in").text


def test_two_phones_of_one_person_are_one_stay(door: Door, app: Flask) -> None:
    member = door.member()
    phones = [signed_in(app.test_client(), member) for _ in range(2)]
    for phone in phones:  # both stand before the page before one of them presses
        door.scan(phone)
        assert "I’m here" in phone.get("/check-in").text
    for phone in phones:
        token = token_of(phone, "/check-in")
        typed = {**SAID, "until": door.until(), "csrf_token": token}
        assert phone.post("/check-in", data=typed).location == "/here"
        door.clock.now += MINUTE
    assert rows(door.app)["presence"] == 1
    assert "You are already here, since 13:00." in phones[1].get("/").text


def test_signing_in_at_the_door_leads_back_to_it(door: Door) -> None:
    door.member(email="awa@example.org", name="Awa Diallo")
    door.scan()
    assert "/sign-in?next=/check-in" in door.client.get("/check-in").text
    typed = {"csrf_token": token_of(door.client, "/sign-in"), "email": "awa@example.org"}
    door.client.post("/sign-in?next=/check-in", data=typed)
    code = mailed_code(door.fresh())
    answer = send(door.client, "/sign-in/code", "/sign-in/code", code=code)
    assert answer.location == "/check-in"
    assert "Hello Awa Diallo" in door.client.get("/check-in").text
    assert door.say().location == "/here"


def test_skills_left_as_they_were_stay_as_they_were(door: Door) -> None:
    member = door.member()
    with write_transaction(door.session) as session:
        skills.offer(
            session, member_id=member.id, words=["hotel; restaurant", "bread, rolls"],
            language="en", at=NOON,
        )  # fmt: skip
    signed_in(door.client, member)
    door.scan()
    door.say(skills="hotel; restaurant, bread, rolls")
    offered = skills.skills_of(door.fresh(), [member.id])[member.id]
    assert [skill.words for skill in offered] == ["hotel; restaurant", "bread, rolls"]


def test_the_digits_typed_at_home_page_open_the_door(door: Door) -> None:
    digits = door.shown().digits
    answer = send(door.client, "/door", "/", digits=f"{digits[:3]} {digits[3:]}")
    assert answer.location == "/check-in?scanned=1"
    door.say()
    door.type_code()
    assert door.fresh().scalars(select(Presence.how_in)).one() == "digits"


def test_a_poster_leads_in_but_only_declares(door: Door) -> None:
    signed_in(door.client, door.member())
    code = kiosks.poster_code(door.session, lieu=door.lieu, secret=door.secret)
    assert door.client.get(f"/door/{code}").location == "/check-in?scanned=1"
    assert door.say().location == "/here"
    stay = door.fresh().scalars(select(Presence)).one()
    assert (stay.how_in, stay.confirmed_at) == ("poster", None)


def test_no_skill_at_all_is_allowed_and_said_kindly(door: Door) -> None:
    door.scan()
    assert "Empty is fine" in door.client.get("/check-in").text
    assert door.say(skills="", need="").location == "/check-in/code"
    assert door.type_code().location == "/here"


# --- known or not, nothing tells ---------------------------------------------------------------


def test_a_known_address_gets_the_same_answers_and_keeps_its_profile(
    door: Door, app: Flask
) -> None:
    known = door.member(email="known@example.org", name="Kim Known")
    answers = []
    for email in ("known@example.org", "other@example.org"):
        browser = app.test_client()
        door.scan(browser)
        typed = {**SAID, "email": email, "until": door.until()}
        said = send(browser, "/check-in", "/check-in", **typed)
        page = browser.get("/check-in/code")
        body = re.sub(
            r'(name="csrf_token" value=)"[^"]+"', r"\1", page.text.replace(email, "EMAIL")
        )
        answers.append((said.status_code, said.location, said.data, page.status_code, body))
    assert answers[0] == answers[1]
    session = door.fresh()
    session.refresh(known)
    assert known.name == "Kim Known"
    assert skills.skills_of(session, [known.id]) == {known.id: []}
    assert rows(door.app)["presence"] == 0


def test_another_browser_cannot_use_the_code(door: Door, app: Flask) -> None:
    door.scan()
    door.say()
    mine = mailed_code(door.fresh())
    thief = app.test_client()
    door.scan(thief)
    send(thief, "/check-in", "/check-in", **{**SAID, "name": "Thief", "until": door.until()})
    theirs = mailed_code(door.fresh())
    if mine == theirs:
        return  # one time in a million
    assert send(thief, "/check-in/code", "/check-in/code", code=mine).status_code == 422
    assert door.type_code(theirs).status_code == 422
    assert door.type_code(mine).location == "/here"
    assert door.fresh().scalars(select(Member.name)).all() == ["Awa Diallo"]


# --- what goes wrong, in clear words, with no lost work ------------------------------------------


def test_an_expired_code_says_scan_again(door: Door) -> None:
    code = door.shown().code
    door.clock.now += timedelta(seconds=46)
    answer = door.client.get(f"/door/{code}")
    assert answer.status_code == 410
    assert "This code has expired, scan again" in answer.text


@pytest.mark.parametrize("how", ["bit flipped", "foreign", "nonsense", "revoked"])
def test_a_code_that_is_not_ours_opens_nothing(door: Door, how: str) -> None:
    code = door.shown().code
    status, words = 404, "not the code of one of our doors"
    if how == "bit flipped":
        code = code[:-1] + ("A" if code[-1] != "A" else "B")
    elif how == "foreign":
        code = kiosks.door_code(door.kiosk, secret="another", at=NOON).code
    elif how == "nonsense":
        code = "%00%ff<script>"
    else:
        with write_transaction(door.session) as session:
            kiosks.revoke(session, public_id=door.kiosk.public_id, lieu_id=door.lieu.id, at=NOON)
        status, words = 410, "taken away"
    answer = door.client.get(f"/door/{code}")
    assert answer.status_code == status
    assert words in answer.text
    assert "door" not in dict(_session_of(door.client))


def _session_of(client: FlaskClient) -> dict[str, Any]:
    with client.session_transaction() as browser:
        return dict(browser)


@pytest.mark.parametrize(
    ("given", "beside"),
    [
        ({"email": "awa@"}, "not an email address"),
        ({"email": ""}, "not an email address"),
        ({"name": " "}, "Please fill this in"),
        ({"skills": "x" * 10_000}, "10000 characters, and 240 fit"),
        ({"need": "y" * 241}, "241 characters, and 240 fit"),
        ({"need": "a\0b"}, "no screen can show"),
        ({"skills": ",".join(f"s{number}" for number in range(31))}, "At most 30 skills"),
        ({"until": "0"}, "That time has passed"),
        ({"until": "tomorrow"}, "That time has passed"),
        ({"until": "9" * 400}, "That time has passed"),
    ],
)
def test_what_cannot_be_right_is_said_beside_its_field_and_the_rest_is_kept(
    door: Door, given: dict[str, str], beside: str
) -> None:
    door.scan()
    before = rows(door.app)
    answer = door.say(**given)
    assert answer.status_code == 422
    assert beside in answer.text
    for name, value in {**SAID, **given}.items():
        if name in ("name", "email", "skills", "need") and name not in given:
            assert f'value="{value}"' in answer.text
    assert 'name="here_today" value="1" checked' in answer.text
    assert rows(door.app) == before


def test_a_busy_database_keeps_what_was_typed(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any, **__: Any) -> None:
        raise presence.TwoDoorsAtOnce(why="two check-ins at once")

    monkeypatch.setattr(arrivals, "declare", busy)
    door.scan()
    answer = door.say()
    assert answer.status_code == 503
    assert "Nothing was recorded" in answer.text
    assert f'value="{SAID["need"]}"' in answer.text


def test_a_lone_surrogate_is_no_mistake_of_ours(door: Door) -> None:
    door.scan()
    token = token_of(door.client, "/check-in")
    body = f"csrf_token={token}&name=Awa&email=a%40example.org&need=%ED%A0%80&until={door.until()}"
    answer = door.client.post(
        "/check-in", data=body, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code in (303, 422)


def test_a_pass_that_ran_out_keeps_what_was_typed_and_takes_the_digits(door: Door) -> None:
    door.scan()
    token = token_of(door.client, "/check-in")
    door.clock.now += 16 * MINUTE
    typed = {**SAID, "csrf_token": token, "until": door.until()}
    answer = door.client.post("/check-in", data=typed)
    assert answer.status_code == 410
    assert "All you typed is still here" in answer.text
    assert f'value="{SAID["skills"]}"' in answer.text
    answer = door.client.post("/check-in", data={**typed, "digits": "000 000x"})
    assert answer.status_code in (404, 410)
    answer = door.client.post("/check-in", data={**typed, "digits": door.shown().digits})
    assert (answer.status_code, answer.location) == (303, "/check-in/code")


def test_scanning_again_in_another_tab_revives_the_form(door: Door) -> None:
    door.scan()
    token = token_of(door.client, "/check-in")
    door.clock.now += 16 * MINUTE
    door.scan()
    typed = {**SAID, "csrf_token": token, "until": door.until()}
    assert door.client.post("/check-in", data=typed).status_code == 303


def test_a_browser_without_cookies_is_told_so(door: Door, app: Flask) -> None:
    forgetful = app.test_client(use_cookies=False)
    answer = forgetful.get(f"/door/{door.shown().code}")
    page = forgetful.get(answer.location)
    assert "does not keep our cookie" in page.text


def test_five_wrong_codes_end_it_and_a_new_one_brings_everything_back(door: Door) -> None:
    door.scan()
    door.say()
    right = mailed_code(door.fresh())
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for left in ("4 tries are left", "3 tries", "2 tries", "One try is left", "ask for a new one"):
        answer = door.type_code(wrong)
        assert answer.status_code == 422
        assert left in answer.text
    answer = door.type_code(right)
    assert answer.status_code == 410
    assert "nothing you said is lost" in answer.text
    send(door.client, "/sign-in/again", "/check-in/code")
    assert door.type_code().location == "/here"
    member = door.fresh().scalars(select(Member)).one()
    assert len(skills.skills_of(door.session, [member.id])[member.id]) == 2


def test_guessing_digits_has_a_limit(door: Door) -> None:
    shown = door.shown().digits
    wrong = f"{(int(shown) + 1) % 10**6:06d}"
    token = token_of(door.client, "/")
    for _ in range(10):
        answer = door.client.post("/door", data={"csrf_token": token, "digits": wrong})
        assert answer.status_code == 404
    answer = door.client.post("/door", data={"csrf_token": token, "digits": shown})
    assert answer.status_code == 429
    assert "too often" in answer.text


@pytest.mark.parametrize(
    "path", ["/door", "/check-in", "/check-in/code", "/sign-in", "/sign-in/code", "/sign-in/again",
             "/sign-out", "/kiosk/"]
)  # fmt: skip
def test_a_post_without_its_token_is_refused_and_changes_nothing(door: Door, path: str) -> None:
    signed_in(door.client, door.member())
    door.scan()
    before = rows(door.app)
    answer = door.client.post(path, data={**SAID, "until": door.until(), "digits": "1"})
    assert answer.status_code == 400
    assert rows(door.app) == before


def test_one_person_at_two_doors_is_in_one_place(door: Door) -> None:
    with write_transaction(door.session) as session:
        elsewhere: Lieu = a_lieu(session, name="L'Établi")
        code = kiosks.make_pairing(session, lieu_id=elsewhere.id, name="", at=NOON)
        other = kiosks.pair(session, code=code, at=NOON)[0]
    signed_in(door.client, door.member())
    door.scan()
    door.say()
    shown = kiosks.door_code(other, secret=door.secret, at=NOON).code
    door.client.get(f"/door/{shown}")
    door.say()
    assert "Your stay at La Navette has ended" in door.client.get("/").text
    stays = door.fresh().scalars(select(Presence).order_by(Presence.id)).all()
    assert [(stay.lieu_id, stay.how_out) for stay in stays] == [
        (door.lieu.id, "moved"),
        (elsewhere.id, None),
    ]

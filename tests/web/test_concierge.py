"""The concierge's desk through the client: rights, traces, and what each button does."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from serendipity import audit, introductions, presence, shifts
from serendipity.audit import AuditEntry
from serendipity.db import database, write_transaction
from serendipity.encounters import Encounter
from serendipity.kiosks import Kiosk
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.postures.post import Postponed
from serendipity.presence import Presence
from serendipity.shifts import Shift
from serendipity.suggestions import Suggestion
from tests.conftest import NOON, Clock
from tests.pages import fresh
from tests.rows import a_lieu, a_member, on_shift, signed_in, somebody_here
from tests.weaving import a_suggestion
from tests.woven import an_introduction

HOUR = timedelta(hours=1)


@pytest.fixture
def desk(app: Flask, session: Session) -> FlaskClient:
    """The browser of Bertille, who is on shift at La Navette, where Awa and Inès are."""
    with write_transaction(session) as db:
        lieu = a_lieu(db, slug="navette", name="La Navette")
        bertille = a_member(db, "Bertille Gast")
        on_shift(db, lieu, bertille)
        awa, ines = (somebody_here(db, lieu, name) for name in ("Awa Diallo", "Inès Morel"))
        a_suggestion(db, lieu, awa, ines)
        other = a_lieu(db, slug="elsewhere", name="Elsewhere")
        far_away = [somebody_here(db, other, name) for name in ("Zoé Far", "Yves Far")]
        a_suggestion(db, other, *far_away)
    return signed_in(app.test_client(), one(session, Member, name="Bertille Gast"))


def one(session: Session, noun: type, **given: object) -> object:
    return fresh(session).query(noun).filter_by(**given).one()


def without_tokens(answer: TestResponse) -> str:
    """The page without its form token, which is new each time."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", answer.text)


def test_the_desk_shows_who_is_here_and_what_to_carry_but_no_address(desk: FlaskClient) -> None:
    page = desk.get("/concierge/navette/")
    assert page.status_code == 200
    for words in ("Awa Diallo", "Inès Morel", "Bertille Gast", "In person", "until 17:00"):
        assert words in page.text
    assert "@example.org" not in page.text
    assert "Zoé Far" not in page.text


def test_looking_leaves_one_trace_a_shift_for_each_person_seen(
    desk: FlaskClient, session: Session
) -> None:
    for path in ("", "live", "people", "live"):
        assert desk.get(f"/concierge/navette/{path}").status_code == 200
    awa = one(session, Member, name="Awa Diallo")
    (trace,) = audit.concerning(fresh(session), awa.id)
    assert (trace.what, trace.actor) == ("seen-present", "Bertille Gast")
    assert fresh(session).query(AuditEntry).count() == 2


def test_the_first_look_of_a_shift_asks_for_nobody_twice(
    app: Flask, desk: FlaskClient, session: Session
) -> None:
    """It writes traces as well, and a write forgets the rows that the page still needs."""
    with write_transaction(session) as db:
        lieu = one(db, Lieu, slug="navette")
        for number in range(20):
            somebody_here(db, lieu, f"Member {number}")
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_else: Any) -> None:
        sent.append(statement)

    with app.app_context():
        engine = database.engine
    event.listen(engine, "before_cursor_execute", note)
    desk.get("/concierge/navette/")
    first = len(sent)
    desk.get("/concierge/navette/")
    event.remove(engine, "before_cursor_execute", note)
    traces = 5  # to look once more for those that are there, the new ones, and around them
    assert first <= len(sent) - first + traces


def test_the_live_parts_replace_themselves_and_carry_no_page_around_them(
    desk: FlaskClient,
) -> None:
    page, live = desk.get("/concierge/navette/").text, desk.get("/concierge/navette/live").text
    assert "<html" not in live
    parts = re.findall(r'id="([a-z-]+)"[^>]* hx-swap-oob="true"', live)
    assert parts == ["now", "watch", "garden", "weave", "weave-list", "settle", "post", "write"]
    for part in parts:
        assert page.count(f'id="{part}"') == 1


def test_the_rights_are_gone_on_the_next_request_after_the_end_of_the_shift(
    desk: FlaskClient, held_clock: Clock
) -> None:
    held_clock.now = NOON + 4 * HOUR - timedelta(seconds=1)
    assert desk.get("/concierge/navette/").status_code == 200
    held_clock.now = NOON + 4 * HOUR
    gone = desk.get("/concierge/navette/live", headers={"HX-Request": "true"})
    assert gone.status_code == 404
    assert gone.headers["HX-Refresh"] == "true"
    assert desk.post("/concierge/navette/kiosks").status_code == 404


def test_a_declared_stay_is_settled_with_one_button(desk: FlaskClient, session: Session) -> None:
    awa = one(session, Member, name="Awa Diallo")
    with write_transaction(session) as db:
        db.query(Presence).filter_by(member_id=awa.id).one().confirmed_at = None
    stay = one(session, Presence, member_id=awa.id)
    assert "Awa Diallo, here?" in desk.get("/concierge/navette/").text
    answer = desk.post(f"/concierge/navette/stays/{stay.public_id}/confirm")
    assert (answer.status_code, answer.location) == (303, "/concierge/navette/#settle")
    assert one(session, Presence, member_id=awa.id).confirmed_at == NOON


def test_offering_an_idea_puts_it_first_with_the_concierges_name(
    app: Flask, desk: FlaskClient, session: Session
) -> None:
    lieu = one(session, Lieu, slug="navette")
    suggestion = one(session, Suggestion, lieu_id=lieu.id)
    offer = f"/concierge/navette/suggestions/{suggestion.public_id}/accept"
    assert "Offer now" in desk.get("/concierge/navette/").text
    answer = desk.post(offer)
    assert (answer.status_code, answer.location) == (303, "/concierge/navette/#post")
    for path in ("", "live"):
        page = desk.get(f"/concierge/navette/{path}").text
        assert "Offered at 13:00" in page
        assert offer not in page
    closer = f"/concierge/navette/suggestions/{suggestion.public_id}"
    assert offer not in desk.get(closer).text
    awa = signed_in(app.test_client(), one(session, Member, name="Awa Diallo"))
    assert "Bertille Gast, at the desk, would like you to meet." in awa.get("/here").text
    assert "put an introduction first on your screen" in awa.get("/me").text


def test_an_idea_that_one_of_them_has_no_place_for_is_not_offered_and_does_not_say_whose(
    desk: FlaskClient, session: Session
) -> None:
    with write_transaction(session) as db:
        lieu = one(db, Lieu, slug="navette")
        awa = one(db, Member, name="Awa Diallo")
        for _ in range(3):
            an_introduction(db, lieu, awa, somebody_here(db, lieu))
    suggestion = next(
        key for key in fresh(session).query(Suggestion).all()
        if key.lieu_id == lieu.id and key.introduction is None
    )  # fmt: skip
    answer = desk.post(f"/concierge/navette/suggestions/{suggestion.public_id}/accept")
    assert answer.status_code == 409
    assert "One of them has enough before them for now." in answer.text
    assert "Awa" not in answer.text


def test_introducing_in_person_agrees_it_and_sets_the_encounter_up(
    desk: FlaskClient, session: Session
) -> None:
    lieu = one(session, Lieu, slug="navette")
    suggestion = one(session, Suggestion, lieu_id=lieu.id)
    desk.post(f"/concierge/navette/suggestions/{suggestion.public_id}/introduce")
    introduction = one(session, introductions.Introduction, suggestion_id=suggestion.id)
    assert (introduction.how, introduction.agreed) == ("concierge", True)
    assert one(session, Encounter, introduction_id=introduction.id).happened_at is None
    assert "In person" not in desk.get("/concierge/navette/").text
    again = desk.post(f"/concierge/navette/suggestions/{suggestion.public_id}/introduce")
    assert again.status_code == 404


def test_later_hides_a_suggestion_for_an_hour_and_never_takes_it_back(
    desk: FlaskClient, session: Session, held_clock: Clock
) -> None:
    lieu = one(session, Lieu, slug="navette")
    suggestion = one(session, Suggestion, lieu_id=lieu.id)
    desk.post(f"/concierge/navette/suggestions/{suggestion.public_id}/postpone")
    assert "In person" not in desk.get("/concierge/navette/").text
    held_clock.now += HOUR
    assert "In person" in desk.get("/concierge/navette/").text
    desk.post(f"/concierge/navette/suggestions/{suggestion.public_id}/keep-apart")
    assert "In person" not in desk.get("/concierge/navette/").text
    assert one(session, Suggestion, id=suggestion.id).withdrawn_at == held_clock.now
    assert fresh(session).query(Postponed).count() == 1


def test_somebody_without_a_phone_is_checked_in_and_what_was_typed_wrong_stays(
    desk: FlaskClient, session: Session
) -> None:
    typed = {"name": "Noé Petit", "email": "noe@", "skills": "sewing, soup", "need": ""}
    wrong = desk.post("/concierge/navette/check-in", data=typed)
    assert wrong.status_code == 422
    assert "sewing, soup" in wrong.text
    right = desk.post("/concierge/navette/check-in", data={**typed, "email": "noe@example.org"})
    assert right.status_code == 303
    noe = one(session, Member, name="Noé Petit")
    assert one(session, Presence, member_id=noe.id).how_in == "concierge"
    assert [trace.what for trace in audit.concerning(fresh(session), noe.id)] == ["checked-in"]


def test_who_forgot_to_leave_is_checked_out(desk: FlaskClient, session: Session) -> None:
    awa = one(session, Member, name="Awa Diallo")
    stay = one(session, Presence, member_id=awa.id)
    desk.post(f"/concierge/navette/stays/{stay.public_id}/end")
    assert presence.of(fresh(session), member_id=awa.id, at=NOON) is None
    assert "Awa Diallo" not in desk.get("/concierge/navette/people").text


def test_a_screen_is_paired_by_digits_shown_once_and_taken_away(
    desk: FlaskClient, session: Session, held_clock: Clock
) -> None:
    desk.post("/concierge/navette/kiosks", data={"name": "front door"})
    code = re.search(
        r'id="pairing-code">(\d{3}) (\d{3})<', desk.get("/concierge/navette/kiosks").text
    )
    assert code
    kiosk = one(session, Kiosk, name="front door")
    held_clock.now += timedelta(minutes=10)
    assert "pairing-code" not in desk.get("/concierge/navette/kiosks").text
    desk.post(f"/concierge/navette/kiosks/{kiosk.public_id}/revoke")
    assert one(session, Kiosk, name="front door").revoked_at == held_clock.now


def test_a_shift_is_taken_and_handed_over_with_a_note_the_next_one_reads(
    app: Flask, desk: FlaskClient, session: Session
) -> None:
    short = desk.post("/concierge/navette/hand-over", data={"note": "all fine"})
    assert short.status_code == 422
    assert "all fine" in short.text
    note = "The camera is in the blue crate.\nAïcha wants to be shown around."
    over = desk.post("/concierge/navette/hand-over", data={"note": note})
    assert (over.status_code, over.location) == (303, "/concierge/")
    assert desk.get("/concierge/navette/").status_code == 404
    with write_transaction(session) as db:
        karim = a_member(db, "Karim")
        lieu = db.query(Lieu).filter_by(slug="navette").one()
        shifts.name_concierge(db, lieu_id=lieu.id, member_id=karim.id, at=NOON)
    client = signed_in(app.test_client(), one(session, Member, name="Karim"))
    page = client.get("/concierge/").text
    assert "The camera is in the blue crate." in page
    end = re.findall(r'name="until" value="(\d+)"', page)[-1]
    taken = client.post("/concierge/", data={"lieu": "navette", "until": end})
    assert (taken.status_code, taken.location) == (303, "/concierge/navette/")
    assert "Aïcha wants to be shown around." in client.get("/concierge/navette/").text


@pytest.mark.parametrize("until", ["", "soon", "-1", "1", "9" * 11, "٣", "1e5"])
def test_an_end_that_cannot_be_is_asked_again(
    app: Flask, desk: FlaskClient, session: Session, until: str
) -> None:
    desk.post("/concierge/navette/hand-over", data={"note": "Nothing special to say."})
    answer = desk.post("/concierge/", data={"lieu": "navette", "until": until})
    assert (answer.status_code, answer.location) == (303, "/concierge/")
    assert fresh(session).query(Shift).filter_by(ended_at=None).count() == 0


def test_a_member_who_is_no_concierge_takes_no_shift(
    app: Flask, desk: FlaskClient, session: Session
) -> None:
    client = signed_in(app.test_client(), one(session, Member, name="Awa Diallo"))
    end = str(int((NOON + HOUR).timestamp()))
    there = client.post("/concierge/", data={"lieu": "navette", "until": end})
    nowhere = client.post("/concierge/", data={"lieu": "nowhere", "until": end})
    assert there.status_code == nowhere.status_code == 404
    assert without_tokens(there) == without_tokens(nowhere)


def test_a_shift_that_ran_out_may_get_its_note_later(
    desk: FlaskClient, session: Session, held_clock: Clock
) -> None:
    held_clock.now += 5 * HOUR
    assert "ended without a note" in desk.get("/concierge/").text
    answer = desk.post(
        "/concierge/late-note", data={"lieu": "navette", "note": "The key is back on its hook."}
    )
    assert answer.status_code == 303
    assert one(session, Shift).ended_at == NOON + 4 * HOUR
    assert "ended without a note" not in desk.get("/concierge/").text


def test_a_post_without_the_form_token_changes_nothing(
    app: Flask, desk: FlaskClient, session: Session
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    stay = fresh(session).query(Presence).first()
    assert stay is not None
    assert desk.post(f"/concierge/navette/stays/{stay.public_id}/end").status_code == 400
    assert fresh(session).query(Presence).filter(Presence.ended_at.is_not(None)).count() == 0

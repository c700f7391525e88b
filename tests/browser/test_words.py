"""Typing at the door: what the words are heard as stands beneath them, and comes along."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect
from sqlalchemy import select

from serendipity import clock, kiosks
from serendipity.db import write_transaction
from serendipity.skills import Alias, Concept, ConceptName, MemberSkill
from tests.browser.conftest import LiveServer
from tests.jobs.test_listening import Reader
from tests.rows import a_lieu, a_member


def test_words_are_heard_while_typed_undone_and_confirmed(
    phone: Page, live_server: LiveServer, looked_at: Callable[[Page, str], None]
) -> None:
    from serendipity.jobs import listening

    with live_server.session() as session, write_transaction(session):
        for key, label in (("metal", "welding"), ("bikes", "bicycle repair")):
            session.add(Concept(id=key, vocabulary="few", family=None, labels={"en": label}))
            session.flush()
            session.add(ConceptName(concept_id=key, language="en", words=label))
        lieu = a_lieu(session)
        awa = a_member(session, "Awa")
        code = kiosks.make_pairing(session, lieu_id=lieu.id, name="", at=clock.now())
        kiosk, _ = kiosks.pair(session, code=code, at=clock.now())
        secret = str(live_server.app.config["SECRET_KEY"])
        door = kiosks.door_code(kiosk, secret=secret, at=clock.now()).code
        key = f"{awa.public_id}.{awa.session_epoch}"
    interface = live_server.app.session_interface
    signed = interface.get_signing_serializer(live_server.app).dumps({"_user_id": key})  # type: ignore[attr-defined]
    phone.context.add_cookies([{"name": "serendipity", "value": signed, "url": live_server.url}])
    with listening.listening(live_server.app.config["SETTINGS"], Reader):
        phone.goto(f"{live_server.url}/door/{door}")
        phone.get_by_label("You can help with").press_sequentially("welding, iron gates")
        taken = phone.get_by_label("“welding” is heard as welding")
        expect(taken).to_be_checked()
        asked = phone.get_by_role("group", name="Does “iron gates” mean one of these?")
        expect(asked.get_by_label("bicycle repair")).not_to_be_checked()
        taken.uncheck()
        phone.get_by_label("What would help you today?").fill("my bike")
        need = phone.get_by_role("group", name="Does “my bike” mean one of these?")
        need.get_by_label("bicycle repair").check()
        expect(taken).not_to_be_checked()
        looked_at(phone, "words-heard")
        phone.get_by_role("button", name="I’m here").click()
    phone.wait_for_url("**/here")
    with live_server.session() as session:
        held = {one.words: one for one in session.scalars(select(MemberSkill))}
        assert held["welding"].concept_id is None
        assert held["iron gates"].read_at is None
        assert session.scalars(select(Alias.words)).all() == ["my bike"]

"""The operator's pages: lieux, hours, concierges, health, sample letters."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from serendipity import audit, lieux, mail, shifts
from serendipity.db import write_transaction
from serendipity.lieux import Lieu, Span
from serendipity.mail import Letter
from tests.conftest import NOON
from tests.pages import fresh
from tests.rows import a_lieu, a_member, on_shift, signed_in

ABOUT = {
    "name": "La Navette",
    "city": "Lyon",
    "timezone": "Europe/Paris",
    "language": "fr",
    "seats": "24",
    "siret": "",
}


@pytest.fixture
def operator(app: Flask, session: Session) -> FlaskClient:
    """The browser of Maud, the operator; La Navette is open, L'Été is only imported."""
    with write_transaction(session) as db:
        maud = a_member(db, "Maud", is_operator=True)
        a_lieu(db, slug="navette", name="La Navette", city="Lyon")
        db.add(Lieu(slug="ete", name="L’Été", city="Évry", postcode="91000", created_at=NOON))
    return signed_in(app.test_client(), maud)


def the_lieu(session: Session, slug: str = "navette") -> Lieu:
    return lieux.lieu_named(fresh(session), slug)


def rows(field: str, *typed: tuple[Any, ...]) -> MultiDict[str, Any]:
    form: MultiDict[str, Any] = MultiDict()
    for row in typed:
        for part, value in zip(("weekday", "starts", "ends", "name"), row, strict=False):
            form.add(f"{field}-{part}", value)
    return form


def test_the_operators_pages_are_not_there_for_others(app: Flask, session: Session) -> None:
    with write_transaction(session) as db:
        member = a_member(db)
    client = signed_in(app.test_client(), member)
    for path in ("", "health", "letters", "lieux/new", "lieux/navette"):
        assert client.get(f"/operator/{path}").status_code == 404


@pytest.mark.parametrize("path", ["", "health", "letters", "lieux/new", "lieux/navette"])
def test_each_page_answers(operator: FlaskClient, path: str) -> None:
    assert operator.get(f"/operator/{path}").status_code == 200


def test_an_imported_lieu_is_searched_and_run_here(operator: FlaskClient, session: Session) -> None:
    assert "L’Été" not in operator.get("/operator/").text
    assert "L’Été" in operator.get("/operator/?search=evry").text
    answer = operator.post("/operator/lieux/ete/open")
    assert (answer.status_code, answer.location) == (303, "/operator/lieux/ete")
    assert the_lieu(session, "ete").opened_at == NOON


def test_a_lieu_is_founded_and_what_was_typed_wrong_stays(
    operator: FlaskClient, session: Session
) -> None:
    wrong = operator.post(
        "/operator/lieux/new", data={**ABOUT, "name": "Zavel", "siret": "849 201 337 0001"}
    )
    assert wrong.status_code == 422
    assert "13 digits so far; a SIRET has 14." in wrong.text
    assert "849 201 337 0001" in wrong.text
    right = operator.post(
        "/operator/lieux/new", data={**ABOUT, "name": "Zavel", "siret": "732 829 320 00074"}
    )
    assert right.location == "/operator/lieux/zavel"
    assert the_lieu(session, "zavel").siret == "73282932000074"


@pytest.mark.parametrize(
    ("field", "typed"),
    [("timezone", "Paris"), ("seats", "many"), ("seats", "-1"), ("seats", "9" * 30), ("name", " ")],
)
def test_a_lieu_keeps_what_it_was_when_it_is_described_wrongly(
    operator: FlaskClient, session: Session, field: str, typed: str
) -> None:
    answer = operator.post("/operator/lieux/navette/about", data={**ABOUT, field: typed})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert the_lieu(session).name == "La Navette"


def test_hours_and_moments_are_kept_as_typed(operator: FlaskClient, session: Session) -> None:
    week = rows("hours", (0, "9:00", "12:30"), (0, "14h", "00:00"), (5, "", ""))
    assert operator.post("/operator/lieux/navette/hours", data=week).status_code == 303
    lieu_id = the_lieu(session).id
    assert lieux.hours_of(fresh(session), lieu_id=lieu_id) == [
        Span(0, 540, 750),
        Span(0, 840, 1440),
    ]
    moments = rows("moments", (3, "17:00", "19:00", "AMAP"), (0, "", "", ""))
    assert operator.post("/operator/lieux/navette/moments", data=moments).status_code == 303
    assert lieux.moments_of(fresh(session), lieu_id=lieu_id) == [Span(3, 1020, 1140, "AMAP")]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ((0, "25:00", "26:00"), "Times are written like 09:00."),
        ((0, "09:00", "٣٣:٠٠"), "Times are written like 09:00."),
        ((0, "09:00", ""), "Times are written like 09:00."),
        ((0, "12:00", "09:00"), "It ends before it begins."),
    ],
)
def test_times_that_cannot_be_come_back_with_what_was_typed(
    operator: FlaskClient, session: Session, typed: tuple[Any, ...], says: str
) -> None:
    before = lieux.hours_of(fresh(session), lieu_id=the_lieu(session).id)
    assert before
    answer = operator.post("/operator/lieux/navette/hours", data=rows("hours", typed))
    assert answer.status_code == 422
    assert says in answer.text
    assert answer.text.count(says) == 1
    assert f'value="{typed[1]}"' in answer.text
    assert lieux.hours_of(fresh(session), lieu_id=the_lieu(session).id) == before


def test_a_concierge_is_named_by_address_and_reads_that_they_were(
    operator: FlaskClient, session: Session
) -> None:
    with write_transaction(session) as db:
        bertille = a_member(db, "Bertille", email="bertille@example.org").id
    unknown = operator.post(
        "/operator/lieux/navette/concierges", data={"email": "nobody@example.org"}
    )
    assert unknown.status_code == 404
    assert "No member has this address yet." in unknown.text
    operator.post("/operator/lieux/navette/concierges", data={"email": "Bertille@Example.org"})
    lieu = the_lieu(session)
    assert [one.id for one in shifts.concierges_of(fresh(session), lieu_id=lieu.id)] == [bertille]
    (trace,) = audit.concerning(fresh(session), bertille)
    assert (trace.what, trace.actor) == ("named-concierge", "Maud")


def test_taking_the_role_back_ends_the_shift_at_once(
    app: Flask, operator: FlaskClient, session: Session
) -> None:
    with write_transaction(session) as db:
        bertille = a_member(db, "Bertille")
        on_shift(db, lieux.lieu_named(db, "navette"), bertille)
    desk = signed_in(app.test_client(), bertille)
    assert desk.get("/concierge/navette/").status_code == 200
    operator.post(f"/operator/lieux/navette/concierges/{bertille.public_id}/end")
    assert desk.get("/concierge/navette/").status_code == 404


def test_health_shows_letters_that_failed_with_the_reason_and_sends_one_again(
    operator: FlaskClient, session: Session
) -> None:
    with write_transaction(session) as db:
        letter = mail.owe(
            db,
            kind="booking",
            recipient="la-bobine@example.org",
            key="x",
            facts={},
            language="fr",
            at=NOON,
        )
        mail.failed(db, letter_id=letter.id, why="550 no such mailbox", at=NOON)
    page = operator.get("/operator/health").text
    for words in ("550 no such mailbox", "la-bobine@example.org", "up to date"):
        assert words in page
    public_id = fresh(session).query(Letter).one().public_id
    assert operator.post(f"/operator/letters/{public_id}/again").status_code == 303
    assert fresh(session).query(Letter).one().failed_at is None


@pytest.mark.parametrize("language", ["en", "fr", "nl"])
@pytest.mark.parametrize("kind", sorted(mail.KINDS))
def test_every_kind_of_letter_can_be_read_in_every_language(
    operator: FlaskClient, kind: str, language: str
) -> None:
    page = operator.get(f"/operator/letters/{kind}/{language}.html")
    assert page.status_code == 200
    assert f'lang="{language}"' in page.text
    assert "sandbox" in page.headers["Content-Security-Policy"]
    text = operator.get(f"/operator/letters/{kind}/{language}.txt")
    assert text.status_code == 200
    assert text.text.strip()


@pytest.mark.parametrize("path", ["code/de.html", "nothing/en.html", "code/en.exe", "base/en.html"])
def test_a_letter_that_is_none_is_not_there(operator: FlaskClient, path: str) -> None:
    assert operator.get(f"/operator/letters/{path}").status_code == 404

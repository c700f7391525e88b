"""What an operator says of rooms, what a concierge answers, and what another site may frame."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from serendipity import bookings, hours, photos, residents
from serendipity.db import write_transaction
from serendipity.rooms import Room
from tests.rows import a_member, on_shift, signed_in, somebody_here
from tests.web.test_company import MINUTE, Company, company, house

__all__ = ["company", "house"]
KEEPING = "/operator/lieux/la-navette/rooms/"
ROOM = {
    "name": "La Bulle",
    "capacity": "4",
    "shape": "round",
    "hour": "18.50",
    "half_day": "60",
    "day": "110",
    "vat": "20",
    "residents_pay": "50",
    "buffer_minutes": "15",
    "notice_hours": "2",
    "no_show_minutes": "15",
    "needs_yes": "1",
}


@pytest.fixture
def kept(company: Company) -> Company:
    """The lieu, with its operator in the browser."""
    with write_transaction(company.session) as session:
        operator = a_member(session, "Camille Durand", is_operator=True)
        session.flush()
        _ = operator.public_id, operator.session_epoch
    signed_in(company.client, operator)
    return company


def the_room(company: Company, slug: str = "la-bulle") -> Room:
    company.session.rollback()
    return company.session.query(Room).filter_by(slug=slug).one()


def test_a_room_is_opened_and_described_in_the_units_that_people_write(kept: Company) -> None:
    made = kept.post(f"{KEEPING}new", **ROOM)
    assert made.status_code == 303, made.text
    room = the_room(kept)
    assert (room.hour_cents, room.vat_points, room.resident_points) == (1850, 2000, 5000)
    assert (room.notice_minutes, room.needs_yes, room.step_free) == (120, True, False)
    page = kept.client.get(made.location).text
    assert 'value="18.50"' in page
    kept.post(made.location, **{**ROOM, "hour": "20", "step_free": "1"})
    assert (the_room(kept).hour_cents, the_room(kept).step_free) == (2000, True)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("capacity", "0"),
        ("capacity", "many"),
        ("hour", "-1"),
        ("hour", "1000000000000000000"),
        ("hour", "NaN"),
        ("vat", "101"),
        ("name", " "),
        ("name", "Jacquard"),
    ],
)
def test_a_room_that_cannot_be_is_said_beside_its_field(
    kept: Company, field: str, given: str
) -> None:
    refused = kept.post(f"{KEEPING}new", **{**ROOM, field: given})
    assert refused.status_code == 422
    assert f'id="{field}-error"' in refused.text or f'id="field-{field}-error"' in refused.text
    kept.session.rollback()
    assert kept.session.query(Room).count() == 2


def a_photo(kept: Company, data: bytes, words: str = "A round table") -> TestResponse:
    """Written by hand: the test client would leave a large file of its own open."""
    fields = {"csrf_token": kept.token(), "words": words}
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = b'--edge\r\nContent-Disposition: form-data; name="photo"; filename="room.jpg"\r\n\r\n'
    return kept.client.post(
        f"{KEEPING}jacquard/photos",
        data=b"".join(parts) + head + data + b"\r\n--edge--\r\n",
        content_type="multipart/form-data; boundary=edge",
    )


def a_large_jpeg() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((1800, 1400), 90).convert("RGB").save(file, "JPEG", quality=98)
    assert len(file.getvalue()) > 1_500_000  # more than other pages take
    return file.getvalue()


def test_a_photo_is_added_served_and_removed(kept: Company) -> None:
    assert a_photo(kept, a_large_jpeg()).status_code == 303
    room = the_room(kept, "jacquard")
    (photo,) = photos.photos_of(kept.session, room_ids=[room.id])[room.id]
    for kind in ("webp", "jpeg"):
        served = kept.app.test_client().get(f"/photos/{photo.public_id}/small.{kind}")
        assert served.mimetype == f"image/{kind}"
        assert served.headers["X-Content-Type-Options"] == "nosniff"
        assert "immutable" in served.headers["Cache-Control"]
        assert "Set-Cookie" not in served.headers
    assert kept.client.get(f"/photos/{photo.public_id}/huge.webp").status_code == 404
    rooms = kept.app.test_client().get("/lieux/la-navette/rooms").text
    (img,) = re.findall(r'<img src="/photos/[^>]*>', rooms)
    assert 'alt="A round table' in img
    assert 'width="480" height="373"' in img  # its place is kept before it is there
    assert 'loading="lazy"' in img
    assert "A round table" in kept.app.test_client().get("/embed/lieux/la-navette").text
    kept.post(f"{KEEPING}jacquard/photos/{photo.public_id}/remove")
    assert kept.client.get(f"/photos/{photo.public_id}/small.webp").status_code == 404


def test_what_is_no_photo_is_said(kept: Company) -> None:
    refused = a_photo(kept, b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    assert refused.status_code == 422
    assert "This is no photo that we can read" in refused.text
    assert a_photo(kept, b"x" * 13_000_000).status_code == 413


def test_special_days_and_residents_are_kept(kept: Company) -> None:
    kept.post(f"{KEEPING}days", day="2026-05-01", note="Fête du travail")
    kept.post(f"{KEEPING}days", day="2026-05-02", opens="10:00", closes="12:00")
    page = kept.client.get(KEEPING).text
    assert "Fête du travail" in page
    assert "10:00–12:00" in page
    kept.session.rollback()
    days = hours.special_days(kept.session, lieu=kept.lieu, at=kept.clock.now)
    assert [day.spans for day in days] == [(), ((600, 720),)]
    kept.post(f"{KEEPING}days/2026-05-01/forget")
    for given in ({"day": "soon"}, {"day": "2026-02-29"}, {"day": "2020-01-01"}):
        assert kept.post(f"{KEEPING}days", **given).status_code == 422
    assert kept.post(f"{KEEPING}residents", email="nobody@example.org").status_code == 404
    assert kept.post(f"{KEEPING}residents", email=kept.organisation.email).status_code == 303
    kept.session.rollback()
    assert residents.residents_of(kept.session, lieu=kept.lieu)[0].name == "Toits Communs"
    kept.post(f"{KEEPING}residents/{kept.organisation.public_id}/end")
    kept.session.rollback()
    assert residents.residents_of(kept.session, lieu=kept.lieu) == []


# --- the concierge --------------------------------------------------------------------------


def test_the_concierge_answers_and_sees_who_is_there(company: Company) -> None:
    with write_transaction(company.session) as session:
        company.room.needs_yes = True
        concierge = somebody_here(session, company.lieu, "Bertille Gosselin")
        on_shift(session, company.lieu, concierge)
        session.flush()
        _ = concierge.public_id, concierge.session_epoch
    address = company.held(date="2026-03-26", start="14:00")
    company.post(f"{address}/ask")
    desk, rooms = company.app.test_client(), "/concierge/la-navette/rooms"
    signed_in(desk, concierge)
    page = desk.get(rooms).text
    assert "Toits Communs asks for Jacquard" in page
    (booking,) = company.bookings()
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    answers = f"{rooms}/{booking.public_id}"
    assert desk.post(f"{answers}/approve", data={"csrf_token": token}).status_code == 303
    assert bookings.is_booked(company.bookings()[0])
    late = desk.post(f"{answers}/turn-down", data={"csrf_token": token})
    assert late.status_code == 409
    assert "Nobody waits for an answer here any more." in late.text
    company.clock.now += 45 * MINUTE
    assert desk.post(f"{answers}/here", data={"csrf_token": token}).status_code == 303
    assert company.bookings()[0].came_at
    missing = desk.post(f"{rooms}/nothing/approve", data={"csrf_token": token})
    assert missing.status_code == 404


# --- the frame ------------------------------------------------------------------------------


def test_another_site_may_frame_the_lieu_there_and_nowhere_else(house: Company) -> None:
    browser = house.app.test_client()
    framed = browser.get("/embed/lieux/la-navette?language=fr")
    assert "frame-ancestors *" in framed.headers["Content-Security-Policy"]
    assert "script-src" not in framed.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in framed.headers
    assert "<form" not in framed.text
    assert "<script" not in framed.text
    assert 'lang="fr"' in framed.text
    assert "Jacquard" in framed.text
    for page in ("/lieux/la-navette", "/lieux/la-navette/rooms"):
        assert "frame-ancestors 'self'" in browser.get(page).headers["Content-Security-Policy"]


def test_a_frame_tells_families_and_neither_sizes_nor_names(house: Company) -> None:
    house.client.get("/lieux/la-navette")  # has the counts taken
    framed = house.app.test_client().get("/embed/lieux/la-navette").text
    assert "Diallo" not in framed
    assert "or more" not in framed
    missing = house.app.test_client().get("/embed/lieux/nowhere")
    assert missing.status_code == 404

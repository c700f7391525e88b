"""Photos: drawn anew, so that nothing of the file but its picture is kept."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import photos
from serendipity.photos import PhotoFile
from serendipity.rooms import Room
from tests.conftest import NOON
from tests.rows import a_lieu, a_room


@pytest.fixture
def room(session: Session) -> Room:
    return a_room(session, a_lieu(session))


def a_jpeg(width: int = 900, height: int = 600, **given: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, format="JPEG", **given)
    return file.getvalue()


def add(session: Session, room: Room, data: bytes) -> photos.Photo:
    return photos.add(session, room=room, data=data, said="Four chairs", at=NOON)


def test_a_photo_is_kept_in_two_sizes_and_two_kinds_without_what_a_camera_wrote(
    session: Session, room: Room
) -> None:
    exif = Image.Exif()
    exif[0x010F] = "A camera that tells"
    exif[0x0112] = 6  # lying on its side
    photo = add(session, room, a_jpeg(3000, 2000, exif=exif))
    assert (photo.width, photo.height) == (1067, 1600)
    sizes = {}
    for file in session.scalars(select(PhotoFile)):
        assert b"A camera" not in file.data
        with Image.open(io.BytesIO(file.data)) as picture:
            assert not dict(picture.getexif())
            sizes[file.size, picture.format] = picture.size
    assert sizes == {
        ("small", "WEBP"): (320, 480),
        ("small", "JPEG"): (320, 480),
        ("large", "WEBP"): (1067, 1600),
        ("large", "JPEG"): (1067, 1600),
    }
    data = photos.file_of(session, public_id=photo.public_id, size="small", kind="webp")
    assert data[8:12] == b"WEBP"


def a_bomb() -> bytes:
    """A PNG that says it has ten thousand million points, in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", photos.NotAPhoto),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', photos.NotAPhoto),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", photos.NotAPhoto),
        (a_jpeg()[:400], photos.NotAPhoto),
        (b"%PDF-1.7", photos.NotAPhoto),
        (b"\xff" * 12_000_001, photos.PhotoTooLarge),
        (a_bomb(), photos.PhotoTooLarge),
        (a_jpeg(9000, 5600), photos.PhotoTooLarge),
    ],
    ids=["nothing", "svg", "gif", "half", "pdf", "heavy", "bomb", "wide"],
)
def test_what_is_no_photo_is_refused_and_nothing_is_kept(
    session: Session, room: Room, data: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        add(session, room, data)
    assert session.scalars(select(PhotoFile)).all() == []


def test_a_room_has_six_photos_at_most_and_only_its_own_are_removed(
    session: Session, room: Room
) -> None:
    first, *_ = [add(session, room, a_jpeg(40, 30)) for _ in range(photos.MOST_PHOTOS)]
    with pytest.raises(photos.TooManyPhotos):
        add(session, room, a_jpeg(40, 30))
    other = a_room(session, a_lieu(session))
    with pytest.raises(photos.NoSuchPhoto):
        photos.remove(session, room=other, public_id=first.public_id)
    photos.remove(session, room=room, public_id=first.public_id)
    assert len(photos.photos_of(session, room_ids=[room.id])[room.id]) == 5
    with pytest.raises(photos.NoSuchPhoto):
        photos.file_of(session, public_id=first.public_id, size="small", kind="webp")

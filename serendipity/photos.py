"""Photos of rooms: drawn anew from what was uploaded, in two sizes, and kept with the rest.

Rules kept here: only JPEG, PNG and WebP are read (an SVG can run scripts); what is kept is drawn
anew, so that nothing else of the file stays, neither where it was taken nor by which camera; a
picture of more than fifty million points is refused before it is unpacked. They are rows, so that
a backup has them and every web process of a network serves them.
"""

from __future__ import annotations

import io
import warnings
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import words
from serendipity.db import Base, Key, PublicId
from serendipity.errors import Invalid, NotFound, Refused
from serendipity.rooms import Room

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_BYTES: Final = 12_000_000
MOST_POINTS: Final = 50_000_000
MOST_PHOTOS: Final = 6
SIZES: Final = {"small": 480, "large": 1600}  # the longer side, in points
KINDS: Final = {"webp": "image/webp", "jpeg": "image/jpeg"}
READ: Final = ("JPEG", "PNG", "WEBP")


class Photo(Base):
    __tablename__ = "room_photo"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)
    words: Mapped[str] = mapped_column(String(160))  # for who does not see it
    width: Mapped[int]  # of the large one
    height: Mapped[int]
    added_at: Mapped[datetime]

    def measures(self, size: str) -> tuple[int, int]:
        """Width and height in one size, so that a page keeps the place before the file is there."""
        scale = min(1.0, SIZES[size] / max(self.width, self.height))
        return round(self.width * scale), round(self.height * scale)


class PhotoFile(Base):
    """A photo in one size and kind."""

    __tablename__ = "room_photo_file"

    photo_id: Mapped[int] = mapped_column(
        ForeignKey("room_photo.id", ondelete="CASCADE"), primary_key=True
    )
    size: Mapped[str] = mapped_column(String(8), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        CheckConstraint("size IN ('small', 'large') AND kind IN ('webp', 'jpeg')", name="which"),
    )


class NotAPhoto(Invalid):
    """It cannot be read as JPEG, PNG or WebP. Fact: field."""


class PhotoTooLarge(Invalid):
    """Facts: field, most_megabytes."""


class TooManyPhotos(Refused):
    """Facts: most."""


class NoSuchPhoto(NotFound):
    """There is none, or not of this lieu."""


def add(session: Session, *, room: Room, data: bytes, said: str, at: datetime) -> Photo:
    """Keep a photo of a room, drawn anew, with what is said of it.

    Raises
    ------
    NotAPhoto, PhotoTooLarge, TooManyPhotos, words.WordsMissing, words.WordsTooLong
    """
    alt = words.said(said, field="words", most=160)
    have = session.scalar(select(func.count()).where(Photo.room_id == room.id))
    if (have or 0) >= MOST_PHOTOS:
        raise TooManyPhotos(most=MOST_PHOTOS)
    picture = _read(data)
    files = [
        (size, kind, *_drawn(picture, longest, kind))
        for size, longest in SIZES.items()
        for kind in KINDS
    ]
    width, height = next(dims for size, _, _, dims in files if size == "large")
    photo = Photo(room_id=room.id, words=alt, width=width, height=height, added_at=at)
    session.add(photo)
    session.flush()
    session.add_all(
        PhotoFile(photo_id=photo.id, size=size, kind=kind, data=drawn)
        for size, kind, drawn, _ in files
    )
    session.flush()
    return photo


def _read(data: bytes) -> Image:
    """The picture, upright and without anything but its points."""
    # Here and not above: only this verb needs it, and a web process starts without it.
    from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415

    if len(data) > MOST_BYTES:
        raise PhotoTooLarge(field="photo", most_megabytes=MOST_BYTES // 1_000_000)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=READ)
            if picture.width * picture.height > MOST_POINTS:
                raise PhotoTooLarge(field="photo", most_megabytes=MOST_BYTES // 1_000_000)
            return ImageOps.exif_transpose(picture).convert("RGB")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise PhotoTooLarge(field="photo", most_megabytes=MOST_BYTES // 1_000_000) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise NotAPhoto(field="photo") from error


def _drawn(picture: Image, longest: int, kind: str) -> tuple[bytes, tuple[int, int]]:
    copy = picture.copy()
    copy.thumbnail((longest, longest))
    file = io.BytesIO()
    copy.save(file, format=kind.upper(), quality=80, exif=b"")
    return file.getvalue(), copy.size


def remove(session: Session, *, room: Room, public_id: str) -> None:
    """Drop a photo of this room; NoSuchPhoto."""
    photo = session.scalar(
        select(Photo).where(Photo.public_id == public_id, Photo.room_id == room.id)
    )
    if photo is None:
        raise NoSuchPhoto()
    session.execute(delete(PhotoFile).where(PhotoFile.photo_id == photo.id))
    session.execute(delete(Photo).where(Photo.id == photo.id))


def photos_of(session: Session, *, room_ids: list[int]) -> dict[int, list[Photo]]:
    """Room id → its photos, the first that was added first."""
    found: dict[int, list[Photo]] = {room_id: [] for room_id in room_ids}
    for photo in session.scalars(
        select(Photo).where(Photo.room_id.in_(room_ids)).order_by(Photo.id)
    ):
        found[photo.room_id].append(photo)
    return found


def file_of(session: Session, *, public_id: str, size: str, kind: str) -> bytes:
    """The bytes of a photo; NoSuchPhoto."""
    data = session.scalar(
        select(PhotoFile.data)
        .join(Photo, Photo.id == PhotoFile.photo_id)
        .where(Photo.public_id == public_id, PhotoFile.size == size, PhotoFile.kind == kind)
    )
    if data is None:
        raise NoSuchPhoto()
    return data
